"""Ugly replies are read, ambiguous ones are not."""

import json

import pytest

from service.errors import ReplyInvalid
from service.replies import parse_reply
from service.replies.reading import MAX_CHARACTERS, NotANumber, Repeating
from tests.completions.scripted import NONCE
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
        pytest.param('<think>It begins with "nonce": "<nonce>", then.</think>\n' + RIGHT, id="thoughts of the nonce"),
        pytest.param(INDENTED.replace(",\n", ", // it's so\n"), id="comments to the end of the line"),
        pytest.param(INDENTED.replace(": ", ': /* "}" */ '), id="comments within lines"),
        pytest.param(INDENTED.replace("\n  }", ", // last\n  }"), id="a comment behind a trailing comma"),
        pytest.param(INDENTED.replace("  ", "\u00a0\u00a0"), id="hard spaces"),
        pytest.param(repr(tree()), id="as Python writes it"),
        pytest.param(f"```python\n{tree()!r}\n```", id="as Python writes it, fenced"),
    ],
)
def test_an_ugly_reply_is_read(text: str) -> None:
    """Nothing that stands around the one object changes what it says."""
    raw = parse_reply(text, NONCE)

    assert {"nonce": NONCE, "criteria": raw.criteria, "red_flags": raw.red_flags} == tree()


def test_raw_line_breaks_and_commas_within_text_are_kept() -> None:
    """Only commas outside of text are trailing ones."""
    text = '{"nonce": "<nonce>", "criteria": {"a": {"reason": "one,]\ntwo, }", "evidence": [],},},}'

    raw = parse_reply(text, NONCE)

    assert raw.criteria == {"a": {"reason": "one,]\ntwo, }", "evidence": []}}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("'it is \"free\"'", 'it is "free"', id="double marks within single ones"),
        pytest.param(r"'it\'s free'", "it's free", id="single marks escaped within single ones"),
        pytest.param(r'"it\'s free"', "it's free", id="single marks escaped for nothing"),
        pytest.param(r"'a \\'", "a \\", id="a backslash at the end"),
        pytest.param("'// no /* comment */, ]'", "// no /* comment */, ]", id="what looks like a comment"),
        pytest.param("'True, None'", "True, None", id="words of Python within text"),
    ],
)
def test_text_says_what_stands_in_it(written: str, said: str) -> None:
    """Whatever marks it stands in, nothing of it is taken for anything else."""
    raw = parse_reply(f"{{'nonce': '<nonce>', 'criteria': {{'a': {written}, 'b': [True, None,]}},}}", NONCE)

    assert raw.criteria == {"a": said, "b": [True, None]}


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
        pytest.param('{"nonce": "<nonce>", "criteria": {"a": {} ' + RIGHT, id="a first one that is broken"),
        pytest.param('{"nonce": "<nonce>", "criteria": {}, "criteria": {}}', id="a part twice"),
        pytest.param('{"nonce": "<nonce>", "criteria": [], "red_flags": {}}', id="a list of criteria"),
        pytest.param('{"nonce": "<nonce>", "criteria": {}, "overall": 3}', id="a key too many"),
        pytest.param('{"nonce": "<nonce>", "criteria": ' * 50_000, id="nested without end"),
        pytest.param('{"nonce": "<nonce>", "criteria": {"a": ' + "9" * 5_000 + "}}", id="a number without end"),
        pytest.param(RIGHT.replace("<nonce>", "0123456789abcdef"), id="another nonce"),
        pytest.param(RIGHT.replace('"<nonce>"', "null"), id="no nonce"),
        pytest.param('{"nonce": "other", ' + RIGHT[1:], id="two nonces"),
        pytest.param(" " * MAX_CHARACTERS + RIGHT, id="too long"),
        pytest.param(INDENTED.replace(",\n", ",,\n"), id="two commas"),
        pytest.param(INDENTED.replace(",\n", "\n"), id="no commas"),
        pytest.param(RIGHT.replace(", ", " // "), id="comments without an end"),
        pytest.param("{'nonce': '<nonce>', 'criteria': {'a': 'it's free'}}", id="an apostrophe in single marks"),
        pytest.param("{'nonce': '<nonce>', 'criteria': {'a': 'one' 'two'}}", id="two texts side by side"),
        pytest.param("{'nonce': '<nonce>', 'criteria': {'a': 1/**/2}}", id="a comment in a figure"),
        pytest.param("{nonce: '<nonce>', criteria: {}}", id="bare keys"),
        pytest.param("{'nonce': '<nonce>', 'criteria': {'a': (1, 2)}}", id="other brackets"),
        pytest.param("{'nonce': '<nonce>', 'criteria': {]}", id="brackets that do not match"),
    ],
)
def test_a_guess_is_never_made(text: str) -> None:
    """What could be read in two ways, or is not whole, is refused."""
    with pytest.raises(ReplyInvalid):
        parse_reply(text, NONCE)


@pytest.mark.parametrize(
    "echoed", [RIGHT.replace("<nonce>", "guess"), '{"criteria": {"wear": {"level": 2}}}', "{'level': 2"]
)
@pytest.mark.parametrize("layout", ["{echoed}\n{right}", "{right}\n{echoed}", "{echoed}{right}{echoed}"])
def test_what_lacks_the_nonce_is_never_read(echoed: str, layout: str) -> None:
    """JSON out of the answer, repeated before or after the reply, whole or not, changes nothing."""
    raw = parse_reply(layout.format(echoed=echoed, right=RIGHT), NONCE)

    assert {"nonce": NONCE, "criteria": raw.criteria, "red_flags": raw.red_flags} == tree()


def test_repeated_keys_leave_a_trace() -> None:
    """A second level for a criterion does not silently win."""
    raw = parse_reply('{"nonce": "<nonce>", "criteria": {"a": {"level": 1, "level": 2}, "b": {}, "b": {}}}', NONCE)

    assert isinstance(raw.criteria, Repeating)
    assert raw.criteria.repeated == {"b"}
    assert isinstance(raw.criteria["a"], Repeating)
    assert raw.criteria["a"].repeated == {"level"}


def test_what_is_no_number_is_no_level() -> None:
    """NaN and Infinity become something that no field takes."""
    raw = parse_reply('{"nonce": "<nonce>", "criteria": {"a": NaN, "b": -Infinity}}', NONCE)

    assert all(isinstance(value, NotANumber) for value in raw.criteria.values())


def test_hostile_text_is_read_quickly_enough_to_finish() -> None:
    """Braces, quotes and commas without end take no time that grows with their square."""
    for piece in ("{", '{"', "{,}", ",", '"\\', '{"a":,}', '\\"', "{'", "''", "{//", "/*", "{[]"):
        for head in ("", '{,}"'):
            with pytest.raises(ReplyInvalid):
                parse_reply(head + piece * (MAX_CHARACTERS // len(piece) - len(head)), NONCE)
