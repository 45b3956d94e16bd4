"""Exit codes."""

import pytest

from service.cli.failures import exit_code
from service.errors import (
    AnswerInvalid,
    GraderUnavailable,
    GradingError,
    RubricInvalid,
    RubricNotFound,
    SettingsInvalid,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(SettingsInvalid("x"), 2, id="settings"),
        pytest.param(RubricInvalid([]), 2, id="rubric"),
        pytest.param(RubricNotFound("x", []), 2, id="unknown rubric"),
        pytest.param(AnswerInvalid("x"), 2, id="answer"),
        pytest.param(GraderUnavailable("x", reason="timeout"), 3, id="grader"),
    ],
)
def test_each_error_has_its_exit_code(error: GradingError, code: int) -> None:
    """2 is for what the user can correct, 3 for a grader that may be back later."""
    assert exit_code(error) == code
