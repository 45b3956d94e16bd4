"""`evaluator regrade` and what is kept of gradings, as a person and as a script meet them."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from service.batch.grading import verdict_context
from service.cli.main import cli
from service.errors import AnswersInvalid, RunNotFound
from service.jobs import desk_of
from service.store import Run, open_store
from service.store.packing import pack, unpack
from service.store.schema import results
from tests.databases import sqlite_url, with_tables
from tests.jobs.running import graded, order_of, settings_of, texts
from tests.provider import RunningProvider, scripted_provider

RUBRIC = ["--rubric", "rag-vs-fine-tuning"]


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUATOR_DATABASE_URL", with_tables(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-made-up-for-tests")
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, stdin: str | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli, arguments, input=stdin)


def asking(provider: RunningProvider) -> list[str]:
    """The flags that have the provider asked."""
    return ["--model", "openai/scripted", "--api-base", provider.url]


def finished(tmp_path: Path) -> Run:
    """An offline run of three answers."""
    settings = settings_of(sqlite_url(tmp_path))
    with desk_of(settings) as desk:
        return graded(desk, settings, order_of(settings, texts(3))).run


def test_a_run_that_is_read_again_the_same_is_exit_code_0(tmp_path: Path) -> None:
    """The summary says so for a person and for a script, and the verdicts are written where asked."""
    finished_run = finished(tmp_path)

    as_text = run("regrade", finished_run.id[:8])
    as_json = run("regrade", finished_run.id, "--json", "--out", "again.jsonl")

    written = [json.loads(line) for line in Path("again.jsonl").read_text(encoding="utf-8").splitlines()]
    summary = json.loads(as_json.stdout)
    assert (as_text.exit_code, as_json.exit_code) == (0, 0)
    assert as_text.stdout.splitlines()[1:] == ["  3 identical"]
    assert (summary["run"], summary["answers"], summary["identical"], summary["ids"]) == (finished_run.id, 3, 3, {})
    assert [line["id"] for line in written] == ["a0", "a1", "a2"]
    assert all(line["verdict"]["criteria"] for line in written)


def test_what_differs_is_exit_code_1_and_is_named(tmp_path: Path) -> None:
    """Here a level of a stored verdict was raised, and another verdict is missing."""
    finished_run = finished(tmp_path)
    store = open_store(sqlite_url(tmp_path))
    (answer,) = store.submissions.read(finished_run.n, 0, 1)
    (stored,) = store.results.read(finished_run.n, 0, 1)
    context = verdict_context(store.submissions.rubric(answer.rubric_digest or ""), answer.submission.answer or "")
    raised = pack(unpack(stored.body, context).replace(b'"level":0', b'"level":3', 1), context)
    with store.database.writing() as connection:
        connection.execute(sa.delete(results).where(results.c.ordinal == 2))
        connection.execute(sa.update(results).where(results.c.ordinal == 0).values(body=raised))
    store.close()

    result = run("regrade", finished_run.id)

    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [
        "  1 identical",
        "  1 different: the same replies, and another verdict",
        "  1 without a verdict yet",
        "different: a0",
        "not-graded: a2",
    ]


def test_figures_that_differ_from_their_verdict_are_found(tmp_path: Path) -> None:
    """Summaries and tables are made of them."""
    finished_run = finished(tmp_path)
    store = open_store(sqlite_url(tmp_path))
    with store.database.writing() as connection:
        connection.execute(sa.update(results).where(results.c.ordinal == 1).values(score=99.0, band="strong"))
    store.close()

    result = run("regrade", finished_run.id, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["ids"] == {"different": ["a1"]}


def test_a_damaged_verdict_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    """It is named like one that was changed."""
    finished_run = finished(tmp_path)
    store = open_store(sqlite_url(tmp_path))
    with store.database.writing() as connection:
        connection.execute(sa.update(results).where(results.c.ordinal == 0).values(body=b"damaged"))
    store.close()

    result = run("regrade", finished_run.id, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["ids"] == {"different": ["a0"]}
    assert json.loads(result.stdout)["identical"] == 2


def test_a_run_whose_answers_were_not_all_read_is_refused(tmp_path: Path) -> None:
    """Nothing to compare is not the same as nothing that differs."""
    settings = settings_of(sqlite_url(tmp_path))
    order = order_of(settings, texts(1))
    with desk_of(settings) as desk:
        desk.store.runs.create(order.id, owner="", spec=order.spec.model_dump_json())

    result = run("regrade", order.id)

    assert isinstance(result.exception, AnswersInvalid)


def test_a_run_that_is_not_there_and_a_folder_that_is_not_there_are_refused(tmp_path: Path) -> None:
    """Before anything is read."""
    finished_run = finished(tmp_path)

    missing = run("regrade", "feedface")
    nowhere = run("regrade", finished_run.id, "--out", "nowhere/again.jsonl")

    assert isinstance(missing.exception, RunNotFound)
    assert nowhere.exit_code == 2


def test_purge_erases_now(tmp_path: Path) -> None:
    """By the days given or those of the settings; without either it asks for them."""
    finished_run = finished(tmp_path)

    unclear = run("runs", "purge")
    young = run("runs", "purge", "--days", "1")
    erased = run("runs", "purge", "--days", "0")
    again = run("regrade", finished_run.id, "--json")
    listed = json.loads(run("runs", "list", "--json").stdout)

    assert unclear.exit_code == 2
    assert "EVALUATOR_RETENTION_DAYS" in unclear.stderr
    assert "0 answers of 0 runs" in young.stderr
    assert "3 answers of 1 runs" in erased.stderr
    assert again.exit_code == 1
    assert json.loads(again.stdout)["ids"] == {"text_erased": ["a0", "a1", "a2"]}
    assert (listed[0]["id"], listed[0]["done"]) == (finished_run.id, 3)


def test_one_answer_is_paid_for_once(tmp_path: Path) -> None:
    """The second time the grading is from the user's database, unless that is switched off."""
    with scripted_provider(seed=5) as provider:
        command = ["grade", *RUBRIC, *asking(provider), "--json"]
        first = json.loads(run(*command, stdin=texts(1)[0]).stdout)
        calls = [provider.counts().requests]
        second = json.loads(run(*command, stdin=texts(1)[0]).stdout)
        calls.append(provider.counts().requests)
        off = json.loads(run(*command, "--no-cache", stdin=texts(1)[0]).stdout)
        calls.append(provider.counts().requests)

    store = open_store(sqlite_url(tmp_path))
    kept = [store.records.of(verdict["id"]) for verdict in (first, second, off)]
    store.close()
    own = {"id", "created_at", "usage"}
    assert calls[1] == calls[0] < calls[2]
    assert {name: second[name] for name in second.keys() - own} == {name: first[name] for name in first.keys() - own}
    assert (second["usage"]["calls"], second["usage"]["cost_usd"], second["usage"]["from_cache"]) == (0, 0.0, True)
    assert not off["usage"]["from_cache"]
    assert kept[0] is not None
    assert kept[1] == kept[0]
    assert kept[0].parameters["model"] == "openai/scripted"
    assert kept[2] is None


def test_what_a_single_verdict_was_read_from_can_be_seen() -> None:
    """Each reply as it came, with who served it and the parameters; of one that is erased it is said."""
    with scripted_provider(seed=5) as provider:
        verdict = json.loads(run("grade", *RUBRIC, *asking(provider), "--json", stdin=texts(1)[0]).stdout)

    shown = run("runs", "provenance", verdict["id"])
    run("runs", "purge", "--days", "0")
    erased = run("runs", "provenance", verdict["id"])

    kept = json.loads(shown.stdout)
    assert shown.exit_code == 0
    assert kept["answer_sha256"] == verdict["answer_sha256"]
    assert kept["rubric_digest"] == verdict["rubric"]["digest"]
    assert kept["parameters"]["prompt_version"] == verdict["grader"]["prompt_version"]
    exchange = kept["records"][0]["exchanges"][0]
    assert exchange["served_model"] == verdict["grader"]["served_model"]
    assert verdict["criteria"][0]["id"] in exchange["text"]
    assert erased.exit_code == 2
    assert "nothing is kept" in erased.stderr


def test_a_database_that_is_away_costs_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is graded all the same."""
    monkeypatch.setenv("EVALUATOR_DATABASE_URL", "postgresql://somebody@127.0.0.1:1/name")
    with scripted_provider(seed=5) as provider:
        result = run("grade", *RUBRIC, *asking(provider), "--json", stdin=texts(1)[0])

    assert result.exit_code == 0
    assert "Warning: nothing is kept" in result.stderr
