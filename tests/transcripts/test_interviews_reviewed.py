"""Interviews in which the words alone mislead: who asks back, lists that look like names, footers, cut-ins."""

import pytest

from service.errors import SpeakerUnclear
from service.transcripts import parse_transcript
from service.transcripts.interviews import Interview, submissions
from tests.transcripts.interview_scripts import ANSWERED, ASKED, asked_and_answered, codes, interview, only

# The lines of a list in a candidate's turn.
POINTS = (
    "Prompting: cheap, so I start there.",
    "RAG: when the data changes every week.",
    "Fine-tuning: only with many labelled examples.",
)


def read(text: str, name: str = "interview.txt") -> Interview:
    """The answers in a file with this text."""
    return submissions(parse_transcript(text.encode(), name=name), name=name)


# In the scripts of this table, I asks and C answers.
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            f"I: {ASKED}\nC: What kind of product do you have in mind?\nI: Imagine a support assistant for a bank.\n"
            f"C: {ANSWERED}",
            [(f"{ASKED} Imagine a support assistant for a bank.", (2, 4))],
            id="told",
        ),
        pytest.param(
            f"I: {ASKED}\nC: Can I ask what the volume is?\nI: Sure, what would you assume?\nC: {ANSWERED}",
            [(f"{ASKED} Sure, what would you assume?", (2, 4))],
            id="handed back",
        ),
        pytest.param(
            f"I: {ASKED}\nC: Okay. Is it for customers?\nI: Imagine a bank.\nC: How many of them?\n"
            f"I: Imagine a million.\nC: {ANSWERED}",
            [(f"{ASKED} Imagine a bank. Imagine a million.", (2, 4, 6))],
            id="twice",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Could you describe a hard stakeholder?\nC: Sorry, do you mean at work?\n"
            "I: Yes, at work. Tell me about a launch that slipped.\nC: We slipped by two weeks and I told sales.",
            [
                (ASKED, (2,)),
                ("Could you describe a hard stakeholder? Yes, at work. Tell me about a launch that slipped.", (4, 6)),
            ],
            id="at a later question",
        ),
        pytest.param(
            f"Bo (Host): {ASKED}\nC: Could you clarify, who would use it?\nAnn (Host): Imagine a bank's tellers.\n"
            f"C: {ANSWERED}",
            [(f"{ASKED} Imagine a bank's tellers.", (2, 4))],
            id="told by another interviewer",
        ),
        pytest.param(
            f"I: {ASKED}\nC: Is it for customers?\nI: Imagine a bank.\nC: {ANSWERED}\nI: What do you measure?\n"
            "C: Do you mean for quality?\nI: Let's move on. What was the worst outage that you had to deal with?\n"
            "C: I lost an index once.",
            [
                (f"{ASKED} Imagine a bank.", (2, 4)),
                ("What do you measure?", (6,)),
                ("What was the worst outage that you had to deal with?", (8,)),
            ],
            id="and then dropped",
        ),
    ],
)
def test_who_asks_back_answers_the_first_question(
    script: str, expected: list[tuple[str | None, tuple[int, ...]]]
) -> None:
    """What the interviewer says to it goes with the question, and the answer after it belongs to that question."""
    found = interview(script, speaker="C")

    assert asked_and_answered(found) == expected


@pytest.mark.parametrize(
    ("asks", "answers"),
    [
        pytest.param("Ann", "Ben", id="names"),
        pytest.param("Interviewer", "Candidate", id="parts"),
    ],
)
def test_the_points_of_a_list_are_nobodys_names(asks: str, answers: str) -> None:
    """Though they come twice: all of them are the candidate's words."""
    points = "\n".join(POINTS)
    found = read(
        f"{asks}: {ASKED}\n{answers}: Three options.\n{points}\n{asks}: What fails?\n{answers}: Each does.\n"
        "RAG: a stale index.\nFine-tuning: drift.\n"
    )

    assert [(speaker.name, speaker.turns) for speaker in found.speakers] == [(asks, 2), (answers, 2)]
    assert only(found).answer == (
        f"Three options. {' '.join(POINTS)}\nEach does. RAG: a stale index. Fine-tuning: drift."
    )


def test_questions_with_answers_under_no_label_are_refused() -> None:
    """Whoever speaks under `Q` cannot be graded for the questions."""
    text = f"Q: {ASKED}\n\n{ANSWERED}\n\nQ: How do you prioritise?\n\nBy the cost of delay.\n"

    with pytest.raises(SpeakerUnclear) as caught:
        read(text)

    assert "one speaker only is named" in str(caught.value)
    assert "By the cost of delay" not in str(caught.value)


def test_names_beside_the_numbers_of_cues_are_speakers() -> None:
    """Webex writes them there, and what looks like a tag in a name is part of the name."""
    text = (
        f'WEBVTT\n\n1 "Hana Sato" (33872)\n00:00:01.000 --> 00:00:05.000\n{ASKED}\n\n'
        f'2 "Leo <b>Park" (11223)\n00:00:05.500 --> 00:00:12.000\n{ANSWERED}\n'
    )

    found = read(text, "webex.vtt")

    assert found.candidate == "Leo <b>Park"
    assert asked_and_answered(found) == [(ASKED, (2,))]


@pytest.mark.parametrize(
    "cut_in",
    [
        pytest.param("Can I jump in?", id="jump in"),
        pytest.param("Could I just add something?", id="add"),
        pytest.param("May I interrupt?", id="interrupt"),
    ],
)
def test_an_interviewer_who_cuts_in_asks_nothing(cut_in: str) -> None:
    """The candidate goes on with the answer, and the question stays as it was."""
    found = interview(
        f"Lee: {ASKED}\nRavi: I start with a prompt.\nKim: {cut_in} I've seen teams tune first.\n"
        "Ravi: I think that's a trap. I move to retrieval when the data changes every week.",
        speaker="Ravi",
    )

    assert asked_and_answered(found) == [(ASKED, (2, 4))]


@pytest.mark.parametrize(
    "footer",
    [
        pytest.param("Meeting ended after 00:12:31", id="meeting"),
        pytest.param("The meeting ended at 10:42.", id="the meeting"),
        pytest.param("Recording stopped", id="recording"),
    ],
)
def test_the_footer_is_nobodys_words(footer: str) -> None:
    """It stands below the last turn, and is left out with a warning."""
    transcript = parse_transcript(f"Ann: {ASKED}\nBen: {ANSWERED}\n{footer}\n".encode(), name="meet.txt")

    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [("Ann", ASKED), ("Ben", ANSWERED)]
    assert codes(transcript.warnings) == ["lines-skipped"]
