"""What a rubric must satisfy beyond the shape of each field: everything it refers to exists and adds up."""

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from service.rubric.model import Condition, Criterion, RedFlag, Rubric
from service.rubric.signals import (
    MARKERS,
    Denied,
    Expression,
    Figure,
    LevelReached,
    Mentioned,
    Reached,
    children,
    names,
)

MAX_EXPRESSIONS = 5_000
MAX_DEPTH = 60

Path = tuple[str | int, ...]


class Breach(NamedTuple):
    """Where in the rubric something does not add up, what, and what to do.

    `key` means the key at the path rather than its value.
    """

    path: Path
    message: str
    hint: str
    key: bool = False


def check_rubric(rubric: Rubric) -> list[Breach]:
    """Everything that does not add up; empty for a rubric that can grade."""
    return [
        *_scale(rubric),
        *_ids(rubric),
        *_described_levels(rubric),
        *_sources(rubric),
        *_bands(rubric),
        *_patterns(rubric),
        *_signals(rubric),
        *_relations(rubric),
    ]


def _scale(rubric: Rubric) -> Iterator[Breach]:
    for index, level in enumerate(rubric.levels):
        if level.level != index:
            yield Breach(
                ("levels", index, "level"),
                f"this is level {level.level} where level {index} is expected",
                "List the levels from 0 upwards without a gap.",
            )
    yield from _unique("level name", [(("levels", i, "name"), level.name) for i, level in enumerate(rubric.levels)])
    if rubric.total_weight <= 0:
        yield Breach(("criteria",), "the weights add up to 0", "Give at least one criterion a weight above 0.")


def _ids(rubric: Rubric) -> Iterator[Breach]:
    places: list[tuple[Path, str]] = [(("criteria", i, "id"), c.id) for i, c in enumerate(rubric.criteria)]
    places += [(("red_flags", i, "id"), flag.id) for i, flag in enumerate(rubric.red_flags)]
    yield from _unique("id", places)


def _unique(what: str, places: Iterable[tuple[Path, str]]) -> Iterator[Breach]:
    seen = set()
    for path, value in places:
        if value in seen:
            yield Breach(path, f"the {what} {value!r} is used twice", f"Give each its own {what}.")
        seen.add(value)


def _described_levels(rubric: Rubric) -> Iterator[Breach]:
    scale = set(range(rubric.max_level + 1))
    for index, criterion in enumerate(rubric.criteria):
        wanted = (
            ("levels", criterion.levels, scale, "Describe every level of the scale, from 0 to the top."),
            ("advice", criterion.advice, scale - {rubric.max_level}, "Give advice for every level below the top."),
        )
        for field, given, expected, hint in wanted:
            for level in sorted(expected - given.keys()):
                yield Breach(("criteria", index, field), f"{criterion.id}: level {level} is missing", hint)
            for level in sorted(given.keys() - expected):
                yield Breach(
                    ("criteria", index, field, level), f"{criterion.id}: level {level} is one too many", hint, key=True
                )


def _sources(rubric: Rubric) -> Iterator[Breach]:
    parts = rubric.source.parts
    places: list[tuple[Path, Criterion | RedFlag]] = [(("criteria", i), c) for i, c in enumerate(rubric.criteria)]
    places += [(("red_flags", i), flag) for i, flag in enumerate(rubric.red_flags)]
    for path, item in places:
        for number, part in enumerate(item.source):
            if part not in parts:
                yield Breach(
                    (*path, "source", number),
                    f"{item.id}: there is no part {part!r} in source.parts",
                    f"Name one of: {', '.join(parts)}.{nearest(part, parts)}",
                )


def _bands(rubric: Rubric) -> Iterator[Breach]:
    yield from _unique("band", [(("bands", i, "name"), band.name) for i, band in enumerate(rubric.bands)])
    if rubric.bands[0].from_score != 0:
        yield Breach(("bands", 0, "from"), "the first band does not begin at 0", "Let the lowest band begin at 0.")
    for index, (lower, upper) in enumerate(zip(rubric.bands, rubric.bands[1:], strict=False), start=1):
        if upper.from_score <= lower.from_score:
            yield Breach(
                ("bands", index, "from"),
                f"the band {upper.name!r} does not begin above {lower.name!r}",
                "List the bands from the lowest score upwards.",
            )


def _patterns(rubric: Rubric) -> Iterator[Breach]:
    for name in sorted(rubric.glossary.keys() & rubric.patterns.keys()):
        yield Breach(("patterns", name), f"{name!r} is a concept too", "Give the pattern another name.", key=True)
    for name, pattern in rubric.patterns.items():
        yield from _expression(rubric, ("patterns", name), pattern, in_flag=False)
    try:
        TopologicalSorter({name: set(names(pattern)) for name, pattern in rubric.patterns.items()}).prepare()
    except CycleError as error:
        cycle = " → ".join(reversed(error.args[1]))
        path = ("patterns", error.args[1][0])
        yield Breach(path, f"the patterns go round in a circle: {cycle}", "Break the circle.", key=True)
        return
    yield from _written_out(rubric.patterns)


def _written_out(patterns: Mapping[str, Expression]) -> Iterator[Breach]:
    """Patterns of patterns double at every step, so a short file can stand for more than any machine holds."""
    sizes: dict[str, tuple[int, int]] = {}
    order = TopologicalSorter({name: set(names(pattern)) for name, pattern in patterns.items()}).static_order()
    for name in order:
        size, depth = _extent(patterns[name], sizes) if name in patterns else (1, 1)
        if size > MAX_EXPRESSIONS or depth > MAX_DEPTH:
            yield Breach(
                ("patterns", name),
                f"the pattern {name!r} stands for more than {MAX_EXPRESSIONS:,} expressions, or {MAX_DEPTH} levels",
                "Build it from fewer patterns.",
                key=True,
            )
            return
        sizes[name] = size, depth


def _extent(expression: Expression, known: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How many expressions one stands for, and how deep they are nested, with its patterns written out."""
    if isinstance(expression, str):
        return known[expression]
    inside = [_extent(child, known) for child in children(expression)]
    return 1 + sum(size for size, _ in inside), 1 + max((depth for _, depth in inside), default=0)


def _signals(rubric: Rubric) -> Iterator[Breach]:
    for index, criterion in enumerate(rubric.criteria):
        for level in criterion.signals:
            if level > rubric.max_level:
                yield Breach(
                    ("criteria", index, "signals", level),
                    f"{criterion.id}: no signal can earn level {level}",
                    f"Signals earn levels 1 to {rubric.max_level}; at 0 they recognise wrong claims.",
                    key=True,
                )
    for path, signal in rubric.signals():
        in_flag = path[0] == "red_flags"
        yield from _expression(rubric, (*path, "when"), signal.when, in_flag=in_flag)
        if signal.unless is not None:
            yield from _expression(rubric, (*path, "unless"), signal.unless, in_flag=in_flag)


def _expression(rubric: Rubric, path: Path, expression: Expression, *, in_flag: bool) -> Iterator[Breach]:
    known = rubric.glossary.keys() | rubric.patterns.keys() | MARKERS
    for name in sorted(set(names(expression)) - known):
        yield Breach(
            path,
            f"there is no concept or pattern {name!r}",
            "Add it to the glossary, or correct the name." + nearest(name, known),
        )
    for inside in _walk(expression):
        match inside:
            case Denied(denied=name) | Mentioned(mentioned=name) if name in rubric.patterns:
                yield Breach(path, f"{name!r} is a pattern", "`denied` and `mentioned` take a concept of the glossary.")
            case Figure(figure=figure) if figure.min is not None and figure.max is not None and figure.min > figure.max:
                yield Breach(path, "the figure's min is above its max", "Swap them.")
            case Reached(reached=reached):
                yield from _reached(rubric, path, reached, in_flag=in_flag)
            case _:
                pass


def _reached(rubric: Rubric, path: Path, reached: LevelReached, *, in_flag: bool) -> Iterator[Breach]:
    if not in_flag:
        yield Breach(path, "`reached` stands outside a red flag", "Criteria cannot depend on one another's levels.")
    if reached.level > rubric.max_level:
        yield Breach(path, f"level {reached.level} is above the scale", f"The top level is {rubric.max_level}.")
    for criterion_id in reached.of:
        if criterion_id not in rubric.criterion_by_id:
            hint = "Name a criterion of this rubric." + nearest(criterion_id, rubric.criterion_by_id)
            yield Breach(path, f"there is no criterion {criterion_id!r}", hint)


def _walk(expression: Expression) -> Iterator[Expression]:
    yield expression
    for inside in children(expression):
        yield from _walk(inside)


def nearest(name: str, known: Iterable[str]) -> str:
    """A question whether another name was meant, with a space before it; empty if none is like it."""
    import difflib  # noqa: PLC0415 - only a broken rubric needs it

    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _relations(rubric: Rubric) -> Iterator[Breach]:
    for index, relation in enumerate(rubric.relations):
        for field, condition in (("when", relation.when), ("then", relation.then)):
            for message, hint in _condition(rubric, condition):
                yield Breach(("relations", index, field), message, hint)


def _condition(rubric: Rubric, condition: Condition) -> Iterator[tuple[str, str]]:
    if (condition.criterion is None) == (condition.red_flag is None):
        yield "the condition must speak of one criterion or one red flag", "Give `criterion` or `red_flag`, not both."
    elif condition.criterion is not None:
        yield from _level_condition(rubric, condition)
    else:
        if condition.red_flag not in rubric.red_flag_by_id:
            yield (
                f"there is no red flag {condition.red_flag!r}",
                "Name a red flag of this rubric." + nearest(condition.red_flag or "", rubric.red_flag_by_id),
            )
        if condition.at_least is not None or condition.at_most is not None:
            yield "a red flag has no level", "Use `present: true` or `present: false`."


def _level_condition(rubric: Rubric, condition: Condition) -> Iterator[tuple[str, str]]:
    bounds = [bound for bound in (condition.at_least, condition.at_most) if bound is not None]
    if condition.criterion not in rubric.criterion_by_id:
        yield (
            f"there is no criterion {condition.criterion!r}",
            "Name a criterion of this rubric." + nearest(condition.criterion or "", rubric.criterion_by_id),
        )
    # A rubric written out by a program has all fields, and `true` says no more here than nothing does.
    if "present" in condition.model_fields_set and not (condition.present and bounds):
        yield "`present` is for red flags", "Give a criterion `at_least`, `at_most` or both."
    elif not bounds:
        yield "the condition says nothing about the level", "Give `at_least`, `at_most` or both."
    if any(bound > rubric.max_level for bound in bounds):
        yield "the level is above the scale", f"The top level is {rubric.max_level}."
    if bounds and bounds[0] > bounds[-1]:
        yield "no level is at least the one and at most the other", "Swap `at_least` and `at_most`."
