"""Hard budgets: money is set aside before a call and put right after it, so that calls in flight cannot overshoot."""

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple, Protocol

from service.errors import BudgetExceeded

NANOS = 1_000_000_000
"""How many of the units that accounts are kept in make a dollar: whole ones, so that sums are exact."""

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.5


def in_nanos(usd: float) -> int:
    """An amount of money in whole billionths of a dollar, rounded up."""
    return math.ceil(round(usd * NANOS, 3))


class Account(NamedTuple):
    """How a budget stands, in billionths of a dollar.

    `reserved` is set aside for calls under way; `closed` says that something did not fit, and nothing new is to begin.
    """

    limit: int
    reserved: int = 0
    spent: int = 0
    closed: bool = False

    def fits(self, amount: int) -> bool:
        """Whether so much more can be set aside."""
        return self.spent + self.reserved + amount <= self.limit

    @property
    def limit_usd(self) -> float:
        """The limit in dollars."""
        return self.limit / NANOS

    @property
    def spent_usd(self) -> float:
        """What is spent, in dollars; what was set aside and never settled may have been."""
        return (self.spent + self.reserved) / NANOS


class Ledger(Protocol):
    """Keeps one account; every method is atomic, may be called from any thread, and may wait for a database."""

    def reserve(self, amount: int, *, begun: bool) -> bool:
        """Set so much aside if it fits; in a closed account only for what was `begun`."""
        ...

    def settle(self, reserved: int, spent: int) -> None:
        """Put so much of what was set aside right."""
        ...

    def account(self) -> Account:
        """How it stands."""
        ...

    def close(self) -> None:
        """Let nothing new begin."""
        ...


class MemoryLedger:
    """An account in memory."""

    def __init__(self, limit_usd: float) -> None:
        self._account = Account(limit=in_nanos(limit_usd))
        self._lock = Lock()

    def reserve(self, amount: int, *, begun: bool) -> bool:
        """Set so much aside if it fits; in a closed account only for what was `begun`."""
        with self._lock:
            account = self._account
            if not account.fits(amount) or (account.closed and not begun):
                return False
            self._account = account._replace(reserved=account.reserved + amount)
            return True

    def settle(self, reserved: int, spent: int) -> None:
        """Put so much of what was set aside right."""
        with self._lock:
            account = self._account
            self._account = account._replace(reserved=account.reserved - reserved, spent=account.spent + spent)

    def account(self) -> Account:
        """How it stands."""
        return self._account

    def close(self) -> None:
        """Let nothing new begin."""
        with self._lock:
            self._account = self._account._replace(closed=True)


class Fund:
    """An account that many calls draw on, for one event loop; several funds may keep to the same ledger.

    Where there is no room, but other calls are under way that may turn out cheaper than what was set aside for them,
    they are waited for, at most `patience_s` seconds without any of them ending.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        patience_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._patience_s = patience_s
        self._sleep = sleep
        self._clock = clock
        self._begun_waiting = 0

    async def account(self) -> Account:
        """How it stands."""
        return await asyncio.to_thread(self._ledger.account)

    async def reserve(self, usd: float, *, begun: bool) -> None:
        """Set money aside; what was `begun` comes first, for it has cost something that would be lost.

        Raises:
            BudgetExceeded: there is no room, nor will there be.
        """
        amount = in_nanos(usd)
        if (begun or not self._begun_waiting) and await self._take(amount, begun=begun):
            return
        self._begun_waiting += begun
        try:
            await self._wait_for(amount, begun=begun)
        finally:
            self._begun_waiting -= begun

    async def settle(self, reserved: float, spent: float) -> None:
        """Put right what was set aside."""
        # A call that is given up has still to be accounted for.
        await asyncio.shield(asyncio.to_thread(self._ledger.settle, in_nanos(reserved), in_nanos(spent)))

    async def _take(self, amount: int, *, begun: bool) -> bool:
        taking = asyncio.create_task(asyncio.to_thread(self._ledger.reserve, amount, begun=begun))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            # A thread goes on all the same, and nobody would settle what it has set aside.
            await asyncio.wait([taking])
            if not taking.cancelled() and taking.exception() is None and taking.result():
                await asyncio.to_thread(self._ledger.settle, amount, 0)
            raise

    async def _wait_for(self, amount: int, *, begun: bool) -> None:
        look_s, seen, since = _FIRST_LOOK_S, None, self._clock()
        while True:
            account = await self.account()
            if account != seen:
                seen, since = account, self._clock()
            if account.closed and not begun:
                raise _exceeded(account)
            after_others = self._begun_waiting > 0 and not begun
            if not after_others:
                if account.fits(amount) and await self._take(amount, begun=begun):
                    return
                if not self._may_come(account, amount, since):
                    await asyncio.to_thread(self._ledger.close)
                    raise _exceeded(account)
            await self._sleep(look_s)
            look_s = min(look_s * 1.5, _LONGEST_LOOK_S)

    def _may_come(self, account: Account, amount: int, since: float) -> bool:
        """Whether there may be room once what is under way has ended."""
        if account.fits(amount):
            return True  # somebody else was faster
        under_way = account.reserved > 0 and account.spent + amount <= account.limit
        return under_way and self._clock() - since < self._patience_s


class _Share:
    """What grading one answer draws from a fund."""

    def __init__(self, fund: Fund) -> None:
        self._fund = fund
        self._begun = False

    async def reserve(self, usd: float) -> None:
        await self._fund.reserve(usd, begun=self._begun)

    async def settle(self, reserved: float, spent: float) -> None:
        self._begun = self._begun or spent > 0
        await self._fund.settle(reserved, spent)


# One completer, with its limiter and its breaker, serves all runs of a process at once, and between it and whoever
# knows the run stand graders in any combination. A context variable reaches through all of them to each call without
# a parameter in every signature on the way, and tasks that a grader starts inherit it.
_share: ContextVar[_Share | None] = ContextVar("share", default=None)


@contextlib.contextmanager
def spending(fund: Fund | None) -> Iterator[None]:
    """Grade one answer on a fund; on none there is no limit, whatever holds around."""
    token = _share.set(None if fund is None else _Share(fund))
    try:
        yield
    finally:
        _share.reset(token)


def fund_for_one(limit_usd: float) -> Fund:
    """A fund for one answer graded by itself, in dollars."""
    # All that is set aside there is for calls of this process, each of which ends.
    return Fund(MemoryLedger(limit_usd), patience_s=math.inf)


class CurrentBudget:
    """The budget of the answer that is being graded; without one there is no limit."""

    async def reserve(self, usd: float) -> None:
        """Set aside the most a call can cost.

        Raises:
            BudgetExceeded: there is less left.
        """
        if (share := _share.get()) is not None:
            await share.reserve(usd)

    async def settle(self, reserved: float, spent: float) -> None:
        """Put what was set aside right by what the call cost."""
        if (share := _share.get()) is not None:
            await share.settle(reserved, spent)


def _exceeded(account: Account) -> BudgetExceeded:
    return BudgetExceeded(
        f"The budget of {account.limit_usd:,.6g} USD has no room for another call: {account.spent_usd:,.4f} USD are "
        "spent or set aside, and a call is only made if the most it can cost is left. Allow more with --budget, or "
        "EVALUATOR_BUDGET_USD."
    )
