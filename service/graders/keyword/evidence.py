"""From the units that made a signal fire to the spans that are published."""

from collections.abc import Iterable, Sequence

from service.graders.keyword.expressions import Hit
from service.graders.keyword.reading import Reading
from service.graders.keyword.regions import Range
from service.grading import Evidence

MOST_SPANS = 4
LONGEST_SPAN = 300

_CLOSE = 30
"""Spans with no more than so many characters between them become one."""


def quote_hits(reading: Reading, hits: Iterable[Hit]) -> tuple[Evidence, ...]:
    """The clauses that hold what the hits consist of, at most `MOST_SPANS`, in order."""
    ranges: list[Range] = []
    for hit in hits:
        ranges += _of_hit(reading, hit)
        if len(ranges) >= 2 * MOST_SPANS:
            break
    merged = _merged(sorted(set(ranges)))
    text = reading.units.text.raw
    return tuple(Evidence(quote=text[start:end], start=start, end=end) for start, end in merged[:MOST_SPANS])


def _of_hit(reading: Reading, hit: Hit) -> list[Range]:
    first, last = hit.parts[0][0], hit.parts[-1][1]
    clause_of, clauses = reading.regions.clause_of, reading.regions.clauses
    if clause_of[last - 1] - clause_of[first] <= _CLOSE:
        whole = reading.units.span(clauses[clause_of[first]][0], clauses[clause_of[last - 1]][1])
        if whole.end - whole.start <= LONGEST_SPAN:
            return [(whole.start, whole.end)]
    return [_around(reading, part) for part in hit.parts]


def _around(reading: Reading, part: Range) -> Range:
    """The clause of a part, or as much of it around the part as a span may hold."""
    regions = reading.regions
    start = regions.clauses[regions.clause_of[part[0]]][0]
    end = regions.clauses[regions.clause_of[part[1] - 1]][1]
    span = reading.units.span(start, end)
    while span.end - span.start > LONGEST_SPAN and (start < part[0] or end > part[1]):
        start, end = (start + 1, end) if start < part[0] else (start, end - 1)
        span = reading.units.span(start, end)
    return span.start, span.end


def _merged(ranges: Sequence[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in ranges:
        if merged and start - merged[-1][1] <= _CLOSE and end - merged[-1][0] <= LONGEST_SPAN:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif merged and end <= merged[-1][1]:
            continue
        else:
            merged.append((start, end))
    return merged
