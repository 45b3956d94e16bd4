"""Everything that is read and not graded: rubrics, health and metrics."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.api.batch_desk import DeskState
from service.api.metrics import CONTENT_TYPE
from service.api.problems import Refusal
from service.api.schema import refusals
from service.api.state import state_of
from service.models import Frozen
from service.rubric import Rubric

router = APIRouter()


class RubricSummary(Frozen):
    """A rubric without its criteria; `criteria` is their number."""

    id: str
    version: str
    title: str
    language: str
    question: str
    digest: str
    criteria: int


class RubricList(Frozen):
    """All rubrics, in the order of their ids."""

    rubrics: tuple[RubricSummary, ...]


class Alive(Frozen):
    """The process answers."""

    status: Literal["alive"] = "alive"


class GraderName(Frozen):
    """Which grader grades; `model` is what was configured."""

    kind: Literal["llm", "keyword"]
    model: str | None


class Ready(Frozen):
    """The service can grade; `batches` is how the database of batches stands, `closed` until it is first needed."""

    status: Literal["ready"] = "ready"
    rubrics: int
    grader: GraderName
    batches: DeskState


@router.get("/v1/rubrics", tags=["rubrics"], summary="List the rubrics", responses=refusals())
async def list_rubrics(request: Request) -> RubricList:
    """List the rubrics that answers can be graded by."""
    return RubricList(
        rubrics=tuple(
            RubricSummary(
                id=rubric.id,
                version=rubric.version,
                title=rubric.title,
                language=rubric.language,
                question=rubric.question,
                digest=rubric.digest,
                criteria=len(rubric.criteria),
            )
            for rubric in state_of(request).rubrics.values()
        )
    )


@router.get(
    "/v1/rubrics/{rubric_id}",
    tags=["rubrics"],
    summary="Read a rubric",
    response_model=Rubric,
    responses=refusals(404),
)
async def read_rubric(request: Request, rubric_id: str) -> Response:
    """Read a whole rubric, in the form of its file; the ETag is its digest."""
    rubric = state_of(request).rubric(rubric_id)
    return Response(
        rubric.model_dump_json(by_alias=True), headers={"ETag": f'"{rubric.digest}"'}, media_type="application/json"
    )


@router.get("/healthz", tags=["health"], summary="Is it alive?")
async def healthz() -> Alive:
    """Answer, which says that the process is alive."""
    return Alive()


@router.get(
    "/readyz",
    tags=["health"],
    summary="Can it grade?",
    responses=refusals(503),
    openapi_extra={
        "parameters": [
            {
                "name": "require",
                "in": "query",
                "required": False,
                "description": "`batches`: only if batches can be taken too.",
                "schema": {"type": "string", "enum": ["batches"]},
            }
        ]
    },
)
async def readyz(request: Request) -> Ready:
    """Say how many rubrics are loaded and which grader grades.

    Single answers are graded without the database, so it is not asked for, unless by `require=batches`: then the reply
    is a 503 while batches cannot be taken.
    """
    state = state_of(request)
    if not state.rubrics:
        raise Refusal(503, "no-rubrics", "There is no rubric to grade by; see EVALUATOR_RUBRICS_DIR.")
    if request.query_params.get("require") == "batches":
        await state.desk.check()
    grader = GraderName(kind="llm" if state.model else "keyword", model=state.model)
    return Ready(rubrics=len(state.rubrics), grader=grader, batches=state.desk.state)


@router.get("/metrics", tags=["health"], summary="Figures for Prometheus", response_class=Response)
async def metrics(request: Request) -> Response:
    """Give the figures in Prometheus' text format."""
    return Response(state_of(request).metrics.expose(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """Lead to the documentation."""
    return RedirectResponse("docs")
