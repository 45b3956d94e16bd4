"""A candidate's answer, checked once where it comes in."""

import hashlib
import json
from functools import cached_property

from pydantic import JsonValue

from service.errors import AnswerInvalid
from service.models import Frozen
from service.text.words import Text

DEFAULT_MAX_BYTES = 100_000


class Scope(Frozen):
    """Whose an answer is, and of which run of theirs if of any.

    What is kept of grading it is used again for the same owner only, and erased with the run.
    """

    owner: str = ""
    run_n: int | None = None


class Answer(Frozen):
    """Text that can be graded, and what came with it.

    Build it with `parse_answer`, which checks the text; the constructor does not.
    """

    text: str
    question: str | None = None
    answer_id: str | None = None
    metadata: dict[str, JsonValue] = {}
    scope: Scope = Scope()

    @cached_property
    def parsed(self) -> Text:
        """The text with its words, sentences and clauses."""
        return Text(self.text)

    @cached_property
    def sha256(self) -> str:
        """Digest of the text as sent, in UTF-8; 64 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def parse_answer(
    text: str,
    *,
    question: str | None = None,
    answer_id: str | None = None,
    metadata: dict[str, JsonValue] | None = None,
    scope: Scope | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Answer:
    """Check that the text can be graded.

    Raises:
        AnswerInvalid: it is blank, has a NUL or half a surrogate pair, or takes more than `max_bytes` of UTF-8; or the
            id or the metadata could not be repeated in a verdict.
    """
    _check("answer", text, max_bytes)
    if not any(character.isprintable() and character != " " for character in text):
        raise AnswerInvalid("The answer is empty: there is nothing to grade.")
    if question is not None:
        _check("question", question, max_bytes)
    _check_repeatable("answer_id", answer_id)
    _check_repeatable("metadata", metadata)
    asked = question if question and not question.isspace() else None
    return Answer(text=text, question=asked, answer_id=answer_id, metadata=metadata or {}, scope=scope or Scope())


def _check_repeatable(what: str, value: JsonValue) -> None:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise AnswerInvalid(
            f"The {what} is not plain JSON: NaN, Infinity and half a surrogate pair, among others, are not."
        ) from None


def _check(what: str, text: str, max_bytes: int) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise AnswerInvalid(
            f"The {what} has half of a surrogate pair at character {error.start}; it is not valid Unicode text."
        ) from None
    if size > max_bytes:
        raise AnswerInvalid(
            f"The {what} takes {size:,} bytes in UTF-8; the limit is {max_bytes:,}. "
            f"Send a shorter {what}, or raise EVALUATOR_MAX_ANSWER_BYTES.",
            too_long=True,
        )
    if (at := text.find("\0")) >= 0:
        raise AnswerInvalid(f"The {what} has a NUL at character {at}; it is not text.")
