"""A hundred kilobytes of anything: graded, without recursion, and in work that grows with the text."""

import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Self

import pytest

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.rubric import Rubric

SIZE = 96_000
SMALL = 3_000
MOST_GROWTH = 1.5
"""How many times faster than the text the work may grow; for work that grows with the square it would be four."""

DEEPEST = 50
"""Frames on the stack below the grader."""


def _times(piece: str, size: int) -> str:
    return (piece * (size // len(piece.encode()) + 1))[: size // len(piece.encode()) * len(piece)]


def _half_phrases(rubric: Rubric, size: int) -> str:
    """All but the last word of the longest phrases, over and over."""
    phrases = sorted({phrase for phrases in rubric.glossary.values() for phrase in phrases}, key=len)[-40:]
    return _times(" ".join(" ".join(phrase.strip("!").split()[:-1]) for phrase in phrases) + " ", size)


TEXTS: Mapping[str, Callable[[Rubric, int], str]] = {
    "one long word": lambda _, size: "x" * size,
    "one long compound": lambda _, size: _times("fine-", size),
    "line breaks": lambda _, size: "\n" * (size // 2) + "I use RAG." + "\n" * (size // 2),
    "a word a line": lambda _, size: _times("a\n", size),
    "nested brackets": lambda _, size: "([{" * (size // 6) + "RAG" + "}])" * (size // 6),
    "half phrases": _half_phrases,
    "emoji": lambda _, size: _times("\U0001f600", size),
    "figures": lambda _, size: " ".join(str(number) for number in range(1_000, 1_000 + size // 6)),
    "percentages": lambda _, size: " ".join(f"{number % 97}%" for number in range(size // 4)),
    "not": lambda _, size: _times("not ", size),
    "negations left open": lambda _, size: _times("I would not, well, add RAG, ", size),
    "suppositions": lambda _, size: _times("in theory, RAG, ", size),
    "reports": lambda _, size: " ".join(f"Some people say RAG is for {number}." for number in range(size // 34)),
    "terms": lambda _, size: " ".join(f"RAG prompt {number} drift tuning" for number in range(size // 30)),
    "claims": lambda _, size: " ".join(f"I use RAG because {n} prices change daily." for n in range(size // 50)),
    "hesitation": lambda _, size: _times("um, ", size),
    "articles": lambda _, size: _times("the of a in an ", size),
}


@pytest.fixture(scope="module")
def grader(rubric: Rubric) -> KeywordGrader:
    """A grader that has compiled the rubric and loaded what it loads once."""
    grader = KeywordGrader()
    for text in ("I use RAG because our prices change every day.", TEXTS["one long compound"](rubric, 1_000)):
        grader.grade_now(rubric, parse_answer(text))
    return grader


class _Work:
    """Counts the calls that are made while it watches, and how deep they go."""

    def __init__(self) -> None:
        self.calls = 0
        self.deepest = 0
        self._depth = 0

    def __enter__(self) -> Self:
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _see(self, _: FrameType, event: str, __: object) -> None:
        if event == "call":
            self.calls += 1
            self._depth += 1
            self.deepest = max(self.deepest, self._depth)
        elif event == "return":
            self._depth -= 1
        elif event == "c_call":
            self.calls += 1


def _work(grader: KeywordGrader, rubric: Rubric, text: str) -> _Work:
    answer = parse_answer(text)
    with _Work() as work:
        grader.grade_now(rubric, answer)
    return work


@pytest.mark.parametrize("name", TEXTS)
def test_the_largest_answer_of_anything_is_graded(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Nothing is raised, and every criterion is there."""
    text = TEXTS[name](rubric, SIZE)
    assert SIZE * 0.7 < len(text.encode()) <= 100_000

    grading = grader.grade_now(rubric, parse_answer(text))

    assert len(grading.criteria) == len(rubric.criteria)


@pytest.mark.parametrize("name", TEXTS)
def test_work_grows_no_faster_than_the_text(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Four times the text takes about four times the calls, on a stack no deeper."""
    small = _work(grader, rubric, TEXTS[name](rubric, SMALL))
    large = _work(grader, rubric, TEXTS[name](rubric, 4 * SMALL))

    assert large.calls < 4 * MOST_GROWTH * small.calls
    assert max(small.deepest, large.deepest) < DEEPEST
