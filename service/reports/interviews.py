"""The answers of one interview as one result."""

from collections.abc import Mapping
from fractions import Fraction

from service.outcome import Marks
from service.reports.figures import half_up
from service.reports.model import BestLevel, InterviewSummary
from service.rubric import Rubric
from service.scoring import band_of

MAX_INTERVIEWS = 1_000
"""How many interviews are summed up one by one; the rest is counted."""


class InterviewTally:
    """Adds up the interviews in the order they begin."""

    def __init__(self, rubrics: Mapping[str, Rubric]) -> None:
        self._rubrics = rubrics
        self._interviews: dict[str, _Interview] = {}
        self._last_beyond: str | None = None
        self.beyond = 0
        """How many interviews came after the first `MAX_INTERVIEWS`; the answers of each must come in a row."""

    def add(self, name: str, marks: Marks) -> None:
        """Count one answer of an interview."""
        interview = self._interviews.get(name)
        if interview is None and len(self._interviews) < MAX_INTERVIEWS:
            interview = self._interviews[name] = _Interview()
        if interview is not None:
            interview.add(marks)
        elif name != self._last_beyond:
            self._last_beyond = name
            self.beyond += 1

    def build(self) -> tuple[InterviewSummary, ...]:
        """Every interview's result so far."""
        return tuple(interview.build(name, self._rubrics) for name, interview in self._interviews.items())


class _Interview:
    def __init__(self) -> None:
        self.failed = 0
        self.scored = 0
        self.open = 0
        self.low = 0  # tenths of a point, as scores are rounded to
        self.high = 0
        self.best: dict[str, list[int | None]] = {}

    def add(self, marks: Marks) -> None:
        if marks.rubric_digest is None or marks.score_low is None or marks.score_high is None:
            self.failed += 1
            return
        self.scored += 1
        self.open += marks.score is None
        self.low += round(marks.score_low * 10)
        self.high += round(marks.score_high * 10)
        best = self.best.get(marks.rubric_digest, [None] * len(marks.levels))
        self.best[marks.rubric_digest] = [
            old if new is None else new if old is None else max(old, new)
            for old, new in zip(best, marks.levels, strict=True)
        ]

    def build(self, name: str, rubrics: Mapping[str, Rubric]) -> InterviewSummary:
        low = half_up(Fraction(self.low, 10 * self.scored), 1) if self.scored else None
        high = half_up(Fraction(self.high, 10 * self.scored), 1) if self.scored else None
        listed = [(rubrics[digest], levels) for digest, levels in self.best.items() if digest in rubrics]
        return InterviewSummary(
            interview=name,
            answers=self.failed + self.scored,
            failed=self.failed,
            score=low if not self.open else None,
            score_low=low,
            score_high=high,
            band=_band([rubric for rubric, _ in listed], low, high) if len(listed) == len(self.best) else None,
            best_levels=tuple(
                BestLevel(
                    rubric=rubric.id,
                    id=criterion.id,
                    title=criterion.title,
                    level=level,
                    max_level=rubric.max_level,
                )
                for rubric, levels in listed
                for criterion, level in zip(rubric.criteria, levels, strict=True)
            ),
        )


def _band(rubrics: list[Rubric], low: float | None, high: float | None) -> str | None:
    if not rubrics or low is None or high is None or any(rubric.bands != rubrics[0].bands for rubric in rubrics):
        return None
    band = band_of(rubrics[0], low)
    return band if band == band_of(rubrics[0], high) else None
