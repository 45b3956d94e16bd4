"""`evaluator batch`, as a person and as a script meet it."""

import csv
import json
import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import cli
from service.errors import AnswersInvalid, ExportInvalid, GradingError, RubricNotFound, SpeakerUnclear, StoreUnavailable
from tests.cli.here import evaluator_here
from tests.conftest import FIXTURES
from tests.databases import sqlite_url, with_tables
from tests.jobs.commands import ended, environment, started
from tests.jobs.running import RAG, texts, until

RUBRIC = ["--rubric", RAG]
MANY = 3_000
INTERVIEW = FIXTURES / "interviews" / "screening.txt"


@pytest.fixture(autouse=True)
def _own_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUATOR_DATABASE_URL", with_tables(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    """A file of five answers, one with metadata and a foreign id, and a blank one."""
    path = tmp_path / "answers.jsonl"
    lines: list[dict[str, object]] = [{"answer": text} for text in texts(4)]
    lines[1] |= {"id": "00012", "cohort": "spring"}
    lines.append({"id": "blank", "answer": "  "})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli, ["batch", *map(str, arguments)], input=stdin)


def lines_of(content: str) -> list[dict[str, object]]:
    """The objects of lines of JSON."""
    return [json.loads(line) for line in content.splitlines()]


def test_results_go_to_stdout_and_the_rest_to_stderr(answers: Path) -> None:
    """One line for each answer, in order, whatever became of it; the exit code says that not all is graded."""
    result = run(answers, *RUBRIC)

    lines = lines_of(result.stdout)
    assert result.exit_code == 1
    assert [line["id"] for line in lines] == ["1", "00012", "3", "4", "blank"]
    assert [line["status"] for line in lines] == ["graded"] * 4 + ["failed"]
    assert [list(line) for line in lines] == [["id", "status", "verdict", "error", "source"]] * 5
    assert "Run " in result.stderr
    assert "5 answers" in result.stderr


def test_the_same_command_again_grades_nothing(answers: Path) -> None:
    """It says so, and writes the same results."""
    first = run(answers, *RUBRIC)

    again = run(answers, *RUBRIC)

    assert again.stdout == first.stdout
    assert again.exit_code == first.exit_code
    assert "which is finished" in again.stderr


def test_a_changed_answer_alone_is_graded_again(answers: Path) -> None:
    """And it is said how many are known."""
    run(answers, *RUBRIC)
    answers.write_text(answers.read_text(encoding="utf-8").replace("RAG", "retrieval"), encoding="utf-8")

    result = run(answers, *RUBRIC)

    assert "3 of 5 answers are graded already in the same way; 2 to grade." in result.stderr


def test_every_ending_picks_its_format(answers: Path, tmp_path: Path) -> None:
    """Several at once, with a report that links to the first; stdout stays empty."""
    outs = [tmp_path / f"out.{ending}" for ending in ("jsonl", "csv", "tsv", "parquet", "md")]
    report = tmp_path / "report.html"

    result = run(answers, *RUBRIC, *(each for out in outs for each in ("--out", out)), "--report", report)

    assert (result.exit_code, result.stdout) == (1, "")
    assert [line["id"] for line in lines_of(outs[0].read_text(encoding="utf-8"))][-1] == "blank"
    for out, separator in ((outs[1], ","), (outs[2], "\t")):
        with out.open(encoding="utf-8-sig", newline="") as file:
            assert [row["id"] for row in csv.DictReader(file, delimiter=separator)][1] == "00012"
    assert outs[3].read_bytes().startswith(b"PAR1")
    assert "00012" in outs[4].read_text(encoding="utf-8")
    page = report.read_text(encoding="utf-8")
    assert "out.jsonl" in page
    assert "00012" in page


def test_json_is_the_summary_and_nothing_else(answers: Path) -> None:
    """For a script that wants the figures."""
    result = run(answers, *RUBRIC, "--json")

    summary = json.loads(result.stdout)
    assert summary["answers"] == 5
    assert summary["statuses"]["graded"] == 4


def test_a_dry_run_reads_all_and_grades_nothing(answers: Path) -> None:
    """It makes no run, and needs no database."""
    text = run(answers, *RUBRIC, "--dry-run")
    machine = run(answers, *RUBRIC, "--dry-run", "--json")

    listed = CliRunner().invoke(cli, ["runs", "list", "--json"])
    assert (text.exit_code, machine.exit_code) == (0, 0)
    assert "5 answers" in text.stdout
    assert "1 cannot be graded (answer-invalid)" in text.stdout
    assert json.loads(machine.stdout)["rubrics"] == {RAG: 4}
    assert json.loads(listed.stdout) == []


def test_stdin_and_patterns_are_read(answers: Path, tmp_path: Path) -> None:
    """With several files an answer without an id is called by its file."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.csv").write_text(f'answer\n"{texts(1)[0]}"\n', encoding="utf-8")

    result = run("more/*.csv", "-", *RUBRIC, stdin=json.dumps({"answer": texts(2)[1]}) + "\n")

    assert result.exit_code == 0
    assert [line["id"] for line in lines_of(result.stdout)] == ["more/a.csv:2", "stdin:1"]


def test_offsets_can_count_as_javascript_does(tmp_path: Path) -> None:
    """As with a single answer."""
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"answer": f"\U0001f600 {texts(1)[0]}"}) + "\n", encoding="utf-8")

    outputs = [lines_of(run(path, *RUBRIC, "--offset-unit", unit).stdout) for unit in ("codepoint", "utf16")]

    starts = [
        [quote["start"] for each in line["verdict"]["criteria"] for quote in each["evidence"]]  # type: ignore[index]
        for (line,) in outputs
    ]
    assert starts[0]
    assert [start + 1 for start in starts[0]] == starts[1]


def test_an_interview_is_graded_by_the_candidates_words() -> None:
    """Which question was matched with which rubric is said, and what else is to be known of the file."""
    result = run(INTERVIEW, "--speaker", "Priya Nair")

    lines = lines_of(result.stdout)
    assert f"Rubric {RAG} (similarity " in result.stderr
    assert {line["source"]["speaker"] for line in lines} == {"Priya Nair"}  # type: ignore[index]
    assert "no-rubric" in {line["error"]["code"] for line in lines if line["error"]}  # type: ignore[index]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        pytest.param(["nowhere.jsonl"], AnswersInvalid, "nowhere.jsonl", id="no such file"),
        pytest.param(["answers.jsonl", "--rubric", "none"], RubricNotFound, RAG, id="no such rubric"),
        pytest.param([str(INTERVIEW), "--speaker", "Bob"], SpeakerUnclear, "Priya Nair", id="no such speaker"),
        pytest.param(["answers.jsonl", "--out", "a.docx"], ExportInvalid, "docx", id="no such format of results"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(
    answers: Path, arguments: list[str], error: type[GradingError], said: str
) -> None:
    """Before anything is graded; nothing is left of it."""
    result = run(*arguments)

    listed = CliRunner().invoke(cli, ["runs", "list", "--json"])
    assert isinstance(result.exception, error)
    assert said in str(result.exception)
    assert json.loads(listed.stdout) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["answers.jsonl", "--out", "nowhere/out.jsonl"], "there is no folder nowhere", id="no folder"),
        pytest.param(["answers.jsonl", "--report", "nowhere/r.html"], "there is no folder nowhere", id="for a report"),
        pytest.param(["answers.jsonl", "--format", "docx"], "jsonl, json, csv", id="no such format"),
        pytest.param([], "FILE", id="no file named"),
    ],
)
def test_bad_usage_is_refused(answers: Path, arguments: list[str], said: str) -> None:
    """With exit code 2."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_results_do_not_overwrite_the_answers(answers: Path) -> None:
    """A file that is read and written would be lost."""
    before = answers.read_bytes()

    result = run(answers, *RUBRIC, "--out", answers)

    assert result.exit_code == 2
    assert answers.read_bytes() == before


def test_a_database_that_cannot_be_opened_is_said_to_be(
    answers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a traceback."""
    monkeypatch.setenv("EVALUATOR_DATABASE_URL", f"sqlite:///{answers}/evaluator.db")

    result = run(answers, *RUBRIC)

    assert isinstance(result.exception, StoreUnavailable)


def test_a_model_that_is_away_ends_with_its_own_exit_code(answers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs it in a script tells it from an answer that failed; the same command later tries again."""
    model = ["--model", "openai/away", "--api-base", "http://127.0.0.1:1/v1"]
    monkeypatch.setenv("EVALUATOR_MODEL_ATTEMPTS", "1")
    monkeypatch.setenv("EVALUATOR_MODEL_DEADLINE_SECONDS", "1")
    lines = answers.read_text(encoding="utf-8").splitlines(keepends=True)
    answers.write_text("".join(lines[:2]), encoding="utf-8")

    result = evaluator_here("batch", "answers.jsonl", *RUBRIC, *model)

    assert result.returncode == 3
    assert [(line["status"], line["verdict"]) for line in lines_of(result.stdout.decode())] == [("failed", None)] * 2
    assert b"Error: " in result.stderr
    assert b"openai/away" in result.stderr


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """So many answers that there is time to interrupt."""
    path = tmp_path / "many.jsonl"
    path.write_text("".join(json.dumps({"answer": text}) + "\n" for text in texts(MANY)), encoding="utf-8")
    return path


def test_ctrl_c_says_how_to_go_on(many: Path, tmp_path: Path) -> None:
    """With the exit code that shells know; and the same command goes on."""
    env, out = environment(sqlite_url(tmp_path / "data")), tmp_path / "out.jsonl"
    with started(["batch", "many.jsonl", *RUBRIC, "--out", "out.jsonl"], env, tmp_path) as process:
        until(lambda: out.exists() and out.stat().st_size > 0)
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    done = len(out.read_bytes().splitlines())

    listed = json.loads(CliRunner().invoke(cli, ["runs", "list", "--json"]).stdout)

    assert code == 130, err
    assert b"Run the same command again" in err
    assert listed[0]["id"].encode() in err
    assert b"Traceback" not in err
    assert 0 < done <= listed[0]["done"] < MANY


def test_a_reader_that_has_seen_enough_is_no_error(many: Path, tmp_path: Path) -> None:
    """As with `| head -1`: no traceback, and not the exit code of success."""
    env = environment(sqlite_url(tmp_path / "data"))
    with started(["batch", "many.jsonl", *RUBRIC], env, tmp_path) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err, code = process.stderr.read(), process.wait(60)

    assert json.loads(first)["id"] == "1"
    assert code == 1, err
    assert b"Traceback" not in err
    assert b"Exception" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_is_said_and_what_is_graded_is_kept(answers: Path, tmp_path: Path) -> None:
    """The same command works when there is room, and grades nothing again."""
    (tmp_path / "full.jsonl").symlink_to("/dev/full")

    full = evaluator_here("batch", "answers.jsonl", *RUBRIC, "--out", "full.jsonl")
    again = run("answers.jsonl", *RUBRIC)

    assert full.returncode == 2
    assert b"cannot be written: No space left on device" in full.stderr
    assert "Run " in again.stderr
    assert len(again.stdout.splitlines()) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk_under_stdout_is_said(answers: Path, tmp_path: Path) -> None:
    """Though it may be noticed only when the command ends."""
    with (
        Path("/dev/full").open("wb") as full,
        started(
            ["batch", "answers.jsonl", *RUBRIC], environment(sqlite_url(tmp_path / "data")), tmp_path, stdout=full
        ) as process,
    ):
        code, _, err = ended(process)

    assert code == 2, err
    assert b"cannot be written: No space left on device" in err
    assert b"Traceback" not in err


def test_a_name_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    """On most systems a name may be any bytes."""
    name = os.fsdecode(b"caf\xe9.jsonl")
    (tmp_path / name).write_text(json.dumps({"answer": texts(1)[0]}) + "\n", encoding="utf-8")

    result = run(name, *RUBRIC)

    assert result.exit_code == 0
    assert lines_of(result.stdout)[0]["source"] == {
        "file": "caf?.jsonl",
        "line": 1,
        "speaker": None,
        "turns": [],
        "question": None,
        "similarity": None,
    }
