"""Builds everything from settings, once; nothing below here knows where a setting came from."""

from service.evaluator import Evaluator
from service.graders import Grader
from service.graders.keyword import KeywordGrader
from service.rubric import Catalog
from service.settings import Settings, load_settings


def build_evaluator(settings: Settings | None = None) -> Evaluator:
    """Build an evaluator; without settings they are read from the environment and `.env`.

    Raises:
        SettingsInvalid: the settings contradict one another, or the model's key is missing.
    """
    settings = settings or load_settings()
    keyword = KeywordGrader()
    return Evaluator(
        catalog=Catalog(settings.rubrics_dir),
        grader=_build_llm_grader(settings) if settings.model else keyword,
        fallback=keyword if settings.model else None,
        on_model_failure=settings.on_model_failure,
        max_answer_bytes=settings.max_answer_bytes,
    )


def _build_llm_grader(settings: Settings) -> Grader:
    from service.completions import CompletionOptions, LiteLLMCompleter, check_model  # noqa: PLC0415 - loads tenacity
    from service.graders.llm import LLMGrader, LLMOptions  # noqa: PLC0415 - offline grading needs none of it

    assert settings.model is not None  # noqa: S101 - the caller asked
    options = CompletionOptions(
        model=settings.model,
        api_base=settings.api_base,
        timeout_s=settings.model_timeout_seconds,
        deadline_s=settings.model_deadline_seconds,
        max_attempts=settings.model_attempts,
        max_tokens=settings.model_max_tokens,
        concurrency=settings.model_concurrency,
    )
    check_model(options)
    return LLMGrader(LiteLLMCompleter(options), LLMOptions(max_reasks=settings.model_reasks))
