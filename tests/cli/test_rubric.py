"""`evaluator rubric list|show|check|schema`."""

import json
from pathlib import Path

import jsonschema
from click.testing import CliRunner, Result

from service.cli.main import cli
from service.rubric import Catalog, Rubric
from service.rubric.catalog import bundled_folder


def run(*arguments: str) -> Result:
    """Run `evaluator rubric ...` in this process."""
    return CliRunner().invoke(cli, ["rubric", *arguments])


def test_list_names_each_rubric() -> None:
    """A line a rubric, beginning with the id that --rubric takes."""
    result = run("list")

    assert [line.split()[0] for line in result.stdout.splitlines()] == ["rag-vs-fine-tuning", "safe-isolation"]


def test_list_as_json(rubric: Rubric) -> None:
    """Machines get the digest too."""
    result = run("list", "--json")

    assert json.loads(result.stdout)[0]["digest"] == rubric.digest


def test_show_describes_every_level(rubric: Rubric) -> None:
    """All that an answer is held to can be read at the terminal."""
    result = run("show", "rag-vs-fine-tuning")

    assert all(text in result.stdout for criterion in rubric.criteria for text in criterion.levels.values())
    assert all(flag.title in result.stdout for flag in rubric.red_flags)


def test_show_as_json_is_a_rubric_again(rubric: Rubric) -> None:
    """What is printed can be read back and is the same rubric."""
    result = run("show", "rag-vs-fine-tuning", "--json")

    assert Rubric.model_validate_json(result.stdout).digest == rubric.digest


def test_check_passes_the_bundled_rubrics() -> None:
    """Every rubric that comes with the service is fine."""
    files = [str(path) for path in bundled_folder().glob("*.yaml")]

    result = run("check", *files)

    assert (result.exit_code, result.stdout.count("fine;")) == (0, len(files))


def test_check_names_the_place_and_the_remedy(tmp_path: Path) -> None:
    """A broken file is exit code 2, with file, line and column; the fine one beside it is still checked."""
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: broken\nversion: 1.0\n", encoding="utf-8")

    result = run("check", str(broken), str(bundled_folder() / "rag-vs-fine-tuning.yaml"))

    assert result.exit_code == 2
    assert f"{broken}:2:10: version: " in result.stderr
    assert "fine;" in result.stdout


def test_check_says_what_a_file_must_be_called(tmp_path: Path) -> None:
    """A fine rubric under another name would stop the service from starting."""
    copy = tmp_path / "copy.yaml"
    copy.write_bytes((bundled_folder() / "rag-vs-fine-tuning.yaml").read_bytes())

    result = run("check", str(copy))

    assert result.exit_code == 0
    assert "its name must be rag-vs-fine-tuning.yaml" in result.stderr


def test_schema_is_what_is_published() -> None:
    """`rubrics/rubric.schema.json` is made by this command, and is itself a valid schema."""
    result = run("schema")

    assert result.stdout == (bundled_folder() / "rubric.schema.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_check_tells_what_has_no_signals(tmp_path: Path) -> None:
    """Such a criterion is graded offline all the same, from its own words."""
    file = tmp_path / "plain.yaml"
    whole = Catalog().get("safe-isolation")
    first = whole.criteria[0].model_copy(update={"signals": {}})
    plain = whole.model_copy(update={"id": "plain", "criteria": (first, *whole.criteria[1:])})
    file.write_text(plain.model_dump_json(by_alias=True), encoding="utf-8")

    ended = run("check", str(file))

    assert ended.exit_code == 0, ended.stderr
    assert f"graded from its own words, weakly or not at all: {first.id}" in ended.stderr
