"""Grading with a language model: ask, check every claim, and ask again only for what was wrong."""

from service.graders.llm.grader import LLMGrader, LLMOptions

__all__ = ["LLMGrader", "LLMOptions"]
