"""Refuses a body that is larger than any valid request, before it is read whole, or that would not arrive."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import Refusal


def body_limit(max_answer_bytes: int) -> int:
    """The largest body that can hold an answer of that size: JSON may write a byte as six, and 64 kB for the rest."""
    return 6 * max_answer_bytes + 65_536


class UpgradeRefusal:
    """Refuses a body that comes with an offer of another protocol; raises `Refusal`.

    The server takes what follows such an offer for that protocol: the body is lost, or is read as the next request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request unless its body would not arrive."""
        if scope["type"] == "http":
            names = set(Headers(scope=scope).keys())
            if "upgrade" in names and names & {"content-length", "transfer-encoding"}:
                detail = "The service speaks HTTP/1.1 only; send the request without the Upgrade header."
                raise Refusal(400, "upgrade-refused", detail, headers={"Connection": "close"})
        await self._app(scope, receive, send)


class BodyLimit:
    """Counts a body as it comes in; raises `Refusal`. `uploads` are the paths that take files, with their limits."""

    def __init__(self, app: ASGIApp, limit: int, uploads: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._uploads = uploads or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, whose body stops short of the limit or raises."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        upload = self._uploads.get(scope["path"])
        limit = self._limit if upload is None else upload
        advice = "the answer must be shorter" if upload is None else "send it in parts, as several batches"
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise too_large(limit, advice)
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # A body of unknown length may have no end, so the connection must.
                raise too_large(limit, advice, {"Connection": "close"})
            return message

        await self._app(scope, counted, send)


def too_large(limit: int, advice: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """How a body is refused that is larger than so many bytes."""
    return Refusal(
        413, "body-too-large", f"The body is larger than the limit of {limit:,} bytes; {advice}.", headers=headers
    )
