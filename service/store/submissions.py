"""The answers of a run, and the rubrics they are graded by."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from cachetools import LRUCache

from service.rubric import Rubric
from service.store.database import Database
from service.store.packing import pack, unpack
from service.store.runs import Run, insert_or_ignore, is_there
from service.store.schema import answers, results, rubrics
from service.submission import Submission

_AT_ONCE = 2_000
_RUBRICS_KEPT = 64


class StoredAnswer(NamedTuple):
    """An answer of a run at its place, from 0; `key` is the digest of all that its result depends on."""

    ordinal: int
    submission: Submission
    rubric_digest: str | None
    key: bytes


class StoredRubric(NamedTuple):
    """A rubric as it was when the run began, and what its verdicts are packed against."""

    rubric: Rubric
    dictionary: bytes


class Submissions:
    """The answers and rubrics of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rubrics: LRUCache[str, StoredRubric] = LRUCache(_RUBRICS_KEPT)

    def add_rubrics(self, wanted: Mapping[str, tuple[Rubric, bytes]]) -> None:
        """Keep rubrics, by their digests, each with the dictionary for its verdicts."""
        rows = [
            {"digest": digest, "body": pack(rubric.model_dump_json(by_alias=True).encode()), "dictionary": dictionary}
            for digest, (rubric, dictionary) in wanted.items()
        ]
        with self._database.writing() as connection:
            if rows:
                connection.execute(insert_or_ignore(self._database, rubrics), rows)

    def rubric(self, digest: str) -> StoredRubric:
        """A rubric that was kept."""
        known = self._rubrics.get(digest)
        if known is None:
            with self._database.reading() as connection:
                row = connection.execute(sa.select(rubrics).where(rubrics.c.digest == digest)).one()
            known = StoredRubric(Rubric.model_validate_json(unpack(row.body)), row.dictionary)
            self._rubrics[digest] = known
        return known

    def rubrics_of(self, run: Run) -> dict[str, Rubric]:
        """The rubrics that the answers of a run are graded by, by their digests."""
        used = sa.select(answers.c.rubric).where(answers.c.run_n == run.n, answers.c.rubric.is_not(None)).distinct()
        with self._database.reading() as connection:
            digests = sorted(connection.scalars(used))
        return {digest: self.rubric(digest).rubric for digest in digests}

    def add(self, run: Run, stored: Iterable[StoredAnswer]) -> None:
        """Keep answers; those that are there already stay as they are."""
        rows = [
            {
                "run_n": run.n,
                "ordinal": answer.ordinal,
                "id": answer.submission.id,
                "rubric": answer.rubric_digest,
                "key": answer.key,
                "body": pack(answer.submission.model_dump_json(exclude={"id"}).encode()),
            }
            for answer in stored
        ]
        with self._database.writing() as connection:
            if rows and is_there(connection, run.n):
                connection.execute(insert_or_ignore(self._database, answers), rows)

    def open(self, run_n: int, first: int, end: int) -> Sequence[StoredAnswer]:
        """The answers from `first` up to `end` that have no result yet."""
        done = sa.exists().where(results.c.run_n == answers.c.run_n, results.c.ordinal == answers.c.ordinal)
        return self._select(run_n, first, end, ~done)

    def read(self, run_n: int, first: int, end: int) -> Sequence[StoredAnswer]:
        """The answers from `first` up to `end`."""
        return self._select(run_n, first, end)

    def each(self, run: Run) -> Iterator[StoredAnswer]:
        """Every answer of a run, in order."""
        for first in range(0, run.total or 0, _AT_ONCE):
            yield from self.read(run.n, first, first + _AT_ONCE)

    def _select(self, run_n: int, first: int, end: int, *conditions: sa.ColumnElement[bool]) -> list[StoredAnswer]:
        query = (
            sa.select(answers.c.ordinal, answers.c.id, answers.c.body, answers.c.rubric, answers.c.key)
            .where(answers.c.run_n == run_n, answers.c.ordinal >= first, answers.c.ordinal < end, *conditions)
            .order_by(answers.c.ordinal)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            StoredAnswer(
                row.ordinal, Submission(**(json.loads(unpack(row.body)) | {"id": row.id})), row.rubric, bytes(row.key)
            )
            for row in rows
        ]
