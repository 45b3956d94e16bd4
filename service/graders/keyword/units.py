"""From words to the units that glossaries are matched on: contractions apart, irregular forms and endings folded.

The same folding is applied to the answer and to the glossary, so a folding that is odd but the same for both is
harmless.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import Stemmer

from service.text.words import Span, Text

_LONGEST_WORD = 40
_IRREGULAR = {
    form: lemma
    for lemma, forms in {
        "be": "am is are was were been being",
        "have": "has had having",
        "do": "does did done doing",
        "go": "goes went gone going",
        "know": "knew known",
        "build": "built",
        "hold": "held",
        "keep": "kept",
        "break": "broke broken",
        "begin": "began begun",
        "buy": "bought",
        "sell": "sold",
        "say": "said",
        "tell": "told",
        "think": "thought",
        "leave": "left",
        "lose": "lost",
        "make": "made making",
        "mean": "meant",
        "run": "ran",
        "see": "saw seen",
        "send": "sent",
        "show": "shown",
        "spend": "spent",
        "stick": "stuck",
        "take": "took taken",
        "write": "wrote written",
        "give": "gave given",
        "get": "got gotten",
        "come": "came",
        "become": "became",
        "grow": "grew grown",
        "rise": "rose risen",
        "fall": "fell fallen",
        "feed": "fed",
        "catch": "caught",
        "choose": "chose chosen",
        "forget": "forgot forgotten",
        "teach": "taught",
        "pay": "paid",
        "find": "found",
        "lead": "led",
        "sink": "sank sunk",
        "speak": "spoke spoken",
        "hear": "heard",
        "hardly": "hardly",  # or its stem would be that of "hard", which denies nothing
    }.items()
    for form in forms.split()
}
_SPLIT = {
    "cannot": ("can", "not"),
    "can't": ("can", "not"),
    "won't": ("will", "not"),
    "shan't": ("shall", "not"),
    "ain't": ("be", "not"),
    "gonna": ("go", "to"),
    "wanna": ("want", "to"),
    "let's": ("let", "us"),
    # What speech recognition and hurried typing make of the contractions.
    **{f"{verb}nt": (_IRREGULAR.get(verb, verb), "not") for verb in "does did is was were are has have had".split()},
    **{f"{verb}nt": (verb, "not") for verb in "do would could should".split()},
    "cant": ("can", "not"),
    "wont": ("will", "not"),
}
_CLITICS = {"'re": "be", "'ve": "have", "'ll": "will", "'d": "would", "'m": "be"}
# After these, 's stands for "is" or "has"; after other words it marks possession.
_BEFORE_IS = frozenset("it that there here he she what who where how this which everything nothing one".split())
_BRITISH = (
    (re.compile(r"(?<=\w{3})our(?=(?:s|ed|ing|al|able|ably)?$)"), "or"),
    (re.compile(r"(?<=\w{3})is(?=(?:e|es|ed|er|ers|ing|ation|ations)$)"), "iz"),
    (re.compile(r"(?<=\w{3})ogue(?=s?$)"), "og"),
)
_stemmer = Stemmer.Stemmer("english")
_stemmer_lock = Lock()


@dataclass(frozen=True, slots=True)
class Units:
    """The units of a text in order; `words[i]` is the index of the word that unit `i` came from."""

    text: Text
    stems: tuple[str, ...]
    words: tuple[int, ...]

    def span(self, start: int, end: int) -> Span:
        """The range of the text that units `start` to `end` (left out) came from."""
        words = self.text.words
        return Span(words[self.words[start]].start, words[self.words[end - 1]].end)


def read_units(text: Text) -> Units:
    """Fold all words of a text."""
    stems: list[str] = []
    words: list[int] = []
    for index, word in enumerate(text.words):
        folded = stem_word(word.text)
        stems += folded
        words += [index] * len(folded)
    return Units(text, tuple(stems), tuple(words))


def stem_phrase(words: Sequence[str]) -> tuple[str, ...]:
    """Fold words that stand one after another."""
    return tuple(stem for word in words for stem in stem_word(word))


def stem_word(word: str) -> tuple[str, ...]:
    """The units of one word in lower case; more than one for a contraction."""
    # A huge token matches nothing and is kept out of the cache.
    return _stem_word(word) if len(word) <= _LONGEST_WORD else (word,)


@lru_cache(maxsize=50_000)
def _stem_word(word: str) -> tuple[str, ...]:
    if word in _SPLIT:
        return _SPLIT[word]
    if "'" not in word:
        return (_stem(word),)
    if word.endswith("n't"):
        return (_stem(word[:-3]), "not")
    for ending, verb in _CLITICS.items():
        if word.endswith(ending):
            return (_stem(word[: -len(ending)]), verb)
    if word.endswith("'s"):
        base = word[:-2]
        return (base, "be") if base in _BEFORE_IS else (_stem(base),)
    return (_stem(word),)


def _stem(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for pattern, spelling in _BRITISH:
        word = pattern.sub(spelling, word)
    with _stemmer_lock:  # a stemmer object may not be entered by two threads at once
        return str(_stemmer.stemWord(word))
