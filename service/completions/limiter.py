"""How many calls may be under way at once: fewer when the provider limits the rate, and then more again."""

import asyncio
from collections import deque
from threading import Lock

CLIMB_S = 10.0
"""How long it takes at most, while calls succeed, from a cut back to what was configured."""

LONGEST_PAUSE_S = 300.0
"""A provider that names a longer one is asked again after this."""


class _Waiter:
    __slots__ = ("future", "granted", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.granted = False

    def wake(self) -> bool:
        """Let it go on; False if its event loop is no more."""
        try:
            self.loop.call_soon_threadsafe(self._go)
        except RuntimeError:
            return False
        return True

    def _go(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Limiter:
    """Slots for calls, shared by all event loops and threads of the process.

    Halves on the first refusal for the rate in an episode, and climbs back with what succeeds. Times are those of any
    one monotonic clock, in seconds.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._low = float(most)
        self._active = 0
        self._waiters: deque[_Waiter] = deque()
        self._cut_at = float("-inf")
        self._paused_until = float("-inf")
        self._lock = Lock()

    @property
    def limit(self) -> int:
        """How many calls may be under way now."""
        return int(self._limit)

    def try_acquire(self) -> bool:
        """Take a slot if one is free and nobody waits for it."""
        with self._lock:
            if self._waiters or self._active >= int(self._limit):
                return False
            self._active += 1
            return True

    async def acquire(self) -> None:
        """Take a slot, in the order of asking."""
        if self.try_acquire():
            return
        waiter = _Waiter()
        with self._lock:
            self._waiters.append(waiter)
            self._grant()
        try:
            await waiter.future
        except asyncio.CancelledError:
            with self._lock:
                if waiter.granted:
                    self._active -= 1
                    self._grant()
                else:
                    self._waiters.remove(waiter)
            raise

    def release(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._active -= 1
            if self._waiters:
                self._grant()

    def _grant(self) -> None:
        while self._waiters and self._active < int(self._limit):
            waiter = self._waiters.popleft()
            waiter.granted = waiter.wake()
            self._active += waiter.granted

    def pause(self, now: float) -> float:
        """How many seconds a call has to wait for what the provider asked of others."""
        return max(0.0, self._paused_until - now)

    def limited(self, *, began: float, retry_after: float | None, now: float) -> None:
        """The provider limited the rate of a call that began then; the calls before a cut are the cut's own cause."""
        with self._lock:
            self._paused_until = max(self._paused_until, now + min(retry_after or 0.0, LONGEST_PAUSE_S))
            if began <= self._cut_at:
                return
            self._cut_at = now
            self._limit = self._low = float(max(1, int(self._limit) // 2))

    def succeeded(self, *, began: float, now: float) -> None:
        """A call that began then came through."""
        if self._limit >= self._most or began <= self._cut_at:
            return
        with self._lock:
            resumed = max(self._cut_at, self._paused_until)
            by_time = self._low + (self._most - self._low) * (now - resumed) / CLIMB_S
            self._limit = min(float(self._most), max(self._limit + 1 / self._limit, by_time))
            self._grant()
