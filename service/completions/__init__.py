"""Asking a model for a completion: the protocol graders use, and the one door to litellm."""

from service.completions.protocol import Completer, Completion, CompletionRequest
from service.completions.through_litellm import CompletionOptions, LiteLLMCompleter, check_model

__all__ = ["Completer", "Completion", "CompletionOptions", "CompletionRequest", "LiteLLMCompleter", "check_model"]
