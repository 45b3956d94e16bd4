"""`/v1/batches`: many answers, graded while the caller does something else."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from service.api.batch_requests import parse_list_query, parse_results_query
from service.api.batch_schema import (
    CREATE_OPERATION,
    EVENTS_OPERATION,
    LIST_OPERATION,
    RESULTS_OPERATION,
    SUMMARY_OPERATION,
)
from service.api.batch_view import Batch, BatchList, find_run, view_of
from service.api.events import batch_events, event_id
from service.api.problems import Refusal
from service.api.requests import parse_idempotency_key
from service.api.results import MEDIA_TYPES, ResultsStream
from service.api.schema import refusals
from service.api.state import state_of
from service.api.submitting import Sender
from service.api.tracking import context_of
from service.api.uploads import received

if TYPE_CHECKING:
    from service.jobs import Desk
    from service.store import Run

router = APIRouter(tags=["batches"])

Found = TypeVar("Found")

PATH = "/v1/batches"


@router.post(
    PATH,
    status_code=202,
    summary="Grade many answers",
    response_model=Batch,
    responses=refusals(400, 404, 409, 413, 415, 422, 503),
    openapi_extra=CREATE_OPERATION,
)
async def create_batch(request: Request) -> Response:
    """Take answers in and grade them in the background; they are kept until the batch is deleted.

    Send JSON, a form with one or more files, or one file as the body with its options as query parameters. Files are
    answers (JSON lines, JSON, CSV, TSV, Parquet) or transcripts of interviews (text, VTT, SRT and others), told from
    their content. An answer that cannot be read is a `failed` result; only what is wrong as a whole is refused.

    The id of a batch is a digest of its answers, options and grader: the same request again is the same batch, which
    goes on where it was and tries again what failed for want of the model. With an `Idempotency-Key` a repetition
    changes nothing at all, and another payload under the same key is refused. Answers that were graded before in
    exactly the same way are not graded again.

    A webhook is sent when the batch has finished, signed by the Standard Webhooks scheme.
    """
    state, context = state_of(request), context_of(request.scope)
    sender = Sender(context.caller, parse_idempotency_key(request.headers), _root(request))
    async with received(request) as upload:
        batch, replayed = await state.submitting.submit(upload, state.rubrics, sender)
    context.log |= {"replayed": replayed, "answers": batch.total or 0}
    headers = {"Location": batch.links.self, **({"Idempotent-Replay": "true"} if replayed else {})}
    return _reply(batch, status=202, headers=headers)


@router.get(
    PATH,
    summary="List batches",
    response_model=BatchList,
    responses=refusals(422, 503),
    openapi_extra=LIST_OPERATION,
)
async def list_batches(request: Request) -> Response:
    """List the caller's own batches, the newest first."""
    query = parse_list_query(request.query_params)
    owner, root = context_of(request.scope).caller, _root(request)

    def look(desk: "Desk") -> BatchList:
        runs = desk.list(owner=owner, limit=query.limit)
        return BatchList(batches=tuple(view_of(desk, run, root=root) for run in runs))

    found = await state_of(request).desk.read(look)
    return Response(found.model_dump_json(exclude={"batches": {"__all__": {"warnings", "webhook"}}}), headers=_JSON)


@router.get(f"{PATH}/{{batch_id}}", summary="See how far it is", response_model=Batch, responses=refusals(404, 503))
async def read_batch(request: Request, batch_id: str) -> Response:
    """Give a batch with its counts, its rate and the time it will still take."""
    return _reply(await _view(request, batch_id))


@router.get(
    f"{PATH}/{{batch_id}}/summary",
    summary="What the results come to",
    response_class=Response,
    responses=refusals(404, 503),
    openapi_extra=SUMMARY_OPERATION,
)
async def read_summary(request: Request, batch_id: str) -> Response:
    """Sum up the results there are: scores, bands, levels by criterion, red flags, and what would help most."""
    summary = await _ask(request, batch_id, lambda desk, run: desk.summary(run))
    return Response(summary.model_dump_json(), headers=_JSON)


@router.get(
    f"{PATH}/{{batch_id}}/results",
    summary="Read the results",
    response_class=Response,
    responses=refusals(404, 409, 422, 503),
    openapi_extra=RESULTS_OPERATION,
)
async def read_results(request: Request, batch_id: str) -> Response:
    """Stream the results in the order of the answers, as they come, until the batch ends.

    `follow=false` ends with what is ready. To go on after a connection that broke, count the lines that were read
    without filters and ask for the rest with `after`. A batch that was cancelled ends before the first answer without a
    result; resume it for the rest. A stream that breaks off does so in the middle of the transfer, never with a proper
    end.
    """
    query = parse_results_query(request.query_params)
    desk = state_of(request).desk

    def begin(opened: "Desk", run: "Run") -> ResultsStream:
        if run.state == "loading" and query.format != "jsonl":
            raise _loading()  # the columns are those of rubrics that are not known yet
        return ResultsStream(opened, run, query)

    stream = await _ask(request, batch_id, begin)
    headers = {"X-Accel-Buffering": "no"}
    if query.format != "jsonl":
        headers["Content-Disposition"] = f'attachment; filename="{batch_id}.{query.format}"'
    return StreamingResponse(stream.parts(desk), headers=headers, media_type=MEDIA_TYPES[query.format])


@router.get(
    f"{PATH}/{{batch_id}}/events",
    summary="Watch its progress",
    response_class=Response,
    responses=refusals(404, 503),
    openapi_extra=EVENTS_OPERATION,
)
async def read_events(request: Request, batch_id: str) -> Response:
    """Stream Server-Sent Events: `progress` when something changed, and at the end the state it ends in.

    That is `finished`, `cancelled`, `stopped` or `failed`. The data of each is the batch. Who comes back with the
    `Last-Event-ID` of the last event is answered 204, which tells a browser's `EventSource` to stay away.
    """
    batch = await _view(request, batch_id)
    seen = request.headers.get("last-event-id")
    if seen == event_id(batch) and batch.state not in {"loading", "running"}:
        return Response(status_code=204)
    events = batch_events(state_of(request).desk, lambda: _view(request, batch_id), seen)
    return StreamingResponse(events, headers={"X-Accel-Buffering": "no"}, media_type="text/event-stream")


@router.post(f"{PATH}/{{batch_id}}/cancel", summary="Stop it", response_model=Batch, responses=refusals(404, 409, 503))
async def cancel_batch(request: Request, batch_id: str) -> Response:
    """Stop a batch; results that are there stay. Refused for one that has finished."""

    def cancel(desk: "Desk", run: "Run") -> None:
        if run.state == "loading":
            raise _loading()
        if run.state != "finished":
            desk.cancel(run)
        if desk.get(run.id).state == "finished":
            raise Refusal(409, "batch-finished", "The batch has finished; there is nothing to stop.")

    await _ask(request, batch_id, cancel)
    return _reply(await _view(request, batch_id))


@router.post(
    f"{PATH}/{{batch_id}}/resume",
    status_code=202,
    summary="Go on with it",
    response_model=Batch,
    responses=refusals(404, 409, 503),
)
async def resume_batch(request: Request, batch_id: str) -> Response:
    """Go on with a batch that was cancelled or broke off, and grade again what failed for want of the model.

    One that stopped for want of money goes on when the request that made it is sent again with a higher `budget_usd`.
    """

    def resume(desk: "Desk", run: "Run") -> None:
        if run.state == "loading":
            raise _loading()
        desk.resume(run)

    await _ask(request, batch_id, resume)
    return _reply(await _view(request, batch_id), status=202)


@router.delete(f"{PATH}/{{batch_id}}", status_code=204, summary="Erase it", responses=refusals(404, 503))
async def delete_batch(request: Request, batch_id: str) -> Response:
    """Stop a batch and erase its answers, its results and whatever else is known of it."""
    await _ask(request, batch_id, lambda desk, run: desk.delete(run))
    return Response(status_code=204)


_JSON = {"Content-Type": "application/json"}


async def _ask(request: Request, batch_id: str, ask: "Callable[[Desk, Run], Found]") -> Found:
    """Ask the desk about one of the caller's runs."""
    owner = context_of(request.scope).caller
    return await state_of(request).desk.read(lambda desk: ask(desk, find_run(desk, batch_id, owner)))


async def _view(request: Request, batch_id: str) -> Batch:
    root = _root(request)
    return await _ask(request, batch_id, lambda desk, run: view_of(desk, run, root=root))


def _reply(batch: Batch, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    left_out = {"webhook"} if status == 202 and batch.webhook is None else set()
    if status != 202:
        left_out = {"warnings", "webhook"}
    return Response(batch.model_dump_json(exclude=left_out), status, headers={**_JSON, **(headers or {})})


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")


def _loading() -> Refusal:
    return Refusal(
        409,
        "batch-loading",
        "The answers of the batch are still being taken in. If that was interrupted, send the same request again.",
    )
