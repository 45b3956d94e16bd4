"""Taking a JSON object apart, held against the parser of the standard library."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.members import split_members
from service.api.problems import Refusal

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100)
@given(
    value=st.dictionaries(st.text(), _VALUES, max_size=5), indent=st.sampled_from([None, 2]), ascii_only=st.booleans()
)
def test_every_member_is_found(value: dict[str, Any], indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001 - hypothesis passes it
    """Whatever the values are and however they are written, in their order."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    members = [(name, json.loads(written)) for name, written in split_members(text)]

    assert members == list(value.items())


@settings(max_examples=150)
@given(text=st.text(alphabet='{}[]":,\\a1 \n', max_size=30))
def test_an_object_is_never_refused_and_nothing_crashes(text: str) -> None:
    """What the standard library reads as an object is taken apart; the rest is refused here, or with its values."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None

    try:
        names = [name for name, _ in split_members(text)]
    except Refusal:
        names = None

    if isinstance(value, dict):
        assert names is not None
        assert list(dict.fromkeys(names)) == list(value)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param("", 400, id="nothing"),
        pytest.param("nonsense", 400, id="no JSON"),
        pytest.param("[1] 2", 422, id="a list and more"),
        pytest.param("[1]", 422, id="a list"),
        pytest.param("12", 422, id="a number"),
        pytest.param('{"a": 1', 400, id="cut off"),
        pytest.param('{"a": 1,}', 400, id="a comma too many"),
        pytest.param('{"a" 1}', 400, id="no colon"),
        pytest.param('{"\\x": 1}', 400, id="a name that is no string"),
        pytest.param('{"a": "x}', 400, id="a string without an end"),
        pytest.param('{"a": ]}', 400, id="no value"),
        pytest.param("{1: 2}", 400, id="a name without quotes"),
    ],
)
def test_what_is_wrong_outside_the_values_is_said(text: str, status: int) -> None:
    """With its place, where it is not JSON."""
    with pytest.raises(Refusal) as caught:
        list(split_members(text))

    assert caught.value.status == status
    assert ("line 1 column" in caught.value.detail) == (status == 400)
