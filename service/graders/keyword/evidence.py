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

_JOINED = 200
"""Clauses longer than this together are quoted apart."""


def quote_hits(reading: Reading, hits: Iterable[Hit]) -> tuple[Evidence, ...]:
    """The clauses that hold what the hits consist of, at most `MOST_SPANS`, in order."""
    ranges: list[Range] = []
    for hit in hits:
        ranges += _of_hit(reading, hit)
        if len(ranges) >= 2 * MOST_SPANS:
            break
    merged = _merged(sorted(set(ranges)))
    text = reading.source
    return tuple(Evidence(quote=text[start:end], start=start, end=end) for start, end in merged[:MOST_SPANS])


def _of_hit(reading: Reading, hit: Hit) -> list[Range]:
    first, last = hit.parts[0], max(hit.parts, key=lambda part: part[1])
    whole = _span(reading, (_clause(reading, first)[0], first[0]), _clause(reading, last)[1])
    if whole[1] - whole[0] <= _JOINED:
        return [whole]
    return [_around(reading, part) for part in hit.parts]


def _clause(reading: Reading, part: Range) -> Range:
    """From the beginning of the clause where a part begins to the end of the clause where it ends."""
    regions = reading.regions
    return regions.clauses[regions.clause_of[part[0]]][0], regions.clauses[regions.clause_of[part[1] - 1]][1]


def _span(reading: Reading, start: Range, end: int) -> Range:
    """The range of the text from the first of two units that is worth quoting, the second at the latest."""
    first, latest = start
    while first < latest and _is_opener(reading, first):
        first += 1
    span = reading.units.span(first, end)
    return span.start, span.end


def _is_opener(reading: Reading, unit: int) -> bool:
    units = reading.units
    return units.text.words[units.words[unit]].text in reading.openers


def _around(reading: Reading, part: Range) -> Range:
    """The clause of a part, or as much of it around the part as a span may hold."""
    start, end = _clause(reading, part)
    span = _span(reading, (start, part[0]), end)
    while span[1] - span[0] > LONGEST_SPAN and (start < part[0] or end > part[1]):
        start, end = (start + 1, end) if start < part[0] else (start, end - 1)
        span = _span(reading, (start, part[0]), end)
    return span


def _merged(ranges: Sequence[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in ranges:
        if merged and start - merged[-1][1] <= _CLOSE and end - merged[-1][0] <= _JOINED:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        elif merged and end <= merged[-1][1]:
            continue
        else:
            merged.append((start, end))
    return merged
