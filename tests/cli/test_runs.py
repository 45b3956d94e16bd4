"""`evaluator runs`: what there is, and what can be done with it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import cli
from service.errors import RunNotFound
from service.jobs import desk_of
from service.store import Run
from tests.databases import sqlite_url, with_tables
from tests.jobs.running import graded, order_of, settings_of, texts


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUATOR_DATABASE_URL", with_tables(tmp_path))
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli, ["runs", *arguments], input=stdin)


def submitted(tmp_path: Path, number: int = 3, *, name: str = "answers.jsonl", done: bool = True) -> Run:
    """A run of so many answers, finished or not begun."""
    settings = settings_of(sqlite_url(tmp_path))
    with desk_of(settings) as desk:
        order = order_of(settings, texts(number), name=name)
        if done:
            return graded(desk, settings, order).run
        return desk.submit(order.id, order.spec, order.reader).run


def test_without_runs_it_is_said_how_to_make_one() -> None:
    """On stderr; a script gets an empty list."""
    result = run("list")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "evaluator batch FILE" in result.stderr
    assert json.loads(run("list", "--json").stdout) == []


def test_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    """With how far they are, and the files they are of."""
    first = submitted(tmp_path)
    second = submitted(tmp_path, 4, name="others.csv", done=False)

    rows = json.loads(run("list", "--json").stdout)
    text = run("list")

    assert [row["id"] for row in rows] == [second.id, first.id]
    assert (rows[0]["state"], rows[0]["total"], rows[0]["done"], rows[0]["reused"]) == ("running", 4, 3, 3)
    assert (rows[1]["state"], rows[1]["counts"], rows[1]["inputs"]) == ("finished", {"graded": 3}, ["answers.jsonl"])
    assert (rows[1]["calls"], rows[1]["tokens"], rows[1]["cost_usd"]) == (0, 0, 0.0)
    assert len(text.stdout.splitlines()) == 2
    assert "3/4" in text.stdout.splitlines()[0]
    assert len(run("list", "--limit", "1").stdout.splitlines()) == 1


def test_a_run_is_shown_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    """With what its results come to."""
    one = submitted(tmp_path)

    text, machine = run("show", one.id[:6]), run("show", one.id[:6], "--json")

    assert "3 of 3" in text.stdout
    assert "0 calls, 0 tokens" in text.stdout
    assert json.loads(machine.stdout)["summary"]["answers"] == 3


@pytest.mark.parametrize("command", ["show", "cancel", "resume", "delete"])
def test_a_run_that_is_not_there_is_refused(command: str) -> None:
    """By each of the commands."""
    result = run(command, "nowhere", *(["--yes"] if command == "delete" else []))

    assert isinstance(result.exception, RunNotFound)


def test_a_cancelled_run_goes_on_with_resume(tmp_path: Path) -> None:
    """And its results are written as by the command that made it."""
    one = submitted(tmp_path, done=False)

    cancelled = run("cancel", one.id)
    state = json.loads(run("list", "--json").stdout)[0]["state"]
    resumed = run("resume", one.id, "--out", "out.jsonl")

    assert (cancelled.exit_code, state) == (0, "cancelled")
    assert "cancelled at 0 of 3" in cancelled.stderr
    assert (resumed.exit_code, resumed.stdout) == (0, "")
    assert len((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_resume_of_a_finished_run_writes_its_results(tmp_path: Path) -> None:
    """In another format, say."""
    one = submitted(tmp_path)

    result = run("resume", one.id, "--out", "out.csv", "--report", "out.html")

    assert result.exit_code == 0
    assert (tmp_path / "out.csv").read_text(encoding="utf-8-sig").count("graded") >= 3
    assert (tmp_path / "out.html").exists()


def test_a_finished_run_cannot_be_cancelled(tmp_path: Path) -> None:
    """There is nothing to stop."""
    one = submitted(tmp_path)

    result = run("cancel", one.id)

    assert "nothing to cancel" in result.stderr
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "stdin", "left"),
    [
        pytest.param([], "n\n", 1, id="no"),
        pytest.param([], "", 1, id="nobody to ask"),
        pytest.param([], "y\n", 0, id="yes"),
        pytest.param(["--yes"], None, 0, id="without asking"),
    ],
)
def test_erasing_asks_first(tmp_path: Path, arguments: list[str], stdin: str | None, left: int) -> None:
    """It cannot be undone."""
    one = submitted(tmp_path, done=False)

    result = run("delete", one.id, *arguments, stdin=stdin)

    assert len(json.loads(run("list", "--json").stdout)) == left
    assert result.exit_code == (1 if left else 0)


def test_several_runs_are_erased_at_once(tmp_path: Path) -> None:
    """If one of them is not there, none is."""
    ids = [submitted(tmp_path, number, done=False).id for number in (2, 3)]

    refused = run("delete", ids[0], "nowhere", "--yes")
    kept = json.loads(run("list", "--json").stdout)
    run("delete", *ids, "--yes")

    assert isinstance(refused.exception, RunNotFound)
    assert len(kept) == 2
    assert json.loads(run("list", "--json").stdout) == []
