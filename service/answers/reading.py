"""From a file of answers to submissions, whatever its format."""

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, Final

from service.answers.document import read_document
from service.answers.jsonl import read_jsonl
from service.answers.parquet import read_parquet
from service.answers.rows import Rows
from service.answers.table import read_table
from service.errors import AnswersInvalid
from service.submission import Submission

FORMATS: Final = ("jsonl", "json", "csv", "tsv", "parquet")

_LEAST_BOUND: Final = 1_000_000
_EMPTY: Final = {
    "jsonl": 'expected is one object a line, such as {"id": "...", "answer": "..."}',
    "json": 'expected is an array of objects such as {"id": "...", "answer": "..."}',
    "csv": "expected are a header such as id,answer and a row for each answer",
    "tsv": "expected are a header such as id and answer with a tab between, and a row for each answer",
    "parquet": "expected is a column `answer` and a row for each answer",
}


def read_answers(
    file: BinaryIO,
    *,
    name: str,
    format: str,  # noqa: A002 - what the option is called
    max_answer_bytes: int,
    id_prefix: str = "",
) -> Iterator[Submission]:
    """Read a file of answers as a stream; each row gives one submission, with an `error` if it cannot be read.

    `format` is one of FORMATS; `name` stands in every source and error message, and `id_prefix`
    before the line number that is the id of a row without one. A row longer than eight answers of `max_answer_bytes`,
    or than a megabyte if that is more, fails unread. The first row is read at once, so that a file that is none is
    refused by the call itself. Parquet needs a file that can seek.

    Raises:
        AnswersInvalid: the file as a whole is not what its format says, or has no answers.
    """
    bound = max(8 * max_answer_bytes, _LEAST_BOUND)
    name, id_prefix = _as_text(name), _as_text(id_prefix)
    submissions = _read(file, Rows(name, id_prefix), name, format, bound)
    first = next(submissions, None)
    if first is None:
        raise AnswersInvalid(f"{name}: there are no answers in it; {_EMPTY[format]}.")
    return chain((first,), submissions)


def _read(file: BinaryIO, rows: Rows, name: str, format: str, bound: int) -> Iterator[Submission]:  # noqa: A002 - as above
    match format:
        case "jsonl":
            return read_jsonl(file, rows=rows, name=name, bound=bound)
        case "json":
            return read_document(file, rows=rows, name=name, bound=bound)
        case "csv" | "tsv":
            return read_table(file, rows=rows, name=name, format=format, bound=bound)
        case "parquet":
            return read_parquet(file, rows=rows, name=name, bound=bound)
        case _:
            raise AnswersInvalid(f"{name}: there is no format {format!r}; these exist: {', '.join(FORMATS)}.")


def _as_text(name: str) -> str:
    """The name of a file, which on most systems may be any bytes, with `?` for what is no text."""
    return name.encode(errors="replace").decode()
