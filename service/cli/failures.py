"""Which exit code each kind of error has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.errors import GradingError

GRADED, NOT_ALL_GRADED, BAD_INPUT, UNAVAILABLE = 0, 1, 2, 3
INTERRUPTED = 130
"""What a shell gives a command that was stopped with Ctrl-C."""


def exit_code(error: "GradingError") -> int:
    """The exit code for an error raised on purpose."""
    from service.errors import (  # noqa: PLC0415 - `--help` needs none of the service
        BudgetExceeded,
        GraderUnavailable,
        StoreUnavailable,
    )

    if isinstance(error, BudgetExceeded):
        return NOT_ALL_GRADED
    return UNAVAILABLE if isinstance(error, (GraderUnavailable, StoreUnavailable)) else BAD_INPUT
