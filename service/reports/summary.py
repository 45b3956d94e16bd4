"""Many outcomes in figures, added up one by one in memory that does not grow with them."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import get_args

from service.outcome import Marks, Outcome, OutcomeStatus, marks_of_verdict
from service.reports.figures import half_up, mean_of, median_of, spread_of
from service.reports.interviews import InterviewTally
from service.reports.model import (
    BandCount,
    CohortStep,
    CriterionSummary,
    FlagSummary,
    RubricSummary,
    Scores,
    Summary,
)
from service.rubric import Criterion, Rubric
from service.scoring import points_for
from service.submission import Source


def marks_of(outcome: Outcome) -> Marks:
    """The figures of a whole outcome."""
    marks = Marks(status=outcome.status) if outcome.verdict is None else marks_of_verdict(outcome.verdict)
    return marks._replace(
        status=outcome.status,
        file=outcome.source.file if outcome.source else "",
        error_code=outcome.error.code if outcome.error else None,
    )


def interview_of(source: Source | None) -> str | None:
    """The interview an answer is of: its file, if it was put together from turns."""
    return source.file if source is not None and source.turns else None


class SummaryBuilder:
    """Adds up outcomes; `rubrics` are those they were graded by, by digest."""

    def __init__(self, rubrics: Mapping[str, Rubric]) -> None:
        self._statuses: dict[str, int] = dict.fromkeys(get_args(OutcomeStatus), 0)
        self._failures: Counter[str] = Counter()
        self._tallies = {digest: _RubricTally(digest, rubric) for digest, rubric in rubrics.items()}
        self._interviews = InterviewTally(rubrics)
        self._unlisted = 0

    def add(self, marks: Marks, interview: str | None = None) -> None:
        """Count one outcome, and count it towards an interview; the answers of an interview come in a row."""
        self._statuses[marks.status] += 1
        if marks.error_code is not None:
            self._failures[marks.error_code] += 1
        if marks.rubric_digest is not None:
            tally = self._tallies.get(marks.rubric_digest)
            if tally is None:
                self._unlisted += 1
            else:
                tally.add(marks)
        if interview is not None:
            self._interviews.add(interview, marks)

    def build(self) -> Summary:
        """The figures so far; rubrics that graded nothing are left out."""
        return Summary(
            answers=sum(self._statuses.values()),
            statuses=self._statuses.copy(),
            failures=dict(self._failures.most_common()),
            rubrics=tuple(tally.build() for tally in self._tallies.values() if tally.answers),
            unlisted=self._unlisted,
            interviews=self._interviews.build(),
            more_interviews=self._interviews.beyond,
        )


class _RubricTally:
    """Counters only: of each score in tenths of a point, of each level of each criterion, of each flag."""

    def __init__(self, digest: str, rubric: Rubric) -> None:
        self._digest = digest
        self._rubric = rubric
        self.answers = 0
        self._degraded = 0
        self._scores = [0] * 1001
        self._bands: dict[str | None, int] = dict.fromkeys((None, *(band.name for band in rubric.bands)), 0)
        levels = (None, *range(rubric.max_level + 1))
        self._levels: list[dict[int | None, int]] = [dict.fromkeys(levels, 0) for _ in rubric.criteria]
        self._flags: list[dict[bool | None, int]] = [dict.fromkeys((None, False, True), 0) for _ in rubric.red_flags]

    def add(self, marks: Marks) -> None:
        self.answers += 1
        self._degraded += marks.status == "degraded"
        if marks.score is not None:
            self._scores[round(marks.score * 10)] += 1
        self._bands[marks.band] += 1
        for counts, level in zip(self._levels, marks.levels, strict=True):
            counts[level] += 1
        for present, found in zip(self._flags, marks.flags, strict=True):
            present[found] += 1

    def build(self) -> RubricSummary:
        rubric = self._rubric
        flags = [
            FlagSummary(id=flag.id, title=flag.title, penalty=flag.penalty, present=counts[True], ungraded=counts[None])
            for flag, counts in zip(rubric.red_flags, self._flags, strict=True)
        ]
        return RubricSummary(
            id=rubric.id,
            version=rubric.version,
            title=rubric.title,
            digest=self._digest,
            level_names=tuple(level.name for level in rubric.levels),
            answers=self.answers,
            degraded=self._degraded,
            scores=_scores(self._scores),
            bands=tuple(
                BandCount(name=band.name, from_score=band.from_score, answers=self._bands[band.name])
                for band in rubric.bands
            ),
            open_band=self._bands[None],
            criteria=tuple(
                _criterion(rubric, criterion, counts)
                for criterion, counts in zip(rubric.criteria, self._levels, strict=True)
            ),
            red_flags=tuple(sorted(flags, key=lambda flag: -flag.present)),
            next_steps=self._next_steps(),
        )

    def _next_steps(self) -> tuple[CohortStep, ...]:
        steps = [
            step
            for criterion, counts in zip(self._rubric.criteria, self._levels, strict=True)
            if (step := _next_step(self._rubric, criterion, counts)) is not None
        ]
        return tuple(sorted(steps, key=lambda step: -step.points))  # stable: the rubric's order among equals


def _scores(tenths: list[int]) -> Scores:
    counts = {score: count for score, count in enumerate(tenths) if count}
    mean, median, spread = mean_of(counts), median_of(counts), spread_of(counts)
    return Scores(
        known=sum(tenths),
        mean=None if mean is None else half_up(mean / 10, 2),
        median=None if median is None else half_up(median / 10, 2),
        lowest=min(counts) / 10 if counts else None,
        highest=max(counts) / 10 if counts else None,
        spread=None if spread is None else half_up(spread / 10, 2),
        histogram=tuple(sum(tenths[start : start + 100 + (start == 900)]) for start in range(0, 1000, 100)),
    )


def _criterion(rubric: Rubric, criterion: Criterion, counts: Mapping[int | None, int]) -> CriterionSummary:
    graded = _graded(counts)
    mean, spread, number = mean_of(graded), spread_of(graded), sum(graded.values())
    top = points_for(rubric, criterion, rubric.max_level)
    lost = sum((_exact(top) - _exact(points_for(rubric, criterion, level))) * count for level, count in graded.items())
    return CriterionSummary(
        id=criterion.id,
        title=criterion.title,
        weight=criterion.weight,
        levels=tuple(graded[level] for level in range(rubric.max_level + 1)),
        ungraded=counts[None],
        mean_level=None if mean is None else half_up(mean, 2),
        spread=None if spread is None else half_up(spread, 2),
        max_points=top,
        mean_points_lost=half_up(Fraction(lost) / number, 2) if number else None,
    )


def _next_step(rubric: Rubric, criterion: Criterion, counts: Mapping[int | None, int]) -> CohortStep | None:
    below = {level: count for level, count in _graded(counts).items() if level < rubric.max_level}
    answers = sum(below.values())
    if not answers:
        return None
    commonest = max(below, key=lambda level: (below[level], -level))
    return CohortStep(
        id=criterion.id,
        title=criterion.title,
        answers=answers,
        points=float(_exact(points_for(rubric, criterion, 1)) * answers),
        level=commonest,
        level_name=rubric.levels[commonest].name,
        advice=criterion.advice[commonest],
    )


def _graded(counts: Mapping[int | None, int]) -> dict[int, int]:
    return {level: count for level, count in counts.items() if level is not None}


def _exact(points: float) -> Decimal:
    """Points as they are published, so that a sum of them is what a reader gets who adds them up."""
    return Decimal(str(points))
