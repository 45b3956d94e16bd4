import multiprocessing
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.errors import StoreUnavailable
from service.store import Database, Store, default_url, open_store
from service.store import database as database_module
from service.store.database import HEAD
from service.store.schema import metadata
from tests.databases import sqlite_url
from tests.store.opening import open_at_once
from tests.store.rows import loaded_run, result

MIGRATIONS = Path(database_module.__file__).parent / "migrations"


def test_head_is_the_newest_migration() -> None:
    """A migration that HEAD does not name would never be applied to a database that has the one before."""
    directory = ScriptDirectory(str(MIGRATIONS))

    newest = directory.get_current_head()

    assert newest == HEAD
    assert len(list((MIGRATIONS / "versions").glob("v*.py"))) == len(list(directory.walk_revisions()))


def test_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    """What the code reads and writes is what the migrations made, to the last column and index."""
    with store.database.reading() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "version_table": "evaluator_version",
                "include_name": lambda name, kind, _: kind != "table" or str(name).startswith("evaluator_"),
            },
        )

        differences = compare_metadata(context, metadata)

    assert differences == []


def test_opening_again_keeps_what_is_there(database_url: str) -> None:
    """Migrations that were applied are not applied again."""
    with closing(open_store(database_url)) as first:
        loaded_run(first, "run-1", "one")

    with closing(open_store(database_url)) as second:
        runs = second.runs.list()

    assert [run.id for run in runs] == ["run-1"]


def test_processes_that_open_at_once_make_one_database(database_url: str) -> None:
    """A new file that two commands and a service meet at the same moment."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    ends = [context.Pipe(duplex=False) for _ in range(3)]
    processes = [context.Process(target=open_at_once, args=(database_url, barrier, end)) for _, end in ends]
    for process in processes:
        process.start()

    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert {reading.recv() for reading, _ in ends} == {1}
    for reading, writing in ends:
        reading.close()
        writing.close()


def test_a_database_of_a_newer_version_is_refused(database_url: str) -> None:
    """An older program would read and write tables that it does not understand."""
    with closing(open_store(database_url)) as store, store.database.writing() as connection:
        connection.execute(sa.text("UPDATE evaluator_version SET version_num = '9999'"))

    with closing(Database(database_url)) as database, pytest.raises(StoreUnavailable, match="newer version"):
        database.migrate()


def test_the_default_is_a_file_of_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the folder for data, which is made when the database is."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    with closing(open_store(default_url())) as store:
        path = store.database.path

    assert path == tmp_path / "answer-evaluator" / "evaluator.db"
    assert path.exists()


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    """It holds what candidates said; nor can the files beside it be read, nor the folder that was made for it."""
    folder = tmp_path / "new" / "folder"
    with closing(open_store(sqlite_url(folder))) as store:
        loaded_run(store, "run-1", "one")

        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert {name: mode for name, mode in modes.items() if "migrating" not in name} == {
        "evaluator.db": 0o600,
        "evaluator.db-wal": 0o600,
        "evaluator.db-shm": 0o600,
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("nonsense", id="no URL"),
        pytest.param("", id="empty"),
        pytest.param("sqlite://", id="no file"),
        pytest.param("sqlite:///:memory:", id="in memory, which no second process sees"),
        pytest.param("mysql://root@localhost/test", id="another kind of database"),
        pytest.param("postgresql://user:secret-word@127.0.0.1:port/name", id="a port that is none"),
    ],
)
def test_an_address_of_no_database_is_refused(url: str) -> None:
    """With the form that it should have, and without the password that may stand in it."""
    with pytest.raises(StoreUnavailable, match="EVALUATOR_DATABASE_URL") as caught:
        open_store(url)

    assert "sqlite:///FILE" in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_a_server_that_is_away_is_said_to_be_without_the_password() -> None:
    """It may be back by itself, so trying again makes sense."""
    with pytest.raises(StoreUnavailable) as caught:
        open_store("postgresql://somebody:secret-word@127.0.0.1:1/name")

    assert "secret-word" not in str(caught.value)
    assert "127.0.0.1:1/name" in str(caught.value)
    assert caught.value.passing


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """And left as it is."""
    path = tmp_path / "evaluator.db"
    path.write_bytes(b"this is a letter, and no database at all; " * 100)
    before = path.read_bytes()

    with pytest.raises(StoreUnavailable, match="cannot be used"):
        open_store(sqlite_url(tmp_path))

    assert path.read_bytes() == before


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(StoreUnavailable, match=str(tmp_path)):
        open_store(f"sqlite:///{tmp_path}")


def test_a_file_where_a_folder_should_be_is_refused(tmp_path: Path) -> None:
    """The message says what the system said, and what to do."""
    (tmp_path / "taken").write_text("", encoding="utf-8")

    with pytest.raises(StoreUnavailable, match=r"cannot be made: File exists\. .*EVALUATOR_DATABASE_URL"):
        open_store(f"sqlite:///{tmp_path}/taken/evaluator.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Before anything was graded."""
    tmp_path.chmod(0o500)

    with pytest.raises(StoreUnavailable, match="cannot be made"):
        open_store(sqlite_url(tmp_path))


def test_a_full_disk_is_said_and_nothing_saved_is_lost(tmp_path: Path) -> None:
    """It does not pass by itself, so nobody tries again and again; with room, the same works."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        texts = [f"text {number}" for number in range(400)]
        run = loaded_run(store, "run-1", *texts)
        store.results.save(run.n, [result(0, texts[0])])
        small = _limited(store.database, pages=1)
        crowd = [result(place, texts[place], body=os.urandom(2_000)) for place in range(1, 400)]

        with pytest.raises(StoreUnavailable, match="is full") as caught:
            store.results.save(run.n, crowd)

        assert not caught.value.passing
        assert store.results.tally(run.n) == {"graded": 1}
        sa.event.remove(store.database.engine, "begin", small)
        with store.database.reading() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        store.results.save(run.n, crowd)
        assert store.results.tally(run.n) == {"graded": 400}


def _limited(database: Database, *, pages: int) -> Callable[[sa.Connection], None]:
    """Let the file have so many pages more than now, on any connection."""
    with database.reading() as connection:
        most = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + pages

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most}")

    sa.event.listen(database.engine, "begin", limit)
    return limit


def test_a_locked_database_is_waited_for_and_then_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds it may let go, so trying again makes sense."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        run = loaded_run(store, "run-1", "one")
        with store.database.reading() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with closing(sqlite3.connect(tmp_path / "evaluator.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")

            with pytest.raises(StoreUnavailable, match="locked") as caught:
                store.results.save(run.n, [result(0, "one")])

            other.execute("ROLLBACK")
        store.results.save(run.n, [result(0, "one")])

        assert caught.value.passing
        assert store.results.tally(run.n) == {"graded": 1}


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    """Progress is shown while results are being written."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        loaded_run(store, "run-1", "one")
        with closing(sqlite3.connect(tmp_path / "evaluator.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")

            runs = store.runs.list()

            other.execute("ROLLBACK")
        assert [run.id for run in runs] == ["run-1"]


def test_a_broken_constraint_tells_nothing_of_the_row(store: Store) -> None:
    """The database's own message has the values in it."""
    run = loaded_run(store, "run-1", "one")

    with pytest.raises(StoreUnavailable) as caught:
        _insert_run(store, "canary", n=run.n)

    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_transaction_is_all_or_nothing(store: Store) -> None:
    """What fails in the middle leaves nothing."""
    loaded_run(store, "taken")

    with pytest.raises(StoreUnavailable):
        _insert_run(store, "half", "taken")

    assert [run.id for run in store.runs.list()] == ["taken"]


def _insert_run(store: Store, *ids: str, **values: object) -> None:
    with store.database.writing() as connection:
        for run_id in ids:
            row = {"id": run_id, "owner": "", "state": "loading", "spec": "", "created_at": 0.0, **values}
            connection.execute(sa.insert(metadata.tables["evaluator_runs"]).values(row))
