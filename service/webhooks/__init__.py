"""Signed webhooks by the Standard Webhooks scheme, sent to public addresses only unless told otherwise.

An address is judged by what its name resolves to, and the connection is made to the very address that was judged: a
name that resolves to something else a moment later gains nothing. Environment proxies are not used, redirects are not
followed, and neither the secret, the path of the address nor what the receiver writes is logged or repeated.
"""

import asyncio
import base64
import binascii
import contextlib
import hashlib
import json
import logging
import math
import secrets
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Annotated

import httpx
from pydantic import AwareDatetime, ConfigDict, Field, JsonValue, SecretStr, field_validator
from standardwebhooks import Webhook

from service.errors import WebhookInvalid
from service.models import Frozen
from service.webhooks.addresses import Destination, HostNotFound, Resolve, check_url, find_destination, resolve_host

__all__ = [
    "RETRY_DELAYS",
    "TIMEOUT_S",
    "Attempt",
    "WebhookEvent",
    "WebhookTarget",
    "check_secret",
    "check_url",
    "delay_before",
    "new_secret",
    "send_once",
]

log = logging.getLogger(__name__)

RETRY_DELAYS = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0)
"""Seconds before each attempt of a durable delivery, as Standard Webhooks recommends: 17 hours in all."""

TIMEOUT_S = 15.0
"""The longest that one attempt may take, from the look-up of the name to the receiver's status."""

_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret of the scheme begins with
_SECRET_BYTES = range(24, 65)
_MOST_ADDRESSES = 4
_CONNECT_S = 5.0
_LONGEST_REPLY = 65_536
_REPLY_S = 2.0
_LONGEST_RETRY_AFTER_S = 86_400.0

Now = Callable[[], datetime]


class WebhookTarget(Frozen):
    """Where events go, and the secret that signs them: `whsec_` and 24 to 64 bytes in base64."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[str, Field(repr=False)]  # the path is a password at many receivers
    secret: SecretStr

    @field_validator("secret")
    @classmethod
    def _fit(cls, secret: SecretStr) -> SecretStr:
        check_secret(secret)
        return secret


class WebhookEvent(Frozen):
    """What happened; `id` stays the same however often it is sent, so that a receiver can tell a repetition."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    type: Annotated[str, Field(pattern=r"^[a-z0-9_]+(\.[a-z0-9_]+)*$")]
    timestamp: AwareDatetime
    data: dict[str, JsonValue]

    def body(self) -> str:
        """The JSON that is sent and signed."""
        when = self.timestamp.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        content = {"type": self.type, "timestamp": when, "data": self.data}
        return json.dumps(content, separators=(",", ":"), allow_nan=False)


class Attempt(Frozen):
    """What became of one sending; `problem` is None where it was delivered, and `done` says to send no more.

    `retry_after` is in seconds, where the receiver asked for a pause.
    """

    status: int | None = None
    retry_after: float | None = None
    done: bool = False
    problem: str | None = None


def new_secret() -> str:
    """A secret to share with the receiver."""
    return _SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: SecretStr) -> None:
    """Check that a secret can sign.

    Raises:
        WebhookInvalid: it is not `whsec_` and 24 to 64 bytes in base64.
    """
    text = secret.get_secret_value()
    try:
        key = base64.b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_SECRET_PREFIX) or len(key) not in _SECRET_BYTES:
        raise WebhookInvalid("The webhook's secret is not `whsec_` followed by 24 to 64 bytes in base64.")


async def send_once(
    target: WebhookTarget,
    event: WebhookEvent,
    *,
    allow_private: bool,
    resolve: Resolve = resolve_host,
    now: Now = lambda: datetime.now(UTC),
    timeout_s: float = TIMEOUT_S,
) -> Attempt:
    """Send an event once; whatever goes wrong is told by the attempt, not raised."""
    try:
        async with asyncio.timeout(timeout_s):
            # In a thread, since looking up a name waits.
            destination = await asyncio.to_thread(
                find_destination, target.url, allow_private=allow_private, resolve=resolve
            )
            attempt = await _send(destination, _headers(target, event, now()), event.body().encode(), now)
    except TimeoutError:
        attempt = Attempt(problem=f"no reply came within {timeout_s:g} s")
    except HostNotFound as error:
        attempt = Attempt(problem=str(error))
    except WebhookInvalid as error:
        attempt = Attempt(done=True, problem=str(error))
    log.info("webhook %s: %s", event.id, attempt.problem or "delivered")
    return attempt


def _headers(target: WebhookTarget, event: WebhookEvent, at: datetime) -> dict[str, str]:
    """The headers of the scheme; the time is this attempt's, since receivers refuse what was signed long ago."""
    at = at.astimezone(UTC)
    return {
        "content-type": "application/json",
        "user-agent": "answer-evaluator",
        "webhook-id": event.id,
        "webhook-timestamp": str(math.floor(at.timestamp())),
        "webhook-signature": Webhook(target.secret.get_secret_value()).sign(event.id, at, event.body()),
    }


async def _send(destination: Destination, headers: dict[str, str], body: bytes, now: Now) -> Attempt:
    """Post to the first address that takes the connection."""
    problem = "no connection could be made"
    # The transport alone: the client around it would follow, decode, remember and log the address.
    async with httpx.AsyncHTTPTransport(verify=_tls()) as transport:
        for address in destination.addresses[:_MOST_ADDRESSES]:
            request = _request(destination.url, address, headers, body)
            try:
                response = await transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent
            except httpx.HTTPError:
                problem = "the connection broke off"
                break
            await _drain(response)
            return _judge(response.status_code, response.headers.get("retry-after"), now())
    return Attempt(problem=problem)


def _request(url: httpx.URL, address: str, headers: dict[str, str], body: bytes) -> httpx.Request:
    """A request to an address in place of the host's name, under which it is still addressed and certified."""
    timeout = httpx.Timeout(TIMEOUT_S, connect=_CONNECT_S).as_dict()
    return httpx.Request(
        "POST",
        url.copy_with(host=address, fragment=None),
        headers={"host": url.netloc.decode("ascii"), **headers},
        content=body,
        extensions={"timeout": timeout, "sni_hostname": url.raw_host.decode("ascii")},
    )


@cache
def _tls() -> ssl.SSLContext:
    """Kept, since reading the certificates takes 20 ms."""
    return httpx.create_ssl_context()


async def _drain(response: httpx.Response) -> None:
    """Take a little of what the receiver writes, so that its writing does not fail, and forget it."""
    taken = 0
    with contextlib.suppress(httpx.HTTPError, TimeoutError):  # its status stands
        async with asyncio.timeout(_REPLY_S):
            async for part in response.aiter_raw():
                taken += len(part)
                if taken >= _LONGEST_REPLY:
                    break
    await response.aclose()


def _judge(status: int, retry_after: str | None, at: datetime) -> Attempt:
    if 200 <= status < 300:
        return Attempt(status=status, done=True)
    problem = f"the receiver answered {status}"
    if 300 <= status < 400:
        problem += ", and redirects are not followed"
    return Attempt(status=status, done=status == 410, problem=problem, retry_after=_seconds(retry_after, at))


def _seconds(retry_after: str | None, at: datetime) -> float | None:
    """Seconds to wait, a day at most, from a number or an HTTP date; None if it is neither."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            until = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        seconds = ((until if until.tzinfo else until.replace(tzinfo=UTC)) - at).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S) if math.isfinite(seconds) else None


def delay_before(number: int, event_id: str, *, retry_after: float | None = None) -> float | None:
    """Seconds to wait before the attempt of this number, from 1, of a durable delivery; None when there is none left.

    Up to a tenth longer than planned, by the event's id, so that many events do not come back at one moment and a
    workflow that is run again waits as long as before.
    """
    if number > len(RETRY_DELAYS):
        return None
    planned = max(RETRY_DELAYS[number - 1], retry_after or 0.0)
    lot = hashlib.sha256(f"{event_id} {number}".encode()).digest()[0] / 255
    return planned * (1 + lot / 10)
