"""A batch as callers see it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, get_args

from service.errors import RunNotFound
from service.models import Frozen
from service.outcome import OutcomeStatus
from service.spending import Account

if TYPE_CHECKING:
    from service.jobs import Desk
    from service.store import Run

BatchState = Literal["loading", "running", "finished", "cancelled", "stopped", "failed"]

UNDER_WAY = frozenset({"loading", "running"})

_ID_DIGITS = frozenset("0123456789abcdef")
_ID_LENGTH = 24


class BatchGrader(Frozen):
    """Who grades the batch; `model` is None where the keyword grader does."""

    kind: Literal["llm", "keyword"]
    model: str | None


class BatchLinks(Frozen):
    """Where the rest is, as paths of this service."""

    self: str
    results: str
    events: str
    summary: str


class BatchBudget(Frozen):
    """What a batch may cost and has cost, in US dollars; `spent_usd` includes what calls under way may cost."""

    limit_usd: float
    spent_usd: float


class FileWarning(Frozen):
    """What is to be known of a file."""

    file: str
    code: str
    message: str


class NewWebhook(Frozen):
    """The secret that was made for a batch's webhook; it is not told again."""

    secret: str


class Batch(Frozen):
    """A batch and how far it is.

    `state` `failed` means that the work broke off, not that answers could not be graded; `POST .../resume` goes on.
    `stopped` means that the `budget` has no room for another call; the same request with a higher one goes on.
    `total` is null until every answer is in; `done` counts those with a result, by status in `counts`; `reused` counts
    results taken over from earlier batches. `rate` is in answers a second, `eta_seconds` null where unknown. `warnings`
    and `webhook` are in the first reply only.
    """

    id: str
    state: BatchState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    total: int | None
    done: int
    counts: dict[OutcomeStatus, int]
    reused: int
    rate: float | None
    eta_seconds: float | None
    inputs: tuple[str, ...]
    grader: BatchGrader
    budget: BatchBudget | None
    links: BatchLinks
    warnings: tuple[FileWarning, ...] = ()
    webhook: NewWebhook | None = None


class BatchList(Frozen):
    """The caller's batches, the newest first."""

    batches: tuple[Batch, ...]


def find_run(desk: "Desk", batch_id: str, owner: str) -> "Run":
    """The run of a batch.

    Raises:
        RunNotFound: there is none of that id, or it is another caller's.
    """
    if len(batch_id) != _ID_LENGTH or not _ID_DIGITS.issuperset(batch_id):
        raise RunNotFound(batch_id)
    return desk.get(batch_id, owner=owner)


def view_of(desk: "Desk", run: "Run", *, root: str, warnings: Sequence[FileWarning] = ()) -> Batch:
    """The batch that a run is; `root` is the path under which the service is reached.

    Raises:
        RunNotFound: it was deleted.
    """
    from service.batch.spec import RunSpec  # noqa: PLC0415 - loads the graders' versions, which few requests need

    progress = desk.progress(run)
    if progress.state != run.state:
        run = desk.get(run.id)
    spec = RunSpec.model_validate_json(run.spec)
    here = f"{root}/v1/batches/{run.id}"
    statuses: tuple[OutcomeStatus, ...] = get_args(OutcomeStatus)
    return Batch(
        id=run.id,
        state=progress.state,
        created_at=_time(run.created_at),
        started_at=None if run.started_at is None else _time(run.started_at),
        finished_at=None if run.finished_at is None else _time(run.finished_at),
        total=progress.total,
        done=progress.done,
        counts={status: progress.counts.get(status, 0) for status in statuses},
        reused=run.reused,
        rate=None if progress.rate is None else round(progress.rate, 3),
        eta_seconds=None if progress.eta_s is None else round(progress.eta_s, 1),
        inputs=spec.names,
        grader=BatchGrader(kind="llm" if spec.grader.model else "keyword", model=spec.grader.model),
        budget=_budget(progress.budget),
        links=BatchLinks(self=here, results=f"{here}/results", events=f"{here}/events", summary=f"{here}/summary"),
        warnings=tuple(warnings),
    )


def _budget(account: Account | None) -> BatchBudget | None:
    if account is None:
        return None
    return BatchBudget(limit_usd=account.limit_usd, spent_usd=account.spent_usd)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds, 3), UTC)
