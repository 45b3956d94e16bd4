"""Who may call: holders of a key, or, where no key is set, programs and pages of this machine."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import Refusal
from service.api.tracking import context_of
from service.settings import is_loopback

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Answered without a key, for whatever watches the service."""

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]/?#@\s]+))(?::\d{1,5})?")


class KeyGuard:
    """Asks for one of the keys as `Authorization: Bearer KEY`; raises `Refusal`."""

    def __init__(self, app: ASGIApp, keys: Sequence[str]) -> None:
        self._app = app
        self._digests = tuple(_digest(key) for key in keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request if it may be, and note who called."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            context_of(scope).caller = self._caller(Headers(scope=scope).get("authorization", ""))
        await self._app(scope, receive, send)

    def _caller(self, authorization: str) -> str:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise _unauthorized("Send one of the service's keys as `Authorization: Bearer KEY`.", "")
        shown = _digest(key.strip())
        # Every key is compared, so that the time taken says nothing about which one is near.
        matches = [hmac.compare_digest(shown, known) for known in self._digests]
        if not any(matches):
            raise _unauthorized("The key is not one of the service's.", ', error="invalid_token"')
        return shown.hex()


class LoopbackGuard:
    """Serves requests made to this machine by name, from its own pages or those of `origins`; raises `Refusal`.

    A page elsewhere can make a browser call a service on loopback, under a host name of its own even; the Host and
    Origin headers, which the page cannot choose, tell.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request if it comes from this machine."""
        if scope["type"] == "http":
            self._check(Headers(scope=scope))
        await self._app(scope, receive, send)

    def _check(self, headers: Headers) -> None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not _names_loopback(hosts[0]):
            raise Refusal(
                403,
                "foreign-host",
                "Without keys the service answers only to localhost, 127.0.0.1 and [::1]. "
                "Set EVALUATOR_API_KEYS to be reached by another name.",
            )
        if not all(self._may_call(origin) for origin in headers.getlist("origin")):
            raise Refusal(
                403,
                "foreign-origin",
                "Without keys only web pages of this machine may call. "
                "Add the page's origin to EVALUATOR_CORS_ORIGINS to let it.",
            )

    def _may_call(self, origin: str) -> bool:
        if "*" in self._origins or origin in self._origins:
            return True
        scheme, separator, host = origin.partition("://")
        return bool(separator) and scheme in {"http", "https"} and _names_loopback(host)


class Cors(CORSMiddleware):
    """Lets pages of the listed origins call and read the replies."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=("DELETE", "GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-Request-ID"),
            expose_headers=(
                *("Content-Disposition", "ETag", "Idempotent-Replay", "Location"),
                *("Retry-After", "X-Request-ID"),
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight that is refused with a problem, and leave the rest to the base."""
        if scope["type"] == "http" and (refusal := self._preflight_refusal(scope)):
            await refusal(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def _preflight_refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["method"] != "OPTIONS" or not {"origin", "access-control-request-method"} <= set(headers.keys()):
            return None
        reply = self.preflight_response(headers)
        if reply.status_code < 400:
            return None
        detail = "Pages of this origin may not make this call; EVALUATOR_CORS_ORIGINS lists those that may."
        problem = Refusal(reply.status_code, "cors-refused", detail).response(scope)
        problem.headers["Vary"] = "Origin"
        return problem


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _unauthorized(detail: str, error: str) -> Refusal:
    return Refusal(401, "unauthorized", detail, headers={"WWW-Authenticate": f'Bearer realm="evaluator"{error}'})


def _names_loopback(host: str) -> bool:
    match = _HOST.fullmatch(host)
    return match is not None and is_loopback(match[1] or match[2])
