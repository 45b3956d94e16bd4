"""WebVTT, SRT and SBV: cues, voices, tags, and captions that roll."""

from collections.abc import Sequence

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from service.transcripts import Transcript, parse_transcript
from service.transcripts.captions import read_cues

HEAD = "WEBVTT\n\n"
FIRST = "00:01.000 --> 00:02.000\n"
SECOND = "00:02.000 --> 00:03.000\n"


def read(text: str) -> Transcript:
    """The transcript in a text."""
    return parse_transcript(text.encode())


def told(transcript: Transcript) -> list[tuple[str | None, str]]:
    """Each turn's speaker and words."""
    return [(turn.speaker, turn.text) for turn in transcript.turns]


@pytest.mark.parametrize(
    ("payload", "turns"),
    [
        pytest.param("<v Dana Osei>hi</v>", [("Dana Osei", "hi")], id="a voice"),
        pytest.param("<v.first.loud Dana>hi", [("Dana", "hi")], id="classes, not closed"),
        pytest.param("<v Dana>hi <v Sam>ho", [("Dana", "hi"), ("Sam", "ho")], id="two voices in a line"),
        pytest.param("<v Dana>\nhi\nthere</v>", [("Dana", "hi there")], id="a voice over lines"),
        pytest.param("<v Dana>hi</v>\nthere", [("Dana", "hi there")], id="words after the end of a voice"),
        pytest.param("<v R&amp;D>hi", [("R&D", "hi")], id="an entity in a name"),
        pytest.param("<v>hi", [(None, "hi")], id="a voice of nobody"),
        pytest.param("- <v Dana>hi\n- <v Sam>ho", [("Dana", "hi"), ("Sam", "ho")], id="dashes before voices"),
        pytest.param("<b>a</b> <i.x>b</i> <c.y.z>c</c> <u>d</u> <lang en>e</lang>", [(None, "a b c d e")], id="tags"),
        pytest.param("<00:00:01.500>a <00:01.700>b", [(None, "a b")], id="times inside"),
        pytest.param(
            "a &lt; b &gt; c &amp; d&nbsp;e &#39;f&#x27; &quot;g&quot;",
            [(None, "a < b > c & d e 'f' \"g\"")],
            id="entities",
        ),
        pytest.param("AT&T and R&D &unknown;", [(None, "AT&T and R&D &unknown;")], id="no entities"),
        pytest.param("if x < y and List<int>", [(None, "if x < y and List<int>")], id="no tags"),
        pytest.param("- hi\n- ho", [(None, "hi"), (None, "ho")], id="dashes"),
        pytest.param(">> hi\n>> ho", [(None, "hi"), (None, "ho")], id="chevrons"),
        pytest.param(">> SAM: hi >> DANA: ho", [("SAM", "hi"), ("DANA", "ho")], id="chevrons and names in a line"),
        pytest.param(
            "[Sam] hi\n[Dana] ho\n[Sam] yes\n[Dana] no",
            [("Sam", "hi"), ("Dana", "ho"), ("Sam", "yes"), ("Dana", "no")],
            id="names in brackets",
        ),
        pytest.param("[Music]", [(None, "[Music]")], id="a sound"),
    ],
)
def test_what_a_cue_says(payload: str, turns: list[tuple[str | None, str]]) -> None:
    """Who says what in one cue."""
    transcript = read(HEAD + FIRST + payload + "\n")

    assert told(transcript) == turns


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(FIRST + "one\n\n" + SECOND + "two\n", id="no header"),
        pytest.param(HEAD + FIRST + "one\n" + SECOND + "two", id="no empty lines"),
        pytest.param("WEBVTT" + "\n" + FIRST + "one\n\n" + SECOND + "two\n", id="no empty line after the header"),
        pytest.param(
            "WEBVTT\nKind: captions\nLanguage: en\n\n" + FIRST + "one\n\n" + SECOND + "two\n", id="header lines"
        ),
        pytest.param(HEAD + "a name\n" + FIRST + "one\n\n7\n" + SECOND + "two\n", id="identifiers"),
        pytest.param(HEAD + "NOTE\nx\ny\n\n" + FIRST + "one\n\nNOTE\n\n" + SECOND + "two\n\nNOTE\nz\n", id="comments"),
        pytest.param(HEAD + "STYLE\n::cue {}\n\nREGION\nid:a\n\n" + FIRST + "one\n\n" + SECOND + "two\n", id="style"),
        pytest.param(HEAD + "0:0:1.0 --> 0:0:2.000 line:0 align:start\none\n\n" + SECOND + "two\n", id="no padding"),
        pytest.param("1\n00:00:01,000 --> 00:00:02,000\none\n\n2\n00:00:02,000 --> 00:00:03,000\ntwo\n", id="SRT"),
        pytest.param("00:00:01,000 --> 00:00:02,000\none\n00:00:02.000 --> 00:00:03.000\ntwo\n", id="SRT, no numbers"),
        pytest.param("00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:3\none\n\n2\n0:0:2,0 --> 0:0:3,0\ntwo", id="places"),
        pytest.param("0:00:01.000,0:00:02.000\none\n\n0:00:02.000,0:00:03.000\ntwo\n", id="SBV"),
        pytest.param(HEAD + "00:01.000 --> 00:02.000 one\n\n00:02.000 --> 00:03.000 two\n", id="beside the times"),
    ],
)
def test_the_ways_to_write_two_cues(text: str) -> None:
    """Strict or not, they are the same two cues, and nothing of a header or a comment is said."""
    transcript = read(text)

    assert [(turn.text, turn.start, turn.end) for turn in transcript.turns] == [("one", 1.0, 2.0), ("two", 2.0, 3.0)]


@pytest.mark.parametrize(
    ("cues", "said"),
    [
        pytest.param(["so the", "so the first", "so the first thing"], ["so the", "first", "thing"], id="growing"),
        pytest.param(["a b", "a b\nc d", "c d\ne f"], ["a b", "c d", "e f"], id="rolling"),
        pytest.param(["a b\nc d", "a b\nc d e", "c d e\nf"], ["a b c d", "e", "f"], id="rolling and growing"),
        pytest.param(["one two three four five", "one two three four five"], ["one two three four five"], id="twice"),
        pytest.param(["yes", "yes", "and so", "it went", "on", "for", "days"], None, id="a word that is said twice"),
    ],
)
def test_what_is_shown_again_is_said_once(cues: Sequence[str], said: list[str] | None) -> None:
    """Rolling captions are told by how much of the file repeats; one word twice in a row is two words."""
    text = HEAD + "\n".join(f"00:{place:02}.000 --> 00:{place + 1:02}.000\n{cue}\n" for place, cue in enumerate(cues))

    transcript = read(text)

    assert [turn.text for turn in transcript.turns] == (said or cues)
    assert ("rolling-cues" in {warning.code for warning in transcript.warnings}) == (said is not None)


def test_the_same_words_after_a_pause_are_said_again() -> None:
    """Only a cue that follows at once can be shown on."""
    text = HEAD + "".join(f"00:{place}0.000 --> 00:{place}1.000\nhow do you choose then\n\n" for place in range(3))

    transcript = read(text)

    assert len(transcript.turns) == 3


def test_words_before_the_first_cue_are_counted() -> None:
    """They have no time and no cue; that they were left out is said."""
    transcript = read("Some words\nand more\n\n" + FIRST + "one\n")

    assert [warning.code for warning in transcript.warnings] == ["no-speakers"]
    assert parse_transcript(("Words\n\nof a title\n\n" + FIRST + "one\n").encode(), format="vtt").warnings[0].code == (
        "lines-skipped"
    )


def test_times_that_cannot_be_read_lose_no_words() -> None:
    """The cue is kept without its times, and the line is named."""
    transcript = read(HEAD + FIRST + "<v Sam>one\n\n00:0x --> 00:03.000\n00:-- --> 1\n" + SECOND + "<v Dana>two\n")

    assert [turn.speaker for turn in transcript.turns] == ["Sam", "Dana"]


@settings(max_examples=60)
@given(
    cues=st.lists(
        st.tuples(
            st.integers(0, 9_000_000),
            st.integers(1, 9_000),
            st.lists(st.from_regex(r"[a-z&]{1,6}( [a-z.,]{1,6}){0,4}", fullmatch=True), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_well_formed_cues_are_those_that_a_reference_reader_finds(cues: list[tuple[int, int, list[str]]]) -> None:
    """webvtt-py, which follows the standard, sees the same times and lines."""
    file = webvtt.WebVTT()
    for start, length, lines in cues:
        file.captions.append(webvtt.Caption(stamp(start), stamp(start + length), lines))

    found, notices = read_cues(file.content.split("\n"), commas=False, asides=True)

    assert [(cue.start, cue.end) for cue in found] == [
        (start / 1000, (start + length) / 1000) for start, length, _ in cues
    ]
    assert [[line for _, line in cue.lines] for cue in found] == [
        caption.raw_text.split("\n") for caption in file.captions
    ]
    assert {notice.code for notice in notices} <= {"overlapping-cues"}


def stamp(thousandths: int) -> str:
    """A time as WebVTT writes it."""
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
