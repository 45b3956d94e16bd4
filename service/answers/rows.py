"""From the fields of one row to a submission, or to a failed one that says what is wrong with the row."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from pydantic import JsonValue

from service.answers.fields import Layout, find_layout
from service.submission import Fault, Source, Submission

MAX_DEPTH: Final = 50
"""How deep metadata may be nested; what writes it out later goes no deeper than about 200."""

MAX_ID: Final = 1_000
"""Longest id, in characters."""

_KNOWN_LAYOUTS: Final = 256


class Number(str):
    """A number as it was written: an id of `1e3` or of twenty digits must not change."""

    __slots__ = ()


class Repeated(dict[str, "Value"]):
    """An object that named one field twice; a plain dict keeps the last and says nothing."""


Value = str | bool | list["Value"] | dict[str, "Value"] | bytes | None
"""What a field can hold: JSON with numbers as `Number`, and bytes where a file promised text and has none."""


class BadRow(Exception):
    """One row cannot be read, which never leaves the package as an exception.

    `code` is a stable word, `message` says what is wrong and what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class Rows:
    """Makes submissions of the rows of one file; `id_prefix` goes before the id of a row that has none."""

    def __init__(self, file: str, id_prefix: str) -> None:
        self._file = file
        self._id_prefix = id_prefix
        # Nearly all rows of a file have the same fields, so they are told apart once.
        self._layouts: dict[tuple[str, ...], Layout] = {}

    def submission(
        self, row: Mapping[str, Value], line: int, *, checked: bool, ordinal: int | None = None
    ) -> Submission:
        """The submission in a row.

        `checked` says that the row's text is known to have no NUL and no half of a surrogate pair. A row without an id
        gets `ordinal` or else its line for one.
        """
        identity = None
        try:
            layout = self._layout(row)
            identity = _identity(row, layout, checked=checked)
            return self._submission(row, layout, identity or self._place(line, ordinal), line, checked=checked)
        except BadRow as error:
            return self.failed(line, error, identity=identity, ordinal=ordinal)

    def broken(self, row: Mapping[str, Value], line: int, fault: BadRow) -> Submission:
        """The failed submission for a row that could be read only in part, with its id where that can be told."""
        identity = None
        with suppress(BadRow):
            identity = _identity(row, self._layout(row), checked=False)
        return self.failed(line, fault, identity=identity)

    def failed(
        self, line: int, fault: BadRow, *, identity: str | None = None, ordinal: int | None = None
    ) -> Submission:
        """The submission that stands for a row that cannot be read."""
        return Submission(
            id=identity or self._place(line, ordinal),
            source=Source(file=self._file, line=line),
            error=Fault(code=fault.code, message=fault.message),
        )

    def _place(self, line: int, ordinal: int | None) -> str:
        return f"{self._id_prefix}{line if ordinal is None else ordinal}"

    def _submission(
        self, row: Mapping[str, Value], layout: Layout, identity: str, line: int, *, checked: bool
    ) -> Submission:
        if layout.unclear:
            raise BadRow("bad-row", f"It is not clear which field is which: {layout.unclear}.")
        answer = _text(row, layout.answer, "answer", checked=checked)
        if answer is None:
            raise BadRow("no-answer", "There is no answer in this row; put its text into the field `answer`.")
        return Submission(
            id=identity,
            source=Source(file=self._file, line=line),
            answer=answer,
            question=_text(row, layout.question, "question", checked=checked) or None,
            reference=_text(row, layout.reference, "reference", checked=checked) or None,
            rubric=_text(row, layout.rubric, "rubric", checked=checked) or None,
            metadata=_metadata(row, layout, checked=checked),
        )

    def _layout(self, row: Mapping[str, Value]) -> Layout:
        if isinstance(row, Repeated):
            raise BadRow("bad-row", "A field stands here twice; keep one of them.")
        names = tuple(row)
        layout = self._layouts.get(names)
        if layout is None:
            if len(self._layouts) >= _KNOWN_LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[names] = find_layout(names)
        return layout


def _identity(row: Mapping[str, Value], layout: Layout, *, checked: bool) -> str | None:
    for name in layout.ids:
        value = row[name]
        if value is None or value == "":
            continue
        if not isinstance(value, str) or (isinstance(value, Number) and not _is_finite(value)):
            raise BadRow("bad-id", "The id is neither text nor a number; write it as text.")
        if len(value) > MAX_ID:
            raise BadRow("bad-id", f"The id has {len(value):,} characters; the limit is {MAX_ID:,}.")
        if not checked:
            check_text(value, "id", code="bad-id")
        return str(value)
    return None


def _text(row: Mapping[str, Value], name: str | None, what: str, *, checked: bool) -> str | None:
    value = None if name is None else row[name]
    if value is None:
        return None
    if not isinstance(value, str) or isinstance(value, Number):
        raise BadRow(
            "not-text", f"The {what} is not text; write it as text in UTF-8, in quotes where the format is JSON."
        )
    if not checked:
        check_text(value, what)
    return value


def check_text(text: str, what: str, *, code: str = "not-text") -> None:
    """Refuse text that cannot be stored or sent on.

    Raises:
        BadRow: it has a NUL, or half of a surrogate pair.
    """
    if "\0" in text:
        raise BadRow(code, f"The {what} has a NUL, which is not text; save the file again as text in UTF-8.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRow(
            code, f"The {what} has half of a surrogate pair, which is not valid Unicode; write the whole character."
        ) from None


def _metadata(row: Mapping[str, Value], layout: Layout, *, checked: bool) -> dict[str, JsonValue]:
    explicit = None if layout.metadata is None else row[layout.metadata]
    metadata = {name: _plain(row[name], checked=checked, depth=1) for name in layout.others}
    if not checked:
        for name in layout.others:
            check_text(name, "name of a field")
    if isinstance(explicit, dict):
        merged = _plain(explicit, checked=checked, depth=0)
        assert isinstance(merged, dict)  # noqa: S101 - an object stays an object
        metadata.update(merged)  # what is called metadata goes before what is merely left over
    elif layout.metadata is not None and explicit is not None:
        metadata[layout.metadata] = _plain(explicit, checked=checked, depth=1)
    return metadata


def _plain(value: Value, *, checked: bool, depth: int) -> JsonValue:
    """The value with its numbers as numbers."""
    if isinstance(value, Number):
        return _number(value)
    if isinstance(value, str):
        if not checked:
            check_text(value, "metadata")
        return value
    if isinstance(value, bytes):
        return value.hex()
    if not isinstance(value, (list, dict)):
        return value
    if depth >= MAX_DEPTH:
        raise BadRow("bad-row", f"The metadata is nested deeper than {MAX_DEPTH} levels; make it flatter.")
    if isinstance(value, list):
        return [_plain(item, checked=checked, depth=depth + 1) for item in value]
    return _plain_object(value, checked=checked, depth=depth)


def _plain_object(value: dict[str, Value], *, checked: bool, depth: int) -> dict[str, JsonValue]:
    if isinstance(value, Repeated):
        raise BadRow("bad-row", "A field stands twice in the metadata; keep one of them.")
    if not checked:
        for name in value:
            check_text(name, "name of a field")
    return {name: _plain(item, checked=checked, depth=depth + 1) for name, item in value.items()}


def _number(written: Number) -> int | float:
    try:
        return int(written)
    except ValueError:  # a fraction, an exponent, NaN, or more digits than Python converts
        number = float(written)
    if not math.isfinite(number):
        raise BadRow("bad-row", "A number in the metadata is not finite or too large; write it as text, or as null.")
    return number


def _is_finite(written: Number) -> bool:
    """Whether a number is one; an id may be larger than a float."""
    return written not in {"NaN", "Infinity", "-Infinity"}


def objects(pairs: Sequence[tuple[str, Value]]) -> dict[str, Value]:
    """An object of JSON from its fields, marked where it names one twice."""
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else Repeated(fields)
