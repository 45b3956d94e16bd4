"""What grading single answers keeps: in the database of batches, where that is open, and nowhere else.

A database that is away, or not wanted yet, must not hold up a verdict.
"""

from typing import TYPE_CHECKING

from service.api.batch_desk import BatchDesk
from service.grading import Grading, Provenance

if TYPE_CHECKING:
    from service.store import Store


class DeskKeeping:
    """See `service.grading.GradingCache` and `service.grading.Recorder`."""

    def __init__(self, desk: BatchDesk) -> None:
        self._desk = desk

    async def get(self, key: bytes, context: bytes) -> Grading | None:
        """The grading of a key, if it can be looked up.

        Raises:
            StoreUnavailable: the database has gone away.
        """
        store = self._store()
        return None if store is None else await store.gradings.get(key, context)

    async def put(self, key: bytes, grading: Grading, context: bytes, *, run_n: int | None) -> None:
        """Keep a grading, if that can be done.

        Raises:
            StoreUnavailable: the database has gone away.
        """
        if (store := self._store()) is not None:
            await store.gradings.put(key, grading, context, run_n=run_n)

    async def keep(self, verdict_id: str, what: Provenance) -> None:
        """Keep what a verdict was read from, if that can be done.

        Raises:
            StoreUnavailable: the database has gone away.
        """
        if (store := self._store()) is not None:
            await store.records.keep(verdict_id, what)

    def _store(self) -> "Store | None":
        return self._desk.desk().store if self._desk.state == "ready" else None
