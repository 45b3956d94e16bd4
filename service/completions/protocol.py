"""What a grader asks of a model and what comes back, whoever the provider is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pydantic import JsonValue

from service.grading import Usage
from service.prompts import Message


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A conversation, and the JSON Schema that the reply must follow.

    `room` is how many times the usual length the reply may have, for one that was cut off; `reuse` says that other
    requests with the same first message are likely to follow soon.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, JsonValue]
    schema_name: str
    room: int = 1
    reuse: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote, and what it took; `refusal` is not None if it, or a filter, declined.

    `mode` is the way in which the provider was asked for JSON.
    """

    text: str
    finish_reason: str
    refusal: str | None
    served_model: str | None
    usage: Usage
    mode: str = ""

    @property
    def stopped(self) -> Literal["refusal", "content-filter"] | None:
        """Who declined, if anybody: the model, or a filter of its provider."""
        if self.refusal is None:
            return None
        return "content-filter" if self.finish_reason == "content_filter" else "refusal"


class Completer(Protocol):
    """Anything that completes a conversation."""

    @property
    def model(self) -> str:
        """The model asked for."""
        ...

    async def complete(self, request: CompletionRequest) -> Completion:
        """Complete once; what may pass by itself is waited out inside.

        Raises:
            GraderUnavailable: there is no completion to be had now.
            BudgetExceeded: the money set aside does not cover the request.
        """
        ...


@runtime_checkable
class LearningCompleter(Completer, Protocol):
    """A completer that asks in another way once its replies turn out to be of no use."""

    def reply_judged(self, completion: Completion, *, usable: bool) -> None:
        """Hear whether a completion was JSON of the shape asked for; not meant for refused or cut off ones."""
        ...


class Pace(Protocol):
    """A rate that several workers share."""

    async def wait(self, tokens: int) -> None:
        """Wait for the turn of a call that is expected to take so many tokens."""
        ...

    async def spent(self, expected: int, used: int) -> None:
        """Correct the expectation by what the call took in the end."""
        ...


class Budget(Protocol):
    """Money that several calls draw on, in US dollars."""

    async def reserve(self, usd: float) -> None:
        """Set aside the most a call can cost, before it is made.

        Raises:
            BudgetExceeded: there is less left.
        """
        ...

    async def settle(self, reserved: float, spent: float) -> None:
        """Put what was set aside right by what the call cost; all of it where nobody can know."""
        ...
