"""Which of a model's quotes prove anything: those that are in the answer, in its own voice, about the question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from service.answer import Answer
from service.grading import Evidence
from service.rubric import Rubric
from service.text.grader_address import addresses_grader
from service.text.quotes import FILLER_PAIRS, FILLERS, QuoteRefused, find_quote, occurs_in, smoothed
from service.text.words import Span, Text, Word

MAX_EVIDENCE = 4
_LEADS = frozenset(["so", "well", "ok", "okay", "alright", "now", "and", "but"])
_SAID_ALONG = _LEADS.union(FILLERS, *FILLER_PAIRS)


@dataclass(frozen=True, slots=True)
class FoundEvidence:
    """The evidence that holds, and why each quote that does not was refused."""

    evidence: tuple[Evidence, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class EvidenceLookup:
    """Looks quotes up in an answer; spans that echo the question or address the grader support nothing."""

    answer: Answer
    rubric: Rubric

    @cached_property
    def asked(self) -> tuple["Asked", ...]:
        """Every wording of the question that a quote might echo."""
        wordings = _asked(self.rubric.question, *self.rubric.question_variants)
        return (_asked(self.answer.question), wordings) if self.answer.question else (wordings,)

    @cached_property
    def addressing(self) -> Sequence[Span]:
        """Spans that speak to the grader."""
        return addresses_grader(self.answer.text)

    def find(self, quotes: Iterable[str]) -> FoundEvidence:
        """The quotes as spans of the answer, sorted, each once, four at most."""
        spans: dict[Span, bool] = {}
        refused: dict[str, None] = {}
        for number, quote in enumerate(quotes, start=1):
            found = find_quote(self.answer.parsed, quote)
            if isinstance(found, QuoteRefused):
                refused[f"quote {number}: {found.why}"] = None
                continue
            for match in found:
                if why := self._unfit(match.span):
                    refused[f"quote {number}: {why}"] = None
                else:
                    spans[match.span] = spans.get(match.span, True) and match.repaired
        kept = sorted(list(spans)[:MAX_EVIDENCE])
        return FoundEvidence(tuple(self._evidence(span, repaired=spans[span]) for span in kept), tuple(refused))

    def _unfit(self, span: Span) -> str | None:
        if any(span.start < other.end and other.start < span.end for other in self.addressing):
            return "this part of the answer speaks to the grader and proves nothing"
        if any(asked.repeated_in(self.answer.parsed, span) for asked in self.asked):
            return "these words only repeat the question"
        return None

    def _evidence(self, span: Span, *, repaired: bool) -> Evidence:
        quote = self.answer.text[span.start : span.end]
        return Evidence(quote=quote, start=span.start, end=span.end, state="repaired" if repaired else "verified")


@dataclass(frozen=True)
class Asked:
    """The wordings of one question, whichever of them words may repeat."""

    wordings: tuple[Text, ...]

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return _SAID_ALONG.union(word.text for wording in self.wordings for word in wording.words)

    def repeated_in(self, text: Text, span: Span) -> bool:
        """Whether a range of the text says nothing but words of a wording, one after another.

        Fillers and stammers count on neither side, nor does what merely leads in or on ("so, well").
        """
        # Hardly any words of an answer do, and of those that do not, nearly all have one that stands in no wording.
        words = text.words_in(*span)
        if not self._may_repeat(words):
            return False
        if any(occurs_in(words, wording) for wording in self.wordings):
            return True
        bare = _bare(smoothed(text, span))
        return len(bare) < len(words) and any(occurs_in(bare, wording) for wording in self.wordings)

    def _may_repeat(self, words: tuple[Word, ...]) -> bool:
        known = self._vocabulary
        return all(word.text in known or known.issuperset(word.text) for word in words)  # "rag" as "R A G", too


def _bare(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """The words without those at either end that lead in or on."""
    telling = [index for index, word in enumerate(words) if word.text not in _LEADS]
    return words[telling[0] : telling[-1] + 1] if telling else ()


@lru_cache(maxsize=1_000)
def _asked(*wordings: str) -> Asked:
    """Kept with its words, since the same few questions stand beside every answer."""
    return Asked(tuple(map(Text, wordings)))
