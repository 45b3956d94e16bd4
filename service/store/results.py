"""The results of a run: one for each answer, written once."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from service.errors import RunNotFound
from service.outcome import Marks, OutcomeStatus
from service.store.database import Database
from service.store.runs import Run, insert_or_ignore, is_there
from service.store.schema import answers, results, runs, tallies

_UNGRADED = 255
_AT_ONCE = 5_000
_FINAL: tuple[OutcomeStatus, ...] = ("graded", "partial", "ungraded")
"""What another run may take over: the model's own verdict, not a failure and not a stand-in's."""

Tally = dict[OutcomeStatus, int]


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result at its place; `body` is the packed verdict, or the fault of an answer that failed.

    `records` is what the verdict was read from, packed; None where no model was asked. `taken_over` says that it had
    been paid for before, by another run or for another answer of this one.
    """

    ordinal: int
    key: bytes
    marks: Marks
    body: bytes
    calls: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    records: bytes | None = None
    taken_over: bool = False


class ResultLine(NamedTuple):
    """What one line of output is made of."""

    ordinal: int
    id: str
    status: OutcomeStatus
    rubric_digest: str | None
    band: str | None
    body: bytes
    submission: bytes
    taken_over: bool


class Bill(NamedTuple):
    """What a run's results took; `cost_usd` is None where the price of any is unknown, `known_usd` what is known."""

    calls: int
    tokens: int
    cost_usd: float | None
    known_usd: float = 0.0


class Results:
    """The results of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, run_n: int, stored: Sequence[StoredResult]) -> None:
        """Keep results in one transaction; an answer that has one keeps it.

        Raises:
            RunNotFound: the run was deleted meanwhile.
        """
        # In one order, so that two workers with the same answers never wait for each other.
        rows = [_row(run_n, result) for result in sorted(stored, key=lambda result: result.ordinal)]
        if not rows:
            return
        with self._database.writing() as connection:
            if not is_there(connection, run_n):
                raise RunNotFound(str(run_n))
            insert = insert_or_ignore(self._database, results).returning(results.c.status)
            # What came back was inserted; what was there already does not come back.
            self._count(connection, run_n, Counter(connection.scalars(insert, rows)))

    def tally(self, run_n: int) -> Tally:
        """How many results there are, by status."""
        query = sa.select(tallies.c.status, tallies.c.results).where(tallies.c.run_n == run_n)
        with self._database.reading() as connection:
            return {row.status: row.results for row in connection.execute(query) if row.results}

    def bill(self, run_n: int) -> Bill:
        """What the results of a run took."""
        query = sa.select(
            sa.func.coalesce(sa.func.sum(results.c.calls), 0),
            sa.func.coalesce(sa.func.sum(results.c.tokens), 0),
            sa.func.sum(results.c.cost_usd),
            sa.func.count().filter(results.c.cost_usd.is_(None), results.c.calls > 0),
        ).where(results.c.run_n == run_n)
        with self._database.reading() as connection:
            calls, tokens, cost, unpriced = connection.execute(query).one()
        known = float(cost or 0.0)
        return Bill(int(calls), int(tokens), None if unpriced or cost is None else known, known)

    def paid(self, run_ns: Sequence[int], rubric: str, *, limit: int) -> list[tuple[bytes, bytes]]:
        """Verdicts by a rubric that took calls, the newest first, each with its submission; both packed."""
        query = (
            sa.select(results.c.body, answers.c.body)
            .join(answers, sa.and_(answers.c.run_n == results.c.run_n, answers.c.ordinal == results.c.ordinal))
            .where(results.c.run_n.in_(run_ns), results.c.rubric == rubric, results.c.calls > 0)
            .where(results.c.status.in_(_FINAL))
            .order_by(results.c.run_n.desc(), results.c.ordinal)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [(bytes(body), bytes(submission)) for body, submission in connection.execute(query)]

    def failure(self, run_n: int, codes: Iterable[str]) -> tuple[int, bytes] | None:
        """The place and the fault, packed, of the first answer that failed with one of these codes."""
        query = (
            sa.select(results.c.ordinal, results.c.body)
            .where(results.c.run_n == run_n, results.c.error_code.in_(list(codes)))
            .order_by(results.c.ordinal)
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.ordinal, bytes(row.body))

    def take_over(self, run: Run) -> int:
        """Take over the results of the owner's earlier runs that have the same keys; returns how many."""
        target, earlier = results, results.alias()
        columns = [column.name for column in target.columns if column.name not in {"run_n", "ordinal"}]
        # Of several equal ones the first run's: they are all of the same answer, graded in the same way.
        first = (
            sa.select(earlier.c.key, sa.func.min(earlier.c.run_n).label("run_n"))
            .join(runs, runs.c.n == earlier.c.run_n)
            .where(runs.c.owner == run.owner, runs.c.n != run.n, earlier.c.status.in_(_FINAL))
            .where(earlier.c.key.in_(sa.select(answers.c.key).where(answers.c.run_n == run.n)))
            .group_by(earlier.c.key)
            .subquery()
        )
        one = (
            sa.select(earlier.c.run_n, earlier.c.key, sa.func.min(earlier.c.ordinal).label("ordinal"))
            .join(first, sa.and_(first.c.key == earlier.c.key, first.c.run_n == earlier.c.run_n))
            .where(earlier.c.status.in_(_FINAL))
            .group_by(earlier.c.run_n, earlier.c.key)
            .subquery()
        )
        # What they took was counted where they were made.
        free: dict[str, sa.ColumnElement[object]] = {
            "calls": sa.literal(0),
            "tokens": sa.literal(0),
            "cost_usd": sa.literal(0.0, sa.Double),
            "taken_over": sa.literal(True),  # noqa: FBT003 - a value, not a flag
        }
        found = (
            sa.select(answers.c.run_n, answers.c.ordinal, *(free.get(name, earlier.c[name]) for name in columns))
            .join(one, one.c.key == answers.c.key)
            .join(earlier, sa.and_(earlier.c.run_n == one.c.run_n, earlier.c.ordinal == one.c.ordinal))
            .where(answers.c.run_n == run.n)
        )
        with self._database.writing() as connection:
            if not alone_with(connection, run.n):
                return 0  # it was deleted meanwhile, and must not leave results behind
            insert = insert_or_ignore(self._database, target).from_select(["run_n", "ordinal", *columns], found)
            connection.execute(insert)
            recount(connection, run.n)
        return sum(self.tally(run.n).values())

    def withdraw_passing(self, run: Run, codes: Iterable[str]) -> int:
        """Remove results that another try may better: stand-ins' verdicts, and failures with these codes."""
        passing = sa.or_(results.c.status == "degraded", results.c.error_code.in_(list(codes)))
        with self._database.writing() as connection:
            # In the order in which a run is deleted, or the two would wait for each other.
            alone_with(connection, run.n)
            removed = connection.execute(sa.delete(results).where(results.c.run_n == run.n, passing)).rowcount
            if removed:
                recount(connection, run.n)
        return removed

    def known(self, owner: str, keys: Sequence[bytes]) -> dict[bytes, StoredResult]:
        """Final results of the owner's by key, for those of the keys that have one."""
        query = (
            sa.select(results)
            .join(runs, runs.c.n == results.c.run_n)
            .where(runs.c.owner == owner, results.c.key.in_(keys), results.c.status.in_(_FINAL))
        )
        with self._database.reading() as connection:
            return {bytes(row.key): _stored(row) for row in connection.execute(query)}

    def read(self, run_n: int, first: int, end: int) -> list[StoredResult]:
        """The results that there are from `first` up to `end`, in order."""
        query = (
            sa.select(results)
            .where(results.c.run_n == run_n, results.c.ordinal >= first, results.c.ordinal < end)
            .order_by(results.c.ordinal)
        )
        with self._database.reading() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def lines(self, run: Run, first: int, limit: int) -> list[ResultLine]:
        """What there is from a place on without a gap, at most `limit`."""
        query = (
            sa.select(
                results.c.ordinal,
                answers.c.id,
                results.c.status,
                results.c.rubric,
                results.c.band,
                results.c.body,
                answers.c.body.label("submission"),
                sa.func.coalesce(results.c.taken_over, sa.false()).label("taken_over"),
            )
            .join(answers, sa.and_(answers.c.run_n == results.c.run_n, answers.c.ordinal == results.c.ordinal))
            .where(results.c.run_n == run.n, results.c.ordinal >= first, results.c.ordinal < first + limit)
            .order_by(results.c.ordinal)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [ResultLine(*row) for place, row in enumerate(rows, start=first) if row.ordinal == place]

    def marks(self, run: Run) -> Iterator[tuple[int, Marks]]:
        """The figures of every result, in order of place."""
        after = -1
        while True:
            query = (
                sa.select(results)
                .where(results.c.run_n == run.n, results.c.ordinal > after)
                .order_by(results.c.ordinal)
                .limit(_AT_ONCE)
            )
            with self._database.reading() as connection:
                rows = connection.execute(query).all()
            if not rows:
                return
            for row in rows:
                yield row.ordinal, _marks(row)
            after = rows[-1].ordinal

    def _count(self, connection: sa.Connection, run_n: int, added: Counter[OutcomeStatus]) -> None:
        for status in sorted(added):  # in one order, so that two workers never wait for each other
            mine = sa.and_(tallies.c.run_n == run_n, tallies.c.status == status)
            more = sa.update(tallies).where(mine).values(results=tallies.c.results + added[status])
            if not connection.execute(more).rowcount:
                row = {"run_n": run_n, "status": status, "results": 0}
                connection.execute(insert_or_ignore(self._database, tallies).values(row))
                connection.execute(more)


def alone_with(connection: sa.Connection, run_n: int) -> bool:
    """Keep everybody else from a run until the transaction ends; whether there is one."""
    return connection.scalar(sa.select(runs.c.n).where(runs.c.n == run_n).with_for_update()) is not None


def recount(connection: sa.Connection, run_n: int) -> None:
    """Count the results of a run anew, by status."""
    # One at a time, or two would both find no tallies and both write them.
    alone_with(connection, run_n)
    connection.execute(sa.delete(tallies).where(tallies.c.run_n == run_n))
    counted = sa.select(results.c.run_n, results.c.status, sa.func.count()).where(results.c.run_n == run_n)
    connection.execute(
        sa.insert(tallies).from_select(
            ["run_n", "status", "results"], counted.group_by(results.c.run_n, results.c.status)
        )
    )


def _row(run_n: int, result: StoredResult) -> dict[str, object]:
    marks = result.marks
    return {
        "run_n": run_n,
        "ordinal": result.ordinal,
        "key": result.key,
        "status": marks.status,
        "rubric": marks.rubric_digest,
        "score": marks.score,
        "score_low": marks.score_low,
        "score_high": marks.score_high,
        "band": marks.band,
        "levels": bytes(_UNGRADED if level is None else level for level in marks.levels),
        "flags": bytes(_UNGRADED if flag is None else flag for flag in marks.flags),
        "error_code": marks.error_code,
        "calls": result.calls,
        "tokens": result.tokens,
        "cost_usd": result.cost_usd,
        "body": result.body,
        "records": result.records,
        "taken_over": result.taken_over,
    }


def _marks(row: sa.Row[tuple[object, ...]]) -> Marks:
    return Marks(
        status=row.status,
        rubric_digest=row.rubric,
        score=row.score,
        score_low=row.score_low,
        score_high=row.score_high,
        band=row.band,
        levels=tuple(None if level == _UNGRADED else level for level in bytes(row.levels)),
        flags=tuple(None if flag == _UNGRADED else bool(flag) for flag in bytes(row.flags)),
        error_code=row.error_code,
    )


def _stored(row: sa.Row[tuple[object, ...]]) -> StoredResult:
    return StoredResult(
        ordinal=row.ordinal,
        key=bytes(row.key),
        marks=_marks(row),
        body=bytes(row.body),
        calls=row.calls,
        tokens=row.tokens,
        cost_usd=row.cost_usd,
        records=None if row.records is None else bytes(row.records),
        taken_over=bool(row.taken_over),
    )
