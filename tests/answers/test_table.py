"""CSV and TSV: headers, quotes, and rows that are broken."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers import table
from service.errors import AnswersInvalid
from tests.answers.reading import BOUND, FILES, brief, read


def test_columns_become_fields_and_the_rest_metadata() -> None:
    """Every cell is text, as written; an empty one of rubric, question or reference is none."""
    content = "ID, Answer ,rubric,question,reference,score,metadata,,score\n007, a ,r,q,,1.50,{},x,\n"

    (submission,) = read(content, "csv")

    assert (submission.id, submission.answer, submission.rubric) == ("007", " a ", "r")
    assert (submission.question, submission.reference) == ("q", None)
    assert submission.metadata == {"score": "1.50", "metadata": "{}", "column 8": "x", "score (2)": ""}


@pytest.mark.parametrize(
    ("content", "format"),
    [
        pytest.param("id,answer\n007,a\n,b\n", "csv", id="comma"),
        pytest.param("id;answer\n007;a\n;b\n", "csv", id="semicolon"),
        pytest.param("id\tanswer\n007\ta\n\tb\n", "csv", id="tab"),
        pytest.param("id|answer\n007|a\n|b\n", "csv", id="bar"),
        pytest.param("id\tanswer\n007\ta\n\tb\n", "tsv", id="TSV"),
        pytest.param('"id";"answer"\n"007";"a"\n"";"b"\n', "csv", id="quoted semicolons"),
        pytest.param('"answer";"id, or none"\na;007\nb;\n', "csv", id="comma in a name"),
        pytest.param("id,answer\r\n007,a\r\n,b", "csv", id="CRLF"),
        pytest.param("id,answer\r007,a\r,b\r", "csv", id="CR"),
        pytest.param("\ufeffid,answer\n007,a\n,b\n", "csv", id="BOM"),
    ],
)
def test_cells_are_parted_by_what_parts_the_header(content: str, format: str) -> None:  # noqa: A002 - as in the function
    """Only the header decides."""
    submissions = read(content, format)

    assert [each.answer for each in submissions] == ["a", "b"]
    assert submissions[-1].id == "3"


def test_a_table_in_utf16_is_read() -> None:
    """As spreadsheets write `Unicode text`."""
    submissions = read((FILES / "unicode.txt").read_bytes(), "tsv")

    assert brief(submissions) == [("00012", 2, "Zuerst ein Prompt — „billig“."), ("00013", 3, "Dann 😀")]


def test_a_spreadsheet_of_a_semicolon_country_is_read() -> None:
    """Quotes, line breaks in cells and rows of nothing but semicolons."""
    submissions = read((FILES / "semicolons.csv").read_bytes(), "csv")

    assert brief(submissions) == [
        ("00012", 2, 'First a "prompt";\r\nthen retrieval.'),
        ("00013", 4, "Only later, fine-tuning."),
        ("6", 6, "bad-row"),
        ("00015", 7, "The last one."),
    ]


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("a\nb", id="LF"),
        pytest.param("a\r\nb", id="CRLF"),
        pytest.param("a\rb", id="CR"),
        pytest.param("\n\n\n", id="only line breaks"),
        pytest.param('a"",\n"', id="quotes"),
        pytest.param("x" * 900_000, id="longer than the parser's own limit"),
        pytest.param("x\n" * 60_000, id="very many lines"),
    ],
)
def test_a_cell_may_hold_anything_in_quotes(cell: str) -> None:
    """A row stands at the line where it begins, and so does the one after it."""
    quoted = cell.replace('"', '""')
    content = f'id,answer\r\n\r\n1,"{quoted}"\r\n,b\r\n'
    lines = content.encode().splitlines()

    submissions = read(content, "csv")

    assert [(each.source.line, each.answer) for each in submissions] == [(3, cell), (len(lines), "b")]


def test_blank_rows_are_passed_over() -> None:
    """So are rows of nothing but commas, as spreadsheets append them; a quoted nothing alone is an answer."""
    many = read("\n \nid,answer\n\n  \n,\n,a\n,,\n", "csv")
    single = read('answer\n\n""\n', "csv")

    assert brief(many) == [("7", 7, "a")]
    assert brief(single) == [("3", 3, "")]


@pytest.mark.parametrize(
    ("row", "identity", "message"),
    [
        pytest.param("x,a,b,c", "x", "4 cells and the header 3; put a cell with a comma", id="too many cells"),
        pytest.param("x,a", "x", "2 cells and the header 3", id="too few cells"),
        pytest.param('x,"a" b,c', "3", "write a quote inside a quoted cell twice", id="text after a quote"),
        pytest.param('x,"a,', "3", "A quote opens in this row and does not close", id="open quote"),
    ],
)
def test_a_broken_row_fails_alone(row: str, identity: str, message: str) -> None:
    """An open quote too costs the one row in which it opened."""
    content = f"id,answer,n\n1,a,\n{row}\n3,c,\n4,d,\n"

    before, broken, *after = read(content, "csv")

    assert broken.error is not None
    assert (broken.id, broken.source.line, broken.error.code) == (identity, 3, "bad-row")
    assert message in broken.error.message
    assert before.answer == "a"
    assert brief(after) == [("3", 4, "c"), ("4", 5, "d")]


def test_an_id_after_the_answer_is_not_believed_in_a_row_of_too_many_cells() -> None:
    """A comma in the answer has moved it."""
    submissions = read("answer,id\na, and b,7\n", "csv")

    assert brief(submissions) == [("2", 2, "bad-row")]


def test_an_open_quote_before_much_text_is_given_up_within_the_bound() -> None:
    """The search for its end is bounded; no row after it is lost."""
    rows = "".join(f"{n},answer number {n}\n" for n in range(40_000))

    first, *rest = read(f'id,answer\nx,"a\n{rows}', "csv")

    assert first.error is not None
    assert (first.source.line, first.error.code) == (2, "bad-row")
    assert [each.answer for each in rest] == [f"answer number {n}" for n in range(40_000)]


def test_a_file_of_open_quotes_costs_no_more_than_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """In these lines each opens a quote that no line after it closes, so each could be searched to the end of all."""
    content = "answer,b\n" + '",x","\n' * 20_000  # searched without a limit, 1.4 GB
    read_again: list[int] = []
    decode = table._Source._decode

    def counted(source: table._Source, line: bytes) -> str:
        read_again.append(len(line))
        return decode(source, line)

    monkeypatch.setattr(table._Source, "_decode", counted)

    submissions = read(content, "csv")

    assert [each.source.line for each in submissions] == list(range(2, 20_002))
    assert {each.error.code for each in submissions if each.error} == {"bad-row"}
    assert sum(read_again) < 6 * BOUND


def test_text_that_is_not_utf8_fails_alone() -> None:
    """Where its cells end can still be told."""
    content = b'id,answer\nx,"\xff\n"\n\xe9,b\ny,\0\nz,\xc3\xa9\n'

    submissions = read(content, "csv")

    assert brief(submissions) == [("x", 2, "not-text"), ("4", 4, "not-text"), ("y", 5, "not-text"), ("z", 6, "é")]


def test_a_line_over_the_bound_fails_unread() -> None:
    """Alone, and inside a quote."""
    long = "x" * BOUND

    submissions = read(f'id,answer\n1,{long}\n2,"a\n{long}\n3,c\n', "csv")

    assert brief(submissions) == [("2", 2, "too-long"), ("3", 3, "too-long"), ("4", 4, "too-long"), ("3", 5, "c")]


def test_a_row_over_the_bound_fails() -> None:
    """Many lines of ordinary length add up."""
    lines = ("y" * 999 + "\n") * 1_100

    first, second, *_ = read(f'answer\n"{lines}"\nz\n', "csv")

    assert first.error is not None
    assert (first.source.line, first.error.code) == (2, "bad-row")
    assert (second.source.line, second.answer) == (3, "y" * 999)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "f: there are no answers in it; expected are a header such as id,answer", id="empty"),
        pytest.param("\n\n", "f: there are no answers in it", id="blank"),
        pytest.param("id,answer\n", "f: there are no answers in it", id="only a header"),
        pytest.param("id,reply\n1,a\n", "f:1: no column holds the answer.*columns are `id`, `reply`", id="no answer"),
        pytest.param("\n1,a\n", "f:2: no column holds the answer.*columns are `1`, `a`", id="no header"),
        pytest.param("answer,Answer\na,b\n", "f:1: several fields are called `answer`", id="answer twice"),
        pytest.param("text,response\na,b\n", "f:1: any of `response`, `text` could be", id="two answers"),
        pytest.param('id,"answer\n', "f:1: the header cannot be read. A quote opens", id="open quote"),
        pytest.param("answer," + "x" * BOUND + "\n", "f:1: the header cannot be read. This row is longer", id="long"),
        pytest.param(b"answer,\xff\na,b\n", "f:1: the header is not text in UTF-8", id="not UTF-8"),
        pytest.param(b"answer,\0\na,b\n", "f:1: the header is not text in UTF-8", id="NUL"),
        pytest.param(b"PK\x03\x04", "save the table as CSV", id="workbook"),
    ],
)
def test_a_table_without_a_header_or_rows_is_refused(content: str | bytes, message: str) -> None:
    """The error says what was found and what is expected."""
    with pytest.raises(AnswersInvalid, match=message):
        read(content, "csv")


def test_the_first_row_of_a_table_without_a_header_is_not_repeated() -> None:
    """What is too long for a name may be what a candidate wrote."""
    with pytest.raises(AnswersInvalid) as caught:
        read("1,I would start with a prompt because it is cheap\n" + "2,b,\n", "csv")

    assert "cheap" not in str(caught.value)
    assert "(text of 47 characters)" in str(caught.value)


def test_very_many_columns_are_not_all_listed() -> None:
    """The first twenty and a number say enough."""
    with pytest.raises(AnswersInvalid, match="`c19` and 480 more"):
        read(",".join(f"c{n}" for n in range(500)) + "\n", "csv")


def test_columns_of_one_name_are_all_kept() -> None:
    """However many there are, and whatever the others are called."""
    (submission,) = read("answer,x,x,x (2),x\na,1,2,3,4\n", "csv")

    assert submission.metadata == {"x": "1", "x (2)": "2", "x (2) (2)": "3", "x (3)": "4"}


PIECES = ['"', '""', ",", "\n", "\r\n", "\r", "a", "id,answer\n", "x,y\n", '"b\nc"', "\0"]


@given(
    st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
    | st.binary(max_size=30).map(lambda b: b.decode("latin-1"))
)
def test_any_content_is_read_or_refused(content: str) -> None:
    """Nothing but AnswersInvalid is ever raised, rows stand in order, and no two begin in one line."""
    data = f"answer,b\n{content}".encode("latin-1")

    try:
        submissions = read(data, "csv")
    except AnswersInvalid:
        submissions = []

    lines = [each.source.line or 0 for each in submissions]
    assert lines == sorted(set(lines))
    assert not lines or (lines[0] > 1 and lines[-1] <= len(data.splitlines()))


@given(st.lists(st.lists(st.text('ab",\n\r ', max_size=6), min_size=2, max_size=2), min_size=1, max_size=6))
def test_tables_of_the_standard_library_read_as_it_reads_them(rows: list[list[str]]) -> None:
    """Quotes and line breaks mean what they mean there; only rows without any text are left out."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["answer", "note"], *rows])
    expected = [row for row in rows if any(row)]

    try:
        submissions = read(buffer.getvalue(), "csv")
    except AnswersInvalid:
        submissions = []

    assert [[each.answer, each.metadata["note"]] for each in submissions] == expected
