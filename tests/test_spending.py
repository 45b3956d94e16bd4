"""Budgets: never more than the limit is set aside, and what can be spent is."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import count
from threading import Event
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import BudgetExceeded, RunNotFound, StoreUnavailable
from service.spending import Account, CurrentBudget, Fund, Ledger, MemoryLedger, fund_for_one, in_nanos, spending
from service.store import RunLedger, Store, open_store
from tests.databases import sqlite_url

USD = st.integers(0, 2_000).map(lambda cents: cents / 100)


class Reserve(NamedTuple):
    """A call that may cost so much; `begun` if it is not an answer's first."""

    usd: float
    begun: bool


class Settle(NamedTuple):
    """The end of one of the calls under way, which cost this share of what was set aside for it."""

    call: int
    share: float


STEPS = st.lists(
    st.one_of(
        st.builds(Reserve, USD, st.booleans()),
        st.builds(Settle, st.integers(0, 20), st.floats(0, 1)),
        st.just("close"),
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples, each of which is a run of its own."""
    with closing(open_store(sqlite_url(tmp_path_factory.mktemp("store")))) as store:
        yield store


RUNS = count(1)


def new_ledger(store: Store, limit_usd: float) -> RunLedger:
    """The ledger of another run."""
    number = next(RUNS)
    store.budgets.grant(number, limit_usd, billed_usd=0.0)
    return RunLedger(store.budgets, number)


def follow(ledger: Ledger, steps: Sequence[Reserve | Settle | str]) -> list[tuple[bool | None, Account]]:
    """Take the steps, in any order they come in; after each, whether a call was let through and how it stands."""
    under_way: list[int] = []
    seen: list[tuple[bool | None, Account]] = []
    for step in steps:
        granted = None
        match step:
            case Reserve(usd, begun):
                granted = ledger.reserve(in_nanos(usd), begun=begun)
                under_way += [in_nanos(usd)] if granted else []
            case Settle(call, share) if under_way:
                reserved = under_way.pop(call % len(under_way))
                ledger.settle(reserved, int(reserved * share))
            case "close":
                ledger.close()
        seen.append((granted, ledger.account()))
    return seen


@given(USD, STEPS)
def test_no_order_of_calls_passes_the_limit(limit_usd: float, steps: list[Reserve | Settle | str]) -> None:
    """What is set aside and what is spent stay under the limit together, and a call that fits is let through."""
    ledger = MemoryLedger(limit_usd)
    before = ledger.account()

    for step, (granted, account) in zip(steps, follow(ledger, steps), strict=True):
        assert account.reserved >= 0
        assert account.reserved + account.spent <= in_nanos(limit_usd)
        if isinstance(step, Reserve):
            fits = before.reserved + before.spent + in_nanos(step.usd) <= before.limit
            assert granted is (fits and (step.begun or not before.closed))
        before = account


@given(limit_usd=USD, steps=STEPS)
def test_the_ledger_of_a_run_does_what_the_one_in_memory_does(
    store: Store, limit_usd: float, steps: list[Reserve | Settle | str]
) -> None:
    """To the last billionth of a dollar."""
    assert follow(new_ledger(store, limit_usd), steps) == follow(MemoryLedger(limit_usd), steps)


@pytest.mark.parametrize(
    ("usd", "nanos"),
    [(0.1, 100_000_000), (0.29, 290_000_000), (1e-9, 1), (1.2e-9, 2), (0.0, 0), (999_999.99, 999_999_990_000_000)],
)
def test_dollars_become_whole_units_rounded_up(usd: float, nanos: int) -> None:
    """A call is never taken for cheaper than it is; what is exact stays exact."""
    assert in_nanos(usd) == nanos


async def _soon(_: float) -> None:
    await asyncio.sleep(0)


def fund_of(ledger: Ledger, *, patience_s: float = 60.0, ticks: Sequence[float] = ()) -> Fund:
    """A fund that waits for nobody's clock; `ticks` are what its own says, one after another and then the last."""
    left = list(ticks)
    return Fund(ledger, patience_s=patience_s, sleep=_soon, clock=lambda: left.pop(0) if len(left) > 1 else sum(left))


async def graded(fund: Fund, costs: Sequence[float], worst: float) -> bool:
    """Grade an answer with calls that cost so much; whether the money lasted."""
    budget = CurrentBudget()
    with spending(fund):
        for cost in costs:
            try:
                await budget.reserve(worst)
            except BudgetExceeded:
                return False
            await asyncio.sleep(0)
            await budget.settle(worst, cost)
    return True


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(1.0, 8.0), st.integers(1, 4))
def test_calls_at_once_leave_no_more_than_one_call_unspent(costs: list[float], limit_usd: float, funds: int) -> None:
    """Workers that share an account wait for each other's calls to turn out cheaper, and stop when none fits."""
    ledger = MemoryLedger(limit_usd)
    workers = [fund_of(ledger) for _ in range(funds)]

    async def everybody() -> list[bool]:
        return await asyncio.gather(*(graded(workers[place % funds], [cost], 1.0) for place, cost in enumerate(costs)))

    lasted = asyncio.run(everybody())

    account = ledger.account()
    assert account.spent <= account.limit
    assert account.reserved == 0
    assert all(lasted) or account.spent + in_nanos(1.0) > account.limit
    assert account.closed is not all(lasted)


async def test_what_was_begun_is_paid_before_anything_new() -> None:
    """What an answer has cost is not lost to another one that comes first to the till."""
    ledger = MemoryLedger(2.0)
    fund = fund_of(ledger)
    assert ledger.reserve(in_nanos(1.0), begun=False)

    begun = asyncio.create_task(fund.reserve(1.5, begun=True))
    while not fund._begun_waiting:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)
    new = asyncio.create_task(fund.reserve(1.0, begun=False))
    await asyncio.sleep(0)
    ledger.settle(in_nanos(1.0), in_nanos(0.5))

    await begun
    await fund.settle(1.5, 1.5)
    with pytest.raises(BudgetExceeded):
        await new


async def test_what_nobody_settles_is_waited_for_only_so_long() -> None:
    """A worker was killed: what it had set aside may have been billed, and is never given out again."""
    ledger = MemoryLedger(1.0)
    assert ledger.reserve(in_nanos(0.8), begun=False)
    fund = fund_of(ledger, patience_s=60.0, ticks=[0.0, 0.0, 30.0, 61.0])

    with pytest.raises(BudgetExceeded, match=r"0\.8000 USD are spent or set aside"):
        await fund.reserve(0.5, begun=False)

    assert ledger.account().closed


async def test_a_call_that_never_fits_is_refused_at_once() -> None:
    """Although others are under way."""
    ledger = MemoryLedger(1.0)
    assert ledger.reserve(in_nanos(0.5), begun=False)

    with pytest.raises(BudgetExceeded, match=r"budget of 1 USD"):
        await fund_of(ledger).reserve(1.5, begun=False)


class SlowLedger(MemoryLedger):
    """Is about to set money aside until it is told to go on, as a database that is busy."""

    def __init__(self, limit_usd: float) -> None:
        super().__init__(limit_usd)
        self.asked, self.go_on, self.done = Event(), Event(), Event()

    def reserve(self, amount: int, *, begun: bool) -> bool:
        """Do it when told to."""
        self.asked.set()
        assert self.go_on.wait(60)
        granted = super().reserve(amount, begun=begun)
        self.done.set()
        return granted


@pytest.mark.parametrize("limit_usd", [1.0, 0.1], ids=["there is room", "there is none"])
async def test_what_is_set_aside_for_a_call_that_is_given_up_is_given_back(limit_usd: float) -> None:
    """Nobody would settle it, and others would wait for that."""
    ledger = SlowLedger(limit_usd)
    call = asyncio.create_task(fund_of(ledger).reserve(0.5, begun=False))
    await asyncio.to_thread(ledger.asked.wait, 60)

    call.cancel()
    await asyncio.sleep(0)
    ledger.go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(ledger.done.wait, 60)
    assert (ledger.account().reserved, ledger.account().spent) == (0, 0)


async def test_a_call_that_is_given_up_while_the_ledger_fails_is_given_up() -> None:
    """The trouble of the ledger is nobody's any more."""

    class Failing(SlowLedger):
        def reserve(self, amount: int, *, begun: bool) -> bool:
            """Fail when told to go on."""
            super().reserve(amount, begun=begun)
            raise StoreUnavailable("It is away.")

    ledger = Failing(1.0)
    call = asyncio.create_task(fund_of(ledger).reserve(0.5, begun=False))
    await asyncio.to_thread(ledger.asked.wait, 60)

    call.cancel()
    await asyncio.sleep(0)
    ledger.go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await call


async def test_each_answer_draws_on_the_budget_around_it() -> None:
    """Whatever else the process grades at the same time, and in tasks that its grader starts."""
    rich, poor, budget = fund_for_one(10.0), fund_for_one(0.1), CurrentBudget()

    async def one(fund: Fund | None) -> None:
        with spending(fund):
            async with asyncio.TaskGroup() as members:
                members.create_task(budget.reserve(1.0))

    await one(rich)
    await one(None)
    await budget.reserve(1_000.0)
    with pytest.raises(ExceptionGroup) as caught:
        await one(poor)

    assert caught.group_contains(BudgetExceeded)
    assert (await rich.account()).reserved == in_nanos(1.0)


async def test_the_account_of_a_run_that_was_deleted_ends_its_calls(store: Store) -> None:
    """There is nobody left to pay."""
    with pytest.raises(RunNotFound):
        await fund_of(RunLedger(store.budgets, 0)).reserve(0.5, begun=False)
