"""`evaluator serve` with batches, as a process that is killed, stopped and started again."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.store import open_store
from tests.api.batch_client import Batches, answers, eventually

COMMAND = [str(Path(sys.executable).with_name("evaluator")), "serve", "--port", "0"]
MANY = 400


@contextmanager
def running(database: Path) -> Iterator[tuple[subprocess.Popen[str], Batches]]:
    """A service on a free port with a client; killed at the end."""
    process = subprocess.Popen(
        COMMAND, stderr=subprocess.PIPE, text=True, env={"EVALUATOR_DATABASE_URL": f"sqlite:///{database}"}
    )
    assert process.stderr is not None
    announced = re.search(r"at (http://\S+)", process.stderr.readline())
    assert announced
    drained = threading.Thread(target=process.stderr.read)
    drained.start()
    try:
        with Batches(announced.group(1)) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        drained.join()
        process.stderr.close()


def saved(database: Path, batch: dict[str, Any]) -> int:
    """How many results of a batch are on disk."""
    with closing(open_store(f"sqlite:///{database}")) as store:
        return sum(store.results.tally(store.runs.get(batch["id"]).n).values())


def test_a_batch_outlives_its_service(tmp_path: Path) -> None:
    """After `kill -9` the next start finishes it without being asked, with every answer once and in order."""
    database = tmp_path / "evaluator.db"
    with running(database) as (process, client):
        batch = client.make(answers(MANY))
        client.done(batch, 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = saved(database, batch)

    with running(database) as (_, client):
        eventually(lambda: client.http.get("/readyz").json()["batches"] == "ready")
        ended = client.ended(batch)
        results = client.results(batch)

    assert 0 < before < MANY
    assert (ended["state"], ended["counts"]["graded"]) == ("finished", MANY)
    assert [each["id"] for each in results] == [f"c{number}" for number in range(MANY)]


def test_a_stop_ends_the_streams(tmp_path: Path) -> None:
    """Whoever follows does not hold up the end, and can tell that there was more."""
    with running(tmp_path / "evaluator.db") as (process, client):
        batch = client.make(answers(5 * MANY))  # more than can be graded before the signal arrives
        with client.http.stream("GET", batch["links"]["results"]) as reply:
            lines = reply.iter_lines()
            next(lines)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
        code = process.wait(timeout=30)

    assert code in (0, -signal.SIGTERM)
