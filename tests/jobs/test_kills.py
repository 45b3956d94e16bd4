"""`kill -9` at any moment, then the same command again: nothing is lost, doubled, or paid for twice.

TRIAL_KILLS says how often each run is killed; the long form of the trials takes more.
"""

import functools
import json
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from service.store import Store, open_store
from tests.cli.here import evaluator_here
from tests.databases import sqlite_url
from tests.jobs.commands import environment, lasting, run, started
from tests.jobs.running import RAG, texts, until
from tests.provider import RunningProvider, scripted_provider

KILLS = int(os.environ.get("TRIAL_KILLS", "1"))
SEED = int(os.environ.get("TRIAL_SEED", "1"))
CONCURRENCY = 8
COMMAND = ["batch", "answers.jsonl", "--rubric", RAG, "--out", "verdicts.jsonl"]


@pytest.fixture
def _one_of_each_unless_in_trials(request: pytest.FixtureRequest) -> None:
    """A model on SQLite and the keyword grader on PostgreSQL; the trials take every pair."""
    with_model, url = request.getfixturevalue("with_model"), request.getfixturevalue("database_url")
    if "TRIAL_KILLS" not in os.environ and with_model != url.startswith("sqlite"):
        pytest.skip("this pair is for `make trials`")


@pytest.fixture
def provider() -> Iterator[RunningProvider]:
    """The scripted provider, slow enough to be caught in the middle of a call."""
    with scripted_provider(latency=0.15, jitter=0.3, seed=7) as provider:
        yield provider


def saved(store: Store) -> int | None:
    """How many results the only run has, None before its answers are in."""
    runs = store.runs.list()
    if not runs or runs[0].total is None:
        return None
    return sum(store.results.tally(runs[0].n).values())


def kill_at_random(env: dict[str, str], folder: Path, url: str, number: int) -> int:
    """Start the command and kill it when so much is saved as a lot says, again and again; returns how often it was."""
    lots = random.Random(f"{SEED}/{url.partition(':')[0]}/{number}")  # noqa: S311 - lots, not secrets
    thresholds = sorted(int(lots.random() * 0.9 * number) for _ in range(KILLS))
    killed = 0
    with closing(open_store(url)) as store:
        for threshold in thresholds:
            with started(COMMAND, env, folder) as process:
                reached = functools.partial(_reached, store, process, threshold)
                until(reached, seconds=60)
                killed += process.poll() is None
    return killed


def _reached(store: Store, process: subprocess.Popen[bytes], threshold: int) -> bool:
    done = saved(store)
    return process.poll() is not None or (done is not None and done >= threshold)


def run_here(env: dict[str, str], folder: Path) -> int:
    """The command to its end, in this process, which nobody kills; its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        return evaluator_here(*COMMAND).returncode


@pytest.mark.parametrize(
    ("with_model", "number"), [pytest.param(True, 48, id="a model"), pytest.param(False, 600, id="offline")]
)
@pytest.mark.usefixtures("_one_of_each_unless_in_trials")
def test_killed_at_random_it_ends_as_if_undisturbed(
    tmp_path: Path, database_url: str, provider: RunningProvider, *, with_model: bool, number: int
) -> None:
    """To the byte, but for times and usage; and only calls that were under way at a kill are made again."""
    model = {"model": "openai/scripted", "api_base": provider.url} if with_model else {}
    # With a model no answer may hold evidence that it could miss, or a second look would be a call more.
    said = [f"In week {place} the weather was fine, and birds sang." for place in range(number - 2)]
    said = said if with_model else texts(number - 2)
    answers = [*said, "  ", said[0]]
    lines = "".join(json.dumps({"id": f"a{place}", "answer": text}) + "\n" for place, text in enumerate(answers))
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    for folder in (calm, rough):
        folder.mkdir()
        (folder / "answers.jsonl").write_text(lines, encoding="utf-8")
    settings = {"model_concurrency": str(CONCURRENCY), **model}
    undisturbed = run_here(environment(sqlite_url(calm), **settings), calm)
    asked_for = provider.counts().billed
    provider.reset()

    env = environment(database_url, **settings)
    killed = kill_at_random(env, rough, database_url, number)
    code, _, err = run(COMMAND, env, rough)

    counts = provider.counts()
    output = (rough / "verdicts.jsonl").read_bytes()
    assert killed == KILLS
    assert (code, undisturbed) == (1, 1), err  # one answer is blank
    assert [json.loads(line)["id"] for line in output.splitlines()] == [f"a{place}" for place in range(number)]
    assert lasting(output) == lasting((calm / "verdicts.jsonl").read_bytes())
    assert counts.billed <= asked_for + killed * CONCURRENCY
    assert sum(times - 1 for times in counts.billed_by_answer.values()) == counts.billed - asked_for
    assert asked_for == (number - 2 if with_model else 0)
