"""Plain text: who is a speaker, who is none, and which words are whose."""

import pytest

from service.transcripts import Transcript, parse_transcript


def read(text: str, name: str = "a.txt") -> Transcript:
    """The transcript in a text."""
    return parse_transcript(text.encode(), name=name)


def told(transcript: Transcript) -> list[tuple[str | None, str]]:
    """Each turn's speaker and words."""
    return [(turn.speaker, turn.text) for turn in transcript.turns]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Sam: hi\nDana: ho\n", id="one line each"),
        pytest.param("Sam:hi\nDana:ho\nSam:\nDana:\n", id="no space after the colon"),
        pytest.param("Sam:\nhi\n\nDana:\nho\n", id="words on the next line"),
        pytest.param("> **Sam:** hi\n>\n> **Dana:** ho\n", id="quoted Markdown"),
        pytest.param("- **Sam**: hi\n- **Dana**: ho\n", id="a Markdown list"),
        pytest.param("1. Sam: hi\n2. Dana: ho\n", id="a numbered list"),
        pytest.param("***Sam:*** hi\n\n__Dana:__ ho\n", id="other emphasis"),
        pytest.param("### Sam\nhi\n### Dana\nho\n", id="headings"),
        pytest.param("**[00:12] Sam:** hi\n**[00:15] Dana:** ho\n", id="a time inside of bold letters"),
        pytest.param("**Sam** (00:12): hi\n**Dana** *(00:15)*: ho\n", id="a time after bold letters"),
        pytest.param("[Sam]: hi\n[Dana]: ho\n", id="brackets and a colon"),
        pytest.param("<Sam> hi\n<Dana> ho\n", id="a chat"),
        pytest.param("(Sam)\nhi\n(Dana)\nho\n", id="names in brackets on their lines"),
        pytest.param("[00:05.10] - Sam\nhi\n\n[00:09.00] - Dana\nho\n", id="time, dash, name"),
        pytest.param("Sam [00:05]\nhi\n\nDana [00:09]\nho\n", id="name and time in brackets"),
        pytest.param("Sam | 00:05\nhi\n\nDana | 00:09\nho\n", id="name, bar, time"),
        pytest.param("Sam: [00:05] hi\nDana: [00:09] ho\n", id="a time after the colon"),
        pytest.param("Sam: 00:00:05\n\nhi\n\nDana: 00:00:09\n\nho\n", id="a time alone after the colon"),
        pytest.param("Sam\n0:05\nhi\nDana\n0:09\nho\n", id="the time below the name"),
        pytest.param("0:05\nSam\nhi\n0:09\nDana\nho\n", id="the time above the name"),
        pytest.param("10:31 AM Sam: hi\n10:32 AM Dana: ho\n", id="times of day"),
        pytest.param("Sam\t0:05\thi\nDana\t0:09\tho\n", id="name, time and words between tabs"),
        pytest.param("Sam\thi\nDana\tho\n", id="name and words between tabs"),
        pytest.param("\ufeffSam: hi\r\n\r\nDana: ho\r\n", id="a mark and CRLF"),
        pytest.param("---\ntitle: x\nspeaker: y\n---\nSam: hi\nDana: ho\n", id="front matter"),
        pytest.param("---\nSam: hi\n\n---\nDana: ho\n", id="rules"),
    ],
)
def test_the_ways_to_name_a_speaker(text: str) -> None:
    """However people and programs write it, it is the same conversation."""
    transcript = read(text)

    assert told(transcript) == [("Sam", "hi"), ("Dana", "ho")]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("The point is: it depends.", id="a sentence"),
        pytest.param("Note: it was late.", id="a note"),
        pytest.param("Example: a price list.", id="an example"),
        pytest.param("See https://example.org: it is all there.", id="an address"),
        pytest.param("https://example.org", id="an address alone"),
        pytest.param("10:30 is when we met.", id="a time"),
        pytest.param("We met at 10:30", id="a time at the end"),
        pytest.param("It was 3:1 for retrieval.", id="a ratio"),
        pytest.param("std::vector and C:\\data, too.", id="code"),
        pytest.param("First: the prompt.", id="first"),
        pytest.param("My answer: no.", id="my answer"),
        pytest.param("RAG: that is lookup, and RAG is cheap.", id="a term"),
        pytest.param("**Important:** measure it.", id="bold"),
        pytest.param("[laughs] It did not.", id="laughter"),
        pytest.param("Retrieval: cheap.\nTraining: dear.", id="a list of two"),
        pytest.param("**Cost Analysis:** cheap.\n**Data Freshness:** weekly.", id="a bold list"),
        pytest.param("- one: a\n- two: b", id="a bulleted list"),
        pytest.param('He said: "no".', id="a quotation"),
        pytest.param("Q and A: both.", id="words with and"),
    ],
)
@pytest.mark.parametrize("gap", [pytest.param("\n", id="next line"), pytest.param("\n\n", id="next paragraph")])
def test_a_colon_in_speech_makes_no_speaker(line: str, gap: str) -> None:
    """What is said stays with the one who says it, and nobody is invented."""
    text = gap.join(["Sam: Why?", "Dana: Well.", line, "Sam: And?", "Dana: So.", "Sam: Good.", "Dana: Bye."])

    transcript = read(text)

    assert transcript.speakers == ("Sam", "Dana")
    assert told(transcript)[1] == ("Dana", " ".join(f"Well. {line}".split()))


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        pytest.param("Interviewer: a\nDana: b\nPriya: c\nDana: d\nInterviewer: e\n", 3, id="who speaks once"),
        pytest.param("sam: a\ndana: b\nsam: c\ndana: d\n", 2, id="names in lower case"),
        pytest.param("Dr. Osei: a\nBell, Sam: b\nDr. Osei: c\nBell, Sam: d\n", 2, id="a title and a comma"),
        pytest.param("+1 415-555-0100: a\nDana: b\n+1 415-555-0100: c\nDana: d\n", 2, id="a telephone"),
        pytest.param("Speaker 1: a\nSpeaker 2: b\n", 2, id="numbered speakers"),
        pytest.param("Question: a\nAnswer: b\nQuestion: c\nAnswer: d\n", 2, id="question and answer"),
        pytest.param("Will: I will. a\nMark: b\nWill: c\nMark: d\n", 2, id="names that are words"),
        pytest.param("I: a\nP1: b\nI: c\nP1: d\n", 2, id="letters"),
    ],
)
def test_unusual_names_are_speakers(text: str, speakers: int) -> None:
    """Shape and repetition tell, not a list of names."""
    transcript = read(text)

    assert len(transcript.speakers) == speakers


def test_what_stands_around_the_conversation_is_left_out_and_said() -> None:
    """Titles, lists of people and what follows the end are nobody's words; how many lines there were is a warning."""
    text = (
        "Weekly\n15 June 2026, 03:35am\n27m 42s\nSam Bell started transcription\n"
        "Sam Bell   0:03\nWhy?\n\nDana Osei   0:07\nBecause.\n\nSam Bell   0:09\nGood.\n\nDana Osei   0:11\nBye.\n"
        "### Transcription ended after 00:01:00\n\n*This editable transcript was computer generated and might err.*\n"
        "## Metadata\n- **Source**: a program\n"
    )

    transcript = read(text)

    assert told(transcript) == [
        ("Sam Bell", "Why?"),
        ("Dana Osei", "Because."),
        ("Sam Bell", "Good."),
        ("Dana Osei", "Bye."),
    ]
    assert [warning.code for warning in transcript.warnings] == ["lines-skipped"]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        pytest.param("[00:00.000 --> 00:04.000]  One.\n[00:04.000 --> 00:05.500]  Two.\n", [0.0, 4.0], id="ranges"),
        pytest.param("[00:05] Okay\n[00:07] so\n[00:08] Okay\n", [5.0, 7.0, 8.0], id="short remarks"),
        pytest.param("0:05 one\n0:07 two\n0:09 three\n", [5.0, 7.0, 9.0], id="bare times"),
        pytest.param("0:05\none\n\n0:07\nso it was.\n", [5.0, 7.0], id="times on their lines"),
    ],
)
def test_times_without_names_are_kept(text: str, times: list[float]) -> None:
    """Nobody is invented out of a short remark after a time."""
    transcript = read(text)

    assert transcript.speakers == ()
    assert [turn.start for turn in transcript.turns] == times
    assert [warning.code for warning in transcript.warnings] == ["no-speakers"]


def test_times_of_day_count_from_the_first() -> None:
    """`10:31 AM` is no place in a recording; the distance to the first is."""
    transcript = read("11:59 AM Sam: hi\n12:01 PM Dana: ho\n12:01:30 PM Sam: yes\n")

    assert [turn.start for turn in transcript.turns] == [0.0, 120.0, 150.0]
