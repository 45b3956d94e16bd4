"""What went wrong at the provider, told apart by what can be done about it.

litellm's classes are not enough: it makes a `BadRequestError` of any error whose body says `invalid_request_error`,
a 500 included, an `InternalServerError` of a missing key, and a refusal of a reply it cannot read. The status decides
first, unless litellm made it up.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
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
CUT_SHORT = TIMEOUT._replace(happened="its time was up before a reply could come")
CONNECTION = Cause(
    "connection", "no connection, or it broke off", "Check the network and EVALUATOR_API_BASE.", transient=True
)
SERVER_ERROR = Cause("server-error", "the provider failed", "Try again later.", transient=True)
PROVIDER_DOWN = Cause("provider-down", "the provider failed several times in a row", "Try again later.", transient=True)
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

# What litellm calls a body that it cannot read, of some providers.
_NOT_READ = 422
_BY_STATUS = {
    401: CREDENTIALS,
    402: QUOTA,
    403: PERMISSION,
    404: NOT_FOUND,
    408: TIMEOUT,
    409: SERVER_ERROR,
    413: CONTEXT_WINDOW,
    425: SERVER_ERROR,
    429: RATE_LIMITED,
    499: SERVER_ERROR,
}
# Said by a gateway that waited for somebody who may have gone on working.
_GAVE_UP_WAITING = frozenset({504, 524})


# What a refusal with the status of a bad request says it is really about; no other shape of request would help.
_BY_WORDS = (
    (CREDENTIALS, re.compile(r"api[ _]key[ _](not[ _]valid|invalid|expired)|(invalid|incorrect) api key")),
    (QUOTA, re.compile(r"credit balance is too low|insufficient[ _](quota|balance|credits|funds)")),
    (
        CONTENT_POLICY,
        re.compile(
            r"content[ _]policy|content management policy|responsibleai|content filtering policy|our usage policy"
        ),
    ),
    (
        CONTEXT_WINDOW,
        re.compile(
            r"context[ _](length|window|size|limit)|(prompt|input) is too long|too many (input )?tokens"
            r"|maximum (prompt|model|input) length|reduce the length of the (messages|prompt|input)"
        ),
    ),
    (
        NOT_FOUND,
        re.compile(
            r"model_not_found|model identifier is invalid|(unknown|no such) model"
            r"|\bmodel\b[^.]{0,100}\b(does not exist|not found)"
        ),
    ),
)
_WINDOW = re.compile(r"(?:maximum|model's) context length (?:is|of) (\d{3,8}) tokens")
_MOST_OUTPUT = re.compile(
    r"(?:at most |max_tokens: \d+ > |max(?:_completion)?_tokens`? must be less than or equal to `?)(\d{4,6})\b"
)
# Where servers that check requests with pydantic begin to repeat the request, and with it the answer.
_ECHO = re.compile(r"""['"]input['"]: |\binput_value=""")
_PARAMETERS = ("temperature", "max_completion_tokens")
# What httpx, aiohttp, botocore and the standard library call errors on the way, which the chain of an error keeps.
_ON_THE_WAY = re.compile(r"Connect|Timeout|Protocol|Network|SSL|Payload|ReadError|WriteError|gaierror")
_NEVER_SENT = frozenset(
    {"ConnectError", "ConnectTimeout", "PoolTimeout", "ClientConnectorError", "ConnectionRefusedError", "gaierror"}
)
_SENT = frozenset({"ReadError", "ReadTimeout", "WriteError", "RemoteProtocolError", "ServerDisconnectedError"})


class Failure(Exception):
    """One try that brought no completion; holds nothing the provider wrote.

    `answered` says whether the provider sent a reply at all, `charged` whether it may have done the work all the same;
    `about` names the parameters it complained of; `window` is how many tokens a conversation may have by its own word,
    `most_output` how many a reply.
    """

    def __init__(
        self,
        cause: Cause,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        answered: bool = False,
        charged: bool = False,
        about: frozenset[str] = frozenset(),
        window: int | None = None,
        most_output: int | None = None,
    ) -> None:
        super().__init__(cause.reason)
        self.cause = cause
        self.status = status
        self.retry_after = retry_after
        self.answered = answered
        self.charged = charged
        self.about = about
        self.window = window
        self.most_output = most_output

    @property
    def dead(self) -> bool:
        """Whether it speaks for a provider that is away, not for one that said no."""
        return self.cause in (CONNECTION, SERVER_ERROR) or (self.cause is TIMEOUT and not self.answered)

    def unavailable(self, model: str, *, calls: int = 0) -> GraderUnavailable:
        """The error for whoever asked for a grade; `calls` is how many requests the provider answered."""
        status = f" (HTTP {self.status})" if self.status else ""
        message = f"The model {model} cannot grade: {self.cause.happened}{status}. {self.cause.advice}"
        return GraderUnavailable(message, reason=self.cause.reason, retry_after=self._wait(), calls=calls)

    def _wait(self) -> float | None:
        if not self.cause.transient:
            return None
        return DEFAULT_RETRY_AFTER_S if self.retry_after is None else self.retry_after


def failure_of(error: Exception) -> Failure:
    """What an error raised by litellm, or by the timeout around it, amounts to."""
    headers = _headers(error)
    status = getattr(error, "status_code", None)
    if isinstance(error, TimeoutError):
        return Failure(TIMEOUT, charged=True)
    if not isinstance(status, int):
        return Failure(UNKNOWN, charged=True)
    answered = bool(headers)
    text, *_ = _ECHO.split(str(error).lower(), maxsplit=1)
    cause = _cause(error, status, text, answered=answered)
    window = _WINDOW.search(text) if cause is CONTEXT_WINDOW else None
    most_output = _MOST_OUTPUT.search(text) if cause is REFUSED and "max_" in text else None
    return Failure(
        cause,
        status=status if answered and cause is not BAD_RESPONSE else None,
        retry_after=parse_retry_after(headers.get("retry-after")),
        answered=answered or cause is BAD_RESPONSE,
        charged=cause is BAD_RESPONSE
        or status in _GAVE_UP_WAITING
        or (not answered and cause in (TIMEOUT, CONNECTION) and not _never_sent(error)),
        about=frozenset(name for name in _PARAMETERS if name in text),
        window=int(window[1]) if window else None,
        most_output=int(most_output[1]) if most_output else None,
    )


def _cause(error: Exception, status: int, text: str, *, answered: bool) -> Cause:
    if known := _by_class(error, text):
        return known
    if (status >= 500 or status == _NOT_READ) and (made_up := _by_chain(error, text, answered=answered)):
        return made_up
    cause = _by_status(status)
    if cause is REFUSED:
        return next((found for found, words in _BY_WORDS if words.search(text)), REFUSED)
    return cause


def _by_class(error: Exception, text: str) -> Cause | None:
    from litellm import exceptions  # noqa: PLC0415 - loaded by now: the error came from there

    match error:
        case exceptions.ContextWindowExceededError():
            return CONTEXT_WINDOW
        case exceptions.ContentPolicyViolationError():
            return CONTENT_POLICY
        case exceptions.UnsupportedParamsError():
            return UNSUPPORTED
        case exceptions.RateLimitError() if "insufficient_quota" in text:
            return QUOTA
    return None


def _by_chain(error: Exception, text: str, *, answered: bool) -> Cause | None:
    """What a status stands for that litellm made up; None if it is the provider's."""
    _, *chain = _chain(error)
    names = _names(chain)
    if any("HTTPStatusError" in name for name in names):
        return None
    if any(isinstance(each, ImportError) for each in chain):
        return UNKNOWN
    if any(isinstance(each, (ValueError, LookupError, TypeError, AttributeError)) for each in chain):
        return BAD_RESPONSE  # it was read as far as it went
    if answered:
        return None
    # A key that is missing ends here too, before any call; waiting will not bring it.
    if "missing credentials" in text:
        return CREDENTIALS
    return CONNECTION if any(_ON_THE_WAY.search(name) for name in names) else BAD_RESPONSE


def _names(errors: Iterable[BaseException]) -> set[str]:
    return {type(each).__name__ for each in errors}


def _never_sent(error: BaseException) -> bool:
    names = _names(_chain(error))
    return bool(names & _NEVER_SENT) and not names & _SENT


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it came from, and so on; such chains can lead back to where they were."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        yield following
        seen.add(id(following))
        following = following.__cause__ or following.__context__


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
        except (ValueError, OverflowError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else None
