"""Who is alive, by locks that free themselves."""

import contextlib
import multiprocessing
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.jobs.liveness import FileLiveness, Guard, Liveness, SessionLiveness, liveness_for
from service.store import Database
from tests.databases import postgres_database
from tests.jobs.others import hold_and_wait
from tests.jobs.running import until


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of each kind in turn; no tables are needed."""
    with closing(Database(database_url)) as database:
        yield database


def is_dead(seen_by: Liveness, executor: str) -> bool:
    """Whether one process finds another dead."""
    with seen_by.dead(executor) as dead:
        return dead


def test_each_kind_of_database_has_its_locks(database: Database) -> None:
    """Files beside a file, sessions on a server."""
    liveness = liveness_for(database, "me")

    assert isinstance(liveness, SessionLiveness if database.path is None else FileLiveness)


def test_whoever_holds_its_lock_is_alive(database: Database) -> None:
    """In the eyes of others; who gives it back, or never had it, may be taken over."""
    mine, theirs = liveness_for(database, "mine"), liveness_for(database, "theirs")
    mine.hold()
    theirs.hold()

    seen = [is_dead(mine, "theirs"), is_dead(theirs, "mine"), is_dead(mine, "nobody")]
    theirs.release()
    after = is_dead(mine, "theirs")

    assert seen == [False, False, True]
    assert after
    assert mine.held()
    mine.release()
    assert not mine.held()


def test_one_at_a_time_takes_over_a_dead_ones_work(database: Database) -> None:
    """While one looks through what is left, nobody else finds the same worker dead."""
    one, other = liveness_for(database, "one"), liveness_for(database, "other")

    with one.dead("gone") as first:
        second = is_dead(other, "gone")

    assert (first, second) == (True, False)
    assert is_dead(other, "gone")


def test_a_lock_can_be_taken_again(database: Database) -> None:
    """After it was given back, or lost."""
    mine, other = liveness_for(database, "mine"), liveness_for(database, "other")
    mine.hold()
    mine.release()

    mine.hold()

    assert mine.held()
    assert not is_dead(other, "mine")
    mine.release()
    mine.release()


def test_a_process_that_is_killed_is_dead(database: Database, database_url: str) -> None:
    """It had no time to say so."""
    context = multiprocessing.get_context("spawn")
    reading, writing = context.Pipe(duplex=False)
    process = context.Process(target=hold_and_wait, args=(database_url, "theirs", writing), daemon=True)
    process.start()
    assert reading.poll(60)
    mine = liveness_for(database, "mine")

    alive = is_dead(mine, "theirs")
    process.kill()
    process.join()
    until(lambda: is_dead(mine, "theirs"))

    assert not alive
    reading.close()
    writing.close()


def test_files_of_the_dead_are_cleared_away(tmp_path: Path) -> None:
    """Those of the living stay, and nobody else can read the folder."""
    path = tmp_path / "evaluator.db"
    living, coming = FileLiveness(path, "living"), FileLiveness(path, "coming")
    living.hold()
    folder = tmp_path / "evaluator.db.workers"
    (folder / "dead.lock").touch()

    coming.hold()

    assert sorted(each.name for each in folder.iterdir()) == ["coming.lock", "living.lock"]
    assert folder.stat().st_mode & 0o777 == 0o700
    living.release()
    coming.release()
    assert list(folder.iterdir()) == []


def test_a_session_that_the_server_ended_is_noticed() -> None:
    """As when the database is restarted: the lock is gone, and is taken again on a new session."""
    with postgres_database() as url, closing(Database(url)) as database:
        mine, other = SessionLiveness(database, "mine"), SessionLiveness(database, "other")
        mine.hold()
        with database.writing() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )

        lost = not mine.held()
        until(lambda: is_dead(other, "mine"))
        mine.hold()

        assert lost
        assert mine.held()
        assert not is_dead(other, "mine")
        mine.release()


class Scripted:
    """Liveness that is told whether its lock is lost."""

    def __init__(self) -> None:
        self.holding = True
        self.broken = False
        self.log: list[str] = []

    def hold(self) -> None:
        """Take the lock again."""
        self.log.append("hold")
        if self.broken:
            self.broken = False
            raise OSError("the database is away")
        self.holding = True

    def held(self) -> bool:
        """As told."""
        return self.holding

    def dead(self, executor: str) -> contextlib.AbstractContextManager[bool]:
        """Nobody is asked about."""
        raise NotImplementedError

    def release(self) -> None:
        """Note it."""
        self.log.append("release")


@contextlib.contextmanager
def guarding(liveness: Scripted, *, fails: int = 0) -> Iterator[None]:
    """A guard at work; its first looks fail."""
    left, log = fails, liveness.log

    def adopt(liveness: Liveness) -> None:
        nonlocal left
        if left:
            left -= 1
            log.append("fail")
            raise ConnectionError("the database is away")
        log.append("look")

    guard = Guard(liveness, adopt, every_s=0.01)
    guard.start()
    try:
        yield
    finally:
        guard.stop()


def test_the_guard_looks_again_and_again_and_gives_the_lock_back() -> None:
    """Until it is told to stop; then it looks no more."""
    liveness = Scripted()

    with guarding(liveness):
        until(lambda: liveness.log.count("look") >= 3)

    assert liveness.log[-1] == "release"
    assert liveness.log.count("release") == 1
    assert "hold" not in liveness.log


def test_the_guard_takes_a_lost_lock_again_before_it_looks() -> None:
    """Others have lost theirs as well and must come back first, or the living would be taken for dead."""
    liveness = Scripted()
    liveness.holding, liveness.broken = False, True

    with guarding(liveness):
        until(lambda: "look" in liveness.log)

    assert liveness.log[:3] == ["hold", "hold", "look"]


def test_the_guard_outlives_what_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    """A database that is away comes back; what is logged names the kind of the error only."""
    liveness = Scripted()

    with guarding(liveness, fails=2):
        until(lambda: "look" in liveness.log)

    assert liveness.log[:3] == ["fail", "fail", "look"]
    assert "ConnectionError" in caplog.text
    assert "is away" not in caplog.text


def test_the_guard_stops_while_it_waits_for_the_others() -> None:
    """Stopping takes no longer than a look."""
    liveness = Scripted()
    liveness.holding = False

    def adopt(liveness: Liveness) -> None:
        raise NotImplementedError

    guard = Guard(liveness, adopt, every_s=60)
    guard.start()
    until(lambda: "hold" in liveness.log)

    guard.stop()

    assert liveness.log == ["hold", "release"]
