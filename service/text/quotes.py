"""Is a quote really in the answer, and where?

Both are folded and compared word by word. A faithful quote may leave out the answer's fillers and stammers and may join
letters that were spelled out; one word more, less or different refuses it, and so does a figure that is not whole or
reckons otherwise. What is returned is always a range of the answer, so what gets published are the answer's own words.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from service.text.folding import fold
from service.text.language import plain_language
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
# Where they are words: "um" is "one" in Portuguese, "er" is "he" in German and "is" in Danish, much like Swedish.
_WORDS_IN = {"um": frozenset(["de", "pt"]), "er": frozenset(["de", "nl", "sv"]), "err": frozenset(["en"])}
_SETS_OFF = re.compile(r"[-,;:.!?)\u2013\u2014\u2026]")
_LONGEST_REPEAT = 3
# Between two words of a quote; a longer stammer is no slip that a faithful quote may smooth over.
_MOST_PASSED = 12
# Bounds the search in an answer made to be slow; an ordinary one takes a few hundred steps.
_MOST_STEPS = 100_000
_MOST_PARTS = 6
# What stands on either side of such a mark was said twice on purpose; an ellipsis or a dash is part of a stammer.
_PAUSE = re.compile(
    r"(?<!\.)\.(?!\.)|[!?;:()\[\]{}|\r\n\u2022\u00b7\u2028\u2029"
    r"\u061b\u061f\u06d4\u0964\u0965\u3002\uff01\uff0e\uff1f\uff1b\uff1a\uff61]"
)
# Also of languages in which others than the offline grader may grade; one too many has a quote sent back, no more.
_NEGATIONS = frozenset(
    (
        "not no never none nor neither nobody nothing nowhere cannot without hardly barely scarcely rarely seldom "
        "instead unless except rather dont doesnt didnt isnt arent wasnt werent wont wouldnt cant couldnt shouldnt "
        "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne weder "
        "pas jamais aucun aucune rien sans ni ne nunca jam\u00e1s nada sin tampoco non mai nessun nessuna senza "
        "n\u00e9 n\u00e3o nem sem niet geen nooit niets zonder nigdy bez inte aldrig ingen inga utan ikke aldri "
        "de\u011fil asla hi\u00e7 tidak bukan tanpa jangan kh\u00f4ng "
        "\u043d\u0435 \u043d\u0435\u0442 \u043d\u0438 \u043d\u0456 \u0431\u0435\u0437 "  # Russian, Ukrainian
        "\u0644\u0627 \u0644\u064a\u0633 \u0644\u0645 \u0644\u0646 \u0628\u062f\u0648\u0646 "  # Arabic
        "\u05dc\u05d0 \u05d0\u05d9\u05df \u05d1\u05dc\u05d9 "  # Hebrew
        "\u0928\u0939\u0940\u0902 \u0928 \u092e\u0924 \u092c\u093f\u0928\u093e"  # Hindi
    ).split()
)
# Where negations are no words of their own: Chinese, Japanese, Korean and Thai.
_NEGATED = re.compile(
    "[\u4e0d\u65e0\u672a\u6c92\u6ca1\u7121]|\u306a[\u3044\u304b\u304f]|\u307e\u305b\u3093|[\ubabb\uc54a\uc5c6]|\u0e44\u0e21\u0e48"
)

_SIGNS = frozenset(
    ["$", "\u20ac", "\u00a3", "\u00a5", "\u20b9", "<", ">", "=", "!=", "\u2264", "\u2265", "\u00b1", "~"]
)
# What may stand within a figure, folded: "70-90", "1/3", "v2.5"; between groups of three digits; and what scales it.
_WITHIN_FIGURE = frozenset("-/.,:")
_GROUPS = re.compile(r"\d{1,3}[ '_]\d{3}")
_SCALES = frozenset("k thousand lakh million crore billion trillion % \u2030".split())
_NUMBERS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety".split()
)
# Signs that are no words, and that a figure is another one without.
_RECKONING = re.compile(r"(?<=\d)(?:\s?[*/^+\u00f7]+\s?(?=-?\d)|\+)")
# "I would not. Fine-tune" is not "I would not fine-tune".
_NOT_ENDS = re.compile(r"(?:\b(?:not?|never|nein|nicht|non)|n't)(?!\.\.)[.!?;:](?=\s+\w)")

_NOT_THERE = QuoteRefused("these words are not in the answer, in this order")


def find_quote(answer: Text, quote: str) -> list[FoundQuote] | QuoteRefused:
    """Find every part of a quote in the answer; an ellipsis splits a quote into parts.

    One part that is not there, after the part before it, refuses the whole quote, since what it was to show may hang
    on that part. An ellipsis that the answer itself has splits nothing. None may swallow a negation in the sentence
    that it leads to, and there may be few of them.
    """
    if not (words := _words_of(answer, quote)):
        return QuoteRefused("the quote has no words")
    pieces = _ELLIPSIS.split(quote)
    parts = [_Part(said, piece) for piece in pieces if (said := Text(piece).words)] if len(pieces) > 1 else []
    if len(parts) < 2 or answer.places_of(words, 1):
        parts = [_Part(words, quote)]
    if len(parts) > _MOST_PARTS:
        return QuoteRefused("the quote has too many ellipses; quote fewer parts")
    found: list[FoundQuote] = []
    after = 0
    for part in parts:
        match = _find_part(answer, part, after)
        if isinstance(match, QuoteRefused):
            return match
        quoted = _as_found(answer, match, part.words)
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


class _Part(NamedTuple):
    """What stands between two ellipses of a quote."""

    words: tuple[Word, ...]
    raw: str


class _Match(NamedTuple):
    """A range of words of the answer; `exact` where it needed no repair."""

    start: int
    end: int
    exact: bool


def _find_part(answer: Text, part: _Part, after: int) -> _Match | QuoteRefused:
    words = part.words
    short = _is_short(words)
    begin = 0 if short else after  # a short one must be the only one anywhere
    # Where the answer says it word for word, that place is meant rather than one that needs repair.
    exact = [_Match(start, start + len(words), exact=True) for start in answer.places_of(words, 2, begin)]
    repaired = [] if exact and not short else _repaired(answer, words, 2, begin)
    ends = {match.end for match in exact}  # "so, so RAG" says "so RAG" in one place
    matches = [*exact, *(_Match(start, end, exact=False) for start, end in repaired if end not in ends)]
    if short and len(matches) > 1:
        return QuoteRefused("the quote is too short to tell which of several places it means; quote more words")
    if not matches or matches[0].start < after:
        return _NOT_THERE
    if not (matches := [match for match in matches if _marked_alike(answer, match, part)]):
        return _NOT_THERE
    whole = next((match for match in matches if not _cuts_figure(answer, match)), None)
    return whole or QuoteRefused("the quote cuts off a part of a figure; quote all of it")


def _as_found(answer: Text, match: _Match, words: tuple[Word, ...]) -> FoundQuote:
    span = _range(answer, match)
    return FoundQuote(answer.clause_around(*span) if _is_short(words) else span, repaired=not match.exact)


def _range(answer: Text, match: _Match) -> Span:
    """From the first word to the last, with the plus of a figure: "5+"."""
    last = answer.words[match.end - 1]
    plus = last.text[-1].isdigit() and answer.raw.startswith("+", last.end)
    return Span(answer.words[match.start].start, last.end + plus)


def _marked_alike(answer: Text, match: _Match, part: _Part) -> bool:
    """Whether the answer and the quote have the same marks where the meaning hangs on them.

    Those are the signs between figures, since "1/2" is not "1-2", nor "5+" 5, and the end of what ends in "not".
    """
    start, end = _range(answer, match)
    said = answer.raw[start:end]
    return said in part.raw or _marks(said) == _marks(part.raw)


def _marks(text: str) -> tuple[list[str], int]:
    folded = fold(text).text
    return [sign.strip() for sign in _RECKONING.findall(folded)], len(_NOT_ENDS.findall(folded))


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
    """Whether two neighbouring words are one figure: with its sign, its letters or scale, or a range or fraction."""
    between, more = fold(answer.raw[one.end : other.start]).text, other.text
    if not one.text[-1].isdigit():
        return one.text in _SIGNS and not between.strip() and more[0].isdigit()
    if not between:
        return more[0].isalnum() or more in {"%", "\u2030", "~"}
    if between in _WITHIN_FIGURE:
        return more[0].isdigit()
    return (between.isspace() and more in _SCALES) or _GROUPS.fullmatch(one.text + between + more) is not None


def _negated_between(answer: Text, start: int, end: int) -> bool:
    """Whether there is a negation between two places, in the sentence of the second."""
    start = max(start, answer.sentence_start(end))
    words = answer.words_in(start, end)
    negated = any(word.text in _NEGATIONS or word.text.endswith("n't") for word in words)
    return negated or _NEGATED.search(answer.raw, start, end) is not None


def _repaired(answer: Text, quote: tuple[Word, ...], limit: int, after: int = 0) -> list[tuple[int, int]]:
    """Where the quote stands, from `after` on, but for what may be passed over; ranges of words, at most `limit`.

    Of several that end alike only the first counts.
    """
    first = quote[0].text
    found: list[tuple[int, int]] = []
    steps = _MOST_STEPS
    for start, word in enumerate(answer.words[after:], start=after):
        if word.text != first and word.text != first[0]:
            continue
        end, taken = _align(answer, start, quote, steps)
        if end is not None and not (found and found[-1][1] == end):
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
    # "A C C" says no more of AC than "ACC" does.
    goes_on = at + size < len(answer) and answer[at + size].text == word[-1]
    return size if not goes_on and all(answer[at + i].text == letter for i, letter in enumerate(word)) else 0


def _passable(answer: Text, at: int) -> int:
    """How many words from here on a faithful quote may leave out: a filler, or an immediate repeat."""
    words = answer.words
    if at >= len(words):
        return 0
    if size := _filler(answer, at):
        return size
    said = _before_fillers(words, at)
    if words[said - 1].end == words[at].start:  # "%%", and characters of a script without spaces, are no stammer
        return 0
    for size in range(1, min(_LONGEST_REPEAT, said) + 1):
        here = [word.text for word in words[at : at + size]]
        if here == [word.text for word in words[said - size : said]] and not all(map(_counts, here)):
            # "We don't tune. Tune for style" does not say "we don't tune for style".
            return 0 if _PAUSE.search(answer.raw, words[said - 1].end, words[at].start) else size
    return 0


def _filler(answer: Text, at: int) -> int:
    """How many words from here on are a filler; what may be words of the sentence is one only before a mark."""
    words = answer.words
    word = words[at].text
    if word in FILLERS:
        doubtful = word in _WORDS_IN and plain_language(answer) in _WORDS_IN[word]
        return int(not doubtful or _set_off(answer, at))
    if at + 1 < len(words) and (word, words[at + 1].text) in FILLER_PAIRS:
        return 2 * _set_off(answer, at + 1)
    return 0


def _set_off(answer: Text, at: int) -> bool:
    """Whether a mark stands between a word and the next: "you know, it changes", not "you know it changes"."""
    end = answer.words[at + 1].start if at + 1 < len(answer.words) else len(answer.raw)
    return _SETS_OFF.search(answer.raw, answer.words[at].end, end) is not None


def _before_fillers(words: tuple[Word, ...], at: int) -> int:
    """Where the fillers right before a word begin, so that "it, um, it" is a repeat."""
    least = max(at - _MOST_PASSED, 0)
    while at > least and words[at - 1].text in FILLERS:
        at -= 1
    return at


def _counts(word: str) -> bool:
    """Whether saying a word twice says something else: a second "not" undoes the first, "four four" is no stammer."""
    if len(word) == 1:  # a sign, a digit, or a letter of "L L M"
        return word.isascii() and word not in "ai"
    return word in {"not", "no"} or word in _NUMBERS or word[-1].isdigit() or not word[0].isalnum()
