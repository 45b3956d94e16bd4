"""The rubric format: what a rubric file may say, and what it must."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import Field, JsonValue

from service.models import Frozen
from service.rubric.signals import Expression, Signal

MAX_CRITERIA = 100

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Line = Annotated[str, Field(min_length=1, max_length=300)]
Prose = Annotated[str, Field(min_length=1, max_length=5_000)]
Phrase = Annotated[str, Field(min_length=1, max_length=100)]
LevelNumber = Annotated[int, Field(ge=0, le=10)]
# What editors need to know beyond what pydantic says of keys, which are text in JSON.
_BY_LEVEL: dict[str, JsonValue] = {"propertyNames": {"pattern": "^([0-9]|10)$"}}
_BY_NAME: dict[str, JsonValue] = {"additionalProperties": False}


class Level(Frozen):
    """A step of the scale that all criteria share."""

    level: LevelNumber = Field(description="0 for the lowest step, then 1, 2, ... without a gap.")
    name: Line = Field(description="One or two words shown with every grade.")
    means: Prose = Field(description="What any answer at this level has in common.")


class Source(Frozen):
    """The document a rubric is derived from."""

    title: Line = Field(description="What the document is called.")
    parts: Annotated[dict[Slug, Prose], Field(min_length=1, max_length=100)] = Field(
        description="Its parts by a name of your own, each with what it says; criteria and red flags point to them.",
        json_schema_extra=_BY_NAME,
    )


class Criterion(Frozen):
    """One thing an answer is graded on."""

    id: Slug = Field(description="A name for machines; it stays when the title changes.")
    title: Line = Field(description="A name for people.")
    weight: Annotated[float, Field(ge=0, le=1_000)] = Field(
        description="How much it counts beside the other criteria; 0 is for coaching only."
    )
    source: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=20)] = Field(
        description="The parts of the source it comes from."
    )
    description: Prose = Field(description="What a full answer says, and what counts as the same thing.")
    levels: dict[LevelNumber, Prose] = Field(
        description="What each level looks like for this criterion, from 0 to the top of the scale.",
        json_schema_extra=_BY_LEVEL,
    )
    advice: dict[LevelNumber, Prose] = Field(
        description="What to tell a candidate at each level below the top, so that the next answer reaches the next.",
        json_schema_extra=_BY_LEVEL,
    )
    key_points: Annotated[tuple[Prose, ...], Field(max_length=50)] = Field(
        default=(),
        description="What a full answer states, a sentence each, as a candidate might say it. The keyword grader goes "
        "by them where there are no signals.",
    )
    signals: dict[LevelNumber, Annotated[tuple[Signal, ...], Field(max_length=50)]] = Field(
        default={},
        description="For the keyword grader: which expressions earn which level; the highest that is earned counts.",
        json_schema_extra=_BY_LEVEL,
    )


class RedFlag(Frozen):
    """A view that costs points when the candidate holds it."""

    id: Slug = Field(description="A name for machines; no criterion may have the same.")
    title: Line = Field(description="A name for people.")
    penalty: Annotated[float, Field(ge=0, le=100)] = Field(
        description="How many of 100 points it takes away; 0 is for coaching only."
    )
    source: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=20)] = Field(
        description="The parts of the source it comes from."
    )
    description: Prose = Field(description="The view, and what is not yet that view.")
    advice: Prose = Field(description="What to tell a candidate who holds it.")
    signals: Annotated[tuple[Signal, ...], Field(max_length=50)] = Field(
        default=(), description="For the keyword grader: which expressions raise the flag."
    )


class Band(Frozen):
    """A name for a range of scores."""

    name: Slug = Field(description="What a score in this band is called.")
    from_score: Annotated[float, Field(ge=0, le=100)] = Field(
        alias="from", description="The lowest score of the band; it ends where the next one begins."
    )


class Condition(Frozen):
    """A criterion's level within bounds, or a red flag's presence."""

    criterion: Slug | None = Field(default=None, description="The id of a criterion.")
    at_least: LevelNumber | None = Field(default=None, description="The criterion's level is this or higher.")
    at_most: LevelNumber | None = Field(default=None, description="The criterion's level is this or lower.")
    red_flag: Slug | None = Field(default=None, description="The id of a red flag.")
    present: bool = Field(default=True, description="Whether the red flag is present, or absent.")


class Relation(Frozen):
    """Where `when` holds, `then` must: a verdict that breaks it contradicts itself."""

    when: Condition = Field(description="Where this holds,")
    then: Condition = Field(description="this must hold too.")
    why: Line = Field(description="Why both cannot be otherwise; a model that breaks it is told so.")


class Rubric(Frozen):
    """Criteria with described levels, red flags, bands, and the glossary and signals of the keyword grader."""

    id: Slug = Field(description="The rubric's name for machines, and the name of its file without `.yaml`.")
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")] = Field(
        description="Three numbers, such as 1.0.0; raise it when levels come to mean something else."
    )
    title: Line = Field(description="The rubric's name for people.")
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = Field(
        description="The language of the answers, by its code of two letters, such as en."
    )
    question: Prose = Field(description="The question the answers reply to.")
    question_variants: Annotated[tuple[Prose, ...], Field(max_length=50)] = Field(
        default=(), description="Other ways the question is put; an answer to an unlike question gets a warning."
    )
    source: Source = Field(description="The document the rubric is derived from.")
    levels: Annotated[tuple[Level, ...], Field(min_length=2, max_length=11)] = Field(
        description="The scale that all criteria share, from 0 upwards."
    )
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=MAX_CRITERIA)] = Field(
        description="What an answer is graded on."
    )
    red_flags: Annotated[tuple[RedFlag, ...], Field(max_length=MAX_CRITERIA)] = Field(
        default=(), description="Views that cost points."
    )
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=20)] = Field(
        description="Names for ranges of scores, the lowest first, beginning at 0."
    )
    glossary: Annotated[
        dict[Slug, Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=500)]], Field(max_length=1_000)
    ] = Field(
        default={},
        description="Concepts by name, each with the ways people say it; signals speak of concepts.",
        json_schema_extra=_BY_NAME,
    )
    patterns: Annotated[dict[Slug, Expression], Field(max_length=1_000)] = Field(
        default={},
        description="Expressions by name, so that signals need not repeat them.",
        json_schema_extra=_BY_NAME,
    )
    relations: Annotated[tuple[Relation, ...], Field(max_length=100)] = Field(
        default=(), description="What excludes or implies what."
    )

    def __hash__(self) -> int:
        """By its digest, so that what is computed once per rubric is quickly found again."""
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        """By its digest: the same rubric is read anew for each run, and compared several times for each answer."""
        return self is other or (isinstance(other, Rubric) and self.digest == other.digest)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy, with nothing kept of what was computed from other fields."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    @property
    def max_level(self) -> int:
        """The top of the scale."""
        return len(self.levels) - 1

    @property
    def total_weight(self) -> float:
        """What the weights add up to; above 0 in a checked rubric."""
        return sum(criterion.weight for criterion in self.criteria)

    @cached_property
    def exact_total_weight(self) -> Fraction:
        """The same without rounding, for scoring; a weight of 0.1 is a tenth, not the nearest binary fraction."""
        return sum((Fraction(str(criterion.weight)) for criterion in self.criteria), Fraction(0))

    @cached_property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits over the content; layout and comments of the file do not count."""
        content = json.dumps(self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
        return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"

    @cached_property
    def criterion_by_id(self) -> Mapping[str, Criterion]:
        """Criteria by id."""
        return {criterion.id: criterion for criterion in self.criteria}

    @cached_property
    def red_flag_by_id(self) -> Mapping[str, RedFlag]:
        """Red flags by id."""
        return {flag.id: flag for flag in self.red_flags}

    def signals(self) -> Iterator[tuple[tuple[str | int, ...], Signal]]:
        """All signals, each with its place in the rubric."""
        for index, criterion in enumerate(self.criteria):
            for level, signals in criterion.signals.items():
                for number, signal in enumerate(signals):
                    yield ("criteria", index, "signals", level, number), signal
        for index, flag in enumerate(self.red_flags):
            for number, signal in enumerate(flag.signals):
                yield ("red_flags", index, "signals", number), signal


def rubric_json_schema() -> dict[str, Any]:
    """The format as JSON Schema, for editors."""
    schema = Rubric.model_json_schema(by_alias=True)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Answer evaluator rubric"}
    return head | {key: value for key, value in schema.items() if key != "title"}
