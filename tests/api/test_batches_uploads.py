"""What can be sent to `/v1/batches`, and what is refused."""

import gzip
import io
import json
import socket
import tempfile
import zipfile
from typing import Any
from urllib.parse import urlsplit

import httpx
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from service.api import uploads
from tests.api.batch_client import ANSWER, RUBRIC, Batches, answers, as_jsonl
from tests.api.doubles import KEY, check_problem
from tests.conftest import FIXTURES

LINE = b'{"id": "1", "answer": "I start with a prompt."}\n'
INTERVIEW = (FIXTURES / "interviews" / "screening.txt").read_bytes()


def as_parquet() -> bytes:
    """A table of two answers."""
    file = io.BytesIO()
    pq.write_table(pa.table({"id": ["p1", "p2"], "answer": [ANSWER, ANSWER]}), file)
    return file.getvalue()


def as_zip() -> bytes:
    """An archive of a file of answers."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("answers.jsonl", LINE)
    return file.getvalue()


VTT = (
    b"WEBVTT\n\n00:01.000 --> 00:04.000\n<v Ada>When would you use RAG rather than fine-tuning or prompting?\n\n"
    b"00:05.000 --> 00:19.000\n<v Ben>I start with a prompt because it is cheap, and move to RAG when data changes.\n"
)


def upload(batches: Batches, *files: tuple[str, bytes], **fields: str) -> httpx.Response:
    """Send files as a form does."""
    parts: list[tuple[str, Any]] = [("file", file) for file in files]
    return batches.http.post("/v1/batches", files=parts, data={"rubric": RUBRIC, **fields})


@pytest.mark.parametrize(
    ("name", "content", "ids"),
    [
        pytest.param("answers.jsonl", LINE + b"broken\n" + LINE, ["1", "2", "1"], id="JSONL with a broken line"),
        pytest.param("answers.csv", b"id,answer\n00012,I start with a prompt.\n", ["00012"], id="CSV"),
        pytest.param("answers.parquet", as_parquet(), ["p1", "p2"], id="Parquet"),
        pytest.param("interview.vtt", VTT, ["1"], id="VTT"),
    ],
)
def test_a_file_is_graded(batches: Batches, name: str, content: bytes, ids: list[str]) -> None:
    """Whatever its format, told from its content."""
    reply = upload(batches, (name, content))

    assert reply.status_code == 202, reply.text
    results = batches.results(reply.json())
    assert reply.json()["inputs"] == [name]
    assert [each["id"] for each in results] == ids
    assert {each["source"]["file"] for each in results} == {name}


def test_an_interview_is_graded_turn_by_turn(batches: Batches) -> None:
    """Only what the candidate said, with the place of each quote."""
    reply = upload(batches, ("talk.vtt", VTT), speaker="Ben")

    (result,) = batches.results(reply.json())
    assert (result["source"]["speaker"], result["source"]["turns"]) == ("Ben", [2])
    sources = [span["source"] for each in result["verdict"]["criteria"] for span in each["evidence"]]
    assert sources
    assert {source["turn"] for source in sources} == {2}


def test_several_files_are_one_batch(batches: Batches) -> None:
    """In the order they are sent, without the folders of whoever sent them."""
    reply = upload(batches, ("C:\\people\\a.jsonl", LINE), ("../b.csv", b"id,answer\n7,I start with a prompt.\n"))

    assert reply.json()["inputs"] == ["a.jsonl", "b.csv"]
    assert [each["source"]["file"] for each in batches.results(reply.json())] == ["a.jsonl", "b.csv"]


def test_the_fields_of_a_form_are_options(batches: Batches) -> None:
    """Empty ones count as left out, as a page sends them."""
    answer = {"id": "u", "answer": "🙂 I start with a prompt because it is cheap."}

    reply = upload(batches, ("a.jsonl", as_jsonl([answer])), offset_unit="utf16", speaker="", webhook_url="  ")

    (result,) = batches.results(reply.json())
    starts = [span["start"] for each in result["verdict"]["criteria"] for span in each["evidence"]]
    assert min(starts) == 3


@pytest.mark.parametrize(
    ("media_type", "content", "query", "inputs"),
    [
        pytest.param("application/x-ndjson", LINE, "", ["body"], id="JSON lines"),
        pytest.param("application/jsonl; charset=utf-8", LINE, "filename=a.jsonl", ["a.jsonl"], id="with a name"),
        pytest.param("text/csv", b"id;answer\n1;I start with a prompt.\n", "", ["body"], id="CSV"),
        pytest.param("text/vtt", VTT, "speaker=Ben", ["body"], id="VTT"),
        pytest.param("application/vnd.apache.parquet", as_parquet(), "", ["body"], id="Parquet"),
        pytest.param("application/x-www-form-urlencoded", LINE, "", ["body"], id="as curl sends it"),
        pytest.param(
            "text/plain", b"id\tanswer\n1\tI start with a prompt.\n", "format=tsv", ["body"], id="format named"
        ),
    ],
)
def test_a_file_can_be_the_body(
    batches: Batches, media_type: str, content: bytes, query: str, inputs: list[str]
) -> None:
    """Which is what `curl --data-binary @file` sends; its options stand in the address."""
    reply = batches.http.post(
        f"/v1/batches?rubric={RUBRIC}&{query}", content=content, headers={"Content-Type": media_type}
    )

    assert reply.status_code == 202, reply.text
    assert reply.json()["inputs"] == inputs
    assert {each["status"] for each in batches.results(reply.json())} == {"graded"}


def test_a_body_without_a_type_is_json(batches: Batches) -> None:
    """As for `/v1/grade`."""
    content = json.dumps({"rubric": RUBRIC, "answers": answers(1)}, indent=2).encode()

    reply = batches.http.post("/v1/batches", content=b"\xef\xbb\xbf" + content)

    assert (reply.status_code, reply.json()["total"]) == (202, 1)


def test_the_answers_of_json_are_never_a_transcript(batches: Batches) -> None:
    """An element that looks like a turn is an answer that fails, or is graded, as one."""
    turns = [{"speaker": "Ada", "text": "Why?"}, {"speaker": "Ben", "text": "Because."}]

    batch = batches.make(turns)

    assert batches.ended(batch)["done"] == 2


def test_answers_choose_their_rubric_by_the_question(batches: Batches) -> None:
    """Without a rubric for all, each finds its own or fails alone."""
    question = batches.http.get("/v1/rubrics").json()["rubrics"][0]["question"]
    sent = [
        {"id": "fits", "answer": ANSWER, "question": question},
        {"id": "not", "answer": "Blue.", "question": "Sky?"},
    ]

    batch = batches.make(sent, rubric=None)

    results = batches.results(batch)
    assert [(each["id"], each["status"]) for each in results] == [("fits", "graded"), ("not", "failed")]
    assert results[1]["error"]["code"] == "no-rubric"


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        pytest.param(b"", 400, "not-json", "nothing", id="empty"),
        pytest.param(b'{"answers": [', 400, "not-json", "line 1", id="cut off"),
        pytest.param(b'{"answers": [{}]} {}', 400, "not-json", "trailing", id="two documents"),
        pytest.param(b'{"answers": "\xff"}', 400, "not-json", "UTF-8", id="not UTF-8"),
        pytest.param(b'{"rubric": nonsense, "answers": [{}]}', 400, "not-json", "rubric", id="an option that is none"),
        pytest.param(b"[" * 200_000, 422, "not-valid", "object", id="nested"),
        pytest.param(b'{"answers": ' + b"[" * 200_000, 400, "not-json", "no end", id="nested answers"),
        pytest.param(
            b'{"answers": [], "x": ' + b"[" * 9_000 + b"]" * 9_000 + b"}", 422, "not-valid", "x:", id="long x"
        ),
        pytest.param(b'{"answers": [], "x": ' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, "not-json", "x", id="deep x"),
        pytest.param(b"[{}]", 422, "not-valid", "object", id="a list"),
        pytest.param(b"{}", 422, "not-valid", "answers: this field is required", id="no answers"),
        pytest.param(b'{"answers": {}}', 422, "not-valid", "array", id="answers in no array"),
        pytest.param(b'{"answers": []}', 422, "answers-invalid", "no answers", id="none"),
        pytest.param(b'{"answers": [], "answers": []}', 422, "not-valid", "twice", id="answers twice"),
        pytest.param(
            b'{"answers": [{}], "speaker": "x"}', 422, "not-valid", "these exist: answers", id="unknown field"
        ),
        pytest.param(b'{"answers": [{}], "rubric": 1}', 422, "not-valid", "string", id="rubric is a number"),
        pytest.param(b'{"answers": [{}], "offset_unit": "x"}', 422, "not-valid", "utf16", id="unknown unit"),
        pytest.param(b'{"answers": [{}], "webhook": {}}', 422, "not-valid", "webhook.url", id="webhook without URL"),
        pytest.param(
            b'{"answers": [{}], "webhook": {"url": "ftp://x/"}}', 422, "webhook-invalid", "https", id="no web address"
        ),
        pytest.param(
            b'{"answers": [{}], "webhook": {"url": "http://127.0.0.1/", "secret": "hunter2"}}',
            422,
            "webhook-invalid",
            "whsec_",
            id="a secret that cannot sign",
        ),
        pytest.param(b'{"answers": [{}], "rubric": "none"}', 404, "rubric-not-found", RUBRIC, id="unknown rubric"),
        pytest.param(
            b'{"answers": [{}], "rubric": "%s"}' % (b"x" * 20_000), 422, "not-valid", "longer", id="long option"
        ),
        pytest.param(b" " * 300_001, 413, "body-too-large", "300,000", id="over the limit"),
    ],
)
def test_json_that_is_no_request_is_refused(batches: Batches, body: bytes, status: int, code: str, said: str) -> None:
    """The problem says what is wrong, and nothing is made of it."""
    before = batches.ids()

    reply = batches.http.post("/v1/batches", content=body, headers={"Content-Type": "application/json"})

    problem = check_problem(reply, status, code)
    assert said in problem["detail"]
    assert "hunter2" not in reply.text
    assert len(problem["detail"]) < 500
    assert batches.ids() == before


@pytest.mark.parametrize(
    ("name", "content", "fields", "refused", "said"),
    [
        pytest.param("a.jsonl", b"", {}, (422, "answers-invalid"), "empty", id="empty"),
        pytest.param("a.zip", as_zip(), {}, (422, "answers-invalid"), "archive", id="zip"),
        pytest.param("a.gz", gzip.compress(LINE), {}, (422, "answers-invalid"), "archive", id="gzip"),
        pytest.param("a.bin", bytes(range(256)), {}, (422, "answers-invalid"), "neither", id="binary"),
        pytest.param("a.jsonl", b"\n\n", {"format": "jsonl"}, (422, "answers-invalid"), "no answers", id="no answers"),
        pytest.param("a.jsonl", LINE, {"format": "xlsx"}, (422, "not-valid"), "these exist", id="no such format"),
        pytest.param("a.vtt", VTT, {"speaker": "Carl"}, (422, "speaker-unclear"), "Ada", id="who does not speak"),
        pytest.param("a.vtt", VTT, {"speaker": "B\x00n"}, (422, "not-valid"), "control", id="NUL in a name"),
        pytest.param("a.vtt", b"WEBVTT\n\n", {}, (422, "transcript-invalid"), "cue times", id="nothing said"),
        pytest.param("a.jsonl", LINE, {"speeker": "x"}, (422, "not-valid"), "these exist", id="misspelt field"),
        pytest.param("a.jsonl", LINE, {"webhook_url": "x"}, (422, "webhook-invalid"), "https", id="no address"),
        pytest.param(
            "a.jsonl", LINE, {"webhook_url": "x" * 2_001}, (422, "not-valid"), "webhook_url", id="far too long"
        ),
        pytest.param("a.jsonl", LINE, {"speaker": "x" * 20_000}, (400, "not-a-form"), "maximum", id="long field"),
        pytest.param("a.jsonl", LINE * 8_000, {}, (413, "body-too-large"), "300,000", id="over the limit"),
    ],
)
def test_files_that_cannot_be_graded_are_refused(  # noqa: PLR0917 - pytest passes them by name
    batches: Batches, name: str, content: bytes, fields: dict[str, str], refused: tuple[int, str], said: str
) -> None:
    """At once, with what is wrong, and nothing is kept of them."""
    before = batches.ids()

    reply = upload(batches, (name, content), **fields)

    assert said in check_problem(reply, *refused)["detail"]
    assert batches.ids() == before


def test_an_unclear_candidate_is_answered_with_the_speakers(batches: Batches) -> None:
    """A client can offer them to choose from."""
    reply = upload(batches, ("a.vtt", VTT), speaker="Nobody")

    assert set(check_problem(reply, 422, "speaker-unclear")["known"]) == {"Ada", "Ben"}


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        pytest.param([("file", (None, "x"))], "not-valid", "curl -F", id="a file without a name"),
        pytest.param([("rubric", (None, RUBRIC))], "not-valid", "required", id="no file"),
        pytest.param([("files", ("a.jsonl", LINE))], "not-valid", "called `file`", id="another name"),
        pytest.param([("file", ("a.jsonl", LINE))] * 101, "not-a-form", "100", id="too many files"),
        pytest.param(
            [("file", ("a.jsonl", LINE)), ("format", (None, "csv")), ("format", (None, "tsv"))],
            "not-valid",
            "twice",
            id="a field twice",
        ),
    ],
)
def test_a_form_of_other_parts_is_refused(batches: Batches, files: list[Any], code: str, said: str) -> None:
    """With what to send instead."""
    reply = batches.http.post("/v1/batches", files=files)

    assert said in check_problem(reply, 400 if code == "not-a-form" else 422, code)["detail"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"nonsense", id="no boundary"),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + LINE, id="cut off in a file"
        ),
        pytest.param(
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + LINE + b"\r\n--x\r\n",
            id="cut off after a file",
        ),
        pytest.param(b"--x\r\n\r\nno header\r\n--x--\r\n", id="a part without headers"),
    ],
)
def test_a_form_that_is_not_whole_is_refused(batches: Batches, content: bytes) -> None:
    """A file that is cut off must not be graded as if it were all."""
    reply = batches.http.post(
        "/v1/batches", content=content, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    check_problem(reply, 400, "not-a-form")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param({"Content-Type": "application/xml"}, 415, "media-type-unknown", id="another type"),
        pytest.param({"Content-Type": "application/zip"}, 415, "media-type-unknown", id="an archive"),
        pytest.param({"Content-Type": "multipart/form-data"}, 400, "not-a-form", id="no boundary"),
        pytest.param({"Content-Type": "text/csv", "Content-Encoding": "gzip"}, 415, "encoded-body", id="compressed"),
        pytest.param({"Idempotency-Key": "a b"}, 400, "idempotency-key-invalid", id="no key"),
    ],
)
def test_headers_that_make_no_sense_are_refused(
    batches: Batches, headers: dict[str, str], status: int, code: str
) -> None:
    """Before the body is looked at."""
    reply = batches.http.post("/v1/batches", content=LINE, headers=headers)

    check_problem(reply, status, code)


@pytest.mark.parametrize("kind", ["json", "form"])
def test_options_in_the_address_are_refused_where_they_stand_in_the_body(batches: Batches, kind: str) -> None:
    """Nobody would read them."""
    body: dict[str, Any] = {"json": {"answers": answers(1)}} if kind == "json" else {"files": {"file": ("a", LINE)}}

    reply = batches.http.post("/v1/batches?rubric=x", **body)

    assert "rubric" in check_problem(reply, 422, "not-valid")["detail"]


@pytest.mark.parametrize("query", ["rubrik=x", "speaker=a&speaker=b", "offset_unit=bytes", "webhook_secret=x"])
def test_options_beside_a_file_are_checked(batches: Batches, query: str) -> None:
    """As the fields of a form are."""
    reply = batches.http.post(f"/v1/batches?{query}", content=LINE, headers={"Content-Type": "text/csv"})

    check_problem(reply, 422, "not-valid")


@pytest.mark.parametrize("media_type", ["text/csv", "application/json", "multipart/form-data; boundary=x"])
def test_a_body_of_unknown_length_is_cut_off_at_the_limit(batch_service: str, media_type: str) -> None:
    """It is answered and the connection ended when it has become too long."""
    address = urlsplit(batch_service)
    head = (
        f"POST /v1/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nContent-Type: {media_type}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b" " * 300_000
    chunk = b"%x\r\n%s\r\n" % (len(part), part)

    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30) as raw:
        raw.sendall(head.encode() + chunk)
        received = b"".join(iter(lambda: raw.recv(65_536), b""))

    assert received.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body-too-large"' in received
    assert b"connection: close" in received.lower()


def test_json_has_a_limit_of_its_own(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is held in memory, unlike a file."""
    monkeypatch.setattr(uploads, "MAX_JSON_BYTES", 100)

    reply = batches.post(answers(2))

    assert "file of JSON lines" in check_problem(reply, 413, "body-too-large")["detail"]


def test_a_long_body_is_kept_in_a_file(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written in parts, and read as it was sent."""
    monkeypatch.setattr(uploads, "_IN_MEMORY", 1_000)
    content = as_jsonl([{"id": str(number), "answer": ANSWER} for number in range(200)])

    reply = batches.http.post(
        f"/v1/batches?rubric={RUBRIC}", content=content, headers={"Content-Type": "application/jsonl"}
    )

    assert [each["id"] for each in batches.results(reply.json())] == [str(number) for number in range(200)]


@pytest.mark.parametrize("kind", ["body", "form"])
def test_a_full_disk_is_said_so(batches: Batches, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Nothing is kept, and what is wrong is on our side."""

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", full)

    if kind == "body":
        reply = batches.http.post("/v1/batches", content=LINE, headers={"Content-Type": "text/csv"})
    else:
        reply = upload(batches, ("a.jsonl", LINE))

    check_problem(reply, 503, "disk-full")


def test_a_single_answer_keeps_its_own_limit(batches: Batches) -> None:
    """Only uploads may be as large as uploads, whatever the path looks like."""
    statuses = [
        batches.http.post(path, content=b" " * 700_000, headers={"Authorization": f"Bearer {KEY}"}).status_code
        for path in ("/v1/grade", "/v1/batches/x/cancel")
    ]

    assert statuses == [413, 413]


def test_names_are_shown_without_what_steers(batches: Batches) -> None:
    """Control characters and folders stay out of what people will read."""
    reply = batches.http.post(
        f"/v1/batches?rubric={RUBRIC}&filename=..%2Fup%1B%5B31m%E2%80%AEx.jsonl",
        content=LINE,
        headers={"Content-Type": "application/jsonl"},
    )

    assert reply.json()["inputs"] == ["up[31mx.jsonl"]
