"""Completions through litellm: one layer of retries, and the richest way of asking that the provider takes."""

import asyncio
import functools
import logging
import os
import time
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from pydantic import Field, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random, wait_random_exponential

from service.completions.failures import BAD_RESPONSE, REFUSED, TIMEOUT, UNSUPPORTED, Failure, failure_of
from service.completions.protocol import Completion, CompletionRequest
from service.completions.wire import read_completion
from service.errors import SettingsInvalid
from service.models import Frozen
from service.prompts import with_schema

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]
Mode = Literal["json_schema", "json_object", "text"]

_MODES: tuple[Mode, ...] = ("json_schema", "json_object", "text")
# Servers that speak OpenAI's protocol and ask for no key still get one, as OpenAI's client sends none unset.
_NO_KEY_NEEDED = "none"
# Their credentials may come from the machine itself, which only a call can tell.
_KEYLESS = frozenset({"bedrock", "bedrock_converse", "sagemaker", "vertex_ai", "ollama", "ollama_chat"})
_LOCAL = frozenset({"ollama", "ollama_chat"})
_CHATTY = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_VERBOSE = ("openai", "httpx", "httpcore")


class CompletionOptions(Frozen):
    """How to reach a model; times are in seconds, and `deadline_s` covers all tries of one completion."""

    model: Annotated[str, Field(min_length=1)]
    api_base: str | None = None
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    deadline_s: Annotated[float, Field(gt=0)] = 180.0
    max_attempts: Annotated[int, Field(ge=1)] = 4
    temperature: float | None = 0.0
    max_tokens: Annotated[int, Field(ge=1)] = 8_000
    most_tokens: Annotated[int, Field(ge=1)] = 32_000
    """What a reply may take at most, after it was cut off at `max_tokens`."""
    concurrency: Annotated[int, Field(ge=1)] = 16


class _Shape(NamedTuple):
    """What a request is made of; a provider that refuses one gets the next simpler."""

    mode: Mode
    with_temperature: bool

    def simpler(self, failure: Failure) -> "_Shape | None":
        """What to try after a refusal; None if the refusal is no matter of shape, or nothing simpler is left."""
        if failure.cause not in (REFUSED, UNSUPPORTED):
            return None
        if failure.about_temperature and self.with_temperature:
            return self._replace(with_temperature=False)
        following = _MODES[_MODES.index(self.mode) + 1 :]
        return self._replace(mode=following[0]) if following else None


class LiteLLMCompleter:
    """Completes through litellm, and remembers the way of asking that worked."""

    def __init__(self, options: CompletionOptions, *, sleep: Sleep = asyncio.sleep) -> None:
        self._options = options
        self._sleep = sleep
        self._shape = _Shape("json_schema", with_temperature=options.temperature is not None)
        # A semaphore belongs to the event loop it was first waited on.
        self._slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    @property
    def model(self) -> str:
        """The model asked for."""
        return self._options.model

    async def complete(self, request: CompletionRequest) -> Completion:
        """Send the request, and send it again where the failure is likely to pass.

        Raises:
            GraderUnavailable: no completion came within the attempts and the time allowed.
        """
        async with self._slot():  # kept while waiting, so that a provider in trouble gets fewer calls
            started = time.monotonic()
            tries = _Tries(deadline=started + self._options.deadline_s)
            try:
                completion: Completion = await self._retrying()(self._negotiate, request, tries)
            except Failure as failure:
                log.warning("no completion: %s after %d failed tries", failure.cause.reason, tries.failed)
                raise failure.unavailable(self.model) from None
            return tries.added_to(completion, seconds=time.monotonic() - started)

    def _slot(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        return self._slots.setdefault(loop, asyncio.Semaphore(self._options.concurrency))

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception(lambda error: isinstance(error, Failure) and error.cause.transient),
            stop=stop_after_attempt(self._options.max_attempts) | stop_before_delay(self._options.deadline_s),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )

    async def _negotiate(self, request: CompletionRequest, tries: "_Tries") -> Completion:
        """Ask in the way that worked last, and in a simpler one for as long as the provider refuses."""
        shape = self._shape
        while True:
            try:
                completion = await self._ask(request, shape, tries)
            except Failure as failure:
                tries.count(failure)
                if (simpler := shape.simpler(failure)) is None:
                    raise
                shape = simpler
            else:
                if shape != self._shape:
                    log.info("the provider takes requests of mode %s, temperature %s", *shape)
                    self._shape = shape
                return completion

    async def _ask(self, request: CompletionRequest, shape: _Shape, tries: "_Tries") -> Completion:
        litellm = load_litellm()
        arguments = self._arguments(request, shape)
        timeout = min(self._options.timeout_s, tries.deadline - time.monotonic())
        if timeout <= 0:
            raise Failure(TIMEOUT)
        try:
            # The client's own timeout is for each read; a reply that trickles in would outlast it.
            async with asyncio.timeout(timeout):
                response = await litellm.acompletion(**arguments, timeout=timeout)
        except Exception as error:  # noqa: BLE001 - litellm raises its own bugs as well; all of it means no completion
            raise failure_of(error) from None
        try:
            return read_completion(response, free=_provider(self.model) in _LOCAL)
        except ValidationError:
            raise Failure(BAD_RESPONSE, answered=True) from None

    def _arguments(self, request: CompletionRequest, shape: _Shape) -> dict[str, Any]:
        options = self._options
        messages = request.messages if shape.mode == "json_schema" else with_schema(request.messages, request.schema)
        wanted = min(options.max_tokens * request.room, max(options.most_tokens, options.max_tokens))
        arguments: dict[str, Any] = {
            "model": options.model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "api_base": options.api_base,
            "api_key": placeholder_key(options),
            "max_tokens": min(wanted, most_output_tokens(options.model) or wanted),
            # Here, not as litellm's global, which would send a request refused with 422 a second time.
            "drop_params": True,
            "num_retries": 0,
            "max_retries": 0,
        }
        if shape.with_temperature:
            arguments["temperature"] = options.temperature
        if response_format := _response_format(request, shape.mode):
            arguments["response_format"] = response_format
        return arguments


class _Tries:
    """The tries of one completion: until when, how many failed, and how many of those the provider answered."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.failed = 0
        self.answered = 0

    def count(self, failure: Failure) -> None:
        self.failed += 1
        self.answered += failure.answered

    def added_to(self, completion: Completion, *, seconds: float) -> Completion:
        usage = completion.usage
        counted = usage.model_copy(update={"calls": usage.calls + self.answered, "seconds": seconds})
        return Completion(
            completion.text, completion.finish_reason, completion.refusal, completion.served_model, counted
        )


_backoff = wait_random_exponential(multiplier=0.5, max=20)
_jitter = wait_random(0, 1)


def _wait(state: RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    if isinstance(failure, Failure) and failure.retry_after is not None:
        return failure.retry_after + _jitter(state)
    return _backoff(state)


def _response_format(request: CompletionRequest, mode: Mode) -> dict[str, Any] | None:
    match mode:
        case "json_schema":
            schema: Mapping[str, Any] = {"name": request.schema_name, "strict": True, "schema": request.schema}
            return {"type": "json_schema", "json_schema": schema}
        case "json_object":
            return {"type": "json_object"}
        case "text":
            return None


@functools.cache
def load_litellm() -> "ModuleType":
    """Import litellm, which takes seconds, without its fetches over the network and with its chatter off."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS", "True")
    # What these write at the level of debugging, and on errors, holds prompts, headers and replies.
    for name in _CHATTY:
        logging.getLogger(name).disabled = True
    for name in _VERBOSE:
        logging.getLogger(name).setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they are about litellm's own code
        import litellm  # noqa: PLC0415 - seconds of import that offline grading never pays

        litellm.ModelResponse()  # its models are built when first used, and warn then

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    return litellm


def check_model(options: CompletionOptions) -> None:
    """Find out at start what would otherwise fail with every answer.

    Raises:
        SettingsInvalid: no provider has such models, or the provider's key is not set; says which variables to set.
    """
    litellm = load_litellm()
    provider = _provider(options.model)
    if provider is None:
        raise SettingsInvalid(
            f"EVALUATOR_MODEL: {options.model[:100]!r} names no known provider. Write the provider first, such as "
            "openai/NAME for a server that speaks OpenAI's protocol, anthropic/NAME or ollama_chat/NAME."
        )
    if provider in _KEYLESS or placeholder_key(options) is not None:
        return
    missing: list[str] = litellm.validate_environment(options.model, api_base=options.api_base)["missing_keys"]
    blank = f"{provider.upper()}_API_KEY"
    if not missing and blank in os.environ and not os.environ[blank].strip():
        missing = [blank]
    if missing:
        # Google's two names are for one key.
        names = (" or " if provider == "gemini" else " and ").join(missing)
        raise SettingsInvalid(f"EVALUATOR_MODEL: {options.model[:100]!r} needs a key. Set {names}.")


@functools.lru_cache(maxsize=64)
def _provider(model: str) -> str | None:
    litellm = load_litellm()
    try:
        provider: str = litellm.get_llm_provider(model)[1]
    except litellm.exceptions.BadRequestError:
        return None
    return provider


def placeholder_key(options: CompletionOptions) -> str | None:
    """A key for a server of the user's own that speaks OpenAI's protocol, where the user set none."""
    if options.api_base is None or _provider(options.model) != "openai":
        return None
    return None if os.environ.get("OPENAI_API_KEY", "").strip() else _NO_KEY_NEEDED


@functools.lru_cache(maxsize=64)
def most_output_tokens(model: str) -> int | None:
    """The most a model can write, None if not known; some providers refuse a request for more."""
    litellm = load_litellm()
    try:
        most: int | None = litellm.get_model_info(model).get("max_output_tokens")
    except Exception:  # noqa: BLE001 - what litellm raises for a model it does not know is nowhere promised
        return None
    return most
