"""Takes a JSON object apart into its members without building what is in them.

A body of many answers is a large array with a few options beside it. Parsed as a whole it can take twenty times its
size in memory; the array is handed on as text instead, to be read one answer at a time.
"""

import json
import re
from collections.abc import Iterator

from service.api.problems import Refusal

_SPACE = re.compile(r"[ \t\n\r]*+")
_STRING = r'"(?:[^"\\]++|\\.)*+"'
_SCALAR = re.compile(rf'{_STRING}|[^\s,\[\]{{}}":]++', re.DOTALL)
_MARK = re.compile(rf'{_STRING}|["\[\]{{}}]', re.DOTALL)


def split_members(text: str) -> Iterator[tuple[str, str]]:
    """Each name of the object that the text is, with the text of its value, which is yet to be parsed.

    Raises:
        Refusal: it is no JSON object, as far as can be told from outside its values.
    """
    at = _after_space(text, 0)
    if text[at : at + 1] != "{":
        raise _no_object(text, at)
    at = _after_space(text, at + 1)
    ended = text[at : at + 1] == "}"
    while not ended:
        if text[at : at + 1] != '"':
            raise _refusal(text, at, "a name in double quotes belongs here")
        end = _end_of_value(text, at)
        name = text[at:end]
        at = _after_space(text, end)
        if text[at : at + 1] != ":":
            raise _refusal(text, at, "a colon belongs here")
        start = _after_space(text, at + 1)
        end = _end_of_value(text, start)
        yield _string(text, at, name), text[start:end]
        at = _after_space(text, end)
        ended = text[at : at + 1] == "}"
        if not ended and text[at : at + 1] != ",":
            raise _refusal(text, at, "a comma or } belongs here")
        at = at if ended else _after_space(text, at + 1)
    if _after_space(text, at + 1) != len(text):
        raise _refusal(text, at + 1, "trailing characters")


def _no_object(text: str, at: int) -> Refusal:
    """How to refuse what does not begin with a brace: JSON of another kind, or no JSON."""
    if not text[at:]:
        return _refusal(text, at, "there is nothing in it")
    if text[at] != "[":
        try:
            json.loads(text[at:])
        except ValueError:
            return _refusal(text, at, "it does not begin with {")
    return Refusal(
        422, "not-valid", 'The body is not a valid request: it must be an object, such as {"answers": [...]}.'
    )


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _end_of_value(text: str, start: int) -> int:
    """Where the value ends that begins here."""
    scalar = _SCALAR.match(text, start)
    if scalar:
        return scalar.end()
    depth = 0
    for mark in _MARK.finditer(text, start):
        character = mark.group() if mark.end() - mark.start() == 1 else ""
        depth += (character in {"[", "{"}) - (character in {"]", "}"})
        if character == '"' or depth < 0 or (not depth and not character):
            break
        if not depth:
            return mark.end()
    raise _refusal(text, start, "no value begins here, or it has no end")


def _string(text: str, at: int, written: str) -> str:
    try:
        value: object = json.loads(written)
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise _refusal(text, at, "the name before it is not a string")
    return value


def _refusal(text: str, at: int, why: str) -> Refusal:
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    return Refusal(400, "not-json", f"The body cannot be read as JSON: at line {line} column {column}, {why}.")
