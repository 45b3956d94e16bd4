"""What pydantic finds wrong with a rubric, put into words for who wrote the rubric."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from service.rubric.checks import Path, nearest
from service.rubric.model import Rubric
from service.rubric.signals import KINDS

Error = Mapping[str, Any]


class Finding(NamedTuple):
    """Where something is wrong, what, and what to do; `key` means the key at the path rather than its value."""

    path: Path
    message: str
    hint: str
    key: bool


_EXPECTED = {
    "string_type": ("text is expected, not {given}", "Write text; what looks like a number goes in quotes."),
    "string_too_short": ("this text is empty", "Write something here."),
    "string_too_long": ("this text has more than {max_length:,} characters", "Shorten it."),
    "float_type": ("a number is expected, not {given}", "Write a number without quotes."),
    "int_type": ("a whole number is expected, not {given}", "Write a whole number without quotes."),
    "int_from_float": ("a whole number is expected, not {given}", "Write it without a decimal point."),
    "int_parsing": ("a whole number is expected, not {given}", "Write a number such as 0, 1 or 2."),
    "bool_type": ("true or false is expected, not {given}", "Write true or false without quotes."),
    "tuple_type": ("a list is expected, not {given}", "Write one entry a line, each begun with a dash."),
    "dict_type": ("keys with values are expected, not {given}", "Write `key: value`, one a line."),
    "model_type": ("keys with values are expected, not {given}", "Write `key: value`, one a line."),
    "too_short": ("fewer entries than the {min_length} that are needed", "Add what is missing."),
    "too_long": ("more than {max_length:,} entries", "Remove some, or split the rubric in two."),
    "greater_than_equal": ("this must be {ge:g} or more, not {given}", "Correct the number."),
    "less_than_equal": ("this must be {le:g} or less, not {given}", "Correct the number."),
    "literal_error": ("{expected} is expected, not {given}", "Choose one of these."),
    "expression_kind": (
        f"a concept's name or one of {', '.join(sorted(KINDS))} is expected, not {{given}}",
        "docs/rubrics.md shows how signals are written.",
    ),
}
_A_NAME = ("a name of lower-case letters, digits and single hyphens is expected", "Write a name such as unit-cost.")
_PATTERNS = {
    r"^\d+\.\d+\.\d+$": ("three numbers with dots between are expected", "Write a version such as 1.0.0."),
    r"^[a-z]{2}$": ("a language code of two letters is expected", "Write a code such as en, de or fr."),
}


def findings(errors: Sequence[Error]) -> Iterator[Finding]:
    """Put pydantic's errors into words, leaving out those that only follow from another."""
    paths = [_path(error["loc"]) for error in errors]
    for error, path in zip(errors, paths, strict=True):
        # A list with a broken entry is counted without it, and so may be called too short as well.
        if error["type"] == "too_short" and any(len(p) > len(path) and p[: len(path)] == path for p in paths):
            continue
        message, hint = _words(error, path)
        place = _place(path)
        of_key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
        yield Finding(path, f"{place}: {message}" if place else message, hint, of_key)


def _words(error: Error, path: Path) -> tuple[str, str]:
    context = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "this key is missing", f"Add `{path[-1]}:` here."
        case "extra_forbidden":
            return "there is no such key", f"Remove it, or correct its name.{nearest(str(path[-1]), _keys())}"
        case "string_pattern_mismatch":
            return _PATTERNS.get(context["pattern"], _A_NAME)
        case "string_type" if path == ("version",):
            return f"text is expected, not {_given(error['input'])}", "Write a version such as 1.0.0."
    if error["type"] not in _EXPECTED:
        return str(error["msg"]), "docs/rubrics.md says what may stand here."
    message, hint = _EXPECTED[error["type"]]
    return message.format(**context, given=_given(error["input"])), hint


def _path(location: Sequence[str | int]) -> Path:
    """A location without what is no place in the file: pydantic also names the kind of each expression."""
    path: list[str | int] = []
    inside = after_kind = False
    for part in location:
        if part == "[key]":
            continue
        if inside and not after_kind and part in KINDS | {"name"}:
            after_kind = True  # the kind of an expression is followed by a key of it, which may read the same
            continue
        path.append(part)
        after_kind = False
        inside = inside or part in {"when", "unless"} or (len(path) == 2 and path[0] == "patterns")
    return tuple(path)


def _place(path: Path) -> str:
    """A path to read, entries counted from 1: `criteria #1 > levels > 0`."""
    text = "".join(f" #{part + 1}" if isinstance(part, int) else f" > {part[:80]}" for part in path)
    return text.removeprefix(" > ").strip()


def _given(value: object) -> str:
    if isinstance(value, dict):
        listed = ", ".join(str(key)[:40] for key in list(value)[:5])
        return f"keys with values ({listed})" if value else "nothing"
    if isinstance(value, str):
        return repr(value[:40])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"the number {value}"
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else str(value).lower()


@cache
def _keys() -> frozenset[str]:
    schema = Rubric.model_json_schema(by_alias=True)
    return frozenset(key for model in (schema, *schema["$defs"].values()) for key in model.get("properties", ()))
