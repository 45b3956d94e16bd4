"""From the model's text to the one JSON object in it, whatever stands around it.

Recovered without asking again, since it can be read in one way only: code fences, prose before and after, a byte order
mark, raw line breaks inside text, trailing commas, comments, and what Python writes for JSON: text in single quote
marks, True, False and None. Not recovered, since a guess could turn into a grade: a truncated object, a missing comma
or quote mark, a list in the place of an object, two objects that differ, and a second object that cannot be read. An
object without the nonce of the request is no reply, whoever wrote it: the answer may hold JSON, and a model may repeat
it.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from service.errors import ReplyInvalid
from service.replies.schema import NONCE

MAX_CHARACTERS = 400_000
# Every brace may begin an object, and each attempt costs time; a reply has its object at one of the first.
_MAX_STARTS = 50
_MAX_REPAIRS = 4
_SECTIONS = ("criteria", "red_flags")
# A reply has a few hundred; text made to be slow has no end of them.
_MOST_TOKENS = 20_000
# Text or a comment without an end runs to the end of the reply, so that no later mark is tried as its beginning.
_TOKEN = re.compile(
    r'"(?:[^"\\]|\\.)*+"?'
    r"|'(?:[^'\\]|\\.)*+'?"
    r"|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?"
    r"|[{}\[\],:]|[^\s\"'/{}\[\],:]++|\s++|/",
    re.DOTALL,
)
_MARK_IN_TEXT = re.compile(r"\\.|\"", re.DOTALL)
_AS_JSON = {"\\'": "'", '"': '\\"', "True": "true", "False": "false", "None": "null"}


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


def parse_reply(text: str, nonce: str) -> RawReply:
    """Find the reply to the request of this nonce in the model's text.

    Raises:
        ReplyInvalid: there is none, it is cut short, or there are two; the message is the complaint to send back.
    """
    if len(text) > MAX_CHARACTERS:
        raise ReplyInvalid("the reply is far too long.")
    found, rest = _objects(text.lstrip("\ufeff"))
    replies = [value for value in found if _has(value, nonce)]
    if not replies:
        if any(section in value for value in found for section in _SECTIONS):
            raise ReplyInvalid("the JSON object lacks the nonce that stands at the end of the request.")
        raise ReplyInvalid("the reply holds no complete JSON object in the shape asked for.")
    # Compared as text, since True equals 1.
    if any(repr(reply) != repr(replies[0]) for reply in replies[1:]) or _may_be_another(rest, nonce):
        raise ReplyInvalid("the reply holds more than one JSON object; write one only.")
    return _sections(replies[0])


def _has(value: Mapping[str, Any], nonce: str) -> bool:
    said = value.get(NONCE)
    return isinstance(said, str) and said.strip() == nonce


def _may_be_another(rest: str, nonce: str) -> bool:
    """Whether what cannot be read opens an object and has the nonce; prose may speak of the nonce."""
    opened = rest.find("{")
    return opened >= 0 and re.search(rf"{NONCE}\W+{re.escape(nonce)}", rest[opened:]) is not None


def _sections(reply: dict[str, Any]) -> RawReply:
    if extra := sorted(reply.keys() - {NONCE, *_SECTIONS}):
        raise ReplyInvalid(f"the JSON object has {len(extra)} key(s) beside nonce, criteria and red_flags.")
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
    """The same without comments and trailing commas, and with what Python writes for JSON."""
    if (repaired := _repaired(text, start)) is None:
        return None
    plain, end = repaired
    decoded = _decode(plain, 0)
    return (decoded[0], end) if decoded and decoded[1] == len(plain) else None


def _repaired(text: str, start: int) -> tuple[str, int] | None:
    """What stands from one brace to the one that closes it, and where that ends.

    Each token stays what it says, and none is added: what is still no JSON then stays unread.
    """
    out: list[str] = []
    comma, depth = "", 0
    for match in islice(_TOKEN.finditer(text, start), _MOST_TOKENS):
        piece = match.group()
        if piece.isspace() or piece.startswith(("//", "/*")):
            out.append(" ")
            continue
        out.append("" if piece in "}]" else comma)
        comma = "," if piece == "," else ""
        out.append("" if comma else _as_json(piece))
        depth += (piece in "{[") - (piece in "}]")
        if depth == 0:
            return "".join(out), match.end()
    return None


def _as_json(piece: str) -> str:
    if len(piece) > 1 and piece[0] == piece[-1] and piece[0] in "\"'":
        return f'"{_MARK_IN_TEXT.sub(_mark_as_json, piece[1:-1])}"'
    return _AS_JSON.get(piece, piece)


def _mark_as_json(match: re.Match[str]) -> str:
    return _AS_JSON.get(match.group(), match.group())


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeating = Repeating(value)
    repeating.repeated = frozenset(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
    return repeating


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=lambda _: NotANumber(), strict=False)
