"""What a second grader, which costs nothing, says of the same answer."""

from collections.abc import Iterable, Sequence
from threading import Lock

from cachetools import LRUCache

from service.answer import Answer
from service.graders import Grader
from service.grading import Graded, Grading
from service.rubric import Rubric


class SecondOpinion:
    """Asks a deterministic grader once for each answer, however many want to know.

    Safe to use from several threads and event loops.
    """

    def __init__(self, grader: Grader) -> None:
        self._grader = grader
        self._known: LRUCache[tuple[str, str, str | None], Grading] = LRUCache(maxsize=256)
        self._lock = Lock()

    def prepare(self, rubric: Rubric) -> None:
        """Do now what the first answer to the rubric would otherwise wait for."""
        self._grader.prepare(rubric)

    async def on(self, rubric: Rubric, answer: Answer) -> Grading:
        """The other grader's grading of the answer."""
        key = (rubric.digest, answer.sha256, answer.question)
        with self._lock:
            known = self._known.get(key)
        if known is None:
            known = await self._grader.grade(rubric, answer)
            with self._lock:
                self._known[key] = known
        return known


FAR_APART = 2
"""Levels between two graders from which on a person should look."""


class OpinionatedGrader:
    """Another grader's gradings, with a word to the reviewer where the second opinion is far from them."""

    def __init__(self, grader: Grader, opinion: SecondOpinion) -> None:
        self._grader = grader
        self._opinion = opinion

    def prepare(self, rubric: Rubric) -> None:
        """Prepare both."""
        self._grader.prepare(rubric)
        self._opinion.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade, and compare; the levels stay as they are.

        Raises:
            GraderUnavailable: nothing could be graded now.
        """
        grading = await self._grader.grade(rubric, answer, only)
        apart = tuple(_far_apart(grading, await self._opinion.on(rubric, answer)))
        return grading.model_copy(update={"review": (*grading.review, *apart)}) if apart else grading


def differences(grading: Grading, opinion: Grading) -> dict[str, int]:
    """By how many levels each criterion differs that both have graded and at least one with evidence.

    Positive where the second opinion is higher.
    """
    others = {item.id: item for item in opinion.criteria if isinstance(item, Graded)}
    return {
        mine.id: other.level - mine.level
        for mine in grading.criteria
        if isinstance(mine, Graded) and (other := others.get(mine.id)) is not None and (mine.evidence or other.evidence)
    }


def _far_apart(grading: Grading, opinion: Grading) -> Iterable[str]:
    mine = {item.id: item.level for item in grading.criteria if isinstance(item, Graded)}
    for item_id, difference in differences(grading, opinion).items():
        if abs(difference) >= FAR_APART:
            level = mine[item_id]
            yield f"{item_id}: level {level} here, {level + difference} by the keyword grader."
