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
from tests.graders.fixed import FixedGrader, graded
from tests.replies.bicycle import TEXT, answer, reply, tiny

INVENTED = {"evidence": ["I use a chain bath with solvent"]}
SPENT = BudgetExceeded("The budget has no room.")
DOWN = GraderUnavailable("It is down.", reason="server-error", calls=3)


def evaluator(*lines: str | Exception) -> Evaluator:
    """An evaluator whose model says these lines."""
    return Evaluator(catalog=Catalog(), grader=LLMGrader(ScriptedCompleter(*lines)), fallback=KeywordGrader())


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
    """But is not used again as if it were whole."""
    opinion = SecondOpinion(FixedGrader({"oiling": graded("oiling", 1)}))
    absent = {"evidence": [], "basis": "absent", "level": 0}
    grading = await LLMGrader(ScriptedCompleter(reply(oiling=absent), SPENT), opinion=opinion).grade(tiny(), answer())

    assert [notice.code for notice in grading.warnings] == ["budget-exceeded"]
    assert not is_whole(grading)


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
