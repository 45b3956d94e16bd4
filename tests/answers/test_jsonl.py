"""JSON lines: what each line comes to, whatever is in it."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.answers import lines
from service.answers.fields import ANSWER, ID
from service.errors import AnswersInvalid
from service.submission import Source
from tests.answers.reading import BOUND, FILES, brief, read, read_one

LONG = '{"id": "long", "answer": "' + "x" * BOUND + '"}\n'


def test_a_line_may_carry_all_that_a_request_may() -> None:
    """Rubric, question, reference and metadata arrive, and fields of the client's own become metadata."""
    line = {
        "id": "a",
        "answer": "Because.",
        "rubric": "r",
        "question": "Why?",
        "reference": "So.",
        "metadata": {"round": 2, "room": "inner"},
        "room": "outer",
        "cohort": ["x", 1.5, None, True, {"deep": -3}],
    }

    submission = read_one(json.dumps(line))

    assert submission.source == Source(file="f", line=1)
    assert (submission.id, submission.answer, submission.rubric) == ("a", "Because.", "r")
    assert (submission.question, submission.reference) == ("Why?", "So.")
    assert submission.metadata == {"room": "inner", "cohort": ["x", 1.5, None, True, {"deep": -3}], "round": 2}
    assert submission.error is None


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        pytest.param('"00012"', "00012", id="leading zeros"),
        pytest.param('" a "', " a ", id="spaces"),
        pytest.param('"é\\u0020\\n"', "é \n", id="escapes"),
        pytest.param("1e3", "1e3", id="exponent"),
        pytest.param("7.50", "7.50", id="fraction"),
        pytest.param("-0", "-0", id="minus zero"),
        pytest.param("12345678901234567890", "12345678901234567890", id="twenty digits"),
        pytest.param("1e999", "1e999", id="too large for a float"),
        pytest.param("null", "2", id="null"),
        pytest.param('""', "2", id="empty"),
    ],
)
def test_an_id_stays_as_it_is_written(written: str, identity: str) -> None:
    """Ids are text, numbers their literal, and where there is none the line stands in."""
    submission = read_one(f'\n{{"id": {written}, "answer": "a"}}\n')

    assert (submission.id, submission.answer) == (identity, "a")


@pytest.mark.parametrize(
    ("line", "identity", "code", "message"),
    [
        pytest.param("answer", "2", "not-json", "expecting value at character 1", id="not JSON"),
        pytest.param('{"id": "x", "answer": "a"', "2", "not-json", "delimiter at character", id="cut off"),
        pytest.param('{"id": "x", "answer": "a"}}', "2", "not-json", "extra data", id="more after it"),
        pytest.param('{"id": "x", "answer": "a\tb"}', "2", "not-json", "a control character", id="raw tab"),
        pytest.param('{"id": "x", "answer": "a\0b"}', "2", "not-json", "a control character", id="raw NUL"),
        pytest.param('"a"', "2", "not-json", "not a JSON object", id="text"),
        pytest.param('["x", "a"]', "2", "not-json", "not a JSON object", id="array"),
        pytest.param("7", "2", "not-json", "not a JSON object", id="number"),
        pytest.param("null", "2", "not-json", "not a JSON object", id="null"),
        pytest.param('{"a":' * 5_000, "2", "not-json", "nested too deep", id="deep"),
        pytest.param('{"id": "x"}', "x", "no-answer", "field `answer`", id="no answer"),
        pytest.param('{"id": "x", "answer": null}', "x", "no-answer", "field `answer`", id="null answer"),
        pytest.param('{"id": "x", "answer": 7}', "x", "not-text", "The answer is not text", id="number answer"),
        pytest.param('{"id": "x", "answer": ["a"]}', "x", "not-text", "The answer is not text", id="list answer"),
        pytest.param('{"id": "x", "answer": NaN}', "x", "not-text", "The answer is not text", id="NaN answer"),
        pytest.param('{"id": "x", "answer": "a\\u0000"}', "x", "not-text", "a NUL", id="NUL"),
        pytest.param('{"id": "x", "answer": "\\ud800"}', "x", "not-text", "surrogate pair", id="surrogate"),
        pytest.param('{"id": "x", "answer": "a", "question": 1}', "x", "not-text", "The question", id="question"),
        pytest.param('{"id": "x", "answer": "a", "rubric": {}}', "x", "not-text", "The rubric", id="rubric"),
        pytest.param('{"id": "x", "answer": "a", "reference": "\\uDFFF"}', "x", "not-text", "reference", id="ref"),
        pytest.param('{"id": true, "answer": "a"}', "2", "bad-id", "neither text nor a number", id="boolean id"),
        pytest.param('{"id": {"a": 1}, "answer": "a"}', "2", "bad-id", "neither text nor", id="object id"),
        pytest.param('{"id": NaN, "answer": "a"}', "2", "bad-id", "neither text nor", id="NaN id"),
        pytest.param('{"id": "\\u0000", "answer": "a"}', "2", "bad-id", "a NUL", id="NUL in id"),
        pytest.param('{"id": "' + "x" * 1001 + '", "answer": "a"}', "2", "bad-id", "1,001", id="long id"),
        pytest.param('{"id": "x", "answer": "a", "n": NaN}', "x", "bad-row", "not finite", id="NaN"),
        pytest.param('{"id": "x", "answer": "a", "n": [-Infinity]}', "x", "bad-row", "not finite", id="infinity"),
        pytest.param('{"id": "x", "answer": "a", "n": 1e999}', "x", "bad-row", "not finite", id="overflow"),
        pytest.param('{"id": "x", "answer": "a", "n": 1' + "0" * 5_000 + "}", "x", "bad-row", "too large", id="digits"),
        pytest.param('{"id": "x", "answer": "a", "n": "\\ud800"}', "x", "not-text", "metadata", id="bad metadata"),
        pytest.param('{"id": "x", "answer": "a", "\\u0000": 1}', "x", "not-text", "name of a field", id="bad name"),
        pytest.param(
            '{"id": "x", "answer": "a", "n": {"\\ud800": 1}}', "x", "not-text", "name of a field", id="bad inner name"
        ),
        pytest.param(
            '{"id": "x", "answer": "a", "n": ' + "[" * 60 + "]" * 60 + "}",
            "x",
            "bad-row",
            "deeper than 50",
            id="nested",
        ),
        pytest.param('{"id": "x", "id": "y", "answer": "a"}', "2", "bad-row", "stands here twice", id="id twice"),
        pytest.param('{"id": "x", "ID": "y", "answer": "a"}', "2", "bad-row", "called `id`", id="id in two cases"),
        pytest.param(
            '{"id": "x", "answer": "a", "metadata": {"n": 1, "n": 2}}', "x", "bad-row", "twice in the meta", id="inner"
        ),
        pytest.param('{"id": "x", "answer": "a", "Answer": "b"}', "x", "bad-row", "called `answer`", id="two answers"),
        pytest.param('{"id": "x", "text": "a", "response": "b"}', "x", "bad-row", "`response`, `text`", id="two names"),
        pytest.param('{"id": "x", "text": "a", "TEXT": "b"}', "x", "bad-row", "called `text`", id="text twice"),
    ],
)
def test_a_broken_line_fails_alone_and_says_why(line: str, identity: str, code: str, message: str) -> None:
    """It has its id where that can be told, a stable code and what to do; the lines around it are read."""
    before, broken, after = read(f'{{"answer": "a"}}\n{line}\n{{"answer": "c"}}')

    assert broken.error is not None
    assert (broken.id, broken.source.line) == (identity, 2)
    assert broken.error.code == code
    assert message in broken.error.message
    assert broken.answer is None
    assert [before.answer, after.answer] == ["a", "c"]


def test_no_message_repeats_the_candidate() -> None:
    """What stands in a broken line stays out of its error."""
    secret = "sekrit"
    lines = [f'{{"answer": "{secret}', f'{{"{secret}": 1}}', f'{{"answer": ["{secret}"]}}', f"{secret}"]

    submissions = read("\n".join([*lines, f'{{"answer": "{secret}\\ud800", "{secret}": NaN}}']))

    assert len(submissions) == 5
    assert secret not in " ".join(each.model_dump_json() for each in submissions)


def test_a_line_that_is_not_utf8_fails_alone_and_keeps_its_id() -> None:
    """The rest of the file is read, and of the line what is sound."""
    content = b'{"id": "x", "answer": "\xff"}\n{"id": "\xe9", "answer": "a"}\n{\xc3(\n{"answer": "b"}\n'

    submissions = read(content)

    assert brief(submissions) == [("x", 1, "not-text"), ("2", 2, "not-text"), ("3", 3, "not-text"), ("4", 4, "b")]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f'{{"answer": "a"}}\n{LONG}{{"answer": "b"}}', id="after another"),
        pytest.param(f'{{"answer": "a"}}\n{LONG * 3}'.replace("\n", "\r\n"), id="several"),
        pytest.param(f'{{"answer": "a"}}\n{LONG.rstrip()}', id="the last, without an end"),
    ],
)
def test_a_line_over_the_bound_fails_unread(content: str) -> None:
    """The line after it has its own number and is read."""
    first, long, *rest = read(content)

    assert (first.answer, long.id, long.answer) == ("a", "2", None)
    assert long.error is not None
    assert long.error.code == "too-long"
    assert "1,000,000 bytes" in long.error.message
    assert [each.source.line for each in rest] == list(range(3, 3 + len(rest)))


def test_a_line_just_within_the_bound_is_read() -> None:
    """The bound is of the whole line with its end, over several chunks of the file."""
    line = b'{"answer": "' + b"x" * (BOUND - 15) + b'"}\n'

    submission = read_one(line)

    assert len(line) == BOUND
    assert submission.answer == "x" * (BOUND - 15)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"answer": "a"}\n\n  \t\n{"answer": "b"}\n', id="blank lines"),
        pytest.param(b'{"answer": "a"}\r\n\r\n\r\n{"answer": "b"}', id="CRLF"),
        pytest.param(b'{"answer": "a"}\r\r\r{"answer": "b"}\r', id="CR"),
        pytest.param(b'\xef\xbb\xbf{"answer": "a"}\n\n\n{"answer": "b"}\n', id="BOM"),
        pytest.param('{"answer": "a"}\n\n\n{"answer": "b"}\n'.encode("utf-16"), id="UTF-16"),
        pytest.param(b"\xfe\xff" + '{"answer": "a"}\r\n\r\n\r\n{"answer": "b"}'.encode("utf-16-be"), id="UTF-16 BE"),
    ],
)
def test_lines_count_however_they_end_and_are_encoded(content: bytes) -> None:
    """Blank lines are passed over and counted."""
    submissions = read(content)

    assert brief(submissions) == [("1", 1, "a"), ("4", 4, "b")]


def test_half_a_pair_and_half_a_character_of_utf16_fail_alone() -> None:
    """UTF-16 that is not valid fails in the line where it stands."""
    lines = '{"id": "x", "answer": "\ud800"}\n{"answer": "😀"}\n'.encode("utf-16", errors="surrogatepass")

    submissions = read(lines + b"\x7b")

    assert brief(submissions) == [("x", 1, "not-text"), ("2", 2, "😀"), ("3", 3, "not-text")]


def test_the_same_id_twice_is_two_rows() -> None:
    """Nothing is dropped or merged."""
    submissions = read('{"id": "x", "answer": "a"}\n{"id": "x", "answer": "b"}\n')

    assert brief(submissions) == [("x", 1, "a"), ("x", 2, "b")]


@pytest.mark.parametrize("name", [*ANSWER, "Answer", "CANDIDATE ANSWER", "answer-text"])
def test_the_answer_goes_by_several_names(name: str) -> None:
    """Case and what joins the words do not matter."""
    submission = read_one(json.dumps({name: "a", "other": "b"}))

    assert (submission.answer, submission.metadata) == ("a", {"other": "b"})


def test_the_field_called_answer_goes_before_its_other_names() -> None:
    """A `text` beside it is the client's own."""
    submission = read_one('{"text": "t", "answer": "a", "response": "r"}')

    assert (submission.answer, submission.metadata) == ("a", {"text": "t", "response": "r"})


@pytest.mark.parametrize("name", ID)
def test_the_id_goes_by_several_names(name: str) -> None:
    """Each of them alone is the id."""
    submission = read_one(json.dumps({name: "007", "answer": "a"}))

    assert (submission.id, submission.metadata) == ("007", {})


def test_of_several_ids_the_first_name_counts_unless_it_is_empty() -> None:
    """The others are kept as metadata."""
    first, second = read(
        '{"candidate_id": 3, "id": "x", "answer": "a"}\n{"candidate_id": "c", "id": null, "answer": "a"}'
    )

    assert (first.id, first.metadata) == ("x", {"candidate_id": 3})
    assert (second.id, second.metadata) == ("c", {"candidate_id": "c"})


def test_metadata_that_is_no_object_is_kept_like_any_other_field() -> None:
    """Nothing a client sends along is lost."""
    first, second = read('{"answer": "a", "metadata": "x"}\n{"answer": "a", "metadata": null}')

    assert (first.metadata, second.metadata) == ({"metadata": "x"}, {})


def test_a_question_without_words_is_none() -> None:
    """Empty fields are as good as absent; what is wrong with an answer's text is for the grader to say."""
    submission = read_one('{"answer": "", "question": "", "rubric": "", "reference": ""}')

    assert (submission.answer, submission.error) == ("", None)
    assert (submission.question, submission.rubric, submission.reference) == (None, None, None)


def test_lines_of_ever_other_fields_are_told_apart() -> None:
    """What is remembered of the fields is bounded and never mixed up."""
    lines = [json.dumps({"answer": str(n), f"field {n}": n}) for n in range(600)]

    submissions = read("\n".join(lines))

    assert [each.metadata for each in submissions] == [{f"field {n}": n} for n in range(600)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "no answers in it; expected is one object a line", id="empty"),
        pytest.param(b"\n \n\r\n", "no answers in it", id="blank"),
        pytest.param(b"\xef\xbb\xbf", "no answers in it", id="a mark and nothing"),
        pytest.param("".encode("utf-16"), "no answers in it", id="a mark of UTF-16"),
        pytest.param(b"PK\x03\x04xxxx", "save the table as CSV", id="zip"),
        pytest.param(b"\x1f\x8b\x08xxxx", "unpack it first", id="gzip"),
        pytest.param(b"%PDF-1.7", "PDF", id="pdf"),
        pytest.param(b"PAR1xxxx", "read it as parquet", id="parquet"),
    ],
)
def test_a_file_without_answers_is_refused_at_once(content: bytes, message: str) -> None:
    """The error names the file and says what is expected."""
    with pytest.raises(AnswersInvalid, match=f"^f: .*{message}"):
        read(content)


def test_the_example_file_is_read() -> None:
    """A file on disk with odd lines gives each of them its place."""
    content = (FILES / "mixed.jsonl").read_bytes()

    submissions = read(content)

    assert brief(submissions) == [
        ("00012", 1, "I start with a prompt."),
        ("1e3", 2, "Then retrieval — “when the data changes”."),
        ("3", 3, "not-json"),
        ("00012", 5, "The same id again."),
        ("c-9", 6, "not-text"),
        ("7", 7, "no-answer"),
    ]


PIECES = [
    b"\n",
    b"\r",
    b"\r\n",
    b'{"answer": "a"}',
    b'{"id": 1, "answer": "\xff"}',
    b'"',
    b"{",
    b"\0",
    b" ",
    b"\\u0000",
]


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=30).map(b"".join))
def test_any_bytes_give_each_line_that_is_not_blank_once(content: bytes) -> None:
    """Nothing but AnswersInvalid is ever raised, and every line that is not blank is one row with its number."""
    # Lines of UTF-16 are others, and archives are refused.
    assume(not content.startswith((b"\xff\xfe", b"\xfe\xff", *lines._NOT_TEXT)))
    whole = content.removeprefix(b"\xef\xbb\xbf").splitlines()
    expected = [number for number, line in enumerate(whole, start=1) if line.strip()]

    try:
        submissions = read(content)
    except AnswersInvalid:
        submissions = []

    assert [each.source.line for each in submissions] == expected
