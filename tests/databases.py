"""Databases for tests: a file of SQLite, or a database of its own on a PostgreSQL server.

The server is the one at TEST_POSTGRES_URL, or a local one on the standard port. Without one, the tests that need it are
skipped, unless REQUIRE_POSTGRES=1 makes that a failure.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_SERVER = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_REQUIRED = os.environ.get("REQUIRE_POSTGRES") == "1"


def sqlite_url(folder: Path) -> str:
    """A database in a file."""
    return f"sqlite:///{folder / 'evaluator.db'}"


def with_tables(folder: Path) -> str:
    """A database in a file, empty, with the tables of the store and of the engine; returns its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluator.db").write_bytes(_migrated())
    return sqlite_url(folder)


@cache
def _migrated() -> bytes:
    from service.jobs import desk_of
    from service.settings import load_settings

    folder = Path(tempfile.mkdtemp())
    try:
        with desk_of(load_settings(database_url=sqlite_url(folder))):
            pass
        return (folder / "evaluator.db").read_bytes()  # closing has written the log back to the file
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres_database() -> Iterator[str]:
    """A new, empty database on the server; yields its URL, and drops it with whoever is connected."""
    name = f"evaluator_test_{uuid.uuid4().hex}"
    try:
        _on_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        if _REQUIRED:
            raise
        pytest.skip(f"NO POSTGRESQL: set TEST_POSTGRES_URL, or start one on the standard port ({error})")
    try:
        yield f"{_SERVER.rpartition('/')[0]}/{name}"
    finally:
        _on_server(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def closed(url: str) -> Iterator[None]:
    """Cut every connection to a database of the server, and refuse new ones, while the context lasts."""
    name = url.rpartition("/")[2]
    may_connect = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    _on_server(may_connect.format(sql.Identifier(name), sql.Literal(False)))  # noqa: FBT003 - a value, not a flag
    _on_server(
        sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(sql.Literal(name))
    )
    try:
        yield
    finally:
        _on_server(may_connect.format(sql.Identifier(name), sql.Literal(True)))  # noqa: FBT003 - as above


def _on_server(statement: sql.Composed) -> None:
    # On a connection of its own each time: a test may have the server restarted.
    with psycopg.connect(_SERVER, autocommit=True, connect_timeout=5) as server:
        server.execute(statement)
