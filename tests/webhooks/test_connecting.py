import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import webhooks
from service.webhooks import check_url, send_once
from tests.webhooks.receiver import EVENT, LOOPBACK, PUBLIC, receiving, resolving_to, send, target


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_private_address_is_not_sent_to(host: str) -> None:
    """Unless it is allowed."""
    with receiving() as receiver:
        attempt = await send_once(target(receiver, host, scheme="https"), EVENT, allow_private=False)
        allowed = await send_once(target(receiver, host), EVENT, allow_private=True)

    assert (attempt.done, attempt.status) == (True, None)
    assert "public internet" in (attempt.problem or "")
    assert allowed.problem is None
    assert len(receiver.received) == 1


async def test_a_name_that_moves_inside_after_the_check() -> None:
    """It is judged again at each sending."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    with receiving() as receiver:
        moving = target(receiver, scheme="https")
        check_url(moving.url, allow_private=False, resolve=lambda *_: next(answers))

        attempt = await send_once(moving, EVENT, allow_private=False, resolve=lambda *_: next(answers))

    assert (attempt.done, receiver.received) == (True, [])


async def test_a_name_that_moves_between_the_look_up_and_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is made to the address that was judged: nothing is looked up a second time."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("looked up again")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    resolver = resolving_to("127.0.0.1")
    with receiving() as receiver:
        attempt = await send_once(target(receiver), EVENT, allow_private=True, resolve=resolver)

    assert attempt.problem is None
    assert resolver.asked == [("hooks.test", receiver.server_port)]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look the name up for itself."""
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.server_port}")
        attempt = await send(receiver)

    assert attempt.problem is None
    assert (len(proxy.received), len(receiver.received)) == (0, 1)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """What a receiver named hooks.test needs to be believed."""
    if shutil.which("openssl") is None:
        pytest.skip("NO OPENSSL: webhooks over TLS are not tested; install it")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=hooks.test", "-addext", "subjectAltName=DNS:hooks.test"]
    made = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", *made, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    webhooks._tls.cache_clear()
    yield context
    webhooks._tls.cache_clear()


@pytest.mark.parametrize(
    ("host", "problem"),
    [
        pytest.param("hooks.test", None, id="its own name"),
        pytest.param("other.test", "no connection could be made", id="another name"),
    ],
)
async def test_the_certificate_is_held_to_the_name(host: str, problem: str | None, tls: ssl.SSLContext) -> None:
    """Although the connection is made to a bare address."""
    with receiving(tls=tls) as receiver:
        attempt = await send_once(target(receiver, host, "https"), EVENT, allow_private=True, resolve=LOOPBACK)

    assert attempt.problem == problem
    assert len(receiver.received) == (problem is None)
