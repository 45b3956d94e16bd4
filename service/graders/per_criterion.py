"""One request for each criterion in place of one for all, so that none can colour another."""

from collections.abc import Sequence

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders import Grader
from service.graders.merging import (
    Result,
    broken_by,
    grade_at_once,
    out_of_money,
    put_together,
    results_by_id,
    without_contradictions,
)
from service.grading import Grading, Notice, Ungraded
from service.rubric import Rubric


class PerCriterionGrader:
    """Has another grader grade each criterion by itself, and all red flags together, at the same time.

    What then breaks a relation of the rubric is graded once more, together. What stays broken is ungraded.
    """

    def __init__(self, inner: Grader) -> None:
        self._inner = inner

    def prepare(self, rubric: Rubric) -> None:
        """Prepare the other grader."""
        self._inner.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: nothing could be graded; where only some could not, those are ungraded.
            BudgetExceeded: there is no money for any request; where there is for some, a warning has its code.
        """
        asked = requests_of(rubric, only)
        outcomes = await grade_at_once(self._inner.grade(rubric, answer, ids) for ids in asked)
        parts = [outcome for outcome in outcomes if isinstance(outcome, Grading)]
        failures = [outcome for outcome in outcomes if isinstance(outcome, GraderUnavailable)]
        results: dict[str, Result] = {item_id: item for part in parts for item_id, item in results_by_id(part).items()}
        if broken := self._settleable(rubric, results):
            try:
                settled = await self._inner.grade(rubric, answer, broken)
            except GraderUnavailable as error:
                failures.append(error)
            except BudgetExceeded as error:
                failures.append(out_of_money(error))
            else:
                parts.append(settled)
                results |= _as_reasked(results_by_id(settled))
        results = without_contradictions(rubric, results)
        results |= {
            item_id: Ungraded(id=item_id, reason=str(outcome))
            for ids, outcome in zip(asked, outcomes, strict=True)
            if isinstance(outcome, GraderUnavailable)
            for item_id in ids
            if item_id not in results
        }
        return put_together(rubric, answer, results, parts, failures=failures, warnings=_missing(failures))

    @staticmethod
    def _settleable(rubric: Rubric, results: dict[str, Result]) -> tuple[str, ...]:
        """What contradicts itself and was not graded together yet."""
        broken = broken_by(rubric, results)
        in_order = tuple(item_id for item_id in results if item_id in broken)
        return in_order if any(item_id in rubric.criterion_by_id for item_id in in_order) else ()


def requests_of(rubric: Rubric, only: Sequence[str] | None = None) -> list[tuple[str, ...]]:
    """The ids of each request: every criterion alone, then all red flags."""
    criteria: list[tuple[str, ...]] = [
        (item_id,) for item_id in rubric.criterion_by_id if only is None or item_id in only
    ]
    flags = tuple(item_id for item_id in rubric.red_flag_by_id if only is None or item_id in only)
    return [*criteria, flags] if flags else criteria


def _as_reasked(results: dict[str, Result]) -> dict[str, Result]:
    return {
        item_id: item if isinstance(item, Ungraded) else item.model_copy(update={"reasked": True})
        for item_id, item in results.items()
    }


def _missing(failures: Sequence[GraderUnavailable]) -> list[Notice]:
    if not failures:
        return []
    return [Notice(code="model-incomplete", message=f"Not everything could be asked. {failures[0]}")]
