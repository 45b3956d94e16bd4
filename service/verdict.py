"""What is published about an answer.

Fields may be added within schema version 1, never renamed or given another meaning.
"""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from service.grading import Basis, Evidence, GraderInfo, Notice, Usage
from service.models import Frozen


class RubricRef(Frozen):
    """Which rubric, to the letter: `digest` changes whenever the rubric does."""

    id: str
    version: str
    digest: str


class CriterionVerdict(Frozen):
    """A criterion's level with its evidence, or `ungraded` with the reason; `max_points` is its share of 100."""

    id: str
    title: str
    weight: float
    level: int | None
    max_level: int
    level_name: str | None
    points: float | None
    max_points: float
    status: Literal["graded", "ungraded"]
    basis: Basis | None
    evidence: tuple[Evidence, ...]
    reason: str
    not_higher: str | None
    advice: str | None
    route: str | None = None
    spread: int | None = None


class RedFlagVerdict(Frozen):
    """A red flag, present or not; `penalty` is what it takes from the score when present."""

    id: str
    title: str
    status: Literal["present", "absent", "ungraded"]
    penalty: float
    evidence: tuple[Evidence, ...]
    reason: str | None


class NextStep(Frozen):
    """What to do next; `points` is what its next level adds, before the score is kept within 0 and 100."""

    kind: Literal["criterion", "red_flag"]
    id: str
    advice: str
    points: float


class Coaching(Frozen):
    """What to keep and what to do next, the step that adds most first."""

    summary: str
    strengths: tuple[str, ...]
    next_steps: tuple[NextStep, ...]


class Review(Frozen):
    """Whether a person should look, and why."""

    needed: bool
    why: tuple[str, ...]


class Verdict(Frozen):
    """The published result for one answer.

    Where something that moves the score is ungraded, `score` is None and lies somewhere from `score_low` to
    `score_high`; `band` is then None unless the whole interval lies in one.
    """

    schema_version: Literal["1"] = "1"
    id: str
    created_at: datetime
    answer_id: str | None
    answer_sha256: str
    language: str
    metadata: dict[str, JsonValue]
    status: Literal["graded", "partial", "ungraded", "degraded"]
    rubric: RubricRef
    scoring_version: str
    grader: GraderInfo
    score: float | None
    score_low: float
    score_high: float
    band: str | None
    criteria: tuple[CriterionVerdict, ...]
    red_flags: tuple[RedFlagVerdict, ...]
    coaching: Coaching
    review: Review
    usage: Usage
    warnings: tuple[Notice, ...]
