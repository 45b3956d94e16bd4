"""A receiver of webhooks on a real socket, names that resolve as a test likes, and an event to send."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from pydantic import SecretStr

from service.webhooks import Attempt, WebhookEvent, WebhookTarget, new_secret, send_once

ENDLESS = b"endless"
HANG_UP = 0

PUBLIC = "93.184.215.14"
SECRET = new_secret()
EVENT = WebhookEvent(
    id="msg_batch-7",
    type="batch.completed",
    timestamp=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    data={"id": "7", "graded": 12, "name": "Jos\u00e9 Nobody-may-log"},
)


class Resolver:
    """Gives the same addresses for every name, and remembers what it was asked."""

    def __init__(self, addresses: list[str]) -> None:
        self.asked: list[tuple[str, int]] = []
        self._addresses = addresses

    def __call__(self, host: str, port: int) -> list[str]:
        """The addresses."""
        self.asked.append((host, port))
        if not self._addresses:
            raise OSError("no such name")
        return self._addresses


def resolving_to(*addresses: str) -> Resolver:
    """A resolver that always gives these addresses."""
    return Resolver(list(addresses))


LOOPBACK = resolving_to("127.0.0.1")


class Received(NamedTuple):
    """A request as it came in; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Reply(NamedTuple):
    """What is answered; the body `ENDLESS` goes on for as long as it is read, the status `HANG_UP` is no answer."""

    status: int = 204
    headers: dict[str, str] = {}
    body: bytes = b"thank you"


class Receiver(ThreadingHTTPServer):
    """Gives its replies one after another, the last for ever, and keeps what it received."""

    daemon_threads = True

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[Received] = []
        self._replies = list(replies or [Reply()])

    def reply(self) -> Reply:
        """The next reply."""
        return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.path, headers, body))
        if (reply := self.server.reply()).status == HANG_UP:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):  # the sender has read enough
            self.wfile.write(reply.body)
            while reply.body is ENDLESS:
                self.wfile.write(b"x" * 65_536)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def receiving(*replies: Reply, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive on a free port of loopback."""
    with Receiver(*replies) as receiver:
        if tls:
            receiver.socket = tls.wrap_socket(receiver.socket, server_side=True)
        thread = threading.Thread(target=lambda: receiver.serve_forever(poll_interval=0.01))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def target(receiver: Receiver, host: str = "hooks.test", scheme: str = "http") -> WebhookTarget:
    """The receiver under a name that only the test's resolver knows."""
    url = f"{scheme}://{host}:{receiver.server_port}/hidden-path?key=value"
    return WebhookTarget(url=url, secret=SecretStr(SECRET))


async def send(receiver: Receiver) -> Attempt:
    """Send the event once."""
    return await send_once(target(receiver), EVENT, allow_private=True, resolve=LOOPBACK)
