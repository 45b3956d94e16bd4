"""JSON lines: one object a line, each read on its own."""

import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from service.answers.lines import read_lines
from service.answers.rows import BadRow, Number, Rows, Value, objects
from service.submission import Submission

# Only an escape brings a NUL or half of a surrogate pair into text that was valid UTF-8.
_ESCAPES = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")

_DECODER = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number, object_pairs_hook=objects)

TOO_LONG = "longer than {bound:,} bytes, so it was not read; shorten it, or raise EVALUATOR_MAX_ANSWER_BYTES."
NOT_UTF8 = "This line is not valid UTF-8; save the file again in UTF-8."


def read_jsonl(file: BinaryIO, *, rows: Rows, name: str, bound: int) -> Iterator[Submission]:
    """Read JSON lines; each line that is not blank gives one submission, failed if it cannot be read.

    Raises:
        AnswersInvalid: it is an archive or another file that has no lines.
    """
    for number, content in read_lines(file, name=name, bound=bound):
        if content is None:
            yield rows.failed(number, BadRow("too-long", f"This line is {TOO_LONG.format(bound=bound)}"))
        elif not content.isspace():
            yield _submission(rows, number, content)


def _submission(rows: Rows, number: int, content: bytes) -> Submission:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _not_utf8(rows, number, content)
    try:
        return rows.submission(parse_object(text, "line"), number, checked=not has_escapes(text))
    except BadRow as fault:
        return rows.failed(number, fault)


def _not_utf8(rows: Rows, number: int, content: bytes) -> Submission:
    fault = BadRow("not-text", NOT_UTF8)
    try:
        row = parse_object(content.decode(errors="surrogateescape"), "line")
    except BadRow:
        return rows.failed(number, fault)
    return rows.broken(row, number, fault)


def parse_object(text: str, what: str) -> dict[str, Value]:
    """The fields of a row; `what` is the word for its place.

    Raises:
        BadRow: it is not JSON, or not an object.
    """
    try:
        value: Value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadRow("not-json", f"This {what} is not JSON: {_explain(error)}.") from None
    except RecursionError:
        raise BadRow("not-json", f"This {what} is nested too deep to be read; make it flatter.") from None
    if not isinstance(value, dict):
        raise BadRow("not-json", f'This {what} is not a JSON object; write it as {{"id": "...", "answer": "..."}}.')
    return value


def _explain(error: json.JSONDecodeError) -> str:
    """What is wrong with the JSON and at which character; the parser's own words repeat nothing of the text."""
    if "control character" in error.msg:
        return f"a control character stands at character {error.pos + 1}; write it as an escape such as \\n"
    return f"{error.msg[:1].lower()}{error.msg[1:]} at character {error.pos + 1}; check its quotes, commas and braces"


def has_escapes(text: str) -> bool:
    """Whether JSON in valid UTF-8 may still hold a NUL or half of a surrogate pair."""
    return "\\u" in text and _ESCAPES.search(text) is not None
