"""`evaluator transcript`, as a person and as a script meet it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.transcript import clock, transcript
from service.errors import TranscriptInvalid
from service.transcripts import FORMATS
from service.transcripts.decoding import MAX_BYTES
from tests.conftest import FIXTURES

FOLDER = FIXTURES / "transcripts"
TURNS = "Sam Bell: How do you choose?\nDana Osei: I start with a prompt.\nSam Bell: Why?\nDana Osei: It is cheap.\n"


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(transcript, list(arguments), input=stdin)


def test_json_has_format_speakers_turns_and_warnings() -> None:
    """A script can parse stdout as it is, and finds every key."""
    result = run(str(FOLDER / "zoom.vtt"), "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert list(found) == ["format", "speakers", "turns", "warnings"]
    assert found["format"] == "vtt"
    assert found["speakers"] == [
        {"name": "Sam Bell", "turns": 2, "words": 8},
        {"name": "Dana Osei", "turns": 2, "words": 23},
    ]
    assert found["turns"][0] == {
        "speaker": "Sam Bell",
        "start": 2.65,
        "end": 5.1,
        "text": "Tell me about a time retrieval failed.",
        "line": 5,
    }
    assert found["warnings"] == []


def test_a_person_reads_speakers_times_and_words() -> None:
    """Without --json there is a table of speakers, and each turn with its time."""
    result = run(str(FOLDER / "zoom.vtt"))

    assert result.exit_code == 0
    assert "Read as vtt: 4 turns, 2 speakers" in result.stdout
    assert "Speaker    Turns  Words" in result.stdout
    assert "Dana Osei      2     23" in result.stdout
    assert "0:00:13  Dana Osei\n    Now the date is part of the query." in result.stdout


def test_a_file_without_speakers_says_so() -> None:
    """What to do about it is said, too."""
    result = run(str(FOLDER / "no-speakers.txt"))

    assert result.exit_code == 0
    assert "The file names no speaker." in result.stdout
    assert "Warning (no-speakers):" in result.stdout
    assert "--format" in result.stdout


def test_stdin_is_read() -> None:
    """A transcript can be piped in."""
    result = run("-", "--json", stdin=TURNS)

    assert [speaker["name"] for speaker in json.loads(result.stdout)["speakers"]] == ["Sam Bell", "Dana Osei"]


def test_the_format_can_be_forced() -> None:
    """A file whose look misleads is read as what it is said to be."""
    result = run("-", "--json", "--format", "vtt", stdin="00:01.000 --> 00:02.000\nHello.\n")

    assert json.loads(result.stdout)["format"] == "vtt"


def test_an_unknown_format_is_refused_with_those_that_exist() -> None:
    """Nobody has to guess the names."""
    result = run("-", "--format", "docx", stdin=TURNS)

    assert result.exit_code == 2
    assert all(name in result.stderr for name in FORMATS)


def test_help_lists_every_format() -> None:
    """The text of --help is written by hand, so that it loads nothing; it stays complete."""
    result = run("--help")

    words = result.stdout.replace(",", " ").replace(".", " ").replace("(", " ").split()
    assert set(FORMATS) <= set(words)


def test_a_file_that_is_no_transcript_is_refused_by_name(tmp_path: Path) -> None:
    """The message says which file, where in it, and what to do."""
    path = tmp_path / "notes.json"
    path.write_text('{"speaker": ', encoding="utf-8")

    result = run(str(path))

    assert isinstance(result.exception, TranscriptInvalid)
    assert str(result.exception).startswith(f"{path}: line 1, column 13: not JSON")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder is no transcript, and is said to be one."""
    result = run(str(tmp_path))

    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_file_far_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Its length alone is the reason, and memory stays bounded."""
    path = tmp_path / "long.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES * 20)

    result = run(str(path))

    assert isinstance(result.exception, TranscriptInvalid)
    assert f"{MAX_BYTES:,} at most" in str(result.exception)


def test_nothing_in_a_transcript_steers_the_terminal() -> None:
    """Control characters of names and words are not passed on."""
    result = run("-", "--format", "json", stdin=r'[{"speaker": "Da\u001b[31mna", "text": "red\u001b]0;title\u0007"}]')

    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        pytest.param(None, "", id="no time"),
        pytest.param(0.0, "0:00:00", id="the beginning"),
        pytest.param(3723.9, "1:02:03", id="past an hour"),
    ],
)
def test_times_are_shown_as_clocks(seconds: float | None, shown: str) -> None:
    """Hours, minutes and whole seconds."""
    text = clock(seconds)

    assert text == shown
