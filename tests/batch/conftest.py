from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.rubric import Catalog, Rubric
from service.store import Store, open_store
from tests.conftest import FIXTURES
from tests.databases import sqlite_url


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a file."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        yield store


@pytest.fixture(scope="session")
def rubrics(rubric: Rubric) -> dict[str, Rubric]:
    """Three rubrics with questions of their own, by id."""
    others = {each.id: each for each in Catalog(FIXTURES / "rubrics").all()}
    return {rubric.id: rubric, **others}
