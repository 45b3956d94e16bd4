"""The same answer in another dress: what moves no level, and what takes one away."""

import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.grading import Graded
from service.rubric import Rubric

ANSWERS: Mapping[str, str] = {
    "bakery": "I start with a prompt, because it is the cheapest step. When the price list changes every night I add "
    "RAG, since the model cannot know it.",
    "tax": "Our guidance is 90 pages, so I first check whether it fits in the context window. RAG comes in when the "
    "documents are private and change every week.",
    "hotel": (
        "I would fine-tune only when the tone still slips after six versions of the prompt. That takes 500 "
        "labelled examples and an ML engineer to maintain it."
    ),
    "bus": "At 300K queries a month a small tuned model is 80% cheaper per call. At 10K queries a month it never pays "
    "back.",
    "museum": "RAG fails silently when the index is stale: it answers fluently and visitors lose trust. We sample 100 "
    "answers every week and track the age of the index.",
    "school": "A prompt is enough when the model knows the topic and only the format is off. It takes an afternoon and "
    "five examples.",
    "court": "When the wrong passages come up I try a reranker before fine-tuning, because that is cheaper. It lifted "
    "the hit rate by 20 percent for us.",
    "post": (
        "I would route the easy questions to a small model and send the hard ones to a frontier model. We "
        "moved 70% of the traffic that way."
    ),
    "harbour": "The lift has to be worth its cost, so at 3,000 chats a month I recommend the prompt. When it is unsure "
    "it hands over to a person, or customers lose trust.",
    "clinic": (
        "RAG is for knowledge that changes daily and fine-tuning is for behaviour that prompts cannot "
        "hold. I would not fine-tune without 600 labelled examples."
    ),
    "bank": "We used a vector database for 40,000 contracts, because they do not fit in the context window. A reranker "
    "put the right clause on top.",
    "farm": (
        "I would not fine-tune for facts, as they change every day. I would fine-tune for the tone, when "
        "the prompt has plateaued at 70%."
    ),
}


def _padded(text: str) -> str:
    return " ".join(f"{sentence} {empty}" for sentence, empty in zip(_sentences(text), _EMPTY, strict=False))


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=\.) ", text)


_EMPTY = ("Hope that makes sense.", "Let me think.", "Good question.")

DRESSES: Mapping[str, Callable[[str], str]] = {
    "um": lambda text: text.replace(" the ", " um the "),
    "uh between commas": lambda text: text.replace(" is ", ", uh, is ").replace(" I ", " I, uh, "),
    "er at the beginning": lambda text: " ".join(f"Er, {sentence}" for sentence in _sentences(text)),
    "rack": lambda text: text.replace("RAG", "rack"),
    "letters": lambda text: text.replace("RAG", "R A G"),
    "lower case": str.lower,
    "upper case": str.upper,
    "fine tune": lambda text: text.replace("fine-tun", "fine tun"),
    "finetune": lambda text: text.replace("fine-tun", "finetun"),
    "vector data base": lambda text: text.replace("vector database", "vector data base"),
    "re ranker": lambda text: text.replace("reranker", "re ranker"),
    "re-ranker": lambda text: text.replace("reranker", "re-ranker"),
    "a name": lambda text: f"Hello, my name is Ada. {text}",
    "another name": lambda text: f"Hi, this is Bogdan speaking. {text}",
    "an introduction": lambda text: f"Thanks for the question. {text} That is my answer.",
    "American": lambda text: text.replace("behaviour", "behavior").replace("labelled", "labeled"),
    "padding": _padded,
    "line breaks": lambda text: text.replace(". ", ".\n\n"),
    "spaces": lambda text: text.replace(" ", "  "),
    "curly": lambda text: text.replace("'", "\u2019").replace("-", "\u2011"),
}


@pytest.fixture(scope="module")
def grader() -> KeywordGrader:
    """One grader for all, so that the rubric is compiled once."""
    return KeywordGrader()


def _graded(grader: KeywordGrader, rubric: Rubric, text: str) -> dict[str, Graded]:
    grading = grader.grade_now(rubric, parse_answer(text))
    return {one.id: one for one in grading.criteria if isinstance(one, Graded)}


def _levels(grader: KeywordGrader, rubric: Rubric, text: str) -> dict[str, int]:
    return {criterion: one.level for criterion, one in _graded(grader, rubric, text).items()}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_dressed_again_earns_something(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Levels that are all zero could not move."""
    levels = _levels(grader, rubric, ANSWERS[name])

    assert max(levels.values()) >= 2


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", ANSWERS)
def test_what_says_nothing_moves_no_level(grader: KeywordGrader, rubric: Rubric, name: str, dress: str) -> None:
    """Hesitation, slips of a speech service, names, spelling and padding."""
    answer = ANSWERS[name]

    dressed = _levels(grader, rubric, DRESSES[dress](answer))

    assert dressed == _levels(grader, rubric, answer)


@settings(max_examples=80)
@given(
    name=st.sampled_from(sorted(ANSWERS)),
    fillers=st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(["um", "uh", "er", "erm", "hmm", "uh,"])),
        min_size=1,
        max_size=12,
    ),
)
def test_hesitation_anywhere_moves_no_level(
    grader: KeywordGrader, rubric: Rubric, name: str, fillers: list[tuple[int, str]]
) -> None:
    """Wherever a speaker hesitates, between any two words."""
    words = ANSWERS[name].split(" ")
    for place, filler in fillers:
        words.insert(place % len(words), filler)

    hesitant = _levels(grader, rubric, " ".join(words))

    assert hesitant == _levels(grader, rubric, ANSWERS[name])


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def _deletions(grader: KeywordGrader, rubric: Rubric) -> list[tuple[str, str]]:
    return [
        (name, criterion)
        for name, text in ANSWERS.items()
        for criterion, one in _graded(grader, rubric, text).items()
        if one.level
    ]


def test_without_its_evidence_a_level_falls_and_no_other(grader: KeywordGrader, rubric: Rubric) -> None:
    """What is quoted is what earned the level, and nothing else leans on it but what quotes it too."""
    deletions = _deletions(grader, rubric)

    assert len(deletions) >= 25
    for name, criterion in deletions:
        text = ANSWERS[name]
        before = _graded(grader, rubric, text)
        spans = [(span.start, span.end) for span in before[criterion].evidence]
        after = _levels(grader, rubric, _without(text, spans) or "-")
        assert after[criterion] < before[criterion].level, (name, criterion)
        apart = [
            other
            for other, one in before.items()
            if all(span.end <= start or end <= span.start for span in one.evidence for start, end in spans)
        ]
        assert {other: after[other] for other in apart} == {other: before[other].level for other in apart}, name
