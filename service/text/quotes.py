"""Is a quote really in the answer, and where?

Both are folded and compared word by word. A faithful quote may leave out the answer's fillers and stammers and may join
letters that were spelled out; one word more, less or different refuses it. What is
returned is always a range of the answer, so what gets published are the answer's own words.
"""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

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
_SPACES = " \t\r\n"
# No word goes on over these.
_WORDS_END = re.compile(rf"[.,;:!?)\"]{{0,3}}(?:[{_SPACES}]|\Z)")
# What people say while they think; it takes part in no meaning.
FILLERS = frozenset(["um", "umm", "uhm", "uh", "uhh", "er", "err", "erm", "ah", "eh", "hm", "hmm", "mhm"])
FILLER_PAIRS = frozenset([("you", "know"), ("i", "mean")])
_LONGEST_REPEAT = 3
# Between two words of a quote; a longer stammer is no slip that a faithful quote may smooth over.
_MOST_PASSED = 12
# Bounds the search in an answer made to be slow; an ordinary one takes a few hundred steps.
_MOST_STEPS = 100_000
# What stands on either side of such a mark was said twice on purpose; an ellipsis or a dash is part of a stammer.
_PAUSE = re.compile(r"(?<!\.)\.(?!\.)|[!?;:\n\u3002\uff01\uff1f\uff1b\uff1a]")
_NEGATIONS = frozenset(
    "not no never none nor neither nobody nothing nowhere cannot without hardly barely scarcely rarely seldom".split()
)

_SIGNS = frozenset(
    ["$", "\u20ac", "\u00a3", "\u00a5", "\u20b9", "<", ">", "=", "!=", "\u2264", "\u2265", "\u00b1", "~"]
)
_RANGE = frozenset(["-", "\u2010", "\u2011", "\u2013", "\u2014", "/", "\u2044"])

_NOT_THERE = QuoteRefused("these words are not in the answer, in this order")


def find_quote(answer: Text, quote: str) -> list[FoundQuote] | QuoteRefused:
    """Find every part of a quote in the answer; an ellipsis splits a quote into parts.

    One part that is not there, after the part before it, refuses the whole quote, since what it was to show may hang
    on that part. An ellipsis that the answer itself has splits nothing, and none may swallow a negation.
    """
    if not (words := _words_of(answer, quote)):
        return QuoteRefused("the quote has no words")
    pieces = _ELLIPSIS.split(quote)
    parts = [part for piece in pieces if (part := Text(piece).words)] if len(pieces) > 1 else []
    if len(parts) < 2 or answer.places_of(words, 1):
        parts = [words]
    found: list[FoundQuote] = []
    after = 0
    for part in parts:
        match = _find_part(answer, part, after)
        if isinstance(match, QuoteRefused):
            return match
        quoted = _as_found(answer, match, part)
        if found and _negated_between(answer, found[-1].span.end, quoted.span.start):
            return QuoteRefused("the ellipsis leaves out a negation; quote the words between as well")
        found.append(quoted)
        after = match.end
    return found


def _words_of(answer: Text, quote: str) -> tuple[Word, ...]:
    """The quote's words; most quotes are a piece of the answer, whose words are known.

    Only where what stands around the piece cannot change how it is cut into words.
    """
    start = answer.raw.find(quote) if quote.isascii() else -1
    if start < 0 or (start > 0 and answer.raw[start - 1] not in _SPACES):
        return Text(quote).words
    end = start + len(quote)
    return answer.words_in(start, end) if _WORDS_END.match(answer.raw, end) else Text(quote).words


def smoothed(text: Text, span: Span) -> tuple[Word, ...]:
    """The words that begin in a range of the text, but for those that a faithful quote may leave out."""
    kept: list[Word] = []
    at, end = bisect_left(text.starts, span.start), bisect_left(text.starts, span.end)
    while at < end:
        if skipped := _passable(text, at):
            at += skipped
        else:
            kept.append(text.words[at])
            at += 1
    return tuple(kept)


def occurs_in(words: tuple[Word, ...], text: Text) -> bool:
    """Whether the words stand in a text one after another, fillers aside."""
    return bool(words) and (bool(text.places_of(words, 1)) or bool(_repaired(text, words, 1)))


class _Match(NamedTuple):
    """A range of words of the answer; `exact` where it needed no repair."""

    start: int
    end: int
    exact: bool


def _find_part(answer: Text, words: tuple[Word, ...], after: int) -> _Match | QuoteRefused:
    short = _is_short(words)
    begin = 0 if short else after  # a short one must be the only one anywhere
    # Where the answer says it word for word, that place is meant rather than one that needs repair.
    exact = [_Match(start, start + len(words), exact=True) for start in answer.places_of(words, 2, begin)]
    repaired = [] if exact and not short else _repaired(answer, words, 2, begin)
    known = {(match.start, match.end) for match in exact}
    matches = [*exact, *(_Match(*found, exact=False) for found in repaired if found not in known)]
    if short and len(matches) > 1:
        return QuoteRefused("the quote is too short to tell which of several places it means; quote more words")
    if not matches or matches[0].start < after:
        return _NOT_THERE
    whole = next((match for match in matches if not _cuts_figure(answer, match)), None)
    return whole or QuoteRefused("the quote cuts off a part of a figure; quote all of it")


def _as_found(answer: Text, match: _Match, words: tuple[Word, ...]) -> FoundQuote:
    span = Span(answer.words[match.start].start, answer.words[match.end - 1].end)
    return FoundQuote(answer.clause_around(*span) if _is_short(words) else span, repaired=not match.exact)


def _is_short(words: tuple[Word, ...]) -> bool:
    """Whether the words alone are short, however much space or punctuation stands between them."""
    characters = sum([len(word.text) for word in words])
    return characters < SHORT_QUOTE and (
        characters + sum(one.end < other.start for one, other in pairwise(words)) < SHORT_QUOTE
    )


def _cuts_figure(answer: Text, match: _Match) -> bool:
    """Whether the match ends or begins inside of a figure: "200" is not what "200K", "200%" or "<200" says."""
    words = answer.words
    return (match.end < len(words) and _one_figure(answer, words[match.end - 1], words[match.end])) or (
        match.start > 0 and _one_figure(answer, words[match.start - 1], words[match.start])
    )


def _one_figure(answer: Text, one: Word, other: Word) -> bool:
    """Whether two neighbouring words are one figure: with its sign, with letters, or a range or fraction of two."""
    between = answer.raw[one.end : other.start]
    if one.text[-1].isdigit():
        more = other.text[0]
        return (not between and (more.isalpha() or more == "%")) or (between in _RANGE and more.isdigit())
    return not between and one.text in _SIGNS and other.text[0].isdigit()


def _negated_between(answer: Text, start: int, end: int) -> bool:
    """Whether a sentence that goes on from one place to another has a negation between them."""
    sentences = [sentence.start for sentence in answer.sentences]
    if bisect_right(sentences, start) != bisect_right(sentences, end):
        return False
    words = answer.words_in(start, end)
    return any(word.text in _NEGATIONS or word.text.endswith("n't") for word in words)


def _repaired(answer: Text, quote: tuple[Word, ...], limit: int, after: int = 0) -> list[tuple[int, int]]:
    """Where the quote stands, from `after` on, but for what may be passed over; ranges of words, at most `limit`."""
    first = quote[0].text
    found: list[tuple[int, int]] = []
    steps = _MOST_STEPS
    for start, word in enumerate(answer.words[after:], start=after):
        if word.text != first and word.text != first[0]:
            continue
        end, taken = _align(answer, start, quote, steps)
        if end is not None:
            found.append((start, end))
        steps -= taken
        if steps <= 0 or len(found) == limit:
            break
    return found


def _align(answer: Text, start: int, quote: tuple[Word, ...], most: int) -> tuple[int | None, int]:
    """Walk both word by word; returns where the match ends in the answer, if it does, and the steps taken."""
    at, index, passed = start, 0, 0
    for step in range(most):
        if index == len(quote):
            return at, step
        if taken := _taken(answer.words, at, quote[index].text):
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


def _passable(answer: Text, at: int) -> int:
    """How many words from here on a faithful quote may leave out: a filler, or an immediate repeat."""
    words = answer.words
    if at >= len(words):
        return 0
    if words[at].text in FILLERS:
        return 1
    if at + 1 < len(words) and (words[at].text, words[at + 1].text) in FILLER_PAIRS:
        return 2
    said = _before_fillers(words, at)
    for size in range(1, min(_LONGEST_REPEAT, said) + 1):
        here = [word.text for word in words[at : at + size]]
        if here == [word.text for word in words[said - size : said]] and not all(map(_counts, here)):
            # "We don't tune. Tune for style" does not say "we don't tune for style".
            return 0 if _PAUSE.search(answer.raw, words[said - 1].end, words[at].start) else size
    return 0


def _before_fillers(words: tuple[Word, ...], at: int) -> int:
    """Where the fillers right before a word begin, so that "it, um, it" is a repeat."""
    least = max(at - _MOST_PASSED, 0)
    while at > least and words[at - 1].text in FILLERS:
        at -= 1
    return at


def _counts(word: str) -> bool:
    """Whether saying a word twice says something else: a second "not" undoes the first, "20 20" is no stammer."""
    return word in {"not", "no"} or word[-1:].isdigit()
