"""Everything that can go wrong on purpose, as one tree.

GradingError
├── SettingsInvalid     a setting is missing or contradicts another
├── RubricInvalid       the file is not a rubric; carries file, line, column and a hint per problem
├── RubricNotFound      no rubric has that id; carries the ids that exist
├── AnswerInvalid       the text cannot be graded, being empty, too long or no text at all
├── AnswersInvalid      the file is no file of answers; what is wrong with one line fails that line alone
├── TranscriptInvalid   the file is no transcript that can be read
├── SpeakerUnclear      it cannot be told who of a transcript's speakers is the candidate; carries their names
├── ExportInvalid       results cannot be written in the format asked for
├── WebhookInvalid      the address or the secret of a webhook cannot be used
├── RunNotFound         no run has that id
├── StoreUnavailable    the database cannot be reached or used
├── ReplyInvalid        what the model wrote is no verdict; the LLM grader keeps this one to itself
├── BudgetExceeded      the money set aside does not cover the next call
└── GraderUnavailable   this grader cannot grade for the time being

Each kind has a stable `code`. HTTP statuses live in `service.api`, exit codes in `service.cli`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class GradingError(Exception):
    """Base of all errors raised on purpose; `str()` of it is fit for a user and holds no candidate text."""

    code: ClassVar[str] = "grading-error"


class SettingsInvalid(GradingError):
    """A setting is missing, malformed or contradicts another."""

    code = "settings-invalid"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a rubric file, and what to do about it.

    `line` and `column` count from 1; they are None where the whole file is meant.
    """

    message: str
    hint: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        return f"{place}: {self.message}\n    {self.hint}" if place else f"{self.message}\n    {self.hint}"


class RubricInvalid(GradingError):
    """The file is not a rubric; every problem found is listed with its place and a hint."""

    code = "rubric-invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RubricNotFound(GradingError):
    """No rubric has the id that was asked for."""

    code = "rubric-not-found"

    def __init__(self, rubric_id: str, known: Sequence[str]) -> None:
        self.known = tuple(known)
        listed = ", ".join(self.known) or "none"
        super().__init__(f"There is no rubric {rubric_id[:100]!r}; these exist: {listed}.")


class AnswerInvalid(GradingError):
    """The answer is nothing that can be graded: empty, too long or not text."""

    code = "answer-invalid"

    def __init__(self, message: str, *, too_long: bool = False) -> None:
        self.too_long = too_long
        super().__init__(message)


class AnswersInvalid(GradingError):
    """The file is not a file of answers as a whole; what is wrong with one line fails only that line."""

    code = "answers-invalid"


class TranscriptInvalid(GradingError):
    """The file is not a transcript that can be read; the message gives the line where that is known."""

    code = "transcript-invalid"


class SpeakerUnclear(GradingError):
    """It cannot be told which speaker of a transcript is the candidate, or the one named does not speak."""

    code = "speaker-unclear"

    def __init__(self, message: str, *, speakers: Sequence[str] = ()) -> None:
        self.speakers = tuple(speakers)
        super().__init__(message)


class ExportInvalid(GradingError):
    """Results cannot be written in the format asked for."""

    code = "export-invalid"


class WebhookInvalid(GradingError):
    """The address or the secret of a webhook cannot be used."""

    code = "webhook-invalid"


class RunNotFound(GradingError):
    """No run has the id that was asked for, or none of this caller's."""

    code = "run-not-found"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"There is no run {run_id[:100]!r}.")


class StoreUnavailable(GradingError):
    """The database cannot be reached or used; `passing` if it may be back by itself."""

    code = "store-unavailable"

    def __init__(self, message: str, *, passing: bool = True) -> None:
        self.passing = passing
        super().__init__(message)


class ReplyInvalid(GradingError):
    """The model answered, but not with a verdict; the message is the complaint to send back."""

    code = "reply-invalid"


class BudgetExceeded(GradingError):
    """What is left of a budget does not cover what the next call may cost; waiting will not help."""

    code = "budget-exceeded"


class GraderUnavailable(GradingError):
    """The grader cannot grade now.

    `reason` is a stable word for the cause; `retry_after` is in seconds, None where waiting will not help; `calls` is
    how many requests the provider answered all the same.
    """

    code = "grader-unavailable"

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        retry_after: float | None = None,
        calls: int = 0,
        asked: Sequence[object] = (),
    ) -> None:
        self.asked = tuple(asked)
        """Records of what was asked in vain, for whoever keeps them."""
        self.reason = reason
        self.retry_after = retry_after
        self.calls = calls
        super().__init__(message)
