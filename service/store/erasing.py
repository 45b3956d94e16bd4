"""Erasing what candidates said, and what quotes it, while the figures stay."""

import os
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from service.store.database import Database
from service.store.results import recount
from service.store.runs import Run
from service.store.schema import answers, gradings, provenance, results, runs

_KEY_BYTES = 16
_FAILED: dict[str, object] = {
    "status": "failed",
    "rubric": None,
    "score": None,
    "score_low": None,
    "score_high": None,
    "band": None,
    "levels": b"",
    "flags": b"",
}
"""The figures of what has no verdict."""


class StoredText(NamedTuple):
    """An answer and its result at one place, packed; `result` is None while there is none."""

    ordinal: int
    id: str
    answer: bytes
    status: str | None
    rubric_digest: str | None
    result: bytes | None


class ErasedText(NamedTuple):
    """What is to be kept of an answer and its result, packed; None leaves a result as it is.

    `failure` is the code of the fault that `result` is in the place of a verdict, None where it is a verdict.
    """

    ordinal: int
    answer: bytes
    result: bytes | None
    failure: str | None = None


class Erasing:
    """What of a database is older than it may be."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, before: float) -> Sequence[Run]:
        """The runs made before a time, in seconds since 1970, whose text is not all erased, the oldest first."""
        kept = sa.or_(runs.c.text.is_(None), runs.c.text != "gone")
        query = sa.select(runs).where(runs.c.created_at < before, kept).order_by(runs.c.created_at)
        with self._database.reading() as connection:
            return [Run(*row) for row in connection.execute(query)]

    def begin(self, run: Run, *, spec: str) -> None:
        """Let nothing be added to a run any more, and erase the gradings that were made for it.

        `spec` is its specification from now on.
        """
        with self._database.writing() as connection:
            connection.execute(sa.update(runs).where(runs.c.n == run.n).values(text="going", spec=spec))
            connection.execute(sa.delete(gradings).where(gradings.c.run_n == run.n))

    def end(self, run: Run) -> None:
        """Note that nothing is left of a run's text."""
        with self._database.writing() as connection:
            connection.execute(sa.update(runs).where(runs.c.n == run.n).values(text="gone"))

    def texts(self, run: Run, first: int, limit: int) -> list[StoredText]:
        """What there is from a place on, at most `limit`."""
        query = (
            sa.select(
                answers.c.ordinal,
                answers.c.id,
                answers.c.body,
                results.c.status,
                results.c.rubric,
                results.c.body.label("result"),
            )
            .outerjoin(results, sa.and_(answers.c.run_n == results.c.run_n, answers.c.ordinal == results.c.ordinal))
            .where(answers.c.run_n == run.n, answers.c.ordinal >= first)
            .order_by(answers.c.ordinal)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [StoredText(*row) for row in connection.execute(query)]

    def replace(self, run: Run, erased: Sequence[ErasedText]) -> None:
        """Put what is to be kept in the place of what was there.

        Records go, and the keys, which are digests that a text could be found by.
        """
        with self._database.writing() as connection:
            for text in erased:
                here = (run.n, text.ordinal)
                change = {"body": text.answer, "key": os.urandom(_KEY_BYTES)}
                connection.execute(
                    sa.update(answers).where(sa.tuple_(answers.c.run_n, answers.c.ordinal) == here).values(change)
                )
                kept: dict[str, object] = {} if text.result is None else {"body": text.result}
                if text.failure is not None:
                    kept |= _FAILED | {"error_code": text.failure}
                connection.execute(
                    sa.update(results)
                    .where(sa.tuple_(results.c.run_n, results.c.ordinal) == here)
                    .values(kept | {"key": os.urandom(_KEY_BYTES), "records": None})
                )
            if any(text.failure is not None for text in erased):
                recount(connection, run.n)

    def forget(self, before: float) -> int:
        """Erase gradings, and what single verdicts were read from, from before a time; returns how many."""
        with self._database.writing() as connection:
            return sum(
                connection.execute(sa.delete(table).where(table.c.created_at < before)).rowcount
                for table in (gradings, provenance)
            )
