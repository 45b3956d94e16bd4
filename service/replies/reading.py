"""From the model's text to the one JSON object in it, whatever stands around it.

Recovered without asking again: code fences, prose before and after, a byte order mark, trailing commas, raw line
breaks inside text. Not recovered, since a guess could turn into a grade: a truncated object, two objects that differ,
and a second object that cannot be read.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.errors import ReplyInvalid

MAX_CHARACTERS = 400_000
# Every brace may begin an object, and each attempt costs time; a reply has its object at one of the first.
_MAX_STARTS = 50
_MAX_REPAIRS = 4
_SECTIONS = ("criteria", "red_flags")
_LOOKS_LIKE_A_REPLY = re.compile(r"""["'](?:criteria|red_flags)\\?["']\s*:""")
_TRAILING_COMMA = re.compile(r",\s*[}\]]")
# A string without an end runs to the end of the text, so that no later quote mark is tried as its beginning.
_STRING_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"?|,(?=\s*[}\]])', re.DOTALL)


class NotANumber:
    """What stands for NaN and Infinity: nothing that any field takes."""


class Repeating(dict[str, Any]):
    """A JSON object in which these keys stood more than once."""

    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RawReply:
    """The two parts of a reply, not yet checked; what each id holds may be anything."""

    criteria: Mapping[str, Any]
    red_flags: Mapping[str, Any]


def parse_reply(text: str) -> RawReply:
    """Find the reply in the model's text.

    Raises:
        ReplyInvalid: there is none, it is cut short, or there are two; the message is the complaint to send back.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReplyInvalid("the reply is far too long.")
    found, rest = _objects(text.lstrip("\ufeff"))
    replies = [value for value in found if any(section in value for section in _SECTIONS)]
    if not replies:
        raise ReplyInvalid("the reply holds no complete JSON object in the shape asked for.")
    # Compared as text, since True equals 1.
    if any(repr(reply) != repr(replies[0]) for reply in replies[1:]) or _LOOKS_LIKE_A_REPLY.search(rest):
        raise ReplyInvalid("the reply holds more than one JSON object; write one only.")
    return _sections(replies[0])


def _sections(reply: dict[str, Any]) -> RawReply:
    if extra := sorted(reply.keys() - set(_SECTIONS)):
        raise ReplyInvalid(f"the JSON object has {len(extra)} key(s) beside criteria and red_flags.")
    if isinstance(reply, Repeating):
        raise ReplyInvalid("a key of the JSON object stands twice.")
    parts = [reply.get(section, {}) for section in _SECTIONS]
    if not all(isinstance(part, dict) for part in parts):
        raise ReplyInvalid("criteria and red_flags must be JSON objects with one key for each id.")
    return RawReply(*parts)


def _objects(text: str) -> tuple[list[dict[str, Any]], str]:
    """All JSON objects in a text that stand in no other, and the text without them."""
    found: list[dict[str, Any]] = []
    rest: list[str] = []
    at = 0
    for number in range(_MAX_STARTS):
        start = text.find("{", at)
        if start < 0:
            break
        decoded = _decode(text, start) or (_decode_repaired(text, start) if number < _MAX_REPAIRS else None)
        rest.append(text[at : start + 1] if decoded is None else text[at:start])
        if decoded is None:
            at = start + 1
        else:
            value, at = decoded
            found.append(value)
    rest.append(text[at:])
    return found, "".join(rest)


def _decode(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None


def _decode_repaired(text: str, start: int) -> tuple[dict[str, Any], int] | None:
    """The same without trailing commas."""
    if not _TRAILING_COMMA.search(text, start):
        return None
    # Blanked, so that every other character keeps its place.
    blanked = _STRING_OR_COMMA.sub(lambda m: " " if m.group() == "," else m.group(), text[start:])
    decoded = _decode(blanked, 0)
    return decoded and (decoded[0], start + decoded[1])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeating = Repeating(value)
    repeating.repeated = frozenset(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return repeating


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=lambda _: NotANumber(), strict=False)
