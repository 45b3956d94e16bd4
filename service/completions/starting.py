"""Loading litellm, what it knows of a model, and what can be checked before the first call."""

import functools
import gc
import logging
import os
import warnings
from typing import TYPE_CHECKING, NamedTuple

from service.completions.options import CompletionOptions, Price
from service.errors import SettingsInvalid

if TYPE_CHECKING:
    from types import ModuleType

# Servers that speak OpenAI's protocol and ask for no key still get one, as OpenAI's client sends none unset.
_NO_KEY_NEEDED = "none"
# Their credentials may come from the machine itself, which only a call can tell.
_KEYLESS = frozenset({"bedrock", "bedrock_converse", "sagemaker", "vertex_ai", "ollama", "ollama_chat"})
_LOCAL = frozenset({"ollama", "ollama_chat"})
_CLAUDE_ELSEWHERE = frozenset({"bedrock", "bedrock_converse", "vertex_ai"})
_CHATTY = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy")
_VERBOSE = ("openai", "httpx", "httpcore")


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
    # These quote what the model wrote, and with it the answer.
    warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
    _tell_broken_connections()
    # Hundreds of thousands of objects that stay: without them a full collection stops the loop no more for 0.3 s.
    gc.freeze()

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    # The event loop would stand still for the fetch, and without a network for all its retries, at every count.
    litellm.disable_hf_tokenizer_download = True
    return litellm


def _tell_broken_connections() -> None:
    """Keep litellm from taking a connection that broke off for one that never was, and sending all of it again."""
    import aiohttp  # noqa: PLC0415 - what litellm loads
    import httpx  # noqa: PLC0415 - as above
    from litellm.llms.custom_httpx.aiohttp_transport import AIOHTTP_EXC_MAP  # noqa: PLC0415 - as above

    AIOHTTP_EXC_MAP[aiohttp.ClientOSError] = httpx.ReadError


class ModelFacts(NamedTuple):
    """What litellm's table says of a model; None where it says nothing.

    `window` is how many tokens a conversation may have, `most_output` how many of them the model can write.
    """

    window: int | None = None
    most_output: int | None = None
    price: Price | None = None


@functools.lru_cache(maxsize=64)
def model_facts(model: str) -> ModelFacts:
    """Look a model up; a price of nothing is believed only of a model that runs where nobody is charged."""
    if is_local(model):
        return ModelFacts(price=Price(prompt=0, completion=0))
    litellm = load_litellm()
    try:
        found = litellm.get_model_info(model)
    except Exception:  # noqa: BLE001 - what litellm raises for a model it does not know is nowhere promised
        return ModelFacts()
    prompt, completion = found.get("input_cost_per_token"), found.get("output_cost_per_token")
    price = None
    if prompt or completion:
        cached = found.get("cache_read_input_token_cost")
        price = Price(
            prompt=(prompt or 0.0) * 1e6,
            completion=(completion or 0.0) * 1e6,
            cached=None if cached is None else cached * 1e6,
        )
    return ModelFacts(found.get("max_input_tokens") or None, found.get("max_output_tokens") or None, price)


@functools.lru_cache(maxsize=64)
def provider_of(model: str) -> str | None:
    """The provider in litellm's words; None if no provider has such models."""
    litellm = load_litellm()
    try:
        provider: str = litellm.get_llm_provider(model)[1]
    except litellm.exceptions.BadRequestError:
        return None
    return provider


def is_local(model: str) -> bool:
    """Whether a model runs on a machine of the user's own, where nobody is charged."""
    return provider_of(model) in _LOCAL


@functools.lru_cache(maxsize=64)
def marks_prompts(model: str) -> bool:
    """Whether the provider keeps the beginning of a prompt only if it is marked, and charges for keeping it."""
    provider = provider_of(model)
    return provider == "anthropic" or (provider in _CLAUDE_ELSEWHERE and "claude" in model.lower())


@functools.lru_cache(maxsize=64)
def calls_for_schema(model: str) -> bool:
    """Whether litellm asks the model to call a function where it was to follow a schema.

    It makes a text of what was called, then: only the first of several calls, and of some providers one that was cut
    off as if it had ended by itself.
    """
    if provider_of(model) is None or is_local(model):
        return False
    litellm = load_litellm()
    name, provider, *_ = litellm.get_llm_provider(model)
    schema = {"type": "json_schema", "json_schema": {"name": "any", "schema": {"type": "object", "properties": {}}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as above
        try:
            mapped = litellm.get_optional_params(
                model=name, custom_llm_provider=provider, response_format=schema, drop_params=True
            )
        except Exception:  # noqa: BLE001 - nor is it promised here; the first call will tell
            return False
    return "tools" in mapped


def check_model(options: CompletionOptions, *, setting: str = "EVALUATOR_MODEL") -> None:
    """Find out at start what would otherwise fail with every answer; `setting` is what errors say names the model.

    Raises:
        SettingsInvalid: no provider has such models, or the provider's key is not set; says which variables to set.
    """
    litellm = load_litellm()
    provider = provider_of(options.model)
    if provider is None:
        raise SettingsInvalid(
            f"{setting}: {options.model[:100]!r} names no known provider. Write the provider first, such as "
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
        raise SettingsInvalid(f"{setting}: {options.model[:100]!r} needs a key. Set {names}.")


def placeholder_key(options: CompletionOptions) -> str | None:
    """A key for a server of the user's own that speaks OpenAI's protocol, where the user set none."""
    if options.api_base is None or provider_of(options.model) != "openai":
        return None
    return None if os.environ.get("OPENAI_API_KEY", "").strip() else _NO_KEY_NEEDED


def count_tokens(model: str, text: str) -> int:
    """How many tokens a text is, by the model's own count where that comes with litellm, else by a usual one's."""
    tokens: int = load_litellm().token_counter(model=model, text=text)
    return tokens
