"""What litellm is called with: messages, schema, and a reply as long as there is room for."""

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cachetools import LRUCache
from pydantic import JsonValue

from service.completions.capability import Mode, Shape
from service.completions.failures import CONTEXT_WINDOW, Failure
from service.completions.options import CompletionOptions
from service.completions.protocol import CompletionRequest
from service.completions.starting import count_tokens, marks_prompts, model_facts, placeholder_key
from service.prompts import Message, with_schema

LEAST_ROOM = 1_000
"""Tokens; a reply that may have no more is not worth asking for."""

# English has four bytes a token and more; with fewer than this a text is hardly prose.
_LEAST_BYTES_PER_TOKEN = 2.5
_TOKENS_PER_MESSAGE = 10

_schemas: LRUCache[int, tuple[Mapping[str, JsonValue], str]] = LRUCache(maxsize=64)
_schemas_lock = Lock()


def constant_arguments(options: CompletionOptions) -> dict[str, Any]:
    """The arguments that are the same for every call with these options."""
    return {
        "model": options.model,
        "api_base": options.api_base,
        # Here, not as litellm's global, which would send a request refused with 422 a second time.
        "drop_params": True,
        "num_retries": 0,
        "max_retries": 0,
    }


def changing_arguments(
    options: CompletionOptions, request: CompletionRequest, shape: Shape, room: int
) -> dict[str, Any]:
    """The arguments of one call, with `room` tokens for the reply."""
    arguments: dict[str, Any] = {
        "messages": _messages(options, request, shape.mode),
        "api_key": placeholder_key(options),
        shape.limit: room,
    }
    if shape.with_temperature and options.temperature is not None:
        arguments["temperature"] = options.temperature
    match shape.mode:
        case "json_schema":
            schema = {"name": request.schema_name, "strict": True, "schema": request.schema}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        case "tool":
            named = {"name": request.schema_name}
            arguments["tools"] = [{"type": "function", "function": {**named, "parameters": request.schema}}]
            # Else litellm looks for tools of its own proxy, whose modules are not installed.
            arguments["_skip_mcp_handler"] = True
            arguments["tool_choice"] = {"type": "function", "function": named}
        case "json_object":
            arguments["response_format"] = {"type": "json_object"}
        case "text":
            pass
    return arguments


def _messages(options: CompletionOptions, request: CompletionRequest, mode: Mode) -> list[dict[str, Any]]:
    beside = mode in ("json_schema", "tool")
    messages = request.messages if beside else with_schema(request.messages, request.schema)
    sent: list[dict[str, Any]] = [{"role": message.role, "content": message.content} for message in messages]
    if keeps_prompt(options, request):
        block = {"type": "text", "text": messages[0].content, "cache_control": {"type": "ephemeral"}}
        sent[0]["content"] = [block]
    return sent


def keeps_prompt(options: CompletionOptions, request: CompletionRequest) -> bool:
    """Whether the provider is asked to keep the first message, which costs more once and less from then on."""
    return request.reuse and request.messages[0].role == "system" and marks_prompts(options.model)


def reply_room(options: CompletionOptions, request: CompletionRequest) -> int:
    """How many tokens the reply may have, by the options and by the most the model writes."""
    wanted = min(options.max_tokens * request.room, max(options.most_tokens, options.max_tokens))
    return min(wanted, model_facts(options.model).most_output or wanted)


def fitting_room(options: CompletionOptions, request: CompletionRequest, window: int | None) -> int:
    """The same, and no more than the prompt leaves of the model's window of so many tokens.

    Raises:
        Failure: the prompt leaves less than a reply needs.
    """
    wanted = reply_room(options, request)
    if window is None or most_prompt_tokens(request) + wanted <= window:
        return wanted
    left = window - _prompt_tokens(options.model, request)
    if left < min(wanted, LEAST_ROOM):
        raise Failure(CONTEXT_WINDOW)
    return min(wanted, left)


def most_prompt_tokens(request: CompletionRequest) -> int:
    """More tokens than a prompt is likely to be, the schema included; counted without a tokeniser."""
    size = len(_schema_text(request.schema)) + sum(_bytes(message) for message in request.messages)
    return int(size / _LEAST_BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(request.messages)


def _bytes(message: Message) -> int:
    content = message.content
    return len(content) if content.isascii() else len(content.encode(errors="replace"))


def _prompt_tokens(model: str, request: CompletionRequest) -> int:
    texts = (*(message.content for message in request.messages), _schema_text(request.schema))
    return count_tokens(model, "\n".join(texts)) + _TOKENS_PER_MESSAGE * len(request.messages)


def _schema_text(schema: Mapping[str, JsonValue]) -> str:
    """A schema written out, once for each object: those of a rubric are the same for all its answers."""
    with _schemas_lock:
        known = _schemas.get(id(schema))
        if known is None or known[0] is not schema:
            # The object is kept as well, so that no other can come to have its id.
            known = _schemas[id(schema)] = (schema, json.dumps(schema, separators=(",", ":")))
        return known[1]
