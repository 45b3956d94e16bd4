"""From the provider's bytes to a grading: each ends in right levels, in an honest `ungraded`, or in an error."""

import json
import logging

import httpx
import pytest

from service.errors import GraderUnavailable
from service.graders.llm import LLMGrader
from service.grading import Graded, Grading, Ungraded
from tests.completions.conftest import Wire
from tests.completions.providers import ANTHROPIC, KEY, OPENAI, fails
from tests.replies.bicycle import ALL, TEXT, answer, reply, reply_of, tiny, tree

RIGHT = {"cleaning": 2, "oiling": 1, "wear": 2}
INVENTED = {"evidence": ["a bath of solvent for an hour"]}


async def grade(wire: Wire) -> Grading:
    """Grade the answer with the provider at the end of the wire."""
    return await LLMGrader(wire.completer).grade(tiny(), answer())


def levels(grading: Grading) -> dict[str, int]:
    """The levels that were given."""
    return {item.id: item.level for item in grading.criteria if isinstance(item, Graded)}


def ungraded(grading: Grading) -> set[str]:
    """The ids that were not graded."""
    return {item.id for item in (*grading.criteria, *grading.red_flags) if isinstance(item, Ungraded)}


def without(item_id: str) -> str:
    """The right reply with one criterion missing."""
    left = tree()
    del left["criteria"][item_id]
    return json.dumps(left)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(reply(), id="structured output honoured"),
        pytest.param(f"```json\n{json.dumps(tree(), indent=2)}\n```", id="ignored, fenced"),
        pytest.param(f"Sure! Here it is:\n{reply()}\nThat's my view.", id="ignored, prose around"),
    ],
)
async def test_graded_in_one_call(wire: Wire, text: str) -> None:
    """What is there to be read is read without asking again."""
    wire.replies(wire.provider.says(text))

    grading = await grade(wire)

    assert (levels(grading), ungraded(grading)) == (RIGHT, set())
    assert (len(wire.sent), grading.usage.calls) == (1, 1)
    assert grading.usage.cost_usd == (None if wire.provider is OPENAI else pytest.approx(ANTHROPIC.cost))


@pytest.mark.parametrize(
    ("trouble", "again"),
    [
        pytest.param((reply()[:300], "stop"), reply(), id="truncated"),
        pytest.param((reply()[:300], "length"), reply(), id="cut off at the limit"),
        pytest.param(("", "stop"), reply(), id="empty"),
        pytest.param(("As an AI, I find this good.", "stop"), reply(), id="prose alone"),
        pytest.param((reply() + reply(wear={"level": 1, "not_higher": "x"}), "stop"), reply(), id="two replies"),
        pytest.param((without("oiling"), "stop"), reply_of("oiling"), id="missing criterion"),
        pytest.param((reply().replace('"wear": {', '"tyres": {}, "wear": {'), "stop"), reply(), id="extra criterion"),
        pytest.param(
            (reply().replace('"oiling": {', '"oiling": {}, "oiling": {'), "stop"),
            reply_of("oiling"),
            id="duplicate criterion",
        ),
        pytest.param((reply(oiling={"level": 3}), "stop"), reply_of("oiling"), id="level off the menu"),
        pytest.param((reply(oiling={"level": "1"}), "stop"), reply_of("oiling"), id="level as text"),
        pytest.param((reply(oiling=INVENTED), "stop"), reply_of("oiling"), id="invented quote"),
        pytest.param((reply(oiling={"evidence": []}), "stop"), reply_of("oiling"), id="no evidence"),
    ],
)
async def test_graded_after_asking_again(wire: Wire, trouble: tuple[str, str], again: str) -> None:
    """The complaint is sent, and the next reply is right; had it stayed wrong, the level would be nobody's."""
    wire.replies(wire.provider.says(*trouble), wire.provider.says(again))
    grading = await grade(wire)
    assert (levels(grading), ungraded(grading)) == (RIGHT, set())
    assert (len(wire.sent), grading.usage.calls) == (2, 2)

    wire.replies(wire.provider.says(*trouble))
    stubborn = await grade(wire)

    assert stubborn.usage.calls == 3
    assert "oiling" in ungraded(stubborn)
    assert levels(stubborn).items() <= RIGHT.items()
    assert len(levels(stubborn)) in {0, 2}


@pytest.mark.parametrize(
    ("finish_reason", "refusal", "code"),
    [
        pytest.param("stop", "I cannot judge people.", "model-refused", id="refusal"),
        pytest.param("content_filter", None, "content-filter", id="content filter"),
    ],
)
async def test_refused(wire: Wire, finish_reason: str, refusal: str | None, code: str) -> None:
    """Nothing is graded, and a notice says who declined."""
    wire.replies(wire.provider.says(None, finish_reason, refusal))

    grading = await grade(wire)

    assert (levels(grading), ungraded(grading)) == ({}, set(ALL))
    # Anthropic has one word for both, which litellm takes for a filter's.
    assert [notice.code for notice in grading.warnings] == [code if wire.provider is OPENAI else "content-filter"]
    assert len(wire.sent) == 1


async def test_structured_output_refused(wire: Wire) -> None:
    """A provider without schemas grades as well as one with them."""
    wire.replies(fails(400), fails(400), fails(400), wire.provider.says(reply()))

    grading = await grade(wire)

    assert levels(grading) == RIGHT
    assert [wire.provider.mode_of(request) for request in wire.sent][0::3] == ["json_schema", "text"]


async def test_graded_by_a_forced_call(wire: Wire) -> None:
    """A provider that takes functions and no schemas."""
    wire.replies(fails(400), wire.provider.calls(reply()))

    grading = await grade(wire)

    assert levels(grading) == RIGHT


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(fails(429, retry_after="2"), id="429"),
        pytest.param(fails(503), id="503"),
        pytest.param(httpx.ReadTimeout, id="timeout"),
        pytest.param(httpx.ReadError, id="broken connection"),
    ],
)
async def test_trouble_that_passes(wire: Wire, trouble: httpx.Response | type[Exception]) -> None:
    """The grading is the same as without it."""
    wire.replies(trouble, wire.provider.says(reply()))

    grading = await grade(wire)

    assert levels(grading) == RIGHT
    assert len(wire.sent) == 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        pytest.param(fails(500), "server-error", id="5xx storm"),
        pytest.param(fails(429), "rate-limited", id="429 without end"),
        pytest.param(httpx.ReadTimeout, "timeout", id="timeouts"),
        pytest.param(httpx.ReadError, "connection", id="no connection"),
        pytest.param(fails(401), "credentials", id="401"),
    ],
)
async def test_trouble_that_does_not_pass(wire: Wire, trouble: httpx.Response | type[Exception], reason: str) -> None:
    """An error, and no grading at all."""
    wire.replies(trouble)

    with pytest.raises(GraderUnavailable) as caught:
        await grade(wire)

    assert caught.value.reason == reason


async def test_trouble_while_asking_again(wire: Wire) -> None:
    """What stood stays, and the notice says what happened."""
    wire.replies(wire.provider.says(reply(oiling=INVENTED)), fails(401))

    grading = await grade(wire)

    assert levels(grading) == {"cleaning": 2, "wear": 2}
    assert ungraded(grading) == {"oiling"}
    assert [notice.code for notice in grading.warnings] == ["reask-failed"]


async def test_neither_key_nor_answer_is_logged(
    wire: Wire, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes right or wrong."""
    caplog.set_level(logging.DEBUG)
    echo = f"{KEY} {TEXT}"
    wire.replies(fails(503, message=echo), wire.provider.says(echo), fails(400, message=echo))

    grading = await grade(wire)

    output = capfd.readouterr()
    for text in (caplog.text, output.out, output.err, grading.model_dump_json(exclude={"records"})):
        assert KEY not in text
        assert "grit" not in text
