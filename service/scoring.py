"""The arithmetic from levels to a score, in one place, and exact until the last step.

points = 100 * weight * level / max_level / total weight; the score is their sum, less the penalties of the flags
present, within 0..100, rounded half up to 0.1 before it is banded. An ungraded criterion or flag makes an interval:
it counts as its worst at the low end and as its best at the high end.
"""

from fractions import Fraction

from service.grading import Graded, Grading, Ungraded
from service.models import Frozen
from service.rubric import Criterion, Rubric

SCORING_VERSION = "1"


class Score(Frozen):
    """`value` is None while anything that moves it is ungraded; `band` is None unless both ends share it."""

    value: float | None
    low: float
    high: float
    band: str | None


def score_grading(rubric: Rubric, grading: Grading) -> Score:
    """Add up a grading that covers the whole rubric."""
    low = high = Fraction(0)
    open_ended = False
    for criterion, graded in zip(rubric.criteria, grading.criteria, strict=True):
        if isinstance(graded, Graded):
            low += _points(rubric, criterion, graded.level)
            high += _points(rubric, criterion, graded.level)
        else:
            high += _points(rubric, criterion, rubric.max_level)
            open_ended |= criterion.weight > 0
    for flag, found in zip(rubric.red_flags, grading.red_flags, strict=True):
        penalty = Fraction(str(flag.penalty))
        if isinstance(found, Ungraded):
            low -= penalty
            open_ended |= penalty > 0
        elif found.present:
            low -= penalty
            high -= penalty
    bottom, top = (_rounded(min(max(end, Fraction(0)), Fraction(100))) for end in (low, high))
    band = band_of(rubric, bottom)
    return Score(
        value=None if open_ended else bottom,
        low=bottom,
        high=top,
        band=band if band == band_of(rubric, top) else None,
    )


def points_for(rubric: Rubric, criterion: Criterion, level: int) -> float:
    """What a level is worth on the scale of 0 to 100, rounded half up to 0.1."""
    return _rounded(_points(rubric, criterion, level))


def band_of(rubric: Rubric, score: float) -> str:
    """The band that a score, already rounded, falls into."""
    return next(band.name for band in reversed(rubric.bands) if score >= band.from_score)


def _points(rubric: Rubric, criterion: Criterion, level: int) -> Fraction:
    # By its digits: 0.1 in a rubric is a tenth, not the binary fraction next to it.
    return 100 * Fraction(str(criterion.weight)) * level / (rubric.max_level * rubric.exact_total_weight)


def _rounded(value: Fraction) -> float:
    return float(Fraction((value * 10 + Fraction(1, 2)).__floor__(), 10))
