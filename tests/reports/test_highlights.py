"""An answer's text with its evidence, and what is hidden in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.reports.highlights import Marker, Span, cut, markers_of, spans_of
from service.reports.visible import visible
from tests.reports.outcomes import labelled

MARKER = Marker("1", "Cleaning", 0, is_flag=False)


def span(start: int, end: int, number: int = 1) -> Span:
    """Evidence for one criterion."""
    return Span(start, end, MARKER, number)


def test_overlapping_evidence_is_cut_where_it_begins_and_ends() -> None:
    """Each piece knows all that covers it, and what begins and ends with it."""
    first, second = span(1, 4), span(3, 6, 2)

    pieces = cut("abcdefg", [first, second])

    assert [(piece.text, piece.spans) for piece in pieces] == [
        ("a", ()),
        ("bc", (first,)),
        ("d", (first, second)),
        ("ef", (second,)),
        ("g", ()),
    ]
    assert [piece.begins for piece in pieces] == [(), (first,), (second,), (), ()]
    assert [piece.ends for piece in pieces] == [(), (), (first,), (second,), ()]


@pytest.mark.parametrize("wrong", [(2, 9), (3, 3), (4, 2)])
def test_evidence_outside_of_the_text_is_not_marked(wrong: tuple[int, int]) -> None:
    """A text that is not the one that was graded is shown without it."""
    assert cut("abcdefg", [span(*wrong)]) == cut("abcdefg", [])


def test_an_empty_text_has_no_pieces() -> None:
    """Nothing to show."""
    assert cut("", []) == []


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_the_pieces_are_the_text(text: str, ends: list[tuple[int, int]]) -> None:
    """Nothing is lost or doubled, and every span begins and ends exactly once."""
    spans = [span(start, end, number) for number, (start, end) in enumerate(ends)]
    within = [each for each in spans if each.start < each.end <= len(text)]

    pieces = cut(text, spans)

    assert "".join(piece.text for piece in pieces) == text
    assert sorted(each.number for piece in pieces for each in piece.begins) == [each.number for each in within]
    assert sorted(each.number for piece in pieces for each in piece.ends) == [each.number for each in within]
    for each in within:
        assert "".join(piece.text for piece in pieces if each in piece.spans) == text[each.start : each.end]


def test_spans_of_a_verdict_are_its_quotes() -> None:
    """Offsets count code points of the answer."""
    for outcome, text in labelled(20):
        assert outcome.verdict is not None

        spans = spans_of(outcome.verdict)

        quotes = [each.quote for item in outcome.verdict.criteria for each in item.evidence]
        quotes += [each.quote for flag in outcome.verdict.red_flags for each in flag.evidence]
        assert [text[each.start : each.end] for each in spans] == quotes
        assert [marker.label for marker in markers_of(outcome.verdict)[1]] == ["F1", "F2", "F3", "F4"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain \u00e9 \u201cq\u201d\tx", "plain \u00e9 \u201cq\u201d\tx", id="plain"),
        pytest.param("a\r\nb\rc", "a\nb\nc", id="line breaks"),
        pytest.param("a\u202eb", "a\u27e8U+202E\u27e9b", id="turned round"),
        pytest.param("\x1b[0m\x00", "\u27e8U+001B\u27e9[0m\u27e8U+0000\u27e9", id="controls"),
        pytest.param("a\U000e0041\U000e0042\U000e0043b", "a\u27e8U+E0041 and 2 more\u27e9b", id="hidden letters"),
        pytest.param("\U0001f469\u200d\U0001f4bb \u2764\ufe0f", "\U0001f469\u200d\U0001f4bb \u2764\ufe0f", id="emoji"),
        pytest.param("a\ufe0f\ufe0e\ufe0fb", "a\u27e8U+FE0F and 2 more\u27e9b", id="row of selectors"),
        pytest.param("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd", id="right to left"),
        pytest.param("\udc80", "\u27e8U+DC80\u27e9", id="half a pair"),
    ],
)
def test_what_is_hidden_is_shown(text: str, shown: str) -> None:
    """A reader sees that something is there, and what."""
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_nothing_that_steers_is_left(text: str) -> None:
    """What comes out can be encoded, and turns no text round."""
    shown = visible(text)

    shown.encode()
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\r\x00\x1b")
