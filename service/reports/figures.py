"""Means, medians and spreads of a great many small whole numbers, kept as counts and exact until they are rounded."""

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate

Counts = Mapping[int, int]
"""How often each value occurs; values without an occurrence may stand with 0."""


def mean_of(counts: Counts) -> Fraction | None:
    """The mean; None of nothing."""
    number = sum(counts.values())
    return Fraction(sum(value * count for value, count in counts.items()), number) if number else None


def median_of(counts: Counts) -> Fraction | None:
    """The middle value, or half way between the middle two; None of nothing."""
    number = sum(counts.values())
    if not number:
        return None
    return Fraction(_at(counts, (number - 1) // 2) + _at(counts, number // 2), 2)


def spread_of(counts: Counts) -> float | None:
    """The standard deviation of just these values (divided by n, not n - 1); None of nothing."""
    number = sum(counts.values())
    if not number:
        return None
    total = sum(value * count for value, count in counts.items())
    squares = sum(value * value * count for value, count in counts.items())
    return math.sqrt(number * squares - total * total) / number


def half_up(value: Fraction | float, places: int) -> float:
    """Rounded to so many decimals, a half upwards."""
    scale = 10**places
    return float(Fraction(math.floor(Fraction(value) * scale + Fraction(1, 2)), scale))


def _at(counts: Counts, rank: int) -> int:
    """The value at a rank, from 0, of all values in order."""
    values = sorted(counts)
    up_to = accumulate(counts[value] for value in values)
    return next(value for value, number in zip(values, up_to, strict=True) if number > rank)
