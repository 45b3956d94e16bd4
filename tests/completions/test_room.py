"""How long a reply may be: what the options say, what the model writes, and what the prompt leaves of its window."""

import json
from dataclasses import replace

import pytest

from service.completions import CompletionRequest
from service.completions.starting import ModelFacts
from service.errors import GraderUnavailable
from service.prompts import Message
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, OPENAI, REQUEST, fails

openai_alone = pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])


def of_words(count: int) -> CompletionRequest:
    """A request with about so many tokens in it."""
    return replace(REQUEST, messages=(Message("system", "Grade it."), Message("user", "word " * count)))


def rooms(wire: Wire) -> list[int]:
    """What each reply was allowed."""
    return [json.loads(request.content)["max_tokens"] for request in wire.sent]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> int:
    """A model that is known to take 16,000 tokens."""
    facts = ModelFacts(window=16_000)
    monkeypatch.setattr("service.completions.endpoints.model_facts", lambda _: facts)
    return 16_000


@openai_alone
@pytest.mark.parametrize("words", [10, 5_000])
async def test_a_prompt_that_fits_leaves_the_room_as_it_is(wire: Wire, window: int, words: int) -> None:
    """Whether that is plain from its length or only from a count."""
    wire.replies(wire.provider.says("{}"))

    await wire.completer.complete(of_words(words))

    assert rooms(wire) == [8_000]


@openai_alone
async def test_a_long_prompt_leaves_less_room(wire: Wire, window: int) -> None:
    """What is left of the window, all of it."""
    wire.replies(wire.provider.says("{}"))

    await wire.completer.complete(of_words(12_000))

    (room,) = rooms(wire)
    assert 3_500 < room < 4_000


@openai_alone
async def test_a_prompt_that_leaves_no_room_is_not_sent(wire: Wire, window: int) -> None:
    """The provider would refuse it, or cut the reply off and charge for it."""
    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(of_words(15_200))

    assert (caught.value.reason, caught.value.retry_after, wire.sent) == ("context-window", None, [])


@openai_alone
async def test_a_window_that_the_provider_tells_is_kept_to(wire: Wire) -> None:
    """The same request with a shorter reply passes; the next one is right at once."""
    told = "This model's maximum context length is 6000 tokens. However, you requested 8050 tokens."
    wire.replies(fails(400, message=told), wire.provider.says("{}"))

    await wire.completer.complete(of_words(100))
    await wire.completes().complete(of_words(100))

    first, second, third = rooms(wire)
    assert first == 8_000
    assert 5_000 < second < 6_000
    assert third == second


@openai_alone
async def test_a_window_that_is_too_small_in_any_case_is_an_error(wire: Wire) -> None:
    """After one refusal; the next request that is too long is not even sent."""
    wire.replies(fails(400, message="This model's maximum context length is 900 tokens."))

    for _ in range(2):
        with pytest.raises(GraderUnavailable) as caught:
            await wire.completer.complete(of_words(100))
        assert caught.value.reason == "context-window"

    assert len(wire.sent) == 1


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
async def test_windows_are_known_from_litellms_table(wire: Wire) -> None:
    """200,000 tokens for this one, which half a million characters of another script exceed."""
    request = replace(REQUEST, messages=(Message("user", "\u7b54\u6848 " * 250_000),))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(request)

    assert (caught.value.reason, wire.sent) == ("context-window", [])
