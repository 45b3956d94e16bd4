"""Outcomes to Parquet: the columns of the flat table with types, in row groups of bounded size."""

from collections.abc import Sequence
from typing import BinaryIO

from service.errors import ExportInvalid
from service.outcome import Outcome
from service.reports.columns import Cell, FlatTable
from service.rubric import Rubric

ROWS_IN_GROUP = 5_000


class ParquetWriter:
    """Text as strings, scores as doubles, levels as 8-bit and line numbers as 64-bit integers.

    The file can be read only once `close` was called.

    Raises:
        ExportInvalid: pyarrow is not installed.
    """

    def __init__(self, file: BinaryIO, rubrics: Sequence[Rubric]) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415 - large, and optional
            from pyarrow import parquet  # noqa: PLC0415 - as above
        except ImportError:
            raise ExportInvalid(
                "Writing Parquet needs the package pyarrow: pip install 'answer-evaluator[parquet]'. "
                "Every other format works without it."
            ) from None
        types: dict[str, pa.DataType] = {
            "text": pa.string(),
            "score": pa.float64(),
            "level": pa.int8(),
            "line": pa.int64(),
        }
        self._table = FlatTable(rubrics)
        self._schema = pa.schema([pa.field(column.name, types[column.kind]) for column in self._table.columns])
        self._rows: list[list[Cell]] = []
        self._writer = parquet.ParquetWriter(file, self._schema)

    def write(self, outcome: Outcome) -> None:
        """Keep one row, and write a full group of them."""
        self._rows.append(self._table.row(outcome))
        if len(self._rows) >= ROWS_IN_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the index that makes it a Parquet file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa  # noqa: PLC0415 - already loaded

        if self._rows:
            columns = [
                pa.array(cells, type=field.type)
                for cells, field in zip(zip(*self._rows, strict=True), self._schema, strict=True)
            ]
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
            self._rows.clear()
