"""Both protocols over asyncio's own connections, which leaves nearly all the time to the client measured.

No framework stands between: a request costs the reading of its JSON, a timer, and one write.
"""

import asyncio
import json
from http import HTTPStatus
from typing import cast

import httptools

from tests.provider.counting import Tally
from tests.provider.prompts import NotUnderstood, Prompt
from tests.provider.replies import HTML, MODEL, NOT_JSON, PROTOCOLS, Protocol, write_error
from tests.provider.script import STATUSES, Fate, Script

_MODELS = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "tests"}]}).encode()


class Provider:
    """Answers whole requests, whatever connection they came by."""

    def __init__(self, script: Script, tally: Tally) -> None:
        self.tally = tally
        self.script = script
        """What to follow; another takes effect with the next request."""
        self._connections: set[Connection] = set()

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Listen; port 0 is any free one."""
        return await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port, backlog=2_048)

    def close(self) -> None:
        """Break off what is left."""
        for connection in list(self._connections):
            connection.drop()

    def opened(self, connection: "Connection") -> None:
        """A connection is there."""
        self._connections.add(connection)

    def closed(self, connection: "Connection") -> None:
        """A connection is gone."""
        self._connections.discard(connection)

    def handle(self, connection: "Connection", method: str, path: str, body: bytes) -> None:
        """Answer a request, now or in its time."""
        match method, path:
            case "POST", _ if path in PROTOCOLS:
                self._complete(connection, PROTOCOLS[path], body)
            case "GET", "/v1/models":
                connection.send(_MODELS)
            case "GET", "/__counts":
                connection.send(self.tally.counts().model_dump_json().encode())
            case "POST", "/__reset":
                self.tally.reset()
                connection.send(b"{}")
            case "POST", "/__faults":
                self._set_faults(connection, body)
            case _:
                connection.send(write_error("there is nothing here"), 404)

    def _set_faults(self, connection: "Connection", body: bytes) -> None:
        try:
            self.script = self.script.with_faults(json.loads(body))
        except (ValueError, TypeError) as error:
            connection.send(write_error(str(error)), 400)
        else:
            connection.send(b"{}")

    def _complete(self, connection: "Connection", protocol: Protocol, body: bytes) -> None:
        self.tally.arrived()
        connection.owe("")
        try:
            prompt = protocol.read(body)
            connection.owe(prompt.answer_key)
            if refused := self.script.refused(prompt):
                self.tally.refused += 1
                connection.send(protocol.error(refused), 400)
            else:
                self._fulfil(connection, protocol, prompt)
        except NotUnderstood as error:
            self.tally.not_understood += 1
            connection.send(protocol.error(str(error)), 400)

    def _fulfil(self, connection: "Connection", protocol: Protocol, prompt: Prompt) -> None:
        fate = self.script.fate(prompt, self.tally.attempt(prompt))
        if fate.fault:
            self.tally.meet(prompt, fate.fault)
        body = self._billed(protocol, prompt, fate) if fate.billed else b""
        match fate.fault:
            case "hang":
                pass
            case "drop":
                connection.drop_later(fate.delay_s)
            case "cut-body":
                connection.cut_later(fate.delay_s, body)
            case "not-json":
                connection.send_later(fate.delay_s, NOT_JSON)
            case "502-html":
                connection.send_later(fate.delay_s, HTML, 502, content_type="text/html")
            case str(fault) if fault in STATUSES:
                retry_after = f"Retry-After: {fate.retry_after_s}\r\n".encode() if fault == "429" else b""
                connection.send_later(fate.delay_s, protocol.error(fault), STATUSES[fault], retry_after)
            case _:
                connection.send_later(fate.delay_s, body)

    def _billed(self, protocol: Protocol, prompt: Prompt, fate: Fate) -> bytes:
        kept = self.tally.keep(prompt)
        reply = protocol.write(self.script, prompt, fate, kept)
        self.tally.bill(prompt, fate, kept, reply.tokens)
        return reply.body


class Connection(asyncio.Protocol):
    """One client's connection, kept open between its requests."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._owed: str | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._url = b""
        self._body: list[bytes] = []
        self._whole: list[tuple[str, str, bytes]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._provider.opened(self)

    def data_received(self, data: bytes) -> None:
        """Read on; a request is answered once all of it is here."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.close()
        # Not from within the parser, which would take an error of ours for one of the client's.
        while self._whole:
            self._provider.handle(self, *self._whole.pop(0))

    def connection_lost(self, _: Exception | None) -> None:
        """Whoever asked has left: what was owed is abandoned, though billed as ever."""
        self._provider.closed(self)
        if self._timer:
            self._timer.cancel()
        if self._owed is not None:
            self._settle()
            self._provider.tally.abandoned += 1

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._url, self._body = b"", []

    def on_url(self, url: bytes) -> None:
        """A part of the path."""
        self._url += url

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        path = self._url.partition(b"?")[0].decode("latin-1")
        self._whole.append((self._parser.get_method().decode(), path, b"".join(self._body)))

    def owe(self, answer_key: str) -> None:
        """A completion is owed on this connection, for the answer of this digest where it is known."""
        self._owed = answer_key

    def send_later(
        self,
        delay_s: float,
        body: bytes,
        status: int = 200,
        headers: bytes = b"",
        content_type: str = "application/json",
    ) -> None:
        """Send a reply after so many seconds."""
        if delay_s:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(delay_s, self.send, body, status, headers, content_type)
        else:
            self.send(body, status, headers, content_type)

    def send(
        self, body: bytes, status: int = 200, headers: bytes = b"", content_type: str = "application/json"
    ) -> None:
        """Send a reply."""
        if self._owed is not None:
            self._provider.tally.reply(self._owed, status)
            self._settle()
        self._transport.write(_head(status, len(body), content_type) + headers + b"\r\n" + body)

    def drop_later(self, delay_s: float) -> None:
        """Close the connection after so many seconds, with no reply."""
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._drop_owed)

    def cut_later(self, delay_s: float, body: bytes) -> None:
        """Send half a reply after so many seconds, and close the connection."""
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._cut, body)

    def drop(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def _drop_owed(self) -> None:
        self._settle()  # the provider's doing: no client left
        self.drop()

    def _cut(self, body: bytes) -> None:
        self._settle()
        self._transport.write(_head(200, len(body), "application/json") + b"\r\n" + body[: len(body) // 2])
        self._transport.close()

    def _settle(self) -> None:
        self._owed = None
        self._provider.tally.in_flight -= 1


def _head(status: int, length: int, content_type: str) -> bytes:
    reason = HTTPStatus(status).phrase
    return f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n".encode()
