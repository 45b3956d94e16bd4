"""What the OpenAPI document says of batches beyond what FastAPI can tell from the routes."""

from service.api.batch_requests import MAX_LISTED, BatchRequest, UploadOptions
from service.api.results import MEDIA_TYPES
from service.api.schema import REFERENCES, OpenAPI
from service.api.uploads import RAW_TYPES
from service.outcome import Outcome
from service.reports.model import Summary

_BINARY: OpenAPI = {"type": "string", "format": "binary"}
_OPTIONS = UploadOptions.model_json_schema(ref_template=REFERENCES)["properties"]
_OUTCOME = "#/components/schemas/Outcome"


def _query(name: str, schema: OpenAPI, description: str) -> OpenAPI:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_FORM: OpenAPI = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "array", "items": _BINARY, "description": "One or more files of answers, or transcripts."},
        **{name: _OPTIONS[name] for name in ("rubric", "speaker", "format", "offset_unit", "on_model_failure")},
        "webhook_url": {"type": "string", "description": "Where to tell that the batch has finished."},
        "webhook_secret": {"type": "string", "description": "`whsec_` and 24 to 64 bytes in base64."},
    },
}

CREATE_OPERATION: OpenAPI = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/BatchRequest"}},
            "multipart/form-data": {"schema": _FORM},
            **{media_type: {"schema": _BINARY} for media_type in RAW_TYPES},
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A repetition with the same payload gets the batch that the first one made.",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        },
        *(
            _query(name, {"type": "string"}, f"Only where the body is a file: {description}")
            for name, description in (
                ("rubric", "the rubric for every answer that names none."),
                ("speaker", "who of a transcript's speakers is the candidate."),
                ("format", "its format, where it is not told rightly."),
                ("filename", "what to call it."),
                ("offset_unit", "`codepoint` or `utf16`."),
                ("on_model_failure", "`error` or `fallback`."),
                ("webhook_url", "where to tell that the batch has finished."),
            )
        ),
    ],
    "responses": {
        "202": {
            "headers": {
                "Location": {"description": "The path of the batch.", "schema": {"type": "string"}},
                "Idempotent-Replay": {
                    "description": "`true` where the key made the batch before.",
                    "schema": {"type": "string"},
                },
            }
        }
    },
}

LIST_OPERATION: OpenAPI = {
    "parameters": [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LISTED, "default": 20}, "How many to list.")
    ]
}

_SEVERAL: OpenAPI = {"type": "array", "items": {"type": "string"}}

RESULTS_OPERATION: OpenAPI = {
    "parameters": [
        _query("follow", {"type": "boolean", "default": True}, "Whether to go on until the batch ends."),
        _query(
            "after",
            {"type": "integer", "minimum": 0, "default": 0},
            "How many results to pass over, counted in the order of the answers and before any filter.",
        ),
        _query("format", {"type": "string", "enum": list(MEDIA_TYPES), "default": "jsonl"}, "How to write them."),
        _query("status", _SEVERAL, "Only results of these statuses; `failed,partial` or repeated."),
        _query("band", _SEVERAL, "Only verdicts in these bands; `weak,strong` or repeated."),
        _query("id", _SEVERAL, "Only answers of these ids; repeated for several."),
    ],
    "responses": {
        "200": {
            "description": "The results; in JSON lines each line is an Outcome.",
            "content": {
                media_type.partition(";")[0]: {"schema": {"$ref": _OUTCOME} if name == "jsonl" else _BINARY}
                for name, media_type in MEDIA_TYPES.items()
            },
        }
    },
}

EVENTS_OPERATION: OpenAPI = {
    "parameters": [
        {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The id of the last event that was received; a browser sends it by itself.",
            "schema": {"type": "string"},
        }
    ],
    "responses": {
        "200": {
            "description": "Events whose data is a Batch.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        "204": {"description": "The last event was received already, and there will be no more."},
    },
}

SUMMARY_OPERATION: OpenAPI = {
    "responses": {
        "200": {
            "description": "The summary.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BatchSummary"}}},
        }
    }
}


def batch_schemas() -> OpenAPI:
    """The schemas that these operations refer to."""
    schemas: OpenAPI = {}
    for model in (BatchRequest, Outcome):
        schema = model.model_json_schema(ref_template=REFERENCES, mode="serialization")
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    # Its parts have names that others have too.
    schema = Summary.model_json_schema(ref_template="#/components/schemas/Batch{model}", mode="serialization")
    schemas |= {f"Batch{name}": part for name, part in schema.pop("$defs", {}).items()}
    schemas["BatchSummary"] = schema
    return schemas
