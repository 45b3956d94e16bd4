"""Gives a repeated request the reply of the first, without doing the work again."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import NamedTuple

from cachetools import TTLCache


class DigestMismatch(Exception):
    """The key was used before, for another body."""


class Reply(NamedTuple):
    """What the work came to; one that is not to `keep` goes to those who wait for it, and no further."""

    content: bytes
    keep: bool = True


@dataclass(frozen=True, slots=True)
class _Kept:
    digest: bytes
    reply: bytes


@dataclass(frozen=True, slots=True)
class _UnderWay:
    digest: bytes
    task: asyncio.Task[Reply]


class Replays:
    """Replies by caller and key, kept for `ttl` seconds, the oldest given up beyond `max_bytes`.

    Failures are not kept: whoever waits for the same work shares its failure, whoever asks later has it done again.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 64_000_000,
        ttl: float = 3600.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept: TTLCache[tuple[str, str], _Kept] = TTLCache(
            max_bytes, ttl, timer=now, getsizeof=lambda kept: len(kept.reply) + 500
        )
        self._max_bytes = max_bytes
        self._under_way: dict[tuple[str, str], _UnderWay] = {}

    async def reply(
        self, key: tuple[str, str], digest: bytes, work: Callable[[], Coroutine[None, None, Reply]]
    ) -> tuple[bytes, bool]:
        """The reply for a key, and whether it is a replay.

        Raises:
            DigestMismatch: the key came with another digest before.
        """
        known = self._kept.get(key) or self._under_way.get(key)
        if known and known.digest != digest:
            raise DigestMismatch
        if isinstance(known, _Kept):
            return known.reply, True
        under_way = known or self._begin(key, digest, work)
        # A client that gives up takes neither the work nor its reply from those who still wait, or ask again.
        return (await asyncio.shield(under_way.task)).content, known is not None

    def _begin(
        self, key: tuple[str, str], digest: bytes, work: Callable[[], Coroutine[None, None, Reply]]
    ) -> _UnderWay:
        task = asyncio.create_task(work())
        self._under_way[key] = under_way = _UnderWay(digest, task)
        task.add_done_callback(lambda _: self._finish(key, under_way))
        return under_way

    def _finish(self, key: tuple[str, str], done: _UnderWay) -> None:
        del self._under_way[key]
        if done.task.cancelled() or done.task.exception() is not None:
            return
        content, keep = done.task.result()
        if keep and len(content) + 500 <= self._max_bytes:
            self._kept[key] = _Kept(done.digest, content)
