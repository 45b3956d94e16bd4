"""The OpenAPI document: what FastAPI cannot tell from the routes, which read and write bytes themselves."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.api.problems import MEDIA_TYPE, Problem
from service.api.requests import GradeRequest

REFERENCES = "#/components/schemas/{model}"
_DESCRIPTIONS = {
    400: "The body is not JSON, or a header of the request is not valid.",
    404: "There is no such thing; where ids are known, `known` lists them.",
    409: "The Idempotency-Key was used for another body, or the batch is past that.",
    413: "The body or the answer is too large.",
    415: "The body is not of a type that is taken.",
    422: "The request is not valid, or what it holds cannot be graded.",
    503: "Not now; Retry-After says when, where that is known.",
}

OpenAPI = dict[str, Any]

GRADE_OPERATION: OpenAPI = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/GradeRequest"}}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A repetition within an hour, with the same body, gets the stored verdict.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        }
    ],
}


def refusals(*statuses: int) -> dict[int | str, OpenAPI]:
    """The problems a route answers with; `default` stands for those that any route may."""
    described = {status: _DESCRIPTIONS[status] for status in statuses} | {"default": "Any other problem."}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in described.items()}


def describe(app: FastAPI, *, with_keys: bool, more: Mapping[str, OpenAPI]) -> OpenAPI:
    """Build the OpenAPI document of an app; `more` are schemas that its operations refer to by name."""
    document: OpenAPI = get_openapi(
        title=app.title, version=app.version, summary=app.summary, description=app.description, routes=app.routes
    )
    components: OpenAPI = document.setdefault("components", {})
    # What FastAPI made of the same models stays: a schema is the same wherever it is referred to.
    schemas: OpenAPI = {**more, **components.get("schemas", {})}
    components["schemas"] = schemas
    for model in (GradeRequest, Problem):
        schema = model.model_json_schema(ref_template=REFERENCES)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    if with_keys:
        components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
        for path in ("/healthz", "/readyz"):
            document["paths"][path]["get"]["security"] = []
    return document
