from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.store import Store, open_store
from tests.databases import postgres_database, sqlite_url

_KEPT = {"evaluator_version"}


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """One database on the server for all tests, which takes a second to make."""
    with postgres_database() as url:
        yield url


def _emptied(url: str) -> None:
    with closing(open_store(url)) as store, store.database.writing() as connection:
        tables = [name for name in sa.inspect(connection).get_table_names() if name not in _KEPT]
        connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store on each kind of database in turn."""
    url = sqlite_url(tmp_path)
    if request.param == "postgres":
        url = request.getfixturevalue("server_url")
        _emptied(url)
    with closing(open_store(url)) as store:
        yield store
