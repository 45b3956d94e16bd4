"""Two ways to grade an answer, one shape of result."""

from collections.abc import Sequence
from typing import Protocol

from service.answer import Answer
from service.grading import Grading
from service.rubric import Rubric


class Grader(Protocol):
    """Anything that grades."""

    def prepare(self, rubric: Rubric) -> None:
        """Do now what the first answer to the rubric would otherwise wait for."""
        ...

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: nothing could be graded now.
        """
        ...
