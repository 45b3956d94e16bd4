"""A summary at a terminal."""

import pytest

from service.outcome import Marks
from service.reports import SummaryBuilder, render_summary
from tests.replies.bicycle import tiny
from tests.reports.outcomes import failed, labelled, summed_up


def test_a_cohort_fits_on_a_screen() -> None:
    """About thirty lines, none wider than asked for."""
    summary = summed_up([*(outcome for outcome, _ in labelled(63)), failed()])

    lines = render_summary(summary, width=80).splitlines()

    assert lines[0] == "64 answers: 63 graded, 1 failed"
    assert lines[1] == "Failed: answer-invalid 1"
    assert 25 <= len(lines) <= 36
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Scores  mean ") for line in lines)
    assert any("Fine-tuning for a gap in behaviour: +" in line for line in lines)


def test_where_all_is_at_the_top_no_step_is_listed() -> None:
    """There is nothing left to add."""
    rubric = tiny()
    builder = SummaryBuilder({rubric.digest: rubric})
    builder.add(Marks("graded", "f", rubric.digest, 100.0, 100.0, 100.0, rubric.bands[-1].name, (2, 2, 2), (False,)))

    text = render_summary(builder.build(), width=80)

    assert "next steps" not in text
    assert "red flags" not in text


@pytest.mark.parametrize("width", [10, 40, 61, 200])
def test_the_width_is_kept_to(width: int) -> None:
    """A terminal narrower than the least gets the least."""
    summary = summed_up(outcome for outcome, _ in labelled(20))

    lines = render_summary(summary, width=width).splitlines()

    assert max(map(len, lines)) <= max(width, 40)


def test_nothing_graded_is_said_plainly() -> None:
    """An empty run and one of failures have no figures."""
    assert render_summary(summed_up([]), width=80) == "No answers"
    assert render_summary(summed_up([failed()]), width=80) == "1 answer: 1 failed\nFailed: answer-invalid 1"


def test_what_is_open_and_what_is_degraded_is_shown() -> None:
    """Nothing that limits the figures is left unsaid."""
    rubric = tiny()
    builder = SummaryBuilder({rubric.digest: rubric})
    opened = Marks("degraded", "f", rubric.digest, None, 0.0, 100.0, None, (None, 0, None), (None,))
    builder.add(opened)
    builder.add(opened._replace(rubric_digest="sha256:other"))

    text = render_summary(builder.build(), width=80)

    assert "open 1" in text
    assert "1 degraded" in text
    assert "1 graded by rubrics of their own" in text
    assert text.count("  ungraded  ") == 2
    assert "Scores" not in text


def test_interviews_are_listed_with_their_results() -> None:
    """One line each, the first ten, and how many more there are."""
    rubric = tiny()
    builder = SummaryBuilder({rubric.digest: rubric})
    graded = Marks("graded", "f", rubric.digest, 80.0, 80.0, 80.0, rubric.bands[-1].name, (2, 1, 1), (True,))
    builder.add(graded, "a.vtt")
    builder.add(graded._replace(score=None, score_low=0.0, band=None), "b.vtt")
    builder.add(Marks("failed", error_code="no-rubric"), "c.vtt")
    for number in range(9):
        builder.add(graded, f"{number}.vtt")

    lines = render_summary(builder.build(), width=80).splitlines()
    listed = lines[lines.index("Interviews") + 1 :]

    assert listed[0] == f"  {f'80, {rubric.bands[-1].name}':<24}  a.vtt (1 answer)"
    assert listed[1].startswith("  0 to 80")
    assert listed[2].startswith("  no score")
    assert listed[2].endswith("c.vtt (1 answer, 1 failed)")
    assert listed[-1] == "  and 2 more"


def test_a_file_name_cannot_steer_the_terminal() -> None:
    """Escape sequences are taken out of what is printed."""
    builder = SummaryBuilder({})
    builder.add(Marks("failed", error_code="no-rubric"), "\x1b[2Jgone.vtt")

    assert "\x1b" not in render_summary(builder.build(), width=80)
