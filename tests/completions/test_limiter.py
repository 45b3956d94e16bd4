"""How many calls are under way at once, after the provider limited the rate and at other times."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.completions.limiter import CLIMB_S, Limiter
from service.errors import GraderUnavailable
from tests.completions.conftest import Wire
from tests.completions.providers import OPENAI, REQUEST, fails

openai_alone = pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])


def test_one_episode_is_one_cut() -> None:
    """The refusals of calls that began before the cut are of the same crowd."""
    limiter = Limiter(16)

    for began in (0.0, 1.0, 2.0):
        limiter.limited(began=began, retry_after=None, now=2.0)

    assert limiter.limit == 8


def test_each_further_episode_cuts_further_and_one_always_goes() -> None:
    """Calls that began after a cut and are refused all the same say that it was not enough."""
    limiter = Limiter(16)
    limits = []

    for now in range(1, 7):
        limiter.limited(began=now - 0.5, retry_after=None, now=float(now))
        limits.append(limiter.limit)

    assert limits == [8, 4, 2, 1, 1, 1]


def test_it_climbs_back_by_one_for_each_round_of_successes() -> None:
    """As many successes as calls may be under way add one more."""
    limiter = Limiter(16)
    limiter.limited(began=0, retry_after=None, now=1)

    for _ in range(9):
        limiter.succeeded(began=1.01, now=1.02)

    assert limiter.limit == 9


@pytest.mark.parametrize("latency", [0.5, 3.0])
def test_it_is_back_soon_however_slow_the_calls(latency: float) -> None:
    """A few slow successes need not make a long time of it."""
    limiter = Limiter(16)
    limiter.limited(began=0, retry_after=5.0, now=0)
    now = 5.0

    while now < 5.0 + CLIMB_S:
        began, now = now, now + latency
        for _ in range(limiter.limit):
            limiter.succeeded(began=began, now=now)

    assert limiter.limit == 16


def test_successes_from_before_the_cut_do_not_count() -> None:
    """They came through when there was room."""
    limiter = Limiter(16)
    limiter.limited(began=0, retry_after=None, now=1)

    for _ in range(50):
        limiter.succeeded(began=0.5, now=20)

    assert limiter.limit == 8


@given(
    most=st.integers(1, 50),
    events=st.lists(st.tuples(st.booleans(), st.floats(0, 30), st.floats(0, 5), st.none() | st.floats(0, 1e5))),
)
def test_the_limit_stays_between_one_and_what_was_configured(
    most: int, events: list[tuple[bool, float, float, float | None]]
) -> None:
    """Whatever happens in whichever order."""
    limiter, now = Limiter(most), 0.0

    for success, latency, gap, retry_after in events:
        began, now = now, now + latency
        if success:
            limiter.succeeded(began=began, now=now)
        else:
            limiter.limited(began=began, retry_after=retry_after, now=now)
        now += gap
        assert 1 <= limiter.limit <= most
        assert 0 <= limiter.pause(now) <= 300


async def test_slots_go_to_those_who_waited_longest() -> None:
    """Nobody overtakes, and nobody is forgotten."""
    limiter, order = Limiter(2), []

    async def work(number: int) -> None:
        await limiter.acquire()
        order.append(number)
        await asyncio.sleep(0)
        limiter.release()

    async with asyncio.timeout(30):
        await asyncio.gather(*map(work, range(8)))

    assert order == list(range(8))


async def test_a_slot_that_nobody_waits_for_any_more_goes_to_the_next() -> None:
    """Whether the one who gave up had been woken already or not."""
    limiter = Limiter(1)
    await limiter.acquire()
    gone, woken, last = (asyncio.create_task(limiter.acquire()) for _ in range(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)

    limiter.release()  # to the second
    woken.cancel()  # before it runs
    async with asyncio.timeout(30):
        await last

    assert (gone.cancelled(), woken.cancelled(), limiter.try_acquire()) == (True, True, False)


def test_slots_are_shared_by_event_loops_of_several_threads() -> None:
    """The limit is of the process; who waits in one loop is woken from another."""
    limiter = Limiter(2)
    under_way = most = done = 0
    lock = threading.Lock()

    async def work() -> None:
        nonlocal under_way, most, done
        await limiter.acquire()
        with lock:
            under_way += 1
            most = max(most, under_way)
        for _ in range(3):
            await asyncio.sleep(0)
        with lock:
            under_way -= 1
            done += 1
        limiter.release()

    async def all_of_a_loop() -> None:
        async with asyncio.timeout(60):
            await asyncio.gather(*(work() for _ in range(50)))

    threads = [threading.Thread(target=lambda: asyncio.run(all_of_a_loop())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert done == 150
    assert most <= 2
    assert limiter.try_acquire()


def test_one_limiter_serves_one_event_loop_after_another() -> None:
    """A program may run its loop more than once, and leave one while calls wait."""
    limiter = Limiter(1)

    async def leave_one_waiting() -> None:
        await limiter.acquire()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert not waiting.done()

    asyncio.run(leave_one_waiting())
    limiter.release()

    asyncio.run(asyncio.wait_for(limiter.acquire(), 30))


@openai_alone
async def test_new_calls_wait_until_the_provider_wants_them(wire: Wire) -> None:
    """Not only the one that was told."""
    wire.replies(fails(429, retry_after="20"), wire.provider.says("{}"))
    impatient = wire.completes(max_attempts=1)
    with pytest.raises(GraderUnavailable):
        await impatient.complete(REQUEST)
    wire.now += 5

    await impatient.complete(REQUEST)

    assert wire.waits == [15]


@openai_alone
async def test_new_calls_that_could_not_wait_so_long_end_at_once(wire: Wire) -> None:
    """With no request made, and word of when to come back."""
    wire.replies(fails(429, retry_after="20"))
    hurried = wire.completes(deadline_s=10.0)
    with pytest.raises(GraderUnavailable):
        await hurried.complete(REQUEST)

    with pytest.raises(GraderUnavailable) as caught:
        await hurried.complete(REQUEST)

    assert (caught.value.reason, caught.value.retry_after) == ("rate-limited", 20)
    assert (len(wire.sent), wire.waits) == (1, [])


@openai_alone
async def test_the_deadline_covers_waiting_for_a_slot(wire: Wire) -> None:
    """However long the one before takes."""
    hurried = wire.completes(concurrency=1, deadline_s=0.05)
    assert hurried._limiter.try_acquire()

    with pytest.raises(GraderUnavailable) as caught:
        await hurried.complete(REQUEST)

    assert (caught.value.reason, wire.sent) == ("timeout", [])
    hurried._limiter.release()
    wire.replies(wire.provider.says("{}"))
    assert (await hurried.complete(REQUEST)).text == "{}"
