"""Words, sentences and clauses of a text, each with its place."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from service.text.folding import fold

# Scripts written without spaces count a character as a word, or a quote from within a sentence would match nothing.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Vowel signs and what no letter composes with: they tell words apart, though `\w` does not match them.
_MARK = "".join(
    character
    for character in map(chr, range(0x300, 0xAC00))
    if unicodedata.category(character) in {"Mn", "Mc"} and not re.match(f"[{_UNSPACED}]", character)
)
# A sign belongs to a figure only where no word or figure precedes it: "-5" is one word, "70-90" is two.
_WORD = re.compile(
    # "non-" belongs to its word: "proprietary" must not be found in "non-proprietary".
    # Underscores join words, as in names of code; around a word they are emphasis: "_never_" is "never".
    # Most words are this and mostly of ASCII, so that it comes first, and takes runs of ASCII at once.
    rf"(?:non-(?=[^\W_]))?(?![{_UNSPACED}])[^\W\d_](?:[a-z0-9]++|_*+(?![{_UNSPACED}])[^\W_]|'(?=[^\W_])|[{_MARK}])*"
    rf"|[{_UNSPACED}]"
    r"|(?<![\w)%])-?\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?"
    r"|(?<![\w)%.])-?\.\d+"  # ".5" is not 5
    r"|\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?"
    r"|!=|[%\u2030$\u20ac\u00a3\u00a5\u20b9<>=\u2260\u00b1~\u2264\u2265\u226a\u226b\u226e-\u2271\u00ac]"
)
# A line of 40 characters or more that goes on in lower case was wrapped by an editor or a mail program: it breaks
# nothing, or "we would not\nfine-tune" would lose its "not".
_WRAP = (
    r"(?:(?<=[^\n]{39}[^\s.!?:;\u2026])|(?<=[^\n]{38}[^\s.!?:;\u2026]\r))\n"
    r"(?=[ \t]*+(?-i:[^\W\d_A-Z]))"
)
_LINE_END = rf"(?!{_WRAP})\n"
# A full stop ends a sentence only before white space, and not after the shortenings that are common in answers.
# Quantifiers are possessive and runs are entered at their beginning only, so that long runs take linear time.
# What it looks at first is cheap: nearly every place is none.
_SENTENCE_END = re.compile(
    r"(?=[.!?\u2026\u3002\uff01\uff1f\n])(?:(?<![.!?\u2026\u3002\uff01\uff1f])"
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\betc)(?<!\bcf)(?<!\bapprox)(?<!\bDr)(?<!\bMr)(?<!\bMs)"
    r"[.!?\u2026\u3002\uff01\uff1f]++[\"')\]\u2019\u201d]*+(?=\s|$)"
    rf"|[\u3002\uff01\uff1f]|{_LINE_END})",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(rf"(?=[,;:)\s\u2014])(?:[,;:)](?=\s|$)|\s[-\u2013\u2014]++\s|\u2014|\s(?=\()|{_LINE_END})")


class Word(NamedTuple):
    """A word as it compares, and its range in the text as it was sent."""

    text: str
    start: int
    end: int


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """A text with its words, sentences and clauses, each computed once and when asked for."""

    raw: str

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """All words, folded, in order."""
        folded = fold(self.raw)
        matches = _WORD.finditer(folded.text)
        if isinstance(folded.starts, range):  # every character kept its place
            return tuple([Word(match.group(), match.start(), match.end()) for match in matches])
        starts, ends = folded.starts, folded.ends
        return tuple([Word(match.group(), starts[match.start()], ends[match.end() - 1]) for match in matches])

    @cached_property
    def starts(self) -> list[int]:
        """Where each word begins."""
        return [word.start for word in self.words]

    def words_in(self, start: int, end: int) -> tuple[Word, ...]:
        """The words that begin in a range."""
        return self.words[bisect_left(self.starts, start) : bisect_left(self.starts, end)]

    def places_of(self, words: Sequence[Word], limit: int, after: int = 0) -> list[int]:
        """Indices, from `after` on, where these words stand one right after another; at most `limit` of them."""
        line, offsets = self._line
        wanted = _as_line(words)
        found: list[int] = []
        at = line.find(wanted, offsets[after])
        while at >= 0 and len(found) < limit:
            found.append(bisect_left(offsets, at))
            at = line.find(wanted, at + 1)
        return found

    @cached_property
    def _line(self) -> tuple[str, list[int]]:
        """All words as one text, each between line breaks, and where each begins in it."""
        lengths = (len(word.text) + 1 for word in self.words)
        return _as_line(self.words), list(accumulate(lengths, initial=0))

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """Ranges of the sentences, trimmed; an empty one is left out."""
        return _cut(self.raw, self._sentence_ends)

    def sentence_start(self, at: int) -> int:
        """Where the sentence begins in which a place is."""
        return self.sentences[max(bisect_right(self.sentences, at, key=_start) - 1, 0)].start

    @cached_property
    def _sentence_ends(self) -> list[int]:
        return [match.end() for match in _SENTENCE_END.finditer(self.raw)]

    @cached_property
    def clauses(self) -> tuple[Span, ...]:
        """Ranges of the clauses, trimmed; a clause never reaches beyond its sentence."""
        ends = set(self._sentence_ends)
        ends.update(match.end() for match in _CLAUSE_END.finditer(self.raw))
        return _cut(self.raw, sorted(ends))

    def clause_around(self, start: int, end: int) -> Span:
        """The smallest run of whole clauses that covers a range."""
        first = self.clauses[max(bisect_right(self.clauses, start, key=_start) - 1, 0)]
        last = self.clauses[max(bisect_right(self.clauses, end - 1, key=_start) - 1, 0)]
        return Span(min(first.start, start), max(last.end, end))


def _start(span: Span) -> int:
    return span.start


def _as_line(words: Sequence[Word]) -> str:
    return "\n" + "".join(f"{word.text}\n" for word in words)


def _cut(text: str, ends: list[int]) -> tuple[Span, ...]:
    spans = []
    start = 0
    for end in [*ends, len(text)]:
        piece = text[start:end]
        trimmed = piece.strip()
        if trimmed:
            left = start + len(piece) - len(piece.lstrip())
            spans.append(Span(left, left + len(trimmed)))
        start = end
    return tuple(spans)
