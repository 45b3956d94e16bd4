"""The LLM grader against a scripted model: what stands is kept, what does not is asked again or left ungraded."""

import json
import logging
from collections.abc import Sequence

import pytest

from service.answer import Answer
from service.completions import Completion
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders.llm import LLMGrader, LLMOptions
from service.graders.opinion import OpinionatedGrader, SecondOpinion
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Ungraded
from service.prompts import PROMPT_VERSION, Marks, digest_of_messages
from service.rubric import Rubric
from service.text.words import Span
from tests.completions.scripted import NONCE, ScriptedCompleter, completion
from tests.replies.bicycle import ALL, TEXT, Tree, answer, reply, reply_of, tiny, tree

INVENTED = {"evidence": ["I use a chain bath with solvent"]}


async def grade(*lines: str | Completion | Exception, only: tuple[str, ...] | None = None) -> Grading:
    """Grade the answer with a model that says these lines."""
    return await LLMGrader(ScriptedCompleter(*lines)).grade(tiny(), answer(), only)


def levels(grading: Grading) -> dict[str, int | None]:
    """The level of each criterion, None where ungraded."""
    return {item.id: item.level if isinstance(item, Graded) else None for item in grading.criteria}


def ungraded(grading: Grading) -> dict[str, str]:
    """The reasons of everything ungraded."""
    return {item.id: item.reason for item in (*grading.criteria, *grading.red_flags) if isinstance(item, Ungraded)}


async def test_a_right_reply_is_the_grading() -> None:
    """One call, every level, evidence with its place, and who graded."""
    grading = await grade(reply())

    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": 2}
    start = TEXT.index("one drop")
    assert grading.criteria[1] == Graded(
        id="oiling",
        level=1,
        basis="supported",
        evidence=(Evidence(quote="one drop of oil per link", start=start, end=start + 24),),
        reason="You say how much oil.",
        not_higher="Why the rest is wiped off.",
    )
    assert grading.red_flags == (FlagGraded(id="water-jet", present=False, reason="You do not use one."),)
    assert (grading.warnings, grading.review) == ((), ())
    assert (grading.usage.calls, grading.usage.prompt_tokens, grading.usage.cost_usd) == (1, 100, 0.01)
    info = grading.grader
    assert (info.kind, info.model, info.served_model) == ("llm", "scripted/model", "served-1")
    assert info.prompt_version == PROMPT_VERSION


async def test_only_what_was_wrong_is_asked_again() -> None:
    """The second request names the broken id alone, and its schema has no other."""
    completer = ScriptedCompleter(reply(oiling=INVENTED), reply_of("oiling"))

    grading = await LLMGrader(completer).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": 2}
    first, second = completer.sent
    assert [message.role for message in second.messages] == ["system", "user", "assistant", "user"]
    assert second.messages[:2] == first.messages
    complaint = second.messages[-1].content
    assert complaint.startswith("Not valid: oiling: quote 1: these words are not in the answer")
    assert "cleaning" not in complaint
    assert list(second.schema["properties"]) == ["nonce", "criteria"]  # type: ignore[arg-type]
    assert "wear" not in json.dumps(second.schema)
    assert grading.usage.calls == 2


async def test_what_stays_broken_is_ungraded_with_the_reason() -> None:
    """After the re-asks the level is not made up, and the rest stands."""
    broken = reply_of("oiling", oiling=INVENTED)

    grading = await grade(reply(oiling=INVENTED), broken, broken)

    assert levels(grading) == {"cleaning": 2, "oiling": None, "wear": 2}
    assert ungraded(grading) == {
        "oiling": "The model's grade did not hold: quote 1: these words are not in the answer, in this order."
    }
    assert grading.usage.calls == 3


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(json.dumps({"nonce": NONCE, "criteria": {}}), id="nothing graded"),
        pytest.param(reply()[:-30], id="truncated"),
        pytest.param("I would give this a solid 2.", id="prose alone"),
        pytest.param(":", id="a colon"),
        pytest.param("", id="empty"),
        pytest.param("  \n", id="blank"),
        pytest.param(reply() + reply(oiling={"level": 0, "basis": "absent"}), id="two objects that differ"),
        pytest.param(reply().replace('"wear"', '"tyres"'), id="an id of another rubric"),
        pytest.param("[" * 100_000, id="nested without end"),
    ],
)
async def test_a_reply_that_cannot_be_used_is_asked_for_again(bad: str) -> None:
    """The next reply is the grading; if none can be used, everything is ungraded and no level is made up."""
    recovered = await grade(bad, reply())
    lost = await grade(bad, bad, bad)

    assert levels(recovered) == {"cleaning": 2, "oiling": 1, "wear": 2}
    assert set(ungraded(lost)) == set(ALL)
    assert lost.usage.calls == 3


async def test_how_often_to_ask_again_is_an_option() -> None:
    """With none allowed, what does not hold at first is ungraded."""
    completer = ScriptedCompleter(reply(oiling=INVENTED))

    grading = await LLMGrader(completer, LLMOptions(max_reasks=0)).grade(tiny(), answer())

    assert set(ungraded(grading)) == {"oiling"}


async def test_words_for_the_grader_raise_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reviewer is told; the levels are what they would have been."""
    monkeypatch.setattr("service.replies.evidence.addresses_grader", lambda _: [Span(0, 1)])
    kept = reply(cleaning={"evidence": ["grit in the oil grinds the links down"]})

    grading = await grade(kept)

    assert [notice.code for notice in grading.warnings] == ["addresses-grader"]
    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": 2}


async def test_a_complaint_about_the_whole_reply_names_every_id() -> None:
    """The model learns what was wrong and what to grade."""
    completer = ScriptedCompleter("Sorry, what?", reply())

    await LLMGrader(completer).grade(tiny(), answer())

    complaint = completer.sent[1].messages[-1].content
    assert complaint.startswith("Not valid: the reply holds no complete JSON object")
    assert "only these: cleaning, oiling, wear, water-jet." in complaint


async def test_a_reply_that_was_cut_off_gets_more_room() -> None:
    """Twice as much each time; the cut text is not sent back."""
    cut = completion(reply()[:100], finish_reason="length")
    completer = ScriptedCompleter(cut, cut, reply())

    grading = await LLMGrader(completer).grade(tiny(), answer())

    assert [request.room for request in completer.sent] == [1, 2, 4]
    assert all("assistant" not in {message.role for message in request.messages} for request in completer.sent)
    assert completer.sent[0].messages[0] == completer.sent[2].messages[0]
    assert ungraded(grading) == {}


async def test_a_complete_object_in_a_reply_that_was_cut_off_is_not_trusted() -> None:
    """What came after it is unknown."""
    cut = completion(reply(), finish_reason="length")

    grading = await grade(cut, cut, cut)

    assert set(ungraded(grading).values()) == {"The model's reply was cut off before its end."}


async def test_a_refusal_ends_in_ungraded_and_a_notice() -> None:
    """Nobody asks a model to reconsider its refusal, and nothing is graded."""
    completer = ScriptedCompleter(completion("", refusal="I can't help with that."))

    grading = await LLMGrader(completer).grade(tiny(), answer())

    assert len(completer.sent) == 1
    assert set(ungraded(grading)) == set(ALL)
    assert [notice.code for notice in grading.warnings] == ["model-refused"]


async def test_no_grader_at_the_first_call_is_an_error() -> None:
    """There is nothing to keep."""
    error = GraderUnavailable("down", reason="server-error", retry_after=3.0)

    with pytest.raises(GraderUnavailable) as caught:
        await grade(error)

    assert caught.value is error


async def test_no_grader_at_a_later_call_keeps_what_stands() -> None:
    """Work that was paid for is not thrown away."""
    error = GraderUnavailable("The model is down.", reason="server-error")

    grading = await grade(reply(oiling=INVENTED), error)

    assert levels(grading) == {"cleaning": 2, "oiling": None, "wear": 2}
    assert [notice.code for notice in grading.warnings] == ["reask-failed"]
    assert "The model is down." in grading.warnings[0].message


async def test_levels_that_contradict_each_other_are_both_asked_again() -> None:
    """A broken relation opens both its sides, and the rubric's reason is the complaint."""
    text = TEXT + " Once a month I point the pressure washer at it."
    jet = {"evidence": ["I point the pressure washer at it"], "present": True}
    completer = ScriptedCompleter(
        reply(water_jet=jet), reply_of("cleaning", "water-jet", water_jet=jet, cleaning={"level": 1, "not_higher": "x"})
    )

    grading = await LLMGrader(completer).grade(tiny(), answer(text))

    assert levels(grading) == {"cleaning": 1, "oiling": 1, "wear": 2}
    assert isinstance(grading.red_flags[0], FlagGraded)
    assert grading.red_flags[0].present
    assert "only these: cleaning, water-jet." in completer.sent[1].messages[-1].content


async def test_a_contradiction_that_stays_leaves_both_sides_ungraded() -> None:
    """Which of the two was meant is not ours to guess."""
    text = TEXT + " Once a month I point the pressure washer at it."
    jet = {"evidence": ["I point the pressure washer at it"], "present": True}
    again = reply_of("cleaning", "water-jet", water_jet=jet)

    grading = await LLMGrader(ScriptedCompleter(reply(water_jet=jet), again, again)).grade(tiny(), answer(text))

    assert set(ungraded(grading)) == {"cleaning", "water-jet"}
    assert "contradict" in ungraded(grading)["cleaning"]


async def test_only_some_ids_can_be_graded() -> None:
    """The grading has these and no others, in the rubric's order."""
    grading = await grade(reply_of("wear", "cleaning"), only=("wear", "cleaning"))

    assert levels(grading) == {"cleaning": 2, "wear": 2}
    assert grading.red_flags == ()


async def test_nothing_to_grade_costs_nothing() -> None:
    """No model is asked about no criterion."""
    grading = await grade(only=())

    assert (grading.criteria, grading.red_flags, grading.usage.calls) == ((), (), 0)


async def test_an_unknown_id_is_a_mistake_of_the_caller() -> None:
    """Silence would leave the caller waiting for a grade."""
    with pytest.raises(ValueError, match="tiny has no tyres"):
        await grade(only=("tyres",))


async def test_a_long_answer_with_nothing_in_it_is_for_review() -> None:
    """Every level at 0 passes every check but this one."""
    nothing = {"level": 0, "basis": "absent", "evidence": [], "not_higher": "All of it."}
    all_zero = reply(cleaning=nothing, oiling=nothing, wear=nothing)

    long = await LLMGrader(ScriptedCompleter(all_zero)).grade(tiny(), answer(TEXT * 3))
    short = await LLMGrader(ScriptedCompleter(all_zero)).grade(tiny(), answer())

    assert long.review == ("Every criterion is at level 0, although the answer is not short.",)
    assert short.review == ()


async def test_one_span_that_carries_too_much_is_for_review(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words as the only evidence for many criteria are worth a person's look."""
    monkeypatch.setattr("service.graders.llm.review.MOST_ON_ONE_SPAN", 2)
    same = {"evidence": ["I check wear with a gauge"]}

    grading = await grade(reply(cleaning=same, oiling=same, wear=same))

    assert len(grading.review) == 1
    assert "only evidence for 3 criteria" in grading.review[0]


async def test_a_level_beside_an_invented_quote_is_asked_for_again() -> None:
    """It stands once all its quotes are true."""
    mixed = {"evidence": ["one drop of oil per link", *INVENTED["evidence"]]}

    grading = await grade(reply(oiling=mixed), reply(oiling={}))

    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": 2}
    assert grading.usage.calls == 2


class SeesWear:
    """A grader that sees wear mentioned, whatever the answer."""

    def prepare(self, rubric: Rubric) -> None:
        """Nothing to do."""

    async def grade(self, _rubric: Rubric, answer: Answer, _only: Sequence[str] | None = None) -> Grading:
        """Level 2 for wear, with evidence."""
        start = answer.text.index("I check wear")
        evidence = Evidence(quote="I check wear with a gauge", start=start, end=start + 25)
        seen = Graded(id="wear", level=2, basis="supported", evidence=(evidence,), reason="A gauge.")
        others = [Graded(id=item, level=0, basis="absent", reason="Nothing.") for item in ("cleaning", "oiling")]
        return Grading(grader=GraderInfo(kind="keyword"), criteria=(*others, seen), red_flags=())


ABSENT: Tree = {"level": 0, "basis": "absent", "evidence": [], "not_higher": "All of it."}


@pytest.mark.parametrize(
    ("second", "level"),
    [
        pytest.param(reply_of("wear"), 2, id="it sees it now"),
        pytest.param(reply_of("wear", wear=ABSENT), 0, id="it stays at absent"),
        pytest.param(reply_of("wear", wear={"evidence": ["a chain bath"]}), 0, id="with an invented quote"),
        pytest.param("Sorry?", 0, id="no reply"),
        pytest.param(completion("", refusal="no"), 0, id="a refusal"),
        pytest.param(GraderUnavailable("Gone.", reason="away"), 0, id="unavailable"),
    ],
)
async def test_what_is_called_absent_beside_evidence_is_looked_at_again(
    second: str | Completion | Exception, level: int
) -> None:
    """The passage is shown once; whatever comes of it, a person should look."""
    completer = ScriptedCompleter(reply(wear=ABSENT), second)

    grading = await LLMGrader(completer, opinion=SecondOpinion(SeesWear())).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": level}
    assert [why for why in grading.review if why.startswith("wear: at first")] == list(grading.review)
    assert len(grading.review) == 1
    assert "I check wear with a gauge" in completer.sent[1].messages[-1].content
    assert '"wear"' in (asked := json.dumps(completer.sent[1].schema))
    assert '"cleaning"' not in asked


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(GraderUnavailable("Gone.", reason="away"), id="unavailable"),
        pytest.param(BudgetExceeded("Nothing is left."), id="no money"),
        pytest.param(completion("", refusal="no"), id="a refusal"),
    ],
)
async def test_what_cannot_be_looked_at_again_is_for_review(second: Completion | Exception) -> None:
    """Asking again for something else came to an end, and nothing more is asked."""
    completer = ScriptedCompleter(reply(wear=ABSENT, oiling=INVENTED), second)

    grading = await LLMGrader(completer, opinion=SecondOpinion(SeesWear())).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 2, "oiling": None, "wear": 0}
    assert grading.review == ("wear: at first no evidence was seen, where the keyword grader sees some.",)
    assert [item.id for item in grading.criteria if isinstance(item, Graded) and item.reasked] == ["wear"]
    assert len(completer.sent) == 2


@pytest.mark.parametrize("last", ["", "  ", "Sorry?", completion("{", finish_reason="length")])
async def test_a_second_look_shows_the_last_reply_that_could_be_read(last: str | Completion) -> None:
    """Providers refuse a turn without words, and one of no use explains nothing."""
    completer = ScriptedCompleter(reply(wear=ABSENT, oiling=INVENTED), last, reply_of("wear"))
    grader = LLMGrader(completer, LLMOptions(max_reasks=1), opinion=SecondOpinion(SeesWear()))

    grading = await grader.grade(tiny(), answer())

    said = completer.sent[2].messages[-2]
    assert said.role == "assistant"
    assert '"wear"' in said.content
    assert levels(grading)["wear"] == 2


async def test_no_second_look_where_both_agree() -> None:
    """It costs a call only where there is something to look at."""
    grading = await LLMGrader(ScriptedCompleter(reply()), opinion=SecondOpinion(SeesWear())).grade(tiny(), answer())

    assert grading.usage.calls == 1
    assert grading.review == ()


async def test_levels_far_from_the_second_opinion_are_for_review() -> None:
    """Two levels or more, and with evidence; the level itself stays the model's."""
    opinion = SecondOpinion(SeesWear())
    wrong = {"level": 0, "basis": "wrong", "evidence": ["I check wear with a gauge"], "not_higher": "A limit."}
    inner = LLMGrader(ScriptedCompleter(reply(wear=wrong)), opinion=opinion)

    grading = await OpinionatedGrader(inner, opinion).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 2, "oiling": 1, "wear": 0}
    assert grading.review == (
        "cleaning: level 2 here, 0 by the keyword grader.",
        "wear: level 0 here, 2 by the keyword grader.",
    )


async def test_every_exchange_is_recorded() -> None:
    """What was said, in order, and the seed that the marks derive from."""
    completer = ScriptedCompleter("Sorry?", reply(oiling=INVENTED), GraderUnavailable("Gone.", reason="away", calls=2))

    grading = await LLMGrader(completer, sample=3).grade(tiny(), answer())

    (record,) = grading.records
    assert (record.model, record.sample, record.only) == ("scripted/model", 3, None)
    assert [exchange.request for exchange in record.exchanges] == [
        digest_of_messages(request.messages) for request in completer.sent
    ]
    assert Marks(record.seed).nonce(1) in record.exchanges[1].text
    assert [exchange.failed for exchange in record.exchanges] == [None, None, "Gone."]
    assert grading.usage.calls == 4


async def test_an_unknown_price_stays_unknown() -> None:
    """One call without a price makes the sum unknown, not smaller."""
    unpriced = completion(reply(oiling=INVENTED))
    unpriced = Completion("", "stop", None, None, unpriced.usage.model_copy(update={"cost_usd": None}))

    grading = await grade(unpriced, reply())

    assert grading.usage.cost_usd is None
    assert grading.usage.calls == 2
    assert grading.grader.served_model == "served-1"


async def test_logs_hold_nothing_of_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at the level of debugging, and not even when everything fails."""
    caplog.set_level(logging.DEBUG)

    await grade(TEXT, reply(oiling={"evidence": ["grit in the gears"]}), json.dumps(tree()))

    assert "oil" not in caplog.text
