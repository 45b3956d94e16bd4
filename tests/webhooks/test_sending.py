import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.webhooks import (
    RETRY_DELAYS,
    Attempt,
    WebhookTarget,
    delay_before,
    new_secret,
    send_once,
)
from tests.webhooks.receiver import (
    ENDLESS,
    EVENT,
    HANG_UP,
    LOOPBACK,
    SECRET,
    Reply,
    receiving,
    resolving_to,
    send,
    target,
)


async def test_the_receiver_can_verify_it() -> None:
    """Signed as the scheme says, and told under the name that was given."""
    with receiving() as receiver:
        attempt = await send(receiver)

    assert attempt == Attempt(status=204, done=True)
    (received,) = receiver.received
    assert Webhook(SECRET).verify(received.body, received.headers) == {
        "type": "batch.completed",
        "timestamp": "2030-01-02T03:04:05Z",
        "data": EVENT.data,
    }
    assert received.path == "/hidden-path?key=value"
    assert received.headers["host"] == f"hooks.test:{receiver.server_port}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["webhook-id"] == EVENT.id


async def test_another_secret_does_not_verify() -> None:
    """Nor does a body that was changed on its way."""
    with receiving() as receiver:
        await send(receiver)

    (received,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(received.body, received.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(received.body.replace(b"12", b"13"), received.headers)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param(Reply(200), Attempt(status=200, done=True), id="200"),
        pytest.param(Reply(202), Attempt(status=202, done=True), id="202"),
        pytest.param(Reply(500), Attempt(status=500, problem="the receiver answered 500"), id="500"),
        pytest.param(Reply(404), Attempt(status=404, problem="the receiver answered 404"), id="404"),
        pytest.param(Reply(410), Attempt(status=410, done=True, problem="the receiver answered 410"), id="gone"),
        pytest.param(
            Reply(429, {"Retry-After": "7"}),
            Attempt(status=429, retry_after=7, problem="the receiver answered 429"),
            id="pause asked for",
        ),
        pytest.param(
            Reply(503, {"Retry-After": "soon"}),
            Attempt(status=503, problem="the receiver answered 503"),
            id="pause not understood",
        ),
        pytest.param(
            Reply(503, {"Retry-After": "inf"}),
            Attempt(status=503, problem="the receiver answered 503"),
            id="pause without end",
        ),
        pytest.param(
            Reply(503, {"Retry-After": "9999999"}),
            Attempt(status=503, retry_after=86_400, problem="the receiver answered 503"),
            id="pause of months",
        ),
    ],
)
async def test_what_an_answer_amounts_to(reply: Reply, expected: Attempt) -> None:
    """Delivered by 2xx alone; only 410 ends it otherwise."""
    with receiving(reply) as receiver:
        attempt = await send(receiver)

    assert attempt == expected


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        pytest.param("Wed, 02 Jan 2030 03:05:05 GMT", 60, id="date"),
        pytest.param("Wed, 02 Jan 2030 03:05:05 -0000", 60, id="date without zone"),
        pytest.param("Wed, 02 Jan 2030 03:00:00 GMT", 0, id="past"),
    ],
)
async def test_a_pause_until_a_date(until: str, seconds: float) -> None:
    """Counted from the moment of the reply."""
    with receiving(Reply(503, {"Retry-After": until})) as receiver:
        attempt = await send_once(
            target(receiver), EVENT, allow_private=True, resolve=LOOPBACK, now=lambda: EVENT.timestamp
        )

    assert attempt.retry_after == seconds


async def test_a_redirect_is_not_followed() -> None:
    """It would lead round the check of the address."""
    with receiving() as inside, receiving(Reply(307, {"Location": f"http://127.0.0.1:{inside.server_port}/"})) as out:
        attempt = await send(out)

    assert attempt == Attempt(status=307, problem="the receiver answered 307, and redirects are not followed")
    assert inside.received == []


async def test_an_endless_reply_is_not_read_to_its_end() -> None:
    """Its status is all that counts."""
    with receiving(Reply(200, body=ENDLESS)) as receiver:
        attempt = await send(receiver)

    assert attempt == Attempt(status=200, done=True)


async def test_a_reply_that_breaks_off_after_its_status_is_delivered() -> None:
    """The receiver has said what it had to say."""
    with receiving(Reply(200, {"Content-Length": "1000"})) as receiver:
        attempt = await send(receiver)

    assert attempt == Attempt(status=200, done=True)


async def test_a_receiver_that_says_nothing() -> None:
    """The attempt ends in time, and another may follow."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://hooks.test:{silent.getsockname()[1]}/"
        attempt = await send_once(
            WebhookTarget(url=url, secret=SecretStr(SECRET)),
            EVENT,
            allow_private=True,
            resolve=LOOPBACK,
            timeout_s=0.1,
        )

    assert attempt == Attempt(problem="no reply came within 0.1 s")


async def test_a_receiver_that_hangs_up() -> None:
    """Nobody can say whether it took the event, so another attempt may follow under the same id."""
    with receiving(Reply(HANG_UP)) as receiver:
        attempt = await send(receiver)

    assert attempt == Attempt(problem="the connection broke off")


async def test_a_receiver_that_speaks_no_tls() -> None:
    """Nothing was sent."""
    with receiving() as receiver:
        address = target(receiver, scheme="https")
        attempt = await send_once(address, EVENT, allow_private=True, resolve=LOOPBACK)

    assert attempt == Attempt(problem="no connection could be made")
    assert receiver.received == []


async def test_no_receiver_at_all() -> None:
    """Another attempt may follow."""
    with receiving() as receiver:
        gone = target(receiver)

    attempt = await send_once(gone, EVENT, allow_private=True, resolve=LOOPBACK)

    assert attempt == Attempt(problem="no connection could be made")


async def test_the_next_address_is_tried() -> None:
    """A host with IPv6 in its name and none on its network is reached all the same."""
    with receiving() as receiver:
        attempt = await send_once(target(receiver), EVENT, allow_private=True, resolve=resolving_to("::1", "127.0.0.1"))

    assert attempt == Attempt(status=204, done=True)
    assert len(receiver.received) == 1


async def test_a_name_that_is_unknown_for_now() -> None:
    """Name servers fail and recover: another attempt may follow."""
    with receiving() as receiver:
        attempt = await send_once(target(receiver), EVENT, allow_private=True, resolve=resolving_to())

    assert attempt == Attempt(problem="The webhook's host has no address; check its name.")


async def test_a_repetition_can_be_told() -> None:
    """The id stays, the time is each attempt's own, and every one verifies."""
    began = datetime.now(UTC)
    with receiving(Reply(500), Reply(503), Reply(200)) as receiver:
        attempts = [
            await send_once(
                target(receiver),
                EVENT,
                allow_private=True,
                resolve=LOOPBACK,
                now=lambda second=second: began + timedelta(seconds=second),  # type: ignore[misc]
            )
            for second in range(3)
        ]

    assert [attempt.done for attempt in attempts] == [False, False, True]
    assert {received.headers["webhook-id"] for received in receiver.received} == {EVENT.id}
    assert len({received.headers["webhook-timestamp"] for received in receiver.received}) == 3
    for received in receiver.received:
        Webhook(SECRET).verify(received.body, received.headers)


def test_the_delays_of_a_durable_delivery() -> None:
    """As planned and up to a tenth more, always the same for one event, and not the same for all."""
    delays = [delay_before(number, EVENT.id) for number in range(1, len(RETRY_DELAYS) + 1)]

    for delay, planned in zip(delays, RETRY_DELAYS, strict=True):
        assert delay is not None
        assert planned <= delay <= planned * 1.1
    assert delays == [delay_before(number, EVENT.id) for number in range(1, len(RETRY_DELAYS) + 1)]
    assert len({delay_before(3, f"msg_{number}") for number in range(20)}) > 5
    assert delay_before(len(RETRY_DELAYS) + 1, EVENT.id) is None
    assert (delay_before(2, EVENT.id, retry_after=600) or 0) >= 600


async def test_nothing_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Not the secret, not the path, not what was sent or answered, at any level of the logs."""
    caplog.set_level(logging.DEBUG)
    with receiving(Reply(500, body=b"the receiver's own secret"), Reply(200)) as receiver:
        shown = target(receiver)
        attempts = [await send_once(shown, EVENT, allow_private=True, resolve=LOOPBACK) for _ in range(2)]
    with pytest.raises(ValidationError) as caught:
        WebhookTarget.model_validate({"url": shown.url, "secret": SECRET, "extra": SECRET})

    assert EVENT.id in caplog.text
    for text in (caplog.text, repr(shown), str(shown), repr(attempts), str(caught.value)):
        for hidden in (SECRET, SECRET.removeprefix("whsec_"), "hidden-path", "Nobody-may-log", "receiver's own"):
            assert hidden not in text
