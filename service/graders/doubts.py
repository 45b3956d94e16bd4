"""Which grades of a grading are in doubt, and why, so that a better grader may look at just these."""

from collections import defaultdict
from collections.abc import Iterable

from service.graders.opinion import FAR_APART, differences
from service.grading import FlagGraded, Graded, Grading, Ungraded
from service.rubric import Rubric
from service.scoring import score_grading

UNGRADED = "ungraded"
REPAIRED = "repaired quote"
REASKED = "re-asked"
DISAGREEING = "samples disagree"
UNLIKE_KEYWORDS = "keyword grader differs"
BAND_EDGE = "band-edge"
CONTRADICTION = "contradiction"

NEAR_EDGE = 3.0
"""Points from a band's edge within which the band hangs on a single level."""


def doubts(rubric: Rubric, grading: Grading, opinion: Grading | None = None) -> dict[str, tuple[str, ...]]:
    """The reasons to doubt, by id, of every criterion and red flag that there are any for.

    Each reason is one of the words above, and they stand in their order. Without a second opinion nothing is compared
    with it; near a band's edge only a grading of the whole rubric can be.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for item in (*grading.criteria, *grading.red_flags):
        if reasons := list(_of(item)):
            found[item.id] += reasons
    for item_id in _unlike(grading, opinion):
        found[item_id].append(UNLIKE_KEYWORDS)
    for item_id in _deciding_band(rubric, grading):
        found[item_id].append(BAND_EDGE)
    return {item_id: tuple(reasons) for item_id, reasons in found.items()}


def _of(item: Graded | FlagGraded | Ungraded) -> Iterable[str]:
    """What shows in one grade by itself."""
    if isinstance(item, Ungraded):
        yield UNGRADED
        return
    if any(span.state == "repaired" for span in item.evidence):
        yield REPAIRED
    if item.reasked:
        yield REASKED
    if isinstance(item, Graded) and item.spread:
        yield DISAGREEING


def _unlike(grading: Grading, opinion: Grading | None) -> list[str]:
    """Criteria at which the second opinion, with evidence, gives a level far from this one."""
    if opinion is None:
        return []
    shown = {item.id for item in opinion.criteria if isinstance(item, Graded) and item.evidence}
    apart = differences(grading, opinion)
    return [item_id for item_id, difference in apart.items() if abs(difference) >= FAR_APART and item_id in shown]


def _deciding_band(rubric: Rubric, grading: Grading) -> list[str]:
    """Near the edge of a band, the criteria any of which would move the score across it by one level."""
    if len(grading.criteria) != len(rubric.criteria) or len(grading.red_flags) != len(rubric.red_flags):
        return []
    score = score_grading(rubric, grading).value
    if score is None:
        return []
    near = [band.from_score for band in rubric.bands[1:] if abs(score - band.from_score) <= NEAR_EDGE]
    steps = {-1 if score >= edge else 1 for edge in near}
    return [
        item.id
        for place, item in enumerate(grading.criteria)
        if isinstance(item, Graded) and any(_crosses(rubric, grading, place, item.level + step, near) for step in steps)
    ]


def _crosses(rubric: Rubric, grading: Grading, place: int, level: int, edges: Iterable[float]) -> bool:
    """Whether another level of one criterion would take the score across one of the edges."""
    if not 0 <= level <= rubric.max_level:
        return False
    moved = grading.criteria[place].model_copy(update={"level": level})
    criteria = (*grading.criteria[:place], moved, *grading.criteria[place + 1 :])
    before, after = (
        score_grading(rubric, each).low for each in (grading, grading.model_copy(update={"criteria": criteria}))
    )
    return any((before >= edge) != (after >= edge) for edge in edges)
