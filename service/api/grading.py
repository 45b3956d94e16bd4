"""`POST /v1/grade`: an answer in, a verdict out."""

import hashlib

from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter

from service.answer import Scope
from service.api.idempotency import DigestMismatch, Reply
from service.api.problems import Refusal
from service.api.requests import GradeRequest, check_media_type, parse_grade_request, parse_idempotency_key
from service.api.schema import GRADE_OPERATION, refusals
from service.api.state import ServiceState, state_of
from service.api.tracking import RequestContext, context_of
from service.rubric import Rubric, reference_rubric
from service.verdict import Verdict

router = APIRouter(tags=["grading"])

_VERDICTS = TypeAdapter(Verdict)


@router.post(
    "/v1/grade",
    summary="Grade an answer",
    response_model=Verdict,
    responses=refusals(400, 404, 409, 413, 415, 422, 503),
    openapi_extra=GRADE_OPERATION,
)
async def grade(request: Request) -> Response:
    """Grade one answer against a rubric, or against a reference answer.

    A verdict that is `partial` or `ungraded` is a success that says so: read `status` before `score`.
    """
    context = context_of(request.scope)
    check_media_type(request.headers)
    key = parse_idempotency_key(request.headers)
    body = await request.body()
    asked = parse_grade_request(body)
    state = state_of(request)
    if key is None:
        return _reply((await _grade(state, asked, context)).content)
    try:
        reply, replayed = await state.replays.reply(
            (context.caller, key), hashlib.sha256(body).digest(), lambda: _grade(state, asked, context)
        )
    except DigestMismatch:
        detail = "This Idempotency-Key came with another body within the last hour; use a new key for a new request."
        raise Refusal(409, "idempotency-mismatch", detail) from None
    context.log["replayed"] = replayed
    return _reply(reply, {"Idempotent-Replay": "true"} if replayed else None)


async def _grade(state: ServiceState, asked: GradeRequest, context: RequestContext) -> Reply:
    verdict = await state.evaluator.grade(
        rubric=_rubric(state, asked),
        answer=asked.answer,
        question=asked.question,
        answer_id=asked.answer_id,
        metadata=asked.metadata,
        offset_unit=asked.offset_unit,
        on_model_failure=asked.on_model_failure,
        scope=Scope(owner=context.caller),
    )
    state.metrics.count_verdict(verdict)
    context.log |= {"rubric": verdict.rubric.id, "grader": verdict.grader.kind, "verdict": verdict.status}
    # The keyword grader stood in: a repetition may find the model back.
    return Reply(_VERDICTS.dump_json(verdict), keep=verdict.status != "degraded")


def _rubric(state: ServiceState, asked: GradeRequest) -> Rubric:
    if asked.reference is not None:
        return reference_rubric(asked.reference, asked.question)
    assert asked.rubric is not None  # noqa: S101 - the request has one or the other
    return state.rubric(asked.rubric)


def _reply(content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(content, headers=headers, media_type="application/json")
