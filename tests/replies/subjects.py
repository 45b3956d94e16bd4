"""Answers with a reply that grades each as its label does, for benches that change the reply."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from random import Random

from service.answer import Answer, parse_answer
from service.prompts import Marks
from service.replies import EvidenceLookup
from service.rubric import Catalog, Rubric
from tests.conftest import Labelled, labelled_answers
from tests.replies import bicycle
from tests.replies.bicycle import Tree

MARKS = Marks("mutations")
"""Known beforehand, so that a reply can be changed after its nonce is in it."""

# Speech without punctuation, figures, curly marks, each red flag, words for the grader, nothing at all, everything.
_LABELLED = "a001 a007 a010 a026 a035 a055 a060 a066 a071 a079 b018 b027 b044".split()


@dataclass(frozen=True)
class Subject:
    """An answer, and the reply that grades it rightly; `quotes` are pieces of the answer that are evidence."""

    name: str
    rubric: Rubric
    answer: Answer
    right: Tree
    quotes: Sequence[str]

    def tree(self) -> Tree:
        """The right reply, as a tree of one's own to change."""
        return deepcopy(self.right)

    def text(self) -> str:
        """The right reply as a model should write it."""
        return json.dumps(self.right, ensure_ascii=False)

    def saying(self, more: str) -> Answer:
        """The answer with more said after it."""
        return parse_answer(f"{self.answer.text}\n\n{more}")


@cache
def subjects() -> tuple[Subject, ...]:
    """The tiny rubric's answer, and answers with labels to the first rubric."""
    rubric = Catalog().get("rag-vs-fine-tuning")
    labelled = {each.id: each for each in labelled_answers()}
    return (_tiny(), *(_subject(rubric, labelled[name]) for name in _LABELLED))


def _tiny() -> Subject:
    right = bicycle.tree() | {"nonce": MARKS.nonce(0)}
    quotes = [quote for item in right["criteria"].values() for quote in item["evidence"]]
    return Subject("tiny", bicycle.tiny(), bicycle.answer(), right, quotes)


def _subject(rubric: Rubric, labelled: Labelled) -> Subject:
    answer = parse_answer(labelled.answer)
    quotes = list(_pieces(answer, rubric, Random(labelled.id)))  # noqa: S311 - repeatable, not secret
    right = {
        "nonce": MARKS.nonce(0),
        "criteria": {
            criterion.id: _criterion(rubric, labelled.levels[criterion.id], quotes[index : index + 1 + index % 2])
            for index, criterion in enumerate(rubric.criteria)
        },
        "red_flags": {
            flag.id: _flag(quotes[index] if flag.id in labelled.red_flags else None)
            for index, flag in enumerate(rubric.red_flags)
        },
    }
    return Subject(labelled.id, rubric, answer, right, quotes)


def _pieces(answer: Answer, rubric: Rubric, chance: Random) -> Iterator[str]:
    """Runs of 6 to 12 words that prove something."""
    lookup = EvidenceLookup(answer, rubric)
    words = answer.parsed.words
    left = 14
    while left:
        first = chance.randrange(len(words) - 6)
        last = min(first + chance.randint(5, 11), len(words) - 1)
        piece = answer.text[words[first].start : words[last].end]
        if not lookup.find([piece]).refused:
            left -= 1
            yield piece


def _criterion(rubric: Rubric, level: int, quotes: Sequence[str]) -> Tree:
    return {
        "evidence": list(quotes) if level else [],
        "reason": "Your words earn this level." if level else "You do not speak of it.",
        "not_higher": "" if level == rubric.max_level else "A figure.",
        "basis": "supported" if level else "absent",
        "level": level,
    }


def _flag(quote: str | None) -> Tree:
    return {"evidence": [quote] if quote else [], "reason": "So you say.", "present": quote is not None}
