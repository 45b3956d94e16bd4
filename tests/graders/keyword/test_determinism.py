"""The same answer gets the same grading, to the letter, whoever asks and wherever."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.rubric import Rubric
from tests.conftest import labelled_answers
from tests.graders.keyword.rubrics import grade, make_rubric

THREADS = 8
GLOSSARY = {
    "tea": ["tea", "green tea", "infusion", "TEA"],
    "coffee": ["coffee", "espresso"],
    "late": ["late", "after ... lunch", "evening"],
    "cup": ["cup", "mug"],
    "behaviour": ["behaviour", "habit"],
}
SIGNALS = {
    3: [
        {
            "when": {"all": [{"link": ["tea", "late"], "rivals": ["coffee"]}, {"figure": {"unit": "cup", "max": 9}}]},
            "within": "passage",
            "why": "With a figure.",
        }
    ],
    2: [{"when": {"near": ["tea", "$cause", "late"], "words": 20}, "why": "With a reason."}],
    1: [{"when": {"any": ["tea", {"denied": "coffee"}, "behaviour"]}, "why": "Named."}],
}
FLAG = {
    "id": "coffee-late",
    "signals": [{"when": {"all": ["coffee", "late", {"none": {"reached": {"level": 2}}}]}, "why": "Late coffee."}],
}
ANSWERS = (
    "I drink tea in the evening, because coffee keeps me awake.",
    "In the evening, I have tea: two cups at most.",
    "Um, T E A is what I take after a long lunch, twenty-one cups of it.",
    "I would never drink coffee. It is a habit of mine to go for a walk.",
    "Some people say tea is for the evening, because it is weak. I disagree.",
    "Coffee, espresso, tea, mug, cup, evening, lunch, late, habit, infusion, green tea.",
    "I drink espresso late in the evening and sleep like a stone.",
    "My behavior \u2014 caf\u00e9s at 23:00 \u2014 isn\u2019t for everyone \U0001f375, 3 cups of tea in the evening.",
    "When do you drink tea?\n\n- late: tea\n- early: coffee\n\nI like tea. I like tea. I like tea.",
    "Ich trinke abends immer einen Tee, weil der Kaffee mich sonst bis in die Nacht wach h\u00e4lt.",
)
DIGESTS = (
    "eb8b715018b8e42eea15394ec5b0a2a0272efb4afe897fc8b84c760b93f4fa22",
    "922195a91f0cea446193c00bbf78ab8cb3eab39649ceebeae91e121c975d0b78",
    "b23ed2bad04d18d1bbf7fc91863a419671955bc3972a186eea063e68159696c0",
    "5783c4fad67f1c77c0ac75632307d230e597c1a75027a333f561de3363617986",
    "909c853769b2af61b1295e07449327965305baf7449e76ee40e6fb4baf4ff002",
    "e3b47a1c3cd1ed418df2fab587f28803857f098febb366f1a724d71f391390be",
    "0382061fa5326284a1af2234748b38cf6a10fd74c48768babf55e24dfd19ccaf",
    "1564302e0837e40097fcaf15a1d6dce68dc5759d3f206beb6a6f291d9188d07e",
    "27de825cb9f690191a685324beed6b1f9f59dc2486233f270fd1c9ae3042b808",
    "b920c4d9df5792f612b87d15d07df30a8df0174434d2022bdbcd32a249a14212",
)
"""SHA-256 of the gradings of these answers, by whatever version of Python; new ones go with a new `KEYWORD_VERSION`."""


def _tea() -> Rubric:
    return make_rubric(signals=SIGNALS, red_flags=[FLAG], glossary=GLOSSARY, question="When do you drink tea?")


@pytest.mark.parametrize(("answer", "digest"), list(zip(ANSWERS, DIGESTS, strict=True)))
def test_any_version_of_python_grades_alike(answer: str, digest: str) -> None:
    """Levels, flags, spans, reasons and warnings have the digest that was kept."""
    grading = grade(_tea(), answer)

    content = grading.model_dump_json(include={"criteria", "red_flags", "warnings"})
    assert hashlib.sha256(content.encode()).hexdigest() == digest


def test_the_answers_kept_differ_in_what_they_get() -> None:
    """Digests of gradings that are all alike would keep little."""
    gradings = {grade(_tea(), answer).model_dump_json() for answer in ANSWERS}

    assert len(gradings) == len(ANSWERS)


def test_threads_that_share_a_grader_grade_alike(rubric: Rubric) -> None:
    """Eight at once, from the first answer on, when the rubric is not compiled yet."""
    answers = [row.answer for row in labelled_answers("more")[:6]]
    alone = KeywordGrader()
    expected = [alone.grade_now(rubric, parse_answer(text)).model_dump_json() for text in answers]
    shared = KeywordGrader()

    with ThreadPoolExecutor(THREADS) as pool:
        together = list(
            pool.map(lambda text: shared.grade_now(rubric, parse_answer(text)).model_dump_json(), answers * THREADS)
        )

    assert together == expected * THREADS


def test_an_answer_graded_before_is_graded_alike(rubric: Rubric) -> None:
    """What was graded in between leaves no trace in the grader."""
    first, *others = [parse_answer(row.answer) for row in labelled_answers("more")[:6]]
    grader = KeywordGrader()
    before = grader.grade_now(rubric, first)

    for other in others:
        grader.grade_now(rubric, other)

    assert grader.grade_now(rubric, first) == before
