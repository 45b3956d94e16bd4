"""What a dry run says that grading would cost."""

import pytest

from service.batch.costs import Gradings, expected_replies
from service.batch.planning import plan
from service.completions import Price
from service.grading import Usage
from service.rubric import Rubric
from tests.batch.runs import submission

PRICE = Price(prompt=1.0, completion=10.0)


def usages(*tokens: int, calls: int = 1) -> list[Usage]:
    """What earlier answers took."""
    return [Usage(calls=calls, completion_tokens=each) for each in tokens]


def test_without_results_replies_grow_with_the_rubric(rubrics: dict[str, Rubric]) -> None:
    """More criteria, more to write; long replies are longer than usual ones, and some are asked for again."""
    large = expected_replies(rubrics["rag-vs-fine-tuning"], (), Gradings())
    small = expected_replies(rubrics["tiny"], (), Gradings())

    assert 0 < small.p50.tokens < large.p50.tokens < large.p90.tokens
    assert large.p50.calls == 1.0 < large.p90.calls
    assert large.measured == 0


def test_a_panel_takes_as_many_times_more(rubrics: dict[str, Rubric]) -> None:
    """Each of its calls writes a whole reply."""
    one = expected_replies(rubrics["tiny"], (), Gradings())
    three = expected_replies(rubrics["tiny"], (), Gradings(3.0, 3.0))

    assert three.p50 == (3.0, 3 * one.p50.tokens)
    assert three.p90 == pytest.approx((3 * one.p90.calls, 3 * one.p90.tokens))


def test_results_say_better_how_long_replies_are(rubrics: dict[str, Rubric]) -> None:
    """Half of them are no longer than the median, nine in ten no longer than the other; a few say nothing."""
    replies = expected_replies(rubrics["tiny"], usages(*range(10, 110, 10), calls=2), Gradings())
    few = expected_replies(rubrics["tiny"], usages(10, 20), Gradings())

    assert (replies.p50, replies.p90, replies.measured) == ((2.0, 50.0), (2.0, 90.0), 10)
    assert few.measured == 0


def test_the_cost_is_that_of_prompts_and_replies(rubrics: dict[str, Rubric]) -> None:
    """Answers by two rubrics, one with results and one without."""
    tiny, rag = rubrics["tiny"], rubrics["rag-vs-fine-tuning"]
    pairs = [(submission("One answer."), tiny), (submission("Another."), tiny)]

    planned = plan(
        pairs, model="openai/x", max_answer_bytes=100, price=PRICE, measured=lambda _: usages(100, 100, 100, 100, 200)
    )
    both = plan(
        [*pairs, (submission("A third."), rag)],
        model="openai/x",
        max_answer_bytes=100,
        price=PRICE,
        measured=lambda rubric: usages(100, 100, 100, 100, 200) if rubric is tiny else [],
    )

    assert planned.prompt_tokens is not None
    assert planned.p50_usd is not None
    assert planned.p50_usd == pytest.approx((planned.prompt_tokens + 200 * 10) / 1e6, abs=1e-6)
    assert planned.p90_usd == pytest.approx((planned.prompt_tokens + 400 * 10) / 1e6, abs=1e-6)
    assert planned.measured == both.measured == 5
    assert both.p50_usd is not None
    assert both.p50_usd > planned.p50_usd
    assert both.cost_unknown is None


def test_the_calls_of_a_panel_are_counted(rubrics: dict[str, Rubric]) -> None:
    """And their prompts."""
    pairs = [(submission("One answer."), rubrics["tiny"])]

    one = plan(pairs, model="openai/x", max_answer_bytes=100)
    three = plan(pairs, model="openai/x", max_answer_bytes=100, gradings=lambda _: Gradings(3.0, 3.0))

    assert (one.calls, three.calls) == (1, 3)
    assert one.prompt_tokens is not None
    assert three.prompt_tokens == pytest.approx(3 * one.prompt_tokens, rel=0.02)
    assert (one.p50_usd, one.p90_usd) == (None, None)
