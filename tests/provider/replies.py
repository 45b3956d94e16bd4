"""Bodies in the two protocols: completions around what the model wrote, and errors."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.provider.gradings import Written, write_grading
from tests.provider.prompts import Prompt, count_tokens, read_message_prompt, read_prompt
from tests.provider.script import Fate, Script

MODEL = "scripted"

NOT_JSON = b"upstream said: \xc3\xa9{{ oh"
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Kept(NamedTuple):
    """Tokens of the prompt that the provider had kept, and those that it keeps from now on."""

    read: int = 0
    created: int = 0


class Reply(NamedTuple):
    """The body of a 200, and the tokens that the model wrote for it."""

    body: bytes
    tokens: int


_NOTHING_KEPT = Kept()


def write_reply(script: Script, prompt: Prompt, fate: Fate, kept: Kept = _NOTHING_KEPT) -> Reply:
    """The whole completion in OpenAI's protocol; the same bytes for the same arguments.

    Raises:
        NotUnderstood: the schema asked for is not a grading's.
    """
    written = write_grading(script, prompt, fate)
    tokens = _tokens(script, written)
    usage: dict[str, Any] = {
        "prompt_tokens": prompt.tokens,
        "completion_tokens": tokens,
        "total_tokens": prompt.tokens + tokens,
        "prompt_tokens_details": {"cached_tokens": kept.read},
    }
    if script.reasoning_tokens:
        usage["completion_tokens_details"] = {"reasoning_tokens": script.reasoning_tokens}
    body = {
        "id": f"chatcmpl-{prompt.key[:24]}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": MODEL,
        "choices": [_choice(prompt, written)],
        "usage": usage,
    }
    return Reply(json.dumps(body).encode(), tokens)


def write_message(script: Script, prompt: Prompt, fate: Fate, kept: Kept = _NOTHING_KEPT) -> Reply:
    """The whole message in Anthropic's protocol; the same bytes for the same arguments.

    Raises:
        NotUnderstood: the schema asked for is not a grading's.
    """
    written = write_grading(script, prompt, fate)
    tokens = _tokens(script, written)
    content = _content(prompt, written)
    called = any(block["type"] == "tool_use" for block in content)
    stops = {"length": "max_tokens", "refused": "refusal", "filtered": "refusal"}
    body = {
        "id": f"msg_{prompt.key[:24]}",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": stops.get(written.finish, "tool_use" if called else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": prompt.tokens - kept.read - kept.created,
            "output_tokens": tokens,
            "cache_creation_input_tokens": kept.created,
            "cache_read_input_tokens": kept.read,
        },
    }
    return Reply(json.dumps(body).encode(), tokens)


def _tokens(script: Script, written: Written) -> int:
    return sum(map(count_tokens, written.texts)) + script.reasoning_tokens


def _choice(prompt: Prompt, written: Written) -> Mapping[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "\n\n".join(written.texts), "refusal": None}
    finish = {"length": "length", "filtered": "content_filter"}.get(written.finish, "stop")
    if written.finish == "refused":
        message |= {"content": None, "refusal": written.texts[0]}
    elif prompt.tool and any(written.texts):
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": prompt.tool, "arguments": text},
            }
            for number, text in enumerate(written.texts)
        ]
    return {"index": 0, "message": message, "finish_reason": finish}


def _content(prompt: Prompt, written: Written) -> list[Mapping[str, Any]]:
    if written.finish == "refused":
        return []
    if not prompt.tool:
        text = "\n\n".join(written.texts)
        return [{"type": "text", "text": text}] if text else []
    return [_block(prompt, written, text, number) for number, text in enumerate(written.texts) if text]


def _block(prompt: Prompt, written: Written, text: str, number: int) -> Mapping[str, Any]:
    """A call, whose arguments are no text in this protocol; what is no object stands beside it."""
    try:
        arguments = json.loads(text)
    except ValueError:
        if written.finish != "length":
            return {"type": "text", "text": text}
        arguments = {}  # what was begun of it is not sent
    return {"type": "tool_use", "id": f"toolu_{number}", "name": prompt.tool, "input": arguments}


class _Error(NamedTuple):
    """How an error is worded; the kinds are OpenAI's and Anthropic's, the code is OpenAI's."""

    message: str
    openai: str
    anthropic: str
    code: str | None = None
    param: str | None = None
    anthropic_message: str | None = None


_INVALID = "invalid_request_error"
_ERRORS: Mapping[str, _Error] = {
    "429": _Error("too many requests", "requests", "rate_limit_error", "rate_limit_exceeded"),
    "500": _Error("the provider failed", "server_error", "api_error"),
    "503": _Error("the provider is overloaded", "server_error", "overloaded_error"),
    "content-policy": _Error(
        "The request was rejected for its content.",
        _INVALID,
        _INVALID,
        "content_policy_violation",
        anthropic_message="Output blocked by content filtering policy",
    ),
    "context-overflow": _Error(
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 128001 tokens.",
        _INVALID,
        _INVALID,
        "context_length_exceeded",
        "messages",
        anthropic_message="prompt is too long: 204801 tokens > 200000 maximum",
    ),
    "json_schema": _Error(
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        _INVALID,
        _INVALID,
        param="response_format",
        anthropic_message="output_format: Extra inputs are not permitted",
    ),
    "json_object": _Error(
        "Invalid parameter: 'response_format' of type 'json_object' is not supported with this model.",
        _INVALID,
        _INVALID,
        param="response_format",
    ),
    "tool": _Error(
        "Unsupported parameter: 'tools' is not supported with this model.",
        _INVALID,
        _INVALID,
        "unsupported_parameter",
        "tools",
        anthropic_message="tools: Extra inputs are not permitted",
    ),
    "temperature": _Error(
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is supported.",
        _INVALID,
        _INVALID,
        "unsupported_value",
        "temperature",
    ),
}


def write_error(name: str) -> bytes:
    """An error in OpenAI's protocol: that of a fault or of a feature refused, or else the words themselves."""
    error = _ERRORS.get(name) or _Error(name, _INVALID, _INVALID)
    body = {"message": error.message, "type": error.openai, "param": error.param, "code": error.code}
    return json.dumps({"error": body}).encode()


def write_message_error(name: str) -> bytes:
    """An error in Anthropic's protocol: that of a fault or of a feature refused, or else the words themselves."""
    error = _ERRORS.get(name) or _Error(name, _INVALID, _INVALID)
    body = {"type": error.anthropic, "message": error.anthropic_message or error.message}
    return json.dumps({"type": "error", "error": body}).encode()


class Protocol(NamedTuple):
    """How requests are read, and replies and errors written."""

    read: Callable[[bytes], Prompt]
    write: Callable[[Script, Prompt, Fate, Kept], Reply]
    error: Callable[[str], bytes]


PROTOCOLS: Mapping[str, Protocol] = {
    "/v1/chat/completions": Protocol(read_prompt, write_reply, write_error),
    "/v1/messages": Protocol(read_message_prompt, write_message, write_message_error),
}
"""The protocols by the path of their requests."""
