"""Figures as candidates write and say them."""

import pytest

from service.graders.keyword.figures import find_figures
from service.graders.keyword.units import read_units
from service.text.words import Text


def _found(text: str) -> list[tuple[str, float, float]]:
    units = read_units(Text(text))
    return [
        (text[slice(*units.span(number.start, number.end))], number.low, number.high)
        for number in find_figures(units, "en")
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("200K+ queries", [("200K", 200_000, 200_000)], id="suffix"),
        pytest.param("1.8M users", [("1.8M", 1_800_000, 1_800_000)], id="decimal with suffix"),
        pytest.param("1,500 letters", [("1,500", 1_500, 1_500)], id="comma"),
        pytest.param("1 200 letters", [("1 200", 1_200, 1_200)], id="space"),
        pytest.param(".5 percent", [(".5", 0.5, 0.5)], id="leading point"),
        pytest.param("1,5 percent", [("1,5", 1.5, 1.5)], id="decimal comma"),
        pytest.param("$4.50 a call", [("4.50", 4.5, 4.5)], id="currency"),
        pytest.param("3 million calls", [("3 million", 3e6, 3e6)], id="digits and scale"),
        pytest.param("two hundred thousand", [("two hundred thousand", 200_000, 200_000)], id="words"),
        pytest.param("four lakh calls", [("four lakh", 400_000, 400_000)], id="lakh"),
        pytest.param("half a million", [("half a million", 500_000, 500_000)], id="half"),
        pytest.param("several hundred", [("several hundred", 300, 900)], id="several"),
        pytest.param("a couple of thousand", [("couple of thousand", 2_000, 2_000)], id="couple"),
        pytest.param("hundreds of them", [("hundreds", 200, 900)], id="plural"),
        pytest.param("70-90%", [("70", 70, 70), ("90", 90, 90)], id="range"),
        pytest.param("70-90k", [("70", 70_000, 70_000), ("90k", 90_000, 90_000)], id="range with one suffix"),
        pytest.param(
            "five to ten lakh", [("five", 500_000, 500_000), ("ten lakh", 1e6, 1e6)], id="range with one scale"
        ),
        pytest.param("2000 examples", [("2000", 2_000, 2_000)], id="not a year"),
        pytest.param("In 2026 we saw it", [], id="year"),
        pytest.param("1) prompt\n2. search", [], id="list numbers"),
        pytest.param("at 9:14 am", [], id="time"),
        pytest.param("first one, then the second one", [], id="ordinals and a pronoun"),
        pytest.param("9" * 40, [], id="no number anybody means"),
    ],
)
def test_figures_are_read(text: str, found: list[tuple[str, float, float]]) -> None:
    """Digits, words, scales, ranges and vague figures have their values; other numerals are none."""
    assert _found(text) == found
