"""Is a quote really in the answer, and where?

After folding, the quote's words must be the answer's, in order. Only fillers, immediate repeats and spelled-out
letters of the answer may be missing from the quote; any other missing, added or changed word refuses it. What is
returned is always a range of the answer, so what gets published are the answer's own words.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from service.text.words import Span, Text, Word

SHORT_QUOTE = 12
"""A quote with fewer characters than this stands only if it occurs once, and is widened to its clause."""


@dataclass(frozen=True, slots=True)
class FoundQuote:
    """A quote's place in the answer; `repaired` where the answer has words the quote left out."""

    span: Span
    repaired: bool


@dataclass(frozen=True, slots=True)
class QuoteRefused:
    """Why a quote supports nothing, in words that can be sent back to who gave it."""

    why: str


_ELLIPSIS = re.compile(r"\[\s*(?:\.{3,}|\u2026)\s*\]|\.{3,}|\u2026|(?:\.\s){2,}\.")
_FILLERS = frozenset(["um", "umm", "uhm", "uh", "uhh", "er", "err", "erm", "ah", "eh", "hm", "hmm", "mm", "mhm"])
_FILLER_PAIRS = frozenset([("you", "know"), ("i", "mean")])
_LONGEST_REPEAT = 3
# Between two words of a quote; a longer stammer is no slip that a faithful quote may smooth over.
_MOST_PASSED = 12
# Bounds the search in an answer made to be slow; an ordinary one takes a few hundred steps.
_MOST_STEPS = 100_000
_NEGATIONS = frozenset(["not", "no", "never", "none", "nor", "neither", "cannot", "without", "hardly", "barely"])

_NOT_THERE = QuoteRefused("these words are not in the answer, in this order")


def find_quote(answer: Text, quote: str) -> list[FoundQuote] | QuoteRefused:
    """Find every part of a quote in the answer; an ellipsis splits a quote into parts.

    One part that is not there refuses the whole quote, since what it was to show may hang on that part. An ellipsis
    that the answer itself has splits nothing, and none may swallow a negation.
    """
    if not (words := Text(quote).words):
        return QuoteRefused("the quote has no words")
    parts = [part for piece in _ELLIPSIS.split(quote) if (part := Text(piece).words)]
    if len(parts) == 1 or answer.places_of(words, 1):
        parts = [words]
    found: list[FoundQuote] = []
    for part in parts:
        match = _find_part(answer, part)
        if isinstance(match, QuoteRefused):
            return match
        if found and _negated_between(answer, found[-1].span.end, match.span.start):
            return QuoteRefused("the ellipsis leaves out a negation; quote the words between as well")
        found.append(match)
    return found


def occurs_in(words: tuple[Word, ...], text: Text) -> bool:
    """Whether the words stand in a text one after another, fillers aside."""
    return bool(words) and (bool(text.places_of(words, 1)) or bool(_repaired(text.words, words, 1)))


def _find_part(answer: Text, words: tuple[Word, ...]) -> FoundQuote | QuoteRefused:
    short = words[-1].end - words[0].start < SHORT_QUOTE
    # Where the answer says it word for word, that place is meant rather than one that needs repair.
    exact = [(start, start + len(words)) for start in answer.places_of(words, 2)]
    repaired = [] if exact and not short else _repaired(answer.words, words, 2)
    matches = [*exact, *(match for match in repaired if match not in exact)]
    if not matches:
        return _NOT_THERE
    if short and len(matches) > 1:
        return QuoteRefused("the quote is too short to tell which of several places it means; quote more words")
    start, end = matches[0]
    span = Span(answer.words[start].start, answer.words[end - 1].end)
    return FoundQuote(answer.clause_around(*span) if short else span, repaired=not exact)


def _negated_between(answer: Text, start: int, end: int) -> bool:
    """Whether a sentence that goes on from one place to another has a negation between them."""
    sentences = [sentence.start for sentence in answer.sentences]
    if bisect_right(sentences, start) != bisect_right(sentences, end):
        return False
    first = bisect_left(answer.words, start, key=lambda word: word.start)
    last = bisect_left(answer.words, end, key=lambda word: word.start)
    return any(word.text in _NEGATIONS or word.text.endswith("n't") for word in answer.words[first:last])


def _repaired(answer: tuple[Word, ...], quote: tuple[Word, ...], limit: int) -> list[tuple[int, int]]:
    """Where the quote stands in the answer but for what may be passed over; ranges of words, at most `limit`."""
    first = quote[0].text
    found: list[tuple[int, int]] = []
    steps = _MOST_STEPS
    for start, word in enumerate(answer):
        if word.text != first and word.text != first[0]:
            continue
        end, taken = _align(answer, start, quote, steps)
        if end is not None:
            found.append((start, end))
        steps -= taken
        if steps <= 0 or len(found) == limit:
            break
    return found


def _align(answer: tuple[Word, ...], start: int, quote: tuple[Word, ...], most: int) -> tuple[int | None, int]:
    """Walk both word by word; returns where the match ends in the answer, if it does, and the steps taken."""
    at, index, passed = start, 0, 0
    for step in range(most):
        if index == len(quote):
            return at, step
        if taken := _taken(answer, at, quote[index].text):
            at, index, passed = at + taken, index + 1, 0
            continue
        skipped = _passable(answer, at) if index else 0
        at, passed = at + skipped, passed + skipped
        if not skipped or passed > _MOST_PASSED:
            return None, step + 1
    return None, most


def _taken(answer: tuple[Word, ...], at: int, word: str) -> int:
    """How many words of the answer say the word: itself, or its letters, as speech recognition writes "R A G"."""
    if at < len(answer) and answer[at].text == word:
        return 1
    size = len(word)
    if size < 2 or at + size > len(answer) or not word.isalpha():  # "2 0" is not 20
        return 0
    return size if all(answer[at + i].text == letter for i, letter in enumerate(word)) else 0


def _passable(answer: tuple[Word, ...], at: int) -> int:
    """How many words from here on a faithful quote may leave out: a filler, or an immediate repeat."""
    if at >= len(answer):
        return 0
    if answer[at].text in _FILLERS:
        return 1
    if at + 1 < len(answer) and (answer[at].text, answer[at + 1].text) in _FILLER_PAIRS:
        return 2
    for size in range(1, min(_LONGEST_REPEAT, at) + 1):
        here = [word.text for word in answer[at : at + size]]
        if here == [word.text for word in answer[at - size : at]] and not all(map(_counts, here)):
            return size
    return 0


def _counts(word: str) -> bool:
    """Whether saying a word twice says something else: a second "not" undoes the first, "20 20" is no stammer."""
    return word == "not" or word[-1:].isdigit()
