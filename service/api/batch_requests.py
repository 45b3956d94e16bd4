"""What may be asked of batches: the options of a new one, and which of its results to give."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, SecretStr, ValidationError, field_validator
from pydantic.config import JsonDict
from starlette.datastructures import QueryParams

from service.api.problems import FieldError, Refusal
from service.api.requests import refusal_of_fields
from service.evaluator import OffsetUnit, OnModelFailure
from service.models import Frozen
from service.outcome import OutcomeStatus

MAX_LISTED = 100

ResultsFormat = Literal["jsonl", "csv", "tsv", "parquet"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_EXAMPLE: JsonDict = {
    "rubric": "rag-vs-fine-tuning",
    "answers": [
        {"id": "candidate-1", "answer": "I would start with a prompt, since that takes an afternoon."},
        {"id": "candidate-2", "answer": "Fine-tune first: it is the most accurate.", "metadata": {"round": 2}},
    ],
}


class WebhookOptions(Frozen):
    """Where to tell that a batch has finished, and the secret that signs it."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    url: Annotated[str, Field(min_length=1, max_length=2_000, description="An https address on the public internet.")]
    secret: Annotated[
        SecretStr | None,
        Field(description="`whsec_` and 24 to 64 bytes in base64; without one the 202 reply has a new one, once."),
    ] = None

    @field_validator("secret", mode="before")
    @classmethod
    def _as_text(cls, secret: object) -> object:
        return SecretStr(secret) if isinstance(secret, str) else secret


class BatchOptions(Frozen):
    """How to grade the answers of a batch."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)

    rubric: Annotated[
        str | None, Field(min_length=1, max_length=200, description="The rubric for every answer that names none.")
    ] = None
    offset_unit: Annotated[
        OffsetUnit, Field(description="What evidence offsets count: code points, or UTF-16 units as JavaScript does.")
    ] = "codepoint"
    on_model_failure: Annotated[
        OnModelFailure | None,
        Field(description="When the model cannot grade: `error`, or `fallback` to the keyword grader."),
    ] = None
    budget_usd: Annotated[
        float | None,
        Field(
            gt=0,
            le=1_000_000,
            description="The most the batch may cost, in US dollars; not more than the service's own limit, if any.",
        ),
    ] = None
    webhook: WebhookOptions | None = None


class BatchItem(Frozen):
    """An answer of a batch. What is wrong with one fails that one alone; fields unknown here become metadata."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[
        str | int | None, Field(description="Yours to choose; without one it is the answer's place, from 1.")
    ] = None
    answer: Annotated[str, Field(description="What the candidate said, as plain text.")]
    rubric: Annotated[str | None, Field(description="Id of a rubric; without one the batch's.")] = None
    question: Annotated[str | None, Field(description="What was asked; chooses the rubric where none is named.")] = None
    metadata: Annotated[
        dict[str, JsonValue], Field(description="Yours to choose; the verdict repeats it and no grader sees it.")
    ] = {}


class BatchRequest(BatchOptions):
    """Answers to grade, and how. This describes the body; it is never built from one, which may be large."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE}, title="BatchRequest")

    answers: tuple[BatchItem, ...]


class UploadOptions(BatchOptions):
    """How to read and grade files."""

    speaker: Annotated[
        str | None, Field(min_length=1, max_length=200, description="Who of a transcript's speakers is the candidate.")
    ] = None
    format: Annotated[
        str | None, Field(min_length=1, max_length=20, description="The files' format, where it is not told rightly.")
    ] = None
    filename: Annotated[
        str | None, Field(min_length=1, max_length=400, description="What to call the file; only beside a raw body.")
    ] = None

    @field_validator("budget_usd", mode="before")
    @classmethod
    def _number(cls, amount: object) -> object:
        try:
            return float(amount) if isinstance(amount, str) else amount
        except ValueError:
            raise ValueError("it is not a number") from None

    @field_validator("speaker")
    @classmethod
    def _one_line(cls, name: str | None) -> str | None:
        if name is not None and _CONTROL.search(name):
            raise ValueError("a name has no control characters")
        return name


class ResultsQuery(Frozen):
    """Which results to give, and how."""

    model_config = ConfigDict(hide_input_in_errors=True)

    follow: bool = True
    after: Annotated[int, Field(ge=0, le=2**53)] = 0
    format: ResultsFormat = "jsonl"
    status: frozenset[OutcomeStatus] = frozenset()
    band: frozenset[str] = frozenset()
    id: frozenset[str] = frozenset()


class ListQuery(Frozen):
    """How many batches to list."""

    model_config = ConfigDict(hide_input_in_errors=True)

    limit: Annotated[int, Field(ge=1, le=MAX_LISTED)] = 20


def parse_options(options: Mapping[str, JsonValue]) -> BatchOptions:
    """Read the members of a JSON body beside its answers."""
    try:
        return BatchOptions.model_validate(options)
    except ValidationError as error:
        raise refusal_of_fields(error, ("answers", *BatchOptions.model_fields)) from None


FORM_FIELDS = (
    "rubric",
    "speaker",
    "format",
    "offset_unit",
    "on_model_failure",
    "budget_usd",
    "webhook_url",
    "webhook_secret",
)
QUERY_FIELDS = (*(name for name in FORM_FIELDS if name != "webhook_secret"), "filename")
"""Without the secret, for addresses are logged by whatever they pass."""


def parse_upload_options(fields: Sequence[tuple[str, str]], *, known: Sequence[str], what: str) -> UploadOptions:
    """Read the fields of a form, or the parameters beside a raw body; `known` are those that may be there.

    An empty one counts as left out, as a form on a page sends it.
    """
    given = [(name, value) for name, value in fields if value.strip()]
    _check_names([name for name, _ in given], known, what)
    options = dict(given)
    webhook = {name: options.pop(f"webhook_{name}") for name in ("url", "secret") if f"webhook_{name}" in options}
    try:
        return UploadOptions.model_validate({**options, **({"webhook": webhook} if webhook else {})})
    except ValidationError as error:
        refusal = refusal_of_fields(error, known, what=what)
    # In a form the webhook's fields stand beside the others.
    raise Refusal(
        refusal.status,
        refusal.code,
        refusal.detail.replace("webhook.", "webhook_"),
        errors=tuple(each.model_copy(update={"field": each.field.replace(".", "_")}) for each in refusal.errors or ()),
    )


def parse_results_query(query: QueryParams) -> ResultsQuery:
    """Read which results are asked for; `status`, `band` and `id` may be repeated, the first two list several too."""
    given = query.multi_items()
    _check_names([n for n, _ in given if n not in {"status", "band", "id"}], tuple(ResultsQuery.model_fields), "query")
    several = {
        "status": [part for value in query.getlist("status") for part in value.split(",") if part],
        "band": [part for value in query.getlist("band") for part in value.split(",") if part],
        "id": query.getlist("id"),
    }
    single = {name: value for name, value in given if name not in several}
    try:
        return ResultsQuery.model_validate({**single, **several})
    except ValidationError as error:
        raise refusal_of_fields(error, tuple(ResultsQuery.model_fields), what="query") from None


def parse_list_query(query: QueryParams) -> ListQuery:
    """Read how many batches are asked for."""
    _check_names([name for name, _ in query.multi_items()], ("limit",), "query")
    try:
        return ListQuery.model_validate(dict(query))
    except ValidationError as error:
        raise refusal_of_fields(error, ("limit",), what="query") from None


def _check_names(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Refuse what nobody would read: a misspelt option must not grade in another way than was meant."""
    for name in names:
        if name not in known:
            message = f"there is no such field; these exist: {', '.join(known)}"
        elif names.count(name) > 1:
            message = "it is given twice"
        else:
            continue
        raise Refusal(
            422,
            "not-valid",
            f"The {what} is not a valid request: {name[:100]}: {message}.",
            errors=(FieldError(field=name[:100], message=message),),
        )
