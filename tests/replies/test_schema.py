"""The reply's schema: what providers of strict structured output ask of one, and what a right reply needs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.replies import reply_schema
from service.rubric import Rubric
from tests.replies.bicycle import tiny, tree


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema of an object, at any depth."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for inside in schema.values():
            yield from objects(inside)


def test_a_right_reply_is_valid() -> None:
    """And the keys are asked for in the order of judging: the level last."""
    schema = reply_schema(tiny())

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(tree())
    criterion: Any = schema["$defs"]
    assert list(criterion["criterion"]["properties"]) == ["evidence", "reason", "not_higher", "basis", "level"]
    assert list(criterion["red_flag"]["properties"]) == ["evidence", "reason", "present"]
    assert criterion["criterion"]["properties"]["level"]["enum"] == [0, 1, 2]


@pytest.mark.parametrize("change", ["missing", "extra", "level", "basis"])
def test_a_wrong_reply_is_not(change: str) -> None:
    """A provider that holds to the schema cannot send what we would refuse for its shape."""
    wrong = tree()
    match change:
        case "missing":
            del wrong["criteria"]["wear"]
        case "extra":
            wrong["criteria"]["tyres"] = wrong["criteria"]["wear"]
        case "level":
            wrong["criteria"]["wear"]["level"] = 3
        case _:
            wrong["criteria"]["wear"]["basis"] = "assumed"

    valid = Draft202012Validator(reply_schema(tiny())).is_valid(wrong)

    assert not valid


def test_every_object_is_closed_and_complete(rubric: Rubric) -> None:
    """Strict modes want each property required and no others allowed, and know no ranges."""
    schema = reply_schema(rubric)

    found = list(objects(schema))
    assert len(found) == 5
    for described in found:
        assert described["required"] == list(described["properties"])
        assert described["additionalProperties"] is False
    assert "minimum" not in json.dumps(schema)
    assert "maxItems" not in json.dumps(schema)


def test_some_ids_make_a_smaller_schema() -> None:
    """A part that nothing is asked of is left out."""
    flag_alone = reply_schema(tiny(), ["water-jet"])
    two = reply_schema(tiny(), {"wear", "cleaning"})

    assert flag_alone["required"] == ["nonce", "red_flags"]
    assert two["properties"]["criteria"]["required"] == ["cleaning", "wear"]  # type: ignore[call-overload, index]
    assert list(two["$defs"]) == ["criterion"]  # type: ignore[arg-type]


def test_a_schema_is_made_once() -> None:
    """Building it for each answer would cost more than the rest of the prompt."""
    assert reply_schema(tiny(), ["wear"]) is reply_schema(tiny(), ["wear"])
