"""The rubrics that come with the service, together."""

from itertools import permutations

import pytest

from service.questions import MATCH_FROM, MISMATCH_BELOW, match_question, question_similarity
from service.rubric import Catalog, Rubric

RUBRICS = Catalog().all()


@pytest.mark.parametrize(("one", "other"), [pytest.param(*pair, id=pair[0].id) for pair in permutations(RUBRICS, 2)])
def test_no_question_is_taken_for_another_rubrics(one: Rubric, other: Rubric) -> None:
    """A question of one rubric chooses that one, and is a mismatch for any other."""
    for question in (one.question, *one.question_variants):
        assert match_question(one, question) >= MATCH_FROM
        assert match_question(other, question) < MATCH_FROM
        assert question_similarity(other, question) < MISMATCH_BELOW


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Where did you work before?", id="career"),
        pytest.param("Can you tell me about a project, step by step?", id="a project"),
        pytest.param("How do you make sure that your work is safe?", id="work in general"),
        pytest.param("How do you switch between tasks on a busy day?", id="switching tasks"),
        pytest.param("What would you replace in our product?", id="a product"),
    ],
)
def test_a_question_of_any_interview_chooses_none(question: str) -> None:
    """Words that every profession uses are not enough."""
    assert all(match_question(rubric, question) < MATCH_FROM for rubric in RUBRICS)
