"""A rubric made ready for grading: its phrases and its language's in one automaton, its signals by level."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from service.graders.keyword.language import Language
from service.graders.keyword.lexicon import Lexicon
from service.graders.keyword.programs import Compiler, Program
from service.graders.keyword.void import Digest, Run, prose_runs, question_runs, titles
from service.graders.keyword.weak import WeakRubric
from service.grading import Graded
from service.rubric import Criterion, RedFlag, Rubric, Signal
from service.text.words import Text


@dataclass(frozen=True)
class Ready:
    """A signal and the programs of its expressions."""

    signal: Signal
    when: Program
    unless: Program | None


@dataclass(frozen=True)
class CompiledRubric:
    """What is computed once per rubric."""

    rubric: Rubric
    language: Language
    lexicon: Lexicon = field(init=False)
    compiler: Compiler = field(init=False)
    signals: Mapping[str, Mapping[int, tuple[Ready, ...]]] = field(init=False)
    """By criterion and level, the highest level first."""
    flag_signals: Mapping[str, tuple[Ready, ...]] = field(init=False)
    """By red flag."""

    def __post_init__(self) -> None:
        phrases = {**self.rubric.glossary, **self.language.markers, **self.language.cues}
        object.__setattr__(self, "lexicon", Lexicon(phrases))
        object.__setattr__(self, "compiler", Compiler(self.rubric.patterns))
        signals = {criterion.id: self._levels(criterion) for criterion in self.rubric.criteria}
        flags = {flag.id: tuple(map(self._ready, flag.signals)) for flag in self.rubric.red_flags}
        object.__setattr__(self, "signals", signals)
        object.__setattr__(self, "flag_signals", flags)

    @cached_property
    def question_runs(self) -> frozenset[Run]:
        """By which the rubric's question and its variants are recognised when they are read back."""
        return question_runs(Text(question) for question in (self.rubric.question, *self.rubric.question_variants))

    @cached_property
    def prose_runs(self) -> frozenset[Digest]:
        """By which the rubric's own prose is recognised.

        Key points are left out, since an answer may well say just that, and so is all of what has no signals.
        """
        graded = [criterion for criterion in self.rubric.criteria if self.gradable(criterion)]
        texts = [
            *(text for one in graded for text in (one.description, *one.levels.values(), *one.advice.values())),
            *(text for flag in self.rubric.red_flags for text in (flag.description, flag.advice)),
            *(self.rubric.source.parts.values() if graded else ()),
        ]
        return prose_runs(map(Text, texts)) | titles(Text(one.title) for one in graded)

    @cached_property
    def absent(self) -> Mapping[str, Graded]:
        """What each criterion gets where nothing is found for it."""
        return {
            criterion.id: Graded(
                id=criterion.id,
                level=0,
                basis="absent",
                reason=f"Nothing was found in the answer that claims this: {criterion.title}",
                not_higher=criterion.levels[1].strip(),
            )
            for criterion in self.rubric.criteria
        }

    @property
    def is_weak(self) -> bool:
        """Whether any criterion is graded by the rubric's own words alone."""
        return not all(map(self.gradable, self.rubric.criteria))

    @cached_property
    def weak(self) -> WeakRubric:
        """The rubric's own words, for the criteria without signals."""
        return WeakRubric(self.rubric, self.language, [c for c in self.rubric.criteria if not self.gradable(c)])

    def gradable(self, item: Criterion | RedFlag) -> bool:
        """Whether there is a signal to grade it by."""
        return bool(self.flag_signals[item.id]) if isinstance(item, RedFlag) else any(item.signals.values())

    def _levels(self, criterion: Criterion) -> Mapping[int, tuple[Ready, ...]]:
        ordered = sorted(criterion.signals.items(), reverse=True)
        return {level: tuple(self._ready(signal) for signal in signals) for level, signals in ordered}

    def _ready(self, signal: Signal) -> Ready:
        unless = None if signal.unless is None else self.compiler.compile(signal.unless)
        return Ready(signal, self.compiler.compile(signal.when), unless)
