"""How a model is reached and what it costs, as somebody set it."""

from typing import Annotated

from pydantic import Field

from service.models import Frozen

_PerMillion = Annotated[float, Field(ge=0)]


class Price(Frozen):
    """What a model costs, in US dollars per million tokens; without `cached`, cached tokens cost what others do."""

    prompt: _PerMillion
    completion: _PerMillion
    cached: _PerMillion | None = None

    def of(self, *, prompt: int, cached: int, completion: int) -> float:
        """Dollars for so many tokens; `cached` ones are among those of the prompt."""
        per_cached = self.prompt if self.cached is None else self.cached
        return ((prompt - cached) * self.prompt + cached * per_cached + completion * self.completion) / 1_000_000


class CompletionOptions(Frozen):
    """How to reach a model; times are in seconds, and `deadline_s` covers all tries of one completion."""

    model: Annotated[str, Field(min_length=1)]
    api_base: str | None = None
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    deadline_s: Annotated[float, Field(gt=0)] = 180.0
    """Waiting for a slot and for the provider's rate counts; waiting for the turn of a shared pace does not."""
    max_attempts: Annotated[int, Field(ge=1)] = 4
    temperature: float | None = 0.0
    max_tokens: Annotated[int, Field(ge=1)] = 8_000
    most_tokens: Annotated[int, Field(ge=1)] = 32_000
    """What a reply may take at most, after it was cut off at `max_tokens`."""
    concurrency: Annotated[int, Field(ge=1)] = 16
    outage_patience_s: Annotated[float, Field(ge=0)] = 0.0
    """How long after a provider went down calls wait for it to come back, instead of being refused at once."""
    price: Price | None = None
    """What the model costs, where the user knows better than litellm's table."""
