"""What a grader asks of a model and what comes back, whoever the provider is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from service.grading import Usage
from service.prompts import Message


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A conversation, and the JSON Schema that the reply must follow.

    `room` is how many times the usual length the reply may have, for one that was cut off.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, JsonValue]
    schema_name: str
    room: int = 1


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model wrote, and what it took; `refusal` is not None if it, or a filter, declined."""

    text: str
    finish_reason: str
    refusal: str | None
    served_model: str | None
    usage: Usage


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
        """
        ...
