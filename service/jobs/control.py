"""Orders to the engine of any process on the same database: do this run, stop it, forget it."""

import logging

from cachetools import TTLCache
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus

from service.batch.spec import RunSpec
from service.store import Database, Run, Runs

STEPS_VERSION = "1"
"""Goes up when the order of steps changes; runs of an older version are then finished by the older program."""

APPLICATION = "answer-evaluator"
RUN, PIECE = "run", "chunk"
"""The engine's names for the work on a whole run, which waits for its pieces, and for that on one piece."""

WEBHOOKS = "webhooks"
"""The queue of what waits to be told; pieces, and the runs they belong to, have queues by their grader."""

_RUNS_AT_ONCE = 64
_WEBHOOKS_AT_ONCE = 10_000
"""They sleep for hours between tries."""
_SAY_AGAIN_AFTER_S = 60.0
_UNDER_WAY = ["PENDING", "ENQUEUED", "DELAYED"]


class Control:
    """What may be done with runs from outside the engine; everything raises StoreUnavailable where that cannot be."""

    def __init__(self, database: Database, *, polling_s: float = 0.1) -> None:
        quieten()
        self._database = database
        self._polling_s = polling_s
        url = engine_url(database)
        with database.told_plainly():
            with database.migrating():
                DBOS.migrate(url)
            self._client = DBOSClient(
                system_database_url=url,
                serializer=DBOSPortableJSONSerializer(),
                application_name=APPLICATION,
                retry_connection_errors=False,
            )

    def offer_work(self, queue: str, at_once: int) -> list[str]:
        """Have the queues of one grader, of whose pieces each process does so many at once; returns their names."""
        self._offer(queue, at_once)
        self._offer(runs_queue(queue), _RUNS_AT_ONCE)
        self._offer(WEBHOOKS, _WEBHOOKS_AT_ONCE)
        return [queue, runs_queue(queue), WEBHOOKS]

    def submit(self, run: Run) -> None:
        """Have this attempt at a run done; harmless when it is under way."""
        queue = runs_queue(RunSpec.model_validate_json(run.spec).grader.queue)
        options: EnqueueOptions = {
            "workflow_name": RUN,
            "queue_name": queue,
            "workflow_id": workflow_id(run),
            "app_version": STEPS_VERSION,
        }
        with self._database.told_plainly():
            self._client.enqueue(options, run.id)

    def is_under_way(self, run: Run) -> bool:
        """Whether this attempt at the run is waiting or being done, here or elsewhere."""
        return self._status(run) in _UNDER_WAY

    def look_after(self, run: Run, runs: Runs) -> None:
        """See that a run that is said to be under way is: whoever began it may have died, or its work broken off."""
        if run.state != "running":
            return
        status = self._status(run)
        if status is None:
            self.submit(run)
        elif status not in _UNDER_WAY:
            runs.finish(run, "failed")  # unless it has come to its end just now

    def cancel(self, run: Run) -> None:
        """Stop the pieces of a run; answers that are being graded are given up."""
        with self._database.told_plainly():
            self._client.cancel_workflow(workflow_id(run), cancel_children=True)

    def forget(self, run: Run) -> None:
        """Erase what the engine keeps of a run."""
        attempts = [workflow_id(run, attempt) for attempt in range(1, run.attempt + 1)]
        with self._database.told_plainly():
            self._client.delete_workflows(attempts, delete_children=True)

    def in_hand(self, executor: str) -> bool:
        """Whether an executor is at something that comes to its end without anything new being begun."""
        begun = self._begun(executor)
        return any(each.name == PIECE for each in begun) or any(
            each.name == RUN and not self._open_pieces(each.workflow_id) for each in begun
        )

    def executors(self) -> set[str]:
        """Those that have begun something and not ended it, dead or alive."""
        return {each.executor_id for each in self._begun(None) if each.executor_id}

    def put_back(self, executor: str) -> int:
        """Put what an executor has begun and not ended back into its queues; returns how many pieces of work."""
        begun = self._begun(executor)
        with self._database.told_plainly():
            for each in begun:
                self._client.resume_workflow(each.workflow_id, queue_name=each.queue_name)
        return len(begun)

    def close(self) -> None:
        """Give the connections back."""
        self._client.destroy()

    def _offer(self, queue: str, at_once: int) -> None:
        with self._database.told_plainly():
            self._client.register_queue(
                queue, worker_concurrency=at_once, polling_interval_sec=self._polling_s, on_conflict="always_update"
            )

    def _begun(self, executor: str | None) -> list[WorkflowStatus]:
        with self._database.told_plainly():
            return self._client.list_workflows(
                status="PENDING", executor_id=executor, load_input=False, load_output=False
            )

    def _open_pieces(self, workflow: str) -> bool:
        """Whether any piece of a run is waiting or being done, here or elsewhere."""
        with self._database.told_plainly():
            return bool(
                self._client.list_workflows(
                    workflow_id_prefix=f"{workflow}/",
                    status=_UNDER_WAY,
                    limit=1,
                    load_input=False,
                    load_output=False,
                )
            )

    def _status(self, run: Run) -> str | None:
        with self._database.told_plainly():
            found = self._client.list_workflows(workflow_ids=[workflow_id(run)], load_input=False, load_output=False)
        return found[0].status if found else None


def runs_queue(queue: str) -> str:
    """The queue of whole runs whose pieces go to a queue."""
    return f"runs-{queue}"


def workflow_id(run: Run, attempt: int | None = None) -> str:
    """The engine's name for an attempt at a run, the present one unless another is asked for."""
    return f"{run.id}/{run.attempt if attempt is None else attempt}"


def engine_url(database: Database) -> str:
    """The database's address as the engine wants it."""
    return database.url.replace("postgresql+psycopg:", "postgresql:", 1)


def quieten() -> None:
    """Leave out of the engine's logs what is no news."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(present, _News) for present in logger.filters):
        logger.addFilter(_News())


class _News(logging.Filter):
    """Lets pass what is neither a run that was cancelled or deleted, which is no error, nor what was just said.

    A traceback of the engine's own code helps nobody, and may hold what was being written.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: TTLCache[str, bool] = TTLCache(maxsize=200, ttl=_SAY_AGAIN_AFTER_S)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it, in one line."""
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage().splitlines()[0] if record.getMessage() else ""
        kind = type(error).__name__
        if "cancelled" in f"{kind} {message}".lower() or "NonExistentWorkflow" in kind or message in self._said:
            return False
        self._said[message] = True
        record.msg, record.args, record.exc_info, record.exc_text = message, (), None, None
        return True
