"""`POST /v1/grade` when all is well."""

import json
from typing import Any

import httpx
import pytest

from service.api import build_app
from service.errors import GraderUnavailable
from service.evaluator import Evaluator
from service.graders.keyword import KeywordGrader
from service.rubric import Catalog
from service.settings import Settings
from service.verdict import Verdict
from tests.api.doubles import ANSWER, BODY, RUBRIC, ScriptedGrader, calling, evaluator_of


async def test_an_answer_gets_its_verdict() -> None:
    """The reply is a whole verdict, as JSON, that nobody may store on the way."""
    async with calling() as client:
        reply = await client.post("/v1/grade", json=BODY)

    verdict = Verdict.model_validate_json(reply.content)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.headers["cache-control"] == "no-store"
    assert (verdict.status, verdict.rubric.id) == ("graded", RUBRIC)
    assert verdict.criteria[0].evidence[0].quote == "cheap."


async def test_everything_sent_reaches_the_grader_or_the_verdict() -> None:
    """The question goes to the grader; the id and the metadata come back as they were."""
    grader = ScriptedGrader()
    metadata = {"round": 2, "tags": ["é", None, 1.5, {"deep": [True]}], "big": 2**70}
    body = BODY | {"question": "What is your name?", "answer_id": "a-1", "metadata": metadata}

    async with calling(grader) as client:
        verdict = (await client.post("/v1/grade", json=body)).json()

    assert (verdict["answer_id"], verdict["metadata"]) == ("a-1", metadata)
    assert grader.answers[0].question == "What is your name?"
    assert [warning["code"] for warning in verdict["warnings"]] == ["question-mismatch"]


async def test_a_reference_stands_in_for_a_rubric() -> None:
    """A question and a model answer are enough to grade by."""
    body = {
        "question": "What does a fuse do?",
        "reference": "It melts when too much current flows. So the wires do not overheat.",
        "answer": "When the current is too high it melts.",
    }

    async with calling(evaluator=Evaluator(catalog=Catalog(), grader=KeywordGrader())) as client:
        verdict = Verdict.model_validate_json((await client.post("/v1/grade", json=body)).content)

    assert (verdict.rubric.id, verdict.status) == ("reference", "graded")
    assert [criterion.level for criterion in verdict.criteria][1] == 0
    assert verdict.score is not None
    assert 0 < verdict.score < 100
    assert "weak-grading" in [warning.code for warning in verdict.warnings]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "either a `rubric` or a `reference`"),
        ({"rubric": RUBRIC, "reference": "It melts."}, "either a `rubric` or a `reference`"),
        ({"reference": "..."}, "no words"),
        ({"reference": "word " * 5_000}, "at most 20000 characters"),
    ],
)
async def test_one_thing_to_grade_by_is_needed(given: dict[str, str], why: str) -> None:
    """Neither, both, or a reference that says nothing or too much."""
    async with calling() as client:
        reply = await client.post("/v1/grade", json={"answer": "It melts."} | given)

    assert (reply.status_code, reply.json()["code"]) == (422, "not-valid")
    assert why in reply.json()["detail"]


async def test_a_byte_order_mark_is_no_part_of_the_body() -> None:
    """Editors and shells of Windows put one before JSON."""
    async with calling() as client:
        reply = await client.post("/v1/grade", content=b"\xef\xbb\xbf" + json.dumps(BODY).encode())

    assert reply.status_code == 200


async def test_deep_metadata_comes_back() -> None:
    """What is taken in can be given back, as deep as it may be."""
    nested: Any = "core"
    for _ in range(190):
        nested = [nested]

    async with calling() as client:
        reply = await client.post("/v1/grade", json=BODY | {"metadata": {"nested": nested}})

    assert (reply.status_code, reply.json()["metadata"]["nested"]) == (200, nested)


async def test_a_partial_verdict_is_a_success_that_says_so() -> None:
    """An ungraded criterion leaves the score open, not the request."""
    async with calling(ScriptedGrader(ungraded=["rag-signal"])) as client:
        reply = await client.post("/v1/grade", json=BODY)

    verdict = reply.json()
    assert (reply.status_code, verdict["status"], verdict["score"]) == (200, "partial", None)
    assert verdict["score_low"] < verdict["score_high"]


@pytest.mark.parametrize(
    ("unit", "encoding", "width"),
    [
        pytest.param("codepoint", "utf-32-le", 4, id="code points"),
        pytest.param("utf16", "utf-16-le", 2, id="UTF-16 units"),
    ],
)
async def test_offsets_count_what_was_asked_for(unit: str, encoding: str, width: int) -> None:
    """Cutting the answer in the unit asked for gives the quote, also behind an emoji."""
    async with calling() as client:
        verdict = (await client.post("/v1/grade", json=BODY | {"offset_unit": unit})).json()

    span = verdict["criteria"][0]["evidence"][0]
    cut = ANSWER.encode(encoding)[span["start"] * width : span["end"] * width]
    assert cut.decode(encoding) == span["quote"]


async def test_fallback_is_a_choice_of_the_request() -> None:
    """A model that fails is stood in for where the request allows it, and the verdict says so."""
    failing = ScriptedGrader(GraderUnavailable("The model is busy.", reason="rate-limited"))
    evaluator = evaluator_of(failing, fallback=ScriptedGrader())

    async with calling(evaluator=evaluator) as client:
        verdict = (await client.post("/v1/grade", json=BODY | {"on_model_failure": "fallback"})).json()

    assert (verdict["status"], verdict["grader"]["degraded"]) == ("degraded", "rate-limited")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"content-type": "application/json; charset=utf-8"}, id="with a charset"),
        pytest.param({"content-type": "application/vnd.api+json"}, id="a kind of JSON"),
        pytest.param({}, id="none"),
    ],
)
async def test_json_is_taken_under_its_names(headers: dict[str, str]) -> None:
    """A body that is declared as JSON, or not at all, is read."""
    async with calling() as client:
        reply = await client.post("/v1/grade", content=json.dumps(BODY), headers=headers)

    assert reply.status_code == 200


async def test_the_longest_answer_passes_however_it_is_escaped() -> None:
    """The limit is on the answer: the six bytes that JSON may need for one of its bytes do not count."""
    escape = "\\u0061"
    escaped = f'{{"rubric": "{RUBRIC}", "answer": "{escape * 100_000}"}}'

    async with calling() as client:
        reply = await client.post("/v1/grade", content=escaped)

    assert reply.status_code == 200


async def test_the_keyword_grader_grades_where_no_model_is_set() -> None:
    """The app that is built from settings alone grades offline."""
    app = build_app(Settings())
    answer = "Start with prompting: it takes hours and no infrastructure. Move to RAG when the data changes every day."

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        verdict: dict[str, Any] = (await client.post("/v1/grade", json={"rubric": RUBRIC, "answer": answer})).json()

    assert (verdict["grader"]["kind"], verdict["status"]) == ("keyword", "graded")
    for criterion in verdict["criteria"]:
        for span in criterion["evidence"]:
            assert answer[span["start"] : span["end"]] == span["quote"]
