"""The deterministic offline grader: signals of the rubric, looked for in what the candidate claims."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
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
from service.graders.keyword.void import Known, Run, question_runs
from service.graders.keyword.weak import NOTICE as WEAK_NOTICE
from service.graders.keyword.weak import grade_by_words
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Notice, Ungraded, Usage
from service.rubric import Criterion, RedFlag, Rubric
from service.text.language import detect_language
from service.text.words import Text

KEYWORD_VERSION = "2"
"""Goes up with any change after which an answer may be graded otherwise: results of another version are not reused."""

_PASSAGE = 3
_KEPT_RUBRICS = 128
_QUICK = 5_000
"""Answers of so many characters are graded in a few milliseconds."""
_WARNINGS = {
    "keyword-list": "Parts of the answer read like a list of keywords; words without a sentence earned nothing.",
    "word-salad": "Parts of the answer put terms together without saying anything; they earned nothing.",
    "question-echo": "Parts of the answer repeat the question; they earned nothing.",
    "rubric-echo": "Parts of the answer repeat the rubric; they earned nothing.",
    "repetition": "Most of the answer repeats itself; what is said again earned nothing more.",
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
        known = Known(asked, compiled.prose_runs)
        reading = read_answer(answer.parsed, compiled.lexicon, compiled.language, known)
        matcher = Matcher(reading, compiled.compiler.bits.known())
        finder = _Finder(reading, matcher)
        weakly = _Weakly(compiled, answer, asked)
        criteria = [_grade_criterion(compiled, finder, criterion, weakly) for criterion in rubric.criteria]
        levels = {graded.id: graded.level for graded in criteria if isinstance(graded, Graded)}
        matcher.learn(levels)
        flags = [_grade_flag(compiled, finder, flag) for flag in rubric.red_flags]
        return Grading(
            grader=GraderInfo(kind="keyword"),
            criteria=tuple(one for one in criteria if wanted is None or one.id in wanted),
            red_flags=tuple(one for one in flags if wanted is None or one.id in wanted),
            usage=Usage(cost_usd=0.0),
            warnings=(
                *(Notice(code=code, message=_WARNINGS[code]) for code in reading.defences),
                *((WEAK_NOTICE,) if compiled.is_weak else ()),
            ),
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


class _Weakly:
    """Grades criteria without signals by the rubric's own words, reading the answer for them when first asked."""

    def __init__(self, compiled: CompiledRubric, answer: Answer, asked: frozenset[Run]) -> None:
        self._compiled = compiled
        self._answer = answer
        self._asked = asked

    @cached_property
    def _reading(self) -> Reading:
        return self._compiled.weak.read(self._answer.parsed, self._asked)

    def grade(self, criterion: Criterion) -> Graded | Ungraded:
        """A level for a criterion, or why there is none."""
        return grade_by_words(self._compiled.weak, self._reading, self._compiled.rubric, criterion)


def _grade_criterion(
    compiled: CompiledRubric, finder: "_Finder", criterion: Criterion, weakly: _Weakly
) -> Graded | Ungraded:
    if not compiled.gradable(criterion):
        return weakly.grade(criterion)
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
    return compiled.absent[criterion.id]


def _not_higher(rubric: Rubric, criterion: Criterion, level: int) -> str | None:
    if level >= rubric.max_level:
        return None
    return criterion.levels[level + 1].strip()


def _grade_flag(compiled: CompiledRubric, finder: "_Finder", flag: RedFlag) -> FlagGraded | Ungraded:
    if not compiled.gradable(flag):
        return Ungraded(id=flag.id, reason="The rubric has no signals for this red flag.")
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
        matcher, when = self._matcher, ready.when
        if not when.possible(matcher.present(self._whole)):
            return ()
        hits: list[Hit] = []
        for region, present in self._regions(ready):
            if not when.possible(present) or any(region[0] < hit.end and hit.start < region[1] for hit in hits):
                continue  # it cannot hold, or was shown already by a smaller region
            shown = (hit for hit in matcher.hits(when, region) if hit.parts)
            hits += islice(shown, 1)
            if len(hits) >= MOST_SPANS:
                break
        if not hits or self._silenced(ready):
            return ()
        return quote_hits(self._reading, hits)

    def _silenced(self, ready: Ready) -> bool:
        return ready.unless is not None and bool(self._matcher.hits(ready.unless, self._whole))

    def _regions(self, ready: Ready) -> Sequence[tuple[Range, int]]:
        """Where to look for a signal, each with the bits of what is present there."""
        match ready.signal.within:
            case "answer":
                return self._answer
            case "clause":
                return self._clauses
            case "sentence":
                return self._sentences
            case "passage":
                # What holds where nothing is would hold in the smallest; it is asked of whole passages alone.
                return self._passages if ready.when.needs else self._long_passages

    @cached_property
    def _answer(self) -> Sequence[tuple[Range, int]]:
        return self._with_present([self._whole])

    @cached_property
    def _clauses(self) -> Sequence[tuple[Range, int]]:
        return self._with_present(self._reading.regions.clauses)

    @cached_property
    def _sentences(self) -> Sequence[tuple[Range, int]]:
        return self._with_present(self._reading.regions.sentences)

    @cached_property
    def _passages(self) -> Sequence[tuple[Range, int]]:
        """The smaller first: what holds in one sentence is better evidence than what holds in three."""
        return [region for size in range(1, _PASSAGE + 1) for region in self._passages_of(size)]

    @cached_property
    def _long_passages(self) -> Sequence[tuple[Range, int]]:
        return self._passages_of(_PASSAGE)

    def _passages_of(self, size: int) -> Sequence[tuple[Range, int]]:
        sentences = self._reading.regions.sentences
        ends = [*(end for _, end in sentences[size - 1 :]), *[self._whole[1]] * (size - 1)]
        return self._with_present([(start, end) for (start, _), end in zip(sentences, ends, strict=False)])

    def _with_present(self, regions: Sequence[Range]) -> Sequence[tuple[Range, int]]:
        return [(region, self._matcher.present(region)) for region in regions]
