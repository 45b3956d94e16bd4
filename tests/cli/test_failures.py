"""Exit codes and help."""

import pytest
from click.testing import CliRunner

from service.cli.failures import exit_code
from service.cli.main import cli
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


@pytest.mark.parametrize("group", [pytest.param([], id="all commands"), pytest.param(["rubric"], id="rubric")])
def test_what_a_command_does_is_said_whole(group: list[str]) -> None:
    """The list of commands fits a terminal of 80 columns without being cut."""
    shown = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80).stdout

    _, _, commands = shown.partition("Commands:")
    assert commands
    assert "..." not in commands
