"""Parts of an answer that earn nothing: keyword lists, the question read back, orders to the grader."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from service.graders.keyword.language import Language
from service.graders.keyword.regions import Range, Regions
from service.graders.keyword.units import Units, read_units
from service.text.grader_address import addresses_grader
from service.text.words import Span, Text

Run = tuple[str, ...]

_RUN = 6
"""So many units in the question's own order are read back, not said."""

_LISTED_ANSWER = 0.2
"""Answers with a smaller share of small words are lists; prose has some 45%, dense notes 30%."""

_SHORTEST_LIST = 4
_PROSE_SENTENCE = 0.3
_LISTED_SENTENCE = 0.12
_LONG_LIST = 12
_FEWEST_ITEMS = 10
_LONGEST_ITEM = 7
_BARE_ITEMS = 0.65
_STRINGS = frozenset({"and", "or"})


def find_void(
    units: Units, regions: Regions, language: Language, asked: Collection[Run]
) -> Mapping[str, Sequence[Range]]:
    """Ranges of units that earn nothing, by the code of the warning that says so; empty lists are left out."""
    found = {
        "keyword-list": _keyword_lists(units, regions, language),
        "question-echo": _echoes(units, asked),
        "addresses-grader": _to_units(units, addresses_grader(units.text.raw)),
    }
    return {code: ranges for code, ranges in found.items() if ranges}


def _keyword_lists(units: Units, regions: Regions, language: Language) -> list[Range]:
    """Sentences with next to no small words; short ones only where the whole answer is like that.

    A terse writer leaves out small words here and there, a list of keywords has none for long. Figures are neither.
    """
    words = [units.text.words[word].text for word in units.words]
    counted = [word[0].isalpha() and len(word) > 1 for word in words]
    small = [word in language.small_words for word in words]

    def share(start: int, end: int) -> float:
        return sum(small[start:end]) / max(sum(counted[start:end]), 1)

    everywhere = len(words) >= _SHORTEST_LIST and share(0, len(words)) < _LISTED_ANSWER
    most, shortest = (_PROSE_SENTENCE, 1) if everywhere else (_LISTED_SENTENCE, _LONG_LIST)
    sentences = [
        (start, end) for start, end in regions.sentences if end - start >= shortest and share(start, end) < most
    ]
    return sorted({*sentences, *_strings_of_items(units, language)})


def _strings_of_items(units: Units, language: Language) -> Iterator[Range]:
    """Sentences that are mostly items strung together with "and" and commas, whatever introduces them.

    An item is bare where no verb, pronoun or conjunction among its small words makes a claim of it.
    """
    words = [units.text.words[word].text for word in units.words]
    claiming = language.small_words - language.listing_words
    clause_starts = {start for start, _ in _to_units(units, units.text.clauses)}
    for start, end in _to_units(units, units.text.sentences):
        begins = [start, *(at for at in range(start + 1, end) if at in clause_starts or words[at] in _STRINGS)]
        items = list(zip(begins, [*begins[1:], end], strict=True))
        bare = sum(claiming.isdisjoint(words[first:last]) for first, last in items)
        if (
            len(items) >= _FEWEST_ITEMS
            and bare >= _BARE_ITEMS * len(items)
            and end - start <= _LONGEST_ITEM * len(items)
        ):
            yield start, end


def question_runs(questions: Iterable[Text]) -> frozenset[Run]:
    """The runs of stems by which a question is recognised when it is read back."""
    return frozenset(run for question in questions for run in _runs(read_units(question).stems))


def _echoes(units: Units, asked: Collection[Run]) -> list[Range]:
    ranges: list[Range] = []
    if not asked:
        return ranges
    for start, run in enumerate(_runs(units.stems)):
        if run in asked:
            if ranges and start <= ranges[-1][1]:
                ranges[-1] = (ranges[-1][0], start + _RUN)
            else:
                ranges.append((start, start + _RUN))
    return ranges


def _runs(stems: Sequence[str]) -> Iterable[Run]:
    return zip(*(stems[offset:] for offset in range(_RUN)), strict=False)


def _to_units(units: Units, spans: Sequence[Span]) -> list[Range]:
    starts = [units.text.words[word].start for word in units.words]
    ranges = [(bisect_left(starts, span.start), bisect_left(starts, span.end)) for span in spans]
    return [(start, end) for start, end in ranges if start < end]
