"""Gradings that `POST /v1/grade` keeps and uses again."""

from pathlib import Path
from typing import Any

import pytest

from service.store import open_store
from tests.api.batch_client import ANSWER, RUBRIC, Batches
from tests.api.conftest import OTHER_KEY, batch_service_at
from tests.api.doubles import KEY
from tests.jobs.scripted import ScriptedModel


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """The model that the service asks."""
    model = ScriptedModel()
    monkeypatch.setattr("service.wiring._build_completer", lambda *_, **__: model)
    return model


def grade(client: Batches, answer: str = ANSWER) -> dict[str, Any]:
    """The verdict on an answer."""
    reply = client.http.post("/v1/grade", json={"rubric": RUBRIC, "answer": answer})
    assert reply.status_code == 200
    verdict: dict[str, Any] = reply.json()
    return verdict


def test_a_grading_is_used_again_for_the_same_caller(tmp_path: Path, model: ScriptedModel) -> None:
    """And for nobody else, who could learn from it that the answer was graded before."""
    calls: list[int] = []
    with (
        batch_service_at(tmp_path, model=model.model) as address,
        Batches(address, KEY) as mine,
        Batches(address, OTHER_KEY) as others,
    ):
        early = grade(mine)
        mine.http.get("/v1/batches")  # opens the database
        calls.append(len(model.calls))
        first = grade(mine)
        calls.append(len(model.calls))
        second = grade(mine)
        calls.append(len(model.calls))
        foreign = grade(others)
        calls.append(len(model.calls))

    store = open_store(f"sqlite:///{tmp_path}/evaluator.db")
    kept = {name: store.records.of(verdict["id"]) for name, verdict in [("early", early), ("second", second)]}
    store.close()
    own = {"id", "created_at", "usage"}
    assert calls[0] < calls[1] == calls[2] < calls[3]
    assert {name: second[name] for name in second.keys() - own} == {name: first[name] for name in first.keys() - own}
    assert second["usage"] | {"seconds": 0.0} == {
        "calls": 0,
        "prompt_tokens": 0,
        "cached_tokens": 0,
        "completion_tokens": 0,
        "reasoning_tokens": 0,
        "cost_usd": 0.0,
        "from_cache": True,
        "seconds": 0.0,
    }
    assert not foreign["usage"]["from_cache"]
    assert kept["early"] is None  # there was no database yet, which must not hold up a verdict
    assert kept["second"] is not None
    assert kept["second"].answer_sha256 == second["answer_sha256"]


def test_nothing_is_kept_where_that_is_switched_off(tmp_path: Path, model: ScriptedModel) -> None:
    """Neither gradings nor what verdicts were read from."""
    with batch_service_at(tmp_path, model=model.model, cache=False) as address, Batches(address, KEY) as client:
        client.http.get("/v1/batches")
        verdicts = [grade(client), grade(client)]

    store = open_store(f"sqlite:///{tmp_path}/evaluator.db")
    kept = [store.records.of(verdict["id"]) for verdict in verdicts]
    store.close()
    assert [verdict["usage"]["from_cache"] for verdict in verdicts] == [False, False]
    assert kept == [None, None]
