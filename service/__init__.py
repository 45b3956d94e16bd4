"""Grades a free-text answer against a rubric, and shows the evidence for every level.

A first reading: `wiring` builds everything, `evaluator` is the way from an answer to a verdict, `graders` holds the
two ways to grade, and `replies` decides what of a model's reply is believed.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.errors import (
        AnswerInvalid,
        GraderUnavailable,
        GradingError,
        RubricInvalid,
        RubricNotFound,
        SettingsInvalid,
    )
    from service.evaluator import Evaluator
    from service.rubric import Catalog, Rubric, load_rubric
    from service.settings import Settings, load_settings
    from service.verdict import Verdict
    from service.wiring import build_evaluator

__all__ = [
    "AnswerInvalid",
    "Catalog",
    "Evaluator",
    "GraderUnavailable",
    "GradingError",
    "Rubric",
    "RubricInvalid",
    "RubricNotFound",
    "Settings",
    "SettingsInvalid",
    "Verdict",
    "build_evaluator",
    "load_rubric",
    "load_settings",
]

_HOMES = {
    "Catalog": "rubric",
    "Evaluator": "evaluator",
    "Rubric": "rubric",
    "Settings": "settings",
    "Verdict": "verdict",
    "build_evaluator": "wiring",
    "load_rubric": "rubric",
    "load_settings": "settings",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that `evaluator --help` loads none of them."""
    import importlib  # noqa: PLC0415 - the package itself imports nothing

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
