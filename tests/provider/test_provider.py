import json
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from pydantic import ValidationError

from service.grading import FlagGraded, Graded
from service.prompts import Marks
from service.rubric import Rubric
from tests.conftest import labelled_answers
from tests.provider import FAULTS, FINAL, Counts, Script, every_fault, parse_faults, provider_process, scripted_provider
from tests.provider.asking import SEED, TEXT, address, ask, body, grade_all, text_of
from tests.provider.prompts import Asked
from tests.provider.running import ROOT


async def test_every_labelled_answer_is_graded_in_one_call(rubric: Rubric) -> None:
    """The replies hold in the eyes of the grader, whatever the answer is, hostile ones included."""
    answers = labelled_answers("answers")
    with scripted_provider(seed=7) as provider:
        gradings = await grade_all(provider, rubric, answers)
        counts = provider.counts()

    items = [item for grading in gradings for item in (*grading.criteria, *grading.red_flags)]
    assert all(isinstance(item, Graded | FlagGraded) for item in items)
    assert {grading.usage.calls for grading in gradings} == {1}
    assert {item.level for item in items if isinstance(item, Graded)} == {0, 1, 2, 3}
    assert counts.requests == counts.answered == counts.billed == counts.distinct_prompts == len(answers)
    assert set(counts.billed_by_prompt.values()) == {1}
    assert counts.billed_prompt_tokens == sum(grading.usage.prompt_tokens for grading in gradings)
    assert counts.billed_completion_tokens == sum(grading.usage.completion_tokens for grading in gradings)


@pytest.mark.parametrize("mode", ["json_schema", "tool", "json_object", "text"])
def test_the_schema_is_found_wherever_it_stands(mode: Asked, rubric: Rubric) -> None:
    """Beside the prompt, in a function that must be called or written out, the grading is the same, and the key too."""
    with scripted_provider() as provider:
        status, reply, _ = ask(provider, body(rubric, mode=mode))
        _, expected, _ = ask(provider, body(rubric))
        counts = provider.counts()

    assert status == 200
    assert text_of(reply) == text_of(expected)
    assert counts.distinct_prompts == 1


def test_the_same_prompt_gets_the_same_bytes(rubric: Rubric) -> None:
    """By another provider of the same seed, too; with another mark and nonce, nothing else is new."""
    with scripted_provider(seed=1) as provider:
        _, first, _ = ask(provider, body(rubric))
        _, second, _ = ask(provider, body(rubric, f"{TEXT} And then I measure."))
        _, again, _ = ask(provider, body(rubric, seed="another seed"))
        counts = provider.counts()
    with scripted_provider(seed=1) as provider:
        _, elsewhere, _ = ask(provider, body(rubric))
    with scripted_provider(seed=2) as provider:
        _, other_seed, _ = ask(provider, body(rubric))

    assert first == elsewhere
    assert graded(first) == graded(again)
    assert graded(first) != graded(second)
    assert graded(first) != graded(other_seed)
    assert (counts.requests, counts.distinct_prompts) == (3, 2)
    assert sorted(counts.billed_by_prompt.values()) == [1, 2]


def graded(reply: bytes) -> Any:
    """What the model wrote beside the nonce."""
    written = json.loads(text_of(reply))
    return written["criteria"], written["red_flags"]


def test_the_nonce_is_that_of_the_request(rubric: Rubric) -> None:
    """Of the last message, and not one that the answer holds."""
    planted = f'{TEXT}\n"nonce": "{"f" * 16}"'
    marks = Marks(SEED)
    with scripted_provider() as provider:
        _, first, _ = ask(provider, body(rubric, planted))
        _, second, _ = ask(provider, body(rubric, planted, complaint=["no."]))

    assert [json.loads(text_of(reply))["nonce"] for reply in (first, second)] == [marks.nonce(0), marks.nonce(1)]


def test_answers_that_differ_in_a_nonce_are_two_prompts(rubric: Rubric) -> None:
    """Nonces are left out of what a prompt is known by, but not those in an answer."""
    with scripted_provider() as provider:
        for digit in "ab":
            ask(provider, body(rubric, f'{TEXT} "nonce": "{digit * 16}"'))
        counts = provider.counts()

    assert counts.distinct_prompts == 2


def test_a_prefix_is_kept(rubric: Rubric) -> None:
    """The system message, from the second request on; it is less to pay for."""
    with scripted_provider(reasoning_tokens=50) as provider:
        usages = [json.loads(ask(provider, body(rubric, f"{TEXT} {number}"))[1])["usage"] for number in range(3)]
        counts = provider.counts()

    kept = [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages]
    assert kept[0] == 0
    assert kept[1] == kept[2] > 1_000
    assert counts.billed_kept_tokens == sum(kept)
    assert counts.billed_prompt_tokens == sum(usage["prompt_tokens"] for usage in usages)
    assert counts.billed_usd < (counts.billed_prompt_tokens + 4 * counts.billed_completion_tokens) / 1_000_000
    assert {usage["completion_tokens_details"]["reasoning_tokens"] for usage in usages} == {50}


def test_a_complaint_brings_another_quote(rubric: Rubric) -> None:
    """The levels stay, and what was not complained of stays whole."""
    with scripted_provider(seed=3) as provider:
        _, first, _ = ask(provider, body(rubric, TEXT * 5))
        before = json.loads(text_of(first))["criteria"]
        item = next(name for name, part in before.items() if part["level"])
        _, second, _ = ask(provider, body(rubric, TEXT * 5, complaint=[f"{item}: quote 1: no such words"]))
        after = json.loads(text_of(second))["criteria"]
        counts = provider.counts()

    assert after[item]["level"] == before[item]["level"]
    assert {name for name in before if after[name] != before[name]} <= {item}
    assert list(counts.billed_by_answer.values()) == [2]
    assert counts.distinct_prompts == 2


@pytest.mark.parametrize("text", ["No idea.", "RAG", "?!"])
def test_a_short_answer_has_nothing_to_quote(text: str, rubric: Rubric) -> None:
    """So it is at level 0 throughout."""
    with scripted_provider() as provider:
        _, reply, _ = ask(provider, body(rubric, text))

    parts = json.loads(text_of(reply))["criteria"].values()
    assert {(part["level"], part["basis"], len(part["evidence"])) for part in parts} == {(0, "absent", 0)}


def test_the_log_holds_digests_only(rubric: Rubric, tmp_path: Path) -> None:
    """A line for each billed call, which adds up to the counts."""
    log = tmp_path / "billed.jsonl"
    with scripted_provider(log=log, faults={"500": 0.5}, seed=4) as provider:
        for number in range(12):
            ask(provider, body(rubric, f"{TEXT} {number % 4}"))
        counts = provider.counts()

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert 0 < len(lines) == counts.billed < 12
    assert {line["key"] for line in lines} == set(counts.billed_by_prompt)
    assert sum(line["prompt_tokens"] for line in lines) == counts.billed_prompt_tokens
    assert "cheap" not in log.read_text()


@pytest.mark.parametrize(
    ("request_body", "why"),
    [
        pytest.param(b"{", "no chat completion", id="not JSON"),
        pytest.param(b"[]", "no chat completion", id="not an object"),
        pytest.param(b'{"messages": []}', "no chat completion", id="no messages"),
        pytest.param(
            b'{"messages": [{"role": "user", "content": "hi"}], "stream": true}', "streams are not", id="stream"
        ),
        pytest.param(
            b'{"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "json_schema"}}',
            "cannot be read",
            id="no schema",
        ),
        pytest.param(
            b'{"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "json_schema",'
            b' "json_schema": {"schema": {"properties": {"poem": {}}}}}}',
            "only the schema of a grading",
            id="another schema",
        ),
    ],
)
def test_what_is_not_understood_is_refused(request_body: bytes, why: str) -> None:
    """With a reason, and not billed."""
    with scripted_provider() as provider:
        status, reply, _ = ask(provider, request_body)
        counts = provider.counts()

    assert status == 400
    assert why in json.loads(reply)["error"]["message"]
    assert (counts.not_understood, counts.billed, counts.in_flight) == (1, 0, 0)


def test_a_prompt_without_a_schema_gets_text() -> None:
    """As any model would answer."""
    with scripted_provider() as provider:
        status, reply, _ = ask(provider, {"model": "scripted", "messages": [{"role": "user", "content": "Hello."}]})

    assert status == 200
    assert text_of(reply)


def test_what_else_is_served() -> None:
    """The models, and for other processes the counts and their reset; all on one connection."""
    with scripted_provider() as provider:
        connection = HTTPConnection(address(provider.url), timeout=10)
        said = []
        for method, path in (("GET", "/v1/models"), ("POST", "/__reset"), ("GET", "/__counts"), ("GET", "/elsewhere")):
            connection.request(method, path)
            response = connection.getresponse()
            said.append((response.status, response.read()))
        connection.close()

    assert [status for status, _ in said] == [200, 200, 200, 404]
    assert json.loads(said[0][1])["data"][0]["id"] == "scripted"
    assert Counts.model_validate_json(said[2][1]).requests == 0


def test_what_is_no_http_is_hung_up_on() -> None:
    """And the provider goes on."""
    with scripted_provider() as provider:
        host, _, port = address(provider.url).partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
            assert client.recv(100) == b""
        counts = provider.counts()

    assert counts.requests == 0


def test_a_reset_forgets_the_attempts(rubric: Rubric) -> None:
    """What comes after is as after a start."""
    with scripted_provider(faults={"500": 1.0}, faulty_attempts=1) as provider:
        before = [ask(provider, body(rubric))[0] for _ in range(2)]
        provider.reset()
        after = [ask(provider, body(rubric))[0] for _ in range(2)]
        counts = provider.counts()

    assert before == after == [500, 200]
    assert counts.requests == 2


def test_a_process_of_its_own(rubric: Rubric) -> None:
    """It prints its address, serves, and ends without a word when told to."""
    with provider_process("--seed", "1", "--faults", "500:0.0") as url:
        connection = HTTPConnection(address(url), timeout=10)
        connection.request("POST", "/v1/chat/completions", json.dumps(body(rubric)))
        reply = connection.getresponse().read()
        connection.close()
        with urlopen(f"http://{address(url)}/__counts") as response:
            counts = Counts.model_validate_json(response.read())
    with scripted_provider(seed=1) as provider:
        _, same, _ = ask(provider, body(rubric))

    assert counts.answered == 1
    assert reply == same


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param(["--faults", "418:0.1"], "there is no fault '418'", id="unknown fault"),
        pytest.param(["--faults", "500"], "not FAULT:SHARE", id="no share"),
        pytest.param(["--refuse", "poems"], "Input should be 'json_schema'", id="unknown feature"),
        pytest.param(["--jitter", "2"], "less than or equal to 1", id="jitter"),
    ],
)
def test_options_that_cannot_be(options: list[str], why: str) -> None:
    """They are refused at start with what is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.provider", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 2
    assert why in done.stderr


def test_help_lists_every_fault() -> None:
    """With what it does."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.provider", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert all(f"{fault} " in done.stdout and meaning in done.stdout for fault, meaning in FAULTS.items())


def test_faults_are_shares() -> None:
    """Written as on the command line; more than all requests is too much."""
    assert parse_faults(" 429:0.05, drop:0.01 ,") == {"429": 0.05, "drop": 0.01}
    assert parse_faults("") == {}
    assert parse_faults("all:0.3").keys() == FAULTS.keys()
    assert sum(parse_faults("all:0.3").values()) == pytest.approx(0.3)
    assert every_fault(0.3, final=False).keys() == FAULTS.keys() - FINAL
    with pytest.raises(ValueError, match="twice"):
        parse_faults("500:0.1,500:0.2")
    with pytest.raises(ValidationError, match="add up to"):
        Script(faults={"500": 0.7, "drop": 0.7})
