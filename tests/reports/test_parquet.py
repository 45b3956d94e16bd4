"""Outcomes as Parquet."""

import io
import sys

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from service.errors import ExportInvalid
from service.reports import writer_for
from service.reports.columns import FlatTable
from service.reports.parquet import ROWS_IN_GROUP
from tests.reports.outcomes import failed, labelled, rag_rubric


def test_rows_are_those_of_the_flat_table_with_types() -> None:
    """Text stays as it is, for no spreadsheet runs it; levels and lines are whole numbers."""
    outcomes = [*(outcome for outcome, _ in labelled(3)), failed("=1+1")]
    file = io.BytesIO()
    writer = writer_for("parquet", file, rubrics=[rag_rubric()])
    for outcome in outcomes:
        writer.write(outcome)

    writer.close()

    read = parquet.read_table(io.BytesIO(file.getvalue()))
    table = FlatTable([rag_rubric()])
    assert read.column_names == [column.name for column in table.columns]
    assert [list(row.values()) for row in read.to_pylist()] == [table.row(outcome) for outcome in outcomes]
    assert read.schema.field("score").type == pa.float64()
    assert read.schema.field("level:rag-signal").type == pa.int8()
    assert read.schema.field("line").type == pa.int64()
    assert read.schema.field("flag:hedge-only").type == pa.string()


def test_rows_are_written_in_groups() -> None:
    """Memory is bounded by one group."""
    outcome = failed()
    file = io.BytesIO()
    writer = writer_for("parquet", file, rubrics=[rag_rubric()])

    for _ in range(ROWS_IN_GROUP + 1):
        writer.write(outcome)
    before = file.tell()
    writer.close()

    groups = parquet.ParquetFile(io.BytesIO(file.getvalue())).metadata
    assert before > 1_000
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [ROWS_IN_GROUP, 1]


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, and nothing was written."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = io.BytesIO()

    with pytest.raises(ExportInvalid, match=r"pip install 'answer-evaluator\[parquet\]'"):
        writer_for("parquet", file)

    assert file.tell() == 0
