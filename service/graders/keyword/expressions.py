"""Where an expression of a rubric's signals holds in a region of an answer."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from service.graders.keyword.figures import Number
from service.graders.keyword.programs import (
    CLAIMED,
    DENIED,
    MENTIONED,
    Absence,
    Any,
    Every,
    FigureLeaf,
    Leaf,
    LevelLeaf,
    Linked,
    Program,
    Shared,
)
from service.graders.keyword.reading import Mention, Places, Reading
from service.graders.keyword.regions import Range
from service.graders.keyword.scope import Scope
from service.rubric.signals import FigureRange

MOST_HITS = 200
"""So many places of an expression in one region are looked at; it bounds the work on hostile text."""

_UNIT_AFTER = 5
_UNIT_BEFORE = 3
_CLAUSE_END = 6
_SENTENCE_END = 4
_JOINS = frozenset({"to", "or", "and", "-"})
_COUNTS: Mapping[int, Callable[[Scope], bool]] = {
    CLAIMED: lambda scope: scope is Scope.CLAIMED,
    DENIED: lambda scope: scope is Scope.DENIED,
    MENTIONED: lambda scope: scope is not Scope.VOID,
}
_BITS = {scope: sum(1 << kind for kind, counts in _COUNTS.items() if counts(scope)) for scope in Scope}


class Hit(NamedTuple):
    """An expression holds in units `start` to `end` (left out); `parts` are what showed it, empty for an absence."""

    start: int
    end: int
    parts: tuple[Range, ...]


_Leaves = tuple[list[int], list[Hit]]


class Matcher:
    """Evaluates programs over one answer."""

    def __init__(self, reading: Reading, places_of_bits: Mapping[str, int]) -> None:
        self._reading = reading
        self._levels: Mapping[str, int] = {}
        self._known: dict[tuple[Shared, Range], list[Hit]] = {}
        self._leaves: dict[Leaf, _Leaves] = {}
        self._present = _present_by_sentence(reading, places_of_bits)
        self._present_in: dict[Range, int] = {}

    def learn(self, levels: Mapping[str, int]) -> None:
        """What the criteria earned, for the red flags that are judged after them."""
        self._levels = levels
        self._known.clear()

    def present(self, region: Range) -> int:
        """The bits of what stands in the sentences that a region touches."""
        known = self._present_in.get(region)
        if known is None:
            known = 0
            if region[0] < region[1]:
                owners = self._reading.regions.sentence_of
                for bits in self._present[owners[region[0]] : owners[region[1] - 1] + 1]:
                    known |= bits
            self._present_in[region] = known
        return known

    def hits(self, program: Program, region: Range) -> list[Hit]:
        """The places where a program holds in a region, in order; at most `MOST_HITS`."""
        return self._hits(program, region, self.present(region))

    def _hits(self, program: Program, region: Range, present: int) -> list[Hit]:
        if not program.possible(present):
            return []
        match program:
            case Leaf():
                return self._leaf(program, region)
            case Shared():
                return self._shared(program, region, present)
            case Any(inside=inside):
                return self._any(inside, region, present)
            case Every():
                return self._every(program, region, present)
            case _:
                return self._other(program, region, present)

    def _shared(self, pattern: Shared, region: Range, present: int) -> list[Hit]:
        key = (pattern, region)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._hits(pattern.inside, region, present)
        return known

    def _every(self, every: Every, region: Range, present: int) -> list[Hit]:
        if every.words is not None:
            return self._near(every.inside, region, present, every.words)
        find = self._in_order if every.order else self._all
        return find(every.inside, region, present)

    def _other(self, program: Program, region: Range, present: int) -> list[Hit]:
        match program:
            case Linked():
                return self._linked(program, region, present)
            case FigureLeaf(range=figure):
                return self._figures(figure, region)
            case Absence(inside=inside):
                held = not self._hits(inside, region, present)
            case LevelLeaf(reached=reached):
                of = reached.of or tuple(self._levels)
                held = any(self._levels.get(criterion, 0) >= reached.level for criterion in of)
            case _:
                raise TypeError(f"not a program: {type(program).__name__}")
        return [Hit(region[0], region[1], ())] if held else []

    def _leaf(self, leaf: Leaf, region: Range) -> list[Hit]:
        known = self._leaves.get(leaf)
        if known is None:
            mentions = [m for m in self._reading.places(leaf.concept).mentions if _COUNTS[leaf.kind](m.scope)]
            known = self._leaves[leaf] = [m.start for m in mentions], [_hit(m) for m in mentions]
        starts, hits = known
        first = bisect_left(starts, region[0])
        last = bisect_left(starts, region[1], lo=first)
        end = region[1]
        return [hit for hit in hits[first:last] if hit.end <= end][:MOST_HITS]

    def _any(self, inside: Sequence[Program], region: Range, present: int) -> list[Hit]:
        found = [hits for each in inside if (hits := self._hits(each, region, present))]
        if not found:
            return []
        return sorted({hit for hits in found for hit in hits})[:MOST_HITS]

    def _all(self, inside: Sequence[Program], region: Range, present: int) -> list[Hit]:
        chosen: list[Hit] = []
        for each in inside:
            if not (hits := self._hits(each, region, present)):
                return []
            chosen.append(hits[0])
        return [_joined(chosen, region)]

    def _near(self, inside: Sequence[Program], region: Range, present: int, words: int) -> list[Hit]:
        """Windows that hold one hit of each and no more than so many words, each as small as can be."""
        kinds = []
        for each in inside:
            if not (hits := self._hits(each, region, present)):
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
                chosen = latest.values()
                if max(each.end for each in chosen) - min(each.start for each in chosen) <= words:
                    found.append(_joined(sorted(chosen), region))
        return (found or absences if wanted == 0 else found)[:MOST_HITS]

    def _in_order(self, inside: Sequence[Program], region: Range, present: int) -> list[Hit]:
        chosen: list[Hit] = []
        after = region[0] - 1
        for each in inside:
            following = next((hit for hit in self._hits(each, region, present) if hit.start > after), None)
            if following is None:
                return []
            chosen.append(following)
            after = following.start
        return [_joined(chosen, region)]

    def _linked(self, link: Linked, region: Range, present: int) -> list[Hit]:
        if not (subjects := self._hits(link.subject, region, present)):
            return []
        targets = self._hits(link.target, region, present)
        rivals = [hit for each in link.rivals for hit in self._hits(each, region, present)] if targets else []
        found = []
        for target in targets:
            subject = min(subjects, key=lambda hit: self._distance(hit, target))
            reach = self._distance(subject, target)
            if reach <= link.words and all(reach < self._distance(rival, target) for rival in rivals):
                found.append(_joined(sorted((subject, target)), region))
        return found

    def _distance(self, one: Hit, other: Hit) -> int:
        first, second = (one, other) if one <= other else (other, one)
        regions = self._reading.regions
        end, start = first.end - 1, second.start
        clauses = regions.main_clause_of[start] - regions.main_clause_of[end]
        sentences = regions.sentence_of[start] - regions.sentence_of[end]
        return max(start - first.end, 0) + _CLAUSE_END * max(clauses, 0) + _SENTENCE_END * max(sentences, 0)

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


def _present_by_sentence(reading: Reading, places_of_bits: Mapping[str, int]) -> list[int]:
    """For each sentence the bits of the concepts that begin in it."""
    present = [0] * len(reading.regions.sentences)
    sentence_of = reading.regions.sentence_of
    for concept, first in places_of_bits.items():
        for start, _, scope in reading.places(concept).mentions:
            present[sentence_of[start]] |= _BITS[scope] << first
    return present


def _joined(hits: Sequence[Hit], region: Range) -> Hit:
    present = [hit for hit in hits if hit.parts]
    if not present:
        return Hit(region[0], region[1], ())
    parts = tuple(sorted({part for hit in present for part in hit.parts}))
    return Hit(min(hit.start for hit in present), max(hit.end for hit in present), parts)
