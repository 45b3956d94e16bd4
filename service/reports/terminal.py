"""A summary for reading in a terminal."""

import textwrap

from service.reports.model import CriterionSummary, RubricSummary, Summary
from service.text.controls import printable

NARROWEST = 40
FLAGS_SHOWN = 3
STEPS_SHOWN = 3
INTERVIEWS_SHOWN = 10

_EIGHTHS = " \u258f\u258e\u258d\u258c\u258b\u258a\u2589\u2588"
_HEIGHTS = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"


def render_summary(summary: Summary, *, width: int = 80) -> str:
    """The summary as plain text of about thirty lines for one rubric, none wider than `width` (at least 40)."""
    width = max(width, NARROWEST)
    lines = [_cut(_counts(summary), width)]
    if summary.failures:
        lines.append(_cut("Failed: " + ", ".join(f"{code} {n:,}" for code, n in summary.failures.items()), width))
    for rubric in summary.rubrics:
        lines += ["", *_rubric(rubric, width)]
    if summary.unlisted:
        lines += ["", f"{summary.unlisted:,} graded by rubrics of their own, not counted in the figures"]
    if summary.interviews:
        lines += ["", *_interviews(summary, width)]
    return "\n".join(lines)


def _counts(summary: Summary) -> str:
    counts = ", ".join(f"{count:,} {status}" for status, count in summary.statuses.items() if count)
    return f"{_number(summary.answers, 'answer')}: {counts}" if counts else "No answers"


def _rubric(rubric: RubricSummary, width: int) -> list[str]:
    scores = rubric.scores
    lines = [_cut(f"{rubric.title} ({rubric.id} {rubric.version})", width)]
    if scores.known:
        figures = f"mean {scores.mean:g}, median {scores.median:g}, spread {scores.spread:g}"
        lines.append(
            _cut(f"Scores  {figures}, {scores.lowest:g} to {scores.highest:g} ({scores.known:,} known)", width)
        )
        lines.append(f"        0 {_skyline(scores.histogram)} 100")
    bands = [f"{band.name} {band.answers:,}" for band in rubric.bands]
    bands += [f"open {rubric.open_band:,}"] if rubric.open_band else []
    lines.append(_cut("Bands   " + ", ".join(bands), width))
    if rubric.degraded:
        lines.append(_cut(f"{rubric.degraded:,} degraded: graded by the fallback, on a scale of its own", width))
    lines += ["Criteria (mean level, points lost)", *(_criterion(item, width) for item in rubric.criteria)]
    flags = [flag for flag in rubric.red_flags if flag.present][:FLAGS_SHOWN]
    if flags:
        lines.append("Commonest red flags")
        lines += [_cut(f"  {flag.present:>6,}  {flag.title}", width) for flag in flags]
    steps = [step for step in rubric.next_steps if step.points][:STEPS_SHOWN]
    if steps:
        lines.append("Most useful next steps")
    for step in steps:
        what = f"{step.title}: +{step.points:,.1f} over {_number(step.answers, 'answer')}"
        lines += [_cut(f"  {what}", width), *_advice(step.advice, width)]
    return lines


def _criterion(criterion: CriterionSummary, width: int) -> str:
    top = len(criterion.levels) - 1
    if criterion.mean_level is None:
        return _cut(f"  {'ungraded':<22}  {criterion.title}", width)
    bar = _bar(criterion.mean_level / top, 10)
    ungraded = f" ({criterion.ungraded:,} ungraded)" if criterion.ungraded else ""
    head = f"  {bar} {criterion.mean_level:>4.2f} {-(criterion.mean_points_lost or 0):>6.1f}"
    return _cut(f"{head}  {criterion.title}{ungraded}", width)


def _advice(advice: str, width: int) -> list[str]:
    return textwrap.wrap(
        printable(advice),
        width,
        initial_indent="    ",
        subsequent_indent="    ",
        max_lines=2,
        placeholder=" \u2026",
        break_on_hyphens=False,
    )


def _interviews(summary: Summary, width: int) -> list[str]:
    lines = ["Interviews"]
    for each in summary.interviews[:INTERVIEWS_SHOWN]:
        if each.score is not None:
            score = f"{each.score:g}"
        else:
            score = "no score" if each.score_low is None else f"{each.score_low:g} to {each.score_high:g}"
        failed = f", {each.failed:,} failed" if each.failed else ""
        result = f"{score}{f', {each.band}' if each.band else ''}"
        lines.append(_cut(f"  {result:<24}  {each.interview} ({_number(each.answers, 'answer')}{failed})", width))
    more = len(summary.interviews[INTERVIEWS_SHOWN:]) + summary.more_interviews
    return [*lines, f"  and {more:,} more"] if more else lines


def _bar(share: float, cells: int) -> str:
    eighths = round(share * cells * 8)
    full, rest = divmod(eighths, 8)
    return (_EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")).ljust(cells, "\u00b7")


def _skyline(counts: tuple[int, ...]) -> str:
    """One character a bin; a bin with any answer in it shows at least the lowest step."""
    most = max(counts)
    return "".join(_HEIGHTS[max(1, round(8 * count / most))] if count else "_" for count in counts)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _cut(text: str, width: int) -> str:
    line = printable(text)
    return line if len(line) <= width else f"{line[: width - 1]}\u2026"
