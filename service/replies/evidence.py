"""Which of a model's quotes prove anything: those that are in the answer, in its own voice, about the question."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from service.answer import Answer
from service.grading import Evidence
from service.rubric import Rubric
from service.text.grader_address import addresses_grader
from service.text.quotes import QuoteRefused, find_quote, occurs_in
from service.text.words import Span, Text, Word

MAX_EVIDENCE = 4


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
    def questions(self) -> tuple[Text, ...]:
        """Every wording of the question that a quote might echo."""
        asked = (self.answer.question, self.rubric.question, *self.rubric.question_variants)
        return tuple(_question(question) for question in asked if question)

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
        words = self._words_in(span)
        if any(occurs_in(words, question) for question in self.questions):
            return "these words only repeat the question"
        return None

    def _words_in(self, span: Span) -> tuple[Word, ...]:
        words = self.answer.parsed.words
        first = bisect_left(words, span.start, key=lambda word: word.start)
        return words[first : bisect_left(words, span.end, key=lambda word: word.start)]

    def _evidence(self, span: Span, *, repaired: bool) -> Evidence:
        quote = self.answer.text[span.start : span.end]
        return Evidence(quote=quote, start=span.start, end=span.end, state="repaired" if repaired else "verified")


@lru_cache(maxsize=1_000)
def _question(text: str) -> Text:
    """Kept with its words, since the same few questions stand beside every answer."""
    return Text(text)
