"""Gradings that are used again, and what single verdicts were read from."""

import asyncio
import logging
import time
import zlib

import sqlalchemy as sa
from pydantic import ValidationError

from service.grading import Grading, Provenance
from service.store.database import Database
from service.store.packing import pack, unpack
from service.store.runs import insert_or_ignore, is_there
from service.store.schema import gradings, provenance

log = logging.getLogger(__name__)


class Gradings:
    """The gradings of a database; see `service.grading.GradingCache`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: bytes, context: bytes) -> Grading | None:
        """The grading of a key, as it was kept.

        Raises:
            StoreUnavailable: the database is away.
        """
        packed = await asyncio.to_thread(self._body, key)
        if packed is None:
            return None
        try:
            return Grading.model_validate_json(unpack(packed, context))
        except (zlib.error, ValidationError):
            log.warning("a grading that was kept cannot be read; the answer is graded again")
            return None

    async def put(self, key: bytes, grading: Grading, context: bytes, *, run_n: int | None) -> None:
        """Keep a grading, unless there is one, or its run has been erased.

        Raises:
            StoreUnavailable: the database is away.
        """
        await asyncio.to_thread(self._insert, key, pack(grading.model_dump_json().encode(), context), run_n)

    def _body(self, key: bytes) -> bytes | None:
        with self._database.reading() as connection:
            body = connection.scalar(sa.select(gradings.c.body).where(gradings.c.key == key))
        return None if body is None else bytes(body)

    def _insert(self, key: bytes, body: bytes, run_n: int | None) -> None:
        row = {"key": key, "run_n": run_n, "created_at": time.time(), "body": body}
        with self._database.writing() as connection:
            if run_n is None or is_there(connection, run_n):
                connection.execute(insert_or_ignore(self._database, gradings).values(row))


class Records:
    """What verdicts on single answers were read from; see `service.grading.Recorder`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, verdict_id: str, what: Provenance) -> None:
        """Keep it.

        Raises:
            StoreUnavailable: the database is away.
        """
        await asyncio.to_thread(self._insert, verdict_id, pack(what.model_dump_json().encode()))

    def of(self, verdict_id: str) -> Provenance | None:
        """What a verdict was read from, if that is kept."""
        with self._database.reading() as connection:
            body = connection.scalar(sa.select(provenance.c.body).where(provenance.c.verdict == verdict_id))
        return None if body is None else Provenance.model_validate_json(unpack(bytes(body)))

    def _insert(self, verdict_id: str, body: bytes) -> None:
        row = {"verdict": verdict_id, "created_at": time.time(), "body": body}
        with self._database.writing() as connection:
            connection.execute(insert_or_ignore(self._database, provenance).values(row))
