"""Gradings read again from what was recorded: the same in every field, or a plain word that they cannot be."""

import pytest

from service.answer import Answer
from service.completions import Completion
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders import Grader
from service.graders.keyword import KeywordGrader
from service.graders.llm import LLMGrader, LLMOptions
from service.graders.opinion import SecondOpinion
from service.graders.panel import PanelGrader
from service.graders.replay import NOT_RECORDED, ReplayGrader, Tape
from service.grading import Grading, Record
from tests.completions.scripted import ScriptedCompleter, completion
from tests.replies.bicycle import answer, reply, reply_of, tiny

OPTIONS = LLMOptions(max_reasks=2)
INVENTED = {"evidence": ["I use a chain bath with solvent"]}
ABSENT = {"evidence": [], "basis": "absent", "level": 0, "not_higher": "All."}
SPENT = BudgetExceeded("The budget has no room.")
AWAY = GraderUnavailable("The model is away.", reason="away", calls=2)


def opinion() -> SecondOpinion:
    """The keyword grader's, which asks for second looks."""
    return SecondOpinion(KeywordGrader())


def replayed(tape: Tape, *, sample: int = 0) -> ReplayGrader:
    """A grader of the scripted model that grades from the tape."""
    return ReplayGrader(tape, OPTIONS, model="scripted/model", sample=sample, opinion=opinion())


async def read_again(records: tuple[Record, ...], of: Answer, only: tuple[str, ...] | None = None) -> Grading:
    """The grading that these records make."""
    tape = Tape()
    tape.load(records)
    grading = await replayed(tape).grade(tiny(), of, only)
    assert (tape.strayed, tape.ended) == (False, True)
    return grading


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([reply()], id="at once"),
        pytest.param([reply(oiling=INVENTED), reply_of("oiling")], id="asked again"),
        pytest.param([reply(oiling=INVENTED), "nothing", reply_of("oiling", oiling=INVENTED)], id="never right"),
        pytest.param([reply(oiling=INVENTED), AWAY], id="asking again failed"),
        pytest.param([completion("", finish_reason="length"), reply()], id="cut off"),
        pytest.param([completion("", refusal="No.")], id="refused"),
        pytest.param([reply(wear=ABSENT), reply_of("wear")], id="looked at twice"),
        pytest.param([reply(wear=ABSENT), AWAY], id="the second look failed"),
        pytest.param([reply(wear=ABSENT), SPENT], id="no money for the second look"),
        pytest.param([reply(oiling=INVENTED), SPENT], id="no money to ask again"),
        pytest.param([reply(oiling=INVENTED, wear=ABSENT), AWAY], id="too late for a second look"),
    ],
)
async def test_a_grading_is_read_again_to_the_last_field(lines: list[str | Completion | Exception]) -> None:
    """From its records alone: levels, evidence, notices, what it took, and the records themselves."""
    grader = LLMGrader(ScriptedCompleter(*lines), OPTIONS, opinion=opinion())
    first = await grader.grade(tiny(), answer())

    again = await read_again(first.records, answer())

    assert len(first.records[0].exchanges) == len(lines)
    assert again.model_dump_json() == first.model_dump_json()


async def test_a_part_is_read_again_by_its_ids_in_any_order() -> None:
    """A record is found by what was asked for."""
    first = await LLMGrader(ScriptedCompleter(reply_of("oiling", "wear")), OPTIONS).grade(
        tiny(), answer(), ("wear", "oiling")
    )

    again = await read_again(first.records, answer(), ("oiling", "wear"))

    assert again.criteria == first.criteria


async def test_a_panel_is_read_again_with_the_member_that_failed() -> None:
    """Each sample finds its own record, and the failure is among them."""
    lines: list[list[str | Exception]] = [[reply()], [AWAY], [reply(wear=ABSENT), reply_of("wear", wear=ABSENT)]]
    members: list[Grader] = [
        LLMGrader(ScriptedCompleter(*each), OPTIONS, opinion=opinion(), sample=sample)
        for sample, each in enumerate(lines)
    ]
    first = await PanelGrader(members).grade(tiny(), answer())
    tape = Tape()
    tape.load(first.records)

    again = await PanelGrader([replayed(tape, sample=sample) for sample in range(3)]).grade(tiny(), answer())

    assert len(first.records) == 3
    assert [notice.code for notice in first.warnings] == ["panel-incomplete"]
    assert (tape.strayed, tape.ended) == (False, True)
    assert again == first


async def test_another_answer_has_no_record() -> None:
    """What is asked must be what was asked, to the last word."""
    first = await LLMGrader(ScriptedCompleter(reply()), OPTIONS).grade(tiny(), answer())
    tape = Tape()
    tape.load(first.records)

    with pytest.raises(GraderUnavailable) as caught:
        await replayed(tape).grade(tiny(), answer("I wipe the chain clean before I oil it."))

    assert caught.value.reason == NOT_RECORDED
    assert tape.strayed


async def test_replies_that_nobody_asks_for_are_noticed() -> None:
    """A program that asks less often reads differently, even where the result is the same."""
    first = await LLMGrader(ScriptedCompleter(reply(oiling=INVENTED), reply_of("oiling")), OPTIONS).grade(
        tiny(), answer()
    )
    tape = Tape()
    tape.load(first.records)

    await ReplayGrader(tape, LLMOptions(max_reasks=0), model="scripted/model").grade(tiny(), answer())

    assert tape.strayed


async def test_a_sample_without_a_record_cannot_be_read() -> None:
    """Nor one of another model."""
    first = await LLMGrader(ScriptedCompleter(reply()), OPTIONS).grade(tiny(), answer())
    tape = Tape()
    tape.load(first.records)

    with pytest.raises(GraderUnavailable):
        await replayed(tape, sample=1).grade(tiny(), answer())

    assert tape.strayed
    assert not tape.ended


async def test_a_model_that_could_not_be_asked_cannot_be_asked_again() -> None:
    """With the reason it had then."""
    tape = Tape()
    tape.load((), away="rate-limited")

    with pytest.raises(GraderUnavailable) as caught:
        await replayed(tape).grade(tiny(), answer())

    assert caught.value.reason == "rate-limited"
    assert not tape.strayed
