"""Runs: what was asked for, how far it is, and whose it is."""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service.errors import RunNotFound
from service.store.database import Database
from service.store.schema import answers, budgets, gradings, requests, results, rubrics, runs, tallies

RunState = Literal["loading", "running", "cancelled", "stopped", "failed", "finished"]
"""`failed`: the work itself broke off, not that answers could not be graded; `stopped`: the budget has no more room."""


class Run(NamedTuple):
    """One run. `total` is None until all answers are in; times are seconds since 1970.

    `attempt` counts how often what had failed was set to be graded again; `reused` counts results taken over from
    earlier runs.
    """

    n: int
    id: str
    owner: str
    state: RunState
    spec: str
    total: int | None
    reused: int
    attempt: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    text: Literal["going", "gone"] | None = None
    """How far what candidates said is erased; None while it is kept."""


def insert_or_ignore(database: Database, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """An insert that leaves rows alone that are there."""
    if database.path is not None:
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def is_there(connection: sa.Connection, run_n: int) -> bool:
    """Whether a run is neither deleted nor erased; it cannot be until the transaction ends."""
    query = sa.select(runs.c.n).where(runs.c.n == run_n, runs.c.text.is_(None)).with_for_update(read=True)
    return connection.execute(query).one_or_none() is not None


class Runs:
    """The runs of a database; `owner` None means anybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, run_id: str, *, owner: str, spec: str) -> Run:
        """Note a run whose answers are to come, or find the one that is there."""
        row = {
            "id": run_id,
            "owner": owner,
            "state": "loading",
            "spec": spec,
            "reused": 0,
            "attempt": 1,
            "created_at": time.time(),
        }
        with self._database.writing() as connection:
            connection.execute(insert_or_ignore(self._database, runs).values(row))
        return self.get(run_id, owner=owner)

    def get(self, run_id: str, *, owner: str | None = None) -> Run:
        """The run with an id, or with the only id that begins so.

        Raises:
            RunNotFound: there is none, or it is another owner's, or the beginning fits several.
        """
        mine = sa.true() if owner is None else runs.c.owner == owner
        with self._database.reading() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id, mine)).one_or_none()
            if row is None and len(run_id) >= 4:
                begins = runs.c.id.startswith(run_id, autoescape=True)
                found = connection.execute(sa.select(runs).where(begins, mine).limit(2)).all()
                row = found[0] if len(found) == 1 else None
        if row is None:
            raise RunNotFound(run_id)
        return Run(*row)

    def list(self, *, owner: str | None = None, limit: int = 100, state: RunState | None = None) -> Sequence[Run]:
        """The newest runs first."""
        query = sa.select(runs).order_by(runs.c.created_at.desc(), runs.c.n.desc()).limit(limit)
        if owner is not None:
            query = query.where(runs.c.owner == owner)
        if state is not None:
            query = query.where(runs.c.state == state)
        with self._database.reading() as connection:
            return [Run(*row) for row in connection.execute(query)]

    def others(self, run: Run) -> bool:
        """Whether the owner has another run that results could be taken over from."""
        query = sa.select(sa.exists().where(runs.c.owner == run.owner, runs.c.n != run.n))
        with self._database.reading() as connection:
            return bool(connection.scalar(query))

    def loaded(self, run: Run, *, total: int, reused: int) -> None:
        """Note that all answers are in."""
        self._update(run, runs.c.total.is_(None), total=total, reused=reused)

    def load_again(self, run: Run) -> None:
        """Note that the answers of a run, which were not all read, are read now."""
        self._update(run, runs.c.total.is_(None), state="loading", finished_at=None)

    def start(self, run: Run, *, attempt: int) -> bool:
        """Note that the run is under way, unless somebody else has changed it meanwhile; whether it was noted."""
        unchanged = sa.and_(runs.c.state == run.state, runs.c.attempt == run.attempt)
        return self._update(run, unchanged, state="running", attempt=attempt, started_at=time.time(), finished_at=None)

    def finish(self, run: Run, state: RunState = "finished") -> None:
        """Note that every answer has its result, or that the work broke off, unless it was cancelled or begun anew."""
        with self._database.writing() as connection:
            connection.execute(
                sa.update(runs)
                .where(runs.c.n == run.n, runs.c.state == "running", runs.c.attempt == run.attempt)
                .values(state=state, finished_at=time.time())
            )

    def cancel(self, run: Run) -> None:
        """Note that the run was stopped by its owner."""
        self._update(run, runs.c.state != "finished", state="cancelled", finished_at=time.time())

    def delete(self, run: Run) -> None:
        """Erase a run with its answers, its results, and the rubrics that nothing uses any more."""
        with self._database.writing() as connection:
            # First, so that nobody adds to what is being deleted.
            connection.execute(sa.select(runs.c.n).where(runs.c.n == run.n).with_for_update())
            for table in (results, answers, tallies, budgets, gradings):
                connection.execute(sa.delete(table).where(table.c.run_n == run.n))
            connection.execute(sa.delete(requests).where(requests.c.run_id == run.id))
            connection.execute(sa.delete(runs).where(runs.c.n == run.n))
            unused = ~sa.exists().where(answers.c.rubric == rubrics.c.digest)
            connection.execute(sa.delete(rubrics).where(unused, ~sa.exists().where(runs.c.state == "loading")))
        self._database.empty_log()

    def _update(self, run: Run, *conditions: sa.ColumnElement[bool], **values: object) -> bool:
        with self._database.writing() as connection:
            change = sa.update(runs).where(runs.c.n == run.n, *conditions).values(values)
            return connection.execute(change).rowcount > 0


class Requests:
    """Which `Idempotency-Key` made which run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def remember(self, owner: str, key: str, digest: str, run_id: str) -> tuple[str, str]:
        """Note a key for a payload and its run; returns the digest and run of whoever came first."""
        row = {"owner": owner, "key": key, "digest": digest, "run_id": run_id, "created_at": time.time()}
        first = sa.select(requests.c.digest, requests.c.run_id).where(requests.c.owner == owner, requests.c.key == key)
        with self._database.writing() as connection:
            connection.execute(insert_or_ignore(self._database, requests).values(row))
            found = connection.execute(first).one()
        return found.digest, found.run_id
