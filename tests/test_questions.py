"""How like a rubric's own question another question is."""

import pytest

from service.questions import MISMATCH_BELOW, question_similarity
from service.rubric import Rubric


def test_a_rubrics_own_questions_are_alike(rubric: Rubric) -> None:
    """The question and each of its variants match fully."""
    found = [question_similarity(rubric, question) for question in (rubric.question, *rubric.question_variants)]

    assert found == [1.0] * len(found)


@pytest.mark.parametrize(
    "question",
    [
        "When would you fine-tune?",
        "RAG vs fine tuning?",
        "how do you CHOOSE between prompts, retrieval and FINE-TUNING",
        "Would you add retrieval or train a model for our assistant?",
    ],
)
def test_another_wording_is_alike(rubric: Rubric, question: str) -> None:
    """Case, endings and order do not make another question of it."""
    found = question_similarity(rubric, question)

    assert found >= MISMATCH_BELOW


@pytest.mark.parametrize(
    "question",
    [
        "What is your favourite colour?",
        "How would you design a rate limiter?",
        "how do you?",
        "",
        "???",
        "\u77e5\u8b58",
    ],
)
def test_another_question_is_not(rubric: Rubric, question: str) -> None:
    """Words that every question has count for nothing."""
    found = question_similarity(rubric, question)

    assert found < MISMATCH_BELOW


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Tell me about a time you disagreed with an engineer.", id="an engineer"),
        pytest.param("Which product launch slipped?", id="a product"),
    ],
)
def test_a_single_common_word_of_many_says_nothing(rubric: Rubric, question: str) -> None:
    """However short the question: its subject is in the other words."""
    found = question_similarity(rubric, question)

    assert found == 0.0
