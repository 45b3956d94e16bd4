"""What every request gets: an id, a line in the log, a place in the metrics, and the headers all replies carry."""

import re
import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.metrics import Metrics
from service.observability import log_access, request_id

_KEY = "evaluator.request"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_NO_REPLY = 499
"""Logged where the client left before the reply began."""


@dataclass(slots=True)
class RequestContext:
    """What is known of the request being served."""

    request_id: str
    caller: str = ""
    """Digest of the key the caller showed; empty where none is asked for."""
    log: dict[str, str | int | float | bool] = field(default_factory=dict)
    """More to say in the access line: codes and ids of ours, nothing that a client wrote."""


def context_of(scope: Scope) -> RequestContext:
    """The context that `Tracking` gave the request."""
    context = scope[_KEY]
    assert isinstance(context, RequestContext)  # noqa: S101 - narrows a dictionary of anything
    return context


class Tracking:
    """The outermost middleware; `paths` are those it may name where no route was reached."""

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: Collection[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request under its id, and record what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        context = RequestContext(_request_id(Headers(scope=scope)))
        method = scope["method"]
        # Whatever answers GET answers HEAD; the server leaves the body out.
        scope = {**scope, _KEY: context, "method": "GET" if method == "HEAD" else method}
        private = scope["path"].startswith("/v1/")
        status = _NO_REPLY

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers["X-Request-ID"] = context.request_id
                headers["X-Content-Type-Options"] = "nosniff"
                if private:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        token = request_id.set(context.request_id)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, with_headers)
        finally:
            # The route is known by now: the router wrote it into the scope.
            self._record(context, method, self._template(scope), status, time.perf_counter() - began)
            request_id.reset(token)

    def _template(self, scope: Scope) -> str:
        """The route's path with its parameters unfilled; a path itself may hold anything."""
        template = getattr(scope.get("route"), "path", scope["path"])
        return str(template) if template in self._paths else "(none)"

    def _record(self, context: RequestContext, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._metrics.count_request(method=method, route=route, status=status, seconds=seconds)
        log_access(
            {
                "request_id": context.request_id,
                "method": method,
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                **context.log,
            }
        )


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
