import json
import re
from typing import Any

import pytest

from service.answer import parse_answer
from service.completions import CompletionOptions, CompletionRequest, LiteLLMCompleter
from service.completions.capability import MODES, Shape
from service.completions.endpoints import endpoint_of
from service.graders.llm import LLMGrader
from service.grading import FlagGraded, Graded, Grading
from service.prompts import Marks, build_messages
from service.replies import SCHEMA_NAME, parse_reply, reply_schema
from service.rubric import Rubric
from tests.conftest import labelled_answers
from tests.provider import RunningProvider, scripted_provider
from tests.provider.asking import (
    MESSAGES,
    SEED,
    TEXT,
    ProtocolName,
    ask,
    at_once,
    body,
    clients_of_this_loop,
    grade_all,
    message_body,
    options_for,
    text_of,
    text_of_message,
)
from tests.provider.prompts import Asked


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-made-up-for-tests")


def whole(grading: Grading) -> bool:
    """Whether nothing of it is ungraded."""
    return all(isinstance(item, Graded | FlagGraded) for item in (*grading.criteria, *grading.red_flags))


async def test_both_protocols_grade_alike(rubric: Rubric) -> None:
    """Each labelled answer takes one call, and usage is what the provider billed."""
    answers = labelled_answers("answers")[:12]
    with scripted_provider(seed=7) as provider:
        openai = await grade_all(provider, rubric, answers)
        provider.reset()
        anthropic = await grade_all(provider, rubric, answers, "anthropic")
        counts = provider.counts()

    assert [grading.criteria for grading in anthropic] == [grading.criteria for grading in openai]
    assert all(map(whole, anthropic))
    assert counts.requests == counts.billed == len(answers)
    assert counts.billed_prompt_tokens == sum(grading.usage.prompt_tokens for grading in anthropic)
    assert counts.billed_completion_tokens == sum(grading.usage.completion_tokens for grading in anthropic)


@pytest.mark.parametrize("mode", ["json_schema", "tool", "text"])
def test_a_message_holds_what_a_chat_completion_holds(mode: Any, rubric: Rubric) -> None:
    """As text, or as the arguments of a call."""
    with scripted_provider() as provider:
        status, message, _ = ask(provider, message_body(rubric, mode=mode), MESSAGES)
        _, chat, _ = ask(provider, body(rubric))

    read = json.loads(message)
    called = mode == "tool"
    assert status == 200
    assert json.loads(text_of_message(message)) == json.loads(text_of(chat))
    assert (read["type"], read["role"]) == ("message", "assistant")
    assert read["content"][0]["type"] == ("tool_use" if called else "text")
    assert read["content"][0].get("name") == (SCHEMA_NAME if called else None)
    assert read["stop_reason"] == ("tool_use" if called else "end_turn")


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "claude-3-haiku-20240307", "scripted"])
async def test_the_schema_is_found_in_what_litellm_makes_of_it(model: str, rubric: Rubric) -> None:
    """Put into `output_format` with its definitions resolved, or into a function that must be called."""
    with scripted_provider() as provider:
        options = CompletionOptions(model=f"anthropic/{model}", api_base=provider.anthropic_url)
        async with clients_of_this_loop():
            grading = await LLMGrader(LiteLLMCompleter(options)).grade(rubric, parse_answer(TEXT))
        counts = provider.counts()

    assert whole(grading)
    assert counts.requests == counts.answered == 1


def test_what_is_marked_is_kept(rubric: Rubric) -> None:
    """Written once and read from then on; what is not marked is neither."""
    with scripted_provider() as provider:
        plain, first, second = (
            json.loads(ask(provider, message_body(rubric, kept=kept), MESSAGES)[1])["usage"]
            for kept in (False, True, True)
        )

    created, read = "cache_creation_input_tokens", "cache_read_input_tokens"
    assert (plain[created], plain[read]) == (0, 0)
    assert (first[created] > 1_000, first[read]) == (True, 0)
    assert (second[created], second[read]) == (0, first[created])
    assert {usage["input_tokens"] + usage[created] + usage[read] for usage in (plain, first, second)} == {
        plain["input_tokens"]
    }


def test_a_system_prompt_of_text_is_read_as_well(rubric: Rubric) -> None:
    """And is the same prompt."""
    request = message_body(rubric)
    request["system"] = request["system"][0]["text"]
    with scripted_provider() as provider:
        _, text, _ = ask(provider, request, MESSAGES)
        _, blocks, _ = ask(provider, message_body(rubric), MESSAGES)
        counts = provider.counts()

    assert text == blocks
    assert counts.distinct_prompts == 1


@pytest.mark.parametrize(
    ("request_body", "why"),
    [
        pytest.param({"max_tokens": 1, "messages": []}, "no request for a message", id="no messages"),
        pytest.param({"messages": [{"role": "user", "content": "hi"}]}, "no request for a message", id="no limit"),
        pytest.param(
            {
                "max_tokens": 1,
                "messages": [{"role": "user", "content": "hi"}],
                "output_format": {"type": "json_schema"},
            },
            "cannot be read",
            id="no schema",
        ),
    ],
)
def test_a_message_that_is_not_understood_is_refused(request_body: dict[str, Any], why: str) -> None:
    """In the protocol's own way."""
    with scripted_provider() as provider:
        status, reply, _ = ask(provider, request_body, MESSAGES)

    error = json.loads(reply)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert why in error["message"]


def test_a_schema_that_is_ignored(rubric: Rubric) -> None:
    """Over many answers there is prose around the JSON, a fence, another order of keys, and no JSON at all."""
    with scripted_provider(schema_use="ignore", faulty_attempts=1) as provider:
        texts = [text_of(ask(provider, body(rubric, f"{TEXT} {number}"))[1]) for number in range(40)]
        again = [text_of(ask(provider, body(rubric, f"{TEXT} {number}"))[1]) for number in range(40)]

    kinds = {
        "none" if "{" not in text else "fence" if text.startswith("```") else "prose" if text[0] != "{" else text[:4]
        for text in texts
    }
    assert kinds == {"none", "fence", "prose", '{"no', '{"re'}
    nonce = Marks(SEED).nonce(0)
    assert all(parse_reply(text, nonce).criteria.keys() == rubric.criterion_by_id.keys() for text in again)


def test_a_call_that_ignores_the_schema_is_still_a_call(rubric: Rubric) -> None:
    """Its arguments are JSON with nothing around them."""
    with scripted_provider(schema_use="ignore", faulty_attempts=0) as provider:
        texts = [text_of(ask(provider, body(rubric, f"{TEXT} {number}", mode="tool"))[1]) for number in range(20)]

    assert len({next(iter(json.loads(text))) for text in texts}) == 2


@pytest.mark.parametrize(
    ("refused", "mode", "param"),
    [
        pytest.param("json_schema", "json_schema", "response_format", id="json_schema"),
        pytest.param("json_object", "json_object", "response_format", id="json_object"),
        pytest.param("tool", "tool", "tools", id="tool"),
        pytest.param("temperature", "text", "temperature", id="temperature"),
    ],
)
def test_a_feature_that_is_refused(refused: Any, mode: Asked, param: str, rubric: Rubric) -> None:
    """With the error of the protocol, before any attempt; nothing else is refused."""
    request = body(rubric, mode=mode) | ({"temperature": 0} if refused == "temperature" else {})
    with scripted_provider(refuses=[refused]) as provider:
        status, reply, _ = ask(provider, request)
        others = [ask(provider, body(rubric, mode=other))[0] for other in MODES if other != mode or mode == "text"]
        counts = provider.counts()

    error = json.loads(reply)["error"]
    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert set(others) == {200}
    assert (counts.refused, counts.distinct_prompts, counts.billed) == (1, 1, len(others))


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("schema_use", "refuses"),
    [
        pytest.param("ignore", [], id="ignored"),
        pytest.param("refuse", [], id="no schema"),
        pytest.param("refuse", ["tool"], id="no schema and no tools"),
        pytest.param("refuse", ["tool", "json_object", "temperature"], id="nothing but text"),
    ],
)
async def test_the_grader_gets_by(schema_use: Any, refuses: Any, protocol: ProtocolName, rubric: Rubric) -> None:
    """Whatever a provider makes of the schema, every answer is graded."""
    answers = labelled_answers("answers")[:6]
    with scripted_provider(schema_use=schema_use, refuses=refuses) as provider:
        gradings = await grade_all(provider, rubric, answers, protocol)

    assert all(map(whole, gradings))


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_a_forced_call_is_answered_with_one(protocol: ProtocolName, rubric: Rubric) -> None:
    """Its arguments come back through litellm as the reply's text."""
    marks = Marks(SEED)
    ids = (*rubric.criterion_by_id, *rubric.red_flag_by_id)
    request = CompletionRequest(
        messages=build_messages(rubric, parse_answer(TEXT), ids, marks),
        schema=reply_schema(rubric, ids),
        schema_name=SCHEMA_NAME,
    )
    with scripted_provider() as provider:
        completion = await complete_by_tool(provider, protocol, request)
        counts = provider.counts()

    assert parse_reply(completion, marks.nonce(0)).criteria.keys() == rubric.criterion_by_id.keys()
    assert not re.search(r"JSON Schema:", completion)
    assert counts.answered == 1


async def complete_by_tool(provider: RunningProvider, protocol: ProtocolName, request: CompletionRequest) -> str:
    """The text of a completion by a completer that has learnt to ask with a function."""
    options = options_for(provider, protocol)
    endpoint_of(options).capability.shape = Shape("tool")
    async with clients_of_this_loop():
        return (await LiteLLMCompleter(options, sleep=at_once).complete(request)).text
