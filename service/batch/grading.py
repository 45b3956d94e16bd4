"""From stored answers to stored results: verdicts packed small, and faults for what cannot be graded."""

import uuid

from service.answer import Scope
from service.batch.provenance import pack_records
from service.batch.spec import RunSpec
from service.errors import AnswerInvalid, BudgetExceeded, GraderUnavailable
from service.evaluator import Evaluator, in_utf16
from service.grading import Evidence
from service.outcome import Marks, marks_of_verdict
from service.store import StoredAnswer, StoredResult, StoredRubric
from service.store.packing import pack
from service.submission import Fault, Submission
from service.transcripts import cite
from service.verdict import Verdict

INTERNAL_ERROR = "internal-error"
PASSING = (GraderUnavailable.code, INTERNAL_ERROR)
"""Codes of failures that another try may better."""


async def grade_stored(
    evaluator: Evaluator,
    spec: RunSpec,
    answer: StoredAnswer,
    rubric: StoredRubric | None,
    *,
    scope: Scope | None = None,
) -> StoredResult:
    """Grade one answer of a run; whatever is wrong with it becomes a result that says so.

    Raises:
        BudgetExceeded: there is no money to grade it to its end.
    """
    submission = answer.submission
    if submission.error is not None or submission.answer is None or rubric is None:
        fault = submission.error or Fault(code="no-answer", message="There is no answer in it.")
        return failed_result(answer, fault)
    try:
        verdict, records = await evaluator.grade_recorded(
            rubric=rubric.rubric,
            answer=submission.answer,
            question=submission.question,
            on_model_failure=spec.on_model_failure,
            scope=scope,
            verdict_id=str(uuid.UUID(bytes=answer.key, version=5)),
        )
    except AnswerInvalid as error:
        return failed_result(answer, Fault(code=error.code, message=str(error)))
    except GraderUnavailable as error:
        return failed_result(answer, Fault(code=error.code, message=str(error)), calls=error.calls)
    for notice in verdict.warnings:
        if notice.code == BudgetExceeded.code:  # a result is final, and this answer would stay half graded
            raise BudgetExceeded(notice.message)
    verdict = _as_spoken(verdict, submission)
    if spec.offset_unit == "utf16":
        verdict = in_utf16(verdict, submission.answer)
    content = verdict.model_dump_json().encode()
    return StoredResult(
        ordinal=answer.ordinal,
        key=answer.key,
        marks=marks_of_verdict(verdict),
        body=pack(content, verdict_context(rubric, submission.answer)),
        records=pack_records(records, content, submission.answer),
        calls=verdict.usage.calls,
        tokens=verdict.usage.prompt_tokens + verdict.usage.completion_tokens,
        cost_usd=verdict.usage.cost_usd,
    )


def verdict_context(rubric: StoredRubric, answer: str) -> bytes:
    """What a verdict is packed against: the rubric's words, and the answer that its quotes are from."""
    return rubric.dictionary + answer.encode()


def failed_result(answer: StoredAnswer, fault: Fault, *, calls: int = 0) -> StoredResult:
    """The result of an answer that could not be graded, after so many calls all the same."""
    return StoredResult(
        ordinal=answer.ordinal,
        key=answer.key,
        marks=Marks(status="failed", error_code=fault.code),
        body=pack(fault.model_dump_json().encode()),
        calls=calls,
    )


def _as_spoken(verdict: Verdict, submission: Submission) -> Verdict:
    """The verdict with the turns its quotes were spoken in, and what is to be known of how the answer came about."""
    if not submission.passages and not submission.warnings:
        return verdict

    def cited(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(cite(span, submission.passages) for span in evidence)

    return verdict.model_copy(
        update={
            "criteria": tuple(c.model_copy(update={"evidence": cited(c.evidence)}) for c in verdict.criteria),
            "red_flags": tuple(f.model_copy(update={"evidence": cited(f.evidence)}) for f in verdict.red_flags),
            "warnings": (*verdict.warnings, *submission.warnings),
        }
    )
