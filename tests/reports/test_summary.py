"""Many outcomes in figures."""

import statistics
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.outcome import Marks
from service.reports import MAX_INTERVIEWS, Summary, SummaryBuilder, interview_of, marks_of
from service.reports.figures import half_up, mean_of, median_of, spread_of
from service.rubric import Rubric
from service.scoring import points_for
from service.submission import Source
from tests.replies.bicycle import tiny
from tests.reports.outcomes import failed, labelled, rag_rubric, summed_up

DIGEST = tiny().digest


def mark(score: float, levels: tuple[int | None, ...] = (0, 0, 0), *, flag: bool | None = False) -> Marks:
    """The figures of an answer to the tiny rubric whose score is known."""
    band = next(band.name for band in reversed(tiny().bands) if score >= band.from_score)
    return Marks("graded", "f", DIGEST, score, score, score, band, levels, (flag,))


def open_mark(low: float, high: float, levels: tuple[int | None, ...] = (0, 0, None)) -> Marks:
    """The figures of an answer to the tiny rubric whose score lies between two."""
    return Marks("partial", "f", DIGEST, None, low, high, None, levels, (None,))


def summary_of(*marks: Marks, interview: str | None = None) -> Summary:
    """The summary of figures by the tiny rubric."""
    builder = SummaryBuilder({DIGEST: tiny()})
    for each in marks:
        builder.add(each, interview)
    return builder.build()


def rounded(value: float | Decimal, places: str = "0.01") -> float:
    """Rounded half up, by another way than the one tested."""
    return float(Decimal(value).quantize(Decimal(places), ROUND_HALF_UP))


def test_figures_of_labelled_answers_are_those_of_their_verdicts() -> None:
    """Mean, median, spread, bands and histogram are what the scores themselves give."""
    outcomes = [outcome for outcome, _ in labelled(63)]
    scores = [outcome.verdict.score for outcome in outcomes if outcome.verdict and outcome.verdict.score is not None]

    summary = summed_up([*outcomes, failed()])

    figures = summary.rubrics[0].scores
    exact = [Decimal(str(score)) for score in scores]
    assert summary.answers == 64
    assert summary.statuses == {"graded": 63, "partial": 0, "ungraded": 0, "degraded": 0, "failed": 1}
    assert summary.failures == {"answer-invalid": 1}
    assert figures.known == len(scores) == 63
    assert figures.mean == rounded(sum(exact) / 63)
    assert figures.median == rounded(statistics.median(exact))
    assert figures.spread == pytest.approx(statistics.pstdev(scores), abs=0.0051)
    assert (figures.lowest, figures.highest) == (min(scores), max(scores))
    assert list(figures.histogram) == [
        sum(10 * n <= score < 10 * n + 10 or (n == 9 and score == 100) for score in scores) for n in range(10)
    ]
    bands = Counter(outcome.verdict.band for outcome in outcomes if outcome.verdict)
    assert {band.name: band.answers for band in summary.rubrics[0].bands} == dict(bands)


def test_each_criterion_is_counted_level_by_level() -> None:
    """Levels, their mean and spread, and the mean of the points they leave."""
    summary = summary_of(mark(50, (2, 0, 1)), mark(50, (1, 0, 1)), open_mark(40, 60, (2, 0, None)))

    cleaning, oiling, wear = summary.rubrics[0].criteria
    lost = tiny().criteria[0]
    assert cleaning.levels == (0, 1, 2)
    assert cleaning.mean_level == 1.67
    assert cleaning.spread == 0.47
    assert cleaning.mean_points_lost == rounded((cleaning.max_points - points_for(tiny(), lost, 1)) / 3)
    assert (oiling.levels, oiling.spread, oiling.mean_points_lost) == ((3, 0, 0), 0.0, oiling.max_points)
    assert (wear.levels, wear.ungraded) == ((0, 2, 0), 1)


def test_what_was_never_graded_has_no_mean() -> None:
    """Nothing stands for a figure that nothing gives."""
    summary = summary_of(open_mark(0, 100, (None, None, None)))

    rubric = summary.rubrics[0]
    assert (rubric.scores.known, rubric.scores.mean, rubric.scores.median, rubric.scores.spread) == (
        0,
        None,
        None,
        None,
    )
    assert (rubric.scores.lowest, rubric.scores.highest, sum(rubric.scores.histogram)) == (None, None, 0)
    assert rubric.open_band == 1
    assert {(item.mean_level, item.spread, item.mean_points_lost) for item in rubric.criteria} == {(None, None, None)}
    assert rubric.next_steps == ()


def test_the_step_that_adds_most_over_all_answers_comes_first() -> None:
    """Points are those of one more level, for every answer below the top; advice is for the commonest level."""
    summary = summary_of(*[mark(50, (2, 0, 1))] * 3, mark(50, (1, 1, 1)), mark(50, (1, 1, None)))

    steps = {step.id: step for step in summary.rubrics[0].next_steps}
    oiling = tiny().criterion_by_id["oiling"]
    assert [step.points for step in summary.rubrics[0].next_steps] == sorted(
        (step.points for step in steps.values()), reverse=True
    )
    assert (steps["oiling"].answers, steps["oiling"].level) == (5, 0)
    assert steps["oiling"].level_name == tiny().levels[0].name
    assert steps["oiling"].advice == oiling.advice[0]
    assert steps["oiling"].points == rounded(Decimal(str(points_for(tiny(), oiling, 1))) * 5, "0.1")
    assert (steps["cleaning"].answers, steps["cleaning"].level) == (2, 1)
    assert steps["wear"].answers == 4


def test_red_flags_come_commonest_first() -> None:
    """How often each is present, and how often it could not be told."""
    outcomes = [outcome for outcome, _ in labelled(63)]

    flags = summed_up(outcomes).rubrics[0].red_flags

    counts = Counter(
        flag.id for each in outcomes if each.verdict for flag in each.verdict.red_flags if flag.status == "present"
    )
    assert {flag.id: flag.present for flag in flags if flag.present} == dict(counts)
    assert [flag.present for flag in flags] == sorted((flag.present for flag in flags), reverse=True)
    assert summary_of(mark(1, flag=True), open_mark(0, 5)).rubrics[0].red_flags[0].ungraded == 1


def test_a_degraded_verdict_is_counted_and_said_so() -> None:
    """Two scales do not mix unseen."""
    summary = summary_of(mark(50), mark(50)._replace(status="degraded"))

    assert summary.statuses["degraded"] == summary.rubrics[0].degraded == 1


def test_a_rubric_that_was_not_given_is_left_out_of_the_figures() -> None:
    """It is counted, so that nothing is missing unseen; rubrics without answers do not appear."""
    summary = summary_of(mark(50)._replace(rubric_digest="sha256:other"))

    assert (summary.answers, summary.unlisted, summary.rubrics) == (1, 1, ())


def test_an_outcome_becomes_the_figures_of_its_verdict() -> None:
    """Levels and flags follow the rubric; a failure has only its code."""
    outcome, _ = labelled(3)[2]
    assert outcome.verdict is not None

    marks = marks_of(outcome)

    assert marks.levels == tuple(item.level for item in outcome.verdict.criteria)
    assert marks.flags == tuple(flag.status == "present" for flag in outcome.verdict.red_flags)
    assert (marks.file, marks.rubric_digest) == ("answers.jsonl", rag_rubric().digest)
    assert marks_of(failed()) == Marks("failed", "answers.jsonl", error_code="answer-invalid")
    assert marks_of(failed().model_copy(update={"source": None, "error": None})) == Marks("failed")


def test_only_what_was_put_together_from_turns_is_of_an_interview() -> None:
    """A file of answers is no interview."""
    source = Source(file="talk.vtt", turns=(3, 5))

    assert interview_of(source) == "talk.vtt"
    assert interview_of(Source(file="answers.jsonl", line=4)) is None
    assert interview_of(None) is None


def test_the_answers_of_an_interview_make_one_result() -> None:
    """The mean of their scores, its band, and the best level reached on each criterion."""
    builder = SummaryBuilder({DIGEST: tiny()})
    for marks in (mark(50, (2, 0, 0)), mark(75.1, (1, 1, None)), Marks("failed", error_code="no-rubric")):
        builder.add(marks, "talk.vtt")
    builder.add(mark(0), "other.vtt")

    first, second = builder.build().interviews

    assert (first.interview, first.answers, first.failed) == ("talk.vtt", 3, 1)
    assert (first.score, first.score_low, first.score_high) == (62.6, 62.6, 62.6)  # 62.55, a half upwards
    assert first.band == next(band.name for band in reversed(tiny().bands) if band.from_score <= 62.6)
    assert [best.level for best in first.best_levels] == [2, 1, 0]
    assert (second.score, second.answers) == (0, 1)


def test_an_open_answer_leaves_its_interview_open() -> None:
    """The mean lies between two, and has a band only if both ends share it."""
    wide = summary_of(mark(0), open_mark(0, 100), interview="talk.vtt").interviews[0]
    narrow = summary_of(mark(100), open_mark(99, 100), interview="talk.vtt").interviews[0]

    assert (wide.score, wide.score_low, wide.score_high, wide.band) == (None, 0, 50, None)
    assert (narrow.score, narrow.score_low, narrow.band) == (None, 99.5, tiny().bands[-1].name)


def test_an_interview_by_several_rubrics_has_a_band_only_if_they_have_the_same() -> None:
    """A band of one rubric says nothing of another's scores."""
    alike = Rubric.model_validate(tiny().model_dump(by_alias=True) | {"id": "twin"})
    rubrics = (tiny(), alike, rag_rubric())
    outcome, _ = labelled(1)[0]
    twin, other = mark(100)._replace(rubric_digest=alike.digest), marks_of(outcome)

    def result(*marks: Marks) -> str | None:
        builder = SummaryBuilder({rubric.digest: rubric for rubric in rubrics})
        for each in marks:
            builder.add(each, "talk.vtt")
        return builder.build().interviews[0].band

    assert result(mark(100), twin) == tiny().bands[-1].name
    assert result(mark(100), other) is None
    assert result(mark(100), mark(100)._replace(rubric_digest="sha256:unknown")) is None


def test_an_interview_of_failures_has_no_score() -> None:
    """No mean of nothing."""
    interview = summary_of(Marks("failed", error_code="no-rubric"), interview="talk.vtt").interviews[0]

    assert (interview.score, interview.score_low, interview.band, interview.best_levels) == (None, None, None, ())


def test_more_interviews_than_are_kept_are_counted() -> None:
    """Memory does not grow with them."""
    builder = SummaryBuilder({DIGEST: tiny()})
    for number in range(MAX_INTERVIEWS + 7):
        builder.add(mark(50), f"{number}.vtt")
        builder.add(mark(50), f"{number}.vtt")

    summary = builder.build()

    assert len(summary.interviews) == MAX_INTERVIEWS
    assert {interview.answers for interview in summary.interviews} == {2}
    assert summary.more_interviews == 7


def test_a_summary_survives_json() -> None:
    """It is plain data."""
    summary = summed_up(outcome for outcome, _ in labelled(5))

    assert Summary.model_validate_json(summary.model_dump_json()) == summary


def test_building_twice_gives_the_same() -> None:
    """The summary so far can be asked for while more is added, and its figures are its own."""
    builder = SummaryBuilder({DIGEST: tiny()})
    builder.add(mark(50))
    first = builder.build()

    builder.add(mark(60))

    assert (first.answers, first.rubrics[0].scores.mean) == (1, 50)
    assert builder.build().answers == 2


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60))
def test_counted_figures_are_those_of_the_list(values: list[int]) -> None:
    """Mean, median and spread of counters agree with the standard library's of the values."""
    mean, median, spread = mean_of(Counter(values)), median_of(Counter(values)), spread_of(Counter(values))

    assert mean == Fraction(sum(values), len(values))
    assert median == statistics.median(values)
    assert spread == pytest.approx(statistics.pstdev(values))


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [
        pytest.param(0.25, 1, 0.3, id="half upwards"),
        pytest.param(62.55 - 62.55 % 0.01, 0, 63.0, id="to a whole"),
        pytest.param(0, 2, 0.0, id="nothing"),
    ],
)
def test_halves_go_upwards(value: float, places: int, expected: float) -> None:
    """As scores are rounded."""
    assert half_up(value, places) == expected
