"""What is the same for files of all formats."""

import io

import pytest

from service.answers import FORMATS, read_answers
from service.errors import AnswersInvalid
from tests.answers.reading import brief


@pytest.mark.parametrize(
    ("content", "format", "ids"),
    [
        pytest.param('{"id": 7, "answer": "a"}\n\n{"answer": "b"}\n7', "jsonl", ["7", "f:3", "f:4"], id="jsonl"),
        pytest.param(
            '[{"id": 7, "answer": "a"}, 1, {"answer": "b"}, 7]', "json", ["7", "f:2", "f:3", "f:4"], id="json"
        ),
        pytest.param('id,answer\n7,a\n,b\n,"b"c\n', "csv", ["7", "f:3", "f:4"], id="csv"),
    ],
)
def test_a_row_without_an_id_has_the_prefix_before_its_place(
    content: str,
    format: str,  # noqa: A002 - as in the function
    ids: list[str],
) -> None:
    """A client's own id never has it."""
    file = io.BytesIO(content.encode())

    submissions = list(read_answers(file, name="f", format=format, max_answer_bytes=1_000, id_prefix="f:"))

    assert [each.id for each in submissions] == ids


def test_the_name_of_a_file_need_not_be_text() -> None:
    """Python holds the bytes of such a name as halves of surrogate pairs, which no source can repeat."""
    file = io.BytesIO(b'{"answer": "a"}')

    (submission,) = read_answers(file, name="\udcff.jsonl", format="jsonl", max_answer_bytes=1_000, id_prefix="\udcff:")

    assert (submission.source.file, submission.id) == ("?.jsonl", "?:1")


def test_a_format_nobody_knows_is_refused() -> None:
    """The error lists those that exist."""
    with pytest.raises(AnswersInvalid, match=f"no format 'xml'; these exist: {', '.join(FORMATS)}"):
        read_answers(io.BytesIO(b"<a/>"), name="f", format="xml", max_answer_bytes=1_000)


def test_the_first_rows_arrive_before_the_file_ends() -> None:
    """Of a pipe no more is read than there is."""

    class Pipe(io.BytesIO):
        def read1(self, _size: int | None = -1, /) -> bytes:
            return self.readline()

    pipe = Pipe(b'{"answer": "a"}\n' * 3)

    submissions = read_answers(pipe, name="f", format="jsonl", max_answer_bytes=1_000)

    assert pipe.tell() == 16
    assert brief(list(submissions)) == [("1", 1, "a"), ("2", 2, "a"), ("3", 3, "a")]
