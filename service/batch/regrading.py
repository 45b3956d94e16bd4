"""Reading again what a run is kept of: the same replies, and by this program the same verdicts or not."""

import asyncio
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from pydantic import JsonValue, ValidationError

from service.batch.erasing import is_erased
from service.batch.grading import PASSING, grade_stored, verdict_context
from service.batch.output import OutputLines
from service.batch.provenance import unpack_records
from service.batch.spec import RunSpec
from service.evaluator import Evaluator
from service.graders.replay import Tape
from service.grading import Record
from service.outcome import Marks
from service.store import ResultLine, Run, Store, StoredAnswer, StoredResult, StoredRubric
from service.store.packing import pack, unpack
from service.verdict import Verdict

RegradeOutcome = Literal["identical", "different", "other-version", "text-erased", "no-replies", "not-graded"]
"""`different`: the same program and replies, another verdict. `other-version`: the program that graded asked or read in
another way. The rest could not be graded again: the text or the replies are gone, or there was no verdict yet."""

_AT_ONCE = 200


class Regraded(NamedTuple):
    """One answer read again; `line` is the line of output it makes, None where it could not be graded."""

    id: str
    outcome: RegradeOutcome
    line: bytes | None = None


@dataclass(slots=True)
class RegradeSummary:
    """How many answers came out how, and the ids of those that are not identical."""

    run_id: str
    counts: Counter[RegradeOutcome] = field(default_factory=Counter)
    ids: dict[RegradeOutcome, list[str]] = field(default_factory=dict)

    def add(self, regraded: Regraded) -> None:
        """Count one."""
        self.counts[regraded.outcome] += 1
        if regraded.outcome != "identical":
            self.ids.setdefault(regraded.outcome, []).append(regraded.id)

    @property
    def all_identical(self) -> bool:
        """Whether every answer has the verdict it had."""
        return self.counts.total() == self.counts["identical"]

    def as_json(self) -> dict[str, JsonValue]:
        """For machines."""
        outcomes: tuple[RegradeOutcome, ...] = get_args(RegradeOutcome)
        return {
            "run": self.run_id,
            "answers": self.counts.total(),
            **{outcome.replace("-", "_"): self.counts[outcome] for outcome in outcomes},
            "ids": {outcome.replace("-", "_"): [*ids] for outcome, ids in self.ids.items()},
        }


class Regrader:
    """Grades the answers of a run again from what is stored.

    `evaluator` replays from `tape`; `same_version` says that it is of the version that made the run.
    """

    def __init__(self, store: Store, run: Run, evaluator: Evaluator, tape: Tape, *, same_version: bool) -> None:
        self._store = store
        self._run = run
        self._spec = RunSpec.model_validate_json(run.spec)
        self._evaluator = evaluator
        self._tape = tape
        self._same_version = same_version
        self._lines = OutputLines(store, run)

    def each(self) -> Iterator[Regraded]:
        """Every answer in order."""
        for first in range(0, self._run.total or 0, _AT_ONCE):
            answers = self._store.submissions.read(self._run.n, first, first + _AT_ONCE)
            found = self._store.results.read(self._run.n, first, first + _AT_ONCE)
            results = {result.ordinal: result for result in found}
            yield from asyncio.run(self._part([(answer, results.get(answer.ordinal)) for answer in answers]))

    async def _part(self, pairs: list[tuple[StoredAnswer, StoredResult | None]]) -> list[Regraded]:
        return [await self._one(answer, result) for answer, result in pairs]

    async def _one(self, answer: StoredAnswer, stored: StoredResult | None) -> Regraded:
        submission = answer.submission
        if is_erased(submission):
            return Regraded(submission.id, "text-erased")
        if stored is None:
            return Regraded(submission.id, "not-graded")
        if stored.marks.status == "failed" or submission.answer is None or answer.rubric_digest is None:
            return await self._failure(answer, stored)
        rubric = self._store.submissions.rubric(answer.rubric_digest)
        context = verdict_context(rubric, submission.answer)
        try:
            before = unpack(stored.body, context)
            verdict = Verdict.model_validate_json(before)
        except (zlib.error, ValidationError):
            return Regraded(submission.id, "different")
        if verdict.grader.degraded is not None:
            self._tape.load((), away=verdict.grader.degraded)
        else:
            records = self._records(stored, before, submission.answer)
            if not records and verdict.grader.kind == "llm":
                return Regraded(submission.id, "no-replies")
            self._tape.load(records)
        return await self._verdict(answer, rubric, stored, before, verdict)

    async def _failure(self, answer: StoredAnswer, stored: StoredResult) -> Regraded:
        """An answer that could not be graded fails again, unless it was the model's fault."""
        if stored.marks.error_code in PASSING:
            return Regraded(answer.submission.id, "no-replies")
        rubric = self._store.submissions.rubric(answer.rubric_digest) if answer.rubric_digest else None
        self._tape.load(())
        again = await grade_stored(self._evaluator, self._spec, answer, rubric)
        try:
            same = again.marks == stored.marks and unpack(again.body) == unpack(stored.body)
        except zlib.error:
            same = False
        return Regraded(answer.submission.id, self._outcome(same=same), self._line(answer, again.marks, again.body))

    async def _verdict(
        self, answer: StoredAnswer, rubric: StoredRubric, stored: StoredResult, before: bytes, verdict: Verdict
    ) -> Regraded:
        again = await grade_stored(self._evaluator, self._spec, answer, rubric)
        if again.marks.status == "failed":
            return Regraded(answer.submission.id, "other-version")
        context = verdict_context(rubric, answer.submission.answer or "")
        # When it was graded, and what that took, is no question of how the replies are read.
        now = Verdict.model_validate_json(unpack(again.body, context)).model_copy(
            update={"id": verdict.id, "created_at": verdict.created_at, "usage": verdict.usage}
        )
        content = now.model_dump_json().encode()
        line = self._line(answer, again.marks, pack(content, context), taken_over=stored.taken_over)
        # Summaries and tables are made of the figures, which are stored beside the verdict.
        same = content == before and again.marks == stored.marks
        return Regraded(answer.submission.id, self._outcome(same=same), line)

    def _records(self, stored: StoredResult, verdict: bytes, answer: str) -> tuple[Record, ...]:
        if stored.records is None:
            return ()
        try:
            return unpack_records(stored.records, verdict, answer)
        except (zlib.error, ValidationError):
            return ()

    def _outcome(self, *, same: bool) -> RegradeOutcome:
        if same:
            return "identical"
        return "different" if self._same_version and not self._tape.strayed else "other-version"

    def _line(self, answer: StoredAnswer, marks: Marks, body: bytes, *, taken_over: bool = False) -> bytes:
        return self._lines.as_json(
            ResultLine(
                ordinal=answer.ordinal,
                id=answer.submission.id,
                status=marks.status,
                rubric_digest=marks.rubric_digest,
                band=marks.band,
                body=body,
                submission=pack(answer.submission.model_dump_json(exclude={"id"}).encode()),
                taken_over=taken_over,
            )
        )
