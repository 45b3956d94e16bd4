"""The bundled rubrics, the published schema and the digest."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service.rubric import load_rubric, rubric_json_schema
from service.rubric.catalog import bundled_folder
from tests.rubric.yaml_files import FIXTURES, REST, changed, parsed

BUNDLED = sorted(bundled_folder().glob("*.yaml"))
Json = dict[str, Any]


def as_json(text: str) -> Json:
    """YAML as an editor's schema check sees it: keys are text."""
    loaded: Json = json.loads(json.dumps(yaml.safe_load(text)))
    return loaded


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_a_bundled_rubric_loads(path: Path) -> None:
    """Each is named after its id, and every criterion can be graded offline."""
    rubric = load_rubric(path)

    assert rubric.id == path.stem
    assert all(criterion.signals for criterion in rubric.criteria)


@pytest.mark.parametrize("path", [*BUNDLED, FIXTURES / "rest.yaml"], ids=lambda path: path.stem)
def test_the_schema_accepts_a_rubric(path: Path) -> None:
    """An editor that checks against the schema finds no fault in what loads."""
    faults = list(jsonschema.Draft202012Validator(rubric_json_schema()).iter_errors(as_json(path.read_text("utf-8"))))

    assert faults == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("title: Why", "titel: Why", id="unknown key"),
        pytest.param("weight: 1", "weight: heavy", id="wrong type"),
        pytest.param("      0: Silent", "      zero: Silent", id="level that is no number"),
        pytest.param("within: clause", "within: paragraph", id="unknown region"),
        pytest.param("when: sleep-repairs", "when: {al: [memory]}", id="unknown expression"),
        pytest.param("  memory: [", "  My Memory: [", id="concept with a capital"),
        pytest.param("name: weak,", "name: weak, to: 50,", id="unknown key of a band"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(old: str, new: str) -> None:
    """A slip is underlined while it is typed."""
    validator = jsonschema.Draft202012Validator(rubric_json_schema())

    faults = list(validator.iter_errors(as_json(changed(old, new))))

    assert faults


def test_the_schema_is_valid_and_published() -> None:
    """`rubrics/rubric.schema.json` is the schema of this version; `make schema` writes it."""
    schema = rubric_json_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads((bundled_folder() / "rubric.schema.json").read_text("utf-8")) == schema


def test_the_schema_describes_every_key() -> None:
    """Editors show what a key is for; parts of expressions are described by their kind."""
    schema = rubric_json_schema()

    models = {"Rubric": schema, **schema["$defs"]}
    described = ["Band", "Condition", "Criterion", "Level", "RedFlag", "Relation", "Rubric", "Signal", "Source"]
    assert all(model.get("description") for model in models.values())
    assert [
        f"{name}.{key}"
        for name in described
        for key, value in models[name]["properties"].items()
        if "description" not in value
    ] == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# a comment\n" + REST, id="a comment"),
        pytest.param(REST.replace("[memory, memories]", '\n    - "memory"\n    - memories'), id="layout"),
        pytest.param(REST.replace("weight: 1\n", "weight: 1.0\n"), id="1 and 1.0"),
        pytest.param(yaml.safe_dump(yaml.safe_load(REST), sort_keys=True), id="order of keys"),
    ],
)
def test_the_digest_stays(text: str) -> None:
    """What is not content does not count."""
    rubric = parsed(text)

    assert rubric.digest == parsed(REST).digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("weight: 1", "weight: 2", id="weight"),
        pytest.param("Silent on repair.", "Silent.", id="level"),
        pytest.param("[memory, memories]", "[memories, memory]", id="order of a list"),
        pytest.param("within: clause", "within: answer", id="signal"),
        pytest.param("1.0.0", "1.0.1", id="version"),
    ],
)
def test_the_digest_changes(old: str, new: str) -> None:
    """What is content counts."""
    rubric = parsed(changed(old, new))

    assert rubric.digest != parsed(REST).digest
    assert rubric.digest.startswith("sha256:")
    assert len(rubric.digest) == 71


def test_rubrics_are_equal_by_their_content() -> None:
    """Read twice, they are one key; a copy with another field is another rubric, whatever the first one computed."""
    one, other = parsed(REST), parsed(REST)
    digest = one.digest

    renamed = one.model_copy(update={"title": "Another"})

    assert (one == other, hash(one) == hash(other)) == (True, True)
    assert one != renamed
    assert renamed.digest != digest
    assert one.model_copy() == one
    assert one != digest
