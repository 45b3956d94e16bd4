"""What the keyword grader must know of a language: its markers, its cues of scope and its small words."""

from collections.abc import Mapping
from dataclasses import dataclass
from re import Pattern

from service.graders.keyword.units import stem_phrase
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
    listing_joiners: frozenset[str]
    """Words with which the items of a list are strung together."""
    joiners: frozenset[str]
    """Those, and the words with which one may try to make phrases of them."""
    speaking_words: frozenset[str]
    """Words that hardly any sentence in earnest lacks: pronouns, modal verbs, negations, words of purpose."""
    articles: frozenset[str]
    after_no_article: frozenset[str]
    """Words that an article never stands before."""
    openers: frozenset[str]
    """Words that a quote need not begin with."""
    negation_ends: frozenset[str]
    """Words beyond which a negation before them does not reach."""
    modal_stems: frozenset[str]
    """Stems of auxiliaries that wait for their verb."""
    fillers: Pattern[str]
    """Sounds of hesitation, with the commas that only they need."""
    empty_sentences: frozenset[tuple[str, ...]]
    """Stems of whole sentences that say nothing."""
    introduction: Pattern[str]
    """A whole sentence in lower case that only says who speaks."""
    common_stems: frozenset[str]
    """Stems of everyday words, which tell little of what a text is about."""
    meta_stems: frozenset[str]
    """Stems of words that speak of an answer instead of its subject."""
    synonyms: Mapping[str, str]
    """From a stem to the one that stands for all that say nearly the same."""


def phrases(text: str) -> Phrases:
    """Phrases separated by semicolons or ends of lines."""
    return tuple(stripped for line in text.splitlines() for piece in line.split(";") if (stripped := piece.strip()))


def words_of(text: str) -> frozenset[str]:
    """The words of a text, as they compare."""
    return frozenset(word.text for word in Text(text).words)


def stems_of(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stem_phrase([word.text for word in Text(text).words]))


def synonyms_of(text: str) -> Mapping[str, str]:
    """From the stem of each word of a group, groups separated by semicolons, to the stem of its first."""
    groups = [stem_phrase(group.split()) for group in text.split(";")]
    return {stem: group[0] for group in groups for stem in group}
