"""Completions at the wire: what is asked, what is asked again, and what ends at once."""

import asyncio
import json
import logging
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import pytest

from service.completions import CompletionOptions, LiteLLMCompleter
from service.completions.starting import count_tokens, load_litellm
from service.errors import GraderUnavailable
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, GEMINI, KEY, OPENAI, REQUEST, fails


async def test_a_completion_comes_back_whole(wire: Wire) -> None:
    """Text, why it ended, who served it, tokens, and the price where it is known."""
    wire.replies(wire.provider.says('{"level": 1}'))

    completion = await wire.completer.complete(REQUEST)

    assert (completion.text, completion.finish_reason, completion.refusal) == ('{"level": 1}', "stop", None)
    assert completion.served_model is not None
    assert completion.served_model.endswith("-test")
    usage = completion.usage
    assert (usage.calls, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens) == (1, 10, 4, 5)
    assert usage.cost_usd == (None if wire.provider.cost is None else pytest.approx(wire.provider.cost))


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
async def test_a_made_up_price_of_nothing_is_unknown(wire: Wire) -> None:
    """A price of 0 is what litellm says for a new model of a family it knows."""
    reply = wire.provider.says("{}").json() | {"model": "claude-test-2026"}
    wire.replies(httpx.Response(200, json=reply))

    completion = await wire.completer.complete(REQUEST)

    assert completion.usage.cost_usd is None


async def test_the_schema_and_the_limits_are_sent(wire: Wire) -> None:
    """Structured output, temperature 0, and room for the reply; the schema is shared and stays as it was."""
    before = json.dumps(REQUEST.schema)
    wire.replies(wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)

    (request,) = wire.sent
    body = json.loads(request.content)
    assert wire.provider.mode_of(request) == "json_schema"
    assert (body["temperature"], body["max_tokens"]) == (0.0, 8_000)
    assert "level" in json.dumps(body)
    assert json.dumps(REQUEST.schema) == before


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(fails(429), "rate-limited", id="429"),
        pytest.param(fails(408), "timeout", id="408"),
        pytest.param(fails(409), "server-error", id="409"),
        pytest.param(fails(425), "server-error", id="425"),
        pytest.param(fails(504), "server-error", id="504"),
        pytest.param(fails(500), "server-error", id="500"),
        pytest.param(fails(502), "server-error", id="502"),
        pytest.param(fails(503), "server-error", id="503"),
        pytest.param(fails(529), "server-error", id="529"),
        pytest.param(fails(500, kind="invalid_request_error"), "server-error", id="500 that says invalid request"),
        pytest.param(httpx.ReadTimeout, "timeout", id="timeout"),
        pytest.param(httpx.ReadError, "connection", id="broken connection"),
    ],
)
async def test_what_may_pass_is_tried_again(wire: Wire, trouble: httpx.Response | type[Exception], reason: str) -> None:
    """Once for each attempt at the wire, with a pause before each; then it is an error that says why."""
    wire.replies(trouble, wire.provider.says("{}"))
    completion = await wire.completer.complete(REQUEST)
    answered = isinstance(trouble, httpx.Response)
    assert (len(wire.sent), completion.usage.calls, completion.mode) == (2, 1 + answered, "json_schema")

    wire.replies(trouble)
    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert len(wire.sent) == 2 + wire.provider.options.max_attempts
    assert len(wire.waits) == wire.provider.options.max_attempts
    assert caught.value.reason == reason
    assert caught.value.retry_after is not None


async def test_a_refused_connection_is_tried_again(wire: Wire) -> None:
    """Some of litellm's providers reconnect once by themselves; no request is sent twice by that."""
    wire.replies(httpx.ConnectError)

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert caught.value.reason == "connection"
    assert len(wire.waits) == wire.provider.options.max_attempts - 1


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(fails(401), "credentials", id="401"),
        pytest.param(fails(403), "permission", id="403"),
        pytest.param(fails(404), "model-not-found", id="404"),
        pytest.param(fails(401, kind="invalid_request_error"), "credentials", id="401 that says invalid request"),
        pytest.param(fails(429, message="insufficient_quota"), "quota", id="quota used up"),
        pytest.param(fails(402, message="Insufficient Balance"), "quota", id="402"),
        pytest.param(
            fails(400, message="Your credit balance is too low to access the API.", kind="invalid_request_error"),
            "quota",
            id="no credit, as a 400",
        ),
        pytest.param(
            fails(400, message="prompt is too long. This model's maximum context length is 9 tokens"),
            "context-window",
            id="context window",
        ),
    ],
)
async def test_what_will_not_pass_ends_at_once(wire: Wire, trouble: httpx.Response, reason: str) -> None:
    """One request, no pause, an error of its own kind that says not to wait."""
    wire.replies(trouble)

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert len(wire.sent) == 1
    assert wire.waits == []
    assert (caught.value.reason, caught.value.retry_after) == (reason, None)


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_the_content_policy_is_a_failure_of_its_own(wire: Wire) -> None:
    """No simpler request would pass, so none is made."""
    wire.replies(fails(400, message="content_policy_violation", kind="invalid_request_error"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert (caught.value.reason, len(wire.sent)) == ("content-policy", 1)


async def test_retry_after_is_honoured(wire: Wire) -> None:
    """The pause is what the provider asked for, and a little more so that not all come at once."""
    wire.replies(fails(429, retry_after="7"), wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)

    (wait,) = wire.waits
    assert 7 <= wait <= 8


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(wire: Wire) -> None:
    """Coming back too early would be refused again; whoever asked learns when to come back."""
    wire.replies(fails(429, retry_after="3600"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    assert (len(wire.sent), wire.waits, caught.value.retry_after) == (1, [], 3600.0)


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_a_completion_without_a_choice_is_tried_again(wire: Wire) -> None:
    """There is nothing in it to read."""
    nothing = wire.provider.says("{}").json() | {"choices": []}
    wire.replies(httpx.Response(200, json=nothing), wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert completion.text == "{}"


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_no_call_begins_after_the_deadline(wire: Wire) -> None:
    """Time that is up buys no call."""
    completer = LiteLLMCompleter(wire.provider.options.model_copy(update={"deadline_s": 1e-9}))
    wire.replies(wire.provider.says("{}"))

    with pytest.raises(GraderUnavailable) as caught:
        await completer.complete(REQUEST)

    assert (caught.value.reason, wire.sent) == ("timeout", [])


@pytest.mark.parametrize(
    "body",
    [b'{"id": "x", "choi', b"<html>hello</html>", b"{}", b'{"error": "overloaded"}'],
    ids=["cut", "html", "empty", "error"],
)
async def test_a_body_that_is_no_completion_is_tried_again(wire: Wire, body: bytes) -> None:
    """A connection that broke off, or a proxy's page, says nothing of the answer."""
    wire.replies(httpx.Response(200, content=body), wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert (completion.text, completion.mode) == ("{}", "json_schema")
    assert len(wire.sent) == 2


@pytest.mark.parametrize("provider", [GEMINI], ids=["gemini"])
async def test_a_body_that_litellm_calls_a_refusal_is_tried_again(wire: Wire) -> None:
    """It gives such bodies of some providers a status of its own, 422, which says nothing of the schema."""
    wire.replies(httpx.Response(200, content=b'{"candidates": [{"con'), wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert (completion.text, completion.mode, len(wire.waits)) == ("{}", "json_schema", 1)
    assert (len(wire.sent), completion.usage.calls) == (2, 2)


@pytest.mark.parametrize(
    ("text", "finish_reason", "refusal"),
    [
        pytest.param(None, "stop", "I cannot.", id="refusal"),
        pytest.param(None, "content_filter", None, id="content filter"),
    ],
)
async def test_a_refusal_is_not_an_empty_text(
    wire: Wire, text: str | None, finish_reason: str, refusal: str | None
) -> None:
    """Whether the model or a filter declined, the completion says so."""
    wire.replies(wire.provider.says(text, finish_reason, refusal))

    completion = await wire.completer.complete(REQUEST)

    assert completion.refusal


async def test_half_a_character_does_not_come_through(wire: Wire) -> None:
    """JSON can carry what no request could carry back."""
    body = json.dumps(wire.provider.says("HERE").json()).replace("HERE", "a \\ud83d b")
    wire.replies(httpx.Response(200, content=body.encode()))

    completion = await wire.completer.complete(REQUEST)

    assert completion.text == "a ? b"


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_half_a_character_does_not_come_through_elsewhere(wire: Wire) -> None:
    """No record could be kept of it."""
    body = wire.provider.says(None, "stop", "I HERE").json() | {"model": "m HERE"}
    wire.replies(httpx.Response(200, content=json.dumps(body).replace("HERE", "\\ud83d").encode()))

    completion = await wire.completer.complete(REQUEST)

    assert (completion.refusal, completion.served_model) == ("I ?", "m ?")


async def test_empty_and_cut_completions_are_told_apart(wire: Wire) -> None:
    """Neither is an error here; what to do about them is the grader's to say."""
    wire.replies(wire.provider.says(""), wire.provider.says('{"lev', "length"))

    empty = await wire.completer.complete(REQUEST)
    cut = await wire.completer.complete(REQUEST)

    assert (empty.text, empty.finish_reason, empty.refusal) == ("", "stop", None)
    assert (cut.text, cut.finish_reason) == ('{"lev', "length")


async def test_neither_key_nor_answer_leaks(
    wire: Wire, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in logs at any level, not on the terminal, not in the error, whatever the provider repeats."""
    caplog.set_level(logging.DEBUG)
    wire.replies(fails(400, message=f"{KEY}: an answer nobody may log"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)

    output = capfd.readouterr()
    for text in (caplog.text, output.out, output.err, str(caught.value)):
        assert KEY not in text
        assert "nobody may log" not in text


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
async def test_no_more_room_is_asked_for_than_the_model_has(wire: Wire) -> None:
    """A request for more would be refused."""
    completer = LiteLLMCompleter(wire.provider.options.model_copy(update={"max_tokens": 1_000_000}))
    wire.replies(wire.provider.says("{}"))

    await completer.complete(REQUEST)

    assert json.loads(wire.sent[0].content)["max_tokens"] == 64_000


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_a_reply_that_was_cut_off_may_take_more_room(wire: Wire) -> None:
    """As many times the usual as asked for, up to the most allowed."""
    wire.replies(wire.provider.says("{}"))

    for room in (1, 2, 4, 8):
        await wire.completer.complete(replace(REQUEST, room=room))

    rooms = [json.loads(request.content)["max_tokens"] for request in wire.sent]
    assert rooms == [8_000, 16_000, 32_000, 32_000]


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_a_server_without_keys_needs_none(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A local server gets a placeholder, which OpenAI's client insists on."""
    monkeypatch.delenv("OPENAI_API_KEY")
    wire.replies(wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)

    assert wire.sent[0].headers["authorization"] == "Bearer none"


async def test_a_missing_key_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server error by litellm's word, but it will not pass, and no request is made."""
    monkeypatch.delenv("OPENAI_API_KEY")
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    completer = LiteLLMCompleter(CompletionOptions(model="openai/gpt-test"), sleep=sleep)

    with pytest.raises(GraderUnavailable) as caught:
        await completer.complete(REQUEST)

    assert (caught.value.reason, waits) == ("credentials", [])


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_no_more_calls_at_once_than_allowed(wire: Wire) -> None:
    """The others wait for their turn."""
    at_once = most = 0
    reply = wire.provider.says("{}")
    two = asyncio.Event()

    async def slow(_: httpx.Request) -> httpx.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 2:
            two.set()
        await two.wait()
        for _turn in range(5):
            await asyncio.sleep(0)
        at_once -= 1
        return httpx.Response(200, headers=reply.headers, content=reply.content)

    wire._route.mock(side_effect=slow)
    completer = LiteLLMCompleter(wire.provider.options.model_copy(update={"concurrency": 2}))

    async with asyncio.timeout(30):
        await asyncio.gather(*(completer.complete(REQUEST) for _ in range(6)))

    assert (most, len(wire.sent)) == (2, 6)


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_requests_that_come_together_begin_apart(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they are answered together, and nothing new gets out while all those replies are read."""
    begun: list[float] = []
    litellm = load_litellm()
    response = litellm.ModelResponse(choices=[{"message": {"role": "assistant", "content": "{}"}}])

    async def watched(**_: object) -> object:
        begun.append(time.monotonic())
        return response

    monkeypatch.setattr(litellm, "acompletion", watched)

    await asyncio.gather(*(wire.completer.complete(REQUEST) for _ in range(5)))

    assert begun[-1] - begun[0] > 0.01  # four times 4 ms, but for timers that go off early


@pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])
async def test_a_reply_that_never_ends_runs_into_the_timeout(wire: Wire) -> None:
    """The time per call covers the whole call, not each read of it."""
    completer = LiteLLMCompleter(wire.provider.options.model_copy(update={"timeout_s": 0.05, "max_attempts": 1}))

    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    wire._route.mock(side_effect=never)

    with pytest.raises(GraderUnavailable) as caught:
        await completer.complete(REQUEST)

    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("model", ["together_ai/meta-llama/Llama-3-8b", "replicate/llama-2", "openai/gpt-test"])
def test_tokens_are_counted_without_a_network(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokeniser to be fetched would stop the event loop, and offline for as long as its retries take."""
    fetched: list[object] = []

    def fetch(*which: object, **_: object) -> None:
        fetched.extend(which)
        raise OSError("no network")

    monkeypatch.setattr("tokenizers.Tokenizer.from_pretrained", fetch)

    assert 2 <= count_tokens(model, "two words") <= 9
    assert fetched == []


def test_odd_replies_are_not_written_to_the_terminal() -> None:
    """Pydantic's warnings about them quote what the model wrote, and with it the answer."""
    program = (
        "from service.completions.starting import load_litellm; litellm = load_litellm();"
        "reply = litellm.ModelResponse(choices=[{'message': {'content': 'x'}}]);"
        "reply.choices[0].message.content = {'quote': 'nobody may log'}; reply.model_dump()"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "nobody may log" not in done.stderr
