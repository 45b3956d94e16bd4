"""From a place in an answer back to the turn and the time it was spoken."""

from bisect import bisect_right
from collections.abc import Sequence

from service.grading import Evidence, EvidenceSource
from service.submission import Passage


def cite(evidence: Evidence, passages: Sequence[Passage]) -> Evidence:
    """The evidence with its source: the turn in which it begins, and the times of the turns it begins and ends in.

    `passages` are a submission's, in order; with none the evidence comes back as it is. A place between two passages
    belongs to the one before it.
    """
    if not passages:
        return evidence
    starts = [passage.start for passage in passages]
    first = passages[max(bisect_right(starts, evidence.start) - 1, 0)]
    last = passages[max(bisect_right(starts, evidence.end - 1) - 1, 0)]
    source = EvidenceSource(turn=first.turn, start_s=first.start_s, end_s=last.end_s)
    return evidence.model_copy(update={"source": source})
