"""A completer that keeps to a rate shared with others."""

import httpx
import pytest

from service.completions import CompletionRequest, LiteLLMCompleter
from service.errors import GraderUnavailable
from service.prompts import Message
from tests.completions.conftest import Wire

REQUEST = CompletionRequest(
    messages=(Message(role="system", content="x" * 400), Message(role="user", content="y" * 400)),
    schema={"type": "object", "properties": {}, "additionalProperties": False},
    schema_name="grading",
)


class Pace:
    """A pace that remembers what it was told; it lets everybody go at once."""

    def __init__(self) -> None:
        self.log: list[tuple[str, int, int]] = []

    async def wait(self, tokens: int) -> None:
        """Note the expectation."""
        self.log.append(("wait", tokens, 0))

    async def spent(self, expected: int, used: int) -> None:
        """Note the correction."""
        self.log.append(("spent", expected, used))


def completer(wire: Wire, pace: Pace) -> LiteLLMCompleter:
    """The completer of the wire with this pace."""
    return wire.completes(pace=pace)


async def test_a_call_waits_its_turn_and_says_what_it_took(wire: Wire) -> None:
    """The expectation is of the prompt and a usual reply, and is put right by the provider's own count."""
    wire.replies(wire.provider.says("{}"))
    pace = Pace()

    completion = await completer(wire, pace).complete(REQUEST)

    used = completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert used > 0
    assert pace.log == [("wait", 1_200, 0), ("spent", 1_200, used)]


async def test_every_try_waits_its_turn(wire: Wire) -> None:
    """A request that is sent again counts again; what failed took nothing."""
    wire.replies(httpx.Response(500), wire.provider.says("{}"))
    pace = Pace()

    await completer(wire, pace).complete(REQUEST)

    assert [step for step, _, _ in pace.log] == ["wait", "spent", "wait", "spent"]
    assert pace.log[1] == ("spent", 1_200, 0)
    assert len(wire.sent) == 2


async def test_what_fails_for_good_gives_its_tokens_back(wire: Wire) -> None:
    """Others need not wait for what was never used."""
    wire.replies(httpx.Response(401))
    pace = Pace()

    with pytest.raises(GraderUnavailable):
        await completer(wire, pace).complete(REQUEST)

    assert pace.log == [("wait", 1_200, 0), ("spent", 1_200, 0)]
