"""Every fixture is read as what a person says that it holds."""

import json
from pathlib import Path

import pytest

from service.transcripts import parse_transcript, sniff_transcript
from service.transcripts.decoding import decode
from service.transcripts.pieces import fold_name
from tests.conftest import FIXTURES

FOLDER = FIXTURES / "transcripts"
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file() and path.name != "README.md")
NAMED_NOWHERE = {"no-speakers.txt"}  # it could as well be an answer


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in FILES])
def test_a_fixture_is_read_as_expected(path: Path) -> None:
    """Format, warnings, and each turn with its speaker, its times and its words."""
    expected = json.loads((FOLDER / "expected" / f"{path.name}.json").read_text(encoding="utf-8"))

    transcript = parse_transcript(path.read_bytes(), name=path.name)

    turns = [turn.model_dump(exclude={"line"}) for turn in transcript.turns]
    assert turns == expected["turns"]
    assert transcript.format == expected["format"]
    assert [warning.code for warning in transcript.warnings] == expected["warnings"]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in FILES])
def test_a_fixture_is_known_as_a_transcript(path: Path) -> None:
    """A batch tells it from a file of answers by its first bytes; without any sign of turns it does not."""
    expected = json.loads((FOLDER / "expected" / f"{path.name}.json").read_text(encoding="utf-8"))

    form = sniff_transcript(path.read_bytes(), name=path.name)

    assert form == (None if path.name in NAMED_NOWHERE else expected["format"])


@pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in FILES if path.suffix in {".txt", ".md", ".srt", ".sbv"}]
)
def test_a_turn_points_at_its_line(path: Path) -> None:
    """Where turns stand in lines of text, the first word of a turn is in its line or in one of the next three."""
    content = path.read_bytes()

    transcript = parse_transcript(content, name=path.name)

    lines = decode(content)[0].split("\n")
    for turn in transcript.turns:
        near = "\n".join(lines[turn.line - 1 : turn.line + 3])
        assert turn.text.split()[0] in near
        assert turn.speaker is None or fold_name(turn.speaker) in fold_name(near) or turn.speaker in {"Q", "A"}


def test_every_fixture_is_listed() -> None:
    """The README names each file, and each has its expected turns."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    listed = {line.split("`")[1] for line in readme.splitlines() if line.startswith("| `")}

    assert listed == {path.name for path in FILES}
    assert {f"{path.name}.json" for path in FILES} == {path.name for path in (FOLDER / "expected").iterdir()}
