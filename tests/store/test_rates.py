import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.store import Store

LONG = 1_000.0
"""Seconds a booking, beside which the time that a test takes is nothing."""


def test_the_first_goes_at_once_and_the_next_waits_its_turn(store: Store) -> None:
    """Nothing is saved up for a burst."""
    first = store.rates.book("model", LONG)

    second = store.rates.book("model", LONG)

    assert first == 0.0
    assert LONG - 60 < second <= LONG


def test_each_name_has_a_rate_of_its_own(store: Store) -> None:
    """Two models do not wait for each other."""
    store.rates.book("model", LONG)

    wait = store.rates.book("another", LONG)

    assert wait == 0.0


def test_threads_that_book_at_once_get_evenly_spaced_moments(store: Store) -> None:
    """No two get the same moment, none is left free, and so no window holds more than the rate allows."""
    begin = threading.Barrier(5)

    def book(_: int) -> list[float]:
        begin.wait()
        return [store.rates.book("model", LONG) for _ in range(8)]

    with ThreadPoolExecutor(5) as pool:
        waits = [wait for booked in pool.map(book, range(5)) for wait in booked]

    late = [place * LONG - wait for place, wait in enumerate(sorted(waits))]
    assert len(waits) == 40
    # Each reckons from when it asked, which is a moment before it was its turn to write.
    assert all(-60 < seconds < 60 for seconds in late)


def test_bookings_of_several_lengths_follow_one_another(store: Store) -> None:
    """Tokens are booked by how many a call is expected to take."""
    store.rates.book("tokens", 3 * LONG)
    store.rates.book("tokens", LONG)

    wait = store.rates.book("tokens", LONG)

    assert 4 * LONG - 60 < wait <= 4 * LONG


@pytest.mark.parametrize(
    ("correction", "wait_for_next"),
    [
        pytest.param(LONG, 2 * LONG, id="it took more"),
        pytest.param(-LONG / 2, LONG / 2, id="it took less"),
        pytest.param(0.0, LONG, id="it took what was expected"),
        pytest.param(-10 * LONG, 0.0, id="the past cannot be booked"),
    ],
)
def test_a_correction_moves_whoever_comes_next(store: Store, correction: float, wait_for_next: float) -> None:
    """An expectation that was off is made up for by the next bookings."""
    store.rates.book("tokens", LONG)
    store.rates.adjust("tokens", correction)

    wait = store.rates.book("tokens", LONG)

    assert wait_for_next - 60 < wait <= wait_for_next


def test_a_correction_of_nothing_booked_is_nothing(store: Store) -> None:
    """There is no row to move, and none is made."""
    store.rates.adjust("tokens", LONG)

    wait = store.rates.book("tokens", LONG)

    assert wait == 0.0
