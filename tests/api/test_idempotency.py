"""`Idempotency-Key`: the same request is graded once."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from service.api.idempotency import DigestMismatch, Replays, Reply
from service.errors import GraderUnavailable
from tests.api.doubles import BODY, KEY, ScriptedGrader, calling, check_problem, evaluator_of

HEADERS = {"Idempotency-Key": "9f0c2b1e-attempt"}
OTHER_KEY = "key-of-the-tests-0002"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """What it was set to."""
        return self.seconds


def working(*replies: bytes) -> Callable[[], Coroutine[None, None, Reply]]:
    """Work that gives those replies, one each time."""
    left = iter(replies)

    async def work() -> Reply:
        return Reply(next(left))

    return work


async def test_a_repetition_gets_the_stored_verdict() -> None:
    """The second reply is the first to the byte, says so, and nothing is graded again."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        first = await client.post("/v1/grade", json=BODY, headers=HEADERS)
        second = await client.post("/v1/grade", json=BODY, headers=HEADERS)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.content == second.content
    assert "idempotent-replay" not in first.headers
    assert second.headers["idempotent-replay"] == "true"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(grader.answers) == 1


async def test_requests_without_a_key_are_all_graded() -> None:
    """Nobody asked for a replay."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        first = await client.post("/v1/grade", json=BODY)
        second = await client.post("/v1/grade", json=BODY)

    assert first.json()["id"] != second.json()["id"]
    assert len(grader.answers) == 2


async def test_another_body_under_the_same_key_is_refused() -> None:
    """A key that was used by mistake must not hide another candidate's verdict behind the first's."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        await client.post("/v1/grade", json=BODY, headers=HEADERS)
        reply = await client.post("/v1/grade", json=BODY | {"answer": "Another one."}, headers=HEADERS)

    check_problem(reply, 409, "idempotency-mismatch")
    assert len(grader.answers) == 1


async def test_callers_do_not_share_keys() -> None:
    """Another caller's verdict cannot be had by guessing its Idempotency-Key."""
    grader = ScriptedGrader()

    async with calling(grader, api_keys=f"{KEY},{OTHER_KEY}") as client:
        replies = [
            await client.post("/v1/grade", json=BODY, headers=HEADERS | {"Authorization": f"Bearer {key}"})
            for key in (KEY, OTHER_KEY)
        ]

    assert not any("idempotent-replay" in reply.headers for reply in replies)
    assert len(grader.answers) == 2


async def test_an_error_is_not_stored() -> None:
    """The retry that the client was asked for is graded."""
    grader = ScriptedGrader(GraderUnavailable("The model is busy.", reason="rate-limited"))

    async with calling(grader) as client:
        first = await client.post("/v1/grade", json=BODY, headers=HEADERS)
        second = await client.post("/v1/grade", json=BODY, headers=HEADERS)

    assert (first.status_code, second.status_code) == (503, 200)
    assert "idempotent-replay" not in second.headers


@pytest.mark.parametrize(
    ("failures", "statuses"),
    [
        pytest.param([], [200, 200, 200], id="graded"),
        pytest.param([GraderUnavailable("Busy.", reason="rate-limited")], [503, 503, 503], id="failed"),
    ],
)
async def test_repetitions_at_the_same_time_wait_for_the_first(failures: list[Exception], statuses: list[int]) -> None:
    """An impatient client is graded once, however often it asks; all share how that ends."""
    opened = asyncio.Event()
    grader = ScriptedGrader(*failures, opened=opened)

    async with calling(grader) as client, asyncio.TaskGroup() as group:
        calls = [group.create_task(client.post("/v1/grade", json=BODY, headers=HEADERS)) for _ in range(3)]
        await grader.asked.wait()
        mismatch = await client.post("/v1/grade", json=BODY | {"answer_id": "x"}, headers=HEADERS)
        opened.set()

    replies = [call.result() for call in calls]
    assert [reply.status_code for reply in replies] == statuses
    assert len(grader.answers) == 1
    check_problem(mismatch, 409, "idempotency-mismatch")
    if statuses == [200] * 3:
        assert len({reply.content for reply in replies}) == 1
        assert sorted(reply.headers.get("idempotent-replay", "false") for reply in replies) == ["false", "true", "true"]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("", id="empty"),
        pytest.param("two words", id="space"),
        pytest.param("x" * 256, id="long"),
        pytest.param("é", id="not ASCII"),
    ],
)
async def test_a_key_that_is_none_is_refused(key: str) -> None:
    """Silently ignoring it would promise what is not kept."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        reply = await client.post("/v1/grade", json=BODY, headers={b"Idempotency-Key": key.encode("latin-1")})

    check_problem(reply, 400, "idempotency-key-invalid")
    assert grader.answers == []


async def test_a_caller_who_leaves_does_not_take_the_reply_along() -> None:
    """Who gives up and asks again gets what was being worked on."""
    opened = asyncio.Event()

    async def work() -> Reply:
        await opened.wait()
        return Reply(b"first")

    replays = Replays()
    impatient = asyncio.create_task(replays.reply(("", "k"), b"digest", work))
    await asyncio.sleep(0)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    opened.set()

    again = await replays.reply(("", "k"), b"digest", working(b"second"))

    assert again == (b"first", True)


async def test_a_reply_is_kept_for_an_hour() -> None:
    """After that the key is new again, for any body."""
    clock = Clock()
    replays = Replays(now=clock)
    work = working(b"first", b"second")

    await replays.reply(("", "k"), b"digest", work)
    await asyncio.sleep(0)
    clock.seconds = 3599
    kept = await replays.reply(("", "k"), b"digest", work)
    clock.seconds = 3601
    new = await replays.reply(("", "k"), b"other", work)

    assert kept == (b"first", True)
    assert new == (b"second", False)


async def test_what_is_kept_is_bounded() -> None:
    """The oldest reply goes when there is no room, and one that is too large is not kept at all."""
    replays = Replays(max_bytes=2_000)
    work = working(b"a" * 500, b"b" * 500, b"c" * 5_000, b"a again", b"c again")

    for name in ("a", "b", "c"):
        await replays.reply(("", name), b"digest", work)
        await asyncio.sleep(0)
    second = await replays.reply(("", "b"), b"digest", work)
    third = await replays.reply(("", "a"), b"digest", work)

    assert second == (b"b" * 500, True)
    assert third == (b"a" * 500, True)
    assert await replays.reply(("", "c"), b"digest", work) == (b"a again", False)


async def test_a_mismatch_shows_while_the_first_is_under_way() -> None:
    """The digest counts from the moment work begins."""
    replays = Replays()
    first = asyncio.create_task(replays.reply(("", "k"), b"digest", working(b"first")))
    await asyncio.sleep(0)

    with pytest.raises(DigestMismatch):
        await replays.reply(("", "k"), b"other", working(b"never"))

    assert await first == (b"first", False)


async def test_a_degraded_verdict_is_not_stored() -> None:
    """When the model is back, the same request is graded by it."""
    grader = ScriptedGrader(GraderUnavailable("away", reason="timeout"))
    evaluator = evaluator_of(grader, fallback=ScriptedGrader(), on_model_failure="fallback")

    async with calling(evaluator=evaluator) as client:
        first = await client.post("/v1/grade", json=BODY, headers=HEADERS)
        second = await client.post("/v1/grade", json=BODY, headers=HEADERS)

    assert (first.json()["status"], second.json()["status"]) == ("degraded", "graded")
    assert "Idempotent-Replay" not in second.headers
