import json

import pytest

from service.batch import planning
from service.batch.planning import plan
from service.completions import through_litellm
from service.rubric import Rubric
from service.submission import Fault, Submission
from tests.batch.runs import submission

Pairs = list[tuple[Submission, Rubric | None]]


@pytest.fixture
def pairs(rubrics: dict[str, Rubric]) -> Pairs:
    """Four answers that can be graded and three that cannot."""
    rag, tiny = rubrics["rag-vs-fine-tuning"], rubrics["tiny"]
    return [
        (submission("One answer."), rag),
        (submission("Another answer."), tiny),
        (submission("A third."), rag),
        (submission("A fourth.", question="How?"), rag),
        (submission("   "), rag),
        (submission("x" * 200), rag),
        (submission(None, error=Fault(code="bad-row", message="It is cut off.")), None),
    ]


def test_offline_nothing_is_called(pairs: Pairs) -> None:
    """Every answer is counted, by its rubric or by why it cannot be graded."""
    planned = plan(pairs, model=None, max_answer_bytes=100)

    assert planned.as_json() == {
        "answers": 7,
        "failed": {"answer-invalid": 2, "bad-row": 1},
        "rubrics": {"rag-vs-fine-tuning": 3, "tiny": 1},
        "model": None,
        "calls": 0,
        "prompt_tokens": None,
        "cost_usd": {"p50": 0.0, "p90": 0.0},
        "cost_unknown": None,
        "measured_results": 0,
    }
    assert planned.as_text() == [
        "7 answers",
        "  3 by rag-vs-fine-tuning",
        "  1 by tiny",
        "  2 cannot be graded (answer-invalid)",
        "  1 cannot be graded (bad-row)",
        "0 calls, 0 tokens: the keyword grader grades offline",
    ]


@pytest.fixture
def no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that must not be asked."""

    async def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the model was called")

    monkeypatch.setattr(through_litellm.load_litellm(), "acompletion", refuse)


def test_with_a_model_calls_and_tokens_are_counted_without_one(
    pairs: Pairs, rubrics: dict[str, Rubric], no_call: None
) -> None:
    """One call for each answer that can be graded; its prompt is mostly the rubric's."""
    planned = plan(pairs, model="openai/gpt-4o", max_answer_bytes=100)
    one = plan(pairs[1:2], model="openai/gpt-4o", max_answer_bytes=100)

    assert (planned.calls, one.calls) == (4, 1)
    assert planned.prompt_tokens is not None
    assert one.prompt_tokens is not None
    assert 500 < one.prompt_tokens < planned.prompt_tokens < 100_000
    assert json.loads(json.dumps(planned.as_json()))["calls"] == 4
    assert planned.as_text()[-2].startswith("4 calls to openai/gpt-4o, about ")


def test_after_the_first_answers_tokens_are_reckoned_by_length(
    rubrics: dict[str, Rubric], no_call: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of equal answers the reckoning is the count."""
    pairs: Pairs = [(submission("I start with a prompt, as it is cheap."), rubrics["tiny"]) for _ in range(40)]
    counted = plan(pairs, model="openai/gpt-4o", max_answer_bytes=100)
    monkeypatch.setattr(planning, "_COUNTED", 10)

    reckoned = plan(pairs, model="openai/gpt-4o", max_answer_bytes=100)

    assert reckoned.prompt_tokens == pytest.approx(counted.prompt_tokens, rel=0.02)  # the mark is another each time


def test_nothing_to_grade_takes_no_tokens(no_call: None) -> None:
    """A file of broken rows."""
    pairs: Pairs = [(submission(None, error=Fault(code="bad-row", message="It is cut off.")), None)]

    planned = plan(pairs, model="openai/gpt-4o", max_answer_bytes=100)

    assert (planned.calls, planned.prompt_tokens) == (0, 0)
