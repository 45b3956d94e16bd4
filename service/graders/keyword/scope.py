"""Who says it, and in earnest? The scope of each concept that an answer mentions."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum

from service.graders.keyword.language import Language
from service.graders.keyword.lexicon import Found
from service.graders.keyword.regions import Range, Regions
from service.graders.keyword.units import Units

_NEGATION_REACH = 6
_REJECTION_REACH = 8
_OPENING = 5
"""So many units into a sentence "I disagree" speaks of the sentence before."""

Cues = Mapping[str, Sequence[Found]]


class Scope(Enum):
    """What the candidate does with a concept; only what is claimed earns a level."""

    CLAIMED = "claimed"
    DENIED = "denied"
    REPORTED = "reported"
    SUPPOSED = "supposed"
    VOID = "void"
    """In a list of keywords, an echo of the question or an order to the grader: as good as not said."""


class Scopes:
    """Answers for one text in which scope a concept stands."""

    def __init__(
        self,
        units: Units,
        regions: Regions,
        cues: Cues,
        *,
        language: Language,
        own: Sequence[Found],
        void: Iterable[Range],
    ) -> None:
        self._units = units
        self._regions = regions
        self._language = language
        self._by_unit: list[Scope] = [Scope.CLAIMED] * len(units.stems)
        own_cover = _Cover(own)
        shielded = _Cover([*own, *cues.get("~no-negation", ())])
        negations = [cue for cue in _merged(cues.get("~negation", ())) if not shielded.covers(cue)]
        self._negations = sorted([*negations, *self._resumed(negations)], key=lambda cue: cue.end)
        self._negation_ends = [cue.end for cue in self._negations]
        self._rejections = [cue for cue in cues.get("~rejected-after", ()) if not own_cover.covers(cue)]
        self._rejection_starts = [cue.start for cue in self._rejections]
        self._mark(cues, own_cover)
        for start, end in void:
            self._fill(start, end, Scope.VOID)

    def of(self, found: Found) -> Scope:
        """The scope of a concept where it stands."""
        scope = self._by_unit[found.start]
        if scope is Scope.CLAIMED and (self._negated(found) or self._rejected(found)):
            return Scope.DENIED
        return scope

    def of_marker(self, found: Found) -> Scope:
        """The scope of a word like "because", which cannot be denied."""
        return self._by_unit[found.start]

    def _fill(self, start: int, end: int, scope: Scope) -> None:
        self._by_unit[start:end] = [scope] * (end - start)

    def _mark(self, cues: Cues, own: "_Cover") -> None:
        sentences = self._regions.sentences
        own_voice = [cue.start for cue in cues.get("~own-voice", ())]
        for cue in cues.get("~supposed", ()):
            self._fill(cue.start, self._supposed_until(cue, own_voice), Scope.SUPPOSED)
        for cue in cues.get("~ignorance", ()):
            if not own.covers(cue):
                self._fill(cue.start, self._clause_end(cue.start), Scope.SUPPOSED)
        for index, (start, end) in enumerate(sentences):
            if self._is_idle_question(index, cues):
                self._fill(start, end, Scope.SUPPOSED)
        for cue in cues.get("~correction", ()):
            begin = self._regions.clauses[max(self._regions.clause_of[cue.start] - 1, 0)][0]
            self._fill(max(begin, sentences[self._regions.sentence_of[cue.start]][0]), cue.end, Scope.SUPPOSED)
        reported = self._mark_reports(cues)
        for cue in cues.get("~disagree", ()):
            index = self._regions.sentence_of[cue.start]
            start, _ = sentences[index]
            if index and cue.start - start < _OPENING and index - 1 not in reported:
                self._fill(*sentences[index - 1], Scope.DENIED)

    def _mark_reports(self, cues: Cues) -> set[int]:
        endorsed = {self._regions.sentence_of[cue.start] for cue in cues.get("~endorse", ())}
        own_voice = [cue.start for cue in cues.get("~own-voice", ())]
        reported = set()
        for cue in cues.get("~report", ()):
            index = self._regions.sentence_of[cue.start]
            if endorsed & {index, index + 1}:
                continue
            reported.add(index)
            end = self._regions.sentences[index][1]
            back = bisect_right(own_voice, cue.end - 1)
            if back < len(own_voice):
                end = min(end, max(own_voice[back], cue.end))
            self._fill(cue.start, end, Scope.REPORTED)
        return reported

    def _is_idle_question(self, index: int, cues: Cues) -> bool:
        """Whether a sentence asks whom it talks to, instead of naming a question that decides."""
        start, end = self._regions.sentences[index]
        if "?" not in self._tail(end):
            return False
        asking = cues.get("~asking", ())
        at = bisect_right(asking, start - 1, key=lambda cue: cue.start)
        return at < len(asking) and asking[at].start < min(start + _OPENING, end)

    def _tail(self, end: int) -> str:
        words = self._units.text.words
        last = self._units.words[end - 1]
        until = words[last + 1].start if last + 1 < len(words) else len(self._units.text.raw)
        return self._units.text.raw[words[last].end : min(until, words[last].end + 4)]

    def _clause_end(self, unit: int) -> int:
        return self._regions.clauses[self._regions.clause_of[unit]][1]

    def _negated(self, found: Found) -> bool:
        clause = self._regions.clause_of[found.start]
        at = bisect_right(self._negation_ends, found.start) - 1
        count = 0
        while at >= 0 and found.start - self._negation_ends[at] <= _NEGATION_REACH:
            cue = self._negations[at]
            if self._regions.clause_of[cue.start] != clause or self._ends_between(cue.end, found.start):
                break
            count += 1
            at -= 1
        return count % 2 == 1

    def _resumed(self, negations: Iterable[Found]) -> Iterator[Found]:
        """Where a negation goes on behind what is put between: "I would not, whatever they promise, train it"."""
        clauses = self._regions.clauses
        for cue in negations:
            at = self._regions.clause_of[cue.start]
            if cue.end != clauses[at][1] or at + 2 >= len(clauses):
                continue
            put_between, after = clauses[at + 1][0], clauses[at + 2][0]
            same_sentence = self._regions.sentence_of[cue.start] == self._regions.sentence_of[after]
            before = self._units.stems[cue.start - 1] if cue.start > clauses[at][0] else ""
            # A modal verb waits for its verb; "because" or a new subject ends what was said.
            if (
                same_sentence
                and before in self._language.modal_stems
                and self._word(put_between) not in self._language.breaks
                and self._word(after) not in self._language.small_words
            ):
                yield Found(cue.concept, after, after)

    def _word(self, unit: int) -> str:
        return self._units.text.words[self._units.words[unit]].text

    def _supposed_until(self, cue: Found, own_voice: Sequence[int]) -> int:
        """The end of the clause; of the sentence where the cue is all of its clause: "In theory, ..."."""
        start, end = self._regions.clauses[self._regions.clause_of[cue.start]]
        if cue.end != end or any(self._word(unit) not in self._language.openers for unit in range(start, cue.start)):
            return end
        until = self._regions.sentences[self._regions.sentence_of[cue.start]][1]
        back = bisect_right(own_voice, cue.end - 1)
        return min(until, max(own_voice[back], end)) if back < len(own_voice) else until

    def _ends_between(self, start: int, end: int) -> bool:
        return any(self._word(unit) in self._language.negation_ends for unit in range(start, end))

    def _rejected(self, found: Found) -> bool:
        at = bisect_right(self._rejection_starts, found.end - 1)
        if at >= len(self._rejections):
            return False
        cue = self._rejections[at]
        return (
            self._regions.clause_of[cue.start] == self._regions.clause_of[found.start]
            and cue.start - found.end <= _REJECTION_REACH
        )


class _Cover:
    """Tells quickly whether a place lies inside one of many."""

    def __init__(self, places: Iterable[Found]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for place in sorted(places, key=lambda place: place.start):
            self._starts.append(place.start)
            self._ends.append(place.end)

    def covers(self, place: Found) -> bool:
        """Whether a longer place holds this one."""
        at = bisect_right(self._starts, place.start) - 1
        # A handful back is enough: phrases are short, and longer ones begin nearby.
        return any(
            self._ends[index] >= place.end and self._ends[index] - self._starts[index] > place.end - place.start
            for index in range(at, max(at - 12, -1), -1)
        )


def _merged(cues: Sequence[Found]) -> list[Found]:
    merged: list[Found] = []
    for cue in cues:
        if merged and cue.start < merged[-1].end:
            merged[-1] = merged[-1]._replace(end=max(cue.end, merged[-1].end))
        else:
            merged.append(cue)
    return merged
