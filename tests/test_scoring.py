"""The arithmetic from levels to a score."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.grading import FlagGraded, Graded, GraderInfo, Grading, Ungraded
from service.rubric import Rubric
from service.scoring import _rounded, band_of, points_for, score_grading
from tests.rubric.yaml_files import REST, parsed, with_parts

TOP = 2
Levels = Sequence[int | None]
Flags = Sequence[bool | None]


def rubric_of(weights: Sequence[float], penalties: Sequence[float] = ()) -> Rubric:
    """A rubric with criteria of these weights and flags of these penalties, levels 0 to 2, strong from 50."""
    base = parsed(REST)
    criterion, flag = base.criteria[0], base.red_flags[0]
    return with_parts(
        base,
        criteria=tuple(criterion.model_copy(update={"id": f"c{i}", "weight": w}) for i, w in enumerate(weights)),
        red_flags=tuple(flag.model_copy(update={"id": f"f{i}", "penalty": p}) for i, p in enumerate(penalties)),
        relations=(),
    )


def grading_of(levels: Levels, flags: Flags = ()) -> Grading:
    """A grading with these levels and flags; None is ungraded."""
    return Grading(
        grader=GraderInfo(kind="keyword"),
        criteria=tuple(
            Ungraded(id=f"c{i}", reason="Unclear.")
            if level is None
            else Graded(id=f"c{i}", level=level, basis="supported" if level else "absent", reason="So.")
            for i, level in enumerate(levels)
        ),
        red_flags=tuple(
            Ungraded(id=f"f{i}", reason="Unclear.") if present is None else FlagGraded(id=f"f{i}", present=present)
            for i, present in enumerate(flags)
        ),
    )


@pytest.mark.parametrize(
    ("weights", "penalties", "levels", "flags", "expected"),
    [
        pytest.param([1], [], [2], [], (100, 100, 100, "strong"), id="the top"),
        pytest.param([1], [], [0], [], (0, 0, 0, "weak"), id="nothing"),
        pytest.param([3, 1], [], [1, 2], [], (62.5, 62.5, 62.5, "strong"), id="weights"),
        pytest.param([1, 1, 1], [], [2, 0, 0], [], (33.3, 33.3, 33.3, "weak"), id="thirds"),
        pytest.param([1] * 16, [], [1] + [0] * 15, [], (3.1, 3.1, 3.1, "weak"), id="3.125 down"),
        pytest.param([1] * 8, [], [1] + [0] * 7, [], (6.3, 6.3, 6.3, "weak"), id="6.25 up, not to even"),
        pytest.param([1, 1], [5], [2, 1], [True], (70, 70, 70, "strong"), id="a penalty"),
        pytest.param([1, 1], [5], [2, 1], [False], (75, 75, 75, "strong"), id="an absent flag"),
        pytest.param([1], [30, 30], [1], [True, True], (0, 0, 0, "weak"), id="clipped at 0"),
        pytest.param([1, 0], [], [2, 0], [], (100, 100, 100, "strong"), id="weight 0"),
        pytest.param([1, 1], [], [2, None], [], (None, 50, 100, "strong"), id="ungraded, one band"),
        pytest.param([1, 1], [], [1, None], [], (None, 25, 75, None), id="ungraded, two bands"),
        pytest.param([1], [], [None], [], (None, 0, 100, None), id="nothing graded"),
        pytest.param([1, 0], [], [1, None], [], (50, 50, 50, "strong"), id="ungraded for coaching only"),
        pytest.param([1], [10], [2], [None], (None, 90, 100, "strong"), id="ungraded flag"),
        pytest.param([1], [10], [1], [None], (None, 40, 50, None), id="ungraded flag, two bands"),
        pytest.param([1], [0], [1], [None], (50, 50, 50, "strong"), id="ungraded flag without a penalty"),
        pytest.param([1, 1], [10], [0, None], [True], (None, 0, 40, "weak"), id="clipped at the low end only"),
        pytest.param([1, 1], [10], [2, None], [None], (None, 40, 100, None), id="ungraded both"),
        pytest.param([0.1, 0.2], [], [2, 0], [], (33.3, 33.3, 33.3, "weak"), id="weights of tenths"),
        pytest.param([0.3, 4.5], [], [2, 0], [], (6.3, 6.3, 6.3, "weak"), id="weights of tenths at half"),
        pytest.param([1], [0.05], [1], [True], (50, 50, 50, "strong"), id="49.95 up, whatever 0.05 is in binary"),
        pytest.param([1], [0.04], [1], [True], (50, 50, 50, "strong"), id="49.96 is banded as 50.0"),
    ],
)
def test_score(
    weights: list[float],
    penalties: list[float],
    levels: Levels,
    flags: Flags,
    expected: tuple[float | None, float, float, str | None],
) -> None:
    """Scores computed by hand: value, low end, high end and band."""
    score = score_grading(rubric_of(weights, penalties), grading_of(levels, flags))

    assert (score.value, score.low, score.high, score.band) == expected


@pytest.mark.parametrize(
    ("score", "band"),
    [(0.0, "weak"), (49.9, "weak"), (50.0, "strong"), (100.0, "strong")],
)
def test_band(score: float, band: str) -> None:
    """A band begins at its lowest score."""
    found = band_of(rubric_of([1]), score)

    assert found == band


def test_points() -> None:
    """A level is worth its share of the criterion's share of 100."""
    rubric = rubric_of([3, 1, 0])

    points = [points_for(rubric, criterion, 1) for criterion in rubric.criteria]

    assert points == [37.5, 12.5, 0]


@given(st.fractions(min_value=0, max_value=100, max_denominator=10_000))
def test_rounding_is_half_up(value: Fraction) -> None:
    """Every value rounds as a person would round it, whatever binary fractions make of it."""
    rounded = _rounded(value)

    exact = Decimal(value.numerator) / Decimal(value.denominator)
    assert rounded == float(exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


WEIGHTS = st.lists(st.sampled_from([0, 0.5, 1, 2, 3, 7]), min_size=1, max_size=6).filter(any)


@st.composite
def gradings(draw: st.DrawFn) -> tuple[Rubric, list[int | None], list[bool | None]]:
    """A rubric and a grading of it, some of it ungraded."""
    weights = draw(WEIGHTS)
    penalties = draw(st.lists(st.sampled_from([0, 2.5, 5, 40]), max_size=3))
    levels = draw(st.lists(st.sampled_from([None, 0, 1, 2]), min_size=len(weights), max_size=len(weights)))
    flags = draw(st.lists(st.sampled_from([None, True, False]), min_size=len(penalties), max_size=len(penalties)))
    return rubric_of(weights, penalties), levels, flags


@given(gradings())
def test_the_interval_is_in_order(case: tuple[Rubric, list[int | None], list[bool | None]]) -> None:
    """0 <= low <= high <= 100; a score stands where both ends do; a band is the band of both."""
    rubric, levels, flags = case

    score = score_grading(rubric, grading_of(levels, flags))

    assert 0 <= score.low <= score.high <= 100
    assert score.value is None or score.value == score.low == score.high
    assert (score.band is not None) == (band_of(rubric, score.low) == band_of(rubric, score.high))


@given(gradings(), st.data())
def test_a_higher_level_never_lowers_the_score(
    case: tuple[Rubric, list[int | None], list[bool | None]], data: st.DataObject
) -> None:
    """Raising one criterion raises both ends or leaves them."""
    rubric, levels, flags = case
    at = data.draw(st.integers(0, len(levels) - 1))
    lower = [*levels[:at], data.draw(st.integers(0, TOP - 1)), *levels[at + 1 :]]
    higher = [*levels[:at], (lower[at] or 0) + 1, *levels[at + 1 :]]

    before, after = (score_grading(rubric, grading_of(each, flags)) for each in (lower, higher))

    assert after.low >= before.low
    assert after.high >= before.high


@given(gradings(), st.data())
def test_grading_what_was_open_lands_in_the_interval(
    case: tuple[Rubric, list[int | None], list[bool | None]], data: st.DataObject
) -> None:
    """Whatever level or presence turns out to be right, the interval had it."""
    rubric, levels, flags = case
    closed = [data.draw(st.integers(0, TOP)) if level is None else level for level in levels]
    settled = [data.draw(st.booleans()) if flag is None else flag for flag in flags]

    before, after = (score_grading(rubric, grading_of(*each)) for each in ((levels, flags), (closed, settled)))

    assert after.value is not None
    assert before.low <= after.value <= before.high
    assert before.band in {None, after.band}


def test_a_grading_of_another_rubric_is_refused() -> None:
    """A criterion too few is an error, never a smaller denominator."""
    rubric = rubric_of([1, 1])

    with pytest.raises(ValueError, match="shorter"):
        score_grading(rubric, grading_of([2]))
