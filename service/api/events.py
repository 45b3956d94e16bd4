"""The progress of a batch as Server-Sent Events."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from service.api.batch_desk import BatchDesk
from service.api.batch_view import UNDER_WAY, Batch
from service.errors import GradingError

LOOK_EVERY_S = 0.5
KEEP_ALIVE_S = 15.0

_RETRY_MS = 2_000


def event_id(batch: Batch) -> str:
    """What stands for how far a batch is: equal as long as nothing happens."""
    started = 0 if batch.started_at is None else int(batch.started_at.timestamp() * 1000)
    return f"{batch.state}-{started}-{batch.done}-{batch.total}"


async def batch_events(
    desk: BatchDesk,
    look: Callable[[], Awaitable[Batch]],
    seen: str | None,
) -> AsyncIterator[bytes]:
    """A `progress` event whenever a batch got further than `seen`, and one named after the state it ends in.

    Ends without one if the service does, or the batch is erased: the client comes back, and is told.
    """
    quiet_since = time.monotonic()
    while not desk.closing:
        try:
            batch = await look()
        except GradingError:
            return
        ended = batch.state not in UNDER_WAY
        if ended or event_id(batch) != seen:
            seen = event_id(batch)
            quiet_since = time.monotonic()
            yield format_sse_event(
                data_str=batch.model_dump_json(exclude={"warnings", "webhook"}),
                event=batch.state if ended else "progress",
                id=seen,
                retry=_RETRY_MS,
            )
        if ended:
            return
        if time.monotonic() - quiet_since >= KEEP_ALIVE_S:
            quiet_since = time.monotonic()
            yield KEEPALIVE_COMMENT
        await anyio.sleep(LOOK_EVERY_S)
