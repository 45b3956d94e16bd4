"""CSV and TSV: a header, then one record a row, which quotes may carry over several lines.

The standard library's parser splits the cells. It is fed line by line, so that a quote that never closes costs one row:
the search for its end is bounded, and reading goes on with the line after the one where it opened.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from service.answers.fields import find_layout, make_different, show_names
from service.answers.jsonl import NOT_UTF8, TOO_LONG
from service.answers.lines import Line, read_lines
from service.answers.rows import BadRow, Rows
from service.errors import AnswersInvalid
from service.submission import Submission

DELIMITERS = {"csv": ",;\t|", "tsv": "\t,;|"}
"""What may stand between cells, the likeliest first."""

# Searches for the end of a quote may read this many bytes again for each byte of the file. A file made so that every
# line opens a quote would otherwise be read once for each of its lines.
_REREADING = 4

# A row of one short line after another takes far more memory than text.
_BYTES_OF_A_LINE = 16

# The parser's limit is one for the whole process, so files read side by side cannot each have their own. Records are
# bounded here instead.
_NO_LIMIT = 2**31 - 1

# Excel's word for what stands between the cells; the header tells it as well.
_SEPARATOR = re.compile(r"\"?sep=.\"?", re.IGNORECASE)

_SPOKEN = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}

_OPEN_QUOTE = "A quote opens in this row and does not close; close it, and write a quote inside a quoted cell twice."
_FAR_QUOTE = (
    "A quote opens in this row and does not close for longer than a row may be; close it, and write a quote inside a "
    "quoted cell twice."
)
_STRAY_QUOTE = "A quoted cell goes on after its closing quote; write a quote inside a quoted cell twice."


def read_table(file: BinaryIO, *, rows: Rows, name: str, format: str, bound: int) -> Iterator[Submission]:  # noqa: A002 - its name
    """Read the rows of a table; each gives one submission, failed if it cannot be read.

    Raises:
        AnswersInvalid: there is no header, or it names no column for the answer.
    """
    csv.field_size_limit(_NO_LIMIT)
    source = _Source(read_lines(file, name=name, bound=bound), bound)
    header = _header(source, name, DELIMITERS[format])
    if header is None:
        return
    columns, delimiter = header
    yield from _Table(source, columns, delimiter, rows).submissions()


class _Source:
    """Feeds a CSV parser with lines, and can go back to the second line of a record that failed."""

    def __init__(self, lines: Iterator[Line], bound: int) -> None:
        self._lines = lines
        self._bound = bound
        self._again: deque[Line] = deque()
        self._record: list[Line] = []
        self._size = 0
        self._credit = _REREADING * bound
        self.valid = True
        """Whether the record is UTF-8 without NUL so far."""

    @property
    def line(self) -> int:
        """The line where the record begins."""
        return self._record[0][0] if self._record else 0

    def begin(self) -> None:
        """Begin a record."""
        self._record.clear()
        self._size = 0
        self.valid = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next line of the record."""
        line = self._again.popleft() if self._again else self._read()
        self._record.append(line)
        content = line[1]
        if content is None:
            raise BadRow("too-long", f"This row is {TOO_LONG.format(bound=self._bound)}")
        self._size += len(content)
        if len(self._record) > 1 and (
            self._size > min(self._bound, self._credit) or len(self._record) > self._bound // _BYTES_OF_A_LINE
        ):
            raise BadRow("bad-row", _FAR_QUOTE)
        return self._decode(content)

    def _read(self) -> Line:
        line = next(self._lines)
        self._credit = min(self._credit + _REREADING * len(line[1] or b""), _REREADING * self._bound)
        return line

    def _decode(self, content: bytes) -> str:
        if b"\0" in content:
            self.valid = False
        try:
            return content.decode()
        except UnicodeDecodeError:  # only this record fails: where its cells and lines end can still be told
            self.valid = False
            return content.decode(errors="surrogateescape")

    def is_blank(self) -> bool:
        """Whether the record is a line of white space."""
        return len(self._record) == 1 and (self._record[0][1] or b"").isspace()

    def go_back(self, *, to: int) -> None:
        """Give up the record and read on from one of its lines, counted from 0."""
        if again := self._record[to:]:
            self._credit -= self._size
            self._again.extendleft(reversed(again))
        self._record.clear()


def _header(source: _Source, name: str, delimiters: str) -> tuple[list[str], str] | None:
    """The names of the columns, and what stands between them; None where the file is blank."""
    try:
        first = _first_line(source)
        if first is None:
            return None
        delimiter = choose_delimiter(first, delimiters)
        cells = next(csv.reader(source, delimiter=delimiter, strict=True))
    except (BadRow, csv.Error) as error:
        message = str(error) if isinstance(error, BadRow) else _explain(error)
        raise AnswersInvalid(f"{name}:{source.line}: the header cannot be read. {message}") from None
    if not source.valid:
        raise AnswersInvalid(f"{name}:{source.line}: the header is not text in UTF-8; save the file again in UTF-8.")
    layout = find_layout(cells)
    if layout.unclear:
        raise AnswersInvalid(f"{name}:{source.line}: {layout.unclear}.")
    if layout.answer is None:
        raise AnswersInvalid(
            f"{name}:{source.line}: no column holds the answer; call it `answer`. The columns are {show_names(cells)}."
        )
    return make_different(cells), delimiter


def _first_line(source: _Source) -> str | None:
    source.begin()
    for text in source:
        if text.strip() and not _SEPARATOR.fullmatch(text.strip("\ufeff \r\n")):
            source.go_back(to=0)
            source.begin()
            return text
        source.begin()
    return None


def choose_delimiter(header: str, delimiters: str) -> str:
    """What stands between the cells of a header: what makes out the answer, and then the most columns, wins."""
    return max(delimiters, key=lambda delimiter: _merit(header, delimiter))


def _merit(header: str, delimiter: str) -> tuple[bool, int]:
    cells = split_line(header, delimiter)
    return find_layout(cells).answer is not None, len(cells)


def split_line(line: str, delimiter: str) -> list[str]:
    """The cells of one line, as well as they can be told where a quote is left open."""
    return next(csv.reader([line], delimiter=delimiter), [])


def _explain(error: csv.Error) -> str:
    """What is wrong, in plainer words for the two that happen."""
    if "unexpected end" in str(error):
        return _OPEN_QUOTE
    return _STRAY_QUOTE if "expected after" in str(error) else f"This row is not CSV: {error}."


class _Table:
    """Makes submissions of the records below a header."""

    def __init__(self, source: _Source, columns: list[str], delimiter: str, rows: Rows) -> None:
        self._source = source
        self._columns = columns
        self._delimiter = delimiter
        self._rows = rows
        answer = find_layout(columns).answer
        # Where a comma too many splits a row, the cells before the answer are still in their places.
        self._before_answer = columns[: columns.index(answer)] if answer else []

    def submissions(self) -> Iterator[Submission]:
        """Each row that is not blank, in order."""
        source = self._source
        parser = csv.reader(source, delimiter=self._delimiter, strict=True)
        while True:
            source.begin()
            try:
                cells = next(parser)
            except StopIteration:
                return
            except BadRow as fault:
                yield self._given_up(fault)
            except csv.Error as error:
                yield self._given_up(BadRow("bad-row", _explain(error)))
            else:
                if not self._is_blank(cells):
                    yield self._submission(cells)

    def _given_up(self, fault: BadRow) -> Submission:
        line = self._source.line
        self._source.go_back(to=1)
        return self._rows.failed(line, fault)

    def _is_blank(self, cells: list[str]) -> bool:
        """Whether the row is a blank line, or one of nothing but commas, as spreadsheets append them."""
        if self._source.is_blank():
            return True
        return not any(cells) and (len(cells) != 1 or len(self._columns) > 1)

    def _submission(self, cells: list[str]) -> Submission:
        line = self._source.line
        if len(cells) != len(self._columns):
            fault = BadRow(
                "bad-row",
                f"This row has {len(cells)} cells and the header {len(self._columns)}; "
                f"put a cell with {_SPOKEN.get(self._delimiter, self._delimiter)} or a line break in it in quotes.",
            )
            return self._rows.broken(dict(zip(self._before_answer, cells, strict=False)), line, fault)
        row = dict(zip(self._columns, cells, strict=True))
        if self._source.valid:
            return self._rows.submission(row, line, checked=True)
        try:
            "".join(cells).encode()
        except UnicodeEncodeError:
            return self._rows.broken(row, line, BadRow("not-text", NOT_UTF8))
        return self._rows.submission(row, line, checked=False)
