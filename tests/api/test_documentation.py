"""The OpenAPI document and the page that shows it."""

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from service.verdict import Verdict
from tests.api.doubles import KEY, calling

BATCH = "/v1/batches/{batch_id}"
ROUTES = {"/v1/grade", "/v1/rubrics", "/v1/rubrics/{rubric_id}", "/healthz", "/readyz", "/metrics"} | {
    "/v1/batches",
    BATCH,
    *(f"{BATCH}/{part}" for part in ("summary", "results", "events", "cancel", "resume")),
}


async def document(**settings: Any) -> dict[str, Any]:
    """The OpenAPI document of an app with those settings."""
    async with calling(**settings) as client:
        content: dict[str, Any] = (await client.get("/openapi.json", headers={"Authorization": f"Bearer {KEY}"})).json()
    return content


def references(value: Any) -> Iterator[str]:
    """All `$ref`s of a document."""
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from references(part)


async def test_every_route_is_described() -> None:
    """Nothing is missing, and every reference leads somewhere."""
    described = await document()

    assert set(described["paths"]) == ROUTES
    schemas = described["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in references(described)} <= set(schemas)
    assert {"GradeRequest", "Verdict", "Problem", "Rubric"} <= set(schemas)
    assert "HTTPValidationError" not in schemas


async def test_the_document_stays_the_same() -> None:
    """It is built once, and every reader gets that one."""
    async with calling() as client:
        first = await client.get("/openapi.json")
        second = await client.get("/openapi.json")

    assert first.content == second.content


async def test_the_grade_operation_is_whole() -> None:
    """Request, verdict and every problem have their schema and media type."""
    operation = (await document())["paths"]["/v1/grade"]["post"]

    replies = operation["responses"]
    assert set(replies) == {"200", "400", "404", "409", "413", "415", "422", "503", "default"}
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/GradeRequest")
    assert replies["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/Verdict")
    assert list(replies["422"]["content"]) == ["application/problem+json"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]


async def test_the_batch_operations_are_whole() -> None:
    """Every kind of body, every reply and every parameter is described, and FastAPI's own refusals are not."""
    described = await document()

    create = described["paths"]["/v1/batches"]["post"]
    bodies = create["requestBody"]["content"]
    assert bodies["application/json"]["schema"]["$ref"].endswith("/BatchRequest")
    assert {"multipart/form-data", "text/csv", "application/jsonl", "application/vnd.apache.parquet"} <= set(bodies)
    assert set(create["responses"]) == {"202", "400", "404", "409", "413", "415", "422", "503", "default"}
    assert create["responses"]["202"]["content"]["application/json"]["schema"]["$ref"].endswith("/Batch")
    assert "Location" in create["responses"]["202"]["headers"]
    results = described["paths"][f"{BATCH}/results"]["get"]
    assert {each["name"] for each in results["parameters"]} == {
        *("batch_id", "follow", "after", "format", "status", "band", "id")
    }
    assert results["responses"]["200"]["content"]["application/jsonl"]["schema"]["$ref"].endswith("/Outcome")
    assert list(results["responses"]["422"]["content"]) == ["application/problem+json"]
    assert "204" in described["paths"][f"{BATCH}/events"]["get"]["responses"]
    schemas = described["components"]["schemas"]
    for name in ("BatchRequest", "BatchSummary", "Outcome", "Batch"):
        jsonschema.Draft202012Validator.check_schema(schemas[name])
    schema = described | {"$ref": "#/components/schemas/BatchRequest"}
    jsonschema.validate(schemas["BatchRequest"]["example"], schema, cls=jsonschema.Draft202012Validator)


async def test_the_example_works_as_it_stands() -> None:
    """Who presses "Try it out" gets a verdict, and both bodies are what their schemas say."""
    described = await document()
    example = described["components"]["schemas"]["GradeRequest"]["example"]

    async with calling() as client:
        reply = await client.post("/v1/grade", json=example)

    assert reply.status_code == 200
    for name, content in (("GradeRequest", example), ("Verdict", reply.json())):
        schema = described | {"$ref": f"#/components/schemas/{name}"}
        jsonschema.validate(content, schema, cls=jsonschema.Draft202012Validator)
    assert Verdict.model_validate_json(reply.content).metadata == example["metadata"]


@pytest.mark.parametrize(
    ("settings", "schemes", "security"),
    [
        pytest.param({}, None, None, id="no keys"),
        pytest.param({"api_keys": KEY}, {"key": {"type": "http", "scheme": "bearer"}}, [{"key": []}], id="keys"),
    ],
)
async def test_keys_are_described_where_they_are_asked_for(
    settings: dict[str, str], schemes: Any, security: Any
) -> None:
    """The page then has a place to enter one."""
    described = await document(**settings)

    assert described["components"].get("securitySchemes") == schemes
    assert described.get("security") == security
    assert described["paths"]["/healthz"]["get"].get("security") == ([] if schemes else None)


async def test_the_page_needs_nobody_else() -> None:
    """Whatever the page loads is served from here, and it names no other host."""
    async with calling() as client:
        page = (await client.get("/docs")).text
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
        statuses = {path: (await client.get(path)).status_code for path in [*loaded, "/openapi.json"]}

    assert len(loaded) == 3
    assert set(statuses.values()) == {200}
    assert not re.findall(r"(?:https?:)?//[\w.-]+\.\w+", page)
    assert '"validatorUrl": null' in page


async def test_the_pages_policy_allows_what_it_has_and_nothing_else() -> None:
    """Its own script is allowed by its hash; other hosts and injected scripts are not."""
    async with calling() as client:
        reply = await client.get("/docs")

    (script,) = re.findall(r"<script>(.*?)</script>", reply.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = dict(part.strip().split(" ", 1) for part in reply.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == f"'self' 'sha256-{digest}'"
    assert policy["connect-src"] == "'self'"
    assert "http" not in reply.headers["content-security-policy"]


async def test_the_root_leads_to_the_page() -> None:
    """Who opens the bare address sees what there is."""
    async with calling() as client:
        reply = await client.get("/", follow_redirects=True)

    assert (reply.status_code, reply.url.path) == (200, "/docs")
