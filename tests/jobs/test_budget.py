"""Runs with a budget, graded by the scripted provider, whose own books are what counts."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.jobs import Desk, Submitted, desk_of, working
from service.settings import ModelPrice, Settings
from service.spending import in_nanos
from tests.databases import with_tables
from tests.jobs.commands import EVALUATOR
from tests.jobs.running import finish, lines_of, order_of, settings_of, texts
from tests.provider import RunningProvider, scripted_provider
from tests.provider.counting import USD_PER_COMPLETION_TOKEN, USD_PER_KEPT_TOKEN, USD_PER_PROMPT_TOKEN

ANSWERS = 30
CONCURRENCY = 8
WORST_CALL_USD = 0.035
"""3,000 tokens of a reply, and no prompt of more than 20,000."""
PRICE = ModelPrice(
    prompt=USD_PER_PROMPT_TOKEN * 1e6, completion=USD_PER_COMPLETION_TOKEN * 1e6, cached=USD_PER_KEPT_TOKEN * 1e6
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def provider() -> Iterator[RunningProvider]:
    """A provider that takes long enough for calls to overlap."""
    with scripted_provider(latency=0.05, jitter=0.5, seed=3) as provider:
        yield provider


@pytest.fixture
def priced(database_url: str, provider: RunningProvider) -> Settings:
    """Settings with the provider's model and its price, asked for eight answers at once."""
    return settings_of(
        database_url,
        model="openai/scripted",
        api_base=provider.url,
        model_concurrency=CONCURRENCY,
        model_max_tokens=3_000,
        prices={"openai/scripted": PRICE},
    )


def done_with(desk: Desk, settings: Settings, budget_usd: float | None) -> Submitted:
    """The run of all answers, worked at until it ends."""
    order = order_of(settings, texts(ANSWERS))
    submitted = desk.submit(order.id, order.spec, order.reader, budget_usd=budget_usd)
    if submitted.run.state == "running":
        with working(desk, settings):
            finish(desk, submitted.run)
    return submitted


@contextmanager
def another_worker(settings: Settings, provider: RunningProvider) -> Iterator[None]:
    """`evaluator worker` in a process of its own."""
    assert settings.database_url is not None
    environment = os.environ | {
        "EVALUATOR_DATABASE_URL": settings.database_url.get_secret_value(),
        "EVALUATOR_MODEL": "openai/scripted",
        "EVALUATOR_API_BASE": provider.url,
        "EVALUATOR_MODEL_CONCURRENCY": str(CONCURRENCY),
        "EVALUATOR_MODEL_MAX_TOKENS": "3000",
        "EVALUATOR_PRICES": f'{{"openai/scripted": {PRICE.model_dump_json()}}}',
    }
    with subprocess.Popen([EVALUATOR, "worker"], env=environment, stderr=subprocess.PIPE) as process:
        try:
            assert process.stderr is not None
            assert process.stderr.readline().startswith(b"Worker ")
            yield
        finally:
            process.kill()


def test_a_run_stops_at_its_budget_and_goes_on_with_more(
    desk: Desk, priced: Settings, provider: RunningProvider, tmp_path: Path
) -> None:
    """It never spends more, uses what it has, keeps what is graded, and ends with the output it would have had."""
    elsewhere = priced.model_copy(update={"database_url": SecretStr(with_tables(tmp_path / "unlimited"))})
    with desk_of(elsewhere) as other:
        output = lines_of(other, done_with(other, elsewhere, None).run)
    cost, calls = provider.counts().billed_usd, provider.counts().billed
    provider.reset()
    budget = cost / 2

    stopped = done_with(desk, priced, budget).run
    first = desk.progress(stopped)
    spent_at_first = provider.counts().billed_usd

    assert first.state == "stopped"
    assert first.budget is not None
    assert spent_at_first <= budget
    assert in_nanos(spent_at_first) == pytest.approx(first.budget.spent, abs=ANSWERS)
    assert 0 < first.done < ANSWERS
    assert budget - spent_at_first < WORST_CALL_USD, "a call that would have fitted was not made"

    same = done_with(desk, priced, None)
    assert (same.run.id, desk.progress(stopped).state) == (stopped.id, "stopped")
    assert provider.counts().billed_usd <= budget

    done_with(desk, priced, cost * 2)

    last = desk.progress(stopped)
    assert (last.state, last.counts) == ("finished", {"graded": ANSWERS})
    assert lines_of(desk, stopped) == output
    # An answer on which the money ran out between two of its calls is asked about anew.
    assert calls <= provider.counts().billed <= calls + CONCURRENCY
    assert last.budget is not None
    assert last.budget.reserved == 0
    assert last.budget.spent_usd == pytest.approx(cost, rel=0.2)  # how much of a prompt is kept depends on the order


def test_workers_share_the_budget_of_a_run(desk: Desk, priced: Settings, provider: RunningProvider) -> None:
    """Two processes with eight calls in flight each stay within it together."""
    order = order_of(priced, texts(ANSWERS))
    budget = 0.08
    with another_worker(priced, provider):
        run = desk.submit(order.id, order.spec, order.reader, budget_usd=budget).run
        with working(desk, priced):
            finish(desk, run)

    progress = desk.progress(run)
    assert progress.state == "stopped"
    assert 0.6 * budget < provider.counts().billed_usd <= budget
