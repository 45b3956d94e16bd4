"""Batches with a budget, and single answers under one."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.settings import ModelPrice
from tests.api.batch_client import Batches, answers
from tests.api.conftest import batch_service_at
from tests.api.doubles import KEY
from tests.provider import RunningProvider, scripted_provider

PRICE = ModelPrice(prompt=1.0, completion=4.0, cached=0.1)


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """The scripted provider."""
    with scripted_provider(seed=3) as provider:
        yield provider


@pytest.fixture
def address(tmp_path: Path, provider: RunningProvider) -> Iterator[str]:
    """A service that allows five cents for a batch, or for an answer; there can be one in a process."""
    with batch_service_at(
        tmp_path,
        model="openai/scripted",
        api_base=provider.url,
        model_max_tokens=3_000,
        prices={"openai/scripted": PRICE},
        budget_usd=0.05,
    ) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[Batches]:
    """Its client."""
    with Batches(address, KEY) as client:
        yield client


def test_a_batch_stops_at_its_budget(client: Batches, provider: RunningProvider) -> None:
    """Its status says so, and what is spent; the same request with more goes on, up to what the service allows."""
    # No grader sees evidence in them that another misses: a second look would be a call more.
    items = [{"id": f"b{number}", "answer": f"On day {number} the birds sang in the garden."} for number in range(8)]
    provider.reset()

    stopped = client.ended(client.make(items, budget_usd=0.03))
    at_first = provider.counts().billed_usd
    again = client.ended(client.make(items, budget_usd=100))

    assert stopped["state"] == "stopped"
    assert stopped["budget"]["limit_usd"] == 0.03
    assert stopped["budget"]["spent_usd"] == pytest.approx(at_first)
    assert stopped["done"] > 0
    assert at_first <= 0.03
    assert again["id"] == stopped["id"]
    assert again["budget"]["limit_usd"] == 0.05
    assert at_first < provider.counts().billed_usd <= 0.05


def test_a_form_may_name_a_budget(client: Batches) -> None:
    """As text, like every field of a form; without one it is the service's."""
    file = {"file": ("answers.jsonl", b'{"answer": "I start with a prompt."}\n')}
    form = {"rubric": "rag-vs-fine-tuning"}

    named = client.http.post("/v1/batches", files=file, data={**form, "budget_usd": "0.04"}).json()
    refused = client.http.post("/v1/batches", files=file, data={**form, "budget_usd": "much"})

    assert named["budget"]["limit_usd"] == 0.04
    assert (refused.status_code, refused.json()["code"]) == (422, "not-valid")
    assert "budget_usd: it is not a number" in refused.json()["detail"]


@pytest.mark.parametrize("amount", [0, -1, "1", True])
def test_an_amount_that_is_none_is_refused(client: Batches, amount: object) -> None:
    """It must be a number above 0, or what was meant as a limit would be none."""
    reply = client.post(answers(1), budget_usd=amount)

    assert (reply.status_code, reply.json()["code"]) == (422, "not-valid")


def test_without_a_price_there_is_no_budget(tmp_path: Path, provider: RunningProvider) -> None:
    """The request is refused, and the price is the operator's affair."""
    with (
        batch_service_at(tmp_path, model="openai/scripted", api_base=provider.url) as address,
        Batches(address, KEY) as client,
    ):
        reply = client.post(answers(1), budget_usd=1)

    assert (reply.status_code, reply.json()["code"]) == (422, "price-unknown")


def test_a_single_answer_that_may_cost_more_is_refused(tmp_path: Path, provider: RunningProvider) -> None:
    """Before any call, and without telling what the operator is ready to pay."""
    provider.reset()
    with batch_service_at(
        tmp_path,
        model="openai/scripted",
        api_base=provider.url,
        prices={"openai/scripted": PRICE},
        budget_usd=0.0042,
    ) as address:
        reply = httpx.post(
            f"{address}/v1/grade",
            json={"rubric": "rag-vs-fine-tuning", "answer": "I start with a prompt."},
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
        )

    assert (reply.status_code, reply.json()["code"]) == (503, "budget-exceeded")
    assert "0.0042" not in reply.text
    assert "Retry-After" not in reply.headers
    assert provider.counts().requests == 0
