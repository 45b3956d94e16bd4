"""A rubric made ready for grading: its phrases and its language's in one automaton, its signals by level."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from service.graders.keyword.language import Language
from service.graders.keyword.lexicon import Lexicon
from service.graders.keyword.void import Run, question_runs
from service.rubric import Criterion, Expression, RedFlag, Rubric, Signal
from service.rubric.signals import AllOf, AnyOf, Denied, Figure, InOrder, Link, Mentioned, Near
from service.text.words import Text


@dataclass(frozen=True)
class Ready:
    """A signal and the concepts one of which must stand in a region for it to hold there; None: any region will do."""

    signal: Signal
    needs: frozenset[str] | None


@dataclass(frozen=True)
class CompiledRubric:
    """What is computed once per rubric."""

    rubric: Rubric
    language: Language
    lexicon: Lexicon = field(init=False)

    def __post_init__(self) -> None:
        phrases = {**self.rubric.glossary, **self.language.markers, **self.language.cues}
        object.__setattr__(self, "lexicon", Lexicon(phrases))

    @cached_property
    def question_runs(self) -> frozenset[Run]:
        """By which the rubric's question and its variants are recognised when they are read back."""
        return question_runs(Text(question) for question in (self.rubric.question, *self.rubric.question_variants))

    @cached_property
    def signals(self) -> Mapping[str, Mapping[int, tuple[Ready, ...]]]:
        """By criterion and level, the highest level first."""
        return {criterion.id: self._levels(criterion) for criterion in self.rubric.criteria}

    @cached_property
    def flag_signals(self) -> Mapping[str, tuple[Ready, ...]]:
        """By red flag."""
        return {flag.id: tuple(self._ready(signal) for signal in flag.signals) for flag in self.rubric.red_flags}

    def gradable(self, item: Criterion | RedFlag) -> bool:
        """Whether there is a signal to grade it by."""
        return bool(self.flag_signals[item.id]) if isinstance(item, RedFlag) else any(item.signals.values())

    def _levels(self, criterion: Criterion) -> Mapping[int, tuple[Ready, ...]]:
        ordered = sorted(criterion.signals.items(), reverse=True)
        return {level: tuple(self._ready(signal) for signal in signals) for level, signals in ordered}

    def _ready(self, signal: Signal) -> Ready:
        return Ready(signal, self._needs(signal.when))

    def _needs(self, expression: Expression) -> frozenset[str] | None:
        """Concepts one of which any hit of the expression must have in its region."""
        match expression:
            case str() if expression in self.rubric.patterns:
                return self._needs(self.rubric.patterns[expression])
            case str() | Denied() | Mentioned() | Figure():
                return frozenset({_concept(expression)})
            case AnyOf(any=inside):
                needs = [self._needs(each) for each in inside]
                return None if None in needs else frozenset(name for need in needs if need for name in need)
            case AllOf(all=inside) | Near(near=inside) | InOrder(order=inside) | Link(link=inside):
                known = [need for each in inside if (need := self._needs(each)) is not None]
                # The rarest is not known here; the one with the fewest concepts is a fair guess.
                return min(known, key=lambda need: (len(need), sorted(need)), default=None)
            case _:
                return None


def _concept(leaf: str | Denied | Mentioned | Figure) -> str:
    match leaf:
        case Denied(denied=name) | Mentioned(mentioned=name):
            return name
        case Figure():
            return "$figure"
        case _:
            return leaf
