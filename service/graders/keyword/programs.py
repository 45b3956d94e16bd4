"""A rubric's expressions made ready to be evaluated: names resolved, and what each needs known as bits.

An expression can only hold in a region where the concepts it needs are present. Which are is one integer for each
region, so that nearly all regions of nearly all expressions are passed over after a few operations on bits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from service.rubric.signals import (
    AllOf,
    AnyOf,
    Denied,
    Expression,
    Figure,
    FigureRange,
    InOrder,
    LevelReached,
    Link,
    Mentioned,
    Near,
    NoneOf,
    Reached,
)

FIGURE: Final = "$figure"
CLAIMED, DENIED, MENTIONED = range(3)
"""What may be asked of a concept: each has a bit of its own."""


class Bits:
    """Gives each concept three bits in a row, one for each thing that may be asked of it."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def of(self, concept: str, kind: int) -> int:
        """The bit for a concept, made when first asked for."""
        first = self._first.setdefault(concept, 3 * len(self._first))
        return 1 << (first + kind)

    def known(self) -> Mapping[str, int]:
        """The place of each concept's first bit."""
        return self._first


@dataclass(eq=False, slots=True)
class Program:
    """An expression ready to be evaluated.

    It may hold only where a bit of every one of `needs` is present: `needs` is a tuple of masks.
    """

    needs: tuple[int, ...] = field(default=(), init=False)

    def possible(self, present: int) -> bool:
        """Whether it may hold where these bits are present."""
        for need in self.needs:  # noqa: SIM110 - a generator costs more than the whole test
            if not present & need:
                return False
        return True


@dataclass(eq=False, slots=True)
class Leaf(Program):
    """A concept: claimed, denied or mentioned."""

    concept: str
    kind: int


@dataclass(eq=False, slots=True)
class FigureLeaf(Program):
    """A figure in a range, with or without a unit."""

    range: FigureRange


@dataclass(eq=False, slots=True)
class Any(Program):
    """At least one holds."""

    inside: tuple[Program, ...]


@dataclass(eq=False, slots=True)
class Every(Program):
    """All hold; `order` wants each to begin after the one before it, `words` is the longest window, if there is one."""

    inside: tuple[Program, ...]
    order: bool = False
    words: int | None = None


@dataclass(eq=False, slots=True)
class Linked(Program):
    """The first is said of the second rather than any rival."""

    subject: Program
    target: Program
    rivals: tuple[Program, ...]
    words: int


@dataclass(eq=False, slots=True)
class Absence(Program):
    """It holds nowhere in the region."""

    inside: Program


@dataclass(eq=False, slots=True)
class LevelLeaf(Program):
    """What the criteria earned."""

    reached: LevelReached


@dataclass(eq=False, slots=True)
class Shared(Program):
    """A pattern of the rubric; what it holds at is kept for the next expression that uses it."""

    inside: Program


class Compiler:
    """Compiles expressions of one rubric; a pattern is compiled once, whoever uses it."""

    def __init__(self, patterns: Mapping[str, Expression]) -> None:
        self.bits = Bits()
        self._patterns = patterns
        self._shared: dict[str, Program] = {}

    def compile(self, expression: Expression) -> Program:
        """The program for an expression."""
        program = self._program(expression)
        program.needs = tuple(dict.fromkeys(self._needs(program)))
        return program

    def _program(self, expression: Expression) -> Program:
        match expression:
            case str():
                return self._named(expression)
            case AnyOf(any=inside):
                return Any(self._all(inside))
            case AllOf() | Near() | InOrder():
                return self._every(expression)
            case Link(link=(subject, target), rivals=rivals, words=words):
                return Linked(self.compile(subject), self.compile(target), self._all(rivals), words)
            case _:
                return self._other(expression)

    def _every(self, expression: AllOf | Near | InOrder) -> Every:
        match expression:
            case AllOf(all=inside):
                return Every(self._all(inside))
            case Near(near=inside, words=words):
                return Every(self._all(inside), words=words)
            case InOrder(order=inside):
                return Every(self._all(inside), order=True)

    def _other(self, expression: Expression) -> Program:
        match expression:
            case Denied(denied=name):
                return Leaf(name, DENIED)
            case Mentioned(mentioned=name):
                return Leaf(name, MENTIONED)
            case Figure(figure=figure):
                return FigureLeaf(figure)
            case NoneOf(none=inside):
                return Absence(self.compile(inside))
            case Reached(reached=reached):
                return LevelLeaf(reached)
        raise TypeError(f"not an expression: {type(expression).__name__}")

    def _all(self, expressions: Sequence[Expression]) -> tuple[Program, ...]:
        return tuple(self.compile(expression) for expression in expressions)

    def _named(self, name: str) -> Program:
        if name not in self._patterns:
            return Leaf(name, CLAIMED)
        if name not in self._shared:
            self._shared[name] = Shared(self.compile(self._patterns[name]))
        return self._shared[name]

    def _needs(self, program: Program) -> Iterable[int]:
        """Masks of which each must have a bit present."""
        match program:
            case Leaf(concept=concept, kind=kind):
                yield self.bits.of(concept, kind)
            case FigureLeaf(range=FigureRange(unit=unit)):
                yield self.bits.of(FIGURE, CLAIMED)
                if unit is not None:
                    yield self.bits.of(unit, MENTIONED)
            case Any(inside=inside):
                yield from _of_any([each.needs for each in inside])
            case Every(inside=inside):
                yield from (need for each in inside for need in each.needs)
            case Linked(subject=subject, target=target):
                yield from (*subject.needs, *target.needs)
            case Shared(inside=inside):
                yield from inside.needs


def _of_any(needs: Sequence[tuple[int, ...]]) -> Iterable[int]:
    """What all of several have in common: one mask that unites the narrowest of each."""
    if not all(needs):
        return
    united = 0
    for each in needs:
        united |= min(each, key=int.bit_count)
    yield united
