"""The rate that all workers of a database share."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.pacing import SharedPace
from service.store import Store, open_store
from tests.databases import sqlite_url


class Sleeper:
    """A clock that nobody waits for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def __call__(self, seconds: float) -> None:
        """Remember how long it would have been."""
        self.waits.append(seconds)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        yield store


def pace(
    store: Store, sleep: Sleeper, *, requests: int | None = None, tokens: int | None = None, name: str = "model"
) -> SharedPace:
    """A pace with these limits a minute."""
    return SharedPace(store, name, requests_per_minute=requests, tokens_per_minute=tokens, sleep=sleep)


async def test_workers_take_turns(store: Store) -> None:
    """Two that know nothing of each other space their calls evenly."""
    sleep = Sleeper()
    one, other = pace(store, sleep, requests=1), pace(store, sleep, requests=1)

    for worker in (one, other, one, other):
        await worker.wait(10)

    assert [round(wait, -1) for wait in sleep.waits] == [60, 120, 180]


async def test_tokens_are_booked_by_how_many_are_expected(store: Store) -> None:
    """And put right by how many it took."""
    sleep = Sleeper()
    worker = pace(store, sleep, tokens=1_000)
    await worker.wait(1_000)
    await worker.wait(1_000)
    await worker.spent(1_000, 2_000)
    await worker.spent(1_000, 1_000)

    await worker.wait(1_000)

    assert [round(wait, -1) for wait in sleep.waits] == [60, 180]


async def test_the_tighter_of_two_limits_counts(store: Store) -> None:
    """One wait for both."""
    sleep = Sleeper()
    worker = pace(store, sleep, requests=60, tokens=1_000)

    await worker.wait(5_000)
    await worker.wait(5_000)

    assert [round(wait, -1) for wait in sleep.waits] == [300]


async def test_another_model_has_a_rate_of_its_own(store: Store) -> None:
    """Nobody waits for what another provider allows."""
    sleep = Sleeper()
    await pace(store, sleep, requests=1).wait(10)

    await pace(store, sleep, requests=1, name="another").wait(10)

    assert sleep.waits == []


async def test_without_a_limit_nobody_waits(store: Store) -> None:
    """And nothing is noted."""
    sleep = Sleeper()
    worker = pace(store, sleep)
    for _ in range(3):
        await worker.wait(1_000_000)

    await worker.spent(1_000_000, 5)

    assert sleep.waits == []


async def test_a_turn_that_is_given_up_is_given_back(store: Store) -> None:
    """Whoever is stopped while waiting leaves no gap for the next command to wait through."""

    async def stopped(_: float) -> None:
        raise asyncio.CancelledError

    worker = SharedPace(store, "model", requests_per_minute=1, tokens_per_minute=1_000, sleep=stopped)
    await worker.wait(1_000)
    for _ in range(3):
        with pytest.raises(asyncio.CancelledError):
            await worker.wait(1_000)
    sleep = Sleeper()

    await pace(store, sleep, requests=1, tokens=1_000).wait(1_000)

    assert [round(wait, -1) for wait in sleep.waits] == [60]
