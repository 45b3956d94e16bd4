"""How a provider is asked for JSON: what it refuses or ignores, and what is remembered of that."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.completions import LearningCompleter
from service.completions.capability import MODES, Capability, Mode, Shape
from service.completions.starting import calls_for_schema, load_litellm
from service.errors import GraderUnavailable
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, OPENAI, REQUEST, fails

openai_alone = pytest.mark.parametrize("provider", [OPENAI], ids=["openai"])


def modes(wire: Wire) -> list[Mode]:
    """How each request asked, one after another."""
    return [wire.provider.mode_of(request) for request in wire.sent]


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_schema_is_asked_for_in_simpler_ways(wire: Wire, status: int) -> None:
    """A forced call next, then JSON mode, then plain text with the schema in the prompt; what worked is remembered."""
    wire.replies(fails(status), fails(status), fails(status), wire.provider.says("{}"))

    first = await wire.completer.complete(REQUEST)
    second = await wire.completer.complete(REQUEST)

    # litellm sends nothing of JSON mode to Anthropic.
    third = "json_object" if wire.provider is OPENAI else "text"
    assert modes(wire) == ["json_schema", "tool", third, "text", "text"]
    assert (first.mode, second.mode) == ("text", "text")
    assert (first.usage.calls, second.usage.calls) == (4, 1)
    assert "JSON Schema" not in wire.sent[1].content.decode()
    assert "must be valid under this JSON Schema" in wire.sent[-1].content.decode()
    assert wire.waits == []


async def test_the_arguments_of_a_forced_call_are_the_text(wire: Wire) -> None:
    """The schema is the function's, no other may be called, and the reply reads as any other does."""
    wire.replies(fails(400), wire.provider.calls('{"level": 1}'))

    completion = await wire.completer.complete(REQUEST)

    assert (json.loads(completion.text), completion.finish_reason, completion.mode) == ({"level": 1}, "stop", "tool")
    body = json.loads(wire.sent[1].content)
    (tool,) = body["tools"]
    assert body["tool_choice"]["type"] in {"function", "tool"}
    assert "level" in json.dumps(tool)
    assert "response_format" not in body


@openai_alone
async def test_several_calls_are_all_read(wire: Wire) -> None:
    """Where they differ, none is to be believed."""
    body = wire.provider.calls('{"level": 0}').json()
    calls = body["choices"][0]["message"]["tool_calls"]
    calls.append(json.loads(json.dumps(calls[0]).replace("0}", "1}")))
    wire.replies(fails(400), httpx.Response(200, json=body))

    completion = await wire.completer.complete(REQUEST)

    assert completion.text == '{"level": 0}\n\n{"level": 1}'


@pytest.mark.parametrize("provider", [ANTHROPIC], ids=["anthropic"])
@pytest.mark.parametrize(
    ("model", "mode"),
    [
        pytest.param("claude-3-haiku-20240307", "tool", id="no schemas"),
        pytest.param("claude-sonnet-4-5", "json_schema", id="schemas"),
    ],
)
async def test_a_call_that_was_cut_off_says_so(wire: Wire, model: str, mode: Mode) -> None:
    """Left to itself, litellm asks for a call in the place of a schema, and then hides why that ended."""
    body = wire.provider.calls('{"level": 1}').json() | {"stop_reason": "max_tokens"}
    name: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        name.extend(tool["name"] for tool in json.loads(request.content).get("tools", []))
        return httpx.Response(200, content=json.dumps(body).replace("grading", name[0] if name else "grading"))

    wire._route.mock(side_effect=respond)

    completion = await wire.completes(model=f"anthropic/{model}").complete(REQUEST)

    assert (modes(wire), name) == ([mode], ["grading"] if mode == "tool" else [])
    assert (completion.mode, completion.finish_reason) == (mode, "length")


@pytest.mark.parametrize(
    ("model", "calls"),
    [
        pytest.param("anthropic/claude-3-haiku-20240307", True, id="Anthropic's, old"),
        pytest.param("anthropic/claude-sonnet-4-5", False, id="Anthropic's"),
        pytest.param("bedrock/amazon.nova-pro-v1:0", True, id="at a cloud"),
        pytest.param("openai/gpt-test", False, id="OpenAI's protocol"),
        pytest.param("cohere_chat/command-r", False, id="a provider of neither"),
        pytest.param("ollama_chat/llama3", False, id="local"),
        pytest.param("nobody/gpt-test", False, id="no provider"),
    ],
)
def test_where_litellm_makes_a_call_of_a_schema_is_known(model: str, *, calls: bool) -> None:
    """Asked of litellm itself, with nothing sent."""
    assert calls_for_schema(model) == calls


async def test_a_call_that_was_not_made_leaves_the_text(wire: Wire) -> None:
    """Servers take the function and never call it."""
    wire.replies(fails(400), wire.provider.says('{"level": 0}'))

    completion = await wire.completer.complete(REQUEST)

    assert completion.text == '{"level": 0}'


async def test_a_request_refused_in_every_way_is_an_error(wire: Wire) -> None:
    """And nothing is remembered: the schema was not what it was refused for."""
    wire.replies(*[fails(400)] * 4, wire.provider.says("{}"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)
    await wire.completer.complete(REQUEST)

    assert (caught.value.reason, caught.value.retry_after, caught.value.calls) == ("request-refused", None, 4)
    assert modes(wire)[4:] == ["json_schema"]


async def test_trouble_that_passes_never_steps_down(wire: Wire) -> None:
    """A provider that is busy has not refused the schema."""
    wire.replies(fails(503), fails(429), wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)

    assert modes(wire) == ["json_schema"] * 3


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(fails(401), "credentials", id="key"),
        pytest.param(fails(400, message="API key not valid. Please pass one."), "credentials", id="key, as a 400"),
        pytest.param(fails(404), "model-not-found", id="model"),
        pytest.param(fails(400, message="The model `x` does not exist"), "model-not-found", id="model, as a 400"),
        pytest.param(fails(400, message="API key expired. Renew it."), "credentials", id="old key, as a 400"),
        pytest.param(fails(400, message="The model identifier is invalid."), "model-not-found", id="model identifier"),
        pytest.param(fails(400, message="prompt exceeds the context size"), "context-window", id="context"),
        pytest.param(fails(400, message="Input is too long for this model."), "context-window", id="input"),
        pytest.param(
            fails(400, message="This model's maximum prompt length is 131072"), "context-window", id="prompt length"
        ),
        pytest.param(fails(400, message="Please reduce the length of the messages"), "context-window", id="messages"),
        pytest.param(
            fails(400, message="flagged as potentially violating our usage policy"), "content-policy", id="usage policy"
        ),
        pytest.param(
            fails(400, message="Output blocked by content filtering policy"), "content-policy", id="content policy"
        ),
    ],
)
async def test_what_is_no_matter_of_shape_never_steps_down(wire: Wire, trouble: httpx.Response, reason: str) -> None:
    """No other request would have passed, so none is made, and the next still asks in the richest way."""
    wire.replies(trouble, wire.provider.says("{}"))

    with pytest.raises(GraderUnavailable) as caught:
        await wire.completer.complete(REQUEST)
    await wire.completer.complete(REQUEST)

    assert (caught.value.reason, caught.value.retry_after) == (reason, None)
    assert modes(wire) == ["json_schema", "json_schema"]


@openai_alone
async def test_what_was_learnt_is_known_to_all_completers_of_an_endpoint(wire: Wire) -> None:
    """Another model at the same address has everything before it."""
    wire.replies(fails(400), wire.provider.says("{}"))
    await wire.completer.complete(REQUEST)

    await wire.completes(concurrency=1).complete(REQUEST)
    await wire.completes(model="openai/another").complete(REQUEST)

    assert modes(wire)[2:] == ["tool", "json_schema"]


async def test_a_refused_temperature_is_left_out(wire: Wire) -> None:
    """The schema stays; reasoning models that litellm does not know take no temperature, which is remembered."""
    wire.replies(fails(400, message="Unsupported value: 'temperature' does not support 0"), wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)
    await wire.completes().complete(REQUEST)

    sent = ["temperature" in json.loads(request.content) for request in wire.sent]
    assert sent == [True, False, False]
    assert set(modes(wire)) == {"json_schema"}


@openai_alone
async def test_a_temperature_that_only_stands_in_an_error_is_kept(wire: Wire) -> None:
    """Servers repeat the request in the error; what they refused was the schema."""
    echo = fails(422, message="Input should be 'text', input: {'temperature': 0.0}")
    wire.replies(echo, echo, wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)
    await wire.completer.complete(REQUEST)

    sent = ["temperature" in json.loads(request.content) for request in wire.sent]
    assert (modes(wire), sent) == (["json_schema", "json_schema", "tool", "tool"], [True, False, True, True])


@openai_alone
@pytest.mark.parametrize("echo", ["'input': {}", '"input": {}', "input_value={}, input_type=dict"])
async def test_a_request_that_an_error_repeats_says_nothing(wire: Wire, echo: str) -> None:
    """Not even where the answer speaks of context windows or of content policies."""
    request = {"messages": [{"content": "its context window is too small"}], "temperature": 0.0}
    complaint = f"'loc': ('body',), 'msg': 'Value error, unknown format', {echo.format(request)}"
    wire.replies(fails(400, message=complaint), wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)

    assert modes(wire) == ["json_schema", "tool"]
    assert all("temperature" in json.loads(request.content) for request in wire.sent)


@openai_alone
async def test_a_temperature_that_litellm_refuses_is_left_out(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows some reasoning models, and then makes no call."""
    litellm = load_litellm()
    through = litellm.acompletion

    async def refuse(**arguments: object) -> object:
        if "temperature" in arguments:
            raise litellm.exceptions.UnsupportedParamsError(
                message="gpt-test does not support temperature=0", llm_provider="openai", model="gpt-test"
            )
        return await through(**arguments)

    monkeypatch.setattr(litellm, "acompletion", refuse)
    wire.replies(wire.provider.says("{}"))

    completion = await wire.completer.complete(REQUEST)

    assert (modes(wire), completion.usage.calls) == (["json_schema"], 1)


@openai_alone
async def test_a_limit_of_another_name_is_learnt(wire: Wire) -> None:
    """Reasoning models that litellm does not know take the limit of the reply under its newer name alone."""
    refusal = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
    wire.replies(fails(400, message=refusal), wire.provider.says("{}"))

    await wire.completer.complete(REQUEST)
    await wire.completer.complete(REQUEST)

    bodies = [json.loads(request.content) for request in wire.sent]
    assert [body.get("max_tokens") for body in bodies] == [8_000, None, None]
    assert [body.get("max_completion_tokens") for body in bodies] == [None, 8_000, 8_000]
    assert set(modes(wire)) == {"json_schema"}


async def test_a_schema_that_is_ignored_is_given_up(wire: Wire) -> None:
    """Two replies in a row that are of no use end the mode, whichever completer they were for."""
    wire.replies(wire.provider.says("I find it good."))
    other = wire.completes()

    for completer in (wire.completer, other, other):
        wire.completer.reply_judged(await completer.complete(REQUEST), usable=False)

    assert modes(wire) == ["json_schema", "json_schema", "tool"]
    assert isinstance(wire.completer, LearningCompleter)


def test_a_reply_of_use_starts_the_count_again() -> None:
    """One in two being of no use is the model's doing, not the provider's."""
    capability = Capability()

    for usable in (False, True, False, True, False):
        capability.judged("json_schema", usable=usable)

    assert capability.shape.mode == "json_schema"


def test_a_mode_is_judged_by_its_own_replies() -> None:
    """What was of no use in the mode before it does not count."""
    capability = Capability()
    capability.judged("json_schema", usable=False)
    capability.learn(Shape(), Shape("tool"))

    ended = [capability.judged("tool", usable=False) for _ in range(2)]

    assert ended == [False, True]


def test_late_replies_to_a_mode_that_was_left_do_not_count() -> None:
    """Requests under way together end one mode, not one after another."""
    capability = Capability()

    ended = [capability.judged("json_schema", usable=False) for _ in range(6)]

    assert (capability.shape.mode, ended.count(True)) == ("tool", 1)


def test_a_shape_that_worked_late_does_not_bring_a_mode_back() -> None:
    """A call that began before the others had learnt knows less than they do."""
    capability = Capability()
    capability.learn(Shape(), Shape(mode="text"))

    new = capability.learn(Shape(), Shape(mode="tool"))

    assert (new, capability.shape.mode) == (False, "text")


_shapes = st.builds(
    Shape, st.sampled_from(MODES), st.booleans(), st.sampled_from(["max_tokens", "max_completion_tokens"])
)


@given(st.lists(st.tuples(_shapes, _shapes) | st.tuples(st.sampled_from(MODES), st.booleans())))
def test_no_mode_comes_back(events: list[tuple[Shape, Shape] | tuple[Mode, bool]]) -> None:
    """Whatever is learnt and judged in whichever order, a mode once left stays left."""
    capability = Capability()
    ways = []

    for first, second in events:
        if isinstance(first, Shape) and isinstance(second, Shape):
            capability.learn(first, second)
        elif isinstance(first, str) and isinstance(second, bool):
            capability.judged(first, usable=second)
        ways.append(MODES.index(capability.shape.mode))

    assert ways == sorted(ways)
