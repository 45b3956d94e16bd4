"""Rubrics, health, metrics, and what every reply carries."""

from pathlib import Path

import pytest

from service.api import build_app
from service.errors import GraderUnavailable, RubricInvalid
from service.evaluator import Evaluator
from service.rubric import Catalog, Rubric
from service.settings import Settings
from tests.api.doubles import BODY, KEY, RUBRIC, ScriptedGrader, calling, check_problem, evaluator_of


async def test_the_rubrics_are_listed(rubric: Rubric) -> None:
    """Enough of each to choose one, and to notice that it changed."""
    async with calling() as client:
        listed = (await client.get("/v1/rubrics")).json()

    (found,) = [entry for entry in listed["rubrics"] if entry["id"] == RUBRIC]
    assert found == {
        "id": RUBRIC,
        "version": rubric.version,
        "title": rubric.title,
        "language": "en",
        "question": rubric.question,
        "digest": rubric.digest,
        "criteria": 12,
    }


async def test_a_rubric_reads_as_it_was_written(rubric: Rubric) -> None:
    """What is served, read strictly, is the rubric again, to the digest."""
    async with calling() as client:
        reply = await client.get(f"/v1/rubrics/{RUBRIC}")

    assert reply.headers["etag"] == f'"{rubric.digest}"'
    assert Rubric.model_validate_json(reply.content).digest == rubric.digest


async def test_the_service_says_that_it_is_alive() -> None:
    """The process answers."""
    async with calling() as client:
        reply = await client.get("/healthz")

    assert (reply.status_code, reply.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize(
    ("model", "grader"),
    [
        pytest.param(None, {"kind": "keyword", "model": None}, id="offline"),
        pytest.param("ollama/llama3", {"kind": "llm", "model": "ollama/llama3"}, id="with a model"),
    ],
)
async def test_readiness_names_the_grader(model: str | None, grader: dict[str, str | None]) -> None:
    """Whoever deploys sees which grader they got."""
    async with calling(model=model) as client:
        reply = await client.get("/readyz")

    assert (reply.status_code, reply.json()["status"], reply.json()["grader"]) == (200, "ready", grader)
    assert reply.json()["rubrics"] >= 1


async def test_a_service_without_rubrics_is_not_ready(tmp_path: Path) -> None:
    """It is alive, but could not grade anything."""
    evaluator = Evaluator(catalog=Catalog(tmp_path), grader=ScriptedGrader())

    async with calling(evaluator=evaluator) as client:
        ready = await client.get("/readyz")
        alive = await client.get("/healthz")

    check_problem(ready, 503, "no-rubrics")
    assert alive.status_code == 200


def test_a_broken_rubric_stops_the_start(tmp_path: Path) -> None:
    """The file and the line are said before anybody is served."""
    (tmp_path / "broken.yaml").write_text("id: broken\nid: twice\n", encoding="utf-8")
    evaluator = Evaluator(catalog=Catalog(tmp_path), grader=ScriptedGrader())

    with pytest.raises(RubricInvalid, match=r"broken\.yaml:2:1"):
        build_app(Settings(), evaluator)


async def test_the_figures_count_requests_and_verdicts() -> None:
    """Requests by route and status, verdicts by grader and status; a replay is no second verdict."""
    grader = ScriptedGrader(GraderUnavailable("Busy.", reason="rate-limited"), ungraded=["rag-signal"])
    async with calling(grader) as client:
        for _ in range(3):
            await client.post("/v1/grade", json=BODY, headers={"Idempotency-Key": "one"})
        await client.get(f"/v1/rubrics/{RUBRIC}")
        await client.get("/openapi.json")
        await client.post("/v1/grade", headers={"Content-Length": "9999999"})
        reply = await client.get("/metrics")

    figures = reply.text.splitlines()
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert 'evaluator_http_requests_total{method="POST",route="/v1/grade",status="200"} 2.0' in figures
    assert 'evaluator_http_requests_total{method="POST",route="/v1/grade",status="503"} 1.0' in figures
    assert 'evaluator_http_requests_total{method="GET",route="/v1/rubrics/{rubric_id}",status="200"} 1.0' in figures
    assert 'evaluator_http_requests_total{method="POST",route="/v1/grade",status="413"} 1.0' in figures
    assert 'evaluator_http_requests_total{method="GET",route="/openapi.json",status="200"} 1.0' in figures
    assert 'evaluator_http_request_seconds_count{route="/v1/grade"} 4.0' in figures
    assert 'evaluator_verdicts_total{grader="keyword",status="partial"} 1.0' in figures


async def test_the_figures_hold_nothing_that_a_client_wrote() -> None:
    """Paths, ids and methods of a client's making share one label, so that they neither leak nor pile up."""
    async with calling() as client:
        await client.request("CANARY", "/canary?canary=1")
        await client.get("/v1/rubrics/canary")
        await client.post("/v1/grade", json=BODY | {"rubric": "canary", "answer_id": "canary"})
        figures = (await client.get("/metrics")).text

    assert "canary" not in figures.lower()
    assert 'evaluator_http_requests_total{method="other",route="(none)",status="404"} 1.0' in figures


async def test_each_app_counts_for_itself() -> None:
    """Two apps in one process do not share figures."""
    async with calling() as first, calling() as second:
        await first.post("/v1/grade", json=BODY)
        figures = (await second.get("/metrics")).text

    assert 'route="/v1/grade"' not in figures


@pytest.mark.parametrize("given", ["abc-1.2_Z", "x" * 64])
async def test_a_request_id_is_taken_over(given: str) -> None:
    """The caller's id comes back, so that its logs and ours can be joined."""
    async with calling() as client:
        reply = await client.get("/healthz", headers={"X-Request-ID": given})

    assert reply.headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="empty"),
        pytest.param("x" * 65, id="long"),
        pytest.param("two words", id="space"),
        pytest.param('"}{', id="would break a log"),
        pytest.param("é", id="not ASCII"),
    ],
)
async def test_a_request_id_that_is_none_is_replaced(given: str) -> None:
    """What goes into logs is of our choosing."""
    async with calling() as client:
        reply = await client.get("/healthz", headers={b"X-Request-ID": given.encode("latin-1")})

    assert len(reply.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "/v1/rubrics", "/nowhere", "/docs", "/static-offline-docs/favicon.png"])
async def test_every_reply_forbids_guessing_its_type(path: str) -> None:
    """Good replies, problems and files alike."""
    async with calling() as client:
        reply = await client.get(path)

    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/rubrics"])
async def test_head_is_answered_like_get(path: str) -> None:
    """Health checks often ask for the headers alone."""
    async with calling(api_keys=KEY) as client:
        reply = await client.head(path, headers={"Authorization": f"Bearer {KEY}"})

    assert reply.status_code == 200


def test_every_rubric_is_ready_before_the_first_answer() -> None:
    """The first candidate waits no longer than the next."""
    grader = ScriptedGrader()

    build_app(Settings(), evaluator_of(grader))

    assert grader.prepared == ["rag-vs-fine-tuning", "safe-isolation"]
