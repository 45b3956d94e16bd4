"""Parquet files: columns of every type, and files that are damaged or cannot be read here."""

import io
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import AnswersInvalid
from service.submission import Source
from tests.answers.reading import BOUND, brief, read


def written(columns: dict[str, pa.Array], **options: object) -> bytes:
    """A Parquet file with these columns."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **options)
    return buffer.getvalue()


def test_columns_become_fields_and_the_rest_metadata() -> None:
    """Rows are counted as lines, a null is as good as no cell, and an object of metadata is merged."""
    content = written(
        {
            "ID": pa.array(["007", None]),
            "text": pa.array(["a", "b"]),
            "rubric": pa.array(["r", None]),
            "n": pa.array([1, None]),
            "metadata": pa.array([{"n": 2, "deep": [True]}, None]),
        }
    )

    first, second = read(content, "parquet")

    assert (first.id, first.answer, first.rubric, first.source) == ("007", "a", "r", Source(file="f", line=1))
    assert first.metadata == {"n": 2, "deep": [True]}
    assert (second.id, second.answer, second.rubric, second.metadata) == ("2", "b", None, {"n": None})


@pytest.mark.parametrize(
    ("ids", "identity"),
    [
        pytest.param(pa.array([12345678901234567], pa.int64()), "12345678901234567", id="integer"),
        pytest.param(pa.array([2**64 - 1], pa.uint64()), "18446744073709551615", id="unsigned"),
        pytest.param(pa.array([12.0]), "12.0", id="float"),
        pytest.param(pa.array([float("nan")]), "1", id="what pandas writes for nothing"),
        pytest.param(pa.array([Decimal("1.50")]), "1.50", id="decimal"),
        pytest.param(pa.array(["00012"]).dictionary_encode(), "00012", id="dictionary"),
        pytest.param(pa.array([b"00012"], pa.binary()), "00012", id="text stored as bytes"),
        pytest.param(pa.array(["00012"], pa.large_string()), "00012", id="large text"),
    ],
)
def test_an_id_becomes_text(ids: pa.Array, identity: str) -> None:
    """No digit is lost."""
    submissions = read(written({"id": ids, "answer": pa.array(["a"])}), "parquet")

    assert brief(submissions) == [(identity, 1, "a")]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param(pa.array([True]), True, id="boolean"),
        pytest.param(pa.array([1.5]), 1.5, id="float"),
        pytest.param(pa.array([float("inf")]), "inf", id="infinity"),
        pytest.param(pa.array([float("nan")]), None, id="NaN"),
        pytest.param(pa.array([date(2026, 1, 2)]), "2026-01-02", id="date"),
        pytest.param(pa.array([time(1, 2, 3)]), "01:02:03", id="time of day"),
        pytest.param(pa.array([datetime(2026, 1, 2, 3, tzinfo=UTC)]), "2026-01-02T03:00:00+00:00", id="time"),
        pytest.param(pa.array([1], pa.timestamp("ns")), "1970-01-01 00:00:00.000000001", id="nanoseconds"),
        pytest.param(pa.array([timedelta(seconds=90)]), "0:01:30", id="duration"),
        pytest.param(pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), {"k": 1}, id="map"),
        pytest.param(pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())), [["k", 1], ["k", 2]], id="m"),
        pytest.param(pa.array([["x", None]]), ["x", None], id="list"),
        pytest.param(pa.array([{"a": Decimal("1.10")}]), {"a": "1.10"}, id="struct"),
        pytest.param(pa.array([b"\xff\x00"]), "ff00", id="bytes"),
        pytest.param(pa.array([b"\x00"]), "00", id="bytes that could be text"),
        pytest.param(pa.nulls(1), None, id="nothing"),
    ],
)
def test_other_columns_become_json(column: pa.Array, value: object) -> None:
    """What JSON has no word for becomes text."""
    (submission,) = read(written({"answer": pa.array(["a"]), "x": column}), "parquet")

    assert submission.error is None
    assert submission.metadata == {"x": value}


def invalid_text() -> pa.Array:
    """A column of text whose second cell is not UTF-8."""
    offsets = pa.array([0, 1, 2, 3], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"a\xffb")])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param({"answer": invalid_text()}, [("x", "a"), ("y", "not-text"), ("z", "b")], id="not UTF-8"),
        pytest.param(
            {"answer": pa.array(["a", "b\0", "c"])}, [("x", "a"), ("y", "not-text"), ("z", "c")], id="NUL in it"
        ),
        pytest.param({"answer": pa.array(["a", None, "c"])}, [("x", "a"), ("y", "no-answer"), ("z", "c")], id="null"),
        pytest.param(
            {"answer": pa.array([b"a", b"\xff", b"c"])}, [("x", "a"), ("y", "not-text"), ("z", "c")], id="bytes"
        ),
        pytest.param(
            {"answer": pa.array(["a", "b" * (BOUND + 1), "c"])},
            [("x", "a"), ("y", "too-long"), ("z", "c")],
            id="too long",
        ),
        pytest.param(
            {"answer": pa.array([1, 2, 3])}, [("x", "not-text"), ("y", "not-text"), ("z", "not-text")], id="numbers"
        ),
    ],
)
def test_a_broken_row_fails_alone(columns: dict[str, pa.Array], expected: list[tuple[str, str]]) -> None:
    """It keeps its id."""
    submissions = read(written({"id": pa.array(["x", "y", "z"]), **columns}), "parquet")

    assert [(identity, value) for identity, _, value in brief(submissions)] == expected


def test_an_id_that_is_no_id_fails_its_row() -> None:
    """A truth value names nothing."""
    submissions = read(written({"id": pa.array([True]), "answer": pa.array(["a"])}), "parquet")

    assert brief(submissions) == [("1", 1, "bad-id")]


def test_rows_are_counted_over_batches_and_row_groups() -> None:
    """However the file is cut up inside."""
    content = written({"answer": pa.array([str(n) for n in range(2_000)])}, row_group_size=700)

    submissions = read(content, "parquet")

    assert brief(submissions) == [(str(n + 1), n + 1, str(n)) for n in range(2_000)]


DAMAGED = bytearray(written({"answer": pa.array([str(n) for n in range(5_000)])}, compression="zstd"))
DAMAGED[200:3_000] = b"\xff" * 2_800


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "f: this is not a Parquet file, or it is damaged", id="empty"),
        pytest.param(b'{"answer": "a"}\n', "f: this is not a Parquet file", id="JSON lines"),
        pytest.param(b"PAR1" + b"\xff" * 100 + b"PAR1", "f: this is not a Parquet file", id="wrong footer"),
        pytest.param(written({"answer": pa.array(["a"])})[:-10], "f: this is not a Parquet file", id="cut off"),
        pytest.param(bytes(DAMAGED), "f: this is not a Parquet file", id="damaged pages"),
        pytest.param(written({"answer": pa.array([], pa.string())}), "f: there are no answers", id="no rows"),
        pytest.param(written({"id": pa.array([1]), "reply": pa.array(["a"])}), "columns are `id`, `reply`", id="none"),
        pytest.param(
            written({"text": pa.array(["a"]), "response": pa.array(["a"])}), "any of `response`, `text`", id="two"
        ),
    ],
)
def test_a_file_without_answers_is_refused(content: bytes, message: str) -> None:
    """The error says what is wrong with it."""
    with pytest.raises(AnswersInvalid, match=message):
        read(content, "parquet")


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an optional extra."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(AnswersInvalid, match=r"pip install 'answer-evaluator\[parquet\]'"):
        read(b"PAR1", "parquet")


VALID = written({"id": pa.array([1, 2]), "answer": pa.array(["a", "b"])})


@given(st.integers(0, len(VALID) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_file_is_read_or_refused(place: int, damage: bytes) -> None:
    """Nothing but AnswersInvalid is ever raised."""
    content = VALID[:place] + damage + VALID[place + len(damage) :]

    try:
        submissions = read(content, "parquet")
    except AnswersInvalid:
        submissions = []

    assert len(submissions) <= 2
