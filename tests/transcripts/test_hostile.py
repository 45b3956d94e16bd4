"""Files that are broken, enormous or no transcripts: a clear error, in little time."""

import time
from collections.abc import Callable

import pytest

from service.errors import TranscriptInvalid
from service.transcripts import FORMATS, parse_transcript, sniff_transcript
from service.transcripts.decoding import MAX_BYTES, MAX_CHARACTERS, MAX_LINES
from service.transcripts.jsontext import MAX_VALUES
from service.transcripts.pieces import LONGEST

LONG = 2_000_000
SECONDS = 20
"""Far more than any of the long lines takes, and far less than one whose time grows with its square."""


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        pytest.param(b"", "", "The file is empty", id="nothing"),
        pytest.param(b" \r\n\t\n", "", "The file is empty", id="white space"),
        pytest.param(b"\xef\xbb\xbf", "", "The file is empty", id="a byte order mark alone"),
        pytest.param(b"Sam: hi\nDana: h\0o\n", "", "line 2: a NUL character", id="NUL"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0", "", "line 1, byte 0: not UTF-8", id="binary"),
        pytest.param(b"PK\x03\x04rest", "", "Word document", id="a Word document"),
        pytest.param(b"%PDF-1.7", "", "a PDF", id="a PDF"),
        pytest.param(b"Sam: h\xc3\xa9\r\nDana: \xff\xfe!\n", "", "line 2, byte 16: not UTF-8", id="broken UTF-8"),
        pytest.param(b"Sam: \x81\x8d\x8f\x90\x9d", "", "line 1, byte 5: not UTF-8", id="no known encoding"),
        pytest.param("Сам: да".encode("windows-1251"), "", "not UTF-8", id="an encoding that is not guessed"),
        pytest.param(b"\xff\xfeS\0a\0\0\xd8", "", "not UTF-16-LE text", id="half a pair of UTF-16"),
        pytest.param(b'{"speaker": "Sam", "te', "", "line 1, column 20: not JSON", id="JSON cut short"),
        pytest.param(b'[{"speaker": "Sam"}]', "a.json", "No list of turns", id="JSON without text"),
        pytest.param(b"[" * 100_000, "", "nested too deep", id="nested JSON"),
        pytest.param(b'{"a":' * 100_000, "", "nested too deep", id="nested objects"),
        pytest.param(b'[{"text": 1' + b"0" * 5_000 + b"}]", "", "a number too long", id="a number of 5,000 digits"),
        pytest.param(b'speaker,text\nSam,"hi\nDana,ho\n', "", "line 2: not CSV", id="a quote that is not closed"),
        pytest.param(b'speaker,text\nSam,"hi" ho\n', "", "line 2: not CSV", id="words after a quote"),
        pytest.param(b"text,speaker\nhi, you,Sam\n", "", "line 2: more cells than columns", id="too many cells"),
        pytest.param(b"speaker,text\n", "", "Nothing is said", id="CSV without rows"),
        pytest.param(b"who,when\nSam,now\n", "a.csv", "line 1: no column holds what was said", id="CSV without text"),
        pytest.param(b'{"speaker":"Sam","text":"hi"}\n{"speaker":"Dana"\n', "a.jsonl", "line 2: not JSON", id="JSONL"),
        pytest.param(b'{"speaker":"Sam","text":"hi"}\n[1]\n', "a.jsonl", "line 2: not an object", id="JSONL of lists"),
        pytest.param(
            b'{"speaker":"Sam","text":"hi"}\n{"speaker":"Dana"}\n', "", "line 2: no text", id="JSONL, no text"
        ),
        pytest.param(b"WEBVTT\n\nNOTE nothing\n", "", "No cue times were found", id="WebVTT without cues"),
        pytest.param(b"WEBVTT\n\n00:01.000 --> 00:02.000\n", "", "Nothing is said", id="a cue without words"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(content: bytes, name: str, said: str) -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(TranscriptInvalid) as caught:
        parse_transcript(content, name=name)

    assert said in str(caught.value)
    assert str(caught.value).endswith((".", "}]"))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="an object"),
        pytest.param(b'{"results": {}, "segments": [1], "utterances": [null], "monologues": [{}]}', id="empty lists"),
        pytest.param(
            b'{"results": {"channels": [{"alternatives": [{}]}], "items": [{"alternatives": []}]}}', id="bare"
        ),
        pytest.param(b"7", id="a number"),
        pytest.param(b"--> : | \t <v", id="marks alone"),
    ],
)
def test_a_forced_format_that_does_not_fit_is_refused_or_read(form: str, content: bytes) -> None:
    """Whatever the file, there is a transcript with words or the one kind of error, and nothing else."""
    try:
        transcript = parse_transcript(content, format=form)
    except TranscriptInvalid as error:
        assert str(error)  # noqa: PT017 - either is right
    else:
        assert all(turn.text for turn in transcript.turns)
        assert form in {"text", "csv", "vtt", "srt", "sbv"}


def test_commas_that_nobody_quoted_lose_no_words() -> None:
    """Where the words are the last column, more cells can only be more words."""
    transcript = parse_transcript(b"speaker,text\nSam,well, so, yes\nDana,no,\n")

    assert [turn.text for turn in transcript.turns] == ["well, so, yes", "no"]


def test_an_unknown_format_is_a_mistake_of_the_caller() -> None:
    """It is no fault of the file."""
    with pytest.raises(ValueError, match="none of text, vtt"):
        parse_transcript(b"Sam: hi", format="docx")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: b"a" * (MAX_BYTES + 1), "bytes, and a transcript", id="bytes"),
        pytest.param(lambda: b"a\n" * (MAX_LINES + 1), "lines", id="lines"),
        pytest.param(lambda: b"Sam: " + b"a" * MAX_CHARACTERS, "characters, and a transcript", id="characters"),
        pytest.param(lambda: b'[{"text": "' + b"a" * (LONGEST + 1) + b'"}]', "at a stretch", id="one turn"),
        pytest.param(lambda: b"[" + b"0," * MAX_VALUES + b"0]", "values of JSON", id="values"),
    ],
)
def test_an_enormous_file_is_refused_before_it_is_read(make: Callable[[], bytes], said: str) -> None:
    """Memory and time are bounded by what is counted beforehand."""
    content = make()

    with pytest.raises(TranscriptInvalid, match=said):
        parse_transcript(content)


@pytest.mark.parametrize(
    "unit",
    [
        pytest.param("a", id="one word"),
        pytest.param("a:", id="colons"),
        pytest.param("<v ", id="open tags"),
        pytest.param("&a", id="open entities"),
        pytest.param(">> ", id="chevrons"),
        pytest.param("1:00 ", id="times"),
        pytest.param("[a] ", id="brackets"),
        pytest.param("- ", id="dashes"),
        pytest.param("*", id="asterisks"),
        pytest.param("{\\", id="overrides"),
        pytest.param("\t", id="tabs"),
        pytest.param('"', id="quotes"),
    ],
)
@pytest.mark.parametrize("form", [None, "vtt", "csv"])
def test_a_line_of_two_million_characters_takes_no_square_of_time(unit: str, form: str | None) -> None:
    """No pattern goes over a line again and again."""
    start = "WEBVTT\n\n00:01.000 --> 00:02.000\nSam: " if form == "vtt" else "Sam: hi\nDana: ho\nSam: "
    content = (start + unit * (LONG // len(unit)) + "x\n").encode()
    began = time.monotonic()

    try:
        parse_transcript(content, format=form)
    except TranscriptInvalid:
        assert form == "csv"

    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param(b'{"id": "1", "answer": "Sam: hi"}\n{"id": "2", "answer": "x"}\n', "a.jsonl", id="JSONL"),
        pytest.param(b'{"answer": "x", "speaker": "Sam", "text": "x"}\n', "a.jsonl", id="JSONL with all fields"),
        pytest.param(b"id,speaker,text,answer\n1,Sam,x,y\n", "a.csv", id="CSV with all columns"),
        pytest.param(b"id,text\n1,x\n", "a.csv", id="CSV without speakers"),
        pytest.param(b'[{"id": 1, "answer": "x"}]', "a.json", id="JSON"),
        pytest.param(b'[{"id": 1, "answer": "x', "a.json", id="JSON cut short"),
        pytest.param(b'{"a": [1, 2]}', "a.json", id="other JSON"),
        pytest.param(b"I start with a prompt. Note: it is cheap.\nCost: low.\n", "a.txt", id="an answer"),
        pytest.param(b"Prompting: cheap.\nRetrieval: dear.\nTraining: slow.\n", "a.txt", id="a list of points"),
        pytest.param(b"\x89PNG\0\0", "a.txt", id="binary"),
        pytest.param(b"", "a.vtt", id="nothing"),
        pytest.param(b"PK\x03\x04", "a.docx", id="a Word document"),
    ],
)
def test_what_may_be_answers_is_no_transcript(content: bytes, name: str) -> None:
    """A batch must not take a file of answers for a conversation."""
    form = sniff_transcript(content, name=name)

    assert form is None


@pytest.mark.parametrize(
    ("content", "form"),
    [
        pytest.param('{"results": {"channels": [{"alternatives": [{"words": [{"speaker', "deepgram", id="Deepgram"),
        pytest.param('{"jobName": "x", "results": {"items": [{"alternatives": [', "aws", id="Amazon"),
        pytest.param('{"monologues": [{"speaker": 0, "elements": [{"ty', "rev", id="Rev"),
        pytest.param('{"audio_url": "x", "utterances": [{"speaker": "A", "te', "assemblyai", id="AssemblyAI"),
        pytest.param('{"segments": [{"start": 0, "end": 1, "text": "x"}, {"st', "whisper", id="Whisper"),
        pytest.param('[{"speaker": "Sam", "text": "x"}, {"spea', "json", id="a list"),
        pytest.param('{"speaker": "Sam", "text": "x"}\n{"spea', "jsonl", id="JSONL"),
        pytest.param("WEBVTT\n\n00:01.0", "vtt", id="WebVTT"),
        pytest.param("Sam: caf\u00e9\nDana: na\u00efve \u00e9"[:-1] + "\u00e9", "text", id="text"),
    ],
)
def test_the_beginning_of_a_file_is_enough(content: str, form: str) -> None:
    """The end of the head may stand anywhere, also within a character."""
    head = content.encode()
    head = head[:-1] if content.endswith("\u00e9") else head

    sniffed = sniff_transcript(head, name="a.jsonl" if form == "jsonl" else "")

    assert sniffed == form
