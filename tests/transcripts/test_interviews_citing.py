"""From evidence in an answer back to the turn it was spoken in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.grading import Evidence, EvidenceSource
from service.submission import Passage
from service.transcripts.citing import cite

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def passages_of(lengths: list[int]) -> list[Passage]:
    """Passages of these lengths with a joiner between them, in every other turn, ten seconds apart."""
    passages = []
    at = 0
    for index, length in enumerate(lengths):
        time = 10.0 * index
        passages.append(Passage(start=at, end=at + length, turn=2 * index + 2, start_s=time, end_s=time + 5))
        at += length + 1
    return passages


@given(lengths=LENGTHS, data=st.data())
def test_evidence_is_cited_by_its_turn(lengths: list[int], data: st.DataObject) -> None:
    """Wherever a span lies, its turn holds its first character and its times enclose both of its ends."""
    passages = passages_of(lengths)
    places = [(at, index) for index, passage in enumerate(passages) for at in range(passage.start, passage.end)]
    start, first = data.draw(st.sampled_from(places))
    end, last = data.draw(st.sampled_from([place for place in places if place[0] >= start]))
    evidence = Evidence(quote="...", start=start, end=end + 1)

    cited = cite(evidence, passages)

    assert cited.source == EvidenceSource(turn=2 * first + 2, start_s=10.0 * first, end_s=10.0 * last + 5)
    assert cited.model_copy(update={"source": None}) == evidence


@pytest.mark.parametrize(
    ("start", "end", "turn", "ends"),
    [
        pytest.param(3, 5, 2, 15.0, id="begins between two turns"),
        pytest.param(1, 4, 2, 5.0, id="ends between two turns"),
        pytest.param(4, 90, 4, 15.0, id="ends behind them all"),
    ],
)
def test_a_place_between_turns_belongs_to_the_one_before(start: int, end: int, turn: int, ends: float) -> None:
    """The line break that joins two turns was said by nobody."""
    evidence = Evidence(quote="...", start=start, end=end)

    cited = cite(evidence, passages_of([3, 3]))

    assert cited.source is not None
    assert (cited.source.turn, cited.source.end_s) == (turn, ends)


def test_without_times_there_are_none() -> None:
    """A transcript without times still tells the turn."""
    evidence = Evidence(quote="...", start=0, end=2)

    cited = cite(evidence, [Passage(start=0, end=3, turn=7)])

    assert cited.source == EvidenceSource(turn=7, start_s=None, end_s=None)


def test_an_answer_of_no_transcript_has_no_source() -> None:
    """Without passages evidence stays what it is."""
    evidence = Evidence(quote="...", start=0, end=3)

    cited = cite(evidence, [])

    assert cited is evidence
