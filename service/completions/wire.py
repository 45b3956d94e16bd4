"""Reading litellm's response: the few fields that count, checked."""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from service.completions.capability import Mode
from service.completions.options import Price
from service.completions.prices import KEEPING_FACTOR
from service.completions.protocol import Completion
from service.grading import Usage


class _Wire(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class _Function(_Wire):
    arguments: str


class _ToolCall(_Wire):
    function: _Function


class _Message(_Wire):
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None
    provider_specific_fields: dict[str, Any] | None = None


class _Choice(_Wire):
    message: _Message
    finish_reason: str | None = None


class _PromptDetails(_Wire):
    cached_tokens: int | None = None
    cache_creation_tokens: int | None = None


class _CompletionDetails(_Wire):
    reasoning_tokens: int | None = None


class _Usage(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _Response(_Wire):
    model: str | None = None
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


class Circumstances(NamedTuple):
    """What the response does not say: how it was asked for, at what price, and what it took to get it."""

    mode: Mode
    price: Price | None
    """The user's own."""
    local: bool
    """Whether nobody is charged where the model runs."""
    calls: int
    """Requests the provider answered, this one among them."""
    seconds: float


def read_completion(response: object, circumstances: Circumstances) -> Completion:
    """The completion in a response.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    read = _Response.model_validate(response)
    choice = read.choices[0]
    asked_for_call = circumstances.mode == "tool"
    return Completion(
        text=_whole(_text(choice.message, asked_for_call=asked_for_call)),
        finish_reason="stop" if asked_for_call and choice.finish_reason == "tool_calls" else choice.finish_reason or "",
        refusal=_refusal(choice),
        served_model=None if read.model is None else _whole(read.model),
        usage=_usage(read.usage, response, circumstances),
        mode=circumstances.mode,
    )


def _whole(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON can carry, and which could be neither sent nor kept."""
    return text.encode(errors="replace").decode()


def _text(message: _Message, *, asked_for_call: bool) -> str:
    # All of them: of several that differ none is to be believed, which only who reads them can tell.
    calls = message.tool_calls or [] if asked_for_call else []
    return "\n\n".join(call.function.arguments for call in calls) or message.content or ""


def _refusal(choice: _Choice) -> str | None:
    said = (choice.message.provider_specific_fields or {}).get("refusal")
    if isinstance(said, str) and said:
        return _whole(said)
    return "filtered" if choice.finish_reason == "content_filter" else None


def _usage(read: _Usage | None, response: object, circumstances: Circumstances) -> Usage:
    usage = read or _Usage()
    prompt = usage.prompt_tokens_details or _PromptDetails()
    completion = usage.completion_tokens_details or _CompletionDetails()
    if circumstances.price is not None:
        cost = _cost(circumstances.price, usage, prompt) if read else None
    else:
        cost = _cost_by_litellm(response, local=circumstances.local)
    return Usage(
        calls=circumstances.calls,
        prompt_tokens=usage.prompt_tokens or 0,
        cached_tokens=_cached(usage, prompt),
        completion_tokens=usage.completion_tokens or 0,
        reasoning_tokens=completion.reasoning_tokens or 0,
        cost_usd=cost,
        seconds=circumstances.seconds,
    )


def _cost(price: Price, usage: _Usage, prompt: _PromptDetails) -> float:
    cost = price.of(
        prompt=usage.prompt_tokens or 0, cached=_cached(usage, prompt), completion=usage.completion_tokens or 0
    )
    return cost + (KEEPING_FACTOR - 1) * (prompt.cache_creation_tokens or 0) * price.prompt / 1_000_000


def _cached(usage: _Usage, prompt: _PromptDetails) -> int:
    """Tokens of the prompt that were kept; some servers count those beside it, and more than it has."""
    return min(prompt.cached_tokens or 0, usage.prompt_tokens or 0)


def _cost_by_litellm(response: object, *, local: bool) -> float | None:
    """What litellm says it cost in dollars.

    It prices models it does not know at 0 when their names look like new ones of a known family, so that 0 is
    believed only of a model that is free.
    """
    hidden = getattr(response, "_hidden_params", None)
    cost = hidden.get("response_cost") if isinstance(hidden, dict) else None
    if not isinstance(cost, (int, float)) or (cost == 0 and not local):
        return None
    return float(cost)
