"""One JSON document: an array of answers, or an object with an array called `answers`.

It is held in memory whole, so its size is bounded; JSON lines have no such bound. The elements are told apart by their
brackets first and parsed one by one, so that one that is broken inside or enormous fails alone.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from service.answers.jsonl import TOO_LONG, has_escapes, parse_object
from service.answers.lines import read_chunks
from service.answers.rows import BadRow, Rows, Value
from service.errors import AnswersInvalid
from service.submission import Submission

MAX_BYTES = 64_000_000

# Ignored beside `answers` they would leave the answers graded in another way than was meant.
_BELONG_INSIDE = frozenset({'"rubric"', '"question"', '"reference"'})

_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_SCALAR = re.compile(rf'{_STRING}|[^\s,\[\]{{}}":]++', re.DOTALL)
_BRACKET = re.compile(rf'{_STRING}|["\[\]{{}}]', re.DOTALL)
_OPENING, _CLOSING = frozenset("[{"), frozenset("]}")
_EXPECTED = 'an array of objects such as {"id": "...", "answer": "..."}, or an object with such an array as "answers"'


def read_document(file: BinaryIO, *, rows: Rows, name: str, bound: int) -> Iterator[Submission]:
    """Read the answers of a JSON document; a row without an id gets its place in the array, from 1.

    Raises:
        AnswersInvalid: it is too large, not JSON, or has no array of answers.
    """
    text = _read_text(file, name)
    if not text.strip():
        return
    for _ in _Document(text, name).elements():
        pass  # a document that is cut off is refused before its first answer is graded
    line, counted = 1, 0
    for ordinal, (start, end) in enumerate(_Document(text, name).elements(), start=1):
        line += _line_breaks(text, counted, start)
        counted = start
        element = text[start : min(end, start + bound + 1)]
        try:
            row = _parse(element, bound)
        except BadRow as fault:
            yield rows.failed(line, fault, ordinal=ordinal)
        else:
            yield rows.submission(row, line, checked=not has_escapes(element), ordinal=ordinal)


def _parse(element: str, bound: int) -> dict[str, Value]:
    if len(element) > bound:
        raise BadRow("too-long", f"This element is {TOO_LONG.format(bound=bound)}")
    return parse_object(element, "element")


def _read_text(file: BinaryIO, name: str) -> str:
    content = bytearray()
    for chunk in read_chunks(file, name=name):
        content += chunk
        if len(content) > MAX_BYTES:
            raise AnswersInvalid(
                f"{name}: a JSON document is read whole, and this one has more than {MAX_BYTES:,} bytes; "
                "write the answers as JSON lines, one object a line."
            )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AnswersInvalid(f"{name}:{line}: not valid UTF-8; save the file again in UTF-8.") from None


def _line_breaks(text: str, start: int, end: int) -> int:
    returns = text.count("\r", start, end)
    return text.count("\n", start, end) + (returns - text.count("\r\n", start, end) if returns else 0)


class _Document:
    """Finds where the elements of the array of answers stand."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0

    def elements(self) -> Iterator[tuple[int, int]]:
        """The places where each element begins and ends."""
        opening = self._next()
        if opening == "[":
            yield from self._array()
        elif opening == "{":
            yield from self._object()
        else:
            raise self._refusal(f"this is no file of answers; expected is {_EXPECTED}")
        if self._next():
            raise self._refusal("something follows the end of the JSON; for one object a line, read it as jsonl")

    def _array(self) -> Iterator[tuple[int, int]]:
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            self._next()
            yield self._value()
            if self._ends("]"):
                return

    def _object(self) -> Iterator[tuple[int, int]]:
        self._at += 1
        found = False
        while self._next() == '"':
            start, end = self._value()
            key = self._text[start:end]
            if self._next() != ":":
                raise self._refusal("expected is a colon here")
            self._at += 1
            if key == '"answers"' and self._next() == "[" and not found:
                found = True
                yield from self._array()
            else:
                self._pass_over(key, start)
            if self._ends("}"):
                break
        if not found:
            raise self._refusal(f"there is no array of answers; expected is {_EXPECTED}")

    def _pass_over(self, key: str, place: int) -> None:
        if key in _BELONG_INSIDE or key == '"answers"':
            self._at = place
            why = "must be one array" if key == '"answers"' else "must stand in each answer, not beside them"
            raise self._refusal(f"{key} {why}")
        self._next()
        self._value()

    def _next(self) -> str:
        """The next character that is not white space, empty at the end."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _ends(self, closing: str) -> bool:
        """Step over what follows a value: a comma, or the end of what holds it."""
        character = self._next()
        if character not in {",", closing}:
            raise self._refusal(f"expected is a comma or {closing} here")
        self._at += 1
        return character == closing

    def _value(self) -> tuple[int, int]:
        """Step over a value without parsing it."""
        start = self._at
        scalar = _SCALAR.match(self._text, start)
        self._at = scalar.end() if scalar else self._closing_bracket()
        return start, self._at

    def _closing_bracket(self) -> int:
        depth = 0
        for bracket in _BRACKET.finditer(self._text, self._at):
            character = bracket.group() if bracket.end() - bracket.start() == 1 else ""
            depth += (character in _OPENING) - (character in _CLOSING)
            if character == '"' or depth < 0 or (not depth and not character):
                break
            if not depth:
                return bracket.end()
        raise self._refusal("no value begins here, or it has no end, as where a file is cut off")

    def _refusal(self, message: str) -> AnswersInvalid:
        line = _line_breaks(self._text, 0, self._at) + 1
        return AnswersInvalid(f"{self._name}:{line}: {message}.")
