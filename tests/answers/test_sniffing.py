"""Which files are taken for answers, and which are left to the transcripts."""

import csv
import io
import json
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers import FORMATS, read_answers, sniff_answers
from tests.answers.reading import FILES

HEAD = 1 << 16
LINE = '{"id": "1", "answer": "a"}\n'
LONG = '{"id": "1", "answer": "' + "x" * HEAD + '"}\n'


@pytest.mark.parametrize(
    ("content", "name", "format"),
    [
        pytest.param(LINE * 3, "f", "jsonl", id="JSON lines"),
        pytest.param("\ufeff" + LINE, "f.csv", "jsonl", id="with a mark and another ending"),
        pytest.param('{"text": "a"}\n{"text": "b"}\n', "f", "jsonl", id="texts"),
        pytest.param('{"answer": "a\u2028b\x85c"}\n', "f", "jsonl", id="separators in a text"),
        pytest.param('{"broken"\n' + LINE, "f", "jsonl", id="a broken line first"),
        pytest.param(LINE * 2 + '{"answer": "cut o', "f", "jsonl", id="cut off"),
        pytest.param(LONG[:HEAD], "f.jsonl", "jsonl", id="one line longer than the head"),
        pytest.param('[{"answer": "a"}]', "f", "json", id="array"),
        pytest.param(f"[\n{LONG}"[:HEAD], "f", "json", id="array, cut off"),
        pytest.param('{"by": 1, "answers": [{"answer": "a"}]}', "f", "json", id="object with answers"),
        pytest.param('{\n "answers": [\n {\n  "answer": "a"', "f", "json", id="object with answers, cut off"),
        pytest.param("id,answer\n1,a\n", "f", "csv", id="CSV"),
        pytest.param("id;text\n1;a\n", "f", "csv", id="CSV with semicolons"),
        pytest.param("ID\tAnswer\n1\ta\n", "f.txt", "tsv", id="TSV"),
        pytest.param("answer\na\n", "f.csv", "csv", id="one column, by the ending"),
        pytest.param("id,answer\n", "f.csv", "csv", id="only a header, by the ending"),
        pytest.param('id,answer\n1,"a\nb, c\nd"\n2,b\n', "f", "csv", id="line breaks in cells"),
        pytest.param("speaker,text,answer\nx,y,z\n", "f", "csv", id="an answer beside a speaker's text"),
        pytest.param("start,end,response\n1,2,a\n", "f", "csv", id="times of a survey"),
    ],
)
def test_answers_are_known_by_their_content(content: str, name: str, format: str) -> None:  # noqa: A002 - as in read_answers
    """The name's ending only decides what the content leaves open."""
    data = content.encode()

    sniffed = sniff_answers(data, name=name)

    assert sniffed == format


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param("", "f.jsonl", id="empty"),
        pytest.param("\n \n", "f.csv", id="blank"),
        pytest.param("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n", "f.vtt", id="WebVTT"),
        pytest.param("1\n00:00:01,000 --> 00:00:02,000\nHello\n", "f.srt", id="SRT"),
        pytest.param("Anna: Why?\nBen: Because.\n", "f.txt", id="plain text"),
        pytest.param("[00:01] Anna: Why?\n[00:02] Ben: Because.\n", "f.txt", id="times in brackets"),
        pytest.param("Answer, please: why?\nBecause it is cheap.\n", "f.txt", id="a sentence that begins so"),
        pytest.param("answer\nBecause it is cheap.\n", "f.txt", id="one word"),
        pytest.param("speaker,text\nAnna,Why?\n", "f.csv", id="CSV of turns"),
        pytest.param("start,end,text\n0,1,Why?\n", "f.csv", id="CSV of times"),
        pytest.param("start\tend\ttext\n0\t1\tWhy?\n", "f.tsv", id="TSV of times"),
        pytest.param("id,reply\n1,a\n", "f.csv", id="CSV of something else"),
        pytest.param('{"speaker": "A", "text": "Why?"}\n' * 2, "f.jsonl", id="JSON lines of turns"),
        pytest.param('{"start": 0, "end": 1, "text": "Why?"}\n', "f.jsonl", id="JSON lines of times"),
        pytest.param('{"text": "a", "segments": [{"text": "a"}]}', "f.json", id="Whisper"),
        pytest.param('{\n "text": "a",\n "segments": []\n}', "f.json", id="Whisper on many lines"),
        pytest.param('{"results": {"utterances": []}}', "f.json", id="Deepgram"),
        pytest.param('[{"speaker": "A", "text": "Why?"}]', "f.json", id="array of turns"),
        pytest.param('[{"speaker": "A", "text": "' + "x" * HEAD, "f.json", id="array of turns, cut off"),
        pytest.param("[1, 2]", "f.json", id="array of numbers"),
        pytest.param('[{"a" 1}]', "f.json", id="broken array"),
        pytest.param("{not json}\n", "f.jsonl", id="not JSON"),
        pytest.param('{"a": 1}\n{"answers": [1]}\n', "f.jsonl", id="lines of something else"),
        pytest.param("x" * 200_000, "f.csv", id="one endless word"),
    ],
)
def test_what_may_be_a_transcript_is_left_alone(content: str, name: str) -> None:
    """None is the answer to whatever is not surely a file of answers."""
    data = content.encode()

    sniffed = sniff_answers(data, name=name)

    assert sniffed is None


def test_a_header_that_the_parser_refuses_is_none(request: pytest.FixtureRequest) -> None:
    """Its limit for a cell is the process's, and may be any."""
    limit = csv.field_size_limit(10)
    request.addfinalizer(lambda: csv.field_size_limit(limit))

    sniffed = sniff_answers(b"answer,a long cell indeed\na,b\n", name="f.csv")

    assert sniffed is None


def test_binary_formats_are_known_by_their_beginning() -> None:
    """Parquet is one; an archive is none."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"answer": ["a"]}), buffer)

    sniffed = [sniff_answers(head, name="f") for head in (buffer.getvalue(), b"PK\x03\x04\x00", b"\x1f\x8b\x08")]

    assert sniffed == ["parquet", None, None]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_the_encoding_does_not_matter(encoding: str) -> None:
    """Files are known through their byte order mark."""
    heads = [text.encode(encoding) for text in (LINE, "id\tanswer\n1\ta\n", '[{"answer": "é"}]')]

    sniffed = [sniff_answers(head, name="f") for head in heads]

    assert sniffed == ["jsonl", "tsv", "json"]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        pytest.param("mixed.jsonl", "jsonl", id="JSON lines"),
        pytest.param("semicolons.csv", "csv", id="semicolons"),
        pytest.param("unicode.txt", "tsv", id="UTF-16"),
    ],
)
def test_example_files_are_known(name: str, format: str) -> None:  # noqa: A002 - as above
    """Files on disk, as people have them."""
    head = (FILES / name).read_bytes()

    sniffed = sniff_answers(head, name=name)

    assert sniffed == format


@given(
    st.binary(max_size=60) | st.text('{}[]",:\n answertx', max_size=60).map(str.encode), st.sampled_from([".csv", ""])
)
def test_any_beginning_is_sniffed(head: bytes, ending: str) -> None:
    """It is one of the formats or none, never an error."""
    sniffed = sniff_answers(head, name=f"f{ending}")

    assert sniffed is None or sniffed in FORMATS


RECORDS = st.lists(
    st.fixed_dictionaries(
        {"id": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20).map("a{}".format)},
    ).flatmap(
        lambda record: st.builds(
            lambda answer, note: {**record, "answer": answer, "note": note},
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
        )
    ),
    min_size=1,
    max_size=5,
)


def write(path: Path, format: str, records: list[dict[str, str]]) -> None:  # noqa: A002 - as above
    """Write records as other programs do."""
    match format:
        case "jsonl":
            path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in records), "utf-8")
        case "json":
            path.write_text(json.dumps(records), "utf-8")
        case "parquet":
            pq.write_table(pa.Table.from_pylist(records), path)
        case _:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(records[0]), delimiter="," if format == "csv" else "\t")
                writer.writeheader()
                writer.writerows(records)


@pytest.mark.parametrize("format", FORMATS)
@given(records=RECORDS)
def test_what_is_written_in_a_format_is_known_and_read_back(
    format: str,  # noqa: A002 - as above
    records: list[dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Ids, answers and other fields come back as they were, from a file on disk."""
    path = tmp_path_factory.getbasetemp() / f"answers.{format}"
    write(path, format, records)

    with path.open("rb") as file:
        sniffed = sniff_answers(file.read(HEAD), name=path.name)
        file.seek(0)
        submissions = list(read_answers(file, name="f", format=format, max_answer_bytes=100_000))

    assert sniffed == format
    assert [{"id": each.id, "answer": each.answer, **each.metadata} for each in submissions] == records
