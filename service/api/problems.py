"""Errors as RFC 9457 problems: the one place that gives each kind of error its HTTP status."""

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Literal

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.tracking import context_of
from service.errors import (
    AnswerInvalid,
    AnswersInvalid,
    BudgetExceeded,
    ExportInvalid,
    GraderUnavailable,
    GradingError,
    ReplyInvalid,
    RubricInvalid,
    RubricNotFound,
    RunNotFound,
    SettingsInvalid,
    SpeakerUnclear,
    StoreUnavailable,
    TranscriptInvalid,
    WebhookInvalid,
)
from service.models import Frozen

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[GradingError], int] = {
    SettingsInvalid: 500,
    RubricInvalid: 500,
    RubricNotFound: 404,
    RunNotFound: 404,
    AnswerInvalid: 422,
    AnswersInvalid: 422,
    TranscriptInvalid: 422,
    SpeakerUnclear: 422,
    ExportInvalid: 422,
    WebhookInvalid: 422,
    ReplyInvalid: 500,
    StoreUnavailable: 503,
    GraderUnavailable: 503,
    BudgetExceeded: 503,
}

_NO_STORE = "The database cannot be used now, so there are no batches; single answers are graded all the same."
_NO_MONEY = "Grading this answer may cost more than the service allows for one answer."
_STORE_RETRY_S = 5.0
_INTERNAL = "Something went wrong inside the service; its log has more under this request id."
_HTTP_PROBLEMS: Mapping[int, tuple[str, str]] = {
    404: ("not-found", "Nothing is at this path; /docs lists what there is."),
    405: ("method-not-allowed", "This path does not take this method; the Allow header lists those it takes."),
}

_log = logging.getLogger(__name__)


class FieldError(Frozen):
    """What is wrong with one field; `field` is its path, empty for the body itself."""

    field: str
    message: str


class Problem(Frozen):
    """An RFC 9457 problem; `code` is stable, `detail` is for people."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] | None = None
    """Every field that is not valid."""
    known: tuple[str, ...] | None = None
    """What exists, where something unknown was asked for: ids of rubrics, or the speakers of a transcript."""
    reason: str | None = None
    """A stable word for why the grader is unavailable."""


class Refusal(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: tuple[FieldError, ...] | None = None,
        known: tuple[str, ...] | None = None,
        reason: str | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.errors = errors
        self.known = known
        self.reason = reason

    def response(self, scope: Scope) -> Response:
        """The problem as a reply to the request of `scope`."""
        context = context_of(scope)
        context.log["code"] = self.code
        if self.reason:
            context.log["reason"] = self.reason
        problem = Problem(
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
            request_id=context.request_id,
            errors=self.errors,
            known=self.known,
            reason=self.reason,
        )
        return Response(
            problem.model_dump_json(exclude_none=True), self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def refusal_of(error: GradingError) -> Refusal:
    """How a grading error is answered."""
    if isinstance(error, AnswerInvalid) and error.too_long:
        return Refusal(413, error.code, str(error))
    if isinstance(error, RubricNotFound):
        return Refusal(STATUSES[RubricNotFound], error.code, str(error), known=error.known)
    if isinstance(error, GraderUnavailable):
        return Refusal(
            STATUSES[GraderUnavailable],
            error.code,
            str(error),
            headers=_retry_after(error.retry_after),
            reason=error.reason,
        )
    if isinstance(error, StoreUnavailable):
        retry_after = _retry_after(_STORE_RETRY_S if error.passing else None)
        return Refusal(STATUSES[StoreUnavailable], error.code, _NO_STORE, headers=retry_after)
    if isinstance(error, SpeakerUnclear):
        return Refusal(STATUSES[SpeakerUnclear], error.code, str(error), known=error.speakers or None)
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    # What is broken on our side may name files or settings, or what we can pay: the log gets that, the client does not.
    ours = _NO_MONEY if isinstance(error, BudgetExceeded) else _INTERNAL
    return Refusal(status, error.code, ours if status >= 500 else str(error))


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Turn the framework's own refusals into problems."""
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    phrase = HTTPStatus(error.status_code).phrase
    code, detail = _HTTP_PROBLEMS.get(error.status_code, (phrase.lower().replace(" ", "-"), f"{phrase}."))
    return Refusal(error.status_code, code, detail, headers=error.headers).response(request.scope)


class Failures:
    """Answers whatever is raised below with a problem, so that the server never has to."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, and answer in its place if it fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last one who can answer
            refusal = _refusal(error)
            if started:
                # The status says that all is well; the log must not.
                context_of(scope).log["code"] = refusal.code
            else:
                await refusal.response(scope)(scope, receive, send)


def _refusal(error: Exception) -> Refusal:
    refusal = error if isinstance(error, Refusal) else None
    if isinstance(error, GradingError):
        refusal = refusal_of(error)
    if isinstance(error, StoreUnavailable):
        _log.warning("no batches: %s", error)
    if refusal is None or refusal.status == 500:
        _log.error("request failed", exc_info=error)
    return refusal or Refusal(500, "internal-error", _INTERNAL)


def _retry_after(seconds: float | None) -> dict[str, str] | None:
    if seconds is None or not math.isfinite(seconds):
        return None
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
