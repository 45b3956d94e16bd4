"""What holds of every interview, however it goes."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from service.errors import SpeakerUnclear, TranscriptInvalid
from service.text.words import Text
from service.transcripts.interviews import Interview, submissions
from service.transcripts.model import Transcript, Turn
from tests.text.texts import TEXTS

CANDIDATE = "Candidate"

# The candidate's words are all in capitals and the interviewer's are not, so that neither can be taken for the other's.
ASKED = [
    "how do you choose between rag and fine-tuning?",
    "what is your notice period?",
    "and what about cost?",
    "why?",
    "mm-hm",
    "okay, go on",
    "so you'd start with a cheap prompt and add retrieval for facts that change, right?",
    "start with a cheap prompt, then add retrieval for facts that change.",
    "hi, how are you?",
    "do you have any questions for me?",
    "moving on. tell me about a time you failed.",
    "we are forty people in bonn.",
    "can you hear me?",
    "imagine a bank",
    "[pause]",
    "",
]
SUBSTANTIAL = [
    "FIRST WE WRITE A PROMPT AND LOOK AT WHAT STILL FAILS, WHICH TAKES AN AFTERNOON AND COSTS NEXT TO NOTHING AT ALL.",
    "RETRIEVAL HELPS ONCE DOCUMENTS MOVE FASTER THAN ANY TRAINING RUN, AND SHOWS OUR AUDITORS WHERE CLAIMS COME FROM.",
]
SLIGHT = ["YES, EXACTLY.", "OKAY.", "UM", "THANKS, BYE!", "DO YOU MEAN FOR FACTS?", "THREE MONTHS.", "...", ""]

TURNS = st.lists(
    st.one_of(
        st.tuples(st.just("Interviewer"), st.sampled_from(ASKED)),
        st.tuples(st.just(CANDIDATE), st.sampled_from([*SUBSTANTIAL, *SLIGHT])),
        st.tuples(st.sampled_from(["Second Interviewer", None]), st.sampled_from(ASKED)),
    ),
    max_size=14,
)


def transcript_of(turns: list[tuple[str | None, str]]) -> Transcript:
    """These turns, one a line."""
    return Transcript(
        format="text",
        turns=tuple(Turn(speaker=name, text=text, line=line) for line, (name, text) in enumerate(turns, start=1)),
    )


def found_in(turns: list[tuple[str | None, str]]) -> Interview | None:
    """The interview, None where there is nothing to grade or nobody to grade."""
    try:
        return submissions(transcript_of(turns), name="file", speaker=CANDIDATE)
    except (SpeakerUnclear, TranscriptInvalid):
        return None


@given(turns=TURNS)
def test_an_answer_is_the_candidates_turns_word_for_word(turns: list[tuple[str | None, str]]) -> None:
    """Its passages are in order, apart by a line break, cover it, and each is a whole turn of the candidate's."""
    found = found_in(turns)

    for answer in found.submissions if found else ():
        said = [turns[passage.turn - 1] for passage in answer.passages]
        assert answer.answer == "\n".join(text for _, text in said)
        assert {name for name, _ in said} == {CANDIDATE}
        assert [str(answer.answer)[passage.start : passage.end] for passage in answer.passages] == [t for _, t in said]
        assert [passage.turn for passage in answer.passages] == sorted({passage.turn for passage in answer.passages})
        assert answer.source.turns == tuple(passage.turn for passage in answer.passages)
        assert answer.source.line == answer.source.turns[0]


@given(turns=TURNS)
def test_no_word_of_the_interviewers_is_answered(turns: list[tuple[str | None, str]]) -> None:
    """Whatever interviewers say, and however alike it is, the answers stay in the candidate's capitals."""
    found = found_in(turns)

    assert all(str(answer.answer).isupper() for answer in found.submissions) if found else True
    questions = [answer.question for answer in found.submissions if answer.question] if found else []
    assert all(question.islower() for question in questions)


@given(turns=TURNS)
def test_every_turn_of_substance_is_in_one_answer(turns: list[tuple[str | None, str]]) -> None:
    """No turn is graded twice, and none that says something is lost."""
    found = found_in(turns)

    counted = Counter(turn for answer in found.submissions for turn in answer.source.turns) if found else Counter()
    substantial = {number for number, (_, text) in enumerate(turns, start=1) if text in SUBSTANTIAL}
    assert set(counted.values()) <= {1}
    assert substantial <= set(counted)


@given(turns=TURNS)
def test_the_order_is_kept_and_ids_differ(turns: list[tuple[str | None, str]]) -> None:
    """Answers come in the order in which they were given, under numbers that rise."""
    found = found_in(turns)

    answers = found.submissions if found else ()
    assert [answer.source.turns for answer in answers] == sorted(answer.source.turns for answer in answers)
    assert [int(answer.id) for answer in answers] == sorted({int(answer.id) for answer in answers})


@given(turns=st.lists(st.tuples(st.sampled_from(["Ann", "Ben", "Q", None]), TEXTS), max_size=8))
def test_no_text_breaks_it(turns: list[tuple[str | None, str]]) -> None:
    """Any text in any turns gives answers made of turns, or an error that says what to do."""
    transcript = transcript_of(turns)

    try:
        answers = submissions(transcript, name="file").submissions
    except (SpeakerUnclear, TranscriptInvalid) as error:
        answers, message = (), str(error)
    else:
        message = "file: "

    assert message.startswith("file: ")
    assert all(Text(str(answer.answer)).words for answer in answers)
