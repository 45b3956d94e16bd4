"""Outcomes to a file, one by one, in the format that its name's ending picks."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath
from typing import BinaryIO, Literal, Protocol

from service.errors import ExportInvalid
from service.outcome import Outcome, json_line
from service.reports.columns import Cell, FlatTable
from service.rubric import Rubric
from service.text.controls import printable

ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet", ".md")

_NUMBER = re.compile(r"[-+]?[0-9]+([.][0-9]+)?")


class OutcomeWriter(Protocol):
    """Writes outcomes in the order they come; `close` ends the content and leaves the file itself open."""

    def write(self, outcome: Outcome) -> None:
        """Write one outcome."""
        ...

    def close(self) -> None:
        """End the content."""
        ...


def ending_of(name: str) -> str:
    """The ending that picks the format of a file, in lower case; a name without one means JSON lines.

    Raises:
        ExportInvalid: nothing is written in such a format.
    """
    ending = (name if name.startswith(".") and name.count(".") == 1 else PurePath(name).suffix).lower() or ".jsonl"
    if ending not in ENDINGS:
        raise ExportInvalid(
            f"Results cannot be written to a file that ends in {printable(ending)[:20]!r}; "
            f"these endings can be used: {', '.join(ENDINGS)}."
        )
    return ending


def writer_for(
    ending: str, file: BinaryIO, *, rubrics: Sequence[Rubric] = (), title: str = "Graded answers"
) -> OutcomeWriter:
    """The writer for an ending, with or without its dot.

    `rubrics` are all that the outcomes may be graded by: they give the tables their columns and the Markdown its
    figures. `title` is the heading of the Markdown.

    Raises:
        ExportInvalid: there is no such format, or a package that it needs is not installed.
    """
    known = ending_of(f".{ending.removeprefix('.')}")
    if known == ".parquet":
        from service.reports.parquet import ParquetWriter  # noqa: PLC0415 - the package it needs is large, and optional

        return ParquetWriter(file, rubrics)
    if known == ".md":
        from service.reports.markdown import MarkdownWriter  # noqa: PLC0415 - nothing else needs it

        return MarkdownWriter(file, rubrics, title=title)
    if known == ".jsonl":
        return JsonLinesWriter(file)
    return DelimitedWriter(file, rubrics, delimiter="," if known == ".csv" else "\t")


class JsonLinesWriter:
    """One JSON object a line, in UTF-8: `id`, `status`, `verdict`, `error` and `source`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, outcome: Outcome) -> None:
        """Write one line."""
        verdict, error, source = (
            None if part is None else part.model_dump_json().encode()
            for part in (outcome.verdict, outcome.error, outcome.source)
        )
        line = json_line(id=outcome.id, status=outcome.status, verdict=verdict, error=error, source=source)
        self._file.write(line)

    def close(self) -> None:
        """Every line is complete already."""


class DelimitedWriter:
    """A table in UTF-8 with a line of column names, every cell of it safe to open in a spreadsheet."""

    def __init__(self, file: BinaryIO, rubrics: Sequence[Rubric], *, delimiter: Literal[",", "\t"]) -> None:
        self._table = FlatTable(rubrics)
        self._writer = csv.writer(_Utf8(file), delimiter=delimiter, lineterminator="\r\n")
        self._writer.writerow([column.name for column in self._table.columns])

    def write(self, outcome: Outcome) -> None:
        """Write one row."""
        self._writer.writerow([harmless(cell) for cell in self._table.row(outcome)])

    def close(self) -> None:
        """Every row is complete already."""


def harmless(cell: Cell) -> Cell:
    """The cell with an apostrophe before text that a spreadsheet might run as a formula; numbers stay as they are.

    The usual list is = + - @, tab and carriage return at the start. A spreadsheet may also drop spaces, read
    full-width and small variants as the sign itself, or overlook what is invisible, so these are looked through.
    """
    if not isinstance(cell, str) or not cell or cell[0].isalnum() or _NUMBER.fullmatch(cell):
        return cell
    seen = unicodedata.normalize("NFKC", printable(cell[:1000])).lstrip()
    return f"'{cell}" if cell[0] in "\t\r\n" or not seen or seen[0] in "=+-@" else cell


class _Utf8:
    """A file for text on one for bytes, which stays open when this one is dropped."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())
