"""What `docs/rubrics.md` shows is true."""

import re

import pytest
import yaml

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.grading import FlagGraded, Graded
from service.rubric import Criterion, RedFlag, Rubric, Signal, parse_rubric
from service.rubric.signals import KINDS, MARKERS
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "rubrics.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.partition("```yaml\n")[2].partition("```")[0]


@pytest.fixture(scope="module")
def example() -> Rubric:
    """The complete example of the page."""
    return parse_rubric(EXAMPLE.encode())


@pytest.mark.parametrize(
    ("answer", "levels", "flagged"),
    [
        pytest.param("I approve most things without reading them.", [0, 0], True, id="nothing, and the flag"),
        pytest.param(
            "I want small pull requests because I miss bugs in a large one. I stay polite: I ask a question.",
            [2, 2],
            False,
            id="the top",
        ),
        pytest.param("A small PR is what I want to see. I stay friendly.", [1, 1], False, id="named"),
        pytest.param("I never approve a change without reading it.", [0, 0], False, id="the flag denied"),
    ],
)
async def test_the_example_grades(example: Rubric, answer: str, levels: list[int], flagged: bool) -> None:  # noqa: FBT001
    """The example does offline what its levels say."""
    grading = await KeywordGrader().grade(example, parse_answer(answer))

    assert [result.level for result in grading.criteria if isinstance(result, Graded)] == levels
    assert [flag.present for flag in grading.red_flags if isinstance(flag, FlagGraded)] == [flagged]


@pytest.mark.parametrize("model", [Rubric, Criterion, RedFlag, Signal], ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[Rubric]) -> None:
    """No key of the format is missing from the page."""
    keys = {field.alias or name for name, field in model.model_fields.items()}

    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_every_expression_is_shown() -> None:
    """Each kind of expression and each marker stands in a table."""
    missing = {kind for kind in KINDS if f"| `{{{kind}: " not in PAGE} | {
        name for name in MARKERS if f"`{name}`" not in PAGE
    }

    assert missing == set()


@pytest.mark.parametrize("expression", re.findall(r"^\| `(\{.*?\})` \|", PAGE, re.MULTILINE))
def test_every_expression_shown_is_valid(expression: str) -> None:
    """An example from the table can be pasted into a signal of a red flag."""
    tree = yaml.safe_load(EXAMPLE)
    tree["red_flags"][0]["signals"] = [{"when": yaml.safe_load(expression), "why": "You said so."}]

    rubric = parse_rubric(yaml.safe_dump(tree).encode())

    assert len(rubric.red_flags[0].signals) == 1
