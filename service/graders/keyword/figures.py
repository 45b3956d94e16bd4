"""Figures in digits and in words: "200K+", "70-90%", "two hundred thousand", "several hundred", "four lakh"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import text_to_num

from service.graders.keyword.units import Units
from service.text.words import Word

_DIGITS = re.compile(r"-?\d+(?:[.,]\d+)*|-?\.\d+")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d{1,3}(?:\.\d{3}){2,}")
_GROUP = re.compile(r"\d{3}")
_LONGEST_NUMBER = 15
_SUFFIXES = {"k": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9}
_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "thousands": 1e3,
    "grand": 1e3,
    "k": 1e3,
    "lakh": 1e5,
    "lakhs": 1e5,
    "lac": 1e5,
    "lacs": 1e5,
    "million": 1e6,
    "millions": 1e6,
    "mil": 1e6,
    "crore": 1e7,
    "crores": 1e7,
    "billion": 1e9,
    "dozen": 12.0,
}
_PLURALS = {"dozens": 12.0, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "lakhs": 1e5}
_NUMBER_WORDS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion".split()
)
# "several hundred" is a figure too, if a wide one: from the first factor to the second.
_VAGUE = {
    ("half", "a"): (0.5, 0.5),
    ("quarter", "of", "a"): (0.25, 0.25),
    ("couple", "of"): (2.0, 2.0),
    ("couple",): (2.0, 2.0),
    ("few",): (2.0, 5.0),
    ("several",): (3.0, 9.0),
    ("many",): (3.0, 9.0),
}
_BEFORE_YEAR = frozenset("in since by until from of year early mid late before after".split())


@dataclass(frozen=True, slots=True)
class Number:
    """A number in units `start` to `end` (left out), between `low` and `high`."""

    start: int
    end: int
    low: float
    high: float


class _InWords(NamedTuple):
    """The same, in words of the text."""

    start: int
    end: int
    low: float
    high: float


@dataclass(slots=True)
class _Token:
    """A word as `text_to_num` wants it."""

    word: str
    apart: bool
    taken: bool

    def text(self) -> str:
        return self.word

    def nt_separated(self, previous: object) -> bool:  # noqa: ARG002 - the protocol's
        return self.apart

    def not_a_number_part(self) -> bool:
        return self.taken


def find_figures(units: Units, language: str) -> list[Number]:
    """All numbers in order; without years, list numbers, ordinals and the pronoun "one"."""
    words = units.text.words
    digits = list(_in_digits(words, units.text.raw))
    taken = {index for number in digits for index in range(number.start, number.end)}
    numbers = sorted([*digits, *_in_words(words, units.text.raw, taken, language)])
    shared = [_sharing_scale(words, number, following) for number, following in zip_longest(numbers, numbers[1:])]
    return _as_units(units, shared)


def _sharing_scale(words: Sequence[Word], number: _InWords, following: _InWords | None) -> _InWords:
    """In "70-90k" and "five to ten lakh" the first figure is in thousands and lakhs too."""
    if following is None or number.high >= 1000:
        return number
    gap = [word.text for word in words[number.end : following.start]]
    scale = _written_scale(words[following.end - 1].text)
    if gap not in ([], ["to"], ["or"]) or following.start - number.end > 1 or scale is None:
        return number
    low = number.low * scale
    return number._replace(low=low, high=number.high * scale) if low < following.high else number


def _written_scale(word: str) -> float | None:
    return _SUFFIXES.get(word) or _SCALES.get(word)


def _as_units(units: Units, numbers: Sequence[_InWords]) -> list[Number]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for index, word in enumerate(units.words):
        first.setdefault(word, index)
        last[word] = index + 1
    return [Number(first[number.start], last[number.end - 1], number.low, number.high) for number in numbers]


def _in_digits(words: Sequence[Word], raw: str) -> Iterator[_InWords]:
    at = 0
    while at < len(words):
        start, word = at, words[at]
        at += 1
        if not _DIGITS.fullmatch(word.text) or len(word.text) > _LONGEST_NUMBER:
            continue
        written = word.text
        while at < len(words) and len(written) < _LONGEST_NUMBER and _is_group(words, raw, start, at):
            written += words[at].text
            at += 1
        scale = _scale(words, at)
        if scale is None and (_is_year(words, start, written) or _is_list_number(words, raw, start)):
            continue
        at += scale is not None
        value = _value(written) * (scale or 1.0)
        yield _InWords(start, at, value, value)


def _is_group(words: Sequence[Word], raw: str, start: int, at: int) -> bool:
    """Whether a word goes on with a number written like "1 200 000"."""
    before, word = words[at - 1], words[at]
    shortest = at > start + 1 or (len(before.text) <= 3 and before.text.isdecimal() and before.text[0] != "0")
    return (
        shortest
        and bool(_GROUP.fullmatch(word.text))
        and raw[before.end : word.start] in {" ", "\u00a0", "\u202f", "'"}
    )


def _scale(words: Sequence[Word], at: int) -> float | None:
    if at >= len(words):
        return None
    if words[at].text in _SUFFIXES and words[at].start == words[at - 1].end:
        return _SUFFIXES[words[at].text]
    return _SCALES.get(words[at].text)


def _value(written: str) -> float:
    if _THOUSANDS.fullmatch(written):
        separator = "," if "," in written else "."
        return float(written.replace(separator, ""))
    head, *rest = re.split("[.,]", written)
    return float(f"{head}.{rest[0]}") if rest else float(head)


def _is_year(words: Sequence[Word], at: int, written: str) -> bool:
    return len(written) == 4 and "1990" <= written <= "2100" and at > 0 and words[at - 1].text in _BEFORE_YEAR


def _is_list_number(words: Sequence[Word], raw: str, at: int) -> bool:
    """Whether it numbers a list: "1)", "2." at the beginning of a line or sentence."""
    word = words[at]
    before = raw[max(word.start - 3, 0) : word.start].rstrip(" ")
    return (
        raw[word.end : word.end + 1] in {")", "."} and len(word.text) <= 2 and (not before or before[-1] in "\n.!?:;(")
    )


def _in_words(words: Sequence[Word], raw: str, taken: set[int], language: str) -> Iterator[_InWords]:
    here = {word.text for word in words}
    if not here.isdisjoint(_NUMBER_WORDS):
        tokens = [
            _Token(word.text, index > 0 and _apart(raw[words[index - 1].end : word.start]), index in taken)
            for index, word in enumerate(words)
        ]
        for found in text_to_num.find_numbers(tokens, language, 0.0):
            if not found.is_ordinal and not (found.end - found.start == 1 and found.value in {0.0, 1.0}):
                yield _widened(words, found.start, found.end, found.value)
    if not here.isdisjoint(_PLURALS):
        for index, word in enumerate(words):
            if word.text in _PLURALS and index not in taken:
                yield _InWords(index, index + 1, 2 * _PLURALS[word.text], 9 * _PLURALS[word.text])


def _apart(between: str) -> bool:
    return bool(between.strip(" \t-\u2010\u2011"))


def _widened(words: Sequence[Word], start: int, end: int, value: float) -> _InWords:
    low = high = value
    if end < len(words) and words[end].text in _SCALES and value < 1000:
        low = high = value * _SCALES[words[end].text]
        end += 1
    if end - start <= 2 and words[start].text in _SCALES:
        for before, (least, most) in _VAGUE.items():
            if tuple(word.text for word in words[max(start - len(before), 0) : start]) == before:
                return _InWords(start - len(before), end, low * least, high * most)
    return _InWords(start, end, low, high)
