"""Batches from their making to their erasing, over a real socket."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook

from service.api.batch_view import Batch
from service.errors import StoreUnavailable
from service.reports.model import Summary
from service.store import Results, Runs
from tests.api.batch_client import PIECE, Batches, Gate, answers, eventually
from tests.api.doubles import check_problem
from tests.webhooks.receiver import receiving

NOBODYS = "0" * 24


def test_answers_in_json_are_graded(batches: Batches) -> None:
    """The reply leads to the batch, which counts every answer, and the results say what became of each."""
    sent = [*answers(3), {"id": "empty"}, 7]

    reply = batches.post(sent)

    batch = reply.json()
    assert (reply.status_code, reply.headers["location"]) == (202, f"/v1/batches/{batch['id']}")
    assert (batch["total"], batch["inputs"], batch["warnings"]) == (5, ["answers"], [])
    assert batch["grader"] == {"kind": "keyword", "model": None}
    ended = batches.ended(batch)
    assert ended["state"] == "finished"
    assert ended["counts"] == {"graded": 3, "partial": 0, "ungraded": 0, "degraded": 0, "failed": 2}
    assert ended["done"] == 5
    assert "warnings" not in ended
    assert ended["created_at"] <= ended["started_at"] <= ended["finished_at"]
    assert ended["finished_at"].endswith("Z")
    assert ended["eta_seconds"] is None
    assert ended["rate"] > 0
    results = batches.results(batch)
    assert [(each["id"], each["status"]) for each in results] == [
        *((each["id"], "graded") for each in sent[:3] if isinstance(each, dict)),
        ("empty", "failed"),
        ("5", "failed"),
    ]


def test_a_batch_that_is_worked_at_shows_how_far_it_is(batches: Batches, gate: Gate) -> None:
    """Counts and rate grow, and there is a time to wait for."""
    batch = batches.make(answers(2 * PIECE))

    batches.done(batch, PIECE)

    now = batches.get(batch)
    assert (now["state"], now["done"], now["total"]) == ("running", PIECE, 2 * PIECE)
    assert now["rate"] > 0
    assert now["eta_seconds"] > 0
    assert now["finished_at"] is None
    gate.opened.set()
    assert batches.ended(batch)["done"] == 2 * PIECE


def test_the_newest_batches_are_listed_first(batches: Batches, others: Batches) -> None:
    """As many as asked for, and only one's own."""
    made = [batches.make(answers(1))["id"] for _ in range(3)]
    elsewhere = others.make(answers(1))["id"]

    listed = batches.http.get("/v1/batches", params={"limit": 2}).json()["batches"]

    assert [each["id"] for each in listed] == made[:0:-1]
    assert set(made) <= set(batches.ids())
    assert elsewhere not in batches.ids()


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=", "limit=1&limit=2", "page=2"])
def test_a_list_of_no_such_length_is_refused(batches: Batches, query: str) -> None:
    """Rather than shortened or ignored."""
    reply = batches.http.get(f"/v1/batches?{query}")

    check_problem(reply, 422, "not-valid")


def test_the_results_are_summed_up(batches: Batches) -> None:
    """As the command line sums them up."""
    batch = batches.make([*answers(2), {"id": "empty"}])
    batches.ended(batch)

    reply = batches.http.get(batch["links"]["summary"])

    summary = Summary.model_validate_json(reply.content)
    assert (summary.answers, summary.statuses["graded"], summary.failures) == (3, 2, {"no-answer": 1})


def test_another_keys_batch_does_not_exist(batches: Batches, others: Batches) -> None:
    """Whatever is asked of it, and it stays as it is."""
    batch = batches.make(answers(1))
    finished = batches.ended(batch)
    here = batch["links"]["self"]

    replies = [
        others.http.request(method, f"{here}{path}")
        for method, path in (
            ("GET", ""),
            ("GET", "/summary"),
            ("GET", "/results"),
            ("GET", "/events"),
            ("POST", "/cancel"),
            ("POST", "/resume"),
            ("DELETE", ""),
        )
    ]

    for reply in replies:
        check_problem(reply, 404, "run-not-found")
    assert batches.get(batch) == finished


def test_the_same_answers_under_another_key_are_another_batch(batches: Batches, others: Batches) -> None:
    """Nor can its id be guessed from what was sent."""
    sent = answers(1)

    ids = {client.make(sent)["id"] for client in (batches, others)}

    assert len(ids) == 2


@pytest.mark.parametrize(
    "batch_id", [NOBODYS, "nonsense", NOBODYS[:8], "%00", "..", "a" * 5_000, "%F0%9F%99%82"], ids=range(7)
)
def test_an_id_that_is_nobodys_is_not_found(batches: Batches, batch_id: str) -> None:
    """Ids are whole; nothing else reaches the database."""
    reply = batches.http.get(f"/v1/batches/{batch_id}/summary")

    assert reply.status_code == 404


def test_the_beginning_of_an_id_is_none(batches: Batches) -> None:
    """A person at a command line may shorten an id; a program has the whole."""
    batch = batches.make(answers(1))

    reply = batches.http.get(f"/v1/batches/{batch['id'][:12]}")

    check_problem(reply, 404, "run-not-found")


def test_a_batch_is_cancelled_and_resumed(batches: Batches, gate: Gate) -> None:
    """What is graded stays, and the rest follows when it is asked for."""
    batch = batches.make(answers(2 * PIECE))
    batches.done(batch, PIECE)

    cancelled = batches.act(batch, "cancel")

    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert len(batches.results(batch)) == PIECE
    assert batches.act(batch, "cancel").status_code == 200
    gate.opened.set()
    resumed = batches.act(batch, "resume")
    assert (resumed.status_code, resumed.json()["id"]) == (202, batch["id"])
    assert batches.ended(batch)["state"] == "finished"
    assert len(batches.results(batch)) == 2 * PIECE


def test_what_has_finished_cannot_be_cancelled(batches: Batches) -> None:
    """It says so, and stays finished; to resume it changes nothing."""
    batch = batches.make(answers(1))
    finished = batches.ended(batch)

    refused = batches.act(batch, "cancel")
    resumed = batches.act(batch, "resume")

    check_problem(refused, 409, "batch-finished")
    assert (resumed.status_code, resumed.json()["state"]) == (202, "finished")
    assert batches.get(batch) == finished


@pytest.mark.parametrize("wait", [pytest.param(True, id="finished"), pytest.param(False, id="at work")])
def test_an_erased_batch_is_gone(batches: Batches, gate: Gate, wait: bool) -> None:  # noqa: FBT001 - pytest passes it
    """Its answers and results with it; the same request makes it anew."""
    sent = answers(PIECE + 1)
    batch = batches.make(sent)
    batches.done(batch, PIECE)
    if wait:
        gate.opened.set()
        batches.ended(batch)

    reply = batches.http.delete(batch["links"]["self"])

    assert (reply.status_code, reply.content) == (204, b"")
    check_problem(batches.http.get(batch["links"]["self"]), 404, "run-not-found")
    check_problem(batches.http.get(batch["links"]["results"]), 404, "run-not-found")
    check_problem(batches.http.delete(batch["links"]["self"]), 404, "run-not-found")
    gate.opened.set()
    again = batches.make(sent)
    assert (again["id"], again["reused"]) == (batch["id"], 0)
    assert batches.ended(again)["done"] == PIECE + 1


def test_a_key_and_its_payload_make_one_batch(batches: Batches) -> None:
    """The repetition says that it is one; another payload is refused and leaves nothing behind."""
    sent, other = answers(2), answers(2)
    key = {"Idempotency-Key": sent[0]["answer"][-33:]}
    first = batches.post(sent, headers=key)
    batches.ended(first.json())
    before = batches.ids()

    second = batches.post(sent, headers=key)
    mismatch = batches.post(other, headers=key)
    options = batches.post(sent, headers=key, offset_unit="utf16")

    assert (second.status_code, second.json()["id"]) == (202, first.json()["id"])
    assert second.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    check_problem(mismatch, 409, "idempotency-mismatch")
    check_problem(options, 409, "idempotency-mismatch")
    assert batches.ids() == before


def test_a_key_whose_request_failed_is_free(batches: Batches) -> None:
    """What was refused made nothing, so the corrected request may use the same key."""
    sent = answers(1)
    key = {"Idempotency-Key": sent[0]["answer"][-33:]}

    refused = batches.post([], headers=key)
    accepted = batches.post(sent, headers=key)

    check_problem(refused, 422, "answers-invalid")
    assert accepted.status_code == 202


def test_a_key_is_free_again_when_its_batch_is_erased(batches: Batches) -> None:
    """Nothing is left that could be replayed."""
    sent = answers(1)
    key = {"Idempotency-Key": sent[0]["answer"][-33:]}
    first = batches.post(sent, headers=key).json()
    batches.http.delete(first["links"]["self"])

    again = batches.post(answers(1), headers=key)

    assert again.status_code == 202
    assert "idempotent-replay" not in again.headers


def test_the_same_key_of_another_caller_is_another(batches: Batches, others: Batches) -> None:
    """Nobody can see or block what others send."""
    key = {"Idempotency-Key": "the-same-for-both"}

    replies = [client.post(answers(1), headers=key) for client in (batches, others)]

    assert [reply.status_code for reply in replies] == [202, 202]


def test_the_same_request_twice_is_the_same_batch(batches: Batches) -> None:
    """Without a key, too: the id is a digest."""
    sent = answers(2)
    first = batches.make(sent)

    second = batches.make(sent)

    assert second["id"] == first["id"]
    assert batches.ended(first)["done"] == 2


def test_what_was_graded_before_is_taken_over(batches: Batches) -> None:
    """A batch with answers of an earlier one grades only the others."""
    sent = answers(3)
    batches.ended(batches.make(sent))

    batch = batches.make([*sent, *answers(1)])

    assert batch["reused"] == 3
    assert batches.ended(batch)["counts"]["graded"] == 4


def test_a_webhook_tells_of_the_end(batches: Batches) -> None:
    """Signed with the secret of the first reply, which is told once."""
    sent = answers(2)
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.server_address[1]}/told"
        batch = batches.make(sent, webhook={"url": url})
        eventually(lambda: receiver.received)

    received = receiver.received[0]
    secret = batch["webhook"]["secret"]
    told = Webhook(secret).verify(received.body, received.headers)
    assert received.path == "/told"
    assert told["type"] == "batch.completed"
    assert told["data"]["id"] == batch["id"]
    assert told["data"]["counts"] == {"graded": 2, "partial": 0, "ungraded": 0, "degraded": 0, "failed": 0}
    again = batches.post(sent, webhook={"url": url})
    assert again.json()["id"] == batch["id"]
    assert secret not in again.text + batches.http.get(batch["links"]["self"]).text


def test_a_webhooks_own_secret_signs(batches: Batches) -> None:
    """Who gives a secret is not sent one."""
    secret = "whsec_" + "AAAA" * 8
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.server_address[1]}/"
        reply = batches.post(answers(1), webhook={"url": url, "secret": secret})
        eventually(lambda: receiver.received)

    received = receiver.received[0]
    assert Webhook(secret).verify(received.body, received.headers)
    assert secret not in reply.text


def test_a_batch_is_what_the_document_says(batches: Batches) -> None:
    """The object on the wire is the model that is described."""
    batch = batches.make(answers(1))

    parsed = Batch.model_validate(batch)

    assert parsed.links.self == batch["links"]["self"]
    with pytest.raises(ValidationError):
        Batch.model_validate({**batch, "unknown": 1})


def test_routes_are_counted_by_their_template(batches: Batches) -> None:
    """An id is no label."""
    batch = batches.make(answers(1))
    batches.get(batch)

    figures = batches.http.get("/metrics").text

    assert 'route="/v1/batches/{batch_id}",status="200"' in figures
    assert batch["id"] not in figures


def test_the_same_request_many_times_at_once_is_one_batch(batches: Batches) -> None:
    """Whoever comes second waits for the answers to be in, and finds the batch."""
    sent = answers(60)

    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda _: batches.post(sent, headers={"Idempotency-Key": "many-at-once"}), range(4)))

    assert {reply.status_code for reply in replies} == {202}
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert sorted(reply.headers.get("idempotent-replay", "") for reply in replies) == ["", "true", "true", "true"]
    ended = batches.ended(replies[0].json())
    assert (ended["state"], ended["done"]) == ("finished", 60)


def test_a_batch_whose_answers_are_not_in_waits_for_them(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot be stopped, resumed or written as a table; lines may be followed already."""
    batch = batches.make(answers(1))
    batches.ended(batch)
    get = Runs.get
    monkeypatch.setattr(Runs, "get", lambda *where, **whose: get(*where, **whose)._replace(state="loading"))

    refused = [
        batches.act(batch, "cancel"),
        batches.act(batch, "resume"),
        batches.http.get(batch["links"]["results"], params={"format": "csv"}),
    ]
    ready = batches.results(batch, follow="false")

    for reply in refused:
        check_problem(reply, 409, "batch-loading")
    assert len(ready) == 1


@pytest.mark.parametrize("found", [pytest.param(False, id="no run yet"), pytest.param(True, id="half a run")])
def test_a_key_of_a_request_that_was_cut_short_makes_the_batch(
    batches: Batches,
    monkeypatch: pytest.MonkeyPatch,
    found: bool,  # noqa: FBT001 - pytest passes it
) -> None:
    """A process that died after it noted the key, or among the answers, leaves the rest to the repetition."""
    sent = answers(3)
    key = {"Idempotency-Key": sent[0]["answer"][-33:]}

    def dies(*_: object, **__: object) -> None:
        raise StoreUnavailable("It dies here.")

    with monkeypatch.context() as patched:
        patched.setattr(Runs, "delete", lambda *_: None)
        patched.setattr(Results if found else Runs, "take_over" if found else "create", dies)
        patched.setattr(Runs, "others", lambda *_: True)
        cut_short = batches.post(sent, headers=key)

    repeated = batches.post(sent, headers=key)

    assert (cut_short.status_code, repeated.status_code) == (503, 202)
    assert "idempotent-replay" not in repeated.headers
    assert batches.ended(repeated.json())["counts"]["graded"] == 3


def test_a_webhook_is_part_of_the_payload(batches: Batches) -> None:
    """Another address or secret under the same key is another request."""
    sent = answers(1)
    key = {"Idempotency-Key": sent[0]["answer"][-33:]}
    with receiving() as receiver:
        url = f"http://127.0.0.1:{receiver.server_address[1]}/"

        first, again, other, secret = (
            batches.post(sent, headers=key, webhook=webhook)
            for webhook in (
                {"url": url},
                {"url": url},
                {"url": f"{url}other"},
                {"url": url, "secret": "whsec_" + "AAAA" * 8},
            )
        )
        eventually(lambda: receiver.received)

    assert (first.status_code, again.status_code, again.headers["idempotent-replay"]) == (202, 202, "true")
    assert "webhook" not in again.json()
    check_problem(other, 409, "idempotency-mismatch")
    check_problem(secret, 409, "idempotency-mismatch")
