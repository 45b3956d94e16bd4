"""The keyword grader against labelled answers: a change of signals that breaks a criterion must not go unseen."""

import pytest

from service.rubric import Rubric
from tests.conftest import labelled_answers
from tests.graders.keyword.agreement import mean_kappa, third


@pytest.mark.parametrize(
    ("file", "set_aside", "least"),
    [
        # Floors somewhat below what was measured. Tuned on: 0.86, 0.83 and 0.79.
        pytest.param("answers", False, 0.77, id="answers, tuned on"),
        pytest.param("more", None, 0.75, id="more, tuned on"),
        pytest.param("fresh", False, 0.7, id="fresh, tuned on"),
        # No signal was written for these: 0.65 and 0.73. The second are by the author of the signals, who chose
        # among changes by them, so the first say more about answers of strangers.
        pytest.param("answers", True, 0.57, id="answers, set aside"),
        pytest.param("fresh", True, 0.63, id="fresh, set aside"),
    ],
)
def test_levels_agree_with_the_labels(rubric: Rubric, file: str, set_aside: bool | None, least: float) -> None:  # noqa: FBT001 - pytest passes it
    """The mean kappa over the criteria stays above a floor, on a file or on a part of it."""
    answers = [row for row in labelled_answers(file) if set_aside in (None, third(row.id))]

    agreement = mean_kappa(rubric, answers)

    assert agreement > least
