"""The engine: runs as durable workflows over one database, in this process and any number of others.

The order of work is kept by DBOS; answers and results are kept by `service.store`. Every step may be done twice after a
crash, and none does harm: pieces are named after their run and place, and a result is written once.
"""

import asyncio
import contextlib
import functools
import itertools
import logging
import math
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypedDict

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, WorkflowHandleAsync

from service.batch.spec import CHUNK_WITH_MODEL, OFFLINE, RunSpec
from service.errors import RunNotFound, SettingsInvalid, StoreUnavailable
from service.jobs.chunks import ChunkGrader
from service.jobs.control import APPLICATION, PIECE, RUN, STEPS_VERSION, WEBHOOKS, Control, engine_url
from service.jobs.liveness import Guard, Liveness, liveness_for
from service.jobs.notices import Notifier, Sent
from service.settings import Settings
from service.store import RunState, Store

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1
_LOOK_AFTER_EVERY_S = 10.0
_OFFLINE_AT_ONCE = 2
_TAKING = "queue-worker-"
"""How DBOS begins the names of the threads that take work out of queues."""
_TAKEN_WITHIN_S = 2.0


class _Work(TypedDict):
    """What a run comes to, as a step of it reports; cut into pieces in the same way whenever it is repeated."""

    total: int
    size: int
    queue: str
    attempt: int


class Engine:
    """Does the work of a database while it is started; there can be one in a process, for DBOS is one in a process."""

    def __init__(self, store: Store, control: Control, settings: Settings, *, guard_every_s: float = 2.0) -> None:
        self.executor = uuid.uuid4().hex
        self._store = store
        self._control = control
        self._settings = settings
        self._liveness = liveness_for(store.database, self.executor)
        self._guard = Guard(self._liveness, self._adopt, every_s=guard_every_s)
        self._chunks = ChunkGrader(store, settings)
        self._notifier = Notifier(store, settings)
        self._stop_taking: Sequence[threading.Event] = ()
        self._sending = 0
        self._look_after_at = time.monotonic() + _LOOK_AFTER_EVERY_S

    @property
    def trouble(self) -> StoreUnavailable | None:
        """Why this process cannot go on, where that will not pass by itself."""
        return self._chunks.trouble

    def start(self) -> None:
        """Begin to work.

        Raises:
            SettingsInvalid: the model of the settings cannot be asked.
        """
        self._chunks.prepare()
        self._liveness.hold()
        try:
            self._launch(self._offer_work())
        except BaseException:
            DBOS.destroy(destroy_registry=True)
            self._liveness.release()
            raise
        self._guard.start()

    def stop(self, *, grace_s: int = 5) -> None:
        """Stop: no piece of work is begun any more, and those in hand have `grace_s` seconds to end.

        What is not done by then is left for another process, or for the next start.
        """
        with contextlib.ExitStack() as afterwards:
            afterwards.callback(self._guard.stop)
            afterwards.callback(DBOS.destroy, destroy_registry=True)
            self._let_end(time.monotonic() + grace_s)

    def _let_end(self, deadline: float) -> None:
        """Take nothing new up, and wait for what is in hand."""
        # DBOS stops so, too, but then waits for whole runs, and so for pieces that nobody takes up any more.
        for event in self._stop_taking:
            event.set()
        taken_by = time.monotonic() + _TAKEN_WITHIN_S
        for thread in threading.enumerate():
            # What one has just taken up counts; one that is only about to start will take nothing.
            if thread.name.startswith(_TAKING) and thread.is_alive():
                thread.join(max(0.0, taken_by - time.monotonic()))
        try:
            while time.monotonic() < deadline and (self._sending or self._control.in_hand(self.executor)):
                time.sleep(_LOOK_EVERY_S)
        except StoreUnavailable as error:
            log.warning("stopped without waiting for the work in hand: %s", error)

    def _offer_work(self) -> set[str]:
        """The queues that this process works at: offline, and of its model."""
        queues = set(self._control.offer_work(OFFLINE.queue, _OFFLINE_AT_ONCE))
        if self._chunks.spec.model is not None:
            # Enough pieces at once to keep every call busy while the last answers of some are waited for.
            at_once = 2 * math.ceil(self._settings.model_concurrency / CHUNK_WITH_MODEL) + 1
            queues |= set(self._control.offer_work(self._chunks.spec.queue, at_once))
        return queues

    def _launch(self, queues: set[str]) -> None:
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": engine_url(self._store.database),
            "application_version": STEPS_VERSION,
            "executor_id": self.executor,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "run_migrations": False,
            "notification_listener_polling_interval_sec": _LOOK_EVERY_S,
        }
        dbos = DBOS(config=config)
        self._define()
        DBOS.listen_queues(sorted(queues))
        DBOS.launch()
        self._stop_taking = dbos.background_thread_stop_events

    def _define(self) -> None:
        """Give DBOS the workflows, bound to this engine; they may be recovered any number of times."""
        self._define_runs(self._define_pieces(), self._define_webhooks())

    # Functions of their own, for DBOS writes on what it is given, and a method cannot be written on.

    def _define_pieces(self) -> Callable[[str, int, int], Coroutine[Any, Any, None]]:
        @_step(name="grade", preemptible=True)
        async def grade(run_id: str, first: int, end: int) -> None:
            await self._chunks.grade(run_id, first, end)

        @DBOS.workflow(name=PIECE, max_recovery_attempts=None)
        async def chunk(run_id: str, first: int, end: int) -> None:
            await grade(run_id, first, end)

        return chunk

    def _define_webhooks(self) -> Callable[[str], Coroutine[Any, Any, None]]:
        @_step(name="send")
        async def send(run_id: str) -> Sent:
            self._sending += 1
            try:
                return await self._notifier.send(run_id)
            finally:
                self._sending -= 1

        @DBOS.workflow(name="webhook", max_recovery_attempts=None)
        async def webhook(run_id: str) -> None:
            sent: Sent = {"done": False, "retry_after": None}
            for number in itertools.count(1):
                delay = self._notifier.delay_before(number, run_id, sent["retry_after"])
                if delay is None:
                    return
                await DBOS.sleep_async(delay)
                sent = await send(run_id)
                if sent["done"]:
                    return

        return webhook

    def _define_runs(
        self,
        chunk: Callable[[str, int, int], Coroutine[Any, Any, None]],
        webhook: Callable[[str], Coroutine[Any, Any, None]],
    ) -> None:
        @_step(name="describe")
        async def describe(run_id: str) -> _Work | None:
            return await self._describe(run_id)

        @_step(name="finish")
        async def finish(run_id: str, broken: int) -> bool:
            return await self._finish(run_id, broken)

        @DBOS.workflow(name=RUN, max_recovery_attempts=None)
        async def run(run_id: str) -> None:
            work = await describe(run_id)
            if work is None:
                return
            name = f"{run_id}/{work['attempt']}"
            pieces = []
            for first in range(0, work["total"], work["size"]):
                end = min(first + work["size"], work["total"])
                with SetWorkflowID(f"{name}/{first}"):
                    pieces.append(await DBOS.enqueue_workflow_async(work["queue"], chunk, run_id, first, end))
            if await finish(run_id, await _broken_off(run_id, pieces)):
                with SetWorkflowID(f"{name}/webhook"):
                    await DBOS.enqueue_workflow_async(WEBHOOKS, webhook, run_id)

    async def _describe(self, run_id: str) -> _Work | None:
        run = await asyncio.to_thread(self._store.runs.get, run_id)
        if run.state != "running" or run.total is None:
            return None
        spec = RunSpec.model_validate_json(run.spec)
        size = spec.chunk_size(run.total)
        return {"total": run.total, "size": size, "queue": spec.grader.queue, "attempt": run.attempt}

    async def _finish(self, run_id: str, broken: int) -> bool:
        """Note the end, by what is there and not by what the pieces say; whether somebody is to be told."""
        run = await asyncio.to_thread(self._store.runs.get, run_id)
        done = sum((await asyncio.to_thread(self._store.results.tally, run.n)).values())
        state: RunState = "failed" if broken or done != run.total else "finished"
        if state == "failed" and not broken:
            account = await asyncio.to_thread(self._store.budgets.of, run.n)
            state = "stopped" if account is not None and account.closed else state
        await asyncio.to_thread(self._store.runs.finish, run, state)
        return state == "finished" and RunSpec.model_validate_json(run.spec).webhook_url is not None

    def _adopt(self, liveness: Liveness) -> None:
        """Put the work of dead executors back into its queues, and see to runs that nobody is at."""
        if time.monotonic() >= self._look_after_at:
            self._look_after_at = time.monotonic() + _LOOK_AFTER_EVERY_S
            for run in self._store.runs.list(state="running", limit=1_000):
                self._control.look_after(run, self._store.runs)
        for executor in self._control.executors() - {self.executor}:
            with liveness.dead(executor) as dead:
                # What is listed under the lock: another process may have been here in between.
                taken = self._control.put_back(executor) if dead else 0
                if taken:
                    log.warning("took over %d pieces of work of a worker that died", taken)


def _may_pass(error: BaseException) -> bool:
    if isinstance(error, StoreUnavailable):
        return error.passing
    return not isinstance(error, (SettingsInvalid, RunNotFound))


_step = functools.partial(
    DBOS.step, should_retry=_may_pass, retries_allowed=True, max_attempts=8, interval_seconds=0.5, backoff_rate=2.0
)


async def _broken_off(run_id: str, pieces: Sequence[WorkflowHandleAsync[None]]) -> int:
    """Wait for the pieces of a run; how many did not come to their end."""
    broken = 0
    for piece in pieces:
        try:
            await piece.get_result(polling_interval_sec=_LOOK_EVERY_S)
        except Exception as error:  # noqa: BLE001 - the other pieces are worth having, whatever broke this one
            log.error("a piece of run %s broke off: %s", run_id, type(error).__name__)  # noqa: TRY400
            broken += 1
    return broken
