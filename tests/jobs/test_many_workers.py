"""Workers that share one PostgreSQL: they divide the work, take over from the dead, and outlive the database's absence.

`TRIAL_WORKERS_ANSWERS` says how many answers each part has.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from dbos import DBOSClient

from service.batch.inputs import Input
from service.jobs import Desk, desk_of, order_for
from service.jobs.control import engine_url
from service.rubric import Catalog
from service.settings import Settings
from service.store import Run
from tests.conftest import ROOT
from tests.databases import closed, postgres_database
from tests.provider import RunningProvider, scripted_provider

ANSWERS = int(os.environ.get("TRIAL_WORKERS_ANSWERS", "120"))
CONCURRENCY = 16
PATIENCE_S = 60.0
# A run of a few pieces can only be divided roughly: with 8 of them, one piece is an eighth.
LEAST_SHARE = 0.4 if ANSWERS >= 640 else 0.2


@contextlib.contextmanager
def worker(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """`evaluator worker` in a process of its own, once it works."""
    assert settings.database_url is not None
    environment = os.environ | {
        "EVALUATOR_DATABASE_URL": settings.database_url.get_secret_value(),
        "EVALUATOR_MODEL": settings.model or "",
        "EVALUATOR_API_BASE": settings.api_base or "",
        "EVALUATOR_MODEL_CONCURRENCY": str(CONCURRENCY),
    }
    command = [sys.executable, "-m", "service.cli", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert said.startswith("Worker "), said + process.stderr.read()
        drain = threading.Thread(target=process.stderr.read, daemon=True)  # or it would wait for a reader of its logs
        drain.start()
        yield process
    finally:
        process.kill()
        process.wait()
        drain.join()
        process.stderr.close()


def submit(desk: Desk, settings: Settings, part: str) -> Run:
    """A run of answers that no other part has, and in which no grader sees evidence that another missed."""
    lines = "".join(
        json.dumps(
            {
                "id": f"{number:04}",
                "answer": f"The weather was fine in the morning and the birds sang. This is {part} {number}.",
            }
        )
        + "\n"
        for number in range(ANSWERS)
    )
    inputs = [Input(f"{part}.jsonl", BytesIO(lines.encode()), "jsonl")]
    order = order_for(settings, Catalog(), inputs, rubric=Catalog().get("rag-vs-fine-tuning"))
    return desk.submit(order.id, order.spec, order.reader).run


def wait_until(true: Callable[[], bool], what: str) -> None:
    """Look again and again, but not for ever."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        threading.Event().wait(0.05)


def shares(desk: Desk, run: Run) -> list[float]:
    """What part of a run's pieces each executor did."""
    client = DBOSClient(system_database_url=engine_url(desk.store.database))
    try:
        pieces = client.list_workflows(name="chunk", workflow_id_prefix=f"{run.id}/", load_input=False)
    finally:
        client.destroy()
    counted = Counter(piece.executor_id for piece in pieces)
    return [count / counted.total() for count in counted.values()]


def is_finished(desk: Desk, run: Run) -> bool:
    """Whether every answer of a run is graded, and the run has ended."""
    progress = desk.progress(run)
    return progress.state == "finished" and progress.counts == {"graded": ANSWERS}


def settings_of(url: str, provider: RunningProvider) -> Settings:
    """Settings of a process that shares the work."""
    return Settings(
        _env_file=None,
        database_url=url,
        model="openai/scripted",
        api_base=provider.url,
        model_concurrency=CONCURRENCY,
    )


def test_workers_share_take_over_and_outlive_the_database(tmp_path: Path) -> None:
    """Halves of a run each; a killed worker's half finished by the other; the database gone and back in the middle."""
    with (
        postgres_database() as url,
        scripted_provider(latency=0.2) as provider,
        desk_of(settings := settings_of(url, provider)) as desk,
        worker(settings),
        worker(settings) as second,
    ):
        shared = submit(desk, settings, "shared")
        wait_until(lambda: is_finished(desk, shared), "two workers finish a run")
        parts = shares(desk, shared)
        assert len(parts) == 2
        assert all(LEAST_SHARE <= part <= 1 - LEAST_SHARE for part in parts), parts
        assert provider.counts().billed == ANSWERS

        bereft = submit(desk, settings, "bereft")
        wait_until(lambda: desk.progress(bereft).done > ANSWERS // 4, "a quarter of a run is done")
        second.kill()
        wait_until(lambda: is_finished(desk, bereft), "one worker finishes what two began")
        assert ANSWERS * 2 <= provider.counts().billed <= ANSWERS * 2 + CONCURRENCY

        interrupted = submit(desk, settings, "interrupted")
        wait_until(lambda: desk.progress(interrupted).done > ANSWERS // 4, "a quarter of a run is done")
        with closed(url):
            threading.Event().wait(2.0)  # for as long as a restart of the server takes
        wait_until(lambda: is_finished(desk, interrupted), "a run whose database was away is finished")
        assert provider.counts().billed <= ANSWERS * 3 + CONCURRENCY * 2


@pytest.fixture(autouse=True)
def _no_key_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
