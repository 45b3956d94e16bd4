"""What to say to the candidate: what to keep, what to do next, and what each step would add."""

from service.grading import FlagGraded, Graded, Grading, Ungraded
from service.rubric import Criterion, RedFlag, Rubric
from service.scoring import Score, points_for
from service.text.controls import printable
from service.verdict import Coaching, NextStep

MAX_STRENGTHS = 3
QUOTE_LENGTH = 160

_STRONG_SHARE = 0.6


def advise_criterion(rubric: Rubric, criterion: Criterion, graded: Graded) -> str | None:
    """Advice that speaks to this answer: what was said, what the next level lacks, what to do. None at the top."""
    if graded.level >= rubric.max_level:
        return None
    parts = []
    if graded.evidence:
        said = f"You said {quoted(graded.evidence[0].quote)}"
        parts += [f"{said}, which does not hold.", graded.reason] if graded.basis == "wrong" else [f"{said}."]
    else:
        parts.append("Your answer does not speak to this yet.")
    if graded.not_higher and graded.level:
        parts.append(f"What {_article(rubric.levels[graded.level + 1].name)} answer adds: {graded.not_higher}")
    parts.append(criterion.advice[graded.level])
    return " ".join(_ended(part) for part in parts)


def advise_red_flag(flag: RedFlag, found: FlagGraded) -> str:
    """Advice on a red flag that is present."""
    said = f"You said {quoted(found.evidence[0].quote)}." if found.evidence else ""
    return f"{said} {flag.advice}".strip()


def coach(rubric: Rubric, grading: Grading, score: Score) -> Coaching:
    """Sum up a grading for the candidate; the step that adds most points comes first."""
    graded = [
        (criterion, result)
        for criterion, result in zip(rubric.criteria, grading.criteria, strict=True)
        if isinstance(result, Graded)
    ]
    steps = [
        NextStep(
            kind="criterion",
            id=criterion.id,
            advice=advice,
            points=points_for(rubric, criterion, 1),
        )
        for criterion, result in graded
        if (advice := advise_criterion(rubric, criterion, result)) is not None
    ]
    steps += [
        NextStep(kind="red_flag", id=flag.id, advice=advise_red_flag(flag, found), points=flag.penalty)
        for flag, found in zip(rubric.red_flags, grading.red_flags, strict=True)
        if isinstance(found, FlagGraded) and found.present
    ]
    steps.sort(key=lambda step: -step.points)  # stable: the rubric's order among equals
    return Coaching(
        summary=_summary(rubric, grading, steps, score),
        strengths=_strengths(rubric, graded),
        next_steps=tuple(steps),
    )


def _strengths(rubric: Rubric, graded: list[tuple[Criterion, Graded]]) -> tuple[str, ...]:
    strong = [
        (criterion, result)
        for criterion, result in graded
        if result.level >= _STRONG_SHARE * rubric.max_level and result.evidence
    ]
    strong.sort(key=lambda pair: -points_for(rubric, pair[0], pair[1].level))
    return tuple(
        f"{criterion.title}: {quoted(result.evidence[0].quote)}" for criterion, result in strong[:MAX_STRENGTHS]
    )


def _summary(rubric: Rubric, grading: Grading, steps: list[NextStep], score: Score) -> str:
    levels = [result.level for result in grading.criteria if isinstance(result, Graded)]
    if not levels:
        return "This answer could not be graded; the reasons stand with each criterion."
    if score.value is not None:
        parts = [f"{score.value:g} of 100 ({score.band})."]
    else:
        parts = [f"Between {score.low:g} and {score.high:g} of 100, because {_open(grading)} could not be graded."]
    at_top, missing = levels.count(rubric.max_level), levels.count(0)
    counts = {"at the top level": at_top, "in between": len(levels) - at_top - missing, "missing or wrong": missing}
    spread = ", ".join(f"{count} {where}" for where, count in counts.items() if count)
    parts.append(f"{_counted(len(levels), 'criterion', 'criteria')} graded: {spread}.")
    if steps and steps[0].points > 0:
        first = steps[0]
        titles = {each.id: each.title for each in rubric.criteria} | {each.id: each.title for each in rubric.red_flags}
        what = "drop the red flag" if first.kind == "red_flag" else "work on"
        parts.append(f"The step that adds most: {what} \u201c{titles[first.id]}\u201d (+{first.points:g} points).")
    return " ".join(parts)


def _open(grading: Grading) -> str:
    criteria = sum(isinstance(result, Ungraded) for result in grading.criteria)
    flags = sum(isinstance(result, Ungraded) for result in grading.red_flags)
    counts = [_counted(criteria, "criterion", "criteria"), _counted(flags, "red flag", "red flags")]
    return " and ".join(text for text, count in zip(counts, (criteria, flags), strict=True) if count)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def quoted(quote: str) -> str:
    """A quote fit to be shown: one line, in quote marks, cut at a word where it is long."""
    text = " ".join(printable(quote).split()).rstrip(".,;:")
    if len(text) > QUOTE_LENGTH:
        text = text[:QUOTE_LENGTH].rsplit(" ", 1)[0] + " \u2026"
    return f"\u201c{text}\u201d"


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _ended(sentence: str) -> str:
    return sentence if sentence.rstrip("\u201d\"'").endswith((".", "!", "?", "\u2026")) else f"{sentence}."
