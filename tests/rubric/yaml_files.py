"""A small rubric file to break, and where in a changed file something stands."""

from pathlib import Path

from service.rubric import Rubric, parse_rubric

FIXTURES = Path(__file__).parent.parent.parent / "fixtures" / "rubrics"
REST = (FIXTURES / "rest.yaml").read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    """The file with the first occurrence of a text replaced."""
    assert old in REST
    return REST.replace(old, new, 1)


def place_of(text: str, marker: str) -> tuple[int, int]:
    """Line and column, from 1, where a marker first stands."""
    before = text[: text.index(marker)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def parsed(text: str) -> Rubric:
    """The rubric in a text."""
    return parse_rubric(text.encode())


def with_parts(rubric: Rubric, **parts: object) -> Rubric:
    """The same rubric with other parts, and nothing kept of what was computed from the old ones."""
    return Rubric.model_validate({name: getattr(rubric, name) for name in Rubric.model_fields} | parts, by_name=True)
