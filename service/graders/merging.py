"""Several gradings of one answer, put together into one."""

import asyncio
import logging
import traceback
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable, GradingError
from service.graders.llm.review import reasons_to_look
from service.grading import FlagGraded, Graded, Grading, Notice, Ungraded, Usage, records_of
from service.replies import EvidenceLookup, broken_relations
from service.rubric import Rubric

log = logging.getLogger(__name__)

BROKEN_OFF, INTERNAL_ERROR = "broken-off", "internal-error"
"""The reasons of a grading that was cancelled by itself, and of one that the program failed on."""

Result = Graded | FlagGraded | Ungraded

_G = TypeVar("_G", Graded, FlagGraded)


async def grade_at_once(gradings: Iterable[Coroutine[Any, Any, Grading]]) -> list[Grading | GraderUnavailable]:
    """Await all at the same time; what each came to, in order, or why it did not come about.

    Nothing that ends one breaks off the others: what they are waiting for may have to be paid for all the same.

    Raises:
        GraderUnavailable: none came about; likewise BudgetExceeded, or whatever else ended one, as it was.
        GradingError: something ended one that is no matter of it alone, such as a database that is away.
    """
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(_or_error(grading)) for grading in gradings]
    # Where the caller had been cancelled, the group would have raised that.
    outcomes = [_broken_off() if task.cancelled() else task.result() for task in started]
    for outcome in outcomes:
        if isinstance(outcome, GradingError) and not isinstance(outcome, (GraderUnavailable, BudgetExceeded)):
            raise outcome
    if outcomes and not any(isinstance(outcome, Grading) for outcome in outcomes):
        _raise_all(outcomes)
    return [outcome if isinstance(outcome, Grading) else _as_unavailable(outcome) for outcome in outcomes]


async def _or_error(grading: Coroutine[Any, Any, Grading]) -> Grading | Exception:
    try:
        return await grading
    except GradingError as error:
        return error
    except Exception as error:  # noqa: BLE001 - others have been paid for
        # Without its message, which may quote the answer.
        places = [f"{frame.f_code.co_filename}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
        log.error("one of several gradings failed: %s at %s", type(error).__qualname__, ", ".join(places))  # noqa: TRY400
        return error


def _broken_off() -> GraderUnavailable:
    return GraderUnavailable("One grading was broken off.", reason=BROKEN_OFF)


def _raise_all(outcomes: Sequence[Grading | Exception]) -> NoReturn:
    unavailable = [outcome for outcome in outcomes if isinstance(outcome, GraderUnavailable)]
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, GraderUnavailable):
            raise outcome
    raise _all_of(unavailable)


def _as_unavailable(error: Exception) -> GraderUnavailable:
    if isinstance(error, BudgetExceeded):
        return out_of_money(error)
    if isinstance(error, GraderUnavailable):
        return error
    return GraderUnavailable("The program failed on one grading; its log says where.", reason=INTERNAL_ERROR)


def out_of_money(error: BudgetExceeded) -> GraderUnavailable:
    """One of several gradings that there is no money for, as a failure of that one."""
    return GraderUnavailable(str(error), reason=BudgetExceeded.code)


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

    The calls of failures count, at an unknown cost; where money was missing a warning says so by its own code. Warnings
    and reasons to look that are given come after those of the parts; reasons about a part as a whole give way to those
    about the whole.
    """
    criteria = _in_order(results, rubric.criterion_by_id, Graded)
    served = [name for part in parts if part.grader.served_model for name in part.grader.served_model.split(", ")]
    reasons = [reason for part in parts for reason in _reasons_apart(rubric, answer, part)]
    return Grading(
        grader=parts[0].grader.model_copy(update={"served_model": ", ".join(dict.fromkeys(served)) or None}),
        criteria=criteria,
        red_flags=_in_order(results, rubric.red_flag_by_id, FlagGraded),
        usage=_usage_of(parts, failures),
        warnings=tuple(
            dict.fromkeys(
                [*(notice for part in parts for notice in part.warnings), *warnings, *_missing_money(failures)]
            )
        ),
        review=tuple(dict.fromkeys([*_reasons_of_whole(rubric, answer, criteria), *reasons, *review])),
        records=(
            *(record for part in parts for record in part.records),
            *(record for each in failures for record in records_of(each)),
        ),
    )


def _usage_of(parts: Sequence[Grading], failures: Sequence[GraderUnavailable]) -> Usage:
    usage = sum((*(part.usage for part in parts), *(Usage(calls=each.calls) for each in failures)), Usage())
    # Nobody counted what these had asked before they ended.
    uncounted = any(each.reason in (BROKEN_OFF, INTERNAL_ERROR) for each in failures)
    return usage.model_copy(update={"cost_usd": None}) if uncounted else usage


def _missing_money(failures: Sequence[GraderUnavailable]) -> list[Notice]:
    return [
        Notice(code=BudgetExceeded.code, message=str(each)) for each in failures if each.reason == BudgetExceeded.code
    ]


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
