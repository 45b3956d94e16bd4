"""Builds everything from settings, once; nothing below here knows where a setting came from."""

import os
from collections.abc import Callable, Sequence
from functools import cache as once
from typing import TYPE_CHECKING

from pydantic import JsonValue

from service.errors import SettingsInvalid
from service.evaluator import Evaluator
from service.graders import Grader
from service.graders.arrangement import DEFAULT_PANEL_TEMPERATURE, Arrangement, Seat, arrange
from service.graders.keyword import KEYWORD_VERSION, KeywordGrader
from service.graders.opinion import OpinionatedGrader, SecondOpinion
from service.prompts import PROMPT_VERSION
from service.rubric import Catalog
from service.settings import PREFIX, PRICES_EXAMPLE, Settings, load_settings
from service.spending import CurrentBudget

if TYPE_CHECKING:
    from service.completions import Completer, Pace, Price
    from service.graders.replay import Tape
    from service.grading import GradingCache, Recorder
    from service.store import Store

_OUTAGE_PATIENCE_S = 30.0


def build_evaluator(
    settings: Settings | None = None,
    *,
    store: "Store | None" = None,
    cache: "GradingCache | None" = None,
    recorder: "Recorder | None" = None,
    reuse: bool = False,
) -> Evaluator:
    """Build an evaluator; without settings they are read from the environment and `.env`.

    With a store, its calls keep to the rates per minute that all workers of the store share, and gradings by models are
    kept there and used again, unless the settings say otherwise. `cache` is where to keep them if not there, and
    `recorder` keeps what single verdicts were read from. `reuse` says that many answers to the same rubrics will follow
    one another, as they do with a store, so that it pays to have providers keep the prompt.

    Raises:
        SettingsInvalid: the settings contradict one another, or the model's key is missing.
    """
    settings = settings or load_settings()
    keyword = KeywordGrader()
    opinion = SecondOpinion(keyword)
    if cache is None and store is not None:
        cache = store.gradings
    return Evaluator(
        catalog=Catalog(settings.rubrics_dir),
        grader=(
            _composed(settings, _asking(settings, store, cache, opinion, reuse=reuse or store is not None), opinion)
            if settings.model
            else keyword
        ),
        recorder=recorder if settings.cache else None,
        parameters={**_parameters(settings), **_arranged(settings)},
        fallback=keyword if settings.model else None,
        on_model_failure=settings.on_model_failure,
        budget_usd=settings.budget_usd if settings.model else None,
        max_answer_bytes=settings.max_answer_bytes,
    )


def build_replaying_evaluator(settings: Settings, tape: "Tape") -> Evaluator:
    """An evaluator that grades like that of the settings, but from what is on the tape; it asks no model."""
    from service.graders.llm import LLMOptions  # noqa: PLC0415 - as below
    from service.graders.replay import ReplayGrader  # noqa: PLC0415 - as below

    keyword = KeywordGrader()
    opinion = SecondOpinion(keyword)
    options = LLMOptions(max_reasks=settings.model_reasks)

    def replay(member: Seat) -> Grader:
        return ReplayGrader(tape, options, model=member.model, sample=member.sample, opinion=opinion)

    return Evaluator(
        catalog=Catalog(settings.rubrics_dir),
        grader=_composed(settings, replay, opinion) if settings.model else keyword,
        fallback=keyword,
        max_answer_bytes=settings.max_answer_bytes,
    )


def arrangement_of(settings: Settings) -> Arrangement:
    """How the models of the settings grade together; what nothing depends on is as by default."""
    given = Arrangement.model_validate({name: getattr(settings, name) for name in Arrangement.model_fields})
    drawn = settings.model is not None and given.draws(settings.model)
    return given if drawn else given.model_copy(update={"panel_temperature": DEFAULT_PANEL_TEMPERATURE})


def _composed(settings: Settings, make: Callable[[Seat], Grader], opinion: SecondOpinion) -> Grader:
    """The grader of the settings, put together from graders that each ask one model."""
    assert settings.model is not None  # noqa: S101 - the caller asked
    grader = arrange(arrangement_of(settings), settings.model, settings.api_base, make, opinion)
    return OpinionatedGrader(grader, opinion)


def _asking(
    settings: Settings,
    store: "Store | None",
    cache: "GradingCache | None",
    opinion: SecondOpinion,
    *,
    reuse: bool,
) -> Callable[[Seat], Grader]:
    """Makes graders that ask their model, or the cache."""

    @once
    def completer(model: str, api_base: str | None, temperature: float) -> "Completer":
        return _build_completer(settings, store, model, api_base, temperature=temperature)

    def ask(member: Seat) -> Grader:
        from service.graders.cached import CachedGrader  # noqa: PLC0415 - as below
        from service.graders.llm import LLMGrader, LLMOptions  # noqa: PLC0415 - offline grading needs none of it

        grader = LLMGrader(
            completer(member.model, member.api_base, member.temperature),
            LLMOptions(max_reasks=settings.model_reasks, reuse=reuse),
            opinion=opinion,
            sample=member.sample,
        )
        if cache is None or not settings.cache:
            return grader
        asked = member._replace(api_base=member.api_base or _address_in_environment(member.model))
        return CachedGrader(grader, cache, {**_parameters(settings), **asked._asdict()})

    return ask


def _address_in_environment(model: str) -> str | None:
    """Where litellm asks a model for which no address is set, if the environment says it; another server is another."""
    from service.completions.starting import provider_of  # noqa: PLC0415 - as above

    provider = (provider_of(model) or "").upper()
    return os.environ.get(f"{provider}_BASE_URL") or os.environ.get(f"{provider}_API_BASE") or None


def _parameters(settings: Settings) -> dict[str, JsonValue]:
    """What a grading by one model depends on beside the model, the rubric and the answer."""
    return {
        "model": settings.model,
        "api_base": settings.api_base,
        "prompt_version": PROMPT_VERSION,
        "keyword_version": KEYWORD_VERSION,
        "max_tokens": settings.model_max_tokens,
        "reasks": settings.model_reasks,
    }


def _arranged(settings: Settings) -> dict[str, JsonValue]:
    """What a verdict depends on where several gradings make it."""
    arrangement = arrangement_of(settings)
    return {} if arrangement == Arrangement() else {"arrangement": arrangement.model_dump(mode="json")}


def _build_completer(
    settings: Settings, store: "Store | None", model: str, api_base: str | None, *, temperature: float
) -> "Completer":
    from service.completions import (  # noqa: PLC0415 - loads tenacity
        CompletionOptions,
        LiteLLMCompleter,
        check_model,
        price_of,
    )

    options = CompletionOptions(
        model=model,
        api_base=api_base,
        timeout_s=settings.model_timeout_seconds,
        deadline_s=settings.model_deadline_seconds,
        max_attempts=settings.model_attempts,
        temperature=temperature,
        max_tokens=settings.model_max_tokens,
        concurrency=settings.model_concurrency,
        price=_own_price(settings, model),
        # A run outlasts a short outage; whoever waits for a single answer is told at once.
        outage_patience_s=0.0 if store is None else min(_OUTAGE_PATIENCE_S, settings.model_deadline_seconds),
    )
    check_model(options, setting=_setting_naming(settings, model))
    if settings.budget_usd is not None:
        check_price(settings, model)
    # A budget that runs bring along later; without a price they are refused.
    budget = None if price_of(options) is None else CurrentBudget()
    return LiteLLMCompleter(options, pace=_shared_pace(settings, store, model, api_base), budget=budget)


def price_for(settings: Settings, model: str) -> "Price | None":
    """What a model costs by the settings, else by litellm's table; None where neither knows."""
    from service.completions import CompletionOptions, price_of  # noqa: PLC0415 - loads tenacity

    return price_of(CompletionOptions(model=model, price=_own_price(settings, model)))


def mean_price(settings: Settings, models: Sequence[str]) -> "Price | None":
    """What a token costs on average where each of these models gets as many; None if the price of any is not known."""
    from service.completions import Price  # noqa: PLC0415 - as above

    prices = [price for model in models if (price := price_for(settings, model)) is not None]
    if not prices or len(prices) < len(models):
        return None
    return Price(
        prompt=sum(price.prompt for price in prices) / len(prices),
        completion=sum(price.completion for price in prices) / len(prices),
    )


def _own_price(settings: Settings, model: str) -> "Price | None":
    from service.completions import Price  # noqa: PLC0415 - as above

    own = settings.prices.get(model)
    return None if own is None else Price(**own.model_dump())


def check_price(settings: Settings, model: str) -> None:
    """Find out whether a budget can be kept to with a model.

    Raises:
        SettingsInvalid: nobody knows what it costs.
    """
    if price_for(settings, model) is None:
        example = PRICES_EXAMPLE.replace("openai/my-model", model[:100])
        raise SettingsInvalid(
            f"A budget needs a price, and what {model[:100]!r} costs is not known. Set EVALUATOR_PRICES to US dollars "
            f"per million tokens, such as EVALUATOR_PRICES='{example}'."
        )


def open_store(settings: Settings) -> "Store":
    """Open the database of the settings, or the user's own.

    Raises:
        StoreUnavailable: it cannot be opened.
    """
    from service.store import default_url  # noqa: PLC0415 - what grades one answer needs no database
    from service.store import open_store as open_url  # noqa: PLC0415 - as above

    url = settings.database_url
    return open_url(default_url() if url is None else url.get_secret_value())


def _setting_naming(settings: Settings, model: str) -> str:
    """The variable that names a model."""
    if model == settings.model:
        return f"{PREFIX}MODEL"
    return f"{PREFIX}FRONTIER_MODEL" if model == settings.frontier_model else f"{PREFIX}PANEL_MODELS"


def existing_store(settings: Settings) -> "Store | None":
    """Open the same database if there is one; makes no file.

    Raises:
        StoreUnavailable: it cannot be opened.
    """
    from service.store import default_url, open_existing  # noqa: PLC0415 - as above

    url = settings.database_url
    return open_existing(default_url() if url is None else url.get_secret_value())


def _shared_pace(settings: Settings, store: "Store | None", model: str, api_base: str | None) -> "Pace | None":
    from service.pacing import SharedPace  # noqa: PLC0415 - as above

    if store is None or (settings.requests_per_minute is None and settings.tokens_per_minute is None):
        return None
    return SharedPace(
        store,
        f"{model}@{api_base or ''}"[:60],
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
    )
