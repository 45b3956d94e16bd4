"""How well the keyword grader agrees with labels."""

import hashlib
from collections.abc import Sequence
from statistics import mean

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.grading import Graded
from service.rubric import Rubric
from tests.conftest import Labelled


def third(answer_id: str) -> bool:
    """Whether an id belongs to the third that its SHA-256 picks."""
    return int(hashlib.sha256(answer_id.encode()).hexdigest(), 16) % 3 == 0


def quadratic_kappa(given: Sequence[int], labelled: Sequence[int], levels: int = 4) -> float:
    """Cohen's weighted kappa with the squared distance as weight; 1 agrees, 0 is chance (Cohen 1968)."""
    disagreement = sum((one - other) ** 2 for one, other in zip(given, labelled, strict=True))
    chance = sum(
        given.count(one) * labelled.count(other) * (one - other) ** 2
        for one in range(levels)
        for other in range(levels)
    )
    return 1 - disagreement * len(given) / chance if chance else 0.0


def mean_kappa(rubric: Rubric, answers: Sequence[Labelled]) -> float:
    """The mean over the criteria of the kappa between the keyword grader and the labels."""
    grader = KeywordGrader()
    gradings = [grader.grade_now(rubric, parse_answer(row.answer)) for row in answers]
    kappas = []
    for index, criterion in enumerate(rubric.criteria):
        graded = [grading.criteria[index] for grading in gradings]
        levels = [item.level for item in graded if isinstance(item, Graded)]
        kappas.append(quadratic_kappa(levels, [row.levels[criterion.id] for row in answers]))
    return mean(kappas)
