import json
from datetime import datetime

import pytest
from pydantic import SecretStr, ValidationError

from service.errors import WebhookInvalid
from service.webhooks import WebhookEvent, WebhookTarget, new_secret
from tests.webhooks.receiver import EVENT


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("", id="empty"),
        pytest.param("hush-hush-hush-hush-hush-hush-hush-hush", id="no prefix"),
        pytest.param("whsec_hush!", id="not base64"),
        pytest.param("whsec_aHVzaA==", id="too short"),
        pytest.param("whsec_" + "aHVz" * 22, id="too long"),
        pytest.param("whsec_\u00fc" + "aHVz" * 8, id="not ASCII"),
    ],
)
def test_a_secret_that_cannot_sign_is_refused(secret: str) -> None:
    """Without repeating it."""
    with pytest.raises(WebhookInvalid, match="24 to 64 bytes") as caught:
        WebhookTarget(url="https://hooks.example.com/", secret=SecretStr(secret))

    assert not secret or secret not in str(caught.value)


def test_new_secrets_differ() -> None:
    """And each can sign."""
    secrets = {new_secret() for _ in range(10)}

    assert len(secrets) == 10
    for secret in secrets:
        WebhookTarget(url="https://hooks.example.com/", secret=SecretStr(secret))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("id", "has.dots", id="id with a dot"),
        pytest.param("id", "", id="no id"),
        pytest.param("type", "Batch Completed", id="type with a space"),
        pytest.param("timestamp", datetime(2030, 1, 1), id="time without a zone"),  # noqa: DTZ001 - what it is about
    ],
)
def test_an_event_the_scheme_does_not_know_is_refused(field: str, value: object) -> None:
    """What is signed joins id and time with dots."""
    with pytest.raises(ValidationError, match=field):
        WebhookEvent.model_validate(EVENT.model_dump() | {field: value})


def test_the_body_is_ascii() -> None:
    """So that no receiver reads it in another encoding than it was signed in."""
    body = EVENT.body()

    assert body.isascii()
    assert json.loads(body)["data"] == EVENT.data
