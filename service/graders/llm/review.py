"""When a person should look at what a model graded, and what its reader should know."""

from collections.abc import Iterable, Sequence

from service.grading import Evidence, Graded, Notice
from service.replies import EvidenceLookup
from service.rubric import Rubric
from service.text.words import Span

LONG_ANSWER_WORDS = 80
"""Every criterion at 0 is believable for an answer of few words; beyond this a person should look."""

MOST_ON_ONE_SPAN = 3
"""How many criteria one span may carry alone before a person should look."""

NEARLY_ALL = 0.8
"""Two spans that have this share of the longer one in common are one passage, quoted with other ends."""


def warnings_for(lookup: EvidenceLookup) -> Iterable[Notice]:
    """What the reader should know of the answer."""
    if lookup.addressing:
        yield Notice(
            code="addresses-grader",
            message="Part of the answer speaks to the grader. It counts for nothing and costs nothing.",
        )


def reasons_to_look(rubric: Rubric, lookup: EvidenceLookup, graded: Sequence[Graded]) -> Iterable[str]:
    """Why a person should look at these levels."""
    long = len(lookup.answer.parsed.words) > LONG_ANSWER_WORDS
    if long and len(graded) == len(rubric.criteria) and not any(item.level for item in graded):
        yield "Every criterion is at level 0, although the answer is not short."
    alone = [span for item in graded if (span := _only_passage(item.evidence))]
    for (start, end), times in _passages(alone) if len(alone) > MOST_ON_ONE_SPAN else ():
        if times > MOST_ON_ONE_SPAN:
            yield f"One passage (characters {start} to {end}) is the only evidence for {times} criteria."


def _only_passage(evidence: Sequence[Evidence]) -> Span | None:
    """The span that all evidence lies in, nearly or wholly, where there is one."""
    if not evidence:
        return None
    spans = [Span(each.start, each.end) for each in evidence]
    longest = max(spans, key=_length)
    return longest if all(_in_common(span, longest) >= NEARLY_ALL * _length(span) for span in spans) else None


def _passages(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """The passages by their place, each with how many of the spans are of it."""
    alike = [[_nearly_equal(one, other) for other in spans] for one in spans]
    left = list(range(len(spans)))
    found: list[tuple[Span, int]] = []
    while left:
        middle = max(left, key=lambda index: sum(alike[index][other] for other in left))
        others = [index for index in left if not alike[middle][index]]
        found.append((spans[middle], len(left) - len(others)))
        left = others
    return sorted(found)


def _nearly_equal(one: Span, other: Span) -> bool:
    return _in_common(one, other) >= NEARLY_ALL * max(_length(one), _length(other))


def _in_common(one: Span, other: Span) -> int:
    return max(min(one.end, other.end) - max(one.start, other.start), 0)


def _length(span: Span) -> int:
    return span.end - span.start
