"""Prompts that a provider keeps between requests only where it is asked to."""

import json
from dataclasses import replace
from typing import Any

import pytest

from service.completions import CompletionOptions
from service.completions.arguments import changing_arguments
from service.completions.capability import MODES, Shape
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, OPENAI, REQUEST

KEPT = {"type": "ephemeral"}


def bodies(wire: Wire) -> list[dict[str, Any]]:
    """What was sent."""
    return [json.loads(request.content) for request in wire.sent]


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
async def test_anthropic_is_asked_to_keep_what_will_be_used_again(wire: Wire) -> None:
    """The system message, the same bytes in each request, and nothing of the answer."""
    wire.replies(wire.provider.says("{}"))

    for answer in ("one", "another"):
        messages = (REQUEST.messages[0], replace(REQUEST.messages[1], content=answer))
        await wire.completer.complete(replace(REQUEST, messages=messages, reuse=True))

    first, second = bodies(wire)
    assert first["system"] == [{"type": "text", "text": "Grade it. Reply with JSON.", "cache_control": KEPT}]
    assert json.dumps(first["system"]) == json.dumps(second["system"])
    assert "cache_control" not in json.dumps(first["messages"])


async def test_nothing_is_kept_without_need(wire: Wire) -> None:
    """Keeping costs more, once."""
    wire.replies(wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert "cache_control" not in json.dumps(bodies(wire))
    assert completion.usage.cached_tokens == 4


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_others_keep_prompts_by_themselves(wire: Wire) -> None:
    """OpenAI's protocol has no such mark, and servers that speak it might refuse one."""
    wire.replies(wire.provider.says("{}"))

    await wire.completer.complete(replace(REQUEST, reuse=True))

    assert bodies(wire)[0]["messages"][0]["content"] == "Grade it. Reply with JSON."


@pytest.mark.parametrize(
    ("model", "marked"),
    [
        pytest.param("bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0", True, id="bedrock"),
        pytest.param("vertex_ai/claude-sonnet-4-5", True, id="vertex"),
        pytest.param("bedrock/amazon.nova-pro-v1:0", False, id="bedrock, another model"),
        pytest.param("openai/claude-behind-a-proxy", False, id="a proxy"),
    ],
)
def test_claude_is_marked_wherever_it_runs(model: str, *, marked: bool) -> None:
    """In every mode, as the mark is of the message."""
    options = CompletionOptions(model=model)

    sent = [changing_arguments(options, replace(REQUEST, reuse=True), Shape(mode), 100) for mode in MODES]

    assert ["cache_control" in json.dumps(each["messages"]) for each in sent] == [marked] * len(MODES)
