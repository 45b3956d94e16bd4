"""What a summary of many outcomes says. Means and spreads are rounded half up to 0.01, points to 0.1."""

from service.models import Frozen


class BandCount(Frozen):
    """How many answers lie in a band, which begins at `from_score`."""

    name: str
    from_score: float
    answers: int


class Scores(Frozen):
    """The scores of 0 to 100 that are known; `known` is how many, and without any the rest is None.

    `spread` is the standard deviation of these scores. `histogram` counts scores from 0 up to 10, from 10 up to 20,
    and so on; the last of its ten bins includes 100.
    """

    known: int
    mean: float | None
    median: float | None
    lowest: float | None
    highest: float | None
    spread: float | None
    histogram: tuple[int, ...]


class CriterionSummary(Frozen):
    """How one criterion was met; `levels` counts the answers at each level from 0 upwards.

    Mean, spread and points lost are of the answers where it was graded, None where it never was.
    """

    id: str
    title: str
    weight: float
    levels: tuple[int, ...]
    ungraded: int
    mean_level: float | None
    spread: float | None
    max_points: float
    mean_points_lost: float | None


class FlagSummary(Frozen):
    """In how many answers a red flag is present, and in how many that could not be told."""

    id: str
    title: str
    penalty: float
    present: int
    ungraded: int


class CohortStep(Frozen):
    """What one more level on a criterion would add over all `answers` that are below its top.

    `level` is the commonest of theirs, and `advice` the rubric's for it; `points` is the sum over all of them.
    """

    id: str
    title: str
    answers: int
    points: float
    level: int
    level_name: str
    advice: str


class RubricSummary(Frozen):
    """The answers graded by one rubric; flags the commonest first, steps by what they add.

    `open_band` counts the answers whose interval of scores reaches over more than one band.
    """

    id: str
    version: str
    title: str
    digest: str
    level_names: tuple[str, ...]
    answers: int
    degraded: int
    scores: Scores
    bands: tuple[BandCount, ...]
    open_band: int
    criteria: tuple[CriterionSummary, ...]
    red_flags: tuple[FlagSummary, ...]
    next_steps: tuple[CohortStep, ...]


class BestLevel(Frozen):
    """The highest level reached on a criterion in one interview; None where it was never graded."""

    rubric: str
    id: str
    title: str
    level: int | None
    max_level: int


class InterviewSummary(Frozen):
    """The answers of one interview as one result.

    The score is the mean over the answers that have a verdict, rounded half up to 0.1, and None while one of them is
    open; the mean then lies from `score_low` to `score_high`. `band` is given if both ends share it and all rubrics
    of the interview have the same bands.
    """

    interview: str
    answers: int
    failed: int
    score: float | None
    score_low: float | None
    score_high: float | None
    band: str | None
    best_levels: tuple[BestLevel, ...]


class Summary(Frozen):
    """Many outcomes in figures.

    `statuses` has every status, `failures` the error codes that occurred, the commonest first. `unlisted` counts the
    verdicts of rubrics that were not given, which no rubric's figures include. `more_interviews` counts those
    beyond the ones listed.
    """

    answers: int
    statuses: dict[str, int]
    failures: dict[str, int]
    rubrics: tuple[RubricSummary, ...]
    unlisted: int
    interviews: tuple[InterviewSummary, ...]
    more_interviews: int
