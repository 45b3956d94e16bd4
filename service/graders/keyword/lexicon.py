"""One automaton for all phrases of a rubric and of its language, and one pass over an answer to find them.

Each distinct stem is a character of the automaton's alphabet, so that a text becomes a string with one character a
unit and a phrase can only match whole words.
"""

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import ahocorasick

from service.graders.keyword.units import stem_phrase
from service.text.words import Text

LONGEST_GAP = 4
"""How many units `...` in a phrase may stand for."""

_UNKNOWN = "\0"
_RECENT = 8
_SHORTEST_MISSPELT = 7
_LONGEST_MISSPELT = 20
_LONGEST_SPELLED = 5


class Found(NamedTuple):
    """A concept said in units `start` to `end` (left out)."""

    concept: str
    start: int
    end: int


class _Part(NamedTuple):
    """A stretch of a phrase between gaps; `number` counts from 0, `last` ends the phrase."""

    concept: str
    phrase: int
    number: int
    last: bool
    size: int
    exception: bool


class Lexicon:
    """Phrases by concept, compiled.

    In a phrase `...` stands for up to four words. A phrase that begins with `!` is an exception: the concept does
    not hold where it stands. Words in capitals are found spelled out too ("R A G"), two words also as one
    ("finetuning").
    """

    def __init__(self, glossary: Mapping[str, Iterable[str]]) -> None:
        self._codes: dict[str, str] = {}
        self._automaton = ahocorasick.Automaton()
        parts: dict[str, list[_Part]] = defaultdict(list)
        number = 0
        for concept, phrases in glossary.items():
            for phrase in phrases:
                for pieces in _spellings(phrase.removeprefix("!")):
                    self._add(parts, concept, number, pieces, exception=phrase.startswith("!"))
                    number += 1
        for key, values in parts.items():
            self._automaton.add_word(key, tuple(values))
        self._automaton.make_automaton()
        self._empty = not parts
        # Sorted, so that a variant of two words always stands for the same one.
        self._variants = {variant: stem for stem in sorted(self._codes, reverse=True) for variant in _variants(stem)}

    def _add(
        self,
        parts: dict[str, list[_Part]],
        concept: str,
        phrase: int,
        pieces: Sequence[tuple[str, ...]],
        *,
        exception: bool,
    ) -> None:
        for number, piece in enumerate(pieces):
            key = "".join(self._code(stem) for stem in piece)
            parts[key].append(_Part(concept, phrase, number, number == len(pieces) - 1, len(piece), exception))

    def _code(self, stem: str) -> str:
        if stem not in self._codes:
            point = len(self._codes) + 1
            self._codes[stem] = chr(point if point < 0xD800 else point + 0x800)
        return self._codes[stem]

    def _misspelt(self, stem: str) -> str:
        """The code of a long word with one letter missing or too many or two swapped; else that of the unknown."""
        for variant in _variants(stem):
            meant = self._variants.get(variant)
            # Another letter in its place makes another word too often ("respond", "response").
            if meant and (len(meant) != len(stem) or sorted(meant) == sorted(stem)):
                return self._codes[meant]
        return _UNKNOWN

    def find(self, stems: Sequence[str], sentence_of: Sequence[int]) -> dict[str, list[Found]]:
        """Everything said, by concept and in order of its beginning; no phrase reaches across a sentence's end.

        Where phrases of one concept overlap, the longest stands.
        """
        if self._empty or not stems:
            return {}
        coded = "".join(self._codes.get(stem) or self._misspelt(stem) for stem in stems)
        found: dict[str, list[Found]] = defaultdict(list)
        exceptions: dict[str, list[Found]] = defaultdict(list)
        begun: dict[tuple[int, int], deque[tuple[int, int]]] = {}
        for last, parts in self._automaton.iter(coded):
            for part in parts:
                end = last + 1
                start = _phrase_start(part, end - part.size, begun)
                if start is None or sentence_of[start] != sentence_of[last]:
                    continue
                if part.last:
                    kind = exceptions if part.exception else found
                    kind[part.concept].append(Found(part.concept, start, end))
                else:
                    begun.setdefault((part.phrase, part.number), deque(maxlen=_RECENT)).append((start, end))
        return {concept: _longest(places, exceptions.get(concept, ())) for concept, places in sorted(found.items())}


def _variants(stem: str) -> list[str]:
    """A long word as it is and without each of its letters but the first."""
    if not _SHORTEST_MISSPELT <= len(stem) <= _LONGEST_MISSPELT or not stem.isalpha():
        return []
    return [stem, *(stem[:index] + stem[index + 1 :] for index in range(1, len(stem)))]


def _phrase_start(part: _Part, start: int, begun: Mapping[tuple[int, int], Iterable[tuple[int, int]]]) -> int | None:
    if part.number == 0:
        return start
    for first, end in reversed(list(begun.get((part.phrase, part.number - 1), ()))):
        if 0 <= start - end <= LONGEST_GAP:
            return first
    return None


def _longest(places: Sequence[Found], exceptions: Sequence[Found]) -> list[Found]:
    """Drop what lies inside another place of the same concept, or inside an exception."""
    kept: list[Found] = []
    for place in sorted(places, key=lambda place: (place.start, -place.end)):
        if not kept or place.end > kept[-1].end:
            kept.append(place)
    if not exceptions:
        return kept
    covered = _longest(exceptions, ())
    return [place for place in kept if not _inside_any(place, covered)]


def _inside_any(place: Found, ranges: Sequence[Found]) -> bool:
    at = bisect_right(ranges, place.start, key=lambda other: other.start) - 1
    return at >= 0 and place.end <= ranges[at].end


@lru_cache(maxsize=20_000)  # a language's phrases go into every rubric's lexicon
def _spellings(phrase: str) -> Sequence[Sequence[tuple[str, ...]]]:
    """The pieces between gaps, once as written, and once for each other way the phrase may come."""
    written = [Text(piece) for piece in phrase.split("...")]
    pieces = [piece for text in written if (piece := stem_phrase([word.text for word in text.words]))]
    if not pieces:
        return []
    spellings = [pieces]
    if len(written) == 1:
        words = [word.text for word in written[0].words]
        if len(words) == 2 and all(word.isalpha() for word in words):
            spellings.append([stem_phrase(["".join(words)])])
        if _spelled_by_letter(phrase.strip()):
            spellings.append([tuple(words[0])])
    return spellings


def _spelled_by_letter(phrase: str) -> bool:
    return phrase.isalpha() and phrase.isascii() and phrase.isupper() and 2 <= len(phrase) <= _LONGEST_SPELLED
