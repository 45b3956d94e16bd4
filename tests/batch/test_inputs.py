import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.batch.inputs import FORMATS, Input, Reader, opened, spooled
from service.batch.rubrics import RubricChoice
from service.errors import AnswersInvalid, SpeakerUnclear, TranscriptInvalid
from service.rubric import Rubric
from tests.conftest import FIXTURES

LINES = b'{"id": "00012", "answer": "I start with a prompt."}\n{"answer": "Then retrieval."}\n'
INTERVIEW = (FIXTURES / "interviews" / "screening.txt").read_bytes()


def read(*inputs: Input, rubrics: dict[str, Rubric], speaker: str | None = None) -> Reader:
    """A reader of inputs with these rubrics to choose from."""
    return Reader(inputs, RubricChoice(rubrics), 100_000, speaker)


def of(content: bytes, name: str = "file.jsonl", format: str | None = None) -> Input:  # noqa: A002 - the field's name
    """An input of these bytes."""
    return Input(name, io.BytesIO(content), format)


def content_of(source: Input) -> bytes:
    """All of an input."""
    with source.open() as content:
        return content.read()


@pytest.mark.parametrize(
    ("content", "name", "asked", "kind", "format_name"),
    [
        pytest.param(LINES, "a.jsonl", None, "answers", "jsonl", id="JSONL"),
        pytest.param(LINES, "a.txt", None, "answers", "jsonl", id="JSONL by another name"),
        pytest.param(b"id,answer\n1,So.\n", "a.csv", None, "answers", "csv", id="CSV"),
        pytest.param(b"id\tanswer\n1\tSo.\n", "a.tsv", None, "answers", "tsv", id="TSV"),
        pytest.param(b'[{"id": "1", "answer": "So."}]', "a.json", None, "answers", "json", id="JSON"),
        pytest.param(INTERVIEW, "a.txt", None, "transcript", "text", id="an interview"),
        pytest.param(b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello.\n", "a.vtt", None, "transcript", "vtt", id="VTT"),
        pytest.param(LINES, "a.vtt", "jsonl", "answers", "jsonl", id="a format that was asked for"),
        pytest.param(INTERVIEW, "a.jsonl", "text", "transcript", "text", id="a transcript that was asked for"),
    ],
)
def test_a_files_kind_is_told_from_its_content(
    content: bytes, name: str, asked: str | None, kind: str, format_name: str
) -> None:
    """And can be named where it is not told rightly."""
    source = of(content, name, asked)

    assert (source.kind, source.format) == (kind, format_name)


TRANSCRIPTS = {each.name for each in (FIXTURES / "transcripts").iterdir() if each.is_file()}


@pytest.mark.parametrize("name", sorted(TRANSCRIPTS - {"README.md", "no-speakers.txt"}))
def test_every_transcript_fixture_is_taken_for_a_transcript(name: str) -> None:
    """Not for a file of answers, though some are tables and lines of JSON."""
    source = of((FIXTURES / "transcripts" / name).read_bytes(), name)

    assert source.kind == "transcript"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"PK\x03\x04rest", "Unpack it", id="a zip, or a spreadsheet"),
        pytest.param(b"\x1f\x8b\x08rest", "Unpack it", id="gzip"),
        pytest.param(b"%PDF-1.7", "save it as CSV", id="a PDF"),
        pytest.param(b"\xd0\xcf\x11\xe0rest", "save it as CSV", id="an old spreadsheet"),
        pytest.param(b"BZh9rest", "Unpack it", id="bzip2"),
        pytest.param(b"\xfd7zXZ\x00rest", "Unpack it", id="xz"),
        pytest.param(b"7z\xbc\xafrest", "Unpack it", id="7-Zip"),
        pytest.param(bytes(range(256)) * 20, "neither a file of answers nor a transcript", id="no text"),
    ],
)
def test_what_cannot_be_answers_is_refused_by_name(content: bytes, said: str) -> None:
    """With what to do, before a run is made of it."""
    with pytest.raises(AnswersInvalid, match=r"hello\.bin") as caught:
        of(content, "hello.bin")

    assert said in str(caught.value)


def test_a_text_in_which_nobody_is_named_is_refused() -> None:
    """It could be anything; with its format named it is read, and the missing names are said then."""
    content = (FIXTURES / "transcripts" / "no-speakers.txt").read_bytes()

    with pytest.raises(AnswersInvalid, match="name its format: jsonl"):
        of(content, "no-speakers.txt")

    assert of(content, "no-speakers.txt", "text").kind == "transcript"


@pytest.mark.parametrize("ending", ["jsonl", "csv", "json"])
def test_a_broken_file_of_answers_is_read_by_its_name(ending: str) -> None:
    """Its reader can say what is wrong with it."""
    source = of(b"\x00\x01 broken", f"answers.{ending.upper()}")

    assert (source.kind, source.format) == ("answers", ending)


def test_formats_are_each_named_once() -> None:
    """Some are of answers and of transcripts both."""
    assert len(set(FORMATS)) == len(FORMATS)
    assert {"jsonl", "csv", "parquet", "vtt", "srt", "text"} <= set(FORMATS)


def test_the_digest_is_of_the_content_alone() -> None:
    """A file under another name is the same file; reading it is not disturbed."""
    one, other = of(LINES, "a.jsonl"), of(LINES, "b.jsonl")

    digests = {one.sha256(), other.sha256()}

    assert len(digests) == 1
    assert len(digests.pop()) == 64
    assert content_of(one) == LINES
    assert of(LINES + b"\n").sha256() != one.sha256()


def test_files_are_opened_by_pattern_in_order_and_once(tmp_path: Path) -> None:
    """However often a name fits."""
    for name in ("b.jsonl", "a.jsonl", "deep/c.jsonl", "other.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(LINES)
    patterns = [str(tmp_path / "b.jsonl"), str(tmp_path / "*.jsonl"), str(tmp_path / "**" / "c.jsonl")]

    with opened(patterns, stdin=io.BytesIO()) as inputs:
        names = [Path(each.name).name for each in inputs]

    assert names == ["b.jsonl", "a.jsonl", "c.jsonl"]


def test_a_file_whose_name_looks_like_a_pattern_is_the_file(tmp_path: Path) -> None:
    """Brackets are common in names of exports."""
    path = tmp_path / "answers [1].jsonl"
    path.write_bytes(LINES)

    with opened([str(path)], stdin=io.BytesIO()) as inputs:
        names = [each.name for each in inputs]

    assert names == [str(path)]


def test_stdin_is_kept_for_reading_twice() -> None:
    """Once for its digest, and once for its answers."""
    with opened(["-"], stdin=io.BytesIO(LINES)) as inputs:
        (source,) = inputs
        digest, content = source.sha256(), content_of(source)

    assert source.name == "stdin"
    assert content == LINES
    assert digest == of(LINES).sha256()


def test_a_long_stream_is_kept_out_of_memory() -> None:
    """In a file without a name."""
    with spooled(io.BytesIO(b"x" * 1_000_001)) as kept:
        rolled = kept._rolled  # type: ignore[attr-defined]

    assert rolled is True


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        pytest.param(["nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file", id="no such file"),
        pytest.param(["*.nowhere"], "no file has such a name", id="a pattern that fits nothing"),
        pytest.param(["."], "cannot be read: Is a directory", id="a folder"),
        pytest.param(["-", "-"], "only once", id="stdin twice"),
    ],
)
def test_what_cannot_be_opened_is_refused(
    paths: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name that was given."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(AnswersInvalid, match=said), opened(paths, stdin=io.BytesIO(LINES)):
        pass


def test_a_file_that_goes_away_while_it_is_read_is_refused(tmp_path: Path, rubrics: dict[str, Rubric]) -> None:
    """Files are opened one after the other, so each may be gone by its turn."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES)
    reader = read(Input(str(path), path), rubrics=rubrics)
    path.unlink()

    with pytest.raises(AnswersInvalid, match=r"a\.jsonl: cannot be read: No such file"):
        list(reader)


@pytest.fixture
def pipe() -> Iterator[str]:
    """The name of a pipe with answers in it, as a shell makes of `<(...)`."""
    reading, writing = os.pipe()
    os.write(writing, LINES)
    os.close(writing)
    yield f"/dev/fd/{reading}"
    os.close(reading)


def test_a_pipe_by_name_is_kept_like_stdin(pipe: str) -> None:
    """`evaluator batch <(zcat answers.jsonl.gz)` works like any file."""
    with opened([pipe], stdin=io.BytesIO()) as inputs:
        digest, content = inputs[0].sha256(), content_of(inputs[0])

    assert (digest, content) == (of(LINES).sha256(), LINES)


def test_answers_come_with_their_rubrics(rubrics: dict[str, Rubric]) -> None:
    """Named, or by their question, whose likeness is noted; or with the fault that stands in the way."""
    lines = (
        b'{"id": "1", "answer": "So.", "rubric": "tiny"}\n'
        b'{"id": "2", "answer": "So.", "question": "How would you look after a bicycle chain?"}\n'
        b'{"id": "3", "answer": "So."}\n'
        b"{broken\n"
    )
    reader = read(of(lines), rubrics=rubrics)

    found = list(reader)

    assert [rubric.id if rubric else None for _, rubric in found] == ["tiny", "tiny", None, None]
    assert [each.error.code if each.error else None for each, _ in found] == [None, None, "no-rubric", "not-json"]
    assert found[0][0].source.similarity is None
    assert found[1][0].source.similarity == pytest.approx(1.0)
    assert [choice.rubric.id for choice in reader.matches.values()] == ["tiny"]


def test_a_transcript_becomes_its_candidates_answers(rubrics: dict[str, Rubric]) -> None:
    """With the turns they were spoken in; and what is to be known of the file is kept for the person."""
    reader = read(of(INTERVIEW, "screening.txt"), rubrics={"rag-vs-fine-tuning": rubrics["rag-vs-fine-tuning"]})

    found = list(reader)

    with_rubric = [each for each, rubric in found if rubric is not None]
    assert with_rubric
    assert all(each.passages and each.source.speaker == "Priya Nair" for each in with_rubric)
    assert all("Mm-hm" not in (each.answer or "") for each, _ in found)
    assert reader.matches


def test_ids_of_several_files_say_which_file(rubrics: dict[str, Rubric]) -> None:
    """Where a row has none of its own; one that it has stays as it is."""
    reader = read(of(LINES, "a.jsonl"), of(LINES, "b.jsonl"), of(INTERVIEW, "c.txt"), rubrics=rubrics)

    ids = [each.id for each, _ in reader]

    assert ids[:4] == ["00012", "a.jsonl:2", "00012", "b.jsonl:2"]
    assert len(ids) > 4
    assert all(each.startswith("c.txt:") for each in ids[4:])


def test_ids_of_one_file_are_plain(rubrics: dict[str, Rubric]) -> None:
    """Its lines have their numbers."""
    ids = [each.id for each, _ in read(of(LINES), rubrics=rubrics)]

    assert ids == ["00012", "2"]


def test_a_reader_reads_again_from_the_start(rubrics: dict[str, Rubric]) -> None:
    """A dry run, or a run that is loaded a second time, sees the same."""
    reader = read(of(LINES), rubrics=rubrics)
    first = list(reader)

    second = list(reader)

    assert second == first


def test_an_unclear_speaker_stops_it_all(rubrics: dict[str, Rubric]) -> None:
    """Rather than grade the wrong person."""
    reader = read(of(INTERVIEW, "c.txt"), rubrics=rubrics, speaker="Nobody")

    with pytest.raises(SpeakerUnclear) as caught:
        list(reader)

    assert set(caught.value.speakers) == {"Tom Weber", "Priya Nair"}


def test_a_transcript_out_of_all_proportion_is_refused(
    rubrics: dict[str, Rubric], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read as a whole, so it must fit."""
    monkeypatch.setattr("service.transcripts.decoding.MAX_BYTES", len(INTERVIEW) - 1)

    with pytest.raises(TranscriptInvalid, match=r"a transcript .* at most"):
        list(read(of(INTERVIEW, "c.txt"), rubrics=rubrics))


def test_a_copy_of_a_file_is_told_from_it_by_name_only(tmp_path: Path) -> None:
    """Both are read: whoever names two files means two."""
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_bytes(LINES)
    shutil.copy(first, second)

    with opened([str(first), str(second)], stdin=io.BytesIO()) as inputs:
        names = [Path(each.name).name for each in inputs]

    assert names == ["a.jsonl", "b.jsonl"]
