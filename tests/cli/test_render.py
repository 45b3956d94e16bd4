"""A verdict as a person reads it at a terminal."""

from datetime import UTC, datetime

import pytest

from service.answer import parse_answer
from service.cli.render import WIDTH, render_verdict
from service.evaluator import build_verdict
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Notice, Ungraded
from tests.replies.bicycle import tiny

ANSWER = "I wipe it first. I drown it in oil. Then I take the water jet."


def said(quote: str) -> tuple[Evidence, ...]:
    """Evidence with one quote of the answer."""
    start = ANSWER.index(quote)
    return (Evidence(quote=quote, start=start, end=start + len(quote)),)


TOP = Graded(id="cleaning", level=2, basis="supported", evidence=said("I wipe it first"), reason="Said.")
WRONG = Graded(id="oiling", level=0, basis="wrong", evidence=said("I drown it in oil"), reason="Too much.")
OPEN = Ungraded(id="wear", reason="The model refused.")
PRESENT = FlagGraded(id="water-jet", present=True, evidence=said("I take the water jet"), reason="Held.")


def rendered(
    *criteria: Graded | Ungraded,
    flag: FlagGraded | Ungraded = PRESENT,
    notices: tuple[Notice, ...] = (),
    review: tuple[str, ...] = (),
    color: bool = False,
) -> str:
    """The verdict of the tiny rubric for these gradings, as text."""
    grading = Grading(
        grader=GraderInfo(kind="keyword"), criteria=criteria, red_flags=(flag,), warnings=notices, review=review
    )
    created = datetime(2026, 1, 1, tzinfo=UTC)
    verdict = build_verdict(tiny(), parse_answer(ANSWER), grading, verdict_id="1", created_at=created)
    return render_verdict(verdict, color=color)


def test_a_wrong_claim_is_told_from_an_absent_one() -> None:
    """What was said and does not hold is shown, and called wrong."""
    text = rendered(TOP, WRONG, TOP.model_copy(update={"id": "wear"}))

    assert "\u25cb\u25cb Oiling: wrong" in text
    assert "    \u201cI drown it in oil\u201d\n    \u2192 Too much.\n" in text


def test_a_red_flag_shows_what_was_said_and_what_it_costs() -> None:
    """A flag that is present stands with its quote and its penalty."""
    text = rendered(TOP, WRONG, OPEN)

    assert "! Pressure washer (-" in text
    assert "\u201cI take the water jet\u201d" in text


def test_flags_that_are_absent_are_not_mentioned() -> None:
    """Nothing that need not be read is printed."""
    text = rendered(TOP, WRONG, OPEN, flag=FlagGraded(id="water-jet", present=False))

    assert "Red flags" not in text


def test_what_is_open_is_an_interval_with_its_reasons() -> None:
    """No score is shown while one cannot be told."""
    text = rendered(TOP, WRONG, OPEN, flag=Ungraded(id="water-jet", reason="Unclear."))

    assert text.startswith("partial: between ")
    assert "?? Measuring wear: ungraded\n    The model refused." in text
    assert "? Pressure washer: ungraded. Unclear." in text


def test_a_perfect_answer_has_nothing_left_to_add() -> None:
    """Where there is no next step, that is said."""
    perfect = [TOP.model_copy(update={"id": item.id}) for item in tiny().criteria]

    text = rendered(*perfect, flag=FlagGraded(id="water-jet", present=False))

    assert "100 of 100" in text
    assert "Nothing left to add." in text


def test_nothing_graded_has_no_steps_to_take() -> None:
    """Without a grade there is no advice to give."""
    text = rendered(*(Ungraded(id=item.id, reason="Unclear.") for item in tiny().criteria), flag=PRESENT)

    assert text.startswith("ungraded: between ")


def test_what_is_graded_may_have_no_step_while_something_is_open() -> None:
    """It is not said that nothing is graded where something is."""
    top = [TOP, TOP.model_copy(update={"id": "oiling"})]

    text = rendered(*top, OPEN, flag=FlagGraded(id="water-jet", present=False))

    assert "None in what is graded." in text


def test_warnings_and_reasons_for_review_are_shown() -> None:
    """Both stand at the end, where they are read."""
    text = rendered(TOP, WRONG, OPEN, notices=(Notice(code="degraded", message="Fell back."),), review=("Look.",))

    assert text.splitlines()[-2:] == ["Warning (degraded): Fell back.", "For a person to review: Look."]


@pytest.mark.parametrize("color", [True, False])
def test_colours_only_where_they_are_wanted(color: bool) -> None:  # noqa: FBT001 - pytest passes it
    """A file gets plain text."""
    assert ("\x1b[" in rendered(TOP, WRONG, OPEN, color=color)) == color


def test_lines_keep_within_the_width() -> None:
    """Long prose is wrapped for a terminal."""
    assert max(len(line) for line in rendered(TOP, WRONG, OPEN).splitlines()) <= WIDTH


def test_a_narrow_terminal_is_kept_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prose is wrapped to what a person sees."""
    monkeypatch.setenv("COLUMNS", "60")
    notices = (Notice(code="degraded", message="word " * 40),)

    lines = rendered(TOP, WRONG, OPEN, notices=notices).splitlines()

    wrapped = [line for line in lines if "word word" in line]
    assert 50 < max(len(line) for line in wrapped) <= 60
