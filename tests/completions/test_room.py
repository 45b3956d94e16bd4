"""How long a reply may be: what the options say, what the model writes, and what the prompt leaves of its window."""

import asyncio
import json
from dataclasses import replace

import httpx
import pytest

from service.completions import CompletionRequest
from service.completions.endpoints import TOLD_WINDOW_S
from service.completions.starting import ModelFacts
from service.errors import GraderUnavailable
from service.prompts import Message
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, OPENAI, REQUEST, fails

TOLD = "This model's maximum context length is {} tokens."

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


@openai_alone
@pytest.mark.parametrize(
    "told",
    [
        "max_tokens is too large: 8000. This model supports at most 4096 completion tokens, whereas you provided 8000.",
        "max_tokens: 8000 > 4096, which is the maximum allowed number of output tokens for this model",
        "`max_tokens` must be less than or equal to `4096`",
    ],
)
async def test_a_reply_longer_than_the_model_writes_is_asked_for_shorter(wire: Wire, told: str) -> None:
    """In the same way; what was refused is the length alone."""
    wire.replies(fails(400, message=told), wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert (rooms(wire), completion.mode) == ([8_000, 4_096], "json_schema")


@openai_alone
async def test_all_that_were_under_way_learn_of_the_window(wire: Wire) -> None:
    """Each asks again with a shorter reply, whoever was told first."""
    both = asyncio.Barrier(2)

    async def respond(request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["max_tokens"] < 6_000:
            return wire.provider.says("{}")
        await both.wait()
        return fails(400, message=TOLD.format(6_000))

    wire._route.mock(side_effect=respond)

    async with asyncio.timeout(30):
        done = await asyncio.gather(*(wire.completer.complete(of_words(100)) for _ in range(2)))

    assert [each.text for each in done] == ["{}", "{}"]


@openai_alone
async def test_a_smaller_window_than_is_known_counts(wire: Wire, window: int) -> None:
    """A server of one's own may have been started with less than the model can take."""
    wire.replies(fails(400, message=TOLD.format(6_000)), wire.provider.says("{}"))

    for _ in range(2):
        await wire.completer.complete(of_words(100))

    first, *others = rooms(wire)
    assert first == 8_000
    assert len(others) == 2
    assert all(5_000 < room < 6_000 for room in others)


@openai_alone
async def test_a_window_that_the_request_keeps_to_is_not_believed(wire: Wire) -> None:
    """Whatever the error is about, it is not that; the next request is as ever."""
    wire.replies(fails(400, message=TOLD.format(50_000)), wire.provider.says("{}"))

    with pytest.raises(GraderUnavailable):
        await wire.completer.complete(of_words(100))
    await wire.completer.complete(of_words(45_000))

    assert rooms(wire) == [8_000, 8_000]


@openai_alone
async def test_a_window_smaller_than_what_was_served_is_not_believed(wire: Wire) -> None:
    """An error may repeat the answer, and anybody can write one that speaks of a window."""
    wire.replies(wire.provider.says("{}"), fails(400, message=TOLD.format("0012")), wire.provider.says("{}"))
    await wire.completer.complete(of_words(100))

    with pytest.raises(GraderUnavailable):
        await wire.completer.complete(of_words(100))
    await wire.completer.complete(of_words(100))

    assert rooms(wire) == [8_000, 8_000, 8_000]


@openai_alone
async def test_a_window_is_forgotten_in_time(wire: Wire) -> None:
    """One odd error does not cost all answers to come; where the window is that small, it is told again."""
    wire.replies(fails(400, message=TOLD.format("0012")), wire.provider.says("{}"))
    for _ in range(2):
        with pytest.raises(GraderUnavailable):
            await wire.completer.complete(of_words(100))
    assert len(wire.sent) == 1

    wire.now += TOLD_WINDOW_S
    await wire.completer.complete(of_words(100))

    assert rooms(wire) == [8_000, 8_000]


@openai_alone
async def test_a_window_is_forgotten_once_more_was_served(wire: Wire) -> None:
    """By a call that was under way when it was told."""
    under_way, told = asyncio.Event(), asyncio.Event()

    async def respond(request: httpx.Request) -> httpx.Response:
        if "long" in request.content.decode():
            under_way.set()
            await told.wait()
        elif not told.is_set():
            return fails(400, message=TOLD.format("0012"))
        return wire.provider.says("{}")

    wire._route.mock(side_effect=respond)
    long = replace(REQUEST, messages=(Message("user", "long " * 100),))
    async with asyncio.timeout(30):
        waiting = asyncio.create_task(wire.completer.complete(long))
        await under_way.wait()
        with pytest.raises(GraderUnavailable):
            await wire.completer.complete(of_words(100))
        told.set()
        await waiting

    await wire.completer.complete(of_words(100))

    assert rooms(wire) == [8_000, 8_000, 8_000]


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
async def test_windows_are_known_from_litellms_table(wire: Wire) -> None:
    """200,000 tokens for this one, which half a million characters of another script exceed."""
    request = replace(REQUEST, messages=(Message("user", "\u7b54\u6848 " * 250_000),))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(request)

    assert (caught.value.reason, wire.sent) == ("context-window", [])
