"""Trying again what is likely to pass, and no longer than anybody waits for it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_base
from tenacity.wait import wait_random, wait_random_exponential

from service.completions.breaker import Breaker
from service.completions.failures import PROVIDER_DOWN, Failure

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")

_backoff = wait_random_exponential(multiplier=0.5, max=20)
_jitter = wait_random(0, 1)


@dataclass
class Tries:
    """The tries of one completion; times are those of the completer's clock."""

    started: float
    deadline: float
    room: int = 0
    """Tokens for the reply."""
    failed: int = 0
    answered: int = 0
    """How many of those that failed the provider answered."""
    booked: int = 0
    """Tokens of a turn of the pace that is waited for already and not used."""

    def count(self, failure: Failure) -> None:
        """Note a try that failed."""
        self.failed += 1
        self.answered += failure.answered


def may_pass(failure: Failure) -> bool:
    """Whether the same request may succeed in a moment, other calls failing or not."""
    return failure.cause.transient and failure.cause is not PROVIDER_DOWN


async def try_again(
    call: Callable[[], Awaitable[T]],
    failure: Failure,
    *,
    most_attempts: int,
    left: Callable[[], float],
    sleep: Sleep,
) -> T:
    """Call again after a first attempt that failed so; `left` says for how many seconds more.

    Raises:
        Failure: the last one, after `most_attempts` with the first, or when the next would come too late.
    """
    failed: list[Failure] = [failure]

    async def attempt() -> T:
        if failed:  # the first attempt is over; the machinery around the others costs more than most calls need
            raise failed.pop()
        return await call()

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Failure) and may_pass(error)),
        stop=stop_after_attempt(most_attempts) | _TooLate(left),
        wait=_wait,
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)


class _TooLate(stop_base):
    """Stops where the pause before the next attempt would take all the time there is."""

    def __init__(self, left: Callable[[], float]) -> None:
        self._left = left

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep >= self._left()


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, Failure) and failure.retry_after is not None:
        return failure.retry_after + _jitter(state)
    return _backoff(state)


async def sleep_while_closed(breaker: Breaker, sleep: Sleep, seconds: float) -> None:
    """Sleep, but not on after the breaker opens: then there is nothing to wait for."""
    loop = asyncio.get_running_loop()
    opened = asyncio.Event()

    def notify() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is no more
            loop.call_soon_threadsafe(opened.set)

    with breaker.listening(notify):
        if breaker.is_open:
            return
        waits = [asyncio.ensure_future(sleep(seconds)), asyncio.ensure_future(opened.wait())]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
    for wait in done:
        wait.result()
