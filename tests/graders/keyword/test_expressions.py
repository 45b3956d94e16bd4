"""What each kind of expression asks for, and how far apart its parts may stand."""

from typing import Any

import pytest

from tests.graders.keyword.rubrics import make_rubric, travel

FIGURE = {"figure": {"unit": "kilometre", "min": 100, "max": 500}}


@pytest.mark.parametrize(
    ("when", "text", "held"),
    [
        pytest.param({"any": ["car", "bike"]}, "I take the bike to work.", True, id="any"),
        pytest.param({"all": ["bike", "short-trip"]}, "For a short trip I take the bike.", True, id="all"),
        pytest.param({"all": ["bike", "short-trip"]}, "For that one I take the bike.", False, id="all, one missing"),
        pytest.param({"near": ["bike", "car"], "words": 4}, "I take the bike or car.", True, id="near"),
        pytest.param(
            {"near": ["bike", "car"], "words": 4}, "The bike is what I take and then the car.", False, id="too far"
        ),
        pytest.param({"order": ["bike", "car"]}, "First the bike and then the car.", True, id="in order"),
        pytest.param({"order": ["bike", "car"]}, "First the car and then the bike.", False, id="in another order"),
        pytest.param({"all": ["bike", {"none": "car"}]}, "I take the bike to work.", True, id="none of"),
        pytest.param({"all": ["bike", {"none": "car"}]}, "I take the bike or the car.", False, id="none of, but there"),
        pytest.param({"all": ["bike", "$cause"]}, "I take the bike because I like it.", True, id="marker"),
        pytest.param("long-trip", "It was a long and rather windy ride to her.", True, id="gap in a phrase"),
        pytest.param(
            "long-trip", "It was a long day and after we had all eaten we took a ride.", False, id="gap too wide"
        ),
    ],
)
def test_an_expression_holds_where_its_parts_do(when: Any, text: str, *, held: bool) -> None:
    """Each kind of expression asks for just what it says."""
    rubric = make_rubric(when)

    graded = travel(rubric, text)

    assert graded.level == (2 if held else 0)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        pytest.param("I use the bike for a short trip and the car for a long trip.", False, id="the rival's"),
        pytest.param("I use the car for a short trip and the bike for a long trip.", True, id="its own"),
        pytest.param("Long trip: I take the bike. I have no use for a car.", True, id="in front of it"),
    ],
)
def test_a_link_needs_the_right_relation(text: str, *, held: bool) -> None:
    """The same words in the wrong relation link nothing."""
    rubric = make_rubric({"link": ["bike", "long-trip"], "rivals": ["car"]}, within="passage")

    graded = travel(rubric, text)

    assert graded.level == (2 if held else 0)


@pytest.mark.parametrize(
    ("within", "held"),
    [
        pytest.param("clause", False, id="clause"),
        pytest.param("sentence", False, id="sentence"),
        pytest.param("passage", True, id="passage"),
        pytest.param("answer", True, id="answer"),
    ],
)
def test_a_region_bounds_an_expression(within: str, *, held: bool) -> None:
    """Parts two sentences apart stand together in a passage, not in a sentence."""
    rubric = make_rubric({"all": ["bike", "car"]}, within=within)

    graded = travel(rubric, "I have a bike that I like. It is red and it is old. My father has a car.")

    assert graded.level == (2 if held else 0)


def test_speech_without_punctuation_has_sentences() -> None:
    """A long run of words is cut at what speakers say between sentences."""
    rubric = make_rubric({"all": ["bike", "car"]})
    between = "and then we talked about the weather for a while and about what my mother had cooked for all of us "

    graded = travel(rubric, f"so I have a bike that I like a lot {between} okay so my father he has a car now you see")

    assert graded.level == 0


@pytest.mark.parametrize(
    ("text", "held"),
    [
        pytest.param("It is 200 km from here to her.", True, id="digits"),
        pytest.param("It is about two hundred kilometres from here.", True, id="words"),
        pytest.param("It's several hundred kilometres to get there.", True, id="vague"),
        pytest.param("It is 0.2K km, as they write it.", True, id="suffix"),
        pytest.param("It is 80-120 km from here to there.", True, id="range"),
        pytest.param("It takes from eighty to one hundred and ten kilometres.", True, id="range in words"),
        pytest.param("It is 20 km from here to her.", False, id="too small"),
        pytest.param("It is 2,000 km from here to her.", False, id="too large"),
        pytest.param("It is 200 of something or other, and then there are some km.", False, id="unit too far"),
        pytest.param("Some people say it is 200 km to her.", False, id="reported"),
    ],
)
def test_a_figure_needs_its_range_and_its_unit(text: str, *, held: bool) -> None:
    """Figures count in digits and in words, within their range and beside their unit."""
    rubric = make_rubric(FIGURE)

    graded = travel(rubric, text)

    assert graded.level == (2 if held else 0)


def test_an_exception_keeps_a_concept_out() -> None:
    """A phrase with an exclamation mark says where the concept does not stand."""
    rubric = make_rubric("bike", glossary={"bike": ["bike", "!bike shed"]})

    shed, bike = (travel(rubric, f"I like to look at the {what} from here.") for what in ("bike shed", "bike"))

    assert (shed.level, bike.level) == (0, 2)


def test_patterns_may_build_on_one_another() -> None:
    """A pattern is looked for where it is named, through others too."""
    patterns = {"wheels": {"any": ["bike", "car"]}, "both": {"all": ["wheels", "short-trip"]}}
    rubric = make_rubric("both", patterns=patterns)

    graded = travel(rubric, "On a short ride I drive.")

    assert graded.level == 2
