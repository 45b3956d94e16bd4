"""The deterministic offline grader: signals of the rubric, looked for in what the candidate claims."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from threading import Lock

from cachetools import LRUCache

from service.answer import Answer
from service.graders.keyword.compiled import CompiledRubric, Ready
from service.graders.keyword.evidence import MOST_SPANS, quote_hits
from service.graders.keyword.expressions import Hit, Matcher
from service.graders.keyword.languages import language_for
from service.graders.keyword.reading import Reading, read_answer
from service.graders.keyword.regions import Range
from service.graders.keyword.void import question_runs
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Notice, Ungraded, Usage
from service.rubric import Criterion, RedFlag, Rubric, Signal
from service.text.language import detect_language
from service.text.words import Text

_PASSAGE = 3
_KEPT_RUBRICS = 64
_QUICK = 5_000
"""Answers of so many characters are graded in a few milliseconds."""
_WARNINGS = {
    "keyword-list": "Parts of the answer read like a list of keywords; words without a sentence earned nothing.",
    "question-echo": "Parts of the answer repeat the question; they earned nothing.",
    "addresses-grader": "Parts of the answer address the grader; they earned nothing.",
}


class KeywordGrader:
    """Grades by signals alone: no model, no network, the same verdict every time."""

    def __init__(self) -> None:
        self._compiled: LRUCache[str, CompiledRubric] = LRUCache(_KEPT_RUBRICS)
        self._lock = Lock()

    def prepare(self, rubric: Rubric) -> None:
        """Compile the rubric, unless nothing could be graded by it."""
        if _unusable(rubric) is None:
            self._compile(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given."""
        if len(answer.text) <= _QUICK:
            return self.grade_now(rubric, answer, only)
        # So that whoever else waits on this event loop is served meanwhile.
        return await asyncio.to_thread(self.grade_now, rubric, answer, only)

    def grade_now(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """The same without awaiting: it is all computation."""
        wanted = None if only is None else frozenset(only)
        if refused := _refusal(rubric, answer):
            return _nothing_graded(rubric, wanted, *refused)
        compiled = self._compile(rubric)
        asked = compiled.question_runs | question_runs([Text(answer.question)] if answer.question else [])
        reading = read_answer(answer.parsed, compiled.lexicon, compiled.language, asked)
        criteria = _grade_criteria(compiled, reading)
        levels = {graded.id: graded.level for graded in criteria if isinstance(graded, Graded)}
        flags = [_grade_flag(compiled, reading, flag, levels) for flag in rubric.red_flags]
        return Grading(
            grader=GraderInfo(kind="keyword"),
            criteria=tuple(one for one in criteria if wanted is None or one.id in wanted),
            red_flags=tuple(one for one in flags if wanted is None or one.id in wanted),
            usage=Usage(cost_usd=0.0),
            warnings=tuple(Notice(code=code, message=_WARNINGS[code]) for code in reading.defences),
        )

    def _compile(self, rubric: Rubric) -> CompiledRubric:
        with self._lock:
            known = self._compiled.get(rubric.digest)
        if known is None:
            language = language_for(rubric.language)
            assert language is not None, "refused before"  # noqa: S101 - `_refusal` has checked
            known = CompiledRubric(rubric, language)
            with self._lock:
                self._compiled[rubric.digest] = known
        return known


def _refusal(rubric: Rubric, answer: Answer) -> tuple[str, str] | None:
    """Why nothing can be graded, as the code of a warning and a reason."""
    if unusable := _unusable(rubric):
        return unusable
    if (language := detect_language(answer.parsed, rubric.language)) != rubric.language:
        reason = f"The answer seems to be in another language ({language}) than the rubric ({rubric.language})."
        return "language-not-declared", reason
    return None


def _unusable(rubric: Rubric) -> tuple[str, str] | None:
    if not any(True for _ in rubric.signals()):
        return "no-signals", "The rubric has no signals, and the keyword grader knows no other way to grade."
    if language_for(rubric.language) is None:
        return "language-unknown", f"The keyword grader does not know the rubric's language, {rubric.language!r}."
    return None


def _nothing_graded(rubric: Rubric, wanted: frozenset[str] | None, code: str, reason: str) -> Grading:
    def ungraded(items: Sequence[Criterion | RedFlag]) -> tuple[Ungraded, ...]:
        return tuple(Ungraded(id=item.id, reason=reason) for item in items if wanted is None or item.id in wanted)

    return Grading(
        grader=GraderInfo(kind="keyword"),
        criteria=ungraded(rubric.criteria),
        red_flags=ungraded(rubric.red_flags),
        usage=Usage(cost_usd=0.0),
        warnings=(Notice(code=code, message=reason),),
    )


def _grade_criteria(compiled: CompiledRubric, reading: Reading) -> list[Graded | Ungraded]:
    finder = _Finder(reading, Matcher(reading, compiled.rubric.patterns))
    return [_grade_criterion(compiled, finder, criterion) for criterion in compiled.rubric.criteria]


def _grade_criterion(compiled: CompiledRubric, finder: "_Finder", criterion: Criterion) -> Graded | Ungraded:
    if not compiled.gradable(criterion):
        return Ungraded(id=criterion.id, reason="The rubric has no signals for this criterion.")
    for level, signals in compiled.signals[criterion.id].items():
        for ready in signals:
            if evidence := finder.evidence(ready):
                return Graded(
                    id=criterion.id,
                    level=level,
                    basis="supported" if level else "wrong",
                    evidence=evidence,
                    reason=ready.signal.why,
                    not_higher=_not_higher(compiled.rubric, criterion, level),
                )
    return Graded(
        id=criterion.id,
        level=0,
        basis="absent",
        reason=f"Nothing was found in the answer that claims this: {criterion.title}",
        not_higher=_not_higher(compiled.rubric, criterion, 0),
    )


def _not_higher(rubric: Rubric, criterion: Criterion, level: int) -> str | None:
    if level >= rubric.max_level:
        return None
    return criterion.levels[level + 1].strip()


def _grade_flag(
    compiled: CompiledRubric, reading: Reading, flag: RedFlag, levels: Mapping[str, int]
) -> FlagGraded | Ungraded:
    if not compiled.gradable(flag):
        return Ungraded(id=flag.id, reason="The rubric has no signals for this red flag.")
    finder = _Finder(reading, Matcher(reading, compiled.rubric.patterns, levels))
    for ready in compiled.flag_signals[flag.id]:
        if evidence := finder.evidence(ready):
            return FlagGraded(id=flag.id, present=True, evidence=evidence, reason=ready.signal.why)
    return FlagGraded(id=flag.id, present=False)


class _Finder:
    """Looks for signals in the regions of one answer."""

    def __init__(self, reading: Reading, matcher: Matcher) -> None:
        self._reading = reading
        self._matcher = matcher
        self._whole = (0, len(reading.units.stems))

    def evidence(self, ready: Ready) -> tuple[Evidence, ...]:
        """What shows that a signal fires; empty where it does not, or where there is nothing to show."""
        hits: list[Hit] = []
        for region in self._regions(ready):
            if any(region[0] < hit.end and hit.start < region[1] for hit in hits):
                continue  # shown already, by a smaller region
            shown = (hit for hit in self._matcher.hits(ready.signal.when, region) if hit.parts)
            hits += islice(shown, 1)
            if len(hits) >= MOST_SPANS:
                break
        if not hits or self._silenced(ready.signal):
            return ()
        return quote_hits(self._reading, hits)

    def _silenced(self, signal: Signal) -> bool:
        return signal.unless is not None and bool(self._matcher.hits(signal.unless, self._whole))

    def _regions(self, ready: Ready) -> Iterator[Range]:
        if ready.signal.within == "answer" or ready.needs is None:
            yield from self._all_regions(ready.signal)
            return
        regions = self._reading.regions
        owners, ranges = (
            (regions.clause_of, regions.clauses)
            if ready.signal.within == "clause"
            else (regions.sentence_of, regions.sentences)
        )
        owned = {owners[start] for name in ready.needs for start in self._reading.places(name).starts}
        if ready.signal.within != "passage":
            yield from (ranges[index] for index in sorted(owned))
            return
        # The smaller passages first: what holds in one sentence is better evidence than what holds in three.
        for size in range(1, _PASSAGE + 1):
            begins = {max(index - back, 0) for index in owned for back in range(size)}
            yield from (self._passage(index, size) for index in sorted(begins))

    def _all_regions(self, signal: Signal) -> Iterator[Range]:
        match signal.within:
            case "answer":
                yield self._whole
            case "clause":
                yield from self._reading.regions.clauses
            case "sentence":
                yield from self._reading.regions.sentences
            case "passage":
                yield from (self._passage(index, _PASSAGE) for index in range(len(self._reading.regions.sentences)))

    def _passage(self, first: int, size: int) -> Range:
        sentences = self._reading.regions.sentences
        return sentences[first][0], sentences[min(first + size, len(sentences)) - 1][1]
