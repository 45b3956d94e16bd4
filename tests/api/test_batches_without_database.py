"""A service whose database is away: what needs none goes on, the rest says so and comes back by itself."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import httpx
import pytest

from service.api import batch_desk, build_app
from service.api.batch_desk import BatchDesk
from service.errors import SettingsInvalid, StoreUnavailable
from service.settings import Settings
from tests.api.batch_client import Batches, answers, eventually
from tests.api.doubles import BODY, check_problem
from tests.serving import serving


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the database belongs; a file stands in its way."""
    blocked = tmp_path / "data"
    blocked.write_text("in the way")
    return blocked


@pytest.fixture
def client(folder: Path) -> Iterator[Batches]:
    """A client of a service that cannot open its database."""
    settings = Settings(_env_file=None, database_url=f"sqlite:///{folder}/evaluator.db")
    with serving(build_app(settings)) as (host, port), Batches(f"http://{host}:{port}") as client:
        yield client


def test_single_answers_are_graded_without_it(client: Batches) -> None:
    """And the service counts as ready, for that is what it is asked for; who needs batches too can ask for them."""
    refused = client.post(answers(1))

    graded = client.http.post("/v1/grade", json=BODY)
    ready = client.http.get("/readyz")
    not_ready = client.http.get("/readyz", params={"require": "batches"})

    problem = check_problem(refused, 503, "store-unavailable")
    assert refused.headers["retry-after"] == "5"
    assert "sqlite" not in problem["detail"]
    assert graded.status_code == 200
    assert (ready.status_code, ready.json()["batches"]) == (200, "unavailable")
    check_problem(not_ready, 503, "store-unavailable")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", "/v1/batches", id="list"),
        pytest.param("GET", f"/v1/batches/{'0' * 24}", id="read"),
        pytest.param("GET", f"/v1/batches/{'0' * 24}/results", id="results"),
        pytest.param("GET", f"/v1/batches/{'0' * 24}/events", id="events"),
        pytest.param("DELETE", f"/v1/batches/{'0' * 24}", id="delete"),
    ],
)
def test_every_route_of_batches_says_that_it_is_away(client: Batches, method: str, path: str) -> None:
    """Not that there is no such batch."""
    reply = client.http.request(method, path)

    check_problem(reply, 503, "store-unavailable")


def test_batches_are_there_when_the_database_is(client: Batches, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a new start."""
    monkeypatch.setattr(batch_desk, "_COOL_DOWN_S", 0.0)
    refused = client.post(answers(1))
    folder.unlink()

    reply = client.post(answers(1))

    assert (refused.status_code, reply.status_code) == (503, 202)
    assert client.http.get("/readyz?require=batches").json()["batches"] == "ready"


def test_a_database_that_was_away_is_left_in_peace_for_a_moment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand callers do not make a thousand attempts."""
    desk = BatchDesk(Settings(_env_file=None, database_url=f"sqlite:///{folder}/evaluator.db"))
    opened = Mock(wraps=desk._opened)
    monkeypatch.setattr(desk, "_opened", opened)

    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            desk.desk()

    assert opened.call_count == 1


def test_a_service_that_works_from_the_start_waits_for_its_database(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts all the same, and takes up what is waiting when the database is there."""
    monkeypatch.setattr(batch_desk, "_AGAIN_AFTER_S", 0.05)
    monkeypatch.setattr(batch_desk, "_COOL_DOWN_S", 0.0)
    app = build_app(Settings(_env_file=None, database_url=f"sqlite:///{folder}/evaluator.db"), work_at_start=True)

    with serving(app) as (host, port), httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as http:

        def state() -> Any:
            return http.get("/readyz").json()["batches"]

        eventually(lambda: state() == "unavailable")
        folder.unlink()
        eventually(lambda: state() == "ready")


def test_a_model_that_cannot_be_asked_ends_the_attempts(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It will not pass by itself, and is said once."""

    def refused() -> Any:
        raise SettingsInvalid("There is no key.")

    desk = BatchDesk(Settings(_env_file=None, database_url=f"sqlite:///{folder}/evaluator.db"))
    monkeypatch.setattr(desk, "_opened", refused)

    desk.start(at_once=True)
    assert desk._opener is not None
    desk._opener.join(30)

    assert not desk._opener.is_alive()
    assert [record.message for record in caplog.records] == ["no batches: There is no key."]


def test_an_engine_that_cannot_start_is_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its libraries have errors of their own, which say more than a caller should know."""

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("postgresql://user:secret@host")

    monkeypatch.setattr("service.jobs.working", broken)
    desk = BatchDesk(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/evaluator.db"))

    with pytest.raises(StoreUnavailable) as caught:
        desk.desk()

    assert "secret" not in str(caught.value)


def test_nothing_is_opened_by_a_service_that_is_ending(tmp_path: Path) -> None:
    """A request that comes in last gets a refusal."""
    desk = BatchDesk(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/evaluator.db"))
    desk.close()

    with pytest.raises(StoreUnavailable):
        desk.desk()

    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe has its answer in time."""
    silent = threading.Event()
    desk = BatchDesk(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/evaluator.db"))
    monkeypatch.setattr(desk, "_look", lambda: silent.wait(30))

    with pytest.raises(StoreUnavailable, match="did not answer"):
        await desk.check(within_s=0.05)
    silent.set()


def test_an_app_can_be_served_again(tmp_path: Path) -> None:
    """What it did before is still there."""
    app = build_app(Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/evaluator.db"))
    with serving(app) as (host, port), Batches(f"http://{host}:{port}") as client:
        made = client.make(answers(1))["id"]

    with serving(app) as (host, port), Batches(f"http://{host}:{port}") as client:
        found = client.ids()

    assert found == [made]
