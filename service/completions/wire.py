"""Reading litellm's response: the few fields that count, checked."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.completions.protocol import Completion
from service.grading import Usage


class _Wire(BaseModel):
    model_config = ConfigDict(from_attributes=True, frozen=True)


class _Message(_Wire):
    content: str | None = None
    provider_specific_fields: dict[str, Any] | None = None


class _Choice(_Wire):
    message: _Message
    finish_reason: str | None = None


class _PromptDetails(_Wire):
    cached_tokens: int | None = None


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


def read_completion(response: object, *, free: bool) -> Completion:
    """The completion in a response; `free` says that the model runs where nobody is charged.

    Raises:
        pydantic.ValidationError: it is not one.
    """
    read = _Response.model_validate(response)
    choice = read.choices[0]
    return Completion(
        # Half of a surrogate pair, which JSON can carry, could not be sent back.
        text=(choice.message.content or "").encode(errors="replace").decode(),
        finish_reason=choice.finish_reason or "",
        refusal=_refusal(choice),
        served_model=read.model,
        usage=_usage(read.usage or _Usage(), _cost(response, free=free)),
    )


def _refusal(choice: _Choice) -> str | None:
    said = (choice.message.provider_specific_fields or {}).get("refusal")
    if isinstance(said, str) and said:
        return said
    return "filtered" if choice.finish_reason == "content_filter" else None


def _cost(response: object, *, free: bool) -> float | None:
    """What litellm says it cost in dollars.

    It prices models it does not know at 0 when their names look like new ones of a known family, so that 0 is
    believed only of a model that is free.
    """
    hidden = getattr(response, "_hidden_params", None)
    cost = hidden.get("response_cost") if isinstance(hidden, dict) else None
    if not isinstance(cost, (int, float)) or (cost == 0 and not free):
        return None
    return float(cost)


def _usage(usage: _Usage, cost: float | None) -> Usage:
    prompt = usage.prompt_tokens_details or _PromptDetails()
    completion = usage.completion_tokens_details or _CompletionDetails()
    return Usage(
        calls=1,
        prompt_tokens=usage.prompt_tokens or 0,
        cached_tokens=prompt.cached_tokens or 0,
        completion_tokens=usage.completion_tokens or 0,
        reasoning_tokens=completion.reasoning_tokens or 0,
        cost_usd=cost,
    )
