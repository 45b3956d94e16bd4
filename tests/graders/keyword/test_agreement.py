"""The keyword grader against labelled answers: a change of signals that breaks a criterion must not go unseen."""

import hashlib
from collections.abc import Sequence
from statistics import mean

import pytest

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.grading import Graded
from service.rubric import Rubric
from tests.conftest import Labelled, labelled_answers


def is_set_aside(labelled: Labelled) -> bool:
    """Whether no signal was written with this answer in view."""
    return labelled.id[0] != "n" and int(hashlib.sha256(labelled.id.encode()).hexdigest(), 16) % 3 == 0


def quadratic_kappa(given: Sequence[int], labelled: Sequence[int], levels: int = 4) -> float:
    """Cohen's weighted kappa with the squared distance as weight; 1 agrees, 0 is chance (Cohen 1968)."""
    disagreement = sum((one - other) ** 2 for one, other in zip(given, labelled, strict=True))
    chance = sum(
        given.count(one) * labelled.count(other) * (one - other) ** 2
        for one in range(levels)
        for other in range(levels)
    )
    return 1 - disagreement * len(given) / chance if chance else 0.0


@pytest.mark.parametrize(
    ("set_aside", "least"),
    [
        # Floors somewhat below what was measured: 0.84 on the answers the signals were tuned on, 0.59 on the others.
        pytest.param(False, 0.75, id="tuned on"),
        pytest.param(True, 0.5, id="set aside"),
    ],
)
def test_levels_agree_with_the_labels(rubric: Rubric, set_aside: bool, least: float) -> None:  # noqa: FBT001 - pytest passes it
    """The mean kappa over the criteria stays above a floor."""
    answers = [row for row in labelled_answers("answers", "more") if is_set_aside(row) == set_aside]
    grader = KeywordGrader()
    gradings = [grader.grade_now(rubric, parse_answer(row.answer)) for row in answers]

    kappas = []
    for index, criterion in enumerate(rubric.criteria):
        graded = [grading.criteria[index] for grading in gradings]
        levels = [item.level for item in graded if isinstance(item, Graded)]
        kappas.append(quadratic_kappa(levels, [row.levels[criterion.id] for row in answers]))

    assert mean(kappas) > least
