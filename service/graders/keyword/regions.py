"""Sentences and clauses over units, also for speech that came without punctuation."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.graders.keyword.language import Language
from service.graders.keyword.units import Units
from service.text.words import Span

LONG_SENTENCE = 40
"""Above so many units a sentence is taken for speech and cut at discourse markers."""

_SHORTEST_PIECE = 10
_LONGEST_PIECE = 80
_SHORTEST_CLAUSE = 3

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Regions:
    """Half-open ranges of units; `sentence_of[i]` and `clause_of[i]` are the indices of those that hold unit `i`.

    `main_clause_of[i]` counts clauses too, but one that begins with "when" or "because" goes with the one before.
    """

    sentences: tuple[Range, ...]
    clauses: tuple[Range, ...]
    sentence_of: tuple[int, ...]
    clause_of: tuple[int, ...]
    main_clause_of: tuple[int, ...]


def cut_regions(units: Units, language: Language) -> Regions:
    """Cut a text; every unit is in exactly one sentence and one clause."""
    sentences: list[Range] = []
    for start, end in _as_units(units, units.text.sentences):
        sentences += _cut_speech(units, start, end, language)
    clauses = _cut_clauses(units, sentences, language)
    ends = _clause_ends(units)
    main = [clause for clause in clauses if clause[0] in ends or _word(units, clause[0]) not in language.subordinating]
    starts = [start for start, _ in main] or [0]
    joined = list(zip(starts, [*starts[1:], len(units.stems)], strict=True))
    return Regions(tuple(sentences), tuple(clauses), _owners(sentences), _owners(clauses), _owners(joined))


def _as_units(units: Units, spans: Sequence[Span]) -> list[Range]:
    """Ranges of units from ranges of the text; together they hold all units."""
    words = units.text.words
    ends = [span.end for span in spans]
    ranges: list[Range] = []
    start, at = 0, 0
    for index, word in enumerate(units.words):
        moved = at
        while moved < len(ends) - 1 and words[word].start >= ends[moved]:
            moved += 1
        if moved != at:
            if index > start:
                ranges.append((start, index))
            start, at = index, moved
    if start < len(units.words):
        ranges.append((start, len(units.words)))
    return ranges


def _cut_speech(units: Units, start: int, end: int, language: Language) -> list[Range]:
    if end - start <= LONG_SENTENCE:
        return [(start, end)]
    pieces = []
    begun = start
    for index in range(start, end):
        size = index - begun
        marked = size >= _SHORTEST_PIECE and _word(units, index) in language.speech_breaks
        if (marked and _word(units, index - 1) not in language.speech_breaks) or size >= _LONGEST_PIECE:
            pieces.append((begun, index))
            begun = index
    return [*pieces, (begun, end)]


def _cut_clauses(units: Units, sentences: Sequence[Range], language: Language) -> list[Range]:
    words = units.text.words
    ends = _clause_ends(units)
    clauses = []
    for start, end in sentences:
        begun = start
        for index in range(start + 1, end):
            by_word = index - begun >= _SHORTEST_CLAUSE and words[units.words[index]].text in language.breaks
            if index in ends or by_word:
                clauses.append((begun, index))
                begun = index
        clauses.append((begun, end))
    return clauses


def _clause_ends(units: Units) -> set[int]:
    """The units before which punctuation ends a clause; the first unit is one of them."""
    return {first for first, _ in _as_units(units, units.text.clauses)}


def _word(units: Units, index: int) -> str:
    return units.text.words[units.words[index]].text


def _owners(ranges: Sequence[Range]) -> tuple[int, ...]:
    return tuple(number for number, (start, end) in enumerate(ranges) for _ in range(start, end))
