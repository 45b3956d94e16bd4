"""What is written in any of the formats is read as it was."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.transcripts import FORMATS, Turn, parse_transcript, sniff_transcript
from tests.transcripts.writers import WITHOUT_ENDS, WITHOUT_TIMES, WRITERS, dialogues

WAYS = [pytest.param(way, id=way) for way in WRITERS]


def told(turns: list[Turn], way: str) -> list[tuple[str | None, str, float | None, float | None]]:
    """What the way to write keeps of the turns."""
    return [
        (
            turn.speaker,
            turn.text,
            None if way in WITHOUT_TIMES else turn.start,
            None if way in WITHOUT_TIMES | WITHOUT_ENDS else turn.end,
        )
        for turn in turns
    ]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=40)
@given(turns=dialogues())
def test_written_and_read_is_the_same(way: str, turns: list[Turn]) -> None:
    """Speakers, words and times survive, in each format, whose name is told from the content."""
    form, write = WRITERS[way]

    transcript = parse_transcript(write(turns).encode())

    assert told(list(transcript.turns), "") == told(turns, way)
    assert transcript.format == form
    assert {warning.code for warning in transcript.warnings} <= {"lines-skipped"}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=10)
@given(turns=dialogues())
def test_what_is_written_is_known_as_a_transcript(way: str, turns: list[Turn]) -> None:
    """The first bytes are enough to tell."""
    form, write = WRITERS[way]

    sniffed = sniff_transcript(write(turns).encode(), name="")

    assert sniffed == form


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        pytest.param("utf-8", codecs.BOM_UTF8, id="UTF-8 with a mark"),
        pytest.param("utf-16-le", codecs.BOM_UTF16_LE, id="UTF-16, low byte first"),
        pytest.param("utf-16-be", codecs.BOM_UTF16_BE, id="UTF-16, high byte first"),
        pytest.param("utf-32-le", codecs.BOM_UTF32_LE, id="UTF-32"),
    ],
)
@pytest.mark.parametrize("newline", [pytest.param("\r\n", id="CRLF"), pytest.param("\r", id="CR")])
@settings(max_examples=10)
@given(turns=dialogues(), way=st.sampled_from(sorted(WRITERS)))
def test_encodings_and_line_breaks_change_nothing(
    encoding: str, mark: bytes, newline: str, turns: list[Turn], way: str
) -> None:
    """A file from another system is the same transcript."""
    text = WRITERS[way][1](turns)
    content = mark + text.replace("\r\n", "\n").replace("\n", newline).encode(encoding)

    transcript = parse_transcript(content)

    assert transcript == parse_transcript(text.encode())


def test_every_format_has_a_writer() -> None:
    """A format that is added is tried as the others are."""
    written = {form for form, _ in WRITERS.values()}

    assert written == set(FORMATS)
