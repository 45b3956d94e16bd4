"""What the candidate is told."""

import pytest

from service.coaching import QUOTE_LENGTH, advise_criterion, advise_red_flag, coach
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Ungraded
from service.rubric import Rubric
from service.scoring import score_grading
from service.verdict import Coaching
from tests.replies.bicycle import tiny
from tests.rubric.yaml_files import with_parts

Result = Graded | Ungraded
CLEANING, OILING, WEAR = (tiny().criteria[i] for i in range(3))
FLAG = tiny().red_flags[0]


def said(quote: str) -> tuple[Evidence, ...]:
    """Evidence with one quote."""
    return (Evidence(quote=quote, start=0, end=len(quote)),)


def graded(criterion_id: str, level: int, quote: str = "I wipe it.", *, not_higher: str | None = None) -> Graded:
    """A criterion with a level, and evidence if it is above 0."""
    return Graded(
        id=criterion_id,
        level=level,
        basis="supported" if level else "absent",
        evidence=said(quote) if level else (),
        reason="You speak of it." if level else "Nothing on this.",
        not_higher=not_higher,
    )


def coached(*results: Result, flag: FlagGraded | Ungraded | None = None, rubric: Rubric | None = None) -> Coaching:
    """The coaching for a grading of the tiny rubric."""
    chosen = rubric or tiny()
    grading = Grading(
        grader=GraderInfo(kind="keyword"),
        criteria=results,
        red_flags=(flag or FlagGraded(id="water-jet", present=False),),
    )
    return coach(chosen, grading, score_grading(chosen, grading))


def open_(criterion_id: str) -> Ungraded:
    """A criterion that could not be graded."""
    return Ungraded(id=criterion_id, reason="Unclear.")


PRESENT = FlagGraded(id="water-jet", present=True, evidence=said("I take the water jet."))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        pytest.param(
            graded("cleaning", 1, not_higher="The grit"),
            "You said \u201cI wipe it\u201d. What a reasoned answer adds: The grit. Say why the order matters.",
            id="a level to go",
        ),
        pytest.param(
            graded("cleaning", 0),
            "Your answer does not speak to this yet. Say what happens to the dirt.",
            id="absent",
        ),
        pytest.param(
            Graded(id="cleaning", level=0, basis="wrong", evidence=said("Oil cleans it"), reason="It does not."),
            "You said \u201cOil cleans it\u201d, which does not hold. It does not. Say what happens to the dirt.",
            id="wrong",
        ),
        pytest.param(graded("cleaning", 2), None, id="the top"),
    ],
)
def test_advice_speaks_to_the_answer(result: Graded, expected: str | None) -> None:
    """It quotes what was said, names what the next level lacks and says what to do."""
    advice = advise_criterion(tiny(), CLEANING, result)

    assert advice == expected


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        pytest.param("first I\r\n  wipe,", "\u201cfirst I wipe\u201d", id="line breaks and a comma at the end"),
        pytest.param("do I wipe?", "\u201cdo I wipe?\u201d", id="a question"),
        pytest.param("\x1b[2J\u202ewipe", "\u201c[2Jwipe\u201d", id="characters that steer"),
        pytest.param("wipe " * 100, "\u201c" + "wipe " * 31 + "wipe \u2026\u201d", id="a long quote"),
    ],
)
def test_a_quote_is_shown_on_one_line(quote: str, shown: str) -> None:
    """Quotes are flattened, shortened and cannot steer a terminal."""
    advice = advise_red_flag(FLAG, FlagGraded(id="water-jet", present=True, evidence=said(quote)))

    assert advice.startswith(f"You said {shown}")
    assert len(shown) <= QUOTE_LENGTH + 4


def test_steps_are_ordered_by_what_they_add() -> None:
    """Each step's points are what its next level adds; among equals the rubric's order stays."""
    coaching = coached(graded("cleaning", 1), graded("oiling", 0), graded("wear", 0), flag=PRESENT)

    assert [(step.kind, step.id, step.points) for step in coaching.next_steps] == [
        ("criterion", "wear", 25.0),
        ("criterion", "cleaning", 16.7),
        ("red_flag", "water-jet", 10.0),
        ("criterion", "oiling", 8.3),
    ]


def test_there_is_no_step_for_what_is_ungraded_or_done() -> None:
    """Nothing is advised where nothing is known, or nothing is left to do."""
    coaching = coached(graded("cleaning", 2), open_("oiling"), graded("wear", 2))

    assert coaching.next_steps == ()


def test_strengths_are_the_heaviest_first() -> None:
    """What reached most of its scale is quoted, heaviest first; what did not is left out."""
    coaching = coached(graded("cleaning", 2, "I wipe."), graded("oiling", 1, "I oil."), graded("wear", 2, "I measure."))

    assert coaching.strengths == ("Measuring wear: \u201cI measure\u201d", "Cleaning: \u201cI wipe\u201d")


@pytest.mark.parametrize(
    ("results", "flag", "summary"),
    [
        pytest.param(
            (graded("cleaning", 1), graded("oiling", 2), graded("wear", 0)),
            None,
            "33.3 of 100 (weak). 3 criteria graded: 1 at the top level, 1 in between, 1 missing or wrong. "
            "The step that adds most: work on \u201cMeasuring wear\u201d (+25 points).",
            id="all graded",
        ),
        pytest.param(
            (graded("cleaning", 2), graded("oiling", 2), graded("wear", 2)),
            None,
            "100 of 100 (strong). 3 criteria graded: 3 at the top level.",
            id="the top",
        ),
        pytest.param(
            (graded("cleaning", 2), graded("oiling", 2), graded("wear", 2)),
            PRESENT,
            "90 of 100 (strong). 3 criteria graded: 3 at the top level. "
            "The step that adds most: drop the red flag \u201cPressure washer\u201d (+10 points).",
            id="a red flag",
        ),
        pytest.param(
            (graded("cleaning", 2), open_("oiling"), open_("wear")),
            Ungraded(id="water-jet", reason="Unclear."),
            "Between 23.3 and 100 of 100, because 2 criteria and 1 red flag could not be graded. "
            "1 criterion graded: 1 at the top level.",
            id="partly graded",
        ),
        pytest.param(
            (open_("cleaning"), open_("oiling"), open_("wear")),
            None,
            "This answer could not be graded; the reasons stand with each criterion.",
            id="nothing graded",
        ),
    ],
)
def test_the_summary(results: tuple[Result, ...], flag: FlagGraded | Ungraded | None, summary: str) -> None:
    """The score or its range, how the levels spread and the first step, in whole sentences."""
    coaching = coached(*results, flag=flag)

    assert coaching.summary == summary


def test_a_step_for_coaching_only_promises_no_points() -> None:
    """A criterion of weight 0 is advised on, but the summary does not sell it."""
    criteria = (CLEANING, OILING.model_copy(update={"weight": 0.0}), WEAR)
    rubric = with_parts(tiny(), criteria=criteria)

    coaching = coached(graded("cleaning", 2), graded("oiling", 0), graded("wear", 2), rubric=rubric)

    assert [(step.id, step.points) for step in coaching.next_steps] == [("oiling", 0)]
    assert "adds most" not in coaching.summary
