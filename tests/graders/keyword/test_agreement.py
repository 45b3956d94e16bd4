"""The keyword grader against labelled answers: a change of signals that breaks a criterion must not go unseen."""

import pytest

from service.rubric import Rubric
from tests.conftest import labelled_answers
from tests.graders.keyword.agreement import mean_kappa, third


@pytest.mark.parametrize(
    ("file", "set_aside", "least"),
    [
        # Floors somewhat below what was measured. Tuned on: 0.86, 0.84 and 0.82.
        pytest.param("answers", False, 0.78, id="answers, tuned on"),
        pytest.param("more", None, 0.77, id="more, tuned on"),
        pytest.param("fresh", False, 0.74, id="fresh, tuned on"),
        pytest.param("others", None, 0.74, id="others, tuned on"),
        # No signal was written for these: 0.71, 0.69 and 0.76. The third are by the author of the signals, who chose
        # among changes by them, so the first two say more about answers of strangers.
        pytest.param("answers", True, 0.6, id="answers, set aside"),
        pytest.param("strangers", None, 0.62, id="strangers, set aside"),
        pytest.param("fresh", True, 0.66, id="fresh, set aside"),
    ],
)
def test_levels_agree_with_the_labels(rubric: Rubric, file: str, set_aside: bool | None, least: float) -> None:  # noqa: FBT001 - pytest passes it
    """The mean kappa over the criteria stays above a floor, on a file or on a part of it."""
    answers = [row for row in labelled_answers(file) if set_aside in (None, third(row.id))]

    agreement = mean_kappa(rubric, answers)

    assert agreement > least
