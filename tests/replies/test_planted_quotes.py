"""Five hundred false quotes, of which none is accepted, and five hundred true ones in disguise, each in its place."""

from collections import Counter
from functools import lru_cache

from hypothesis import given
from hypothesis import strategies as st

from service.answer import parse_answer
from service.replies import EvidenceLookup
from service.replies.evidence import FoundEvidence
from service.text.folding import utf16_offsets
from tests.replies.planted import FALSE, TRUE, Planted, false_quotes, rubric, times_in, true_quotes


@lru_cache(maxsize=256)
def lookup(answer: str) -> EvidenceLookup:
    """What looks quotes up in an answer to the first rubric."""
    return EvidenceLookup(parse_answer(answer), rubric())


def found(planted: Planted) -> FoundEvidence:
    """What becomes of a planted quote."""
    return lookup(planted.answer).find([planted.quote])


def places(evidence: FoundEvidence) -> tuple[tuple[int, int], ...]:
    """Where the evidence is, in code points."""
    return tuple((each.start, each.end) for each in evidence.evidence)


def test_no_false_quote_is_accepted() -> None:
    """Not one of five hundred, of seventeen kinds."""
    planted = list(false_quotes(30))

    accepted = [each for each in planted if not found(each).refused]

    kinds = Counter(each.kind for each in planted)
    assert [(each.kind, each.quote) for each in accepted] == [], Counter(each.kind for each in accepted)
    assert sum(kinds.values()) >= 500, kinds
    assert set(kinds) == set(FALSE), kinds
    assert len(kinds) >= 17, kinds


def test_true_quotes_in_disguise_are_found_where_they_are() -> None:
    """Ninety-nine of a hundred at least, each at the very range that was quoted."""
    planted = list(true_quotes(30))

    missed = [each for each in planted if places(found(each)) != each.places]

    kinds = Counter(each.kind for each in planted)
    table = {kind: f"{number - Counter(each.kind for each in missed)[kind]}/{number}" for kind, number in kinds.items()}
    assert len(missed) <= 0.01 * len(planted), (table, [(each.quote, found(each)) for each in missed])
    assert sum(kinds.values()) >= 500, table
    assert len(kinds) == len(TRUE) + 1 >= 17, table


_PIECES = st.sampled_from(
    [
        *"we start with prompting because retrieval costs more than tuning".split(),
        *"\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f44d\U0001f3fd \U0001d4e1\U0001d4d0".split(),
        *"cafe\u0301 caf\u00e9 z\u0308\u0301lgo \u0939\u093f\u0928\u094d\u0926\u0940 \uac00\u11a8".split(),
        *"\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u200f\u05e2\u05d5\u200e \u77e5\u8b58".split(),
    ]
)
_GAPS = st.sampled_from([" ", "\r\n", "\r\n\r\n", ", ", ". ", "\u00a0", " \u202e", "\t", " \U0001f389 "])


@given(before=st.lists(st.tuples(_PIECES, _GAPS), max_size=12), said=st.lists(st.tuples(_PIECES, _GAPS), max_size=6))
def test_offsets_hold_in_code_points_and_in_utf16(before: list[tuple[str, str]], said: list[tuple[str, str]]) -> None:
    """Whatever stands before a quote and within it, both ways to count lead to the same words."""
    head, middle = ("".join(piece + gap for piece, gap in pairs) for pairs in (before, said))
    quote = f"zeppelins {middle}over harbours"
    answer = f"{head}{quote}. The end.\r\n\U0001f600"

    (evidence,) = found(Planted("any", answer, quote)).evidence

    offsets = utf16_offsets(answer)
    units = answer.encode("utf-16-le")
    assert (evidence.start, evidence.end) == (len(head), len(head) + len(quote))
    assert answer[evidence.start : evidence.end] == evidence.quote == quote
    assert units[2 * offsets[evidence.start] : 2 * offsets[evidence.end]].decode("utf-16-le") == quote


def test_the_naive_comparison_sees_what_is_there() -> None:
    """It would otherwise let true quotes pass for false ones, or count one place as two."""
    answer = "We, um, start with with prompting at $28K. Then prompting at 28K again."

    assert times_in("start with prompting at $28K", answer) == 1
    assert times_in("prompting at", answer) == 2
    assert times_in("start prompting", answer) == 0
