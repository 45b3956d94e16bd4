"""What the tests of answer files share: reading bytes, and what a row came to."""

import io

from service.answers import read_answers
from service.submission import Submission
from tests.conftest import FIXTURES

FILES = FIXTURES / "answers"
BOUND = 1_000_000
"""The longest line that is read where answers may take 1,000 bytes."""


def read(content: bytes | str, format: str = "jsonl") -> list[Submission]:  # noqa: A002 - as the function under test
    """All submissions of a file with this content, named `f`."""
    data = content.encode() if isinstance(content, str) else content
    return list(read_answers(io.BytesIO(data), name="f", format=format, max_answer_bytes=1_000))


def read_one(content: bytes | str, format: str = "jsonl") -> Submission:  # noqa: A002 - as above
    """The only submission of a file."""
    (submission,) = read(content, format)
    return submission


def brief(submissions: list[Submission]) -> list[tuple[str, int | None, str | None]]:
    """Of each submission the id, the line, and the answer or the code of its fault."""
    return [(each.id, each.source.line, each.error.code if each.error else each.answer) for each in submissions]
