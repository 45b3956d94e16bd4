"""The one base of every model that crosses a boundary."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Immutable, and closed to fields nobody declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
