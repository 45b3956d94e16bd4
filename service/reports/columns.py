"""Outcomes as rows of a table: one column for every figure, level and red flag."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from service.outcome import Outcome
from service.rubric import Rubric

Cell = str | int | float | None
Kind = Literal["text", "score", "level", "line"]


class Column(NamedTuple):
    """A column's name and what its cells hold: text, a score of 0 to 100, a level, or a line number."""

    name: str
    kind: Kind


Reader = Callable[[Outcome], Cell]

_LEFT: tuple[tuple[Column, Reader], ...] = (
    (Column("id", "text"), lambda outcome: outcome.id),
    (Column("status", "text"), lambda outcome: outcome.status),
    (Column("score", "score"), lambda outcome: outcome.verdict.score if outcome.verdict else None),
    (Column("score_low", "score"), lambda outcome: outcome.verdict.score_low if outcome.verdict else None),
    (Column("score_high", "score"), lambda outcome: outcome.verdict.score_high if outcome.verdict else None),
    (Column("band", "text"), lambda outcome: outcome.verdict.band if outcome.verdict else None),
    (Column("rubric", "text"), lambda outcome: outcome.verdict.rubric.id if outcome.verdict else None),
)
_RIGHT: tuple[tuple[Column, Reader], ...] = (
    (Column("summary", "text"), lambda outcome: outcome.verdict.coaching.summary if outcome.verdict else None),
    (Column("error_code", "text"), lambda outcome: outcome.error.code if outcome.error else None),
    (Column("error_message", "text"), lambda outcome: outcome.error.message if outcome.error else None),
    (Column("file", "text"), lambda outcome: outcome.source.file if outcome.source else None),
    (Column("line", "line"), lambda outcome: outcome.source.line if outcome.source else None),
    (Column("speaker", "text"), lambda outcome: outcome.source.speaker if outcome.source else None),
    (Column("question", "text"), lambda outcome: outcome.source.question if outcome.source else None),
)


class FlatTable:
    """The columns for some rubrics, and the row of an outcome.

    Criteria and red flags that several rubrics share by id share a column. A flag's cell is `present`, `absent` or
    `ungraded`; a level's is empty where it is ungraded. What a rubric has that is not among those given has no column.
    """

    def __init__(self, rubrics: Sequence[Rubric]) -> None:
        self._criteria = dict.fromkeys(item.id for rubric in rubrics for item in rubric.criteria)
        self._flags = dict.fromkeys(flag.id for rubric in rubrics for flag in rubric.red_flags)
        self.columns: tuple[Column, ...] = (
            *(column for column, _ in _LEFT),
            *(Column(f"level:{name}", "level") for name in self._criteria),
            *(Column(f"flag:{name}", "text") for name in self._flags),
            *(column for column, _ in _RIGHT),
        )

    def row(self, outcome: Outcome) -> list[Cell]:
        """One cell for each column."""
        levels: dict[str, int | None] = {}
        flags: dict[str, str] = {}
        if outcome.verdict is not None:
            levels = {item.id: item.level for item in outcome.verdict.criteria}
            flags = {flag.id: flag.status for flag in outcome.verdict.red_flags}
        return [
            *(read(outcome) for _, read in _LEFT),
            *(levels.get(name) for name in self._criteria),
            *(flags.get(name) for name in self._flags),
            *(read(outcome) for _, read in _RIGHT),
        ]
