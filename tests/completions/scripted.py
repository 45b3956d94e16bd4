"""A completer that says what it is told to, and remembers what it was asked."""

import dataclasses
import re
from collections.abc import Iterator

from service.completions import Completion, CompletionRequest
from service.grading import Usage

NONCE = "<nonce>"
"""Stands in a line for the nonce of the request it answers."""


def completion(text: str, *, finish_reason: str = "stop", refusal: str | None = None) -> Completion:
    """A completion of one call with 100 tokens read and 10 written, for a cent."""
    usage = Usage(calls=1, prompt_tokens=100, completion_tokens=10, cost_usd=0.01)
    return Completion(text, finish_reason, refusal, "served-1", usage)


class ScriptedCompleter:
    """Gives its lines one after another; an exception among them is raised."""

    def __init__(self, *lines: str | Completion | Exception) -> None:
        self.sent: list[CompletionRequest] = []
        self._lines: Iterator[str | Completion | Exception] = iter(lines)

    @property
    def model(self) -> str:
        """The model asked for."""
        return "scripted/model"

    async def complete(self, request: CompletionRequest) -> Completion:
        """Say the next line."""
        self.sent.append(request)
        line = next(self._lines)
        if isinstance(line, Exception):
            raise line
        said = completion(line) if isinstance(line, str) else line
        return dataclasses.replace(said, text=said.text.replace(NONCE, nonce_of(request)))


def nonce_of(request: CompletionRequest) -> str:
    """The nonce that the reply to a request has to repeat."""
    nonce: str = re.findall(r'"nonce": "([0-9a-f]{16})"', request.messages[-1].content)[-1]
    return nonce
