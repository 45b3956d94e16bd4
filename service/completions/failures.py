"""What went wrong at the provider, told apart by what can be done about it.

litellm's classes are not enough: it makes a `BadRequestError` of any error whose body says `invalid_request_error`,
a 500 included, and an `InternalServerError` of a missing key. The status decides first.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from service.errors import GraderUnavailable

DEFAULT_RETRY_AFTER_S = 10.0
"""When to come back after trouble that passes, where the provider did not say."""

_LONGEST_RETRY_AFTER_S = 86_400.0


class Cause(NamedTuple):
    """A kind of failure: its stable word, what happened, what to do, and whether it may pass by itself."""

    reason: str
    happened: str
    advice: str
    transient: bool = False


RATE_LIMITED = Cause(
    "rate-limited", "the provider limits the rate", "Try again later or grade fewer at once.", transient=True
)
QUOTA = Cause("quota", "the account's quota is used up", "Check the plan and billing at the provider.")
TIMEOUT = Cause("timeout", "no reply came in time", "Try again, or allow more time per call.", transient=True)
CONNECTION = Cause(
    "connection", "no connection, or it broke off", "Check the network and EVALUATOR_API_BASE.", transient=True
)
SERVER_ERROR = Cause("server-error", "the provider failed", "Try again later.", transient=True)
CREDENTIALS = Cause("credentials", "the provider takes no such key", "Check the provider's API key.")
PERMISSION = Cause("permission", "the key may not use this model", "Check what the key is allowed to do.")
NOT_FOUND = Cause("model-not-found", "there is no such model there", "Check EVALUATOR_MODEL and EVALUATOR_API_BASE.")
CONTEXT_WINDOW = Cause(
    "context-window", "rubric and answer exceed its context window", "Use a model with a larger one."
)
CONTENT_POLICY = Cause("content-policy", "the provider's content policy stopped the request", "Grade it by hand.")
UNSUPPORTED = Cause("request-refused", "the provider supports no such request", "Check EVALUATOR_MODEL.")
REFUSED = Cause("request-refused", "the provider refused the request", "Check EVALUATOR_MODEL and EVALUATOR_API_BASE.")
BAD_RESPONSE = Cause("bad-response", "what came back is no completion", "Check EVALUATOR_API_BASE.", transient=True)
UNKNOWN = Cause("provider-error", "the call failed in a way that is not known", "Check EVALUATOR_MODEL.")

_BY_STATUS = {401: CREDENTIALS, 403: PERMISSION, 404: NOT_FOUND, 408: TIMEOUT, 413: CONTEXT_WINDOW, 429: RATE_LIMITED}


class Failure(Exception):
    """One try that brought no completion; holds nothing the provider wrote.

    `answered` says whether the provider sent a reply at all, `about` the parameter it complained of.
    """

    def __init__(
        self,
        cause: Cause,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        answered: bool = False,
        about_temperature: bool = False,
    ) -> None:
        super().__init__(cause.reason)
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.answered = answered
        self.about_temperature = about_temperature

    def unavailable(self, model: str) -> GraderUnavailable:
        """The error for whoever asked for a grade."""
        status = f" (HTTP {self.status})" if self.status else ""
        message = f"The model {model} cannot grade: {self.cause.happened}{status}. {self.cause.advice}"
        return GraderUnavailable(message, reason=self.cause.reason, retry_after=self._wait())

    def _wait(self) -> float | None:
        if not self.cause.transient:
            return None
        return DEFAULT_RETRY_AFTER_S if self.retry_after is None else self.retry_after


def failure_of(error: Exception) -> Failure:
    """What an error raised by litellm, or by the timeout around it, amounts to."""
    headers = _headers(error)
    status = getattr(error, "status_code", None)
    if isinstance(error, TimeoutError):
        return Failure(TIMEOUT)
    if not isinstance(status, int):
        return Failure(UNKNOWN)
    return Failure(
        _cause(error, status, answered=bool(headers)),
        status=status if headers else None,
        retry_after=parse_retry_after(headers.get("retry-after")),
        answered=bool(headers),
        about_temperature="temperature" in str(error).lower(),
    )


def _cause(error: Exception, status: int, *, answered: bool) -> Cause:
    from litellm import exceptions  # noqa: PLC0415 - loaded by now: the error came from there

    match error:
        case exceptions.ContextWindowExceededError():
            return CONTEXT_WINDOW
        case exceptions.ContentPolicyViolationError():
            return CONTENT_POLICY
        case exceptions.UnsupportedParamsError():
            return UNSUPPORTED
        case exceptions.RateLimitError() if "insufficient_quota" in str(error):
            return QUOTA
    if status >= 500 and not answered:
        # A key that is missing ends here too, before any call; waiting will not bring it.
        return CREDENTIALS if "Missing credentials" in str(error) else CONNECTION
    return _by_status(status)


def _by_status(status: int) -> Cause:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status < 400:
        return BAD_RESPONSE
    return SERVER_ERROR if status >= 500 else REFUSED


def _headers(error: Exception) -> Mapping[str, str]:
    headers = getattr(error, "litellm_response_headers", None)
    return {str(name).lower(): str(value) for name, value in headers.items()} if headers else {}


def parse_retry_after(value: str | None) -> float | None:
    """Seconds to wait, a day at most, from a number or an HTTP date; None if it is neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else None
