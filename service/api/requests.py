"""From the bytes of a request to what it asks, or a refusal that says where it is wrong."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_core import ErrorDetails
from starlette.datastructures import Headers

from service.api.problems import FieldError, Refusal
from service.evaluator import OffsetUnit, OnModelFailure
from service.models import Frozen
from service.rubric import reference_rubric
from service.rubric.reference import MAX_CHARACTERS

MAX_METADATA_BYTES = 10_000
_MAX_ERRORS = 20
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")

_EXAMPLE: JsonDict = {
    "rubric": "rag-vs-fine-tuning",
    "answer": (
        "I would first see how far a good prompt gets us, since that takes an afternoon and nothing to run. If the "
        "model lacks our own documents, and they change every week, I would add retrieval. Only when evals show that "
        "the tone still slips would I pay for fine-tuning."
    ),
    "answer_id": "candidate-17",
    "metadata": {"round": 2},
}


class GradeRequest(Frozen):
    """An answer to grade, and the rubric or the reference answer to grade it by."""

    model_config = ConfigDict(
        strict=True, hide_input_in_errors=True, json_schema_extra={"example": _EXAMPLE}, title="GradeRequest"
    )

    rubric: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Id of a rubric; GET /v1/rubrics lists them."),
    ] = None
    reference: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=MAX_CHARACTERS,
            description="A model answer to grade against, in place of a rubric; give the `question` with it.",
        ),
    ] = None
    answer: Annotated[str, Field(description="What the candidate said, as plain text.")]
    question: Annotated[
        str | None,
        Field(
            max_length=5_000, description="What was asked, where it was not the rubric's own question word for word."
        ),
    ] = None
    answer_id: Annotated[str | None, Field(max_length=200, description="Yours to choose; the verdict repeats it.")] = (
        None
    )
    metadata: Annotated[
        dict[str, JsonValue],
        Field(description="Yours to choose, at most 10 kB as JSON; the verdict repeats it and no grader sees it."),
    ] = {}
    offset_unit: Annotated[
        OffsetUnit, Field(description="What evidence offsets count: code points, or UTF-16 units as JavaScript does.")
    ] = "codepoint"
    on_model_failure: Annotated[
        OnModelFailure | None,
        Field(description="When the model cannot grade: `error`, or `fallback` to the keyword grader."),
    ] = None

    @model_validator(mode="after")
    def _one_yardstick(self) -> "GradeRequest":
        if (self.rubric is None) == (self.reference is None):
            raise ValueError("give either a `rubric` or a `reference` to grade by")
        if self.reference is not None:
            reference_rubric(self.reference, self.question)  # refuses one without words
        return self

    @field_validator("metadata")
    @classmethod
    def _bounded(cls, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        try:
            size = len(json.dumps(metadata, allow_nan=False, ensure_ascii=False).encode())
        except ValueError:
            raise ValueError("it holds a number that is not finite, or one of thousands of digits") from None
        if size > MAX_METADATA_BYTES:
            raise ValueError(f"it takes {size:,} bytes as JSON; the limit is {MAX_METADATA_BYTES:,}")
        return metadata


def check_media_type(headers: Headers) -> None:
    """Refuse a body that says it is something other than plain JSON; one that says nothing is taken for JSON."""
    if not is_json(media_type_of(headers)):
        raise Refusal(415, "not-json-type", "Send JSON, with the header `Content-Type: application/json`.")
    check_not_encoded(headers)


def media_type_of(headers: Headers) -> str:
    """The declared type of a body in lower case, without parameters; empty if there is none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a body of this type is read as JSON."""
    return media_type in {"", "application/json"} or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def check_not_encoded(headers: Headers) -> None:
    """Refuse a body that is compressed, for nobody knows how large it is."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "encoded-body", "Send the body as it is, without Content-Encoding.")


def parse_grade_request(body: bytes) -> GradeRequest:
    """Read the body of `POST /v1/grade`."""
    try:
        return GradeRequest.model_validate_json(body.removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise refusal_of_fields(error, tuple(GradeRequest.model_fields)) from None


def refusal_of_fields(error: ValidationError, known: Sequence[str], *, what: str = "body") -> Refusal:
    """What a request is answered whose fields are not valid; `known` are the fields there are, `what` holds them."""
    # The context stays out as well: for our own validators it holds the exception.
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if details[0]["type"] == "json_invalid":
        return Refusal(400, "not-json", not_json(details[0]["msg"]))
    errors = tuple(_field_error(detail, known) for detail in details[:_MAX_ERRORS])
    summary = "; ".join(f"{error.field or what}: {error.message}" for error in errors[:3])
    more = f"; and {len(details) - 3} more" if len(details) > 3 else ""
    return Refusal(422, "not-valid", f"The {what} is not a valid request: {summary}{more}.", errors=errors)


def parse_idempotency_key(headers: Headers) -> str | None:
    """The value of `Idempotency-Key`, if one was sent."""
    key = headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID."
        raise Refusal(400, "idempotency-key-invalid", detail)
    return key


def not_json(message: str) -> str:
    """Why a body cannot be read as JSON, from what the parser says."""
    reason = message.removeprefix("Invalid JSON: ")
    if "hex escape" in reason:
        reason += " (\\ud800 to \\udfff are halves of surrogate pairs: one alone is not text)"
    return f"The body cannot be read as JSON in UTF-8: {reason}."


def _field_error(detail: ErrorDetails, known: Sequence[str]) -> FieldError:
    message = {
        "extra_forbidden": f"there is no such field; these exist: {', '.join(known)}",
        "missing": "this field is required",
    }.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return FieldError(field=_path(detail["loc"]), message=message[:1].lower() + message[1:])


def _path(location: Sequence[str | int]) -> str:
    return ".".join(str(part) for part in location)[:100]
