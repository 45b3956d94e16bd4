"""The line `sep=;` that tells Excel what parts the cells: no header, and no answer."""

import pytest

from tests.answers.reading import brief, read


@pytest.mark.parametrize(
    ("content", "format"),
    [
        pytest.param("sep=;\nid;answer\n007;a, b\n", "csv", id="semicolon"),
        pytest.param('sep=,\nid,answer\n007,"a, b"\n', "csv", id="comma"),
        pytest.param("sep=\t\nid\tanswer\n007\ta, b\n", "csv", id="tab"),
        pytest.param("sep=\t\nid\tanswer\n007\ta, b\n", "tsv", id="TSV"),
        pytest.param('"sep=;"\nid;answer\n007;a, b\n', "csv", id="quoted"),
        pytest.param("SEP=;\r\nid;answer\r\n007;a, b\r\n", "csv", id="capitals and CRLF"),
        pytest.param("\ufeffsep=;\r\nid;answer\r\n007;a, b\r\n", "csv", id="BOM"),
    ],
)
def test_the_line_for_excel_is_passed_over(content: str, format: str) -> None:  # noqa: A002 - as in the function
    """The header is the line after it, and rows keep the numbers of their lines."""
    submissions = read(content, format)

    assert brief(submissions) == [("007", 3, "a, b")]


def test_the_line_for_excel_is_passed_over_in_utf16() -> None:
    """Excel's own `Unicode text` can have it as well."""
    content = "sep=;\r\nid;answer\r\n007;a\r\n;b\r\n".encode("utf-16")

    submissions = read(content, "csv")

    assert brief(submissions) == [("007", 3, "a"), ("4", 4, "b")]


def test_an_answer_that_looks_like_the_line_for_excel_is_an_answer() -> None:
    """Only before the header does it mean anything."""
    submissions = read("sep=;\nanswer\nsep=;\n", "csv")

    assert brief(submissions) == [("3", 3, "sep=;")]
