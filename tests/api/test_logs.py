"""What is logged of a request, and above all what is not."""

import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from service.errors import GraderUnavailable
from service.observability import configure_logging, describe_exception
from tests.api.doubles import BODY, KEY, RUBRIC, ScriptedGrader, calling

CANARY = "canary7261"
BUSY = GraderUnavailable("Busy.", reason="rate-limited")
SECRET_BODY = BODY | {
    "answer": f"{CANARY} is what I would say.",
    "question": f"Why {CANARY}?",
    "answer_id": f"id-{CANARY}",
    "metadata": {f"key-{CANARY}": f"value-{CANARY}"},
}
SECRET_HEADERS = {
    "Authorization": f"Bearer {KEY}",
    "Idempotency-Key": f"once-{CANARY}",
    "X-Request-ID": f"not an id {CANARY}",
    "User-Agent": f"agent/{CANARY}",
    "Cookie": f"session={CANARY}",
}


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The JSON lines written to stderr."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def bug() -> Exception:
    """A bug that quotes the answer, in its message and in the one behind that."""
    error = ValueError(f"cannot read {CANARY}")
    error.__cause__ = KeyError(CANARY)
    return error


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize(
    ("failures", "asked", "change", "status"),
    [
        pytest.param([], "POST /v1/grade", {}, 200, id="graded"),
        pytest.param([bug()], "POST /v1/grade", {}, 500, id="bug"),
        pytest.param([BUSY], "POST /v1/grade", {}, 503, id="busy"),
        pytest.param([], "POST /v1/grade", {"rubric": CANARY}, 404, id="unknown rubric"),
        pytest.param([], "POST /v1/grade", {CANARY: CANARY}, 422, id="unknown field"),
        pytest.param([], "POST /v1/grade", {"answer": [CANARY]}, 422, id="wrong type"),
        pytest.param([], "POST /v1/grade", {"answer": CANARY * 20_000}, 413, id="long answer"),
        pytest.param([], f"POST /{CANARY}", {}, 404, id="unknown path"),
        pytest.param([], f"GET /v1/rubrics/{CANARY}", {}, 404, id="unknown rubric to read"),
        pytest.param([], f"{CANARY.upper()} /v1/grade", {}, 405, id="unknown method"),
    ],
)
async def test_nothing_a_client_sends_is_logged(  # noqa: PLR0917 - pytest passes them by name
    log_format: Literal["json", "text"],
    failures: list[Exception],
    asked: str,
    change: dict[str, Any],
    status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not the answer, nor anything else of the request, in any outcome, with everything logged that can be."""
    configure_logging("debug", log_format)
    method, path = asked.split(" ")

    async with calling(ScriptedGrader(*failures), api_keys=KEY) as client:
        reply = await client.request(
            method, path, params={"q": CANARY}, json=SECRET_BODY | change, headers=SECRET_HEADERS
        )

    written = capsys.readouterr().err
    assert reply.status_code == status
    assert reply.headers["x-request-id"] in written
    assert CANARY not in written.lower()
    assert KEY not in written


async def test_a_wrong_key_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    """It may be the right key of something else."""
    configure_logging("debug", "json")

    async with calling(api_keys=KEY) as client:
        reply = await client.get("/v1/rubrics", headers={"Authorization": f"Bearer {CANARY}"})

    assert reply.status_code == 401
    assert CANARY not in capsys.readouterr().err


async def test_a_request_leaves_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what was asked for, by whose grader it was done, how it ended and how long it took."""
    configure_logging("info", "json")

    async with calling() as client:
        reply = await client.post("/v1/grade", json=BODY, headers={"X-Request-ID": "mine-1"})

    (line,) = lines_of(capsys)
    assert reply.status_code == 200
    assert line.pop("timestamp")
    assert line.pop("ms") > 0
    assert line == {
        "level": "INFO",
        "logger": "service.access",
        "message": "request",
        "request_id": "mine-1",
        "method": "POST",
        "route": "/v1/grade",
        "status": 200,
        "rubric": RUBRIC,
        "grader": "keyword",
        "verdict": "graded",
    }


async def test_a_refusal_is_logged_with_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    """The code, and the grader's stable word, are enough to count failures by."""
    configure_logging("info", "text")

    async with calling(ScriptedGrader(BUSY)) as client:
        await client.post("/v1/grade", json=BODY)

    written = capsys.readouterr().err
    assert "status=503" in written
    assert "code=grader-unavailable reason=rate-limited" in written


async def test_a_bug_is_logged_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    """The kinds of error, the files and the lines are there, under the request's id."""
    configure_logging("error", "json")

    async with calling(ScriptedGrader(bug())) as client:
        reply = await client.post("/v1/grade", json=BODY)

    (line,) = lines_of(capsys)
    assert line["request_id"] == reply.headers["x-request-id"]
    assert line["exception"].startswith("builtins.ValueError\n  at ")
    assert "doubles.py" in line["exception"]
    assert "caused by builtins.KeyError" in line["exception"]


def test_the_formats_show_an_exception_without_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    """Also when another handler has already written the whole of it into the record."""
    configure_logging("info", "text")

    error = OSError(CANARY)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", None, (OSError, error, None))
    record.exc_text = CANARY

    logging.getLogger().handle(record)

    written = capsys.readouterr().err
    assert "ERROR x: failed\nbuiltins.OSError\n" in written
    assert CANARY not in written


def test_a_circle_of_causes_ends() -> None:
    """Errors that name each other as cause are described once each."""
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first

    assert describe_exception(first) == "builtins.ValueError\ncaused by builtins.KeyError"


def test_a_suppressed_context_stays_out() -> None:
    """`raise ... from None` means it."""
    error = ValueError()
    error.__context__, error.__suppress_context__ = KeyError(), True

    assert describe_exception(error) == "builtins.ValueError"


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_level_holds(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing below it is written."""
    configure_logging(level, "json")

    for name in ("debug", "info", "warning", "error"):
        logging.getLogger("service.anything").log(getattr(logging, name.upper()), name)

    written = [line["message"] for line in lines_of(capsys)]
    assert written == ["debug", "info", "warning", "error"][-len(written) :]
    assert written[0] == level


def test_other_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """HTTP clients log addresses below warning, and the model library whole prompts at any level."""
    configure_logging("debug", "json")

    logging.getLogger("httpx").info(CANARY)
    logging.getLogger("LiteLLM").error(CANARY)
    logging.getLogger("httpx").warning("slow")

    assert [line["message"] for line in lines_of(capsys)] == ["slow"]


def test_marks_of_other_libraries_stay_out(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library hangs on every record is no field of ours."""
    configure_logging("info", "json")

    logging.getLogger("service").info("hello", extra={"litellm_redacted": object(), "color_message": "hello"})

    assert json.loads(capsys.readouterr().err).keys() == {"level", "logger", "message", "timestamp"}


def test_configuring_twice_logs_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The second call replaces the first."""
    configure_logging("info", "json")
    configure_logging("info", "text")

    logging.getLogger("service").info("hello")

    assert capsys.readouterr().err.count("hello") == 1
