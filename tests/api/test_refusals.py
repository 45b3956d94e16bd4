"""What is refused: with which status and code, and that nothing was graded."""

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.metrics import Metrics
from service.api.problems import STATUSES, Failures, refusal_of
from service.api.tracking import Tracking
from service.errors import (
    AnswerInvalid,
    GraderUnavailable,
    GradingError,
    Problem,
    ReplyInvalid,
    RubricInvalid,
    RubricNotFound,
    SettingsInvalid,
)
from tests.api.doubles import ANSWER, BODY, RUBRIC, ScriptedGrader, calling, check_problem, evaluator_of


def with_answer(answer: str) -> bytes:
    """A body whose answer is written as given, escapes and all."""
    return b'{"rubric": "rag-vs-fine-tuning", "answer": "%s"}' % answer.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        pytest.param(b"", 400, "not-json", "EOF", id="no body"),
        pytest.param(b"{", 400, "not-json", "line 1 column 1", id="cut off"),
        pytest.param(b"answer=yes", 400, "not-json", "line 1 column 1", id="a form"),
        pytest.param(b"{} {}", 400, "not-json", "trailing characters", id="two documents"),
        pytest.param(b'{"answer": "\xff"}', 400, "not-json", "unicode", id="not UTF-8"),
        pytest.param(b"[" * 100_000, 400, "not-json", "recursion limit", id="nested 100,000 deep"),
        pytest.param(with_answer(r"a\ud800"), 400, "not-json", "surrogate", id="half a surrogate pair at the end"),
        pytest.param(with_answer(r"\ud800 a"), 400, "not-json", "surrogate", id="half a surrogate pair"),
        pytest.param(with_answer(r"\udc00 a"), 400, "not-json", "surrogate", id="second half of a surrogate pair"),
        pytest.param(with_answer("\ud800"), 400, "not-json", "unicode", id="surrogate in raw bytes"),
        pytest.param(b"null", 422, "not-valid", "object", id="null"),
        pytest.param(b"[1]", 422, "not-valid", "object", id="a list"),
        pytest.param(with_answer(""), 422, "answer-invalid", "empty", id="empty answer"),
        pytest.param(with_answer(r" \t\n\u00a0\u2003 "), 422, "answer-invalid", "empty", id="blank answer"),
        pytest.param(with_answer(r"so \u0000 far"), 422, "answer-invalid", "NUL", id="NUL in the answer"),
        pytest.param(with_answer("x" * 100_001), 413, "answer-invalid", "100,000", id="answer over the limit"),
        pytest.param(with_answer("é" * 60_000), 413, "answer-invalid", "100,000", id="bytes count, not characters"),
        pytest.param(with_answer("x" * 10_000_000), 413, "body-too-large", "limit", id="10 MB"),
    ],
)
async def test_a_body_that_cannot_be_graded_is_refused(body: bytes, status: int, code: str, said: str) -> None:
    """The problem says what is wrong, and the grader is never asked."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        reply = await client.post("/v1/grade", content=body)

    problem = check_problem(reply, status, code)
    assert said in problem["detail"]
    assert len(problem["detail"]) < 400
    assert grader.answers == []


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        pytest.param({"anwser": "x"}, "anwser", "these exist: rubric, reference, answer", id="unknown field"),
        pytest.param({"answer": None}, "answer", "string", id="null answer"),
        pytest.param({"answer": 12}, "answer", "string", id="answer is a number"),
        pytest.param({"answer": ["x"]}, "answer", "string", id="answer is a list"),
        pytest.param({"rubric": 1}, "rubric", "string", id="rubric is a number"),
        pytest.param({"rubric": ""}, "rubric", "at least 1", id="rubric is empty"),
        pytest.param({"rubric": "x" * 201}, "rubric", "at most 200", id="rubric is long"),
        pytest.param({"question": "x" * 5_001}, "question", "at most 5000", id="question is long"),
        pytest.param({"answer_id": 7}, "answer_id", "string", id="id is a number"),
        pytest.param({"answer_id": "x" * 201}, "answer_id", "at most 200", id="id is long"),
        pytest.param({"metadata": []}, "metadata", "object", id="metadata is a list"),
        pytest.param({"metadata": {"k": "x" * 10_000}}, "metadata", "10,000", id="metadata is large"),
        pytest.param({"offset_unit": "bytes"}, "offset_unit", "utf16", id="unknown unit"),
        pytest.param({"on_model_failure": True}, "on_model_failure", "fallback", id="unknown choice"),
    ],
)
async def test_each_field_that_is_not_valid_is_named(change: dict[str, Any], field: str, said: str) -> None:
    """A wrong type is not converted, an unknown field not ignored; what was sent is not repeated."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        reply = await client.post("/v1/grade", json=BODY | change)

    problem = check_problem(reply, 422, "not-valid")
    (error,) = problem["errors"]
    assert error["field"] == field
    assert said in error["message"]
    assert ANSWER not in reply.text
    assert grader.answers == []


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
async def test_a_number_that_is_not_finite_is_refused(number: str) -> None:
    """JSON has no such number, and it could not be given back."""
    body = f'{{"rubric": "{RUBRIC}", "answer": "yes", "metadata": {{"n": {number}}}}}'

    async with calling() as client:
        reply = await client.post("/v1/grade", content=body)

    assert "finite" in check_problem(reply, 422, "not-valid")["errors"][0]["message"]


async def test_wrong_and_missing_fields_are_all_named() -> None:
    """One reply lists everything there is to correct."""
    async with calling() as client:
        reply = await client.post("/v1/grade", json={"answer_id": 7})

    errors = check_problem(reply, 422, "not-valid")["errors"]
    assert [(error["field"], error["message"]) for error in errors] == [
        ("answer", "this field is required"),
        ("answer_id", "input should be a valid string"),
    ]


async def test_the_list_of_errors_is_bounded() -> None:
    """A thousand wrong fields do not make a thousand lines."""
    async with calling() as client:
        reply = await client.post("/v1/grade", json={f"field{number}": 1 for number in range(1_000)})

    problem = check_problem(reply, 422, "not-valid")
    assert len(problem["errors"]) == 20
    assert "more" in problem["detail"]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, "not-json-type", id="curl's default"),
        pytest.param({"content-type": "text/plain"}, "not-json-type", id="what a page may send unasked"),
        pytest.param({"content-encoding": "gzip"}, "encoded-body", id="compressed"),
    ],
)
async def test_a_body_declared_as_something_else_is_refused(headers: dict[str, str], code: str) -> None:
    """The refusal names what to send."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        reply = await client.post("/v1/grade", content=b"{}", headers=headers)

    check_problem(reply, 415, code)
    assert grader.answers == []


async def test_a_chunked_body_is_cut_off_at_the_limit() -> None:
    """A body that does not say how long it is gets counted, and read no further than the limit."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 10_000
            yield b" " * 10_000

    async with calling() as client:
        reply = await client.post("/v1/grade", content=endless())

    check_problem(reply, 413, "body-too-large")
    assert sent < 700_000


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_an_unknown_rubric_is_refused_with_those_that_exist(method: str) -> None:
    """A typo is answered with the ids to choose from."""
    grader = ScriptedGrader()

    async with calling(grader) as client:
        if method == "GET":
            reply = await client.get("/v1/rubrics/rag-vs-finetuning")
        else:
            reply = await client.post("/v1/grade", json=BODY | {"rubric": "rag-vs-finetuning"})

    problem = check_problem(reply, 404, "rubric-not-found")
    assert RUBRIC in problem["known"]
    assert RUBRIC in problem["detail"]
    assert grader.answers == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "allow"),
    [
        pytest.param("GET", "/nowhere", 404, "not-found", None, id="unknown path"),
        pytest.param("GET", "/v1/grade/", 404, "not-found", None, id="slash too many"),
        pytest.param("GET", "/static-offline-docs/nothing.js", 404, "not-found", None, id="unknown asset"),
        pytest.param("GET", "/v1/rubrics/../../etc/passwd", 404, "not-found", None, id="a way out"),
        pytest.param("GET", "/v1/rubrics/..%2Fsecret", 404, "not-found", None, id="an escaped way out"),
        pytest.param("GET", "/v1/grade", 405, "method-not-allowed", "POST", id="GET of an action"),
        pytest.param("DELETE", "/v1/rubrics", 405, "method-not-allowed", "GET", id="DELETE"),
        pytest.param("BREW", "/healthz", 405, "method-not-allowed", "GET", id="unknown method"),
    ],
)
async def test_the_frameworks_refusals_are_problems_too(
    method: str, path: str, status: int, code: str, allow: str | None
) -> None:
    """Paths and methods that do not exist are answered like everything else."""
    async with calling() as client:
        reply = await client.request(method, path)

    check_problem(reply, status, code)
    assert reply.headers.get("allow") == allow


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        pytest.param(None, None, id="unknown"),
        pytest.param(1.2, "2", id="rounded up"),
        pytest.param(0.0, "1", id="at least a second"),
        pytest.param(float("inf"), None, id="never"),
    ],
)
async def test_an_unavailable_grader_says_when_to_come_back(retry_after: float | None, header: str | None) -> None:
    """Retry-After is there when it is known, and only then."""
    error = GraderUnavailable("The model is busy.", reason="rate-limited", retry_after=retry_after)

    async with calling(ScriptedGrader(error)) as client:
        reply = await client.post("/v1/grade", json=BODY)

    problem = check_problem(reply, 503, "grader-unavailable")
    assert (problem["detail"], problem["reason"]) == ("The model is busy.", "rate-limited")
    assert reply.headers.get("retry-after") == header


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(ValueError("secret 4711"), "internal-error", id="a bug"),
        pytest.param(SettingsInvalid("secret 4711"), "settings-invalid", id="settings"),
        pytest.param(RubricInvalid([Problem("secret 4711", "", "/srv/x.yaml")]), "rubric-invalid", id="a rubric"),
        pytest.param(ReplyInvalid("secret 4711"), "reply-invalid", id="a reply that got out"),
    ],
)
async def test_a_failure_of_ours_tells_nothing_of_the_inside(error: Exception, code: str) -> None:
    """The client gets the request id to ask about; the next request is served."""
    async with calling(ScriptedGrader(error)) as client:
        reply = await client.post("/v1/grade", json=BODY)
        next_reply = await client.post("/v1/grade", json=BODY)

    check_problem(reply, 500, code)
    assert "4711" not in reply.text
    assert "srv" not in reply.text
    assert next_reply.status_code == 200


def test_each_kind_of_error_has_its_status() -> None:
    """A new kind of error must be given a status here."""

    def kinds(kind: type[GradingError]) -> Iterator[type[GradingError]]:
        for child in kind.__subclasses__():
            yield child
            yield from kinds(child)

    assert set(kinds(GradingError)) == set(STATUSES)


def test_the_base_of_all_errors_is_a_failure_of_ours() -> None:
    """What nobody thought of is not blamed on the client."""
    assert refusal_of(GradingError("inside")).status == 500


def test_errors_of_the_client_explain_themselves() -> None:
    """The message of the error is the detail."""
    assert refusal_of(AnswerInvalid("It is empty.")).detail == "It is empty."
    assert refusal_of(RubricNotFound("x", ["y"])).known == ("y",)


async def test_a_reply_that_fails_halfway_is_not_begun_again(caplog: pytest.LogCaptureFixture) -> None:
    """A second status line cannot be sent; the server sees the reply unfinished, and the log why."""
    sent: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async def receive() -> Message:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with caplog.at_level(logging.INFO, logger="service.access"):
        await Tracking(Failures(app), Metrics(), paths=())(scope, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start"]
    (line,) = [record.__dict__ for record in caplog.records if record.name == "service.access"]
    assert (line["status"], line["code"]) == (200, "internal-error")


async def test_an_answer_limit_of_the_settings_holds() -> None:
    """A smaller limit refuses what the usual one takes."""
    async with calling(evaluator=evaluator_of(ScriptedGrader(), max_answer_bytes=10), max_answer_bytes=10) as client:
        reply = await client.post("/v1/grade", json=BODY)

    check_problem(reply, 413, "answer-invalid")
