"""What the templates of the HTML report show, worked out beforehand so that they only place it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.grading import GraderInfo
from service.outcome import Outcome
from service.reports.highlights import Marker, Piece, cut, markers_of, spans_of
from service.reports.model import RubricSummary, Summary
from service.verdict import CriterionVerdict, RedFlagVerdict, Verdict

TONES = 5
HEATS = 10


@dataclass(frozen=True, slots=True)
class Cited:
    """A criterion or a red flag with the marker of its evidence in the text."""

    marker: Marker
    item: CriterionVerdict | RedFlagVerdict


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One answer; `pieces` is None where its text is not at hand, `tone` the place of its band from 0 to 4."""

    anchor: str
    outcome: Outcome
    pieces: list[Piece] | None
    criteria: tuple[Cited, ...]
    flags: tuple[Cited, ...]
    tone: int | None
    grader: str
    place: str

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, if there is one."""
        return self.outcome.verdict


@dataclass(frozen=True, slots=True)
class Bar:
    """A bin of a histogram on a chart of 100 units height."""

    label: str
    count: int
    height: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A band's part of a bar 100 units long."""

    name: str
    count: int
    tone: int | None
    start: float
    width: float


@dataclass(frozen=True, slots=True)
class RubricView:
    """A rubric's figures with its charts; `matrix` holds the answers one by one while they are few."""

    summary: RubricSummary
    bars: tuple[Bar, ...]
    slices: tuple[Slice, ...]
    matrix: tuple[AnswerView, ...]

    def heat(self, count: int) -> int:
        """How much of the answers a count is, from 0 to 10; 0 only for none."""
        return min(HEATS, -(-count * HEATS // self.summary.answers))


def rubric_views(summary: Summary, few: Sequence[AnswerView]) -> list[RubricView]:
    """The figures of each rubric, with those of its answers that are among the few."""
    return [
        RubricView(
            summary=rubric,
            bars=_bars(rubric),
            slices=_slices(rubric),
            matrix=tuple(view for view in few if view.verdict and view.verdict.rubric.digest == rubric.digest),
        )
        for rubric in summary.rubrics
    ]


def answer_views(outcomes: Iterable[tuple[Outcome, str | None]], summary: Summary) -> Iterator[AnswerView]:
    """A view of each outcome, as it is asked for."""
    tones = {rubric.digest: _tones(rubric) for rubric in summary.rubrics}
    for number, (outcome, text) in enumerate(outcomes, 1):
        yield _answer_view(number, outcome, text, tones)


def _answer_view(number: int, outcome: Outcome, text: str | None, tones: Mapping[str, Mapping[str, int]]) -> AnswerView:
    verdict = outcome.verdict
    if verdict is None:
        pieces = None if text is None else cut(text, [])
        return AnswerView(f"a{number}", outcome, pieces, (), (), None, "", _place(outcome))
    criteria, flags = markers_of(verdict)
    return AnswerView(
        anchor=f"a{number}",
        outcome=outcome,
        pieces=None if text is None else cut(text, spans_of(verdict)),
        criteria=tuple(Cited(*pair) for pair in zip(criteria, verdict.criteria, strict=True)),
        flags=tuple(
            Cited(marker, flag)
            for marker, flag in zip(flags, verdict.red_flags, strict=True)
            if flag.status != "absent"
        ),
        tone=tones.get(verdict.rubric.digest, {}).get(verdict.band or ""),
        grader=_grader(verdict.grader),
        place=_place(outcome),
    )


def _tones(rubric: RubricSummary) -> dict[str, int]:
    """A tone from 0 to 4 for each band, lowest to highest, spread evenly."""
    last = len(rubric.bands) - 1
    return {
        band.name: round(rank * (TONES - 1) / last) if last else TONES - 1 for rank, band in enumerate(rubric.bands)
    }


def _bars(rubric: RubricSummary) -> tuple[Bar, ...]:
    histogram = rubric.scores.histogram
    most = max(histogram) or 1
    return tuple(
        Bar(f"{start * 10} to {start * 10 + 10}", count, round(100 * count / most, 2))
        for start, count in enumerate(histogram)
    )


def _slices(rubric: RubricSummary) -> tuple[Slice, ...]:
    tones, slices, start = _tones(rubric), [], 0.0
    counts = [(band.name, band.answers, tones[band.name]) for band in rubric.bands]
    for name, count, tone in [*counts, ("open", rubric.open_band, None)]:
        width = 100 * count / rubric.answers
        if count or tone is not None:
            slices.append(Slice(name, count, tone, round(start, 2), round(width, 2)))
        start += width
    return tuple(slices)


def _grader(grader: GraderInfo) -> str:
    return grader.model or grader.kind if grader.kind == "llm" else "keyword grader"


def _place(outcome: Outcome) -> str:
    source = outcome.source
    if source is None:
        return ""
    parts = [source.file, f"line {source.line}" if source.line else "", source.speaker or ""]
    if source.turns:
        first, last = min(source.turns), max(source.turns)
        parts.append(f"turn {first}" if first == last else f"turns {first} to {last}")
    if source.similarity is not None:
        parts.append(f"likeness of the question to the rubric's {source.similarity:.2f}")
    return ", ".join(filter(None, parts))
