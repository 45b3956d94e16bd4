"""Each labelled answer through HTTP, the command line and Python: the same verdict by whatever door."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from service.api import build_app
from service.cli.main import cli
from service.evaluator import Evaluator
from service.settings import Settings
from service.wiring import build_evaluator
from tests.conftest import Labelled, labelled_answers
from tests.rubrics_once import rubrics_once
from tests.serving import serving

__all__ = ["rubrics_once"]

RUBRIC = "rag-vs-fine-tuning"
DIFFERS = {"id", "created_at", "usage"}


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    """The evaluator as an app embeds it."""
    return build_evaluator(Settings(_env_file=None))


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    """A client of the service on a real socket."""
    with (
        serving(build_app(Settings(_env_file=None))) as (host, port),
        httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as client,
    ):
        yield client


def comparable(verdict: dict[str, Any]) -> dict[str, Any]:
    """A verdict without what may differ between two gradings of the same answer."""
    seconds = verdict["usage"].pop("seconds")
    assert seconds >= 0
    return {key: value for key, value in verdict.items() if key not in DIFFERS} | {"cost": verdict["usage"]["cost_usd"]}


@pytest.mark.parametrize("labelled", labelled_answers(), ids=lambda labelled: labelled.id)
def test_every_door_gives_the_same_verdict(
    labelled: Labelled, evaluator: Evaluator, http: httpx.Client, tmp_path: Path
) -> None:
    """Equal but for ids and times, each criterion and flag accounted for, each quote the answer's own words."""
    file = tmp_path / "answer.txt"
    file.write_bytes(labelled.answer.encode())

    by_python = asyncio.run(evaluator.grade(rubric=RUBRIC, answer=labelled.answer, answer_id=labelled.id))
    by_http = http.post("/v1/grade", json={"rubric": RUBRIC, "answer": labelled.answer, "answer_id": labelled.id})
    arguments = ["grade", "--rubric", RUBRIC, str(file), "--json", "--answer-id", labelled.id]
    by_cli = CliRunner().invoke(cli, arguments)

    assert (by_http.status_code, by_cli.exit_code) == (200, 0)
    verdict = comparable(by_python.model_dump(mode="json"))
    assert comparable(by_http.json()) == verdict
    assert comparable(json.loads(by_cli.stdout)) == verdict
    assert [criterion["id"] for criterion in verdict["criteria"]] == list(labelled.levels)
    for item in (*verdict["criteria"], *verdict["red_flags"]):
        for span in item["evidence"]:
            assert labelled.answer[span["start"] : span["end"]] == span["quote"]
    for criterion in verdict["criteria"]:
        assert bool(criterion["evidence"]) == (criterion["level"] > 0 or criterion["basis"] == "wrong")
