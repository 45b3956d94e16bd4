"""A dead provider costs its timeouts once; while it is away, calls end at once."""

import asyncio

import httpx
import pytest

from service.completions.breaker import FAILURES_TO_OPEN, FIRST_COOL_DOWN_S, LONGEST_COOL_DOWN_S, Breaker
from service.completions.failures import Failure
from service.completions.retries import sleep_while_closed
from service.completions.starting import load_litellm
from service.errors import GraderUnavailable
from tests.completions.conftest import Wire
from tests.completions.providers import OPENAI, REQUEST, fails

ON = 0.001

openai_alone = pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])


def opened(now: float = 0.0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker()
    ticket = breaker.admit(now)
    for _ in range(FAILURES_TO_OPEN):
        breaker.dead(ticket, now)
    assert breaker.is_open
    return breaker


def refused(breaker: Breaker, now: float) -> float | None:
    """For how long a call is refused; None if it may go."""
    try:
        breaker.admit(now)
    except Failure as failure:
        return failure.retry_after
    return None


def test_failures_in_a_row_open_it() -> None:
    """A sign of life between them starts the count again."""
    breaker = Breaker()
    ticket = breaker.admit(0)
    for _ in range(3):
        for _ in range(FAILURES_TO_OPEN - 1):
            assert not breaker.dead(ticket, 0)
        breaker.alive()
    assert not breaker.is_open

    ends = [breaker.dead(ticket, 0) for _ in range(FAILURES_TO_OPEN + 1)]

    assert ends == [False] * (FAILURES_TO_OPEN - 1) + [True, False]


def test_one_probe_at_a_time_after_a_pause_that_doubles() -> None:
    """From a second to a few; whoever is refused learns when to come back."""
    breaker = opened()
    now, pauses = 0.0, []
    for _ in range(8):
        pause = refused(breaker, now)
        assert pause is not None
        pauses.append(pause)
        now += pause + ON
        ticket = breaker.admit(now)
        assert refused(breaker, now) is not None  # one is finding out already
        breaker.dead(ticket, now)

    assert pauses[0] == FIRST_COOL_DOWN_S
    assert [round(pause) for pause in pauses] == [1, 2, 4, 5, 5, 5, 5, 5]
    assert max(pauses) <= LONGEST_COOL_DOWN_S


def test_a_probe_that_comes_through_closes_it() -> None:
    """And the next time the first pause is short again."""
    breaker = opened()
    breaker.dead(breaker.admit(1 + ON), 1 + ON)
    breaker.admit(4)
    breaker.alive()
    assert refused(breaker, 4) is None

    ticket = breaker.admit(4)
    for _ in range(FAILURES_TO_OPEN):
        breaker.dead(ticket, 4)

    assert refused(breaker, 4) == FIRST_COOL_DOWN_S


def test_a_probe_that_nobody_waited_for_makes_room_for_another() -> None:
    """A cancelled call says nothing of the provider."""
    breaker = opened()
    ticket = breaker.admit(2)

    breaker.unclear(ticket)

    assert refused(breaker, 2) is None


def test_stragglers_from_before_say_nothing_of_the_probe() -> None:
    """Calls that were under way when it opened fail one after another, and prolong nothing."""
    breaker = Breaker()
    before = breaker.admit(0)
    for _ in range(FAILURES_TO_OPEN):
        breaker.dead(before, 0)
    probe = breaker.admit(2)

    breaker.dead(before, 2)
    breaker.unclear(before)

    assert refused(breaker, 2) is not None  # the probe is still under way
    breaker.dead(probe, 2)
    assert refused(breaker, 2) == 2 * FIRST_COOL_DOWN_S


@pytest.mark.parametrize(
    "trouble",
    [pytest.param(fails(503), id="5xx"), pytest.param(httpx.ReadTimeout, id="timeout"), httpx.ConnectError],
)
async def test_a_dead_provider_is_asked_no_more(wire: Wire, trouble: httpx.Response | type[Exception]) -> None:
    """Two answers find it out; the next ends with no call and no pause, and says when to come back."""
    wire.replies(trouble)
    for _ in range(2):
        with pytest.raises(GraderUnavailable):
            await wire.completer.complete(REQUEST)
    before = len(wire.sent), len(wire.waits)

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert (caught.value.reason, caught.value.retry_after) == ("provider-down", FIRST_COOL_DOWN_S)
    assert (len(wire.sent), len(wire.waits)) == before
    assert before[1] == wire.provider.options.max_attempts - 1


async def test_a_provider_that_is_back_is_asked_again(wire: Wire) -> None:
    """Once the pause is over one call finds out, and the others follow."""
    wire.replies(fails(500))
    for _ in range(2):
        with pytest.raises(GraderUnavailable):
            await wire.completer.complete(REQUEST)
    wire.replies(wire.provider.says("{}"))
    wire.now += FIRST_COOL_DOWN_S

    done = await asyncio.gather(
        wire.completer.complete(REQUEST), wire.completer.complete(REQUEST), return_exceptions=True
    )

    assert [isinstance(each, GraderUnavailable) for each in done] == [False, True]
    assert (await wire.completer.complete(REQUEST)).text == "{}"


async def test_a_short_outage_is_outlasted_where_there_is_patience(wire: Wire) -> None:
    """A run waits for the provider to come back, and its answers do not fail."""
    wire.replies(*[fails(503)] * 12, wire.provider.says("{}"))

    done = await wire.completes(outage_patience_s=60.0).complete(REQUEST)

    assert done.text == "{}"
    assert done.usage.calls == 13


async def test_a_dead_provider_ends_patience_once(wire: Wire) -> None:
    """After it every call is refused at once: patience is for the outage, not for each answer."""
    patient = wire.completes(outage_patience_s=20.0)
    wire.replies(fails(503))
    with pytest.raises(GraderUnavailable):
        await patient.complete(REQUEST)
    assert 20 <= wire.now - 1_000 < 120
    began = wire.now

    with pytest.raises(GraderUnavailable) as caught:
        await patient.complete(REQUEST)

    assert caught.value.reason == "provider-down"
    assert wire.now == began


async def test_patience_is_not_for_a_provider_that_replies(wire: Wire) -> None:
    """Each reply that is no completion may be charged."""
    wire.replies(httpx.Response(200, content=b"<html>"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completes(outage_patience_s=60.0).complete(REQUEST)

    assert (caught.value.reason, len(wire.sent)) == ("bad-response", wire.provider.options.max_attempts)


async def test_patience_ends_where_the_provider_asks_for_more(wire: Wire) -> None:
    """Whoever asked learns when to come back."""
    wire.replies(fails(503, retry_after="7200"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completes(outage_patience_s=60.0).complete(REQUEST)

    assert (caught.value.retry_after, len(wire.sent), wire.waits) == (7_200, 1, [])


async def test_the_breaker_is_the_endpoints(wire: Wire) -> None:
    """What one completer has found out costs the others nothing; another address is another matter."""
    wire.replies(fails(500))
    for _ in range(2):
        with pytest.raises(GraderUnavailable):
            await wire.completer.complete(REQUEST)
    sent = len(wire.sent)

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completes().complete(REQUEST)
    wire.replies(wire.provider.says("{}"))
    await wire.completes(model=wire.provider.options.model + "-2").complete(REQUEST)

    assert (caught.value.reason, len(wire.sent)) == ("provider-down", sent + 1)


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(fails(429), id="429"),
        pytest.param(fails(401), id="401"),
        pytest.param(fails(408), id="408"),
        pytest.param(fails(400, message="content_policy_violation", kind="invalid_request_error"), id="policy"),
        pytest.param(httpx.Response(200, content=b"<html>"), id="no completion"),
    ],
)
async def test_a_provider_that_says_no_is_not_dead(wire: Wire, trouble: httpx.Response) -> None:
    """Whatever it says no to, it is there."""
    wire.replies(trouble)
    for _ in range(6):
        with pytest.raises(GraderUnavailable) as caught:
            await wire.completer.complete(REQUEST)
        assert caught.value.reason != "provider-down"


@openai_alone
async def test_a_pause_before_another_try_ends_when_the_breaker_opens(wire: Wire) -> None:
    """Nobody waits out a pause for a provider that others have found dead."""
    wire.replies(fails(500))
    pausing = asyncio.Event()

    async def for_ever(_: float) -> None:
        pausing.set()
        await asyncio.Event().wait()

    patient = wire.completes()
    patient._sleep = for_ever
    waiting = asyncio.create_task(patient.complete(REQUEST))
    await pausing.wait()

    with pytest.raises(GraderUnavailable):
        await wire.completer.complete(REQUEST)
    async with asyncio.timeout(30):
        with pytest.raises(GraderUnavailable) as caught:
            await waiting

    assert (caught.value.reason, caught.value.calls) == ("provider-down", 1)
    assert len(wire.sent) == FAILURES_TO_OPEN


async def test_a_pause_is_not_begun_while_it_is_open() -> None:
    """It opened between the failure and the pause."""

    async def never(_: float) -> None:
        raise AssertionError

    await sleep_while_closed(opened(), never, 5.0)


@openai_alone
async def test_a_call_that_had_no_time_says_nothing_of_the_provider(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadline that left it a moment is not the provider's silence."""

    async def never(**_: object) -> object:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(load_litellm(), "acompletion", never)
    hurried = wire.completes(deadline_s=10.0, timeout_s=10.0, max_attempts=1)

    for _ in range(FAILURES_TO_OPEN + 1):
        # Most of its time goes by in waiting for what the provider asked of another call.
        hurried._limiter.limited(began=wire.now, retry_after=9.99, now=wire.now)
        with pytest.raises(GraderUnavailable) as caught:
            await hurried.complete(REQUEST)
        assert caught.value.reason == "timeout"
