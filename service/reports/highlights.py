"""An answer's text cut into pieces, each with the evidence that covers it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from service.verdict import Verdict


class Marker(NamedTuple):
    """What a span is evidence for: a criterion, labelled with its number, or a red flag, with F and its number."""

    label: str
    title: str
    hue: int
    is_flag: bool


class Span(NamedTuple):
    """Evidence from one code point of the answer up to another; `number` counts the marker's spans from 1."""

    start: int
    end: int
    marker: Marker
    number: int


class Piece(NamedTuple):
    """A stretch of text with the same evidence all over, and the spans that begin and end with it."""

    text: str
    spans: tuple[Span, ...]
    begins: tuple[Span, ...]
    ends: tuple[Span, ...]


HUES = 12


def markers_of(verdict: Verdict) -> tuple[tuple[Marker, ...], tuple[Marker, ...]]:
    """A marker for each criterion and for each red flag."""
    return (
        tuple(Marker(str(n + 1), item.title, n % HUES, is_flag=False) for n, item in enumerate(verdict.criteria)),
        tuple(Marker(f"F{n + 1}", flag.title, n % HUES, is_flag=True) for n, flag in enumerate(verdict.red_flags)),
    )


def spans_of(verdict: Verdict) -> list[Span]:
    """All evidence of a verdict, in the order of its criteria and red flags."""
    criteria, flags = markers_of(verdict)
    cited = [(marker, item.evidence) for marker, item in zip(criteria, verdict.criteria, strict=True)]
    cited += [(marker, flag.evidence) for marker, flag in zip(flags, verdict.red_flags, strict=True)]
    return [
        Span(evidence.start, evidence.end, marker, number)
        for marker, spans in cited
        for number, evidence in enumerate(spans, 1)
    ]


def cut(text: str, spans: Sequence[Span]) -> list[Piece]:
    """Cut a text wherever evidence begins or ends; the pieces put together are the text.

    A span that does not lie within the text is left out: the text is then not the one that was graded.
    """
    within = [span for span in spans if 0 <= span.start < span.end <= len(text)]
    edges = sorted({0, len(text), *(span.start for span in within), *(span.end for span in within)})
    pieces = []
    for start, end in pairwise(edges):
        here = tuple(span for span in within if span.start <= start and span.end >= end)
        begins = tuple(span for span in here if span.start == start)
        ends = tuple(span for span in here if span.end == end)
        pieces.append(Piece(text[start:end], here, begins, ends))
    return pieces
