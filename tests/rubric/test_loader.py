"""Everything that can be wrong with the shape of a rubric file, and where the error says it is."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import RubricInvalid
from service.rubric import load_rubric, parse_rubric
from tests.rubric.yaml_files import FIXTURES, REST, changed, parsed, place_of

SIGNAL = "when: sleep-repairs"
PIECES = [
    *"5 -1 true null [] {} x : - {any:3} ' & * ! << 1e5 [[ {{ @ % | > ? ---".split(),
    "",
    "\n",
    "\t",
    '"',
    "9" * 400,
]


def refusal(text: str) -> RubricInvalid:
    """The error that a file earns."""
    with pytest.raises(RubricInvalid) as caught:
        parse_rubric(text.encode(), file="r.yaml")
    return caught.value


def test_the_example_loads() -> None:
    """What the other tests break is a rubric to begin with."""
    rubric = load_rubric(FIXTURES / "rest.yaml")

    assert (rubric.id, rubric.max_level, rubric.total_weight) == ("rest", 2, 1)


@pytest.mark.parametrize(
    ("old", "new", "at", "message", "hint"),
    [
        pytest.param("title: Why rest\n", "", "id: rest", "title: this key is missing", "Add `title:`", id="missing"),
        pytest.param(
            "    weight: 1\n", "", "id: repair", "criteria #1 > weight: this key", "Add `weight:`", id="nested"
        ),
        pytest.param("title: Why", "titel: Why", "titel", "titel: there is no such key", "mean 'title'?", id="unknown"),
        pytest.param("Why rest", "5", "5", "title: text is expected, not the number 5", "Write text", id="not text"),
        pytest.param(" Why rest", "", "\nlanguage: en", "text is expected, not nothing", "Write text", id="no value"),
        pytest.param(" Why rest", " ''", "''", "title: this text is empty", "Write something", id="empty text"),
        pytest.param("1.0.0", "1.0", "1.0", "version: text is expected, not the number 1.0", "1.0.0", id="version"),
        pytest.param("1.0.0", "v1", "v1", "version: three numbers", "such as 1.0.0", id="version of another form"),
        pytest.param("id: rest", "id: My rest", "My", "id: a name of lower-case letters", "unit-cost", id="id"),
        pytest.param("language: en", "language: english", "english", "two letters", "such as en", id="language"),
        pytest.param("weight: 1", "weight: heavy", "heavy", "a number is expected, not 'heavy'", "number", id="number"),
        pytest.param("weight: 1", "weight: -1", "-1", "this must be 0 or more", "Correct", id="negative"),
        pytest.param("weight: 1", "weight: .nan", ".nan", ".nan is not a finite number", "ordinary", id="NaN"),
        pytest.param("weight: 1", "weight: -.inf", "-.inf", "-.inf is not a finite number", "ordinary", id="infinity"),
        pytest.param("weight: 1", "weight: 1e999", "1e999", "1e999 is not a finite number", "ordinary", id="too large"),
        pytest.param("[repair]", "repair", "repair\n    desc", "source: a list is expected", "dash", id="not a list"),
        pytest.param(
            "- {name: weak, from: 0}", "- weak", "weak\n  - {", "bands #1: keys with values", "key: value", id="mapping"
        ),
        pytest.param(
            "{name: weak,", "{nam: weak,", "nam:", "bands #1 > nam: there is no", "'name'?", id="in flow style"
        ),
        pytest.param(
            "      0: Silent", "      zero: Silent", "zero", "levels > zero: a whole number", "0, 1", id="level"
        ),
        pytest.param(
            "      0: Silent", "      -1: Silent", "-1", "levels > -1: this must be 0", "Correct", id="below 0"
        ),
        pytest.param("clause", "paragraph", "paragraph", "'clause', 'sentence', 'passage' or", "Choose", id="region"),
        pytest.param(SIGNAL, "when: 5", "5", "when: a concept's name or one of", "docs/rubrics.md", id="expression"),
        pytest.param(SIGNAL, "when: [memory]", "[memory]", "not a list", "docs/rubrics.md", id="list as expression"),
        pytest.param(
            SIGNAL, "when: {al: [memory]}", "{al", "not keys with values (al)", "docs", id="unknown expression"
        ),
        pytest.param(
            SIGNAL,
            "when: {any: [memory, {near: [memory, both], wods: 3}]}",
            "wods",
            "criteria #1 > signals > 2 #1 > when > any #2 > wods: there is no such key",
            "Did you mean 'words'?",
            id="deep inside an expression",
        ),
        pytest.param(
            SIGNAL, "when: {all: [memory]}", "[memory]", "fewer entries than the 2", "Add", id="too few parts"
        ),
        pytest.param(
            "both: {all: [sleep-repairs, memory]}", "both: 3", "3", "patterns > both: a concept", "docs", id="pattern"
        ),
        pytest.param(
            "title: Why rest",
            "title: a\ntitle: b",
            "title: b",
            "the key 'title' stands here twice",
            "Remove",
            id="duplicate",
        ),
        pytest.param(
            "      1: Says that",
            "      '0': Says that",
            "'0'",
            "the key '0' stands here twice",
            "Remove",
            id="0 and '0'",
        ),
        pytest.param(
            "title: Why rest", "? [a]\n: b", "[a]", "a key must be a plain word", "key: value", id="a list as key"
        ),
        pytest.param("title: Why rest", "true: b", "true", "'true' is not a key", "quotes", id="true as key"),
        pytest.param(
            "title: Why rest", "title: &a Why", "&a", "anchors and aliases are not allowed", "out", id="anchor"
        ),
        pytest.param("title: Why rest", "title: *a", "*a", "anchors and aliases are not allowed", "out", id="alias"),
        pytest.param(
            "title: Why rest", "<<: {a: b}", "<<", "merge keys are not allowed", "Write the keys", id="merge key"
        ),
        pytest.param(
            "Why rest",
            "!!python/object/apply:os.abort []",
            "!!python",
            "apply:os.abort' is not allowed",
            "Remove",
            id="python tag",
        ),
        pytest.param("Why rest", "!!str Why", "!!str", "is not allowed", "plain value", id="harmless tag"),
        pytest.param("Why rest", "Why\x07rest", "\x07", "the control character U+0007", "Remove it", id="control"),
        pytest.param("Why rest", "Why\x00rest", "\x00", "the control character U+0000", "Remove it", id="NUL"),
        pytest.param("  title: A coach", "\ttitle: A coach", "\ttitle", "a tab indents this line", "spaces", id="tab"),
        pytest.param("Why rest", '"Why rest', '"Why', "a quotation mark opens here", "Close it", id="unclosed quote"),
        pytest.param(
            "Why rest", "Why: rest", ": rest\nlanguage", "a colon is not expected here", "in quotes", id="colon"
        ),
        pytest.param("Why rest", "@Why", "@Why", "text cannot begin with this character", "quotes", id="at sign"),
        pytest.param("Why rest", '"\\ud800"', "d800", "not YAML: ", "Check", id="half a surrogate pair"),
    ],
)
def test_a_problem_has_its_place_and_a_hint(old: str, new: str, at: str, message: str, hint: str) -> None:
    """The problem stands at the line and column of what is wrong, in words without jargon."""
    text = changed(old, new)

    problems = refusal(text).problems

    problem = next(each for each in problems if message in each.message)
    assert hint in problem.hint
    assert (problem.file, problem.line, problem.column) == ("r.yaml", *place_of(text, at))


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("", (None, None), "the file is empty", id="empty"),
        pytest.param("# only this\n", (None, None), "the file is empty", id="a comment"),
        pytest.param("- a\n- b\n", (1, 1), "keys with values are expected, not a list", id="a list"),
        pytest.param("hello", (1, 1), "keys with values are expected, not 'hello'", id="a word"),
        pytest.param("a: b\n---\nc: d\n", (2, 1), "a second document begins here", id="two documents"),
        pytest.param("[" * 5_000, (1, 31), "nested deeper than 30 levels", id="deep lists"),
        pytest.param("{a: " * 5_000, (1, 118), "nested deeper than 30 levels", id="deep mappings"),
        pytest.param("a: [" + "x, " * 60_000 + "]", (1, 149_996), "more than 50,000 values", id="many values"),
        pytest.param("a: " + "x" * 1_000_000, (None, None), "larger than 1,000,000 bytes", id="large"),
    ],
)
def test_a_file_that_is_no_rubric_at_all(text: str, place: tuple[int | None, int | None], message: str) -> None:
    """What stops the reading is the only problem."""
    problems = refusal(text).problems

    assert [(problem.line, problem.column) for problem in problems] == [place]
    assert message in problems[0].message


def test_not_utf8() -> None:
    """The place of the first byte that is not UTF-8 counts in characters."""
    with pytest.raises(RubricInvalid) as caught:
        parse_rubric("id: a\ntitle: caf\u00e9 ".encode() + b"\xff\n", file="r.yaml")

    assert str(caught.value) == "r.yaml:2:13: not UTF-8: the byte 0xff stands here\n    Save the file as UTF-8."


def test_a_byte_order_mark_is_no_problem() -> None:
    """Editors on Windows write one."""
    rubric = parse_rubric(b"\xef\xbb\xbf" + REST.encode())

    assert rubric.digest == parsed(REST).digest


def test_windows_line_ends_are_no_problem() -> None:
    """A file saved with CRLF is the same rubric."""
    rubric = parsed(REST.replace("\n", "\r\n"))

    assert rubric.digest == parsed(REST).digest


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("no", "no", id="no"),
        pytest.param("yes", "yes", id="yes"),
        pytest.param("on", "on", id="on"),
        pytest.param("12:30", "12:30", id="a time"),
        pytest.param("2026-01-01", "2026-01-01", id="a date"),
        pytest.param("'15'", "15", id="a quoted number"),
        pytest.param("1_000", "1_000", id="digits with an underscore"),
    ],
)
def test_a_phrase_is_what_was_written(written: str, read: str) -> None:
    """Older YAML turns some words into something else; a glossary takes them as they stand."""
    rubric = parsed(changed("memory: [memory", f"memory: [{written}, memory"))

    assert rubric.glossary["memory"][0] == read


def test_a_concept_may_begin_with_a_digit() -> None:
    """A name that the glossary takes can be spoken of in a signal."""
    rubric = parsed(REST.replace("sleep-repairs", "8-hours"))

    assert rubric.criteria[0].signals[2][0].when == "8-hours"


def test_a_broken_criterion_does_not_make_the_list_too_short() -> None:
    """What only follows from another problem is left out."""
    problems = refusal(changed("weight: 1", "weight: heavy")).problems

    assert len(problems) == 1


def test_too_many_criteria() -> None:
    """A hundred and one criteria are one problem, at the list."""
    start, end = REST.index("  - id: repair"), REST.index("red_flags:")
    more = "".join(REST[start:end].replace("id: repair", f"id: more-{i}") for i in range(100))

    problems = refusal(REST[:end] + more + REST[end:]).problems

    assert [problem.message for problem in problems] == ["criteria: more than 100 entries"]


def test_every_problem_is_listed() -> None:
    """Two slips take one round to correct, not two."""
    text = changed("title: Why rest\n", "titel: Why rest\n").replace("penalty: 5", "penalty: 500")

    problems = refusal(text).problems

    assert [problem.message for problem in problems] == [
        "title: this key is missing",
        "red_flags #1 > penalty: this must be 100 or less, not the number 500",
        "titel: there is no such key",
    ]


def test_problems_without_end_are_cut() -> None:
    """A file in another format altogether does not fill the screen."""
    problems = refusal("\n".join(f"key-{i}: x" for i in range(1_000))).problems

    assert len(problems) == 21
    assert problems[-1].message.endswith("more problems")


@pytest.mark.parametrize(
    ("name", "message"),
    [pytest.param("nothing.yaml", "No such file", id="missing"), pytest.param("", "directory", id="a folder")],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, message: str) -> None:
    """The error names the file and says why."""
    with pytest.raises(RubricInvalid) as caught:
        load_rubric(tmp_path / name)

    assert str(caught.value).startswith(f"{tmp_path / name}: cannot be read: ")
    assert message in str(caught.value)


@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_arbitrary_bytes_never_crash(content: bytes) -> None:
    """Whatever the bytes, they are refused by the one error there is for that."""
    with pytest.raises(RubricInvalid):
        parse_rubric(content)


@given(st.data())
def test_a_damaged_rubric_never_crashes(data: st.DataObject) -> None:
    """A rubric with a piece put in or taken out loads or is refused, whichever piece it is."""
    start = data.draw(st.integers(0, len(REST)))
    end = data.draw(st.integers(start, min(start + 20, len(REST))))
    piece = data.draw(st.sampled_from(PIECES))

    with suppress(RubricInvalid):
        rubric = parsed(REST[:start] + piece + REST[end:])

        assert rubric.criteria
