"""A service with a database on a real socket, for the tests of batches."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.api import build_app, end_streams
from service.batch.grading import grade_stored
from service.settings import Settings
from tests.api.batch_client import Batches, Gate
from tests.api.doubles import KEY
from tests.rubrics_once import rubrics_once
from tests.serving import serving

__all__ = ["rubrics_once"]

OTHER_KEY = "key-of-the-tests-0002"


@pytest.fixture(scope="module")
def batch_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that grades batches; there can be one in a process."""
    folder = tmp_path_factory.mktemp("batches")
    with batch_service_at(folder) as address:
        yield address


@contextlib.contextmanager
def batch_service_at(folder: Path, **settings: Any) -> Iterator[str]:
    """Serve with a database in a folder."""
    app = build_app(
        Settings(
            _env_file=None,
            database_url=f"sqlite:///{folder}/evaluator.db",
            api_keys=f"{KEY},{OTHER_KEY}",
            webhooks_allow_private=True,
            max_upload_bytes=300_000,
            **settings,
        )
    )
    with serving(app) as (host, port):
        yield f"http://{host}:{port}"
        end_streams(app)


@pytest.fixture
def batches(batch_service: str) -> Iterator[Batches]:
    """A client with the first key."""
    with Batches(batch_service, KEY) as client:
        yield client


@pytest.fixture
def others(batch_service: str) -> Iterator[Batches]:
    """A client with the other key."""
    with Batches(batch_service, OTHER_KEY) as client:
        yield client


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Holds the grading of all but the first answers until it is opened, as it is at the end."""
    held = Gate(threading.Event())

    async def behind(evaluator: Any, spec: Any, answer: Any, *others: Any, **named: Any) -> Any:
        if answer.ordinal >= held.holds_from:
            held.opened.wait(120)  # in a thread of the engine's own
        return await grade_stored(evaluator, spec, answer, *others, **named)

    monkeypatch.setattr("service.jobs.chunks.grade_stored", behind)
    yield held
    held.opened.set()
