"""Where an expression of a rubric's signals holds in a region of an answer."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from service.graders.keyword.figures import Number
from service.graders.keyword.reading import Mention, Places, Reading
from service.graders.keyword.regions import Range
from service.graders.keyword.scope import Scope
from service.rubric.signals import (
    AllOf,
    AnyOf,
    Denied,
    Expression,
    Figure,
    FigureRange,
    InOrder,
    Link,
    Mentioned,
    Near,
    NoneOf,
    Reached,
)

MOST_HITS = 200
"""So many places of an expression in one region are looked at; it bounds the work on hostile text."""

_UNIT_AFTER = 5
_UNIT_BEFORE = 3
_CLAUSE_END = 6
_SENTENCE_END = 4
_JOINS = frozenset({"to", "or", "and", "-"})


class Hit(NamedTuple):
    """An expression holds in units `start` to `end` (left out); `parts` are what showed it, empty for an absence."""

    start: int
    end: int
    parts: tuple[Range, ...]


class Matcher:
    """Evaluates expressions over one answer; `levels` are what the criteria earned, for red flags."""

    def __init__(
        self, reading: Reading, patterns: Mapping[str, Expression], levels: Mapping[str, int] | None = None
    ) -> None:
        self._reading = reading
        self._patterns = patterns
        self._levels = levels or {}
        self._known: dict[tuple[str, Range], list[Hit]] = {}

    def hits(self, expression: Expression, region: Range) -> list[Hit]:
        """The places where an expression holds in a region, in order; at most `MOST_HITS`."""
        match expression:
            case str():
                return self._named(expression, region)
            case AnyOf(any=inside):
                return sorted({hit for each in inside for hit in self.hits(each, region)})[:MOST_HITS]
            case AllOf() | Near() | InOrder() | Link():
                return self._combined(expression, region)
            case NoneOf(none=inside):
                return [] if self.hits(inside, region) else [Hit(region[0], region[1], ())]
            case _:
                return self._leaf(expression, region)

    def _combined(self, expression: AllOf | Near | InOrder | Link, region: Range) -> list[Hit]:
        match expression:
            case AllOf(all=inside):
                return self._all(inside, region)
            case Near(near=inside, words=words):
                return self._near(inside, region, words)
            case InOrder(order=inside):
                return self._in_order(inside, region)
            case _:
                return self._linked(expression, region)

    def _leaf(self, expression: Expression, region: Range) -> list[Hit]:
        match expression:
            case Denied(denied=name):
                return _as_hits(m for m in self._places(name).within(region) if m.scope is Scope.DENIED)
            case Mentioned(mentioned=name):
                return _as_hits(m for m in self._places(name).within(region) if m.scope is not Scope.VOID)
            case Figure(figure=figure):
                return self._figures(figure, region)
            case Reached(reached=reached):
                of = reached.of or tuple(self._levels)
                held = any(self._levels.get(criterion, 0) >= reached.level for criterion in of)
                return [Hit(region[0], region[1], ())] if held else []
        raise TypeError(f"not an expression: {type(expression).__name__}")

    def _places(self, name: str) -> Places:
        return self._reading.places(name)

    def _named(self, name: str, region: Range) -> list[Hit]:
        if name not in self._patterns:
            return _as_hits(m for m in self._places(name).within(region) if m.scope is Scope.CLAIMED)
        key = (name, region)
        if key not in self._known:
            self._known[key] = self.hits(self._patterns[name], region)
        return self._known[key]

    def _all(self, inside: Sequence[Expression], region: Range) -> list[Hit]:
        chosen: list[Hit] = []
        for each in inside:
            if not (hits := self.hits(each, region)):
                return []
            chosen.append(hits[0])
        return [_joined(chosen, region)]

    def _near(self, inside: Sequence[Expression], region: Range, words: int) -> list[Hit]:
        """Windows that hold one hit of each and no more than so many words, each as small as can be."""
        kinds = []
        for each in inside:
            if not (hits := self.hits(each, region)):
                return []
            kinds.append(hits)
        absences = [hits[0] for hits in kinds if not hits[0].parts]
        merged = sorted((hit, kind) for kind, hits in enumerate(kinds) for hit in hits if hit.parts)
        wanted = len(kinds) - len(absences)
        found: list[Hit] = []
        latest: dict[int, Hit] = {}
        for hit, kind in merged:
            latest[kind] = hit
            if len(latest) == wanted:
                window = _joined(sorted(latest.values()), region)
                if window.end - window.start <= words:
                    found.append(window)
        return (found or absences if wanted == 0 else found)[:MOST_HITS]

    def _in_order(self, inside: Sequence[Expression], region: Range) -> list[Hit]:
        chosen: list[Hit] = []
        after = region[0] - 1
        for each in inside:
            following = next((hit for hit in self.hits(each, region) if hit.start > after), None)
            if following is None:
                return []
            chosen.append(following)
            after = following.start
        return [_joined(chosen, region)]

    def _linked(self, link: Link, region: Range) -> list[Hit]:
        subjects = self.hits(link.link[0], region)
        rivals = [hit for each in link.rivals for hit in self.hits(each, region)] if subjects else []
        found = []
        for target in self.hits(link.link[1], region) if subjects else ():
            subject = min(subjects, key=lambda hit: self._distance(hit, target))
            reach = self._distance(subject, target)
            if reach <= link.words and all(reach < self._distance(rival, target) for rival in rivals):
                found.append(_joined(sorted((subject, target)), region))
        return found

    def _distance(self, one: Hit, other: Hit) -> int:
        first, second = sorted((one, other))
        regions = self._reading.regions
        clauses, sentences = (
            max(owner[second.start] - owner[first.end - 1], 0)
            for owner in (regions.main_clause_of, regions.sentence_of)
        )
        return max(second.start - first.end, 0) + _CLAUSE_END * clauses + _SENTENCE_END * sentences

    def _figures(self, figure: FigureRange, region: Range) -> list[Hit]:
        figures = self._reading.figures
        found: list[Hit] = []
        units = self._reading.places(figure.unit) if figure.unit else None
        first, last = (bisect_left(figures.starts, end) for end in region)
        for number, mention in zip(self._reading.numbers[first:last], figures.mentions[first:last], strict=True):
            if len(found) == MOST_HITS:
                break
            if mention.scope is not Scope.CLAIMED or not _in_range(number, figure):
                continue
            if units is None:
                found.append(Hit(mention.start, mention.end, ((mention.start, mention.end),)))
            elif unit := self._unit_beside(mention, units, region):
                found.append(_joined(sorted((_hit(mention), _hit(unit))), region))
        return found

    def _unit_beside(self, figure: Mention, units: Places, region: Range) -> Mention | None:
        around = (max(figure.start - 10, region[0]), min(figure.end + 10, region[1]))
        for unit in units.within(around):
            after = 0 <= unit.start - figure.end <= _UNIT_AFTER and self._reaches(figure.end, unit.start)
            before = 0 <= figure.start - unit.end <= _UNIT_BEFORE and self._reaches(unit.end, figure.start)
            if unit.scope is not Scope.VOID and (after or before):
                return unit
        return None

    def _reaches(self, start: int, end: int) -> bool:
        """Whether no figure of another unit stands between; in "70 to 90 %" both figures share one."""
        between = list(self._reading.figures.within((start, end)))
        if not between:
            return True
        gap = self._reading.units.stems[start : between[0].start]
        return len(between) == 1 and len(gap) <= 1 and all(stem in _JOINS for stem in gap)


def _in_range(number: Number, figure: FigureRange) -> bool:
    low = figure.min is None or number.high >= figure.min
    return low and (figure.max is None or number.low <= figure.max)


def _hit(mention: Mention) -> Hit:
    return Hit(mention.start, mention.end, ((mention.start, mention.end),))


def _as_hits(mentions: Iterable[Mention]) -> list[Hit]:
    return [_hit(mention) for mention, _ in zip(mentions, range(MOST_HITS), strict=False)]


def _joined(hits: Sequence[Hit], region: Range) -> Hit:
    present = [hit for hit in hits if hit.parts]
    if not present:
        return Hit(region[0], region[1], ())
    parts = tuple(sorted({part for hit in present for part in hit.parts}))
    return Hit(min(hit.start for hit in present), max(hit.end for hit in present), parts)
