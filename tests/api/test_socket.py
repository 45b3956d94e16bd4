"""The service on a real socket, spoken to byte by byte."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from service.api import build_app
from service.settings import Settings
from tests.api.doubles import BODY, ScriptedGrader, evaluator_of
from tests.serving import serving

Address = tuple[str, int]


@pytest.fixture(scope="module")
def grader() -> ScriptedGrader:
    """The grader of the service."""
    return ScriptedGrader()


@pytest.fixture(scope="module")
def address(grader: ScriptedGrader) -> Iterator[Address]:
    """Where the service listens."""
    app = build_app(Settings(), evaluator_of(grader))
    with serving(app) as listening:
        yield listening


@pytest.fixture
def connection(address: Address) -> Iterator[http.client.HTTPConnection]:
    """A connection that is kept alive."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    yield connection
    connection.close()


def post(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, bytes]:
    """Status and content of the reply to a grade request."""
    connection.request("POST", "/v1/grade", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    return reply.status, reply.read()


def exchange(address: Address, *chunks: bytes) -> bytes:
    """Everything the service says to raw bytes, until it closes the connection."""
    with socket.create_connection(address, timeout=30) as raw:
        for chunk in chunks:
            raw.sendall(chunk)
        received = b""
        while part := raw.recv(65_536):
            received += part
    return received


def test_a_connection_outlives_errors(connection: http.client.HTTPConnection) -> None:
    """Requests that fail in every way leave the connection fit for the next."""
    statuses = [
        post(connection, body)[0]
        for body in (
            b"{",
            b"{}",
            b'{"rubric": "none", "answer": "x"}',
            b'{"rubric": "rag-vs-fine-tuning", "answer": " "}',
            b'{"rubric": "rag-vs-fine-tuning", "answer": "%s"}' % (b"x" * 10_000_000),
        )
    ]
    kept = connection.sock

    status, content = post(connection, json.dumps(BODY).encode())

    assert statuses == [400, 422, 404, 422, 413]
    assert (status, json.loads(content)["status"]) == (200, "graded")
    assert kept is not None
    assert connection.sock is kept


def test_ten_megabytes_are_refused_before_they_are_sent(address: Address, grader: ScriptedGrader) -> None:
    """A client that waits for leave to send never has to: the declared length is enough."""
    asked = len(grader.answers)
    head = (
        b"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 10000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )

    received = exchange(address, head)

    assert received.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body-too-large"' in received
    assert len(grader.answers) == asked


def test_an_endless_body_is_cut_off(address: Address, grader: ScriptedGrader) -> None:
    """A chunked upload is answered once it passes the limit, and the connection ends with it."""
    asked = len(grader.answers)
    head = b"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (700_000, b" " * 700_000)

    received = exchange(address, head, chunk)

    assert received.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in received.lower()
    assert b'"code":"body-too-large"' in received
    assert len(grader.answers) == asked


def test_a_chunked_body_within_the_limit_is_graded(address: Address) -> None:
    """The length need not be known beforehand."""
    body = json.dumps(BODY).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:])) + b"0\r\n\r\n"
    head = b"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    received = exchange(address, head, chunks)

    assert received.startswith(b"HTTP/1.1 200 ")
    assert b'"status":"graded"' in received


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param(b"Host: evil.example\r\n", b"403", id="another host"),
        pytest.param(b"Host: localhost\r\nHost: evil.example\r\n", b"403", id="two hosts"),
        pytest.param(b"", b"403", id="none"),
    ],
)
def test_a_foreign_host_gets_nowhere(address: Address, host: bytes, status: bytes) -> None:
    """Nor does one that is left out or sent twice."""
    received = exchange(address, b"GET /v1/rubrics HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n")

    assert received.split(b" ")[1] == status
    assert b'"code":"foreign-host"' in received


def test_head_has_no_body(address: Address) -> None:
    """The headers are those of GET, the body stays away."""
    received = exchange(address, b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: 18" in head
    assert body == b""


def test_what_is_not_http_ends_politely(address: Address) -> None:
    """The next client is served as if nothing had been."""
    nonsense = exchange(address, b"\x16\x03\x01 nonsense\r\n\r\n")

    received = exchange(address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert nonsense.startswith(b"HTTP/1.1 400 ")
    assert received.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "host", [pytest.param(b"localhost", id="served"), pytest.param(b"evil.example", id="refused by its host too")]
)
@pytest.mark.parametrize("together", [pytest.param(True, id="at once"), pytest.param(False, id="in two parts")])
def test_a_body_behind_an_upgrade_is_never_a_request(address: Address, host: bytes, together: bool) -> None:  # noqa: FBT001 - pytest passes it
    """A client that offers HTTP/2 is told not to, and what it sent as a body is not taken for the next request."""
    body = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head = (
        b"POST /v1/grade HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AA\r\nContent-Length: %d\r\n\r\n" % (host, len(body))
    )

    received = exchange(address, head + body) if together else _refused_in_between(address, head, body)

    assert received.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"upgrade-refused"' in received
    assert b'"status":"alive"' not in received


def _refused_in_between(address: Address, head: bytes, body: bytes) -> bytes:
    """Everything the service says when the body is sent after the refusal, and so perhaps to nobody."""
    with socket.create_connection(address, timeout=30) as raw:
        raw.sendall(head)
        received = raw.recv(65_536)
        with contextlib.suppress(ConnectionError):
            raw.sendall(body)
            while part := raw.recv(65_536):
                received += part
    return received


def test_a_client_that_leaves_halfway_harms_nobody(address: Address, grader: ScriptedGrader) -> None:
    """Half a body is not graded, and the next client is served."""
    asked = len(grader.answers)
    head = b"POST /v1/grade HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n"

    with socket.create_connection(address, timeout=30) as raw:
        raw.sendall(head + b'{"rubric": "rag-vs-fine-tuning", "answer": "half')
    received = exchange(address, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert received.startswith(b"HTTP/1.1 200 ")
    assert len(grader.answers) == asked
