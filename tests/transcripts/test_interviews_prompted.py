"""An interviewer who gives the answer away gives the candidate nothing."""

import pytest

from service.transcripts.prompting import REPEATED_FROM, Said, repeated_share
from tests.transcripts.interview_scripts import ANSWERED, ASKED, codes, interview, only

LEADING = "So you'd start with a prompt, add RAG when facts change and fine-tune for behaviour, right?"
HINT = "Well, start with a cheap prompt, use retrieval when knowledge changes weekly, and fine-tune for stable formats."


@pytest.mark.parametrize(
    ("prompt", "assent"),
    [
        pytest.param(LEADING, "Yes, exactly.", id="tag question"),
        pytest.param(LEADING, "Yeah.", id="the barest yes"),
        pytest.param(LEADING, "Mm-hm.", id="a hum"),
        pytest.param(
            "Would you say RAG is for knowledge and tuning for behaviour?", "That's right.", id="would you say"
        ),
        pytest.param("Do you agree that RAG is for knowledge, tuning for behaviour?", "I agree.", id="do you agree"),
        pytest.param(
            "I'd say RAG is for knowledge and tuning for behaviour.", "Mm, I agree with that.", id="statement"
        ),
        pytest.param("RAG is for knowledge and tuning for behaviour. Yes?", "Absolutely, yes.", id="statement and yes"),
        pytest.param(LEADING, "Yes, that's exactly what I would do.", id="a long yes"),
    ],
)
def test_bare_assent_is_warned_of(prompt: str, assent: str) -> None:
    """The yes is the answer, and nothing that the interviewer said is part of it."""
    found = interview(f"Interviewer: {prompt}\nCandidate: {assent}")

    assert only(found).answer == assent
    assert codes(only(found).warnings) == ["prompted"]
    assert only(found).warnings[0].message == (
        "The candidate only agrees to what the interviewer had said (turn 2); nothing there is the candidate's own."
    )


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(f"Interviewer: {ASKED}\nCandidate: {ANSWERED}", id="an answer of one's own"),
        pytest.param("Interviewer: Do you know Python?\nCandidate: Yes.", id="nothing to agree to"),
        pytest.param(
            "Interviewer: Have you ever deployed a machine learning model to production?\nCandidate: Yes.",
            id="a question about the candidate",
        ),
        pytest.param(f"Interviewer: {LEADING}\nCandidate: Yes, but only below a million queries.", id="yes, but"),
        pytest.param(f"Interviewer: {LEADING}\nCandidate: No, not quite right.", id="no"),
        pytest.param(
            f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: So you'd start with a prompt because it's "
            "cheap, and move to retrieval when the data changes every week, correct?\nCandidate: Yes, exactly.",
            id="the candidate's own words put back",
        ),
        pytest.param("Interviewer: Why is RAG for facts and tuning for form?\nCandidate: Right.", id="open"),
    ],
)
def test_an_answer_of_ones_own_is_not_warned_of(script: str) -> None:
    """Agreeing to one's own words, or to nothing, is no prompting."""
    found = interview(script)

    assert codes(only(found).warnings) == []


def test_a_yes_after_an_answer_says_which_turn() -> None:
    """One prompted turn does not hide which of the turns it was."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: And you'd only fine-tune for format, with five "
        "hundred labelled examples and a maintainer, right?\nCandidate: Yes."
    )

    assert only(found).source.turns == (2, 4)
    assert "(turn 4)" in only(found).warnings[0].message


def test_the_candidates_words_put_back_are_no_part_of_the_question() -> None:
    """A grader counts no span that reads the question back, so the candidate's own words must not stand there."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: {ANSWERED}\nInterviewer: So you'd start with a prompt because it's cheap, "
        "and move to retrieval when the data changes every week?\nCandidate: Yes."
    )

    assert only(found).question == ASKED


def test_a_hint_said_again_is_warned_of_and_asked() -> None:
    """Words of the interviewer's that the candidate repeats stand in the question, so that no grader counts them."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: I am not sure.\nInterviewer: {HINT}\n"
        "Candidate: Right, so start with a cheap prompt, use retrieval when the knowledge changes weekly, and tune."
    )

    assert only(found).question == f"{ASKED} {HINT}"
    assert only(found).warnings[0].message == (
        "The candidate mostly repeats what the interviewer had said (turn 4); nothing there is the candidate's own."
    )


def test_a_hint_taken_further_is_not_warned_of() -> None:
    """Using a few of the interviewer's words in an answer of one's own is no repeating."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: I am not sure.\nInterviewer: {HINT}\n"
        "Candidate: With a cheap prompt, use retrieval, sure; but our price list moved hourly, so we cached it beside "
        "the index and paged somebody whenever the nightly sync fell behind."
    )

    assert codes(only(found).warnings) == []
    assert only(found).question == ASKED


@pytest.mark.parametrize(
    ("reply", "said", "share"),
    [
        pytest.param("cheap prompt use retrieval knowledge changes weekly", "", 1.0, id="all of it"),
        pytest.param(
            "the cheap prompt, then retrieval, and knowledge that changes weekly", "", 1.0, id="other small words"
        ),
        pytest.param("knowledge changes weekly there and prices nightly here", "", 0.6, id="just over"),
        pytest.param("knowledge changes weekly yet prices move nightly by sync", "", 3 / 7, id="just under"),
        pytest.param("weekly changes, knowledge, retrieval, prompts, cheap ones", "", 0.0, id="another order"),
        pytest.param("knowledge changes weekly", "", 0.0, id="too short to tell"),
        pytest.param(
            "cheap prompt use retrieval knowledge changes weekly",
            "cheap prompt use retrieval knowledge changes weekly",
            0.0,
            id="said before",
        ),
    ],
)
def test_how_much_is_repeated(reply: str, said: str, share: float) -> None:
    """Content words count where three in a row are the interviewer's, and were not the candidate's before."""
    before = Said()
    before.add(said)

    found = repeated_share(HINT, reply, before)

    assert found == pytest.approx(share)


def test_half_is_too_much() -> None:
    """The threshold lies where as many words are the interviewer's as the candidate's."""
    assert REPEATED_FROM == 0.5
