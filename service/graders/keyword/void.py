"""Parts of an answer that earn nothing: lists, word salad, what is read back or repeated, orders to the grader."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby, pairwise
from typing import NamedTuple

from service.graders.keyword.language import Language
from service.graders.keyword.regions import Range, Regions
from service.graders.keyword.units import Units, read_units
from service.text.grader_address import addresses_grader
from service.text.words import Span, Text

Run = tuple[str, ...]
Digest = bytes
"""64 bits of BLAKE2b over a run of stems."""

_RUN = 6
"""So many units in the question's own order are read back, not said."""

_PROSE_RUN = 8
_SURE_COPY, _SURE_COPIES = 12, 24
"""So many units in the order of the rubric's prose, at one place or together, were copied; eight may well be chance."""

_MOST = 0.5
"""What most of a sentence or an answer is, at least."""

_SHORTEST_REPEATED = 5

_LISTED_ANSWER = 0.2
"""Answers with a smaller share of small words are lists; prose has some 45%, dense notes 30%."""

_SHORTEST_LIST = 4
_PROSE_SENTENCE = 0.3
_LISTED_SENTENCE = 0.12
_LONG_LIST = 12
_FEWEST_ITEMS = 10
_LONGEST_ITEM = 7
_BARE_ITEMS = 0.65
_BARE_PHRASES = 0.8
_FEWEST_FRAMES = 5
_FRAME = 2
_LONGEST_FRAMED = 12

_MOST_THIN = 0.6
"""The share of an answer in thin sentences from which it is a salad; answers of any sense have a quarter at most, terse
notes a half."""

_FEWEST_THIN = 3
_THIN_SENTENCE = 0.6
_MOST_BROKEN = 0.2
"""The share of articles before a word that none stands before; in shuffled words half, in speech next to none."""

_FEWEST_BROKEN = 3


class Void(NamedTuple):
    """`ranges` of units that earn nothing; `defences` are those to warn of, by the code of the warning."""

    ranges: Sequence[Range]
    defences: Mapping[str, Sequence[Range]]


class Known(NamedTuple):
    """What an answer may read back: runs of its questions, and digests of runs of the rubric's prose."""

    asked: Collection[Run] = ()
    prose: Collection[Digest] = ()


class Topics(NamedTuple):
    """Where a text speaks of what the rubric is about, where it gives a cause or a condition, and its figures."""

    concepts: Iterable[Range]
    reasons: Iterable[Range]
    figures: Iterable[Range]


def find_void(units: Units, regions: Regions, language: Language, known: Known, topics: Topics) -> Void:
    """The ranges of an answer that earn nothing, and why; a defence that found nothing is left out."""
    digests = list(_digests(units.stems))
    repeated = _repeated(units, regions, digests)
    found = {
        "keyword-list": _keyword_lists(units, regions, language),
        "word-salad": _salads(units, regions, language, topics),
        "question-echo": _echoes(units, known.asked),
        "rubric-echo": _copied(units, regions, digests, known.prose),
        "repetition": repeated if _size(repeated) >= _MOST * len(units.stems) else [],
        "addresses-grader": _addresses(units, regions),
    }
    ranges = [place for places in (repeated, *found.values()) for place in places]
    return Void(ranges, {code: places for code, places in found.items() if places})


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
    return sorted({*sentences, *_strings_of_items(units, language), *_frames(units, language)})


def _strings_of_items(units: Units, language: Language) -> Iterator[Range]:
    """Sentences that are mostly items strung together with "and", "because" and commas, whatever introduces them."""
    clause_starts = {start for start, _ in _to_units(units, units.text.clauses)}
    claiming = language.small_words - language.listing_words
    kinds = ((language.listing_joiners, _BARE_ITEMS), (language.joiners, _BARE_PHRASES))
    for start, end in _to_units(units, units.text.sentences):
        if end - start < _FEWEST_ITEMS:
            continue
        words = [units.text.words[word].text for word in units.words[start:end]]
        breaks = {at - start for at in range(start + 1, end) if at in clause_starts}
        if any(_is_string(words, breaks, joiners, claiming, bare) for joiners, bare in kinds):
            yield start, end


def _is_string(
    words: Sequence[str], breaks: Collection[int], joiners: Collection[str], claiming: frozenset[str], bare: float
) -> bool:
    """An item is bare where no verb, pronoun or conjunction among its small words makes a claim of it."""
    begins = [0, *(at for at in range(1, len(words)) if at in breaks or words[at] in joiners)]
    items = [words[first:last] for first, last in pairwise([*begins, len(words)])]
    if len(items) < _FEWEST_ITEMS or len(words) > _LONGEST_ITEM * len(items):
        return False
    return sum(claiming.isdisjoint(item[item[0] in joiners :]) for item in items) >= bare * len(items)


def _frames(units: Units, language: Language) -> Iterator[Range]:
    """Short sentences in a row that begin alike and then only name a thing: "We use RAG. We use evals"."""
    words = [units.text.words[word].text for word in units.words]
    claiming = language.small_words - language.listing_words
    sentences = [place for place in _to_units(units, units.text.sentences) if place[1] - place[0] > _FRAME]
    for _, group in groupby(sentences, key=lambda place: units.stems[place[0] : place[0] + _FRAME]):
        framed = list(group)
        bare = sum(claiming.isdisjoint(words[start + _FRAME : end]) for start, end in framed)
        short = _size(framed) <= _LONGEST_FRAMED * len(framed)
        if len(framed) >= _FEWEST_FRAMES and short and bare >= _BARE_ITEMS * len(framed):
            yield from framed


def _salads(units: Units, regions: Regions, language: Language, topics: Topics) -> list[Range]:
    """All of an answer whose words are shuffled; else the thin sentences of one that has hardly any others.

    A sentence is thin where most of its words name what the rubric is about, and no reason is given, nor does anybody
    do, want or deny anything: "RAG improves fine-tuning". One or two of them say little, but honestly; a figure saves
    one from being counted, not from what the others show.
    """
    if _is_shuffled(units, language):
        return [(0, len(units.stems))]
    thin = list(_thin(units, regions, language, topics))
    figures = {regions.sentence_of[start] for start, _ in topics.figures}
    plain = [place for place in thin if regions.sentence_of[place[0]] not in figures]
    return thin if len(plain) >= _FEWEST_THIN and _size(plain) >= _MOST_THIN * len(units.stems) else []


def _is_shuffled(units: Units, language: Language) -> bool:
    words, raw = units.text.words, units.text.raw
    articles = broken = 0
    for word, following in pairwise(words):
        # A capital may be the name of an option: "plan A is to wait".
        if word.text in language.articles and raw[word.start : word.end] != "A":
            articles += 1
            beside = raw[word.end : following.start].isspace()
            broken += beside and word.text != following.text and following.text in language.after_no_article
    return broken >= _FEWEST_BROKEN and broken >= _MOST_BROKEN * articles


def _thin(units: Units, regions: Regions, language: Language, topics: Topics) -> Iterator[Range]:
    words = [units.text.words[word].text for word in units.words]
    named = {unit for start, end in topics.concepts for unit in range(start, end)}
    reasoned = {regions.sentence_of[start] for start, _ in topics.reasons}
    for index, (start, end) in enumerate(regions.sentences):
        if index in reasoned or not language.speaking_words.isdisjoint(words[start:end]):
            continue
        content = [unit for unit in range(start, end) if words[unit] not in language.small_words]
        if content and sum(unit in named for unit in content) >= _THIN_SENTENCE * len(content):
            yield start, end


def prose_runs(texts: Iterable[Text]) -> frozenset[Digest]:
    """Digests of the runs of stems by which a rubric's prose is recognised; the prose is not kept."""
    return frozenset(digest for text in texts for digest in _digests(read_units(text).stems))


def titles(texts: Iterable[Text]) -> frozenset[Digest]:
    """Digests of whole texts that are recognised only where they make up a sentence."""
    return frozenset(_digest(read_units(text).stems) for text in texts)


def _digests(stems: Sequence[str]) -> Iterable[Digest]:
    return (_digest(stems[start : start + _PROSE_RUN]) for start in range(len(stems) - _PROSE_RUN + 1))


def _digest(stems: Sequence[str]) -> Digest:
    return blake2b("\n".join(stems).encode(), digest_size=8).digest()


def _copied(units: Units, regions: Regions, digests: Sequence[Digest], prose: Collection[Digest]) -> list[Range]:
    """Runs of the rubric's prose, and the sentences that are made of them for the most part."""
    runs = _joined((start, start + _PROSE_RUN) for start, digest in enumerate(digests) if digest in prose)
    if not runs:
        return []
    copied = {unit for start, end in runs for unit in range(start, end)}
    whole = [
        (start, end)
        for start, end in regions.sentences
        if sum(unit in copied for unit in range(start, end)) >= _MOST * (end - start)
        or _digest(units.stems[start:end]) in prose
    ]
    found = _joined(sorted([*runs, *whole]))
    longest = max((end - start for start, end in runs), default=0)
    return found if longest >= _SURE_COPY or _size(found) >= _SURE_COPIES else []


def _repeated(units: Units, regions: Regions, digests: Sequence[Digest]) -> list[Range]:
    """Sentences said before, word for word; and shorter runs where they make up most of the answer."""
    said: set[Run] = set()
    again: list[Range] = []
    for start, end in regions.sentences:
        sentence = units.stems[start:end]
        if end - start >= _SHORTEST_REPEATED and sentence in said:
            again.append((start, end))
        said.add(sentence)
    runs = _joined(_runs_again(digests))
    return _joined(sorted([*again, *runs])) if _size(runs) >= _MOST * len(units.stems) else again


def _runs_again(digests: Iterable[Digest]) -> Iterator[Range]:
    said: set[Digest] = set()
    for start, digest in enumerate(digests):
        if digest in said:
            yield start, start + _PROSE_RUN
        said.add(digest)


def _addresses(units: Units, regions: Regions) -> list[Range]:
    """What addresses the grader, to the end of its last sentence."""
    ranges = _to_units(units, addresses_grader(units.text.raw))
    return [(start, regions.sentences[regions.sentence_of[end - 1]][1]) for start, end in ranges]


def question_runs(questions: Iterable[Text]) -> frozenset[Run]:
    """The runs of stems by which a question is recognised when it is read back."""
    return frozenset(run for question in questions for run in _runs(read_units(question).stems))


def _echoes(units: Units, asked: Collection[Run]) -> list[Range]:
    if not asked:
        return []
    return _joined((start, start + _RUN) for start, run in enumerate(_runs(units.stems)) if run in asked)


def _joined(ranges: Iterable[Range]) -> list[Range]:
    """Ranges in order, those that touch made one."""
    joined: list[Range] = []
    for start, end in ranges:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _size(ranges: Iterable[Range]) -> int:
    return sum(end - start for start, end in ranges)


def _runs(stems: Sequence[str]) -> Iterable[Run]:
    return zip(*(stems[offset:] for offset in range(_RUN)), strict=False)


def _to_units(units: Units, spans: Sequence[Span]) -> list[Range]:
    starts = [units.text.words[word].start for word in units.words]
    ranges = [(bisect_left(starts, span.start), bisect_left(starts, span.end)) for span in spans]
    return [(start, end) for start, end in ranges if start < end]
