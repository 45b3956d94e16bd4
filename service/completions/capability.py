"""What a provider takes: the richest way of asking for JSON that it has not refused or ignored."""

from threading import Lock
from typing import Literal, NamedTuple, get_args

from service.completions.failures import REFUSED, UNSUPPORTED, Failure

Mode = Literal["json_schema", "tool", "json_object", "text"]
"""Ways of asking for JSON, the richest first; with the last two the schema stands in the prompt."""

MODES: tuple[Mode, ...] = get_args(Mode)

_UNUSABLE_IN_A_ROW = 2


class Shape(NamedTuple):
    """What a request is made of."""

    mode: Mode = "json_schema"
    with_temperature: bool = True
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the limit of the reply is called."""

    def simpler(self, failure: Failure) -> "Shape | None":
        """What to try after a refusal; None if the refusal is no matter of shape, or nothing simpler is left."""
        if failure.cause not in (REFUSED, UNSUPPORTED):
            return None
        if "temperature" in failure.about and self.with_temperature:
            return self._replace(with_temperature=False)
        if "max_completion_tokens" in failure.about and self.limit == "max_tokens":
            return self._replace(limit="max_completion_tokens")
        following = self.next_mode()
        if following and "temperature" in failure.about:
            # None was sent: the word stands there for another reason, as where an error repeats the request.
            return following._replace(with_temperature=True)
        return following

    def next_mode(self) -> "Shape | None":
        """The same in the next simpler mode; None after the last."""
        following = MODES[MODES.index(self.mode) + 1 :]
        return self._replace(mode=following[0]) if following else None


class Capability:
    """The shape of request that one endpoint is known to take; several threads may use it."""

    def __init__(self, shape: Shape | None = None) -> None:
        self.shape = shape or Shape()
        self._unusable = 0
        self._lock = Lock()

    def learn(self, began: Shape, worked: Shape) -> bool:
        """Remember what a call that began with one shape had to change; True if that is new."""
        with self._lock:
            changed = {name: value for name, value in worked._asdict().items() if value != getattr(began, name)}
            learnt = self.shape._replace(**changed)
            if learnt == self.shape or MODES.index(learnt.mode) < MODES.index(self.shape.mode):
                return False
            if learnt.mode != self.shape.mode:
                self._unusable = 0
            self.shape = learnt
            return True

    def judged(self, mode: str, *, usable: bool) -> bool:
        """Count replies in a row that were no JSON of the shape asked for; True if that ends the mode.

        A reply to a mode that is left already says nothing of the present one.
        """
        with self._lock:
            if mode != self.shape.mode:
                return False
            self._unusable = 0 if usable else self._unusable + 1
            if self._unusable < _UNUSABLE_IN_A_ROW or (following := self.shape.next_mode()) is None:
                return False
            self.shape = following
            self._unusable = 0
            return True
