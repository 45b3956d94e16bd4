"""Results and events of batches, while they are worked at."""

import csv
import io
import json
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from service.api import build_app, events, results
from service.errors import StoreUnavailable
from service.settings import Settings
from service.store import Runs
from tests.api.batch_client import PIECE, Batches, Gate, answers, events_of
from tests.api.doubles import KEY, check_problem


@pytest.fixture(scope="module")
def mixed(batch_service: str) -> dict[str, Any]:
    """A finished batch with results of every kind that there is offline."""
    weak = {"id": "weak", "answer": "I do not know."}
    formula = {"id": "=1+1", "answer": "I start with a prompt because it is cheap."}
    with Batches(batch_service, KEY) as client:
        batch = client.make([*answers(2), weak, formula, {"id": "empty"}, {"id": "weak", "answer": "No idea at all."}])
        client.ended(batch)
    return batch


def test_results_come_while_the_batch_is_worked_at(batches: Batches, gate: Gate) -> None:
    """The first are read before the last are graded, and the stream ends with the batch."""
    batch = batches.make(answers(2 * PIECE))

    with batches.http.stream("GET", batch["links"]["results"]) as reply:
        lines = reply.iter_lines()
        first = json.loads(next(lines))
        state = batches.get(batch)["state"]
        gate.opened.set()
        rest = [json.loads(line) for line in lines]

    assert reply.headers["content-type"] == "application/jsonl"
    assert (first["id"], state) == ("c0", "running")
    assert [each["id"] for each in rest] == [f"c{number}" for number in range(1, 2 * PIECE)]


def test_a_stream_that_does_not_follow_ends_with_what_is_ready(batches: Batches, gate: Gate) -> None:
    """And the next goes on from there, once by place and nothing twice."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)

    ready = batches.results(batch, follow="false")
    gate.opened.set()
    rest = batches.results(batch, after=len(ready))

    assert len(ready) == PIECE
    assert [each["id"] for each in (*ready, *rest)] == [f"c{number}" for number in range(2 * PIECE)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        pytest.param({"status": "failed"}, ["empty"], id="one status"),
        pytest.param({"status": "failed,partial"}, ["empty"], id="two statuses"),
        pytest.param({"status": ["failed", "graded"]}, ["c0", "c1", "weak", "=1+1", "empty", "weak"], id="repeated"),
        pytest.param({"band": "weak", "id": "weak"}, ["weak", "weak"], id="band and id"),
        pytest.param({"band": "strong"}, [], id="a band of none"),
        pytest.param({"band": "no-such-band"}, [], id="a band that does not exist"),
        pytest.param({"id": ["c1", "=1+1"]}, ["c1", "=1+1"], id="ids"),
        pytest.param({"status": "graded", "after": 3}, ["=1+1", "weak"], id="after counts before the filter"),
        pytest.param({"after": 6}, [], id="after the last"),
        pytest.param({"after": 1_000_000}, [], id="far after the last"),
    ],
)
def test_results_are_filtered(batches: Batches, mixed: dict[str, Any], query: dict[str, Any], ids: list[str]) -> None:
    """By status, band and id, all of which must fit."""
    found = batches.results(mixed, **query)

    assert [each["id"] for each in found] == ids


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("after=-1", "after", id="negative place"),
        pytest.param("after=x", "after", id="no place"),
        pytest.param("follow=perhaps", "follow", id="neither yes nor no"),
        pytest.param("status=done", "status", id="no status"),
        pytest.param("format=xlsx", "format", id="no format"),
        pytest.param("stauts=failed", "these exist: follow", id="misspelt"),
        pytest.param("after=1&after=2", "twice", id="twice"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(batches: Batches, mixed: dict[str, Any], query: str, said: str) -> None:
    """A misspelt filter must not give everything."""
    reply = batches.http.get(f"{mixed['links']['results']}?{query}")

    assert said in check_problem(reply, 422, "not-valid")["detail"]


@pytest.mark.parametrize(
    ("form", "media_type", "delimiter"),
    [
        pytest.param("csv", "text/csv; charset=utf-8", ",", id="CSV"),
        pytest.param("tsv", "text/tab-separated-values; charset=utf-8", "\t", id="TSV"),
    ],
)
def test_results_come_as_a_table(
    batches: Batches, mixed: dict[str, Any], form: str, media_type: str, delimiter: str
) -> None:
    """A row for each result, and no cell that a spreadsheet runs."""
    reply = batches.http.get(mixed["links"]["results"], params={"format": form})

    rows = list(csv.reader(io.StringIO(reply.text), delimiter=delimiter))
    assert reply.headers["content-type"] == media_type
    assert reply.headers["content-disposition"] == f'attachment; filename="{mixed["id"]}.{form}"'
    assert [row[0] for row in rows] == ["id", "c0", "c1", "weak", "'=1+1", "empty", "weak"]


def test_results_come_as_parquet(batches: Batches, mixed: dict[str, Any]) -> None:
    """With the same rows."""
    reply = batches.http.get(mixed["links"]["results"], params={"format": "parquet", "status": "graded"})

    table = pq.read_table(io.BytesIO(reply.content))
    assert table.column("id").to_pylist() == ["c0", "c1", "weak", "=1+1", "weak"]


def test_results_of_a_batch_at_work_come_as_a_table_too(batches: Batches, gate: Gate) -> None:
    """The writer waits for the rest like any reader."""
    batch = batches.make(answers(PIECE + 1))

    with batches.http.stream("GET", batch["links"]["results"], params={"format": "csv"}) as reply:
        parts = reply.iter_text()
        first = next(parts)
        gate.opened.set()
        whole = first + "".join(parts)

    assert first.startswith("id,")
    assert len(list(csv.reader(io.StringIO(whole)))) == PIECE + 2


def test_a_stream_breaks_off_with_the_database(batches: Batches, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read stands, and nobody can take it for the whole."""
    batch = batches.make(answers(PIECE + 1))
    batches.done(batch, PIECE)

    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("The database is away.")

    with batches.http.stream("GET", batch["links"]["results"]) as reply:
        lines = reply.iter_lines()
        first = next(lines)
        with monkeypatch.context() as patched:
            patched.setattr(Runs, "get", away)
            with pytest.raises(httpx.RemoteProtocolError):
                list(lines)
            refused = batches.http.get(batch["links"]["self"])

    assert json.loads(first)["id"] == "c0"
    problem = check_problem(refused, 503, "store-unavailable")
    assert refused.headers["retry-after"]
    assert "away" not in problem["detail"]


def test_a_stream_of_an_erased_batch_breaks_off(batches: Batches, gate: Gate) -> None:
    """Its reader has not seen the end."""
    batch = batches.make(answers(PIECE + 1))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["results"]) as reply:
        lines = reply.iter_lines()
        next(lines)
        batches.http.delete(batch["links"]["self"])

        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)
    gate.opened.set()


def test_a_stream_of_a_batch_that_is_cancelled_breaks_off(batches: Batches, gate: Gate) -> None:
    """An erased batch is cancelled first: a reader who looks in between must not take what there was for the whole."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["results"]) as reply:
        lines = reply.iter_lines()
        ready = [json.loads(next(lines))["id"] for _ in range(PIECE)]
        batches.act(batch, "cancel")

        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)
    gate.opened.set()

    assert ready == [f"c{number}" for number in range(PIECE)]


def test_events_of_an_erased_batch_come_to_an_end(batches: Batches, gate: Gate) -> None:
    """Without a last event: who comes back is told that there is none."""
    batch = batches.make(answers(PIECE + 1))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["events"]) as reply:
        parts = reply.iter_text()
        first = next(parts)
        batches.http.delete(batch["links"]["self"])
        told = events_of(first + "".join(parts))

    assert [each["event"] for each in told] == ["progress"]
    gate.opened.set()


def test_events_tell_of_progress_and_end(batches: Batches, gate: Gate) -> None:
    """Each carries the batch, the last is named after how it ended."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["events"]) as reply:
        parts = reply.iter_text()
        first = next(parts)
        gate.opened.set()
        told = events_of(first + "".join(parts))

    assert reply.headers["content-type"].startswith("text/event-stream")
    assert [each["event"] for each in told[:1] + told[-1:]] == ["progress", "finished"]
    assert (told[0]["data"]["done"], told[-1]["data"]["done"]) == (PIECE, 2 * PIECE)
    assert len({each["id"] for each in told}) == len(told)


def test_who_comes_back_is_told_only_what_is_new(batches: Batches, gate: Gate) -> None:
    """With the last event's id nothing is repeated; after the end there is nothing to come back for."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)
    with batches.http.stream("GET", batch["links"]["events"]) as reply:
        (seen,) = events_of(next(reply.iter_text()))

    with batches.http.stream("GET", batch["links"]["events"], headers={"Last-Event-ID": seen["id"]}) as reply:
        gate.opened.set()
        told = events_of(reply.read().decode())
    after_the_end = batches.http.get(batch["links"]["events"], headers={"Last-Event-ID": told[-1]["id"]})

    assert seen["id"] not in {each["id"] for each in told}
    assert told[-1]["event"] == "finished"
    assert (after_the_end.status_code, after_the_end.content) == (204, b"")


def test_a_cancelled_batch_ends_its_streams(batches: Batches, gate: Gate) -> None:
    """Events say how it ended, results end where the first answer without one is."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["events"]) as reply:
        parts = reply.iter_text()
        first = next(parts)
        batches.act(batch, "cancel")
        told = events_of(first + "".join(parts))

    assert [each["event"] for each in told] == ["progress", "cancelled"]
    assert len(batches.results(batch)) == PIECE
    gate.opened.set()


def test_a_quiet_stream_is_kept_alive(batches: Batches, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cuts off silent connections hears a comment now and then."""
    monkeypatch.setattr(events, "KEEP_ALIVE_S", 0.0)
    monkeypatch.setattr(events, "LOOK_EVERY_S", 0.01)
    batch = batches.make(answers(PIECE + 1))
    batches.done(batch, PIECE)

    with batches.http.stream("GET", batch["links"]["events"]) as reply:
        parts = reply.iter_text()
        heard = next(parts) + next(parts)

    assert ": ping\n\n" in heard
    gate.opened.set()


def test_the_stream_of_a_client_that_left_comes_to_an_end(
    batches: Batches, gate: Gate, batch_service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody looks after a batch for a client that is gone."""
    batch = batches.make(answers(PIECE + 1))
    batches.done(batch, PIECE)
    begun, ended = threading.Event(), threading.Event()
    parts = results.ResultsStream.parts

    async def watched(self: results.ResultsStream, desk: Any) -> AsyncIterator[bytes]:
        try:
            async for part in parts(self, desk):
                begun.set()
                yield part
        finally:
            ended.set()

    monkeypatch.setattr(results.ResultsStream, "parts", watched)
    address = urlsplit(batch_service)
    head = f"GET {batch['links']['results']} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n"

    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as raw:
        raw.sendall(head.encode())
        assert begun.wait(30)
        open_before = not ended.is_set()

    assert open_before
    assert ended.wait(30)
    gate.opened.set()


def test_nothing_is_opened_before_it_is_needed(tmp_path: Any) -> None:
    """An app that grades single answers makes no file."""
    url = f"sqlite:///{tmp_path}/evaluator.db"

    build_app(Settings(_env_file=None, database_url=url))

    assert list(tmp_path.iterdir()) == []
