"""Folding away what does not change a quote's meaning, while every folded character keeps its place.

NFKC, case, quote marks, dashes and signs that are one with another are folded; characters that show nothing vanish.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from service.text.controls import SELECTORS

# Marks that people, keyboards and models exchange for one another without noticing.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bb\u02bc\u02bd\u0060\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2044\u2215", "/"),
        **dict.fromkeys("\u2266\u2a7d", "\u2264"),
        **dict.fromkeys("\u2267\u2a7e", "\u2265"),
        "\u00d7": "x",
        "\u0131": "i",  # its capital is that of i
    }
)
# A character and its marks fold together; Hangul vowels and finals combine with it without being marks.
_COMBINES_WITHOUT_MARK = re.compile("[\u1160-\u11ff\ud7b0-\ud7ff\uff9e\uff9f]")

# What needs the tables of Unicode, with the ASCII character before it that its marks may combine with.
_BEYOND_ASCII = re.compile(r"[\x00-\x7f]?[^\x00-\x7f]+")
# Unicode's stream-safe format allows 30 marks in a row; putting many thousands in order takes quadratic time.
_LONGEST_CLUSTER = 32


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; `starts[i]` and `ends[i]` are the range of the original that `text[i]` came from."""

    text: str
    starts: range | list[int]
    ends: range | list[int]


def fold(text: str) -> Folded:
    """Fold for comparing, keeping the place of every character."""
    if text.isascii():  # the common case needs no map
        folded = text.lower().translate(_MARKS)
        return Folded(folded, range(len(text)), range(1, len(text) + 1))
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for match in _BEYOND_ASCII.finditer(text):
        out.append(text[at : match.start()].lower().translate(_MARKS))
        starts.extend(range(at, match.start()))
        ends.extend(range(at + 1, match.start() + 1))
        at = match.end()
        for start, end in _clusters(text, match.start(), at):
            folded = _folded_cluster(text[start:end])
            # "10\u00b2" is not 102, nor "1\u00bd" eleven halves.
            if unicodedata.category(text[start]) == "No" and text[start - 1 : start].isdigit():
                folded = " " + folded
            out.append(folded)
            starts.extend([start] * len(folded))
            ends.extend([end] * len(folded))
    out.append(text[at:].lower().translate(_MARKS))
    starts.extend(range(at, len(text)))
    ends.extend(range(at + 1, len(text) + 1))
    return Folded("".join(out), starts, ends)


@lru_cache(maxsize=4096)
def _folded_cluster(cluster: str) -> str:
    # The dot that is left of a dotted capital I goes, as that of every other i.
    folded = unicodedata.normalize("NFKC", cluster.translate(_MARKS)).casefold().replace("i\u0307", "i")
    folded = SELECTORS.sub("", unicodedata.normalize("NFKC", folded).translate(_MARKS))
    return "".join(character for character in folded if unicodedata.category(character) != "Cf")


def _clusters(text: str, begin: int, end: int) -> list[tuple[int, int]]:
    """Ranges of a base character with what combines with it; a longer pile of marks is cut."""
    cuts: list[int] = []
    for index, character in enumerate(text[begin:end], start=begin):
        combines = unicodedata.category(character)[0] == "M" or _COMBINES_WITHOUT_MARK.match(character)
        if not (combines and cuts and index - cuts[-1] < _LONGEST_CLUSTER):
            cuts.append(index)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def utf16_offsets(text: str) -> list[int]:
    """For each code point boundary of `text`, ends included, its offset in UTF-16 code units, as JavaScript counts."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + (2 if ord(character) > 0xFFFF else 1))
    return offsets
