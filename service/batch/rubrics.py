"""Which rubric an answer is graded by.

The one it names, one made of its reference answer, the one that was asked for, or the one whose question fits.
"""

from collections.abc import Mapping
from typing import NamedTuple

from cachetools import LRUCache

from service.errors import RubricNotFound
from service.questions import MATCH_FROM, match_question
from service.rubric import Rubric, reference_rubric
from service.submission import Fault, Submission

_QUESTIONS_KEPT = 1_000


class Choice(NamedTuple):
    """A rubric, and how like its question the question was, where that decided."""

    rubric: Rubric
    similarity: float | None = None


class RubricChoice:
    """Chooses among the rubrics of a catalog; `default` is the id or rubric asked for, if any was."""

    def __init__(self, rubrics: Mapping[str, Rubric], default: Rubric | None = None) -> None:
        self._rubrics = rubrics
        self._default = default
        self._by_question: LRUCache[str, Choice | Fault] = LRUCache(_QUESTIONS_KEPT)

    def choose(self, submission: Submission) -> Choice | Fault:
        """The rubric for an answer, or why there is none."""
        if submission.rubric is not None:
            return self._named(submission.rubric)
        if submission.reference is not None:
            return self._reference(submission.reference, submission.question)
        if self._default is not None:
            return Choice(self._default)
        if submission.question is not None:
            known = self._by_question.get(submission.question)
            if known is None:
                known = self._by_question[submission.question] = self._matching(submission.question)
            return known
        if len(self._rubrics) == 1 and not submission.passages:
            return Choice(next(iter(self._rubrics.values())))
        return Fault(code="no-rubric", message=f"It names no rubric and no question. {self._remedy()}")

    def _named(self, rubric_id: str) -> Choice | Fault:
        if self._default is not None and rubric_id == self._default.id:
            return Choice(self._default)
        if rubric_id in self._rubrics:
            return Choice(self._rubrics[rubric_id])
        return Fault(code=RubricNotFound.code, message=str(RubricNotFound(rubric_id, tuple(self._rubrics))))

    def _reference(self, reference: str, question: str | None) -> Choice | Fault:
        try:
            return Choice(reference_rubric(reference, question))
        except ValueError as error:
            return Fault(code="reference-invalid", message=f"Its `reference` cannot be graded against: {error}.")

    def _matching(self, question: str) -> Choice | Fault:
        matches = [(match_question(rubric, question), rubric) for rubric in self._rubrics.values()]
        similarity, best = max(matches, key=lambda match: match[0], default=(0.0, None))
        if best is not None and similarity >= MATCH_FROM:
            return Choice(best, round(similarity, 3))
        nearest = f"the nearest, {best.id!r}, fits to {similarity:.2f} of {MATCH_FROM:g}" if best else "there is none"
        return Fault(code="no-rubric", message=f"No rubric's question is like this one ({nearest}). {self._remedy()}")

    def _remedy(self) -> str:
        return f"Name a rubric for it; these exist: {', '.join(self._rubrics) or 'none'}."
