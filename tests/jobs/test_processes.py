"""Several processes on one database: they share the work, and the living take over from the dead."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from service.jobs import Desk, working
from service.settings import Settings
from service.store import open_store
from tests.jobs.commands import ended, environment, run, started
from tests.jobs.others import ask_and_wait
from tests.jobs.running import RAG, finish, order_of, texts
from tests.jobs.scripted import ScriptedModel

ANSWERS = 300


def test_a_living_process_takes_over_from_a_killed_one(
    desk: Desk, database_url: str, with_model: Settings, model: ScriptedModel
) -> None:
    """Though nobody runs the killed one's command again."""
    order = order_of(with_model, texts(12))
    submitted = desk.submit(order.id, order.spec, order.reader)
    context = multiprocessing.get_context("spawn")
    reading, writing = context.Pipe(duplex=False)
    arguments = (database_url, with_model.model_concurrency, writing)
    other = context.Process(target=ask_and_wait, args=arguments, daemon=True)
    other.start()
    with closing(reading), closing(writing):
        assert reading.poll(60)

    with working(desk, with_model):
        other.kill()
        other.join()
        finish(desk, submitted.run)

    assert desk.progress(submitted.run).counts == {"graded": 12}
    assert sorted(model.calls) == sorted(texts(12))


def test_two_commands_at_once_on_one_file(tmp_path: Path) -> None:
    """The same files twice at the same moment are one run, and both get all of its results."""
    url = f"sqlite:///{tmp_path}/evaluator.db"
    lines = "".join(json.dumps({"id": f"a{place}", "answer": text}) + "\n" for place, text in enumerate(texts(ANSWERS)))
    (tmp_path / "answers.jsonl").write_text(lines, encoding="utf-8")
    command = ["batch", "answers.jsonl", "--rubric", RAG]

    with (
        started(command, environment(url), tmp_path) as one,
        started(command, environment(url), tmp_path) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        results = list(pool.map(ended, (one, other)))

    assert [code for code, _, _ in results] == [0, 0], results[0][2] + results[1][2]
    assert results[0][1] == results[1][1]
    assert [json.loads(line)["id"] for line in results[0][1].splitlines()] == [f"a{place}" for place in range(ANSWERS)]
    with closing(open_store(url)) as store:
        (only,) = store.runs.list()
        assert only.state == "finished"
        assert store.results.tally(only.n) == {"graded": ANSWERS}


def test_a_command_works_beside_an_engine(desk: Desk, offline: Settings, tmp_path: Path, database_url: str) -> None:
    """On either database, each with a run of its own, and each may do a part of the other's."""
    (tmp_path / "answers.jsonl").write_text('{"answer": "I start with a prompt."}\n' * 100, encoding="utf-8")
    order = order_of(offline, texts(200))
    submitted = desk.submit(order.id, order.spec, order.reader)

    with working(desk, offline):
        code, out, err = run(["batch", "answers.jsonl", "--rubric", RAG], environment(database_url), tmp_path)
        finish(desk, submitted.run)

    assert code == 0, err
    assert len(out.splitlines()) == 100
    assert desk.progress(submitted.run).counts == {"graded": 200}
