"""What the keyword grader must know of a language: its markers, its cues of scope and its small words."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.text.words import Text

Phrases = tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """Phrases by marker and by cue, in the notation of a rubric's glossary, and sets of folded words."""

    code: str
    markers: Mapping[str, Phrases]
    """For `service.rubric.signals.MARKERS`."""
    cues: Mapping[str, Phrases]
    """For `service.graders.keyword.scope`; the names begin with `~`, which no rubric can write."""
    small_words: frozenset[str]
    """Articles, pronouns, prepositions, auxiliaries: what makes words a sentence."""
    breaks: frozenset[str]
    """Words that begin a new clause."""
    subordinating: frozenset[str]
    """Those of them that go on about the clause before."""
    speech_breaks: frozenset[str]
    """Words at which speech without punctuation may be cut."""
    listing_words: frozenset[str]
    """Those of the small words that a list is made of too."""
    openers: frozenset[str]
    """Words that a quote need not begin with."""
    negation_ends: frozenset[str]
    """Words beyond which a negation before them does not reach."""


def phrases(text: str) -> Phrases:
    """Phrases separated by semicolons or ends of lines."""
    return tuple(stripped for line in text.splitlines() for piece in line.split(";") if (stripped := piece.strip()))


def words_of(text: str) -> frozenset[str]:
    """The words of a text, as they compare."""
    return frozenset(word.text for word in Text(text).words)
