"""Tables of turns: CSV with a row for each, and JSONL with an object for each."""

import csv
from collections.abc import Iterable, Sequence

from service.errors import TranscriptInvalid
from service.transcripts.jsontext import loads
from service.transcripts.model import Transcript
from service.transcripts.pieces import Piece, assemble
from service.transcripts.rows import Columns, as_thousandths, find_columns, in_thousandths, piece_of

DELIMITERS = ",;\t|"
_WANTED = "a column `speaker` and a column `text`, and `start` and `end` if there are times"


def read_csv(lines: Sequence[str]) -> Transcript:
    """The turns of a table whose first row names its columns; commas, semicolons, tabs or bars divide them.

    Raises:
        TranscriptInvalid: The first row names no text, or a quote is not closed.
    """
    delimiter = find_delimiter(lines)
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    pieces: list[Piece] = []
    columns: Columns | None = None
    header: list[str] = []
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if columns is None:
                    header = [cell.strip("\ufeff ") for cell in row]
                    columns = _columns(header, begins, delimiter)
                elif piece := piece_of(
                    dict(zip(header, _cells(row, header, columns, begins), strict=False)), columns, begins
                ):
                    pieces.append(piece)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise TranscriptInvalid(
            f"line {begins}: not CSV: {error}. Close the quotes, and write a quote inside of quotes twice."
        ) from None
    return assemble("csv", _timed(pieces))


def read_jsonl(lines: Sequence[str]) -> Transcript:
    """The turns of a file with one JSON object to a line.

    Raises:
        TranscriptInvalid: A line is no JSON object, or has no text.
    """
    pieces: list[Piece] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        row = loads(line, f"line {number}: ")
        if not isinstance(row, dict):
            raise TranscriptInvalid(f'line {number}: not an object. Write {{"speaker": "...", "text": "..."}}.')
        columns = find_columns(list(row))
        piece = piece_of(row, columns, number)
        if piece is None:
            raise TranscriptInvalid(f'line {number}: no text. Write {{"speaker": "...", "text": "..."}}.')
        pieces.append(piece)
    return assemble("jsonl", _timed(pieces))


def find_delimiter(lines: Iterable[str]) -> str:
    """What divides the cells of the first row that has any; a comma where nothing does."""
    first = next((line for line in lines if line.strip()), "")[:2000]
    return max(DELIMITERS, key=lambda delimiter: (first.count(delimiter), -DELIMITERS.index(delimiter)))


def _cells(row: list[str], header: Sequence[str], columns: Columns, line: int) -> list[str]:
    """The cells of a row; words with commas that nobody quoted are put together where they are the last column."""
    extra = row[len(header) :]
    if not any(cell.strip() for cell in extra):
        return row
    if columns.text != header[-1]:
        raise TranscriptInvalid(
            f"line {line}: more cells than columns. Put quotes around words that have commas in them."
        )
    return [*row[: len(header) - 1], ", ".join(cell.strip() for cell in row[len(header) - 1 :])]


def _columns(header: Sequence[str], line: int, delimiter: str) -> Columns:
    columns = find_columns(header)
    if columns.text is None:
        raise TranscriptInvalid(f"line {line}: no column holds what was said. The first row must name {_WANTED}.")
    if delimiter == "\t" and [name.casefold() for name in header] == ["start", "end", "text"]:
        return columns._replace(thousandths=True)  # Whisper's tables count so
    return columns


def _timed(pieces: list[Piece]) -> list[Piece]:
    return [as_thousandths(piece) for piece in pieces] if in_thousandths(pieces) else pieces
