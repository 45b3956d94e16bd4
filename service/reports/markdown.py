"""Outcomes as Markdown: the summary, a table of the answers, then each answer's levels with its quotes.

The summary stands first but is known last, so the rest waits in a temporary file, in memory while it is small.
"""

import re
import shutil
import tempfile
from collections.abc import Sequence
from typing import BinaryIO

from service.grading import Evidence
from service.outcome import Outcome
from service.reports.model import RubricSummary, Summary
from service.reports.summary import SummaryBuilder, interview_of, marks_of
from service.reports.times import place_in_transcript
from service.reports.visible import is_ordinary
from service.rubric import Rubric
from service.text.controls import printable
from service.verdict import CriterionVerdict, RedFlagVerdict, Verdict

SPOOL_BYTES = 4_000_000
STEPS_SHOWN = 5

# What makes markup inside a line, and what begins a list, a rule or a heading where it begins a word.
_MARKUP = re.compile(r"[\\`*_{}\[\]#|<>~&$^=]|(?<!\S)[-+:]|(?<=\d)[.)](?!\S)")
# Many readers make links of bare addresses, and look at the text after its backslashes are gone.
_LINKED = re.compile(r"[:@]|www[.]|\w[.][^\W\d_]{2}", re.IGNORECASE)


def plain(text: str) -> str:
    """Text in one line that Markdown shows as it is: no link, heading, image, table or HTML comes of it.

    What makes markup is escaped; a word that might be taken for an address is set as code, where nothing is linked.
    """
    line = " ".join((text if is_ordinary(text) else printable(text)).split())
    if not _LINKED.search(line):
        return _escaped(line)
    return " ".join(_code(word) if _LINKED.search(word) else _escaped(word) for word in line.split(" "))


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _code(word: str) -> str:
    end = word.rstrip(".,;:!?\u201d\u2026")  # a plain colon or full stop at the end of a word makes no address
    if not _LINKED.search(end):
        return _escaped(word)
    # In a table a bare bar ends the cell even inside code, and outside one its backslash would show there.
    return "\\|".join(_fenced(part) for part in word.split("|"))


def _fenced(part: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", part)), default=0))
    pad = " " if part[:1] == "`" or part[-1:] == "`" else ""
    return f"{fence}{pad}{part}{pad}{fence}" if part else ""


class MarkdownWriter:
    """One document in UTF-8; it is written when it is closed."""

    def __init__(self, file: BinaryIO, rubrics: Sequence[Rubric], *, title: str) -> None:
        self._file = file
        self._title = title
        self._summary = SummaryBuilder({rubric.digest: rubric for rubric in rubrics})
        self._rows = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 - closed with the writer
        self._sections = tempfile.SpooledTemporaryFile(SPOOL_BYTES)  # noqa: SIM115 - as above

    def write(self, outcome: Outcome) -> None:
        """Keep one row of the table and one section."""
        self._summary.add(marks_of(outcome), interview_of(outcome.source))
        self._rows.write(_row(outcome).encode())
        self._sections.write("\n".join(_section(outcome)).encode())

    def close(self) -> None:
        """Write the document."""
        head = [f"# {plain(self._title)}", "", *_summary(self._summary.build()), "## Answers", ""]
        table = "| Answer | Status | Score | Band |\n| --- | --- | ---: | --- |\n"
        self._file.write(("\n".join(head) + "\n" + table).encode())
        for part in (self._rows, self._sections):
            part.seek(0)
            shutil.copyfileobj(part, self._file)
            part.close()


def _summary(summary: Summary) -> list[str]:
    counts = ", ".join(f"{count:,} {status}" for status, count in summary.statuses.items() if count)
    lines = [f"{summary.answers:,} answers: {counts}." if counts else "No answers.", ""]
    lines += [f"- {count:,} failed: {plain(code)}" for code, count in summary.failures.items()]
    lines += [""] if summary.failures else []
    for rubric in summary.rubrics:
        lines += _rubric(rubric)
    if summary.unlisted:
        lines += [f"{summary.unlisted:,} were graded by rubrics of their own, which these figures leave out.", ""]
    if summary.interviews:
        lines += [
            "## Interviews",
            "",
            "| Interview | Answers | Failed | Score | Band |",
            "| --- | ---: | ---: | ---: | --- |",
        ]
        lines += [
            f"| {plain(each.interview)} | {each.answers:,} | {each.failed:,} "
            f"| {_score(each.score, each.score_low, each.score_high)} | {each.band or ''} |"
            for each in summary.interviews
        ]
        lines += ["", f"And {summary.more_interviews:,} more."] if summary.more_interviews else []
        lines.append("")
    return lines


def _rubric(rubric: RubricSummary) -> list[str]:
    lines = [f"## {plain(rubric.title)} {plain(rubric.version)}", ""]
    scores = rubric.scores
    if scores.known:
        lines.append(
            f"- Scores: mean {scores.mean:g}, median {scores.median:g}, spread {scores.spread:g}, "
            f"{scores.lowest:g} to {scores.highest:g}; {scores.known:,} of {rubric.answers:,} known"
        )
    lines.append("- Bands: " + ", ".join(f"{band.name} {band.answers:,}" for band in rubric.bands))
    if rubric.open_band:
        lines.append(f"- Open between bands: {rubric.open_band:,}")
    if rubric.degraded:
        lines.append(f"- Degraded, graded by the fallback on a scale of its own: {rubric.degraded:,}")
    lines += [f"- Red flag: {plain(flag.title)}, {flag.present:,}" for flag in rubric.red_flags if flag.present]
    levels = " | ".join(map(plain, rubric.level_names))
    lines += ["", f"| Criterion | {levels} | ungraded | Mean level | Points lost |"]
    lines.append("| --- |" + " ---: |" * (len(rubric.level_names) + 3))
    for item in rubric.criteria:
        counts = " | ".join(f"{count:,}" for count in (*item.levels, item.ungraded))
        mean, lost = ("" if figure is None else f"{figure:g}" for figure in (item.mean_level, item.mean_points_lost))
        lines.append(f"| {plain(item.title)} | {counts} | {mean} | {lost} |")
    lines.append("")
    steps = [step for step in rubric.next_steps if step.points][:STEPS_SHOWN]
    if steps:
        lines += ["Most useful next steps:", ""]
    for number, step in enumerate(steps, 1):
        lines.append(
            f"{number}. **{plain(step.title)}**, +{step.points:,.1f} points over {step.answers:,} answers: "
            f"{plain(step.advice)}"
        )
    return [*lines, ""] if steps else lines


def _row(outcome: Outcome) -> str:
    verdict = outcome.verdict
    score = _score(verdict.score, verdict.score_low, verdict.score_high) if verdict else ""
    band = (verdict.band or "") if verdict else ""
    return f"| {plain(outcome.id)} | {outcome.status} | {score} | {band} |\n"


def _section(outcome: Outcome) -> list[str]:
    lines = ["", f"### {plain(outcome.id)}", ""]
    source = outcome.source
    if source is not None and source.question:
        lines += [f"Question: {plain(source.question)}", ""]
    if source is not None and source.speaker:
        lines += [f"Speaker: {plain(source.speaker)}", ""]
    if outcome.error is not None:
        lines += [f"{outcome.status}, {plain(outcome.error.code)}: {plain(outcome.error.message)}", ""]
    return [*lines, *_verdict(outcome.verdict)] if outcome.verdict is not None else lines


def _verdict(verdict: Verdict) -> list[str]:
    lines = [plain(verdict.coaching.summary), ""]
    for item in verdict.criteria:
        lines += _criterion(item)
    for flag in verdict.red_flags:
        lines += _flag(flag)
    lines += [f"- Warning: {plain(notice.message)}" for notice in verdict.warnings]
    lines += [f"- For a person to review: {plain(why)}" for why in verdict.review.why]
    lines.append("")
    for number, step in enumerate(verdict.coaching.next_steps[:STEPS_SHOWN], 1):
        lines.append(f"{number}. +{step.points:g}: {plain(step.advice)}")
    return [*lines, ""]


def _criterion(item: CriterionVerdict) -> list[str]:
    if item.level is None:
        return [f"- {plain(item.title)}: **ungraded**. {plain(item.reason)}"]
    name = "wrong" if item.basis == "wrong" else plain(item.level_name or "")
    head = (
        f"- {plain(item.title)}: **{item.level} of {item.max_level}, {name}**, {item.points:g} of {item.max_points:g}"
    )
    reason = f". {plain(item.reason)}" if item.evidence else ""
    return [head + reason, *map(_quote, item.evidence)]


def _flag(flag: RedFlagVerdict) -> list[str]:
    if flag.status == "absent":
        return []
    if flag.status == "ungraded":
        return [f"- Red flag {plain(flag.title)}: **ungraded**. {plain(flag.reason or '')}"]
    return [f"- Red flag {plain(flag.title)}: **present**, -{flag.penalty:g}", *map(_quote, flag.evidence)]


def _quote(evidence: Evidence) -> str:
    place = place_in_transcript(evidence.source)
    quote = plain(f"\u201c{evidence.quote}\u201d")
    return f"  - {quote}{f' ({place})' if place else ''}"


def _score(score: float | None, low: float | None, high: float | None) -> str:
    if score is not None:
        return f"{score:g}"
    return "" if low is None else f"{low:g} to {high:g}"
