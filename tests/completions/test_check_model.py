"""What is wrong with a model's name or keys is found at start, with the variables to set."""

import pytest

from service.completions import CompletionOptions, check_model
from service.errors import SettingsInvalid


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("OPENAI", "ANTHROPIC", "GOOGLE", "GEMINI", "AZURE"):
        monkeypatch.delenv(f"{provider}_API_KEY", raising=False)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        pytest.param("openai/gpt-test", "OPENAI_API_KEY", id="openai"),
        pytest.param("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY", id="anthropic"),
        pytest.param("gemini/gemini-2.5-pro", "GOOGLE_API_KEY or GEMINI_API_KEY", id="one of two names"),
        pytest.param("azure/x", "AZURE_API_BASE and AZURE_API_VERSION and AZURE_API_KEY", id="several"),
    ],
)
def test_a_missing_key_is_named(model: str, names: str) -> None:
    """The message says which variables to set."""
    with pytest.raises(SettingsInvalid, match=f"Set {names}\\."):
        check_model(CompletionOptions(model=model))


def test_a_blank_key_is_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files set variables to nothing."""
    monkeypatch.setenv("OPENAI_API_KEY", " ")

    with pytest.raises(SettingsInvalid, match="OPENAI_API_KEY"):
        check_model(CompletionOptions(model="openai/gpt-test"))


@pytest.mark.parametrize("model", ["nobody/gpt-test", "llama-of-my-own"])
def test_an_unknown_provider_is_refused(model: str) -> None:
    """The message shows how a model is named."""
    with pytest.raises(SettingsInvalid, match=f"'{model}' names no known provider.*openai/NAME"):
        check_model(CompletionOptions(model=model, api_base="http://llm.test/v1"))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(CompletionOptions(model="openai/x", api_base="http://llm.test/v1"), id="server of one's own"),
        pytest.param(CompletionOptions(model="ollama_chat/llama3"), id="local"),
        pytest.param(CompletionOptions(model="hosted_vllm/x", api_base="http://llm.test/v1"), id="vllm"),
        pytest.param(CompletionOptions(model="bedrock/anthropic.claude-x"), id="credentials of the machine"),
    ],
)
def test_no_key_is_asked_for_where_none_is_needed(options: CompletionOptions) -> None:
    """Servers of one's own, local models, and clouds that know the machine."""
    check_model(options)


def test_a_key_that_is_set_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is a good one only a call can tell."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-made-up")

    check_model(CompletionOptions(model="anthropic/claude-sonnet-4-5"))
