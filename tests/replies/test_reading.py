"""Ugly replies are read, ambiguous ones are not."""

import json

import pytest

from service.errors import ReplyInvalid
from service.replies import parse_reply
from service.replies.reading import MAX_CHARACTERS, NotANumber, Repeating
from tests.replies.bicycle import reply, tree

RIGHT = reply()
INDENTED = json.dumps(tree(), indent=2)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(RIGHT, id="as it should be"),
        pytest.param(INDENTED, id="indented"),
        pytest.param(f"```json\n{INDENTED}\n```", id="fenced"),
        pytest.param(f"```\n{RIGHT}\n```\nLet me know!", id="fenced and prose"),
        pytest.param(f"Here is the grading you asked for:\n\n{RIGHT}", id="prose before"),
        pytest.param(f"{RIGHT}\n\nI hope {{this}} helps.", id="prose with braces after"),
        pytest.param(f"I read {{the answer}} twice. {RIGHT}", id="prose with braces before"),
        pytest.param(f"\ufeff{RIGHT}", id="byte order mark"),
        pytest.param(f"[{RIGHT}]", id="in a list"),
        pytest.param(f"{RIGHT}\n{RIGHT}", id="twice the same"),
        pytest.param(INDENTED.replace("\n      ]", ",\n      ]").replace("\n  }", ",\n  }"), id="trailing commas"),
        pytest.param(RIGHT.replace("You clean first", "You clean first").replace(", ", ",\n"), id="a line each"),
        pytest.param("<think>Level {2}, or 1?</think>\n" + RIGHT, id="thoughts before"),
    ],
)
def test_an_ugly_reply_is_read(text: str) -> None:
    """Nothing that stands around the one object changes what it says."""
    raw = parse_reply(text)

    assert {"criteria": raw.criteria, "red_flags": raw.red_flags} == tree()


def test_raw_line_breaks_and_commas_within_text_are_kept() -> None:
    """Only commas outside of text are trailing ones."""
    text = '{"criteria": {"a": {"reason": "one,]\ntwo, }", "evidence": [],},},}'

    raw = parse_reply(text)

    assert raw.criteria == {"a": {"reason": "one,]\ntwo, }", "evidence": []}}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Level 2 throughout.", id="prose"),
        pytest.param("null", id="null"),
        pytest.param('{"level": 2}', id="another object"),
        pytest.param('{"grading": ' + RIGHT + "}", id="wrapped"),
        pytest.param(RIGHT[:-1], id="last brace missing"),
        pytest.param(RIGHT[:200], id="cut short"),
        pytest.param(RIGHT + RIGHT.replace('"level": 2', '"level": 1'), id="two that differ"),
        pytest.param(RIGHT + RIGHT.replace('"present": false', '"present": 0'), id="two that differ in a type"),
        pytest.param(RIGHT + "\nCorrection: " + RIGHT[:-1], id="a second one that is cut short"),
        pytest.param('{"criteria": {"a": {"level": 2} ' + RIGHT, id="a first one that is broken"),
        pytest.param('{"criteria": {}, "criteria": {}}', id="a part twice"),
        pytest.param('{"criteria": [], "red_flags": {}}', id="a list of criteria"),
        pytest.param('{"criteria": {}, "overall": 3}', id="a key too many"),
        pytest.param('{"criteria": ' * 50_000, id="nested without end"),
        pytest.param('{"criteria": {"a": ' + "9" * 5_000 + "}}", id="a number without end"),
        pytest.param(" " * MAX_CHARACTERS + RIGHT, id="too long"),
    ],
)
def test_a_guess_is_never_made(text: str) -> None:
    """What could be read in two ways, or is not whole, is refused."""
    with pytest.raises(ReplyInvalid):
        parse_reply(text)


def test_repeated_keys_leave_a_trace() -> None:
    """A second level for a criterion does not silently win."""
    raw = parse_reply('{"criteria": {"a": {"level": 1, "level": 2}, "b": {}, "b": {}}}')

    assert isinstance(raw.criteria, Repeating)
    assert raw.criteria.repeated == {"b"}
    assert isinstance(raw.criteria["a"], Repeating)
    assert raw.criteria["a"].repeated == {"level"}


def test_what_is_no_number_is_no_level() -> None:
    """NaN and Infinity become something that no field takes."""
    raw = parse_reply('{"criteria": {"a": NaN, "b": -Infinity}}')

    assert all(isinstance(value, NotANumber) for value in raw.criteria.values())


def test_hostile_text_is_read_quickly_enough_to_finish() -> None:
    """Braces, quotes and commas without end take no time that grows with their square."""
    for piece in ("{", '{"', "{,}", ",", '"\\', '{"a":,}', '\\"'):
        for head in ("", '{,}"'):
            with pytest.raises(ReplyInvalid):
                parse_reply(head + piece * (MAX_CHARACTERS // len(piece) - len(head)))
