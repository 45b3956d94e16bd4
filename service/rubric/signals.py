"""The language in which a rubric tells the keyword grader what to look for.

A *concept* is a name in the rubric's glossary for the many ways to say one thing. An *expression* combines concepts;
a *signal* says which level an expression is worth and how far apart its parts may stand. A concept holds where the
candidate claims it: negated, reported and hypothetical mentions do not count unless an expression asks for them. A
signal at level 0 recognises a claim of the wrong kind, where nothing earns a higher level.

In a phrase of the glossary, words are compared without their endings, `...` stands for up to four words, and a phrase
that begins with `!` is an exception: where it stands, the concept does not. Words in capitals are found spelled out
too, and two words joined into one. A phrase that holds its own negation ("not know") is not denied by it.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from service.models import Frozen

MARKERS = frozenset(
    {
        *("$cause", "$condition", "$consequence", "$contrast", "$example", "$experience"),
        *("$figure", "$percent", "$money", "$duration"),
    }
)
"""Concepts that belong to the language, not to a rubric; the grader brings their glossary."""

Region = Literal["clause", "sentence", "passage", "answer"]
"""How far apart the parts of an expression may stand; a passage is three sentences on end."""

Name = Annotated[str, Field(pattern=r"^\$?[a-z0-9][a-z0-9-]*$", max_length=80)]


class AnyOf(Frozen):
    """At least one of them holds."""

    any: Annotated[tuple["Expression", ...], Field(min_length=1, max_length=100)]


class AllOf(Frozen):
    """All of them hold, in any order."""

    all: Annotated[tuple["Expression", ...], Field(min_length=2, max_length=20)]


class Near(Frozen):
    """All of them hold within so many words."""

    near: Annotated[tuple["Expression", ...], Field(min_length=2, max_length=20)]
    words: Annotated[int, Field(ge=2, le=200)] = 12


class InOrder(Frozen):
    """All of them hold, each beginning after the one before it began."""

    order: Annotated[tuple["Expression", ...], Field(min_length=2, max_length=20)]


class Link(Frozen):
    """The first is said of the second: it stands within so many words of it, and nearer than any of its rivals.

    The end of a clause or sentence counts as several words, so that "RAG for tone, tuning for facts" does not link
    tuning to tone where RAG is a rival.
    """

    link: Annotated[tuple["Expression", ...], Field(min_length=2, max_length=2)]
    rivals: Annotated[tuple["Expression", ...], Field(min_length=1, max_length=20)]
    words: Annotated[int, Field(ge=2, le=200)] = 30


class NoneOf(Frozen):
    """The expression holds nowhere in the region."""

    none: "Expression"


class Denied(Frozen):
    """The candidate denies or rejects the concept."""

    denied: Name


class Mentioned(Frozen):
    """The concept is said at all, whether claimed, denied, reported or supposed."""

    mentioned: Name


class FigureRange(Frozen):
    """A number in digits or words, with the concept that must stand beside it as its unit; ends included."""

    unit: Name | None = None
    min: float | None = None
    max: float | None = None


class Figure(Frozen):
    """A figure of the candidate's own within a sensible range."""

    figure: FigureRange


class LevelReached(Frozen):
    """Any criterion of a list, or of the whole rubric if none is listed, has reached a level."""

    level: Annotated[int, Field(ge=1)]
    of: tuple[str, ...] = ()


class Reached(Frozen):
    """What the criteria earned; only for red flags, which are judged after the criteria."""

    reached: LevelReached


def _kind(value: Any) -> str | None:  # noqa: ANN401 - raw YAML, before validation
    if isinstance(value, str):
        return "name"
    keys = value.keys() if isinstance(value, dict) else type(value).model_fields if isinstance(value, Frozen) else ()
    return next((key for key in keys if key in KINDS), None)


KINDS = frozenset({"any", "all", "near", "order", "link", "none", "denied", "mentioned", "figure", "reached"})

Expression = Annotated[
    Annotated[Name, Tag("name")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[Near, Tag("near")]
    | Annotated[InOrder, Tag("order")]
    | Annotated[Link, Tag("link")]
    | Annotated[NoneOf, Tag("none")]
    | Annotated[Denied, Tag("denied")]
    | Annotated[Mentioned, Tag("mentioned")]
    | Annotated[Figure, Tag("figure")]
    | Annotated[Reached, Tag("reached")],
    Discriminator(
        _kind,
        custom_error_type="expression_kind",
        custom_error_message="Expected the name of a concept, or one of any, all, near, order, link, none, denied, "
        "mentioned, figure, reached",
    ),
]


class Signal(Frozen):
    """An expression that earns a level, or raises a red flag, wherever it holds in one region of the answer."""

    when: Expression = Field(description="What has to hold.")
    within: Region = Field(default="sentence", description="How far apart its parts may stand.")
    unless: Expression | None = Field(
        default=None, description="Looked for in the whole answer; where it holds, the signal is silent."
    )
    why: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="The reason shown to the candidate: what was said, in the rubric's words."
    )


def children(expression: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one."""
    match expression:
        case AnyOf(any=inside) | AllOf(all=inside) | Near(near=inside) | InOrder(order=inside):
            return inside
        case Link(link=linked, rivals=rivals):
            return (*linked, *rivals)
        case NoneOf(none=inside):
            return (inside,)
        case _:
            return ()


def names(expression: Expression) -> Iterator[str]:
    """Every concept and pattern an expression speaks of, itself and inside."""
    match expression:
        case str():
            yield expression
        case Denied(denied=name) | Mentioned(mentioned=name):
            yield name
        case Figure(figure=FigureRange(unit=str(name))):
            yield name
        case _:
            for inside in children(expression):
                yield from names(inside)


AnyOf.model_rebuild()
AllOf.model_rebuild()
Near.model_rebuild()
InOrder.model_rebuild()
Link.model_rebuild()
NoneOf.model_rebuild()
