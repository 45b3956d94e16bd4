"""Two providers' protocols at the wire: what their replies look like, and how they were asked."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx

from service.completions import CompletionOptions, CompletionRequest
from service.completions.capability import Mode
from service.prompts import Message

KEY = "sk-a-key-made-up-for-tests"
HOST = "http://llm.test"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"level": {"$ref": "#/$defs/level"}},
    "required": ["level"],
    "additionalProperties": False,
    "$defs": {"level": {"type": "integer", "enum": [0, 1]}},
}
REQUEST = CompletionRequest(
    messages=(Message("system", "Grade it. Reply with JSON."), Message("user", "an answer nobody may log")),
    schema=SCHEMA,
    schema_name="grading",
)


class Provider(NamedTuple):
    """How a provider says things; `asked_for` tells the mode of a request, `cost` is what 10 and 5 tokens cost."""

    options: CompletionOptions
    url: str
    says: Callable[..., httpx.Response]
    calls: Callable[[str], httpx.Response]
    """A call of the function asked for, with these arguments."""
    cost: float | None

    def mode_of(self, request: httpx.Request) -> Mode:
        """The way of asking for structure that a request took."""
        body = json.loads(request.content)
        if "json_schema" in json.dumps(body.get("response_format", body.get("output_format", ""))):
            return "json_schema"
        if "tool_choice" in body:
            return "tool"
        return "json_object" if "response_format" in body else "text"


def _openai(text: str | None, finish_reason: str = "stop", refusal: str | None = None) -> httpx.Response:
    body = {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-test",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": refusal},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": 4},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    return httpx.Response(200, json=body)


def _anthropic(text: str | None, finish_reason: str = "stop", refusal: str | None = None) -> httpx.Response:
    stop = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}[finish_reason]
    body = {
        "id": "m-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": "refusal" if refusal else stop,
        "usage": {"input_tokens": 6, "output_tokens": 5, "cache_read_input_tokens": 4},
    }
    return httpx.Response(200, json=body)


def _openai_calls(arguments: str) -> httpx.Response:
    body = _openai(None, "tool_calls").json()
    function = {"name": "grading", "arguments": arguments}
    body["choices"][0]["message"]["tool_calls"] = [{"id": "t-1", "type": "function", "function": function}]
    return httpx.Response(200, json=body)


def _anthropic_calls(arguments: str) -> httpx.Response:
    call = {"type": "tool_use", "id": "t-1", "name": "grading", "input": json.loads(arguments)}
    return httpx.Response(200, json=_anthropic(None).json() | {"content": [call], "stop_reason": "tool_use"})


def _gemini(text: str | None, finish_reason: str = "stop") -> httpx.Response:
    parts = {"content": {"role": "model", "parts": [{"text": text}]}} if text else {}
    body = {
        "candidates": [{**parts, "finishReason": {"stop": "STOP", "length": "MAX_TOKENS"}[finish_reason], "index": 0}],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
        "modelVersion": "gemini-test",
    }
    return httpx.Response(200, json=body)


def _gemini_calls(arguments: str) -> httpx.Response:
    body = _gemini(None).json()
    call = {"functionCall": {"name": "grading", "args": json.loads(arguments)}}
    body["candidates"][0]["content"] = {"role": "model", "parts": [call]}
    return httpx.Response(200, json=body)


OPENAI = Provider(
    CompletionOptions(model="openai/gpt-test", api_base=f"{HOST}/v1"),
    f"{HOST}/v1/chat/completions",
    _openai,
    _openai_calls,
    None,
)
ANTHROPIC = Provider(
    CompletionOptions(model="anthropic/claude-sonnet-4-5", api_base=HOST),
    f"{HOST}/v1/messages",
    _anthropic,
    _anthropic_calls,
    (6 * 3 + 4 * 0.3 + 5 * 15) / 1_000_000,
)
GEMINI = Provider(
    CompletionOptions(model="gemini/gemini-2.5-flash"),
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
    _gemini,
    _gemini_calls,
    None,
)
"""For what is not alike elsewhere; it tells no mode of a request."""
BY_NAME = {"openai": OPENAI, "anthropic": ANTHROPIC}


def fails(status: int, *, message: str = "no", kind: str = "some_error", **headers: str) -> httpx.Response:
    """An error as both providers write it; underscores in the names of headers are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"type": "error", "error": {"message": message, "type": kind, "code": None}}
    return httpx.Response(status, json=body, headers=named)
