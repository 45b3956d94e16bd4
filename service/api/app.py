"""Puts the HTTP service together."""

import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import Lifespan

from service.api import batches, docs, grading, reading
from service.api.access import Cors, KeyGuard, LoopbackGuard
from service.api.batch_desk import BatchDesk
from service.api.batch_schema import batch_schemas
from service.api.idempotency import Replays
from service.api.keeping import DeskKeeping
from service.api.limits import BodyLimit, UpgradeRefusal, body_limit
from service.api.metrics import Metrics
from service.api.problems import Failures, answer_http_exception
from service.api.schema import describe
from service.api.state import ServiceState, attach_state
from service.api.submitting import Submitting
from service.api.tracking import Tracking
from service.evaluator import Evaluator
from service.settings import Settings
from service.wiring import build_evaluator

_PARTS = (grading.router, batches.router, reading.router, docs.router)
_PATHS = frozenset({"/openapi.json"} | {r.path for part in _PARTS for r in part.routes if isinstance(r, Route)})

_DESCRIPTION = """Send an answer and the id of a rubric to `POST /v1/grade`; a verdict comes back: a level for each
criterion with the words of the answer that earn it, a score, red flags, and what to do next. Many answers, or the
transcripts of interviews, go to `POST /v1/batches` and are graded in the background."""


def build_app(settings: Settings, evaluator: Evaluator | None = None, *, work_at_start: bool = False) -> FastAPI:
    """Build the app, with every rubric read and checked.

    The database of batches is opened at the first request that needs it, and worked at from then on; with
    `work_at_start` that begins with the service, which takes over what another left undone.

    Raises:
        RubricInvalid: a rubric's file is broken.
        SettingsInvalid: the settings contradict one another, or the model's key is missing.
    """
    desk = BatchDesk(settings)
    keeping = DeskKeeping(desk)
    evaluator = evaluator or build_evaluator(settings, cache=keeping, recorder=keeping, reuse=True)
    evaluator.prepare()
    metrics = Metrics()
    app: FastAPI = FastAPIOffline(
        docs_url=None,  # `service.api.docs` has the page, under a policy for its contents
        redoc_url=None,
        static_url=docs.ASSETS,
        title="Answer evaluator",
        version=version("answer-evaluator"),
        summary="Grades free-text answers and shows the evidence.",
        description=_DESCRIPTION,
        middleware=_middleware(settings, metrics),
        exception_handlers={HTTPException: answer_http_exception},
        redirect_slashes=False,
        lifespan=_lifespan(desk, work_at_start=work_at_start),
    )
    attach_state(
        app,
        ServiceState(
            evaluator=evaluator,
            rubrics={rubric.id: rubric for rubric in evaluator.catalog.all()},
            model=settings.model,
            metrics=metrics,
            replays=Replays(),
            desk=desk,
            submitting=Submitting(settings, evaluator.catalog, desk),
        ),
    )
    for part in _PARTS:
        app.include_router(part)
    _describe_by(app, settings)
    return app


def end_streams(app: FastAPI) -> None:
    """Have the streams of an app end, which would otherwise hold up the end of the service."""
    app.state.service.desk.end_streams()


def _lifespan(desk: BatchDesk, *, work_at_start: bool) -> Lifespan[FastAPI]:
    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        desk.start(at_once=work_at_start)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(desk.close)

    return lifespan


def _middleware(settings: Settings, metrics: Metrics) -> list[Middleware]:
    """From the outside in: refusals of the inner ones still get an id, a log line and CORS headers."""
    layers = [Middleware(Tracking, metrics=metrics, paths=_PATHS)]
    if settings.cors_origins:
        layers.append(Middleware(Cors, origins=settings.cors_origins))
    layers += [Middleware(Failures), Middleware(UpgradeRefusal)]
    if settings.api_keys:
        layers.append(Middleware(KeyGuard, keys=[key.get_secret_value() for key in settings.api_keys]))
    elif not settings.allow_unauthenticated:
        layers.append(Middleware(LoopbackGuard, origins=settings.cors_origins))
    uploads = {batches.PATH: settings.max_upload_bytes}
    layers.append(Middleware(BodyLimit, limit=body_limit(settings.max_answer_bytes), uploads=uploads))
    return layers


def _describe_by(app: FastAPI, settings: Settings) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app, with_keys=bool(settings.api_keys), more=batch_schemas())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents
