"""Keeps the calls of all workers of one database under a rate per minute."""

import asyncio
from collections.abc import Awaitable, Callable

from service.store import Store

_MINUTE = 60.0


class SharedPace:
    """Spaces calls evenly, by number and by tokens; either limit may be None."""

    def __init__(
        self,
        store: Store,
        name: str,
        *,
        requests_per_minute: int | None,
        tokens_per_minute: int | None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rates = store.rates
        self._requests = f"{name}/requests"
        self._tokens = f"{name}/tokens"
        self._per_request = _MINUTE / requests_per_minute if requests_per_minute else None
        self._per_token = _MINUTE / tokens_per_minute if tokens_per_minute else None
        self._sleep = sleep

    async def wait(self, tokens: int) -> None:
        """Wait for the turn of a call that is expected to take so many tokens."""
        waits = [0.0]
        if self._per_request is not None:
            waits.append(await asyncio.to_thread(self._rates.book, self._requests, self._per_request))
        if self._per_token is not None:
            waits.append(await asyncio.to_thread(self._rates.book, self._tokens, self._per_token * tokens))
        if max(waits) > 0:
            try:
                await self._sleep(max(waits))
            except asyncio.CancelledError:
                await self._give_back(tokens)
                raise

    async def _give_back(self, tokens: int) -> None:
        """Take bookings back that will not be used, so that the next to come do not wait for nobody."""
        for name, seconds in ((self._requests, self._per_request), (self._tokens, (self._per_token or 0.0) * tokens)):
            if seconds:
                await asyncio.shield(asyncio.to_thread(self._rates.adjust, name, -seconds))

    async def spent(self, expected: int, used: int) -> None:
        """Correct the expectation by what the call took in the end."""
        if self._per_token is not None and used != expected:
            await asyncio.to_thread(self._rates.adjust, self._tokens, self._per_token * (used - expected))
