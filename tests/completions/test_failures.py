"""Retry-After in all its spellings."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from service.completions.failures import failure_of, parse_retry_after
from service.completions.starting import load_litellm


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("7", 7.0, id="seconds"),
        pytest.param("0.5", 0.5, id="half a second"),
        pytest.param("-3", 0.0, id="negative"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, id="date gone by"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 -0000", 0.0, id="date without a zone"),
        pytest.param("1e300", 86_400.0, id="longer than a day"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0, id="date far away"),
        pytest.param("1 Jan 99999999999999999999 00:00:00 GMT", None, id="a year that is none"),
        pytest.param("soon", None, id="a word"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("inf", None, id="for ever"),
        pytest.param(None, None, id="not sent"),
    ],
)
def test_retry_after_is_read(value: str | None, seconds: float | None) -> None:
    """Seconds, a date, or nothing that could be waited for."""
    assert parse_retry_after(value) == seconds


def test_a_date_is_waited_for() -> None:
    """Counted from now."""
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1))

    seconds = parse_retry_after(in_an_hour)

    assert seconds is not None
    assert 3_000 < seconds <= 3_600


def test_an_error_nobody_knows_is_not_retried() -> None:
    """Bugs of litellm come out as they are."""
    failure = failure_of(AttributeError("'NoneType' object has no attribute 'choices'"))

    assert (failure.cause.reason, failure.cause.transient, failure.answered) == ("provider-error", False, False)
    assert "choices" not in str(failure.unavailable("openai/x"))


@pytest.mark.parametrize(
    ("name", "status", "reason", "transient"),
    [
        pytest.param(
            "UnsupportedParamsError", 400, "request-refused", False, id="a parameter litellm knows not to send"
        ),
        pytest.param("APIConnectionError", 200, "bad-response", True, id="a success that is none"),
    ],
)
def test_errors_that_come_without_a_reply(name: str, status: int, reason: str, transient: bool) -> None:  # noqa: FBT001 - a column of the table
    """Found by litellm itself, not by the provider."""
    litellm = load_litellm()
    error = getattr(litellm.exceptions, name)(message="no", llm_provider="openai", model="gpt-test")
    error.status_code = status

    failure = failure_of(error)

    assert (failure.cause.reason, failure.cause.transient) == (reason, transient)


def _of_litellm(cause: BaseException | None) -> Exception:
    """An error with a status that litellm made up, and what it came from."""
    litellm = load_litellm()
    error: Exception = litellm.exceptions.InternalServerError(message="no", llm_provider="openai", model="gpt-test")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "reason", "dead", "charged"),
    [
        pytest.param(httpx.ReadError("x"), "connection", True, True, id="dropped"),
        pytest.param(httpx.ConnectError("x"), "connection", True, False, id="no connection"),
        pytest.param(ModuleNotFoundError("x"), "provider-error", False, False, id="a bug"),
        pytest.param(json.JSONDecodeError("x", "", 0), "bad-response", False, True, id="not JSON"),
        pytest.param(KeyError("choices"), "bad-response", False, True, id="JSON of another shape"),
    ],
)
def test_a_status_that_litellm_made_up_is_told_by_what_it_came_from(
    cause: Exception, reason: str, *, dead: bool, charged: bool
) -> None:
    """Only trouble on the way says that the provider is away."""
    failure = failure_of(_of_litellm(cause))

    assert (failure.cause.reason, failure.dead, failure.charged) == (reason, dead, charged)


def test_a_chain_of_errors_that_leads_back_is_read_once() -> None:
    """Clients that try again by themselves leave such chains."""
    first, second = httpx.ReadError("x"), httpx.ReadError("y")
    first.__cause__, second.__cause__ = second, first

    failure = failure_of(_of_litellm(first))

    assert failure.cause.reason == "connection"
