"""Parquet: read batch by batch through pyarrow, which is an optional extra."""

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, time
from typing import TYPE_CHECKING, BinaryIO

from service.answers.fields import find_layout, make_different, show_names
from service.answers.jsonl import TOO_LONG
from service.answers.rows import BadRow, Number, Rows, Value
from service.errors import AnswersInvalid
from service.submission import Submission

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

BATCH_ROWS = 512
"""Rows held in memory at once; answers of the greatest size come to some 50 MB."""


def read_parquet(file: BinaryIO, *, rows: Rows, name: str, bound: int) -> Iterator[Submission]:
    """Read the rows of a Parquet file, which must be seekable; lines are counted as rows from 1.

    Raises:
        AnswersInvalid: pyarrow is not installed, the file is not Parquet, or no column holds the answer.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - heavy, and not installed everywhere
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above
    except ImportError:
        raise AnswersInvalid(
            f"{name}: reading Parquet needs pyarrow; install it with: pip install 'answer-evaluator[parquet]'"
        ) from None
    try:
        yield from _read(pq.ParquetFile(file, pre_buffer=False), rows, name, bound)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise AnswersInvalid(
            f"{name}: this is not a Parquet file, or it is damaged ({type(error).__name__}); write it again."
        ) from None


def _read(parquet: "pq.ParquetFile", rows: Rows, name: str, bound: int) -> Iterator[Submission]:
    written = list(parquet.schema_arrow.names)
    layout = find_layout(written)
    if layout.unclear:
        raise AnswersInvalid(f"{name}: {layout.unclear}.")
    if layout.answer is None:
        raise AnswersInvalid(
            f"{name}: no column holds the answer; call it `answer`. The columns are {show_names(written)}."
        )
    columns = make_different(written)
    number = 0
    # Threads would decode columns side by side and hold more of them at once.
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
        cells = [_cells(column) for column in batch.columns]
        for values in zip(*cells, strict=True):
            number += 1
            yield _submission(rows, columns, values, number, bound)


def _cells(column: "pa.Array") -> Sequence[object]:
    try:
        values: Sequence[object] = column.to_pylist(maps_as_pydicts="strict")
    except _NO_VALUE:
        return [_cell(scalar) for scalar in column]
    return values


def _cell(scalar: "pa.Scalar") -> object:
    """One cell of a column that has some Python cannot hold: text that is not UTF-8, or a time in nanoseconds."""
    with suppress(*_NO_VALUE):
        return scalar.as_py()
    with suppress(*_NO_VALUE, NotImplementedError):
        return scalar.cast("string").as_py()
    return _Unreadable()


_NO_VALUE = (ValueError, LookupError, OverflowError, TypeError)


class _Unreadable:
    """Stands for a cell that is not what its column promises."""


def _submission(rows: Rows, columns: list[str], values: Sequence[object], number: int, bound: int) -> Submission:
    row: dict[str, Value] = {}
    fault: BadRow | None = None
    size = 0
    for column, value in zip(columns, values, strict=True):
        if isinstance(value, str):
            size += len(value)
            row[column] = value
            continue
        try:
            row[column] = _value(value)
        except BadRow as error:
            fault = fault or error
    if size > bound:
        fault = BadRow("too-long", f"The text of this row is {TOO_LONG.format(bound=bound)}")
    return rows.broken(row, number, fault) if fault else rows.submission(row, number, checked=False)


def _value(value: object) -> Value:
    """The value as JSON; what JSON has no word for becomes text."""
    match value:
        case None | bool() | str():
            converted: Value = value
        case int():
            converted = Number(value)
        case float():
            converted = _fraction(value)
        case bytes():
            converted = _decoded(value)
        case list() | tuple():
            converted = [_value(item) for item in value]
        case dict():
            converted = {str(name): _value(item) for name, item in value.items()}
        case _Unreadable():
            raise BadRow("not-text", "A cell of this row is not what its column promises; write it as text in UTF-8.")
        case _:
            converted = value.isoformat() if isinstance(value, (date, time)) else str(value)
    return converted


def _fraction(value: float) -> Value:
    if math.isnan(value):
        return None  # what pandas writes where nothing is known
    return Number(value) if math.isfinite(value) else str(value)


def _decoded(value: bytes) -> Value:
    """Text, as older writers store it without saying so, or else the bytes."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    return value if "\0" in text else text
