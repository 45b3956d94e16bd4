"""From an answer to a published verdict, whatever the door it came in by and whatever the grader."""

import contextlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from pydantic import JsonValue

from service.answer import DEFAULT_MAX_BYTES, Answer, Scope, parse_answer
from service.coaching import coach
from service.errors import GraderUnavailable, StoreUnavailable
from service.graders import Grader
from service.grading import (
    Evidence,
    FlagGraded,
    Graded,
    Grading,
    Notice,
    Provenance,
    Record,
    Recorder,
    Ungraded,
    Usage,
)
from service.questions import MISMATCH_BELOW, question_similarity
from service.rubric import Catalog, Criterion, RedFlag, Rubric
from service.scoring import SCORING_VERSION, points_for, score_grading
from service.spending import fund_for_one, spending
from service.text.folding import utf16_offsets
from service.text.language import detect_language
from service.verdict import CriterionVerdict, RedFlagVerdict, Review, RubricRef, Verdict

log = logging.getLogger(__name__)

OffsetUnit = Literal["codepoint", "utf16"]
OnModelFailure = Literal["error", "fallback"]
Status = Literal["graded", "partial", "ungraded", "degraded"]


class Evaluator:
    """Grades answers against the rubrics of a catalog.

    `fallback` grades when `grader` cannot and the caller, or `on_model_failure`, allows it; such a verdict says so.
    `budget_usd` is the most that one answer may cost; without one, whatever budget holds around a call does.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        grader: Grader,
        fallback: Grader | None = None,
        on_model_failure: OnModelFailure = "error",
        budget_usd: float | None = None,
        recorder: Recorder | None = None,
        parameters: Mapping[str, JsonValue] | None = None,
        max_answer_bytes: int = DEFAULT_MAX_BYTES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.catalog = catalog
        self.max_answer_bytes = max_answer_bytes
        self._grader = grader
        self._fallback = fallback
        self._on_model_failure = on_model_failure
        self._budget_usd = budget_usd
        self._recorder = recorder
        self._parameters = dict(parameters or {})
        self._now = now
        self._new_id = new_id

    def prepare(self) -> None:
        """Read every rubric and make it ready, so that the first answer is graded as fast as the next.

        Raises:
            RubricInvalid: a rubric's file is broken.
        """
        for rubric in self.catalog.all():
            for grader in filter(None, (self._grader, self._fallback)):
                grader.prepare(rubric)

    async def grade(
        self,
        *,
        rubric: str | Rubric,
        answer: str,
        question: str | None = None,
        answer_id: str | None = None,
        metadata: dict[str, JsonValue] | None = None,
        offset_unit: OffsetUnit = "codepoint",
        on_model_failure: OnModelFailure | None = None,
        scope: Scope | None = None,
        verdict_id: str | None = None,
    ) -> Verdict:
        """Grade one answer against a rubric, given by its id in the catalog or as a model.

        Raises:
            RubricNotFound: the catalog has no rubric of that id.
            RubricInvalid: the rubric's file is broken.
            AnswerInvalid: the text cannot be graded.
            GraderUnavailable: the grader cannot grade now, and no fallback was allowed.
            BudgetExceeded: the budget does not cover the first call.
        """
        verdict, records = await self.grade_recorded(
            rubric=rubric,
            answer=answer,
            question=question,
            answer_id=answer_id,
            metadata=metadata,
            offset_unit=offset_unit,
            on_model_failure=on_model_failure,
            scope=scope,
            verdict_id=verdict_id,
        )
        if records and self._recorder is not None:
            await self._record(self._recorder, verdict, records)
        return verdict

    async def grade_recorded(
        self,
        *,
        rubric: str | Rubric,
        answer: str,
        question: str | None = None,
        answer_id: str | None = None,
        metadata: dict[str, JsonValue] | None = None,
        offset_unit: OffsetUnit = "codepoint",
        on_model_failure: OnModelFailure | None = None,
        scope: Scope | None = None,
        verdict_id: str | None = None,
    ) -> tuple[Verdict, tuple[Record, ...]]:
        """Grade as `grade` does; with the verdict comes what it was read from, for the caller to keep."""
        chosen = self.catalog.get(rubric) if isinstance(rubric, str) else rubric
        checked = parse_answer(
            answer,
            question=question,
            answer_id=answer_id,
            metadata=metadata,
            scope=scope,
            max_bytes=self.max_answer_bytes,
        )
        began = time.perf_counter()
        with self._spending():
            grading = await self._grade(chosen, checked, on_model_failure or self._on_model_failure)
        seconds = round(time.perf_counter() - began, 6)
        grading = grading.model_copy(update={"usage": grading.usage.model_copy(update={"seconds": seconds})})
        verdict = build_verdict(
            chosen, checked, grading, verdict_id=verdict_id or self._new_id(), created_at=self._now()
        )
        return verdict if offset_unit == "codepoint" else in_utf16(verdict, answer), grading.records

    async def _record(self, recorder: Recorder, verdict: Verdict, records: tuple[Record, ...]) -> None:
        what = Provenance(
            answer_sha256=verdict.answer_sha256,
            rubric_digest=verdict.rubric.digest,
            parameters=self._parameters,
            records=records,
        )
        try:
            await recorder.keep(verdict.id, what)
        except StoreUnavailable as error:
            log.warning("what a verdict was read from could not be kept: %s", error)

    def _spending(self) -> contextlib.AbstractContextManager[None]:
        if self._budget_usd is None:
            return contextlib.nullcontext()
        return spending(fund_for_one(self._budget_usd))

    async def _grade(self, rubric: Rubric, answer: Answer, on_model_failure: OnModelFailure) -> Grading:
        try:
            return await self._grader.grade(rubric, answer)
        except GraderUnavailable as error:
            if on_model_failure == "error" or self._fallback is None:
                raise
            grading = await self._fallback.grade(rubric, answer)
            why = f"The model could not grade ({error.reason}); the keyword grader did, on a scale of its own."
            return grading.model_copy(
                update={
                    "grader": grading.grader.model_copy(update={"degraded": error.reason}),
                    "usage": grading.usage + Usage(calls=error.calls),
                    "warnings": (Notice(code="degraded", message=why), *grading.warnings),
                }
            )


def build_verdict(
    rubric: Rubric, answer: Answer, grading: Grading, *, verdict_id: str, created_at: datetime
) -> Verdict:
    """Score and coach a grading, and put everything published about an answer together."""
    score = score_grading(rubric, grading)
    coaching = coach(rubric, grading, score)
    advice = {step.id: step.advice for step in coaching.next_steps if step.kind == "criterion"}
    return Verdict(
        id=verdict_id,
        created_at=created_at,
        answer_id=answer.answer_id,
        answer_sha256=answer.sha256,
        language=detect_language(answer.parsed, rubric.language),
        metadata=answer.metadata,
        status=_status(grading),
        rubric=RubricRef(id=rubric.id, version=rubric.version, digest=rubric.digest),
        scoring_version=SCORING_VERSION,
        grader=grading.grader,
        score=score.value,
        score_low=score.low,
        score_high=score.high,
        band=score.band,
        criteria=tuple(
            _criterion(rubric, criterion, graded, advice.get(criterion.id))
            for criterion, graded in zip(rubric.criteria, grading.criteria, strict=True)
        ),
        red_flags=tuple(
            _red_flag(flag, found) for flag, found in zip(rubric.red_flags, grading.red_flags, strict=True)
        ),
        coaching=coaching,
        review=Review(needed=bool(grading.review), why=grading.review),
        usage=grading.usage,
        warnings=(*grading.warnings, *_question_warnings(rubric, answer)),
    )


def in_utf16(verdict: Verdict, answer: str) -> Verdict:
    """The same verdict with evidence offsets in UTF-16 code units instead of code points."""
    offsets = utf16_offsets(answer)

    def moved(evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
        return tuple(
            span.model_copy(update={"start": offsets[span.start], "end": offsets[span.end]}) for span in evidence
        )

    return verdict.model_copy(
        update={
            "criteria": tuple(c.model_copy(update={"evidence": moved(c.evidence)}) for c in verdict.criteria),
            "red_flags": tuple(f.model_copy(update={"evidence": moved(f.evidence)}) for f in verdict.red_flags),
        }
    )


def _status(grading: Grading) -> Status:
    if grading.grader.degraded:
        return "degraded"
    if not any(isinstance(result, Graded) for result in grading.criteria):
        return "ungraded"
    whole = not any(isinstance(result, Ungraded) for result in (*grading.criteria, *grading.red_flags))
    return "graded" if whole else "partial"


def _criterion(rubric: Rubric, criterion: Criterion, graded: Graded | Ungraded, advice: str | None) -> CriterionVerdict:
    known = graded if isinstance(graded, Graded) else None
    return CriterionVerdict(
        id=criterion.id,
        title=criterion.title,
        weight=criterion.weight,
        level=known.level if known else None,
        max_level=rubric.max_level,
        level_name=rubric.levels[known.level].name if known else None,
        points=points_for(rubric, criterion, known.level) if known else None,
        max_points=points_for(rubric, criterion, rubric.max_level),
        status="graded" if known else "ungraded",
        basis=known.basis if known else None,
        evidence=known.evidence if known else (),
        reason=graded.reason,
        not_higher=known.not_higher if known else None,
        advice=advice,
        route=graded.route,
        spread=known.spread if known else None,
    )


def _red_flag(flag: RedFlag, found: FlagGraded | Ungraded) -> RedFlagVerdict:
    if isinstance(found, Ungraded):
        return RedFlagVerdict(
            id=flag.id, title=flag.title, status="ungraded", penalty=flag.penalty, evidence=(), reason=found.reason
        )
    return RedFlagVerdict(
        id=flag.id,
        title=flag.title,
        status="present" if found.present else "absent",
        penalty=flag.penalty,
        evidence=found.evidence,
        reason=found.reason,
    )


def _question_warnings(rubric: Rubric, answer: Answer) -> tuple[Notice, ...]:
    if answer.question is None or question_similarity(rubric, answer.question) >= MISMATCH_BELOW:
        return ()
    message = f"The question sent is unlike the question of the rubric {rubric.id!r}; is it the right rubric?"
    return (Notice(code="question-mismatch", message=message),)
