"""Several gradings of one answer, put together into one."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from service.answer import Answer
from service.errors import GraderUnavailable, GradingError
from service.graders.llm.review import reasons_to_look
from service.grading import FlagGraded, Graded, Grading, Notice, Ungraded, Usage, records_of
from service.replies import EvidenceLookup, broken_relations
from service.rubric import Rubric

Result = Graded | FlagGraded | Ungraded

_G = TypeVar("_G", Graded, FlagGraded)


async def grade_at_once(
    gradings: Iterable[Coroutine[Any, Any, Grading]],
) -> tuple[list[Grading], list[GraderUnavailable]]:
    """Await all at the same time; those that came about, in order, and why others did not.

    Raises:
        GraderUnavailable: none came about.
        GradingError: something else stopped one, such as the budget; after all others ended.
    """
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(_or_error(grading)) for grading in gradings]
    outcomes = [task.result() for task in started]
    failures = []
    for outcome in outcomes:
        if isinstance(outcome, GraderUnavailable):
            failures.append(outcome)
        elif isinstance(outcome, GradingError):
            raise outcome
    if failures and len(failures) == len(outcomes):
        raise _all_of(failures)
    return [outcome for outcome in outcomes if isinstance(outcome, Grading)], failures


async def _or_error(grading: Coroutine[Any, Any, Grading]) -> Grading | GradingError:
    """Not raised, which would break off the others: what they are waiting for may have to be paid for all the same."""
    try:
        return await grading
    except GradingError as error:
        return error


def _all_of(failures: Sequence[GraderUnavailable]) -> GraderUnavailable:
    """One failure for all: the first, with the calls of all, to be tried again when the first of them may be."""
    waits = [failure.retry_after for failure in failures if failure.retry_after is not None]
    return GraderUnavailable(
        str(failures[0]),
        reason=failures[0].reason,
        retry_after=min(waits, default=None),
        calls=sum(failure.calls for failure in failures),
        asked=[record for each in failures for record in records_of(each)],
    )


def results_by_id(grading: Grading) -> dict[str, Result]:
    """Criteria and red flags by id."""
    return {item.id: item for item in (*grading.criteria, *grading.red_flags)}


def broken_by(rubric: Rubric, results: Mapping[str, Result]) -> dict[str, str]:
    """A complaint for each id on either side of a relation that the results break."""
    return broken_relations(
        rubric, {item_id: item for item_id, item in results.items() if not isinstance(item, Ungraded)}
    )


def without_contradictions(rubric: Rubric, results: Mapping[str, Result]) -> dict[str, Result]:
    """The results, but ungraded where they contradict each other: nothing says which of them is wrong."""
    broken = broken_by(rubric, results)
    return {
        item_id: Ungraded(id=item_id, reason=f"Of what was graded apart, {broken[item_id].rstrip('.')}.")
        if item_id in broken
        else item
        for item_id, item in results.items()
    }


def put_together(
    rubric: Rubric,
    answer: Answer,
    results: Mapping[str, Result],
    parts: Sequence[Grading],
    *,
    failures: Sequence[GraderUnavailable] = (),
    warnings: Sequence[Notice] = (),
    review: Sequence[str] = (),
) -> Grading:
    """One grading with these results; who graded, what it took and what to know are of all parts.

    The calls of failures count, at an unknown cost. Warnings and reasons to look that are given come after those of the
    parts; reasons about a part as a whole give way to those about the whole.
    """
    criteria = _in_order(results, rubric.criterion_by_id, Graded)
    served = [name for part in parts if part.grader.served_model for name in part.grader.served_model.split(", ")]
    reasons = [reason for part in parts for reason in _reasons_apart(rubric, answer, part)]
    return Grading(
        grader=parts[0].grader.model_copy(update={"served_model": ", ".join(dict.fromkeys(served)) or None}),
        criteria=criteria,
        red_flags=_in_order(results, rubric.red_flag_by_id, FlagGraded),
        usage=sum((*(part.usage for part in parts), *(Usage(calls=each.calls) for each in failures)), Usage()),
        warnings=tuple(dict.fromkeys([*(notice for part in parts for notice in part.warnings), *warnings])),
        review=tuple(dict.fromkeys([*_reasons_of_whole(rubric, answer, criteria), *reasons, *review])),
        records=(
            *(record for part in parts for record in part.records),
            *(record for each in failures for record in records_of(each)),
        ),
    )


def _in_order(results: Mapping[str, Result], ids: Iterable[str], kind: type[_G]) -> tuple[_G | Ungraded, ...]:
    found = (results.get(item_id) for item_id in ids)
    return tuple(item for item in found if isinstance(item, (kind, Ungraded)))


def _reasons_apart(rubric: Rubric, answer: Answer, part: Grading) -> list[str]:
    """A part's reasons to look but for those about the part as a whole."""
    whole = set(_reasons_of_whole(rubric, answer, part.criteria))
    return [reason for reason in part.review if reason not in whole]


def _reasons_of_whole(rubric: Rubric, answer: Answer, criteria: Iterable[Graded | Ungraded]) -> Iterable[str]:
    graded = [item for item in criteria if isinstance(item, Graded)]
    return reasons_to_look(rubric, EvidenceLookup(answer, rubric), graded)
