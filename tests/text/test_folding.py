"""What folding takes away, what it leaves, and where everything came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text.folding import fold, utf16_offsets
from tests.text.texts import TEXTS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("RAG", "rag", id="case"),
        pytest.param("Stra\u00dfe", "STRASSE", id="case that takes two letters"),
        pytest.param("isn\u2019t", "isn't", id="curly apostrophe"),
        pytest.param("\u201cplain\u201d", '"plain"', id="curly quotes"),
        pytest.param("70\u201390", "70-90", id="en dash"),
        pytest.param("caf\u00e9", "cafe\u0301", id="composed and decomposed"),
        pytest.param("\ufb01ne", "fine", id="ligature"),
        pytest.param("\uff32\uff21\uff27", "rag", id="full width"),
        pytest.param("R\u200bA\u00adG", "rag", id="zero-width characters"),
        pytest.param("R\ufe0fA\U000e0101\u034fG", "RAG", id="selectors"),
        pytest.param("\uac00\u11a8", "\uac01", id="Hangul in parts"),
        pytest.param("\u09b2\u09c7\u09be", "\u09b2\u09cb", id="a vowel sign in parts"),
        pytest.param("\u0130I\u0131i", "iiii", id="dotted and dotless i"),
        pytest.param("R\u3164A\uffa0G\U000e0080", "RAG", id="fillers that show nothing"),
        pytest.param("10\u00d7", "10x", id="times"),
    ],
)
def test_folds_alike(one: str, other: str) -> None:
    """What people, keyboards and models exchange unnoticed compares equal."""
    folded = fold(one).text

    assert folded == fold(other).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("isn't", "is", id="negation"),
        pytest.param("10\u00b2", "102", id="superscript"),
        pytest.param("1\u00bd", "11/2", id="fraction"),
        pytest.param("r\u00e9sum\u00e9", "resume", id="accents"),
    ],
)
def test_keeps_apart(one: str, other: str) -> None:
    """What changes the meaning stays different."""
    folded = fold(one).text.replace("\u2044", "/")

    assert folded != fold(other).text


def test_a_decomposed_letter_is_one_place() -> None:
    """A letter and its accent fold to one character, which came from both."""
    folded = fold("cafe\u0301!")

    assert (folded.text, folded.starts[3], folded.ends[3]) == ("caf\u00e9!", 3, 5)


def test_a_pile_of_marks_is_cut() -> None:
    """Fifty thousand marks on one letter, in the worst order, end in a result of bounded clusters."""
    folded = fold("a" + "\u0316\u0300" * 25_000)

    assert max(end - start for start, end in zip(folded.starts, folded.ends, strict=True)) <= 32


@given(TEXTS)
def test_every_folded_character_has_a_place(text: str) -> None:
    """Places are in order, within the text and never empty."""
    folded = fold(text)

    starts, ends = list(folded.starts), list(folded.ends)
    assert len(folded.text) == len(starts) == len(ends)
    assert starts == sorted(starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_the_long_way(text: str) -> None:
    """ASCII folds the same when a later character makes the text take the general way."""
    folded = fold(text)

    general = fold(text + "\u77e5")
    assert general.text == folded.text + "\u77e5"
    assert list(general.starts)[: len(text)] == list(folded.starts)


@given(st.text())
def test_utf16_offsets_count_as_javascript_does(text: str) -> None:
    """Each offset is the length of what stands before it, in UTF-16 code units."""
    offsets = utf16_offsets(text)

    assert offsets == [len(text[:i].encode("utf-16-le", "surrogatepass")) // 2 for i in range(len(text) + 1)]
