"""Everything the keyword grader knows of one answer before it looks at any signal."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.graders.keyword.figures import Number, find_figures
from service.graders.keyword.language import Language
from service.graders.keyword.lexicon import Found, Lexicon
from service.graders.keyword.regions import Range, Regions, cut_regions
from service.graders.keyword.scope import Scope, Scopes
from service.graders.keyword.units import Units, read_units, stem_phrase
from service.graders.keyword.void import Known, Topics, find_void
from service.text.words import Span, Text

_NO_TOPIC = "~$="
"""With one of these begins the name of what belongs to the language, or is a mere word of the rubric."""

_REASONS = ("$cause", "$condition", "$consequence", "$contrast", "$example", "$experience")

_LONGEST_EMPTY = 50
"""Characters of a sentence that may say nothing."""


class Mention(NamedTuple):
    """A concept in units `start` to `end` (left out), and what the candidate does with it."""

    start: int
    end: int
    scope: Scope


class Places(NamedTuple):
    """The mentions of one concept in order, with their beginnings apart for searching."""

    starts: list[int]
    mentions: list[Mention]

    def within(self, region: Range) -> list[Mention]:
        """Those that lie wholly in a region."""
        first = bisect_left(self.starts, region[0])
        last = bisect_left(self.starts, region[1], lo=first)
        return [mention for mention in self.mentions[first:last] if mention.end <= region[1]]


NOWHERE = Places([], [])


@dataclass(frozen=True)
class Reading:
    """An answer's units, regions, concepts and figures.

    `defences` names what was found to earn nothing, and where; `openers` are words that a quote need not begin with.
    """

    units: Units
    regions: Regions
    concepts: Mapping[str, Places]
    figures: Places
    numbers: Sequence[Number]
    defences: Mapping[str, Sequence[Range]]
    openers: frozenset[str]
    source: str
    """The answer as it was sent, at the same offsets as the text of the units."""

    def places(self, concept: str) -> Places:
        """Where a concept stands."""
        return self.concepts.get(concept, NOWHERE)


def read_answer(text: Text, lexicon: Lexicon, language: Language, known: Known) -> Reading:
    """Read an answer once; `known` is what it may read back without saying anything."""
    source = text.raw
    text = _without_fillers(text, language)
    units = read_units(text)
    regions = cut_regions(units, language)
    numbers = find_figures(units, language.code)
    found = lexicon.find(units.stems, regions.sentence_of)
    cues = {name: places for name, places in found.items() if name.startswith("~")}
    markers = {name: places for name, places in found.items() if name.startswith("$")}
    concepts = {name: places for name, places in found.items() if name[0] not in "~$"}
    void = find_void(units, regions, language, known, _topics(found, numbers))
    own = [place for places in concepts.values() for place in places]
    scopes = Scopes(units, regions, cues, language=language, own=own, void=void.ranges)
    mentions = {
        **{name: _places(places, [scopes.of(place) for place in places]) for name, places in concepts.items()},
        **{name: _places(places, [scopes.of_marker(place) for place in places]) for name, places in markers.items()},
    }
    as_found = [Found("$figure", number.start, number.end) for number in numbers]
    figures = _places(as_found, [scopes.of_marker(place) for place in as_found])
    return Reading(
        units, regions, {**mentions, "$figure": figures}, figures, numbers, void.defences, language.openers, source
    )


def _topics(found: Mapping[str, Sequence[Found]], numbers: Sequence[Number]) -> Topics:
    return Topics(
        concepts=[
            (start, end) for name, places in found.items() if name[0] not in _NO_TOPIC for _, start, end in places
        ],
        reasons=[(start, end) for name in _REASONS for _, start, end in found.get(name, ())],
        figures=[(number.start, number.end) for number in numbers],
    )


def _without_fillers(text: Text, language: Language) -> Text:
    """The text with hesitations and empty sentences blanked, so that they stand between no two words."""
    blanked, times = language.fillers.subn(lambda match: " " * len(match.group()), text.raw)
    spoken = Text(blanked) if times else text
    empty = [span for span in spoken.sentences if _says_nothing(spoken, span, language)]
    if not empty:
        return spoken
    raw = spoken.raw
    for start, end in empty:
        raw = f"{raw[:start]}{' ' * (end - start)}{raw[end:]}"
    return Text(raw)


def _says_nothing(text: Text, sentence: Span, language: Language) -> bool:
    if sentence.end - sentence.start > _LONGEST_EMPTY:
        return False
    if language.introduction.fullmatch(text.raw[sentence.start : sentence.end].lower()):
        return True
    return stem_phrase([word.text for word in text.words_in(*sentence)]) in language.empty_sentences


def _places(found: Sequence[Found], scopes: Sequence[Scope]) -> Places:
    mentions = [Mention(place.start, place.end, scope) for place, scope in zip(found, scopes, strict=True)]
    return Places([mention.start for mention in mentions], mentions)
