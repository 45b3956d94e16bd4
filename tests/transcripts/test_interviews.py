"""Which turns of an interview answer which question."""

import json
from pathlib import Path

import pytest

from service.errors import TranscriptInvalid
from service.transcripts import parse_transcript
from service.transcripts.interviews import submissions
from tests.conftest import FIXTURES
from tests.transcripts.interview_scripts import (
    ANSWERED,
    ASKED,
    asked_and_answered,
    codes,
    interview,
    only,
)

FILES = sorted(
    path
    for path in (FIXTURES / "interviews").iterdir()
    if path.suffix != ".json" and path.with_suffix(".json").exists()
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_whole_interview(path: Path) -> None:
    """Files in several formats give the answers written down beside them."""
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    transcript = parse_transcript(path.read_bytes(), name=path.name)

    found = submissions(transcript, name=path.name)

    assert {
        "candidate": found.candidate,
        "warnings": codes(found.warnings),
        "submissions": [
            {
                "id": answer.id,
                "question": answer.question,
                "turns": list(answer.source.turns),
                "answer": answer.answer,
                "warnings": codes(answer.warnings),
            }
            for answer in found.submissions
        ],
    } == expected


def test_an_answer_says_where_it_came_from() -> None:
    """The answer is the candidate's words, and each part of it knows its turn and its time."""
    found = interview(f"Ann: {ASKED}\nBen: I start with a prompt.\nAnn: Mm-hm.\nBen: Then I add retrieval.")

    answer = only(found)
    assert answer.answer == "I start with a prompt.\nThen I add retrieval."
    assert (answer.id, answer.question, answer.rubric) == ("1", ASKED, None)
    assert answer.source.model_dump() == {
        "file": "interview.txt",
        "line": 2,
        "speaker": "Ben",
        "turns": (2, 4),
        "question": ASKED,
        "similarity": None,
    }
    assert [(part.start, part.end, part.turn, part.start_s, part.end_s) for part in answer.passages] == [
        (0, 22, 2, 20.0, 29.0),
        (23, 44, 4, 40.0, 49.0),
    ]


# In the scripts of this table, I asks and C answers.
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(f"I: {ASKED}\nC: {ANSWERED}", [(ASKED, (2,))], id="one question"),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: What is your notice period?\nC: Three months.",
            [(ASKED, (2,)), ("What is your notice period?", (4,))],
            id="another question opens another answer",
        ),
        pytest.param(
            f"I: {ASKED}\nC: First a prompt.\nI: Mm-hm.\nC: Then retrieval.\nI: Right, okay, go on.\nC: Then training."
            "\nI: Got it, thanks.",
            [(ASKED, (2, 4, 6))],
            id="back-channel",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Really?\nC: The data decides.",
            [(ASKED, (2, 4))],
            id="back-channel with a question mark",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: And what about cost?\nC: Training costs most.",
            [(f"{ASKED} And what about cost?", (2, 4))],
            id="follow-up that adds",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Can you give an example?\nC: A price list.\nI: Why?\nC: It moves daily.",
            [(f"{ASKED} Can you give an example? Why?", (2, 4, 6))],
            id="follow-ups that ask to elaborate",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: How would you measure that?\nC: With 200 labelled questions.",
            [(f"{ASKED} How would you measure that?", (2, 4))],
            id="follow-up that refers back",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: What if the documents never change?\nC: Then the context will do.",
            [(f"{ASKED} What if the documents never change?", (2, 4))],
            id="follow-up that supposes",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Why not start with fine-tuning?\nC: It is dear.",
            [(f"{ASKED} Why not start with fine-tuning?", (2, 4))],
            id="follow-up that names nothing new",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: So why do you want to join a hospital startup?\nC: I like health care.",
            [(ASKED, (2,)), ("So why do you want to join a hospital startup?", (4,))],
            id="a question of its own that begins with so why",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Next question. How do you measure that?\nC: With 200 labelled questions.",
            [(ASKED, (2,)), ("How do you measure that?", (4,))],
            id="announced as another question",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: Our hospital keeps patient records across nine wards on paper and in "
            "letters. How will that do?\nC: I would read them in first.",
            [
                (ASKED, (2,)),
                (
                    "Our hospital keeps patient records across nine wards on paper and in letters. How will that do?",
                    (4,),
                ),
            ],
            id="a scene set before a short question",
        ),
        pytest.param(
            f"I: {ASKED}\nC: Do you mean for internal documents?\nI: Yes, internal ones.\nC: {ANSWERED}",
            [(ASKED, (2, 4))],
            id="the candidate asks back",
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: I like the point on cost.\nC: Silent failures matter to me as well.",
            [(ASKED, (2, 4))],
            id="a remark",
        ),
        pytest.param(
            f"I: How would you choose\nC: Well\nI: between RAG and fine-tuning?\nC: {ANSWERED}",
            [("How would you choose between RAG and fine-tuning?", (2, 4))],
            id="an interrupted question",
        ),
        pytest.param(
            f"I: {ASKED}\nC: I'd start small.\nI: Sorry, can you hear me?\nC: Yes, yes.\nI: Please continue.\n"
            "C: With a prompt, since it is cheap.",
            [(ASKED, (2, 6))],
            id="an interruption over the line",
        ),
        pytest.param(
            "I: I'd like to share a scenario with you.\nC: Sure.\nI: Imagine a bank with ten thousand documents.\n"
            f"C: Mm-hm.\nI: How would you build an assistant there?\nC: {ANSWERED}",
            [("Imagine a bank with ten thousand documents. How would you build an assistant there?", (6,))],
            id="a question in several turns",
        ),
        pytest.param(
            f"I: Our bank has ten thousand documents.\nC: Okay.\nI: How would you search them?\nC: {ANSWERED}",
            [("Our bank has ten thousand documents. How would you search them?", (4,))],
            id="a remark that the question needs",
        ),
        pytest.param(
            f"I: Great, thank you. That makes sense. {ASKED}\nC: {ANSWERED}", [(ASKED, (2,))], id="thanks before it"
        ),
        pytest.param(
            f"I: {ASKED}\nC: {ANSWERED}\nI: I'd start with a prompt because it's cheap, nice. What is your salary "
            "range?\nC: Ninety thousand.",
            [(ASKED, (2,)), ("What is your salary range?", (4,))],
            id="the last answer said again before a new question",
        ),
        pytest.param(
            "C: I am Ann and have built search for a bank for six years, mostly in Java and lately in Python.\n"
            f"I: {ASKED}\nC: {ANSWERED}",
            [(None, (1,)), (ASKED, (3,))],
            id="a monologue before any question",
        ),
        pytest.param(
            "I: Retrieval versus fine-tuning.\nC: I prefer retrieval, for facts that move every day.\n"
            "I: What is your notice period?\nC: Three months.",
            [("Retrieval versus fine-tuning.", (2,)), ("What is your notice period?", (4,))],
            id="a topic that is named, not asked",
        ),
        pytest.param(
            "I: so how would you choose between rag and fine tuning\nC: i would start with a prompt\n"
            "I: okay and can you tell me about a time when you failed at work\nC: once we shipped blind",
            [
                ("so how would you choose between rag and fine tuning", (2,)),
                ("okay and can you tell me about a time when you failed at work", (4,)),
            ],
            id="speech recognition without punctuation",
        ),
        pytest.param(
            "I: so which approach would you take first, given three\nC: A prompt.\n"
            "I: okay, what kind of churn metric would your team watch\nC: The repeat rate.",
            [
                ("so which approach would you take first, given three", (2,)),
                ("okay, what kind of churn metric would your team watch", (4,)),
            ],
            id="commas, but no question marks",
        ),
        pytest.param(
            "I: What is RAG?\nC: I don't know.\nI: No worries. What is fine-tuning?\nC: Training on labelled data.",
            [("What is RAG?", (2,)), ("What is fine-tuning?", (4,))],
            id="not knowing is an answer",
        ),
        pytest.param(
            f"I: {ASKED}\nC: What do I look at? Cost. Does the data change? Then retrieval.",
            [(ASKED, (2,))],
            id="the candidate's rhetorical questions",
        ),
        pytest.param(
            "I: Do you know Kubernetes?\nC: Sure.\nI: What is your notice period?\nC: Two weeks.",
            [("Do you know Kubernetes?", (2,)), ("What is your notice period?", (4,))],
            id="a word can be an answer",
        ),
        pytest.param(
            "I: \u00bfC\u00f3mo eliges entre RAG y ajuste fino?\nC: Empiezo con un prompt.\nI: \u00bfY el coste?\n"
            "C: Es barato.\nI: \u00bfCu\u00e1l fue tu mayor error en el trabajo?\nC: Lanzar sin medir.",
            [
                ("\u00bfC\u00f3mo eliges entre RAG y ajuste fino?", (2,)),
                ("\u00bfY el coste?", (4,)),
                ("\u00bfCu\u00e1l fue tu mayor error en el trabajo?", (6,)),
            ],
            id="Spanish",
        ),
        pytest.param(
            "I: \u3069\u3046\u9078\u3073\u307e\u3059\u304b\u3002\n"
            "C: \u307e\u305a\u30d7\u30ed\u30f3\u30d7\u30c8\u3067\u3059\u3002",
            [("\u3069\u3046\u9078\u3073\u307e\u3059\u304b\u3002", (2,))],
            id="Japanese without a question mark",
        ),
        pytest.param(
            "I: Beschreiben Sie Ihren Ansatz.\nC: Ich beginne klein.\nI: Nennen Sie einen Fehler.\nC: Ohne Messung.",
            [("Beschreiben Sie Ihren Ansatz.", (2,)), ("Nennen Sie einen Fehler.", (4,))],
            id="German requests without a question mark",
        ),
        pytest.param(
            f"Q: RAG or fine-tuning\nA: {ANSWERED}\nQ: Go on.\nA: Both cost.\nQ: Favourite database\nA: An old one.",
            [("RAG or fine-tuning", (2, 4)), ("Favourite database", (6,))],
            id="Q and A",
        ),
    ],
)
def test_turns_are_matched_to_questions(script: str, expected: list[tuple[str | None, tuple[int, ...]]]) -> None:
    """Each answer has the turns that answer its question, and the question has the words that asked it."""
    script = "\n".join(
        line.replace("I: ", "Interviewer: ", 1).replace("C: ", "Candidate: ", 1) for line in script.split("\n")
    )

    found = interview(script)

    assert asked_and_answered(found) == expected


@pytest.mark.parametrize("silence", ["", "...", "[silence]", "(no response)", "Um."])
def test_a_question_without_an_answer_is_counted(silence: str) -> None:
    """The answers after it keep the numbers of their questions."""
    found = interview(
        f"Interviewer: What is an embedding?\nCandidate: {silence}\nInterviewer: Let's move on. {ASKED}\n"
        f"Candidate: {ANSWERED}\nInterviewer: Which vector stores have you run yourself?"
    )

    assert [(answer.id, answer.question) for answer in found.submissions] == [("2", ASKED)]
    assert [notice.message for notice in found.warnings] == ["The candidate gave no answer to 2 questions."]


def test_a_question_asked_again_in_other_words_is_one() -> None:
    """Words put better before the candidate answers leave no question open."""
    found = interview(
        f"Interviewer: {ASKED}\nCandidate: Um.\nInterviewer: I mean, when is fine-tuning better than RAG?\n"
        f"Candidate: {ANSWERED}"
    )

    assert only(found).question == f"{ASKED} I mean, when is fine-tuning better than RAG?"
    assert found.warnings == ()


def test_an_interview_without_any_answer_is_refused() -> None:
    """The message says who was silent, who else speaks, and what to do."""
    with pytest.raises(TranscriptInvalid) as refused:
        interview(f"Interviewer: {ASKED}\nCandidate: [silence]\nInterviewer: Hello?")

    assert str(refused.value) == (
        "interview.txt: Candidate (1 turn, 1 word) answers no question, so there is nothing to grade. If another "
        "speaker is the candidate, name them with --speaker; the speakers are Interviewer (2 turns, 10 words), "
        "Candidate (1 turn, 1 word)."
    )


def test_a_monologue_is_one_answer() -> None:
    """One speaker who is asked nothing answers one question that nobody wrote down."""
    found = interview(
        "Ann: I start with a prompt, which takes an afternoon, and then I look at what still fails there."
    )

    assert asked_and_answered(found) == [(None, (1,))]


def test_turns_without_a_name_are_pointed_out() -> None:
    """Whoever they are of, they are not graded."""
    found = interview(f"Candidate: {ANSWERED}\n: I would fine-tune.\nCandidate: That is how I do it as a rule.")

    assert "fine-tune" not in str(only(found).answer)
    assert codes(found.warnings) == ["unnamed-turns"]


def test_an_answer_of_a_second_candidate_is_not_the_first_ones() -> None:
    """A question put to another is not counted against the one who was not asked."""
    script = (
        f"Interviewer: {ASKED}\nCandidate 1: {ANSWERED}\nInterviewer: What went wrong in your last project?\n"
        "Candidate 2: We shipped late."
    )

    first, second = (interview(script, f"candidate {number}") for number in (1, 2))

    assert asked_and_answered(first) == [(ASKED, (2,))]
    assert asked_and_answered(second) == [("What went wrong in your last project?", (4,))]
    assert first.warnings == second.warnings == ()


def test_a_very_long_exchange_stays_one() -> None:
    """Thousands of turns between back-channel are one answer."""
    script = f"Interviewer: {ASKED}\n" + "Candidate: I look at what fails.\nInterviewer: Mm-hm.\n" * 2_000

    found = interview(script)

    assert len(only(found).passages) == 2_000
