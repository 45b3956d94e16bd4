"""Which answers can be graded."""

import hashlib
from typing import Any

import pytest

from service.answer import DEFAULT_MAX_BYTES, parse_answer
from service.errors import AnswerInvalid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "The answer is empty: there is nothing to grade.", id="empty"),
        pytest.param(" \r\n\t\u00a0\u3000", "The answer is empty: there is nothing to grade.", id="blank"),
        pytest.param("\u200b\u2060\ufeff\x07", "The answer is empty: there is nothing to grade.", id="invisible"),
        pytest.param("RAG\0", "The answer has a NUL at character 3; it is not text.", id="NUL"),
        pytest.param(
            "RAG \ud83d",
            "The answer has half of a surrogate pair at character 4; it is not valid Unicode text.",
            id="half a surrogate pair",
        ),
    ],
)
def test_refused(text: str, message: str) -> None:
    """The error says what is wrong and repeats nothing of the answer."""
    with pytest.raises(AnswerInvalid) as caught:
        parse_answer(text)

    assert (str(caught.value), caught.value.too_long) == (message, False)


@pytest.mark.parametrize("filler", ["x", " ", "\u200b"], ids=["letters", "spaces", "invisible"])
def test_too_long(filler: str) -> None:
    """A limit in bytes that names itself; ten megabytes are refused before anything else is done with them."""
    size = len(filler.encode())

    with pytest.raises(AnswerInvalid) as caught:
        parse_answer(filler * (10_000_000 // size))

    assert caught.value.too_long
    assert "the limit is 100,000" in str(caught.value)
    assert "EVALUATOR_MAX_ANSWER_BYTES" in str(caught.value)


def test_the_limit_counts_bytes() -> None:
    """An answer of the longest allowed size passes, and one more byte does not, in any script."""
    longest = "\u77e5" * (DEFAULT_MAX_BYTES // 3)

    answer = parse_answer(longest)

    assert answer.text == longest
    with pytest.raises(AnswerInvalid):
        parse_answer(longest + "\u77e5")


@pytest.mark.parametrize("text", [".", "\U0001f600", "RAG\r\n", "\u0301", "\u202eRAG"])
def test_anything_to_be_seen_is_an_answer(text: str) -> None:
    """Whether it is a good one is the grader's to say; the text stays as it was sent."""
    answer = parse_answer(text, answer_id="a1", metadata={"team": 7})

    assert (answer.text, answer.answer_id, answer.metadata) == (text, "a1", {"team": 7})
    assert answer.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param("why\0", "The question has a NUL at character 3; it is not text.", id="NUL"),
        pytest.param("\udc00", "The question has half of a surrogate pair at character 0", id="half a surrogate pair"),
        pytest.param("x" * 100_001, "The question takes 100,001 bytes", id="too long"),
    ],
)
def test_the_question_is_checked_too(question: str, message: str) -> None:
    """What comes with an answer is held to the same."""
    with pytest.raises(AnswerInvalid) as caught:
        parse_answer("RAG", question=question)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_none(question: str) -> None:
    """A form that sends an empty field asks for no comparison."""
    answer = parse_answer("RAG", question=question)

    assert answer.question is None


def test_the_text_is_taken_apart_once() -> None:
    """Both graders and the evidence share one list of words."""
    answer = parse_answer("RAG first.")

    words = answer.parsed.words

    assert [word.text for word in words] == ["rag", "first"]
    assert answer.parsed is answer.parsed


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"answer_id": "\ud800"}, id="half a surrogate pair as an id"),
        pytest.param({"metadata": {"note": "\udfff"}}, id="half a surrogate pair in the metadata"),
        pytest.param({"metadata": {"weight": float("nan")}}, id="NaN in the metadata"),
        pytest.param({"metadata": {"when": object()}}, id="an object in the metadata"),
    ],
)
def test_what_no_verdict_could_repeat_is_refused(given: dict[str, Any]) -> None:
    """It would be graded, and then the verdict could not be written."""
    with pytest.raises(AnswerInvalid, match="not plain JSON"):
        parse_answer("An answer.", **given)
