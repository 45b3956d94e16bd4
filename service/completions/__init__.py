"""Asking a model for a completion: the protocol graders use, and the one door to litellm."""

from service.completions.options import CompletionOptions, Price
from service.completions.prices import price_of, worst_case
from service.completions.protocol import Budget, Completer, Completion, CompletionRequest, LearningCompleter, Pace
from service.completions.starting import check_model, count_tokens
from service.completions.through_litellm import LiteLLMCompleter

__all__ = [
    "Budget",
    "Completer",
    "Completion",
    "CompletionOptions",
    "CompletionRequest",
    "LearningCompleter",
    "LiteLLMCompleter",
    "Pace",
    "Price",
    "check_model",
    "count_tokens",
    "price_of",
    "worst_case",
]
