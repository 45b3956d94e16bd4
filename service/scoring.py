"""The arithmetic from levels to a score, in one place, and exact until the last step.

points = 100 * weight * level / max_level / total weight; the score is their sum, less the penalties of the flags
present, within 0..100, rounded half up to 0.1 before it is banded. An ungraded criterion or flag makes an interval:
it counts as its worst at the low end and as its best at the high end.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

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
    worth = _worth(rubric)
    low = high = 0
    open_ended = False
    for criterion, graded, points in zip(rubric.criteria, grading.criteria, worth.points, strict=True):
        if isinstance(graded, Graded):
            low += points[graded.level]
            high += points[graded.level]
        else:
            high += points[rubric.max_level]
            open_ended |= criterion.weight > 0
    for found, penalty in zip(grading.red_flags, worth.penalties, strict=True):
        if isinstance(found, Ungraded):
            low -= penalty
            open_ended |= penalty > 0
        elif found.present:
            low -= penalty
            high -= penalty
    bottom, top = (_rounded(Fraction(min(max(end, 0), 100 * worth.unit), worth.unit)) for end in (low, high))
    band = band_of(rubric, bottom)
    return Score(
        value=None if open_ended else bottom,
        low=bottom,
        high=top,
        band=band if band == band_of(rubric, top) else None,
    )


def points_for(rubric: Rubric, criterion: Criterion, level: int) -> float:
    """What a level is worth on the scale of 0 to 100, rounded half up to 0.1."""
    return _rounded_points(rubric)[criterion.id][level]


def band_of(rubric: Rubric, score: float) -> str:
    """The band that a score, already rounded, falls into."""
    return next(band.name for band in reversed(rubric.bands) if score >= band.from_score)


class _Worth(NamedTuple):
    """What each level of each criterion is worth, and what each red flag costs, as whole numbers of 1/`unit` points."""

    unit: int
    points: tuple[tuple[int, ...], ...]
    penalties: tuple[int, ...]


@lru_cache(maxsize=128)
def _worth(rubric: Rubric) -> _Worth:
    # By their digits: 0.1 in a rubric is a tenth, not the binary fraction next to it.
    shares = [
        100 * Fraction(str(criterion.weight)) / (rubric.max_level * rubric.exact_total_weight)
        for criterion in rubric.criteria
    ]
    penalties = [Fraction(str(flag.penalty)) for flag in rubric.red_flags]
    unit = math.lcm(*(each.denominator for each in (*shares, *penalties)))
    points = tuple(tuple(int(share * level * unit) for level in range(rubric.max_level + 1)) for share in shares)
    return _Worth(unit, points, tuple(int(penalty * unit) for penalty in penalties))


@lru_cache(maxsize=128)
def _rounded_points(rubric: Rubric) -> Mapping[str, tuple[float, ...]]:
    worth = _worth(rubric)
    return {
        criterion.id: tuple(_rounded(Fraction(each, worth.unit)) for each in points)
        for criterion, points in zip(rubric.criteria, worth.points, strict=True)
    }


def _rounded(value: Fraction) -> float:
    return float(Fraction((value * 10 + Fraction(1, 2)).__floor__(), 10))
