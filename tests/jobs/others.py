"""What another process does until it is killed, apart from the tests so that it imports little."""

import threading
from contextlib import closing
from multiprocessing.connection import Connection
from unittest.mock import patch

from service.jobs import desk_of, working
from service.jobs.liveness import liveness_for
from service.store import Database
from tests.jobs.running import settings_of, until
from tests.jobs.scripted import ScriptedModel


def hold_and_wait(url: str, executor: str, report: Connection) -> None:
    """Hold the lock of an executor for good, and report that it is held."""
    with closing(Database(url)) as database:
        liveness = liveness_for(database, executor)  # named, for a lock that nobody has a name for is freed
        liveness.hold()
        report.send("held")
        threading.Event().wait()


def ask_and_wait(url: str, concurrency: int, report: Connection) -> None:
    """Work at the runs of a database with a model that never replies; report when as much is asked as may be."""
    model = ScriptedModel()
    model.replying.clear()
    settings = settings_of(url, model=model.model, model_concurrency=concurrency)
    with (
        patch("service.jobs.chunks.build_evaluator", model.evaluator),
        desk_of(settings) as desk,
        working(desk, settings),
    ):
        until(lambda: len(model.calls) == concurrency)
        report.send("asking")
        threading.Event().wait()
