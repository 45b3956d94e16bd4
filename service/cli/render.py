"""A verdict for reading in a terminal."""

import shutil
import textwrap

import click

from service.coaching import quoted
from service.text.controls import printable
from service.verdict import CriterionVerdict, RedFlagVerdict, Verdict

WIDTH = 100
"""The widest a line gets, in characters; a narrower terminal is kept to."""
NARROWEST = 40
STEPS_SHOWN = 3


def render_verdict(verdict: Verdict, *, color: bool = True) -> str:
    """The verdict as text: the score, each criterion with its evidence, red flags and what to do next."""
    lines = [_headline(verdict, color=color), ""]
    for criterion in verdict.criteria:
        lines += _criterion(criterion, color=color)
    flags = [line for flag in verdict.red_flags for line in _red_flag(flag, color=color)]
    if flags:
        lines += ["", _bold("Red flags", color=color), *flags]
    lines += ["", _bold("Next steps", color=color)]
    steps = verdict.coaching.next_steps[:STEPS_SHOWN]
    lines += [line for step in steps for line in _wrapped(f"+{step.points:g}  {step.advice}", indent=2, hang=8)]
    if not steps:
        lines.append(f"  {_no_steps(verdict)}")
    for notice in verdict.warnings:
        lines += _wrapped(f"Warning ({notice.code}): {notice.message}", indent=0, hang=2)
    for why in verdict.review.why:
        lines += _wrapped(f"For a person to review: {why}", indent=0, hang=2)
    return "\n".join(lines)


def _no_steps(verdict: Verdict) -> str:
    if verdict.score is not None:
        return "Nothing left to add."
    any_graded = any(criterion.status == "graded" for criterion in verdict.criteria)
    return "None in what is graded." if any_graded else "None until something is graded."


def _headline(verdict: Verdict, *, color: bool) -> str:
    grader = verdict.grader.model or "keyword grader"
    if verdict.score is not None:
        filled = round(verdict.score / 5)
        bar = "\u2588" * filled + "\u2591" * (20 - filled)
        headline = f"{bar} {verdict.score:g} of 100, {verdict.band}"
    else:
        headline = f"{verdict.status}: between {verdict.score_low:g} and {verdict.score_high:g} of 100"
    return f"{_bold(headline, color=color)}   ({verdict.rubric.id} {verdict.rubric.version}, {grader})"


def _criterion(criterion: CriterionVerdict, *, color: bool) -> list[str]:
    if criterion.level is None:
        head = f"{'?' * criterion.max_level} {criterion.title}: ungraded"
        return [_styled(head, "yellow", color=color), *_wrapped(criterion.reason, indent=4)]
    dots = "\u25cf" * criterion.level + "\u25cb" * (criterion.max_level - criterion.level)
    ink = "green" if criterion.level == criterion.max_level else "red" if criterion.level == 0 else "yellow"
    points = f"{criterion.points:g}/{criterion.max_points:g}"
    name = "wrong" if criterion.basis == "wrong" else criterion.level_name
    lines = [_styled(f"{dots} {criterion.title}: {name} ({points})", ink, color=color)]
    for evidence in criterion.evidence:
        lines += _wrapped(quoted(evidence.quote), indent=4, hang=5)
    if criterion.evidence:
        lines += _wrapped(f"\u2192 {criterion.reason}", indent=4, hang=6)
    return lines


def _red_flag(flag: RedFlagVerdict, *, color: bool) -> list[str]:
    if flag.status == "absent":
        return []
    if flag.status == "ungraded":
        return _wrapped(f"? {flag.title}: ungraded. {flag.reason or ''}", indent=2, hang=4)
    lines = [_styled(f"  ! {flag.title} (-{flag.penalty:g})", "red", color=color)]
    for evidence in flag.evidence:
        lines += _wrapped(quoted(evidence.quote), indent=4, hang=5)
    return lines


def _wrapped(text: str, *, indent: int, hang: int | None = None) -> list[str]:
    hanging = " " * (indent if hang is None else hang)
    width = min(WIDTH, max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST))
    return textwrap.wrap(
        printable(text), width, initial_indent=" " * indent, subsequent_indent=hanging, break_on_hyphens=False
    )


def _bold(text: str, *, color: bool) -> str:
    return click.style(text, bold=True) if color else text


def _styled(text: str, ink: str, *, color: bool) -> str:
    return click.style(text, fg=ink) if color else text
