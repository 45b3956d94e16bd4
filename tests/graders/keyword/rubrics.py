"""Small rubrics made for one test each."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.grading import Graded, Grading
from service.rubric import Rubric
from service.rubric.checks import check_rubric

GLOSSARY = {
    "bike": ["bike", "bicycle", "BMX"],
    "car": ["car", "drive"],
    "short-trip": ["short trip", "short ride", "near by"],
    "long-trip": ["long trip", "far away", "long ... ride"],
    "broken": ["not start", "broken down"],
    "kilometre": ["kilometre", "km"],
    "price": ["euro", "costs", "$"],
}


def make_rubric(
    when: Any = "bike",
    *,
    level: int = 2,
    signals: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
    red_flags: Sequence[Mapping[str, Any]] = (),
    glossary: Mapping[str, Sequence[str]] | None = None,
    **fields: Any,
) -> Rubric:
    """A rubric with one criterion, `travel`, that an expression lifts to a level."""
    scale = range(4)
    within = fields.pop("within", "sentence")
    content = {
        "id": "travel",
        "version": "1.0.0",
        "title": "How to travel",
        "language": "en",
        "question": "How do you choose between a bike, a car and a train for a trip in town?",
        "source": {"title": "A book on travel", "parts": {"one": "The first part."}},
        "levels": [{"level": number, "name": f"level-{number}", "means": "."} for number in scale],
        "criteria": [
            {
                "id": "travel",
                "title": "Chooses how to travel",
                "weight": 1,
                "source": ["one"],
                "description": ".",
                "levels": {number: f"What level {number} looks like." for number in scale},
                "advice": dict.fromkeys(range(3), "."),
                "signals": signals if signals is not None else {level: [_signal(when, within)]},
            }
        ],
        "red_flags": [
            {"title": ".", "penalty": 5, "source": ["one"], "description": ".", "advice": ".", **flag}
            for flag in red_flags
        ],
        "bands": [{"name": "all", "from": 0}],
        "glossary": glossary or GLOSSARY,
        **fields,
    }
    rubric = Rubric.model_validate(content)
    assert not check_rubric(rubric)
    return rubric


def grade(rubric: Rubric, text: str, question: str | None = None) -> Grading:
    """Grade a text."""
    return KeywordGrader().grade_now(rubric, parse_answer(text, question=question))


def travel(rubric: Rubric, text: str) -> Graded:
    """What the one criterion got."""
    (graded,) = grade(rubric, text).criteria
    assert isinstance(graded, Graded)
    return graded


def _signal(when: Any, within: str) -> Mapping[str, Any]:
    return {"when": when, "within": within, "why": "Chooses well."}
