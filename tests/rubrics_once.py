"""Rubrics read and compiled once in a process, for tests that build evaluators by the dozen and are about neither."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from service.graders.keyword.compiled import CompiledRubric
from service.graders.keyword.language import Language
from service.rubric import Rubric
from service.rubric.catalog import bundled_folder
from service.rubric.loader import load_rubric

_COMPILED: dict[str, CompiledRubric] = {}
_load_once = cache(load_rubric)


def _load(path: Path) -> Rubric:
    # A test may write a rubric of its own anew under the same name.
    return _load_once(path) if path.parent == bundled_folder() else load_rubric(path)


def _compile(rubric: Rubric, language: Language) -> CompiledRubric:
    if rubric.digest not in _COMPILED:
        _COMPILED[rubric.digest] = CompiledRubric(rubric, language)
    return _COMPILED[rubric.digest]


@pytest.fixture(autouse=True, scope="module")
def rubrics_once() -> Iterator[None]:
    """Import it where it is to be: it holds for every test of a module, or of a folder by its conftest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.rubric.catalog.load_rubric", _load)
        patch.setattr("service.graders.keyword.grader.CompiledRubric", _compile)
        yield
