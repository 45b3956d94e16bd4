"""What another process does to a store, apart from the tests so that it imports little."""

import threading
from contextlib import closing
from multiprocessing.connection import Connection

from service.store import open_store


def open_at_once(url: str, barrier: threading.Barrier, report: Connection) -> None:
    """Open a store at the same moment as others, make a run, and report its number."""
    barrier.wait()
    with closing(open_store(url)) as store:
        run = store.runs.create("run-1", owner="", spec="{}")
        report.send(run.n)
