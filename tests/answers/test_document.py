"""One JSON document of answers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answers import document
from service.errors import AnswersInvalid
from tests.answers.reading import BOUND, brief, read


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('[\n {"id": 1.50, "answer": "a"},\n\n {"answer": "b"}\n]\n', id="array"),
        pytest.param('{"by": [1, "]"],\n "answers": [{"id": 1.50, "answer": "a"},\n\n{"answer": "b"}]}', id="object"),
        pytest.param('\ufeff[\r\n{"id": 1.50, "answer": "a"},\r\n\r\n{"answer": "b"}]', id="BOM and CRLF"),
        pytest.param('[\r{"id": 1.50, "answer": "a"},\r\r{"answer": "b"}]', id="CR"),
    ],
)
def test_an_array_is_read_with_its_lines(content: str) -> None:
    """A row without an id gets its place in the array, since a whole array may stand on one line."""
    submissions = read(content, "json")

    assert brief(submissions) == [("1.50", 2, "a"), ("2", 4, "b")]


def test_a_document_in_utf16_is_read() -> None:
    """It is known by its mark."""
    submissions = read('[{"answer": "é"}]'.encode("utf-16"), "json")

    assert brief(submissions) == [("1", 1, "é")]


def test_a_broken_element_fails_alone() -> None:
    """What is wrong within one element leaves the others as they are."""
    elements = [
        '{"answer": "a"}',
        "7",
        "nul",
        '{"id": "x"}',
        '{"answer": "\\ud800"}',
        '{"a" 1}',
        '"]"',
        '{"answer": "b"}',
    ]

    submissions = read(f"[{','.join(elements)}]", "json")

    assert [each.error and each.error.code for each in submissions] == [
        None,
        "not-json",
        "not-json",
        "no-answer",
        "not-text",
        "not-json",
        "not-json",
        None,
    ]
    assert [each.id for each in submissions] == ["1", "2", "3", "x", "5", "6", "7", "8"]


def test_an_element_over_the_bound_fails_alone() -> None:
    """It is stepped over without being parsed."""
    submissions = read(f'[{{"answer": "{"x" * BOUND}"}}, {{"answer": "b"}}, {"[" * 5_000}{"]" * 5_000}]', "json")

    assert brief(submissions) == [("1", 1, "too-long"), ("2", 1, "b"), ("3", 1, "not-json")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("", "f: there are no answers in it; expected is an array", id="empty"),
        pytest.param(" \n", "f: there are no answers in it", id="blank"),
        pytest.param("[]", "f: there are no answers in it", id="empty array"),
        pytest.param('{"answers": []}', "f: there are no answers in it", id="no answers"),
        pytest.param("{}", "f:1: there is no array of answers", id="empty object"),
        pytest.param('{\n"answer": "a"}', "f:2: there is no array of answers", id="a lone answer"),
        pytest.param("7", "f:1: this is no file of answers; expected is an array", id="number"),
        pytest.param("\n hello", "f:2: this is no file of answers", id="text"),
        pytest.param('[{"answer": "a"}', "f:1: expected is a comma or ]", id="cut off"),
        pytest.param('[{"answer": "a"},', "f:1: no value begins here", id="cut off after a comma"),
        pytest.param('[\n{"answer": "a"', "f:2: no value begins here, or .* has no end", id="cut off within"),
        pytest.param('[{"answer": "a]', "f:1: no value begins here, or .* has no end", id="open quote"),
        pytest.param('[{"answer": "a"},]', "f:1: no value begins here", id="comma at the end"),
        pytest.param('[{"answer": "a"}]\n[]', "f:2: something follows the end", id="two documents"),
        pytest.param('{"answer": "a"}\n{"answer": "b"}', "there is no array of answers", id="JSON lines"),
        pytest.param('{"answers" [1]}', "f:1: expected is a colon", id="no colon"),
        pytest.param('{"answers": 7}', 'f:1: "answers" must be one array', id="answers of another kind"),
        pytest.param('{"answers": [1], "answers": [2]}', 'f:1: "answers" must be one array', id="answers twice"),
        pytest.param(
            '{"answers": [1],\n"rubric": "r"}', 'f:2: "rubric" must stand in each answer', id="a rubric for all"
        ),
    ],
)
def test_what_is_no_array_of_answers_is_refused(content: str, message: str) -> None:
    """The error gives the line and what is expected, before any answer was handed out."""
    with pytest.raises(AnswersInvalid, match=message):
        read(content, "json")


def test_bytes_that_are_not_utf8_are_refused_with_their_line() -> None:
    """A document is one piece: where its text is broken, so is its structure."""
    with pytest.raises(AnswersInvalid, match="f:2: not valid UTF-8"):
        read(b'[\n{"answer": "\xff"}]', "json")


def test_a_document_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out is named."""
    monkeypatch.setattr(document, "MAX_BYTES", 100)

    with pytest.raises(AnswersInvalid, match="more than 100 bytes; write the answers as JSON lines"):
        read(json.dumps([{"answer": "x" * 100}]), "json")


NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"[]{}\\, :\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"[]\\', max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(NESTED, min_size=1, max_size=5), st.sampled_from([None, 1]))
def test_every_element_is_found(values: list[object], indent: int | None) -> None:
    """Brackets and quotes inside texts do not mislead the search for the ends of elements."""
    content = json.dumps([{"answer": "a", "metadata": {"v": value}} for value in values], indent=indent)

    submissions = read(content, "json")

    assert [each.metadata for each in submissions] == [{"v": value} for value in values]


PIECES = [*'[]{}",:\n\\ 1', '{"answer": "a"}', '"answers"', '{"answers": [']


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.binary(max_size=20))
def test_any_content_is_read_or_refused(content: str | bytes) -> None:
    """Nothing but AnswersInvalid is ever raised, and places count up."""
    try:
        submissions = read(content, "json")
    except AnswersInvalid:
        submissions = []

    assert [each.id for each in submissions] == [str(place) for place in range(1, len(submissions) + 1)]
