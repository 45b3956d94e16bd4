"""Requests as the grader writes them, and the ways to send them."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Literal

from service.answer import parse_answer
from service.completions import CompletionOptions, LiteLLMCompleter
from service.completions.through_litellm import load_litellm
from service.graders.llm import LLMGrader
from service.grading import Grading
from service.prompts import Marks, Message, build_complaint, build_messages, with_schema
from service.replies import SCHEMA_NAME, reply_schema
from service.rubric import Rubric
from tests.conftest import Labelled
from tests.provider import RunningProvider
from tests.provider.prompts import Asked

SEED = "0123456789abcdef"
TEXT = "I start with a prompt because it is cheap, and I move to retrieval once the documents change every week."
CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"

ProtocolName = Literal["openai", "anthropic"]


async def at_once(_: float) -> None:
    """A sleep that nobody waits for."""


def options_for(provider: RunningProvider, protocol: ProtocolName = "openai", **others: Any) -> CompletionOptions:
    """How to reach the provider by a protocol."""
    base = provider.url if protocol == "openai" else provider.anthropic_url
    return CompletionOptions(model=f"{protocol}/scripted", api_base=base, **others)


@asynccontextmanager
async def clients_of_this_loop() -> AsyncIterator[None]:
    """The clients that litellm keeps belong to one event loop; those of the block end with it."""
    litellm = load_litellm()
    litellm.in_memory_llm_clients_cache.flush_cache()
    try:
        yield
    finally:
        await litellm.close_litellm_async_clients()
        litellm.in_memory_llm_clients_cache.flush_cache()


async def grade_all(
    provider: RunningProvider, rubric: Rubric, answers: Sequence[Labelled], protocol: ProtocolName = "openai"
) -> list[Grading]:
    """Grade answers side by side; of Anthropic's protocol a key is wanted in the environment."""
    through = LLMGrader(LiteLLMCompleter(options_for(provider, protocol, concurrency=8), sleep=at_once))
    async with clients_of_this_loop():
        return await asyncio.gather(*(through.grade(rubric, parse_answer(each.answer)) for each in answers))


def body(
    rubric: Rubric,
    text: str = TEXT,
    *,
    mode: Asked = "json_schema",
    seed: str = SEED,
    complaint: Sequence[str] = (),
    only: Sequence[str] | None = None,
) -> dict[str, Any]:
    """A request in OpenAI's protocol as the grader writes it."""
    ids = [*rubric.criterion_by_id, *rubric.red_flag_by_id] if only is None else only
    schema = reply_schema(rubric, ids)
    messages = _messages(rubric, text, ids, seed, complaint)
    if mode in {"json_object", "text"}:
        messages = with_schema(messages, schema)
    request: dict[str, Any] = {
        "model": "scripted",
        "messages": [{"role": message.role, "content": message.content} for message in messages],
    }
    if mode == "json_schema":
        request["response_format"] = {"type": mode, "json_schema": {"name": SCHEMA_NAME, "schema": schema}}
    elif mode == "json_object":
        request["response_format"] = {"type": mode}
    elif mode == "tool":
        request["tools"] = [{"type": "function", "function": {"name": SCHEMA_NAME, "parameters": schema}}]
        request["tool_choice"] = {"type": "function", "function": {"name": SCHEMA_NAME}}
    return request


def message_body(
    rubric: Rubric,
    text: str = TEXT,
    *,
    mode: Literal["json_schema", "tool", "text"] = "json_schema",
    kept: bool = False,
    complaint: Sequence[str] = (),
) -> dict[str, Any]:
    """The same in Anthropic's protocol; `kept` asks the provider to keep the system prompt."""
    ids = [*rubric.criterion_by_id, *rubric.red_flag_by_id]
    schema = reply_schema(rubric, ids)
    messages = _messages(rubric, text, ids, SEED, complaint)
    if mode == "text":
        messages = with_schema(messages, schema)
    system, *rest = messages
    marked = {"cache_control": {"type": "ephemeral"}} if kept else {}
    request: dict[str, Any] = {
        "model": "scripted",
        "max_tokens": 1_000,
        "system": [{"type": "text", "text": system.content, **marked}],
        "messages": [
            {"role": message.role, "content": [{"type": "text", "text": message.content}]} for message in rest
        ],
    }
    if mode == "json_schema":
        request["output_format"] = {"type": mode, "schema": schema}
    elif mode == "tool":
        request["tools"] = [{"name": SCHEMA_NAME, "input_schema": schema}]
        request["tool_choice"] = {"type": "tool", "name": SCHEMA_NAME}
    return request


def _messages(
    rubric: Rubric, text: str, ids: Sequence[str], seed: str, complaint: Sequence[str]
) -> tuple[Message, ...]:
    marks = Marks(seed)
    messages: tuple[Message, ...] = build_messages(rubric, parse_answer(text), ids, marks)
    if complaint:
        return build_complaint(messages, "{}", complaint, ids, marks=marks, number=1)
    return messages


def ask(
    provider: RunningProvider, request: dict[str, Any] | bytes, path: str = CHAT
) -> tuple[int, bytes, HTTPResponse]:
    """Post a request on a connection of its own."""
    connection = HTTPConnection(address(provider.url), timeout=10)
    content = request if isinstance(request, bytes) else json.dumps(request)
    try:
        connection.request("POST", path, content)
        response = connection.getresponse()
        return response.status, response.read(), response
    finally:
        connection.close()


def address(url: str) -> str:
    """The host and port of a base address."""
    return url.removeprefix("http://").removesuffix("/v1")


def text_of(reply: bytes) -> str:
    """What the model wrote, or the arguments of its calls."""
    message = json.loads(reply)["choices"][0]["message"]
    if calls := message.get("tool_calls"):
        return "\n\n".join(call["function"]["arguments"] for call in calls)
    return str(message["content"])


def text_of_message(reply: bytes) -> str:
    """The same of Anthropic's protocol."""
    blocks = json.loads(reply)["content"]
    return "\n\n".join(block.get("text") or json.dumps(block["input"]) for block in blocks)
