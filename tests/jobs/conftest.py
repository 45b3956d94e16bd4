from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.jobs import Desk, desk_of
from service.settings import Settings
from service.store import open_store
from tests.databases import postgres_database, with_tables
from tests.jobs.running import settings_of
from tests.jobs.scripted import ScriptedModel
from tests.rubrics_once import rubrics_once

__all__ = ["rubrics_once"]

_KEPT = {"evaluator_version", "dbos_migrations"}


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """One database on the server for all tests, with the tables of the store and of the engine."""
    with postgres_database() as url:
        with desk_of(settings_of(url)):
            pass
        yield url


def _empty(url: str) -> None:
    store = open_store(url)
    with store.database.writing() as connection:
        inspector = sa.inspect(connection)
        tables = [
            f'"{schema}"."{name}"'
            for schema in ("public", "dbos")
            for name in inspector.get_table_names(schema)
            if name not in _KEPT
        ]
        connection.exec_driver_sql(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY")
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn; making one on the server takes seconds, emptying it does not."""
    if request.param == "sqlite":
        return with_tables(tmp_path)
    url: str = request.getfixturevalue("server_url")
    _empty(url)
    return url


@pytest.fixture
def offline(database_url: str) -> Settings:
    """Settings without a model, for each kind of database in turn."""
    return settings_of(database_url)


@pytest.fixture
def desk(offline: Settings) -> Iterator[Desk]:
    """The runs of an empty database; engines that work at them are the test's own affair."""
    with desk_of(offline) as desk:
        yield desk


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """The model that every engine of the test asks, whatever it is called."""
    model = ScriptedModel()
    monkeypatch.setattr("service.jobs.chunks.build_evaluator", model.evaluator)
    return model


@pytest.fixture
def with_model(database_url: str) -> Settings:
    """Settings with the scripted model, which is asked for four answers at once."""
    return settings_of(database_url, model="openai/scripted", model_concurrency=4)
