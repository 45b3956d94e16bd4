"""A client of `/v1/batches`, as short as the tests want it."""

import json
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

RUBRIC = "rag-vs-fine-tuning"
ANSWER = "I start with a prompt because it is cheap, and move to RAG when the data changes every week."
PIECE = 50
"""How many answers the engine takes at once of a small offline batch."""

_PATIENCE_S = 60.0


@dataclass(slots=True)
class Gate:
    """Answers from a place on are graded when it is opened."""

    opened: threading.Event
    holds_from: int = PIECE


def answers(count: int, **more: Any) -> list[dict[str, Any]]:
    """Answers that nobody graded before."""
    mark = uuid.uuid4().hex
    return [{"id": f"c{number}", "answer": f"{ANSWER} {mark}{number}", **more} for number in range(count)]


def as_jsonl(items: list[dict[str, Any]]) -> bytes:
    """A file of JSON lines."""
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds as soon as it finds something."""
    deadline = time.monotonic() + _PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.02)
    return found


class Batches:
    """Calls a service with a key."""

    def __init__(self, address: str, key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # It speaks plain HTTP, and reading the certificates of the system takes longer than most tests.
        self.http = httpx.Client(base_url=address, headers=headers, trust_env=False, verify=False, timeout=60)  # noqa: S501 - as above

    def __enter__(self) -> Self:
        self.http.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.__exit__(kind, error, trace)

    def post(self, items: list[Any], *, headers: dict[str, str] | None = None, **options: Any) -> httpx.Response:
        """Send answers as JSON, by the first rubric unless told otherwise."""
        body = {"rubric": RUBRIC, "answers": items, **options}
        return self.http.post("/v1/batches", json=body, headers=headers)

    def make(self, items: list[Any], **options: Any) -> dict[str, Any]:
        """A new batch."""
        reply = self.post(items, **options)
        assert reply.status_code == 202, reply.text
        batch: dict[str, Any] = reply.json()
        return batch

    def get(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch as it is now."""
        now: dict[str, Any] = self.http.get(batch["links"]["self"]).json()
        return now

    def ended(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The batch when it has ended."""
        found: dict[str, Any] = eventually(
            lambda: now if (now := self.get(batch))["state"] not in {"loading", "running"} else None
        )
        return found

    def done(self, batch: dict[str, Any], count: int) -> None:
        """Wait until so many answers have a result."""
        eventually(lambda: self.get(batch)["done"] >= count)

    def results(self, batch: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """The results as a stream gives them."""
        reply = self.http.get(batch["links"]["results"], params=query)
        assert reply.status_code == 200, reply.text
        return [json.loads(line) for line in reply.text.splitlines()]

    def ids(self) -> list[str]:
        """Which batches there are."""
        listed = self.http.get("/v1/batches", params={"limit": 100}).json()["batches"]
        return [batch["id"] for batch in listed]

    def act(self, batch: dict[str, Any], action: str) -> httpx.Response:
        """Cancel or resume."""
        return self.http.post(f"{batch['links']['self']}/{action}")


def events_of(text: str) -> list[dict[str, Any]]:
    """The events of a stream that ended: their `event`, `id` and `data`."""
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append({**fields, "data": json.loads(fields["data"])})
    return events
