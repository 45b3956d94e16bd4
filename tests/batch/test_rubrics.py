from collections.abc import Sequence

import pytest

from service.batch.rubrics import Choice, RubricChoice
from service.rubric import Rubric
from service.submission import Fault, Passage
from tests.batch.runs import submission

RAG, TINY, REST = "rag-vs-fine-tuning", "tiny", "rest"
CHAIN = "What do you do so that a bicycle chain lasts?"


@pytest.mark.parametrize(
    ("there", "default", "fields", "chosen"),
    [
        pytest.param((RAG, TINY), None, {"rubric": TINY}, TINY, id="named in the line"),
        pytest.param((RAG, TINY), RAG, {"rubric": TINY}, TINY, id="the line goes before the default"),
        pytest.param((RAG, TINY), TINY, {}, TINY, id="the default"),
        pytest.param((RAG, TINY), RAG, {"question": CHAIN}, RAG, id="the default goes before the question"),
        pytest.param((), TINY, {"rubric": TINY}, TINY, id="the default by its name, in no catalog"),
        pytest.param((RAG, TINY, REST), None, {"question": CHAIN}, TINY, id="by the question"),
        pytest.param((RAG,), None, {}, RAG, id="the only one there is"),
        pytest.param((RAG, TINY), RAG, {"rubric": TINY, "reference": "So."}, TINY, id="a rubric beside a reference"),
        pytest.param((RAG,), RAG, {"reference": "It melts."}, "reference", id="a reference goes before the default"),
    ],
)
def test_the_rubric_that_is_meant_is_chosen(
    rubrics: dict[str, Rubric], there: Sequence[str], default: str | None, fields: dict[str, str], chosen: str
) -> None:
    """What a line says goes before what the command says, and that before what the question suggests."""
    choice = RubricChoice({each: rubrics[each] for each in there}, rubrics[default] if default else None)

    found = choice.choose(submission(**fields))

    assert isinstance(found, Choice)
    assert found.rubric.id == chosen
    assert (found.similarity is not None) == ("question" in fields and default is None)


@pytest.mark.parametrize(
    ("there", "default", "fields", "fault"),
    [
        pytest.param(
            (RAG, TINY), None, {"rubric": "none"}, ("rubric-not-found", "rag-vs-fine-tuning, tiny"), id="unknown"
        ),
        pytest.param((RAG,), RAG, {"rubric": TINY}, ("rubric-not-found", "'tiny'"), id="unknown beside a default"),
        pytest.param(
            (RAG, TINY), None, {}, ("no-rubric", "rag-vs-fine-tuning, tiny"), id="several, and nothing to tell by"
        ),
        pytest.param((), None, {}, ("no-rubric", "none"), id="none at all"),
        pytest.param((), None, {"question": CHAIN}, ("no-rubric", "there is none"), id="none to match"),
        pytest.param(
            (RAG, TINY), None, {"question": "What is your weakness?"}, ("no-rubric", "0.00 of 0.5"), id="unlike any"
        ),
        pytest.param((RAG,), RAG, {"reference": "..."}, ("reference-invalid", "no words"), id="no reference"),
    ],
)
def test_what_has_no_rubric_fails_with_what_to_do(
    rubrics: dict[str, Rubric],
    there: Sequence[str],
    default: str | None,
    fields: dict[str, str],
    fault: tuple[str, str],
) -> None:
    """Nothing is graded by a rubric that nobody meant."""
    choice = RubricChoice({each: rubrics[each] for each in there}, rubrics[default] if default else None)

    found = choice.choose(submission(**fields))

    assert isinstance(found, Fault)
    assert found.code == fault[0]
    assert fault[1] in found.message


def test_an_interview_needs_more_than_being_the_only_rubrics(rubrics: dict[str, Rubric]) -> None:
    """Small talk is not graded by the only rubric there is."""
    choice = RubricChoice({RAG: rubrics[RAG]})

    found = choice.choose(submission(passages=(Passage(start=0, end=3, turn=1),)))

    assert isinstance(found, Fault)
    assert found.code == "no-rubric"


def test_a_fault_repeats_nothing_that_was_said(rubrics: dict[str, Rubric]) -> None:
    """Neither the answer nor the question."""
    choice = RubricChoice(rubrics)

    found = choice.choose(submission("canary-answer", question="canary-question of something else"))

    assert isinstance(found, Fault)
    assert "canary" not in found.message
