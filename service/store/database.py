"""The connection to the database: where it is, how it is opened, and bringing its tables up to date."""

import contextlib
import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import platformdirs
import psycopg
import sqlalchemy as sa

from service.errors import StoreUnavailable

log = logging.getLogger(__name__)

HEAD = "0003"
"""The newest migration; a test holds it to the files."""

_TRY_AGAIN_S = 0.1
_LEAST_ROOM = 4_000_000
"""Bytes; a transaction of a few hundred results takes about a tenth."""
_FULL = ("disk is full", "disk I/O error", "No space left")
# A host that falls silent is noticed within about 15 s, by this side and by the server.
_KEEPALIVE: dict[str, int | str] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "connect_timeout": 10,
    "options": "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
}


def default_url() -> str:
    """SQLite, in the folder where the user's programs keep their data."""
    folder = platformdirs.user_data_path("answer-evaluator", appauthor=False)
    # Rendered, for a folder may be called anything.
    return sa.URL.create("sqlite", database=str(folder / "evaluator.db")).render_as_string()


def exists(url: str) -> bool:
    """Whether there is such a file of SQLite; of a database on a server only opening it can tell.

    Raises:
        StoreUnavailable: it is no address of a database.
    """
    parsed = _parse(url)
    return parsed.get_backend_name() != "sqlite" or Path(parsed.database or "").exists()


class Database:
    """A database that is open; `path` is the file of an SQLite database, None for a server."""

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self.path = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        if self.path is not None:
            _prepare_file(self.path)
        self.engine = _sqlite_engine(self._url) if self.path else _postgres_engine(self._url)
        self._writer = self.engine.execution_options(writes=True)

    @property
    def url(self) -> str:
        """The address with its password, for whoever else has to connect."""
        return self._url.render_as_string(hide_password=False)

    def __str__(self) -> str:
        return self._url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for queries.

        Raises:
            StoreUnavailable: the database is away.
        """
        with self.told_plainly(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction: all of it or none.

        Raises:
            StoreUnavailable: the database is away, or its disk is full.
        """
        with self.told_plainly(), self._writer.begin() as connection:
            yield connection

    def migrate(self) -> None:
        """Create the tables or bring them up to date, one process at a time.

        Raises:
            StoreUnavailable: there is no connection, or the tables are of a newer version of this program.
        """
        with self.told_plainly():
            if self.path is not None and not self.path.stat().st_size:
                # The first connection gives a new file its kind of log; of several at once SQLite has some fail.
                with self.migrating():
                    self._version()
            if self._version() != HEAD:
                with self.migrating():
                    self._upgrade()

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Keep every other process from changing the tables."""
        if self.path is not None:
            with filelock.FileLock(f"{self.path}.migrating"):
                yield
            return
        # Outside a transaction: some changes of the engine's tables wait for every transaction to end.
        with contextlib.closing(SessionLock(self, "migrating")) as lock:
            lock.acquire()
            yield

    @contextmanager
    def told_plainly(self) -> Iterator[None]:
        """Whatever goes wrong with the database inside, as StoreUnavailable."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.DatabaseError) as error:
            raise _unavailable(self, error) from None

    def check_room(self) -> None:
        """Find out whether anything more can be written.

        Raises:
            StoreUnavailable: the disk is full, or nearly so that the next transaction will fail.
        """
        if self.path is not None and shutil.disk_usage(self.path.parent).free < _LEAST_ROOM:
            raise _full(self)

    def empty_log(self) -> None:
        """Have an SQLite database forget the log of its changes, which has copies of what was deleted."""
        if self.path is not None:
            with self.reading() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _version(self) -> str | None:
        with self.reading() as connection:
            if not sa.inspect(connection).has_table("evaluator_version"):
                return None
            version: str | None = connection.scalar(sa.text("SELECT version_num FROM evaluator_version"))
            return version

    def _upgrade(self) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)  # before it speaks of what it loads
        # Seldom needed, and slow to import.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        config.attributes["engine"] = self.engine
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreUnavailable(
                f"The database {self} was made by a newer version of this program. Use that version, or name another "
                "database with EVALUATOR_DATABASE_URL."
            ) from None


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreUnavailable(
            "EVALUATOR_DATABASE_URL is no address of a database; write sqlite:///FILE or "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME."
        ) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres" if "@" in (parsed.host or ""):
            raise StoreUnavailable("EVALUATOR_DATABASE_URL has an @ in its password; write it as %40.", passing=False)
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
    raise StoreUnavailable(
        "EVALUATOR_DATABASE_URL names no database that can be used; write sqlite:///FILE or "
        "postgresql://USER:PASSWORD@HOST:PORT/NAME."
    )


def _prepare_file(path: Path) -> None:
    """Make the folder and the file, for the user alone: it will hold what candidates said."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The database file {path} cannot be made: {error.strerror}. Name another with EVALUATOR_DATABASE_URL."
        ) from None


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 60, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin below
        for pragma in (
            "journal_mode=WAL",
            # The engine's own commits, to the same log, wait for the disk.
            "synchronous=NORMAL",
            # What is deleted is overwritten.
            "secure_delete=ON",
            "cache_size=-4000",
            "journal_size_limit=67108864",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # Writers take turns from the start of a transaction instead of failing in the middle of it.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(
        url, pool_pre_ping=True, pool_size=8, max_overflow=8, connect_args=dict(_KEEPALIVE), pool_recycle=1800
    )


def _full(database: Database) -> StoreUnavailable:
    return StoreUnavailable(
        f"The disk of the database {database} is full. Nothing that was saved is lost: free some space, and run "
        "the same again.",
        passing=False,
    )


def _unavailable(database: Database, error: sa.exc.DBAPIError) -> StoreUnavailable:
    message = str(error.orig).strip().splitlines()[:1]
    reason = (message[0] if message else type(error.orig).__name__).rstrip(".")
    if isinstance(error.orig, psycopg.errors.DiskFull) or any(sign in reason for sign in _FULL):
        return _full(database)
    if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
        return StoreUnavailable(
            f"The database {database} cannot be used: its user may not create what is needed. GRANT CREATE on the "
            "database and on its schema public, or make a schema named dbos that the user owns.",
            passing=False,
        )
    # A constraint that is broken is a mistake of ours, whose details may hold what a candidate said.
    if not isinstance(error, (sa.exc.OperationalError, sa.exc.InterfaceError)):
        reason = type(error.orig).__name__
    return StoreUnavailable(f"The database {database} cannot be used: {reason}.")


class SessionLock:
    """An advisory lock of PostgreSQL on a connection of its own; the server frees it when that is gone."""

    def __init__(self, database: Database, name: str) -> None:
        self._connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        # Out of the pool, so that closing it ends the session.
        self._connection.detach()
        self._key = sa.func.hashtext("evaluator"), sa.func.hashtext(name)

    def acquire(self) -> None:
        """Wait for the lock, outside any statement: whoever has it may wait for every statement to end."""
        while not self.try_acquire():
            time.sleep(_TRY_AGAIN_S)

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it."""
        return bool(self._connection.scalar(sa.select(sa.func.pg_try_advisory_lock(*self._key))))

    def alive(self) -> bool:
        """Whether the session is still there, and the lock with it."""
        try:
            self._connection.execute(sa.text("SELECT 1"))
        except sa.exc.DBAPIError:
            return False
        return True

    def close(self) -> None:
        """End the session and free the lock."""
        self._connection.close()
