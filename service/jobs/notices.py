"""Tells whoever asked to be told that a run has finished."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import TypedDict, get_args

from pydantic import SecretStr

from service.batch.spec import RunSpec
from service.outcome import OutcomeStatus
from service.settings import Settings
from service.store import Run, Store

log = logging.getLogger(__name__)


class Sent(TypedDict):
    """What a try came to; `retry_after` is what the receiver asked for, in seconds."""

    done: bool
    retry_after: float | None


class Notifier:
    """Sends the webhook of a run once; the engine repeats it at the times that `delay_before` gives."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._allow_private = settings.webhooks_allow_private

    def delay_before(self, number: int, event_id: str, retry_after: float | None) -> float | None:
        """Seconds to wait before a try, counted from 1; None when there is to be none any more."""
        from service.webhooks import delay_before  # noqa: PLC0415 - loads an HTTP client, which few runs need

        return delay_before(number, event_id, retry_after=retry_after)

    async def send(self, run_id: str) -> Sent:
        """Try once."""
        from service.webhooks import WebhookEvent, WebhookTarget, send_once  # noqa: PLC0415 - as above

        run = await asyncio.to_thread(self._store.runs.get, run_id)
        spec = RunSpec.model_validate_json(run.spec)
        if spec.webhook_url is None or spec.webhook_secret is None:
            return {"done": True, "retry_after": None}
        tally = await asyncio.to_thread(self._store.results.tally, run.n)
        event = WebhookEvent(
            id=event_id(run),
            type="batch.completed",
            timestamp=datetime.fromtimestamp(run.finished_at or run.created_at, UTC),
            data={
                "id": run.id,
                "state": run.state,
                "total": run.total,
                "counts": {status: tally.get(status, 0) for status in get_args(OutcomeStatus)},
            },
        )
        target = WebhookTarget(url=spec.webhook_url, secret=SecretStr(spec.webhook_secret))
        attempt = await send_once(target, event, allow_private=self._allow_private)
        if attempt.problem is not None:
            log.warning("the webhook of run %s was not delivered: %s", run.id, attempt.problem)
        return {"done": attempt.done, "retry_after": attempt.retry_after}


def event_id(run: Run) -> str:
    """The same for every try, so that a receiver can tell a repetition."""
    return f"{run.id}-{run.attempt}"
