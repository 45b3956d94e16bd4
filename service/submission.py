"""One answer of many, as it was read from a file."""

from pydantic import JsonValue

from service.grading import Notice
from service.models import Frozen


class Fault(Frozen):
    """Why one answer could not be graded; `message` is fit for a user and holds no candidate text."""

    code: str
    message: str


class Passage(Frozen):
    """A part of an answer's text that was spoken in one turn of a transcript.

    `start` and `end` count code points of the answer; `turn` counts the transcript's turns from 1; times are in
    seconds from the start of the recording, None where the transcript has none.
    """

    start: int
    end: int
    turn: int
    start_s: float | None = None
    end_s: float | None = None


class Source(Frozen):
    """Where an answer came from.

    `line` counts the file's lines from 1. The rest is of transcripts: who spoke, which turns were joined, what was
    asked; `similarity`, 0 to 1, is of that question to the rubric's own, where the rubric was chosen by it.
    """

    file: str
    line: int | None = None
    speaker: str | None = None
    turns: tuple[int, ...] = ()
    question: str | None = None
    similarity: float | None = None


class Submission(Frozen):
    """One answer to grade, or one place of the input where there is none to be had, in which case `error` says why.

    `rubric` is an id, None where the input names none; `passages` cover the answer of a transcript, in order.
    """

    id: str
    source: Source
    answer: str | None = None
    question: str | None = None
    reference: str | None = None
    rubric: str | None = None
    metadata: dict[str, JsonValue] = {}
    passages: tuple[Passage, ...] = ()
    warnings: tuple[Notice, ...] = ()
    error: Fault | None = None
