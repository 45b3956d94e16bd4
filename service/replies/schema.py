"""The JSON Schema of a reply, made from the rubric.

The nonce comes first; for each id evidence comes before the reason, and the level last.
"""

from collections.abc import Iterable, Sequence
from threading import Lock

from cachetools import LRUCache, cached
from pydantic import JsonValue

from service.rubric import Rubric

SCHEMA_NAME = "grading"
NONCE = "nonce"
"""The key of what proves that a reply was written for this request."""

_EVIDENCE: JsonValue = {
    "type": "array",
    "items": {"type": "string"},
    "description": "Quotes copied word for word from the answer, 4 at most.",
}
_TEXT: JsonValue = {"type": "string"}


def reply_schema(rubric: Rubric, only: Iterable[str] | None = None) -> dict[str, JsonValue]:
    """The schema for all criteria and red flags of a rubric, or for those with the ids given.

    Kept and shared between calls: not to be changed. Ranges are enums, since some providers drop minimum and maximum.
    """
    wanted = None if only is None else frozenset(only)
    return _schema(rubric, wanted)


@cached(LRUCache(maxsize=256), key=lambda rubric, wanted: (rubric.digest, wanted), lock=Lock())
def _schema(rubric: Rubric, wanted: frozenset[str] | None) -> dict[str, JsonValue]:
    criteria = [item.id for item in rubric.criteria if wanted is None or item.id in wanted]
    flags = [item.id for item in rubric.red_flags if wanted is None or item.id in wanted]
    properties: dict[str, JsonValue] = {NONCE: _TEXT}
    definitions: dict[str, JsonValue] = {}
    if criteria:
        properties["criteria"] = _refer_to("criterion", criteria)
        definitions["criterion"] = _object(
            {
                "evidence": _EVIDENCE,
                "reason": _TEXT,
                "not_higher": _TEXT,
                "basis": {"type": "string", "enum": ["supported", "absent", "wrong"]},
                "level": {"type": "integer", "enum": list(range(rubric.max_level + 1))},
            }
        )
    if flags:
        properties["red_flags"] = _refer_to("red_flag", flags)
        definitions["red_flag"] = _object({"evidence": _EVIDENCE, "reason": _TEXT, "present": {"type": "boolean"}})
    return _object(properties) | {"$defs": definitions}


def _refer_to(definition: str, ids: Sequence[str]) -> dict[str, JsonValue]:
    return _object({item: {"$ref": f"#/$defs/{definition}"} for item in ids})


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
