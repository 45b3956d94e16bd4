"""Words, sentences and clauses, and their places."""

from itertools import pairwise

import pytest
from hypothesis import given

from service.text.folding import fold
from service.text.words import Span, Text
from tests.text.texts import TEXTS

LONG = 100_000


def words(text: str) -> list[str]:
    """The words alone."""
    return [word.text for word in Text(text).words]


def cut(text: str, spans: tuple[Span, ...]) -> list[str]:
    """What stands in the spans."""
    return [text[span.start : span.end] for span in spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("RAG isn't magic", ["rag", "isn't", "magic"], id="negation stays one word"),
        pytest.param("fine-tuning", ["fine", "tuning"], id="hyphen"),
        pytest.param("non-proprietary data", ["non-proprietary", "data"], id="non- stays with its word"),
        pytest.param("200K queries", ["200", "k", "queries"], id="figure with a unit"),
        pytest.param("$1,000.50", ["$", "1,000.50"], id="figure with separators"),
        pytest.param("70-90%", ["70", "90", "%"], id="range"),
        pytest.param("from -5 to 5", ["from", "-5", "to", "5"], id="sign"),
        pytest.param("at .5 or -.5 percent", ["at", ".5", "or", "-.5", "percent"], id="figure that begins with a dot"),
        pytest.param("well...5 v.5", ["well", "5", "v", "5"], id="dots before a figure"),
        pytest.param("at 1e-5, 3E+4 or 1e6", ["at", "1e-5", "3e+4", "or", "1e6"], id="figure with an exponent"),
        pytest.param("5 e-mails", ["5", "e", "mails"], id="a letter after a figure"),
        pytest.param("\u0939\u0948 x\u0304", ["\u0939\u0948", "x\u0304"], id="marks stay with their letters"),
        pytest.param("_never_ __RAG__ top_k", ["never", "rag", "top_k"], id="underscores around and within"),
        pytest.param("cost != quality", ["cost", "!=", "quality"], id="not equal"),
        pytest.param("\u77e5\u8b58 RAG", ["\u77e5", "\u8b58", "rag"], id="a script without spaces"),
        pytest.param("\U0001f600 !!! \u2026", [], id="no words"),
        pytest.param("", [], id="empty"),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    """What counts as a word."""
    found = words(text)

    assert found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One. Two! Three?", ["One.", "Two!", "Three?"], id="marks"),
        pytest.param('He said "no." Then yes.', ['He said "no."', "Then yes."], id="quote after the mark"),
        pytest.param(
            "At 3.5 percent, e.g. RAG vs. tuning.", ["At 3.5 percent, e.g. RAG vs. tuning."], id="shortenings"
        ),
        pytest.param("- prompt\n- RAG", ["- prompt", "- RAG"], id="list"),
        pytest.param("one\r\ntwo", ["one", "two"], id="CRLF"),
        pytest.param("\u77e5\u3002\u8b58\u3002", ["\u77e5\u3002", "\u8b58\u3002"], id="ideographic full stop"),
        pytest.param("well... no", ["well...", "no"], id="dots"),
        pytest.param(
            "After a week of looking at the errors we would not\nfine-tune it",
            ["After a week of looking at the errors we would not\nfine-tune it"],
            id="a wrapped line",
        ),
        pytest.param(
            "After a week of looking at the errors we would not\r\nfine-tune it",
            ["After a week of looking at the errors we would not\r\nfine-tune it"],
            id="a wrapped line with CRLF",
        ),
        pytest.param(
            "The first thing that I would try is a better prompt\nThen retrieval",
            ["The first thing that I would try is a better prompt", "Then retrieval"],
            id="a long line before a capital",
        ),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    """Where sentences end."""
    found = Text(text).sentences

    assert cut(text, found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("If it changes, use RAG; else not.", ["If it changes,", "use RAG;", "else not."], id="marks"),
        pytest.param("RAG (cheap) works", ["RAG", "(cheap)", "works"], id="brackets"),
        pytest.param("RAG - not tuning", ["RAG -", "not tuning"], id="dash"),
        pytest.param("at 1,000 or 3:1", ["at 1,000 or 3:1"], id="figures"),
        pytest.param("One. Two", ["One.", "Two"], id="sentence"),
    ],
)
def test_clauses(text: str, expected: list[str]) -> None:
    """Where clauses end."""
    found = Text(text).clauses

    assert cut(text, found) == expected


@given(TEXTS)
def test_words_are_where_they_say(text: str) -> None:
    """Words are in order, and what stands in a word's range folds to it, whatever else a character there folds to."""
    found = Text(text).words

    assert [word.start for word in found] == sorted(word.start for word in found)
    for word in found:
        assert word.text in fold(text[word.start : word.end]).text


@given(TEXTS)
def test_spans_cover_the_text(text: str) -> None:
    """Sentences and clauses are in order, apart and trimmed, and leave out only white space."""
    parsed = Text(text)

    for spans in (parsed.sentences, parsed.clauses):
        left = "".join(
            text[a.end : b.start] for a, b in zip((Span(0, 0), *spans), (*spans, Span(len(text), 0)), strict=True)
        )
        assert left.strip() == ""
        assert all(a.end <= b.start for a, b in pairwise(spans))
        assert all(piece == piece.strip() != "" for piece in cut(text, spans))


@given(TEXTS)
def test_a_clause_stays_in_its_sentence(text: str) -> None:
    """Every clause lies within one sentence."""
    parsed = Text(text)

    for clause in parsed.clauses:
        assert any(s.start <= clause.start and clause.end <= s.end for s in parsed.sentences)


@given(TEXTS)
def test_the_clause_around_a_word_holds_it(text: str) -> None:
    """Widening a range to its clause never loses any of it."""
    parsed = Text(text)

    for word in parsed.words:
        span = parsed.clause_around(word.start, word.end)
        assert span.start <= word.start < word.end <= span.end <= len(text)


def test_where_a_sentence_starts() -> None:
    """Between two sentences the one before counts."""
    text = Text("  One two. Three four.")

    starts = [text.sentence_start(at) for at in (0, 2, 9, 10, 11, 22)]

    assert starts == [2, 2, 2, 2, 11, 11]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param("a" * LONG, 1, id="one word"),
        pytest.param("a " * (LONG // 2), LONG // 2, id="one letter"),
        pytest.param("\n" * LONG, 0, id="line breaks"),
        pytest.param("(" * LONG, 0, id="brackets"),
        pytest.param("x" + "." * LONG + "x", 2, id="full stops that end nothing"),
        pytest.param("." + "'" * LONG + "x", 1, id="quote marks that close nothing"),
        pytest.param(" " + "-" * LONG + "x", 1, id="dashes"),
        pytest.param("1." * (LONG // 2), 1, id="a figure without end"),
        pytest.param("a" + "\u0316\u0300" * (LONG // 4), 1, id="marks on a letter"),
        pytest.param("\n" + " " * LONG, 0, id="spaces after a line break"),
    ],
)
def test_long_texts_take_linear_time(text: str, count: int) -> None:
    """Texts on which backtracking would take hours are cut like any other."""
    parsed = Text(text)

    assert sum(word.text[0].isalnum() for word in parsed.words) == count
    assert len(parsed.clauses) >= len(parsed.sentences)


@given(TEXTS)
def test_words_in_a_range_begin_in_it(text: str) -> None:
    """However the range is cut, and wherever folding put the words."""
    parsed = Text(text)
    start, end = len(text) // 3, len(text) * 2 // 3

    words = parsed.words_in(start, end)

    assert words == tuple(word for word in parsed.words if start <= word.start < end)
