"""What the verdicts of one rubric share, for packing them small."""

from datetime import UTC, datetime

from service.answer import Answer
from service.evaluator import build_verdict
from service.grading import FlagGraded, Graded, GraderInfo, Grading
from service.rubric import Rubric


def verdict_dictionary(rubric: Rubric) -> bytes:
    """Verdicts at every level, from the top down: what comes last counts most, and most answers leave most out.

    It has to stay as it is for as long as anything packed against it is kept, so it is stored beside the rubric.
    """
    return b"".join(_verdict_at(rubric, level) for level in range(rubric.max_level, -1, -1))


def _verdict_at(rubric: Rubric, level: int) -> bytes:
    grading = Grading(
        grader=GraderInfo(kind="keyword"),
        criteria=tuple(
            Graded(
                id=criterion.id,
                level=level,
                basis="supported" if level else "absent",
                reason=f"Nothing was found in the answer that claims this: {criterion.title}",
                not_higher=criterion.levels[level + 1].strip() if level < rubric.max_level else None,
            )
            for criterion in rubric.criteria
        ),
        red_flags=tuple(FlagGraded(id=flag.id, present=False) for flag in rubric.red_flags),
    )
    answer = Answer(text=" ")
    verdict = build_verdict(rubric, answer, grading, verdict_id="", created_at=datetime(2000, 1, 1, tzinfo=UTC))
    return verdict.model_dump_json().encode()
