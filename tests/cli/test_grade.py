"""`evaluator grade`, as a person at a terminal and as a script meet it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.grade import read_answer
from service.cli.main import cli
from tests.cli.here import evaluator_here
from tests.conftest import FIXTURES, labelled_answers

ANSWER = "I start with prompting because it is cheap. I add retrieval when the data changes every week."
RUBRIC = ["--rubric", "rag-vs-fine-tuning"]


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(cli, list(arguments), input=stdin)


def evaluator(*arguments: str, stdin: bytes = b"", folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the installed command as a shell does."""
    command = [str(Path(sys.executable).with_name("evaluator")), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, cwd=folder, env=dict(os.environ))


@pytest.fixture
def answer_file(tmp_path: Path) -> Path:
    """A file with one answer."""
    path = tmp_path / "answer.txt"
    path.write_text(ANSWER, encoding="utf-8")
    return path


def test_json_is_the_verdict_and_nothing_else(answer_file: Path) -> None:
    """A script can parse stdout as it is."""
    result = evaluator("grade", *RUBRIC, str(answer_file), "--json", folder=answer_file.parent)

    verdict = json.loads(result.stdout)
    assert (result.returncode, result.stderr) == (0, b"")
    assert (verdict["status"], verdict["grader"]["kind"], verdict["schema_version"]) == ("graded", "keyword", "1")


def test_a_person_reads_score_evidence_and_next_steps(answer_file: Path) -> None:
    """Without --json the verdict is written for reading."""
    result = run("grade", *RUBRIC, str(answer_file))

    assert result.exit_code == 0
    assert "of 100" in result.stdout
    assert "\u201c" in result.stdout
    assert "Next steps" in result.stdout


@pytest.mark.parametrize("arguments", [pytest.param(["-"], id="a dash"), pytest.param([], id="no file")])
def test_stdin_is_read(arguments: list[str]) -> None:
    """An answer can be piped in."""
    result = run("grade", *RUBRIC, "--json", *arguments, stdin=ANSWER)

    assert json.loads(result.stdout)["criteria"][0]["id"] == "ladder-order"


def test_the_only_rubric_need_not_be_named(answer_file: Path, tmp_path: Path) -> None:
    """A default that works: one rubric in the folder is the one that is meant."""
    rubrics = tmp_path / "rubrics"
    rubrics.mkdir()
    (rubrics / "tiny.yaml").write_bytes((FIXTURES / "rubrics" / "tiny.yaml").read_bytes())

    result = run("grade", "--rubrics-dir", str(rubrics), str(answer_file), "--json")

    assert json.loads(result.stdout)["rubric"]["id"] == "tiny"


def test_one_of_several_rubrics_has_to_be_named(answer_file: Path) -> None:
    """Which one was meant is not guessed at."""
    result = run("grade", str(answer_file), "--json")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--rubric; these exist: rag-vs-fine-tuning, safe-isolation" in result.stderr


def test_a_rubric_can_be_a_file(answer_file: Path, tmp_path: Path) -> None:
    """A rubric being written is tried out without installing it anywhere."""
    from service.rubric.catalog import bundled_folder

    copy = tmp_path / "copy.yaml"
    copy.write_bytes((bundled_folder() / "rag-vs-fine-tuning.yaml").read_bytes())

    result = run("grade", "--rubric", str(copy), str(answer_file), "--json")

    assert json.loads(result.stdout)["rubric"]["id"] == "rag-vs-fine-tuning"


def test_out_writes_the_file_and_keeps_stdout_empty(answer_file: Path, tmp_path: Path) -> None:
    """Results go to --out when it is given."""
    out = tmp_path / "verdict.json"

    result = run("grade", *RUBRIC, str(answer_file), "--json", "--out", str(out), "--answer-id", "00012")

    assert result.stdout == ""
    assert json.loads(out.read_text(encoding="utf-8"))["answer_id"] == "00012"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["answer.txt", "verdict.json"]


def test_out_into_a_folder_that_is_not_there_is_refused(answer_file: Path, tmp_path: Path) -> None:
    """A file that cannot be written is bad usage, told from an answer that is not all graded."""
    result = run("grade", *RUBRIC, str(answer_file), "--out", str(tmp_path / "nowhere" / "verdict.json"))

    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr


def test_out_writes_through_a_link(answer_file: Path, tmp_path: Path) -> None:
    """The file that a link names is written, and the link stays."""
    link, target = tmp_path / "link.json", tmp_path / "target.json"
    link.symlink_to(target)

    run("grade", *RUBRIC, str(answer_file), "--json", "--out", str(link))

    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8"))["status"] == "graded"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_out_into_a_pipe_does_not_replace_it(answer_file: Path, tmp_path: Path) -> None:
    """What is no file, such as a pipe or a device, is written to."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    result = run("grade", *RUBRIC, str(answer_file), "--out", str(pipe))

    received = os.read(reader, 100_000)
    os.close(reader)
    assert result.exit_code == 0
    assert pipe.is_fifo()
    assert b"of 100" in received


def test_an_empty_folder_of_rubrics_is_said_so(answer_file: Path, tmp_path: Path) -> None:
    """There is nothing to choose from, so nobody is asked to choose."""
    empty = tmp_path / "rubrics"
    empty.mkdir()

    result = run("grade", "--rubrics-dir", str(empty), str(answer_file))

    assert result.exit_code == 2
    assert f"There is no rubric in {empty}" in result.stderr


def test_a_file_gets_utf_8_whatever_the_terminal_speaks(answer_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars and quotation marks reach a pipe where Python would write Latin-1."""
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")

    result = evaluator("grade", *RUBRIC, str(answer_file), folder=answer_file.parent)

    assert (result.returncode, result.stderr) == (0, b"")
    assert "\u2591" in result.stdout.decode()


def test_offsets_can_count_as_javascript_does(tmp_path: Path) -> None:
    """With utf16, an emoji before the evidence moves it by two."""
    path = tmp_path / "answer.txt"
    path.write_text(f"\U0001f600 {ANSWER}", encoding="utf-8")
    spans = {}
    for unit in ("codepoint", "utf16"):
        verdict = json.loads(run("grade", *RUBRIC, str(path), "--json", "--offset-unit", unit).stdout)
        spans[unit] = [span["start"] for criterion in verdict["criteria"] for span in criterion["evidence"]]

    assert spans["codepoint"]
    assert spans["utf16"] == [start + 1 if start else 0 for start in spans["codepoint"]]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n\t ", "empty", id="white space"),
        pytest.param(b"good\x00bad", "NUL at character 4", id="NUL"),
        pytest.param(b"caf\xe9 au lait", "not UTF-8 text at byte 3", id="Latin-1"),
        pytest.param(b"a" * 100_001, "100,001 bytes", id="just too long"),
        pytest.param(b"\xc3\xa9" * 5_000_000, "the limit is 100,000", id="10 MB"),
        pytest.param(b"\xff\xfea", "not UTF-16", id="half a UTF-16 character"),
    ],
)
def test_an_answer_that_cannot_be_graded_is_bad_input(tmp_path: Path, content: bytes, complaint: str) -> None:
    """Exit code 2, a sentence on stderr that says what is wrong, and nothing on stdout."""
    path = tmp_path / "answer.txt"
    path.write_bytes(content)

    result = evaluator_here("grade", *RUBRIC, str(path), "--json")

    assert (result.returncode, result.stdout) == (2, b"")
    assert complaint in result.stderr.decode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(ANSWER.encode("utf-8-sig"), id="UTF-8 with a byte order mark"),
        pytest.param(ANSWER.encode("utf-16"), id="UTF-16"),
        pytest.param(ANSWER.encode(), id="UTF-8"),
    ],
)
def test_encodings_that_say_what_they_are_are_read(tmp_path: Path, content: bytes) -> None:
    """The same answer in another encoding is the same answer."""
    path = tmp_path / "answer.txt"
    path.write_bytes(content)

    with path.open("rb") as file:
        text = read_answer(file, 100_000)

    assert text == ANSWER


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        pytest.param(["--rubric", "rag-vs-finetuning"], "these exist: rag-vs-fine-tuning", id="unknown rubric"),
        pytest.param(["--rubric", "../../etc/passwd"], "There is no rubric", id="a path as an id"),
        pytest.param(["--rubric", "nowhere.yaml"], "cannot be read", id="a rubric file that is not there"),
        pytest.param(["--rubrics-dir", "nowhere"], "there is no folder 'nowhere'", id="no such folder"),
        pytest.param(["--api-base", "http://127.0.0.1:1"], "EVALUATOR_MODEL is not", id="a server but no model"),
        pytest.param(["--model", "gpt-5"], "OPENAI_API_KEY", id="a model without its key"),
        pytest.param(["--panel", "3"], "need EVALUATOR_MODEL", id="a panel without a model"),
        pytest.param(["--panel", "0", "--model", "openai/a"], "EVALUATOR_PANEL: must be", id="an empty panel"),
        pytest.param(["--frontier-model", "openai/a"], "need EVALUATOR_MODEL", id="a frontier alone"),
        pytest.param(["--wrong-flag"], "No such option", id="unknown flag"),
    ],
)
def test_bad_usage_says_what_to_do(answer_file: Path, arguments: list[str], complaint: str) -> None:
    """Exit code 2, what is wrong on stderr, nothing on stdout."""
    result = evaluator_here("grade", str(answer_file), *arguments)

    assert (result.returncode, result.stdout) == (2, b"")
    assert complaint in result.stderr.decode()


def test_a_refusal_is_a_line(answer_file: Path) -> None:
    """And nothing else, such as a traceback or a warning of a library."""
    result = evaluator("grade", str(answer_file), "--rubric", "nowhere", folder=answer_file.parent)

    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.startswith(b"Error: ")
    assert len(result.stderr.splitlines()) == 1


def test_an_id_that_is_no_text_is_bad_usage(answer_file: Path) -> None:
    """Bytes of a file name in another encoding cannot stand in a verdict."""
    result = run("grade", *RUBRIC, str(answer_file), "--json", "--answer-id", "caf\udce9")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "not text" in result.stderr


def test_a_missing_file_is_bad_usage() -> None:
    """The path stands in the error."""
    result = run("grade", *RUBRIC, "no-such-answer.txt")

    assert result.exit_code == 2
    assert "no-such-answer.txt" in result.output


def test_an_unreachable_model_is_exit_code_3(answer_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a model set, failure is an error, never a score by other means."""
    monkeypatch.setenv("EVALUATOR_MODEL_ATTEMPTS", "1")
    unreachable = ["--model", "openai/some-model", "--api-base", "http://127.0.0.1:9/v1"]

    result = evaluator("grade", *RUBRIC, str(answer_file), "--json", *unreachable, folder=answer_file.parent)

    assert (result.returncode, result.stdout) == (3, b"")
    assert b"Traceback" not in result.stderr


def test_an_unreachable_model_may_fall_back_when_told_to(answer_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict then says that it is degraded, and why."""
    monkeypatch.setenv("EVALUATOR_MODEL_ATTEMPTS", "1")
    unreachable = ["--model", "openai/some-model", "--api-base", "http://127.0.0.1:9/v1"]

    result = run("grade", *RUBRIC, str(answer_file), "--json", *unreachable, "--on-model-failure", "fallback")

    verdict = json.loads(result.stdout)
    assert (verdict["status"], verdict["grader"]["kind"]) == ("degraded", "keyword")
    assert verdict["grader"]["degraded"]
    assert verdict["warnings"][0]["code"] == "degraded"


def test_an_answer_in_another_language_is_exit_code_1(tmp_path: Path) -> None:
    """Offline, a language the rubric does not declare is ungraded, and the exit code says so."""
    path = tmp_path / "answer.txt"
    path.write_text(
        "Ich w\u00fcrde zuerst mit einem guten Prompt anfangen, weil das am wenigsten kostet, und erst danach, wenn "
        "sich die Daten jede Woche \u00e4ndern, eine Suche \u00fcber die eigenen Dokumente dazunehmen.",
        encoding="utf-8",
    )

    result = run("grade", *RUBRIC, str(path), "--json")

    verdict = json.loads(result.stdout)
    assert (result.exit_code, verdict["status"], verdict["score"]) == (1, "ungraded", None)
    assert (verdict["score_low"], verdict["score_high"]) == (0.0, 100.0)


def test_a_misspelt_setting_is_pointed_out(answer_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that would be ignored in silence gets a word on stderr."""
    monkeypatch.setenv("EVALUATOR_MODLE", "gpt-5")

    result = evaluator("grade", *RUBRIC, str(answer_file), "--json", folder=answer_file.parent)

    assert b"did you mean EVALUATOR_MODEL?" in result.stderr
    assert result.returncode == 0


def test_control_characters_of_an_answer_never_reach_the_terminal(tmp_path: Path) -> None:
    """An answer cannot move the cursor or change colours where its quotes are shown."""
    path = tmp_path / "answer.txt"
    path.write_text(ANSWER.replace("prompting", "prompting \x1b[31m\x9b2J\u202e"), encoding="utf-8")

    shown = run("grade", *RUBRIC, str(path)).stdout

    assert "prompting" in shown
    assert not {"\x1b", "\x9b", "\u202e"} & set(shown)


def test_labelled_answers_all_grade() -> None:
    """The fixture this suite stands on is what it should be."""
    rows = labelled_answers()

    assert len({row.id for row in rows}) == len(rows) == 63
