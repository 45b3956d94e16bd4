"""Retry-After in all its spellings."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from service.completions.failures import failure_of, parse_retry_after
from service.completions.through_litellm import load_litellm


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
