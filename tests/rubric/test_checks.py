"""Everything that can be wrong between the parts of a rubric whose shape is right."""

import pytest

from service.errors import RubricInvalid
from tests.rubric.yaml_files import REST, changed, parsed, place_of

SIGNAL = "when: sleep-repairs"
PATTERN = "both: {all: [sleep-repairs, memory]}"
THEN = "then: {criterion: repair, at_most: 1}"
FLAG = "when: {red_flag: no-sleep}"


@pytest.mark.parametrize(
    ("old", "new", "at", "message", "hint"),
    [
        pytest.param(
            "id: no-sleep", "id: repair", "repair\n    title: Sleep", "'repair' is used", "its own id", id="id twice"
        ),
        pytest.param(
            "{level: 1, name: named",
            "{level: 2, name: named",
            "2, name: named",
            "level 2 where level 1",
            "gap",
            id="levels out of order",
        ),
        pytest.param(
            "name: named",
            "name: missing",
            "missing, means: Named",
            "'missing' is used twice",
            "its own",
            id="level name twice",
        ),
        pytest.param("weight: 1", "weight: 0", "- id: repair", "the weights add up to 0", "above 0", id="no weight"),
        pytest.param(
            "      1: Says that sleep helps.\n",
            "",
            "0: Silent",
            "repair: level 1 is missing",
            "every level",
            id="level not described",
        ),
        pytest.param(
            "      1: Say what it repairs.\n",
            "",
            "0: Speak",
            "repair: level 1 is missing",
            "below the top",
            id="no advice",
        ),
        pytest.param(
            "    advice:\n      0:",
            "      3: More.\n    advice:\n      0:",
            "3: More",
            "level 3 is one too many",
            "from 0",
            id="level too many",
        ),
        pytest.param(
            "      1: Say what",
            "      2: x\n      1: Say what",
            "2: x",
            "level 2 is one too many",
            "below the top",
            id="advice for the top",
        ),
        pytest.param(
            "source: [repair]",
            "source: [repairs]",
            "repairs]",
            "there is no part 'repairs'",
            "mean 'repair'?",
            id="source part",
        ),
        pytest.param(
            "from: 0",
            "from: 5",
            "5}\n  - {name: strong",
            "the first band does not begin at 0",
            "at 0",
            id="bands above 0",
        ),
        pytest.param(
            "from: 50",
            "from: 0",
            "0}\ngloss",
            "'strong' does not begin above 'weak'",
            "upwards",
            id="bands out of order",
        ),
        pytest.param(
            "name: strong", "name: weak", "weak, from: 50", "the band 'weak' is used twice", "its own", id="band twice"
        ),
        pytest.param(
            SIGNAL,
            "when: sleep-repair",
            "sleep-repair\n",
            "no concept or pattern 'sleep-repair'",
            "mean 'sleep-repairs'?",
            id="concept",
        ),
        pytest.param(
            SIGNAL, "when: $reason", "$reason", "no concept or pattern '$reason'", "correct the name", id="marker"
        ),
        pytest.param(
            SIGNAL,
            SIGNAL + "\n          unless: dreams",
            "dreams",
            "no concept or pattern 'dreams'",
            "glossary",
            id="in unless",
        ),
        pytest.param(
            SIGNAL,
            "when: {figure: {unit: hours, min: 7}}",
            "{figure",
            "no concept or pattern 'hours'",
            "glossary",
            id="unit",
        ),
        pytest.param(
            SIGNAL, "when: {figure: {min: 9, max: 7}}", "{figure", "min is above its max", "Swap", id="figure"
        ),
        pytest.param(
            SIGNAL,
            "when: {denied: both}",
            "{denied",
            "'both' is a pattern",
            "concept of the glossary",
            id="denied pattern",
        ),
        pytest.param(
            SIGNAL,
            "when: {reached: {level: 1}}",
            "{reached",
            "stands outside a red flag",
            "one another",
            id="reached outside a flag",
        ),
        pytest.param(
            "of: [repair]",
            "of: [repairs]",
            "{all: [memory",
            "no criterion 'repairs'",
            "mean 'repair'?",
            id="reached of nothing",
        ),
        pytest.param(
            "reached: {level: 1",
            "reached: {level: 3",
            "{all: [memory",
            "level 3 is above the scale",
            "is 2",
            id="reached too high",
        ),
        pytest.param(
            "      2:\n        - when",
            "      3:\n        - when",
            "3:\n",
            "no signal can earn level 3",
            "1 to 2",
            id="signal level",
        ),
        pytest.param(
            "  both:",
            "  memory:",
            "memory: {all",
            "'memory' is a concept too",
            "another name",
            id="pattern named as a concept",
        ),
        pytest.param(
            PATTERN, "both: {any: [both, memory]}", "both: {any", "circle: both → both", "Break", id="circular pattern"
        ),
        pytest.param(
            PATTERN, "both: more\n  more: {none: both}", "both: more", "round in a circle", "Break", id="circle of two"
        ),
        pytest.param(
            THEN,
            "then: {criterion: repairs, at_most: 1}",
            "{criterion",
            "no criterion 'repairs'",
            "mean 'repair'?",
            id="relation: criterion",
        ),
        pytest.param(
            FLAG,
            "when: {red_flag: nosleep}",
            "{red_flag",
            "no red flag 'nosleep'",
            "mean 'no-sleep'?",
            id="relation: flag",
        ),
        pytest.param(
            THEN,
            "then: {criterion: repair}",
            "{criterion",
            "says nothing about the level",
            "at_least",
            id="relation: no level",
        ),
        pytest.param(
            THEN,
            "then: {criterion: repair, at_most: 3}",
            "{criterion",
            "above the scale",
            "is 2",
            id="relation: level too high",
        ),
        pytest.param(
            THEN,
            "then: {criterion: repair, at_most: 0, at_least: 1}",
            "{criterion",
            "no level is at least",
            "Swap",
            id="relation: no level left",
        ),
        pytest.param(
            THEN,
            "then: {criterion: repair, present: true}",
            "{criterion",
            "`present` is for red flags",
            "at_least",
            id="relation: present",
        ),
        pytest.param(
            FLAG,
            "when: {red_flag: no-sleep, at_least: 1}",
            "{red_flag",
            "a red flag has no level",
            "present",
            id="relation: level of a flag",
        ),
        pytest.param(FLAG, "when: {}", "{}\n", "one criterion or one red flag", "not both", id="relation: nothing"),
    ],
)
def test_what_does_not_add_up(old: str, new: str, at: str, message: str, hint: str) -> None:
    """The problem is at its line and column, and says what to do."""
    text = changed(old, new)

    with pytest.raises(RubricInvalid) as caught:
        parsed(text)

    problem = next(each for each in caught.value.problems if message in each.message)
    assert hint in problem.hint
    assert (problem.line, problem.column) == place_of(text, at)


@pytest.mark.parametrize(
    "patterns",
    [
        pytest.param([f"p{i + 1}: {{any: [p{i}, p{i}]}}" for i in range(40)], id="that double"),
        pytest.param([f"p{i + 1}: {{none: p{i}}}" for i in range(200)], id="that are nested"),
    ],
)
def test_patterns_that_stand_for_too_much(patterns: list[str]) -> None:
    """A short file cannot make the grader write out millions of expressions."""
    text = REST.replace("patterns:\n", "patterns:\n  p0: memory\n" + "".join(f"  {line}\n" for line in patterns))

    with pytest.raises(RubricInvalid) as caught:
        parsed(text)

    assert "stands for more than 5,000 expressions" in str(caught.value)


def test_a_criterion_for_coaching_only_is_fine() -> None:
    """Weight 0 is allowed beside a criterion that counts."""
    start, end = REST.index("  - id: repair"), REST.index("red_flags:")
    second = REST[start:end].replace("id: repair", "id: more").replace("weight: 1", "weight: 0")

    rubric = parsed(REST[:end] + second + REST[end:])

    assert [criterion.weight for criterion in rubric.criteria] == [1, 0]
