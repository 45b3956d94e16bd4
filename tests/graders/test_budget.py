"""What becomes of an answer when the money runs out, and what failed calls count for."""

import pytest

from service.batch.grading import grade_stored
from service.errors import BudgetExceeded, GraderUnavailable
from service.evaluator import Evaluator
from service.graders.cached import is_whole
from service.graders.keyword import KeywordGrader
from service.graders.llm import LLMGrader
from service.graders.opinion import SecondOpinion
from service.rubric import Catalog
from service.store import StoredAnswer, StoredRubric
from tests.batch.runs import spec_with, submission
from tests.completions.scripted import ScriptedCompleter
from tests.graders.fixed import FixedGrader, graded, levels
from tests.replies.bicycle import TEXT, answer, reply, tiny

INVENTED = {"evidence": ["I use a chain bath with solvent"]}
ABSENT = {"evidence": [], "basis": "absent", "level": 0}
SPENT = BudgetExceeded("The budget has no room.")
DOWN = GraderUnavailable("It is down.", reason="server-error", calls=3)


def evaluator(*lines: str | Exception) -> Evaluator:
    """An evaluator whose model says these lines."""
    return Evaluator(catalog=Catalog(), grader=LLMGrader(ScriptedCompleter(*lines)), fallback=KeywordGrader())


def without_second_look() -> LLMGrader:
    """A grader whose model calls oiling absent, where another sees it, and that has no money to ask again."""
    opinion = SecondOpinion(FixedGrader({"oiling": graded("oiling", 1)}))
    return LLMGrader(ScriptedCompleter(reply(oiling=ABSENT), SPENT), opinion=opinion)


def stored() -> tuple[StoredAnswer, StoredRubric]:
    """The answer as a run has it, and its rubric."""
    return StoredAnswer(0, submission(TEXT), tiny().digest, b"k" * 16), StoredRubric(tiny(), b"")


async def test_without_money_for_the_first_call_there_is_no_grading() -> None:
    """And nobody stands in: it is no failure of the model."""
    with pytest.raises(BudgetExceeded):
        await evaluator(SPENT).grade(rubric=tiny(), answer=TEXT, on_model_failure="fallback")


async def test_without_money_for_a_reask_what_stands_is_kept() -> None:
    """What does not is ungraded, and the verdict says why."""
    verdict = await evaluator(reply(oiling=INVENTED), SPENT).grade(rubric=tiny(), answer=TEXT)

    assert verdict.status == "partial"
    assert [criterion.level for criterion in verdict.criteria] == [2, None, 2]
    assert [notice.code for notice in verdict.warnings] == ["budget-exceeded"]
    assert verdict.usage.calls == 1


async def test_without_money_for_a_second_look_the_first_stands() -> None:
    """A person should look in its place; it is not used again as if it were whole."""
    grading = await without_second_look().grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 2, "oiling": 0, "wear": 2}
    assert [notice.code for notice in grading.warnings] == ["budget-exceeded"]
    assert [why.partition(":")[0] for why in grading.review] == ["oiling"]
    assert grading.usage.calls == 1
    assert not is_whole(grading)


async def test_a_run_does_not_keep_an_answer_that_lacks_a_second_look() -> None:
    """With more money it ends as if there had been no limit."""
    grader = Evaluator(catalog=Catalog(), grader=without_second_look())

    with pytest.raises(BudgetExceeded):
        await grade_stored(grader, spec_with(), *stored())


@pytest.mark.parametrize("lines", [(SPENT,), (reply(oiling=INVENTED), SPENT)], ids=["at once", "half way"])
async def test_a_run_keeps_no_result_that_more_money_would_better(lines: tuple[str | Exception, ...]) -> None:
    """Results are final: the answer is graded when there is money again."""
    with pytest.raises(BudgetExceeded):
        await grade_stored(evaluator(*lines), spec_with(), *stored())


async def test_a_failed_answer_counts_its_calls() -> None:
    """What they cost is unknown, not nothing."""
    result = await grade_stored(evaluator(DOWN), spec_with(), *stored())

    assert (result.marks.status, result.calls, result.cost_usd) == ("failed", 3, None)


async def test_a_stand_in_counts_the_calls_that_failed() -> None:
    """Before it stepped in; what they cost is unknown."""
    verdict = await evaluator(DOWN).grade(rubric=tiny(), answer=TEXT, on_model_failure="fallback")

    assert verdict.status == "degraded"
    assert (verdict.usage.calls, verdict.usage.cost_usd) == (3, None)
