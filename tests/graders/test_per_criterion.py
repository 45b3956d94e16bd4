"""Each criterion asked for by itself: the same rubric covered, and what then contradicts itself asked together."""

from collections.abc import Sequence

import pytest

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders.per_criterion import PerCriterionGrader, requests_of
from service.grading import Graded, Grading
from service.rubric import Rubric
from tests.graders.fixed import UNAVAILABLE, FixedGrader, Said, levels, presence, reasons
from tests.replies.bicycle import answer, tiny


class Changing(FixedGrader):
    """Says something else of what it is asked together, and is away for some."""

    def __init__(
        self,
        said: dict[str, Said],
        *,
        together: dict[str, Said] | None = None,
        away: str = "",
        error: Exception = UNAVAILABLE,
        away_together: Exception | None = None,
    ) -> None:
        super().__init__(said)
        self._together = together
        self._away = away
        self._away_with = error
        self._away_together = away_together

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Say it."""
        if only and self._away in only:
            self.asked.append(tuple(only))
            raise self._away_with
        if only and len(only) > 1 and self._away_together is not None:
            raise self._away_together
        if only and len(only) > 1 and self._together is not None:
            self.said |= self._together
        return await super().grade(rubric, answer, only)


async def test_each_criterion_has_a_request_and_all_flags_have_one() -> None:
    """And the grading is as whole as by one request."""
    inner = FixedGrader({"cleaning": 1, "oiling": 2, "wear": 1, "water-jet": True})

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert inner.asked == [("cleaning",), ("oiling",), ("wear",), ("water-jet",)]
    assert levels(grading) == {"cleaning": 1, "oiling": 2, "wear": 1}
    assert presence(grading) is True
    assert grading.usage.calls == 4
    assert len(grading.records) == 4


async def test_only_what_is_wanted_is_asked_for() -> None:
    """In the rubric's order."""
    inner = FixedGrader({"wear": 1})

    grading = await PerCriterionGrader(inner).grade(tiny(), answer(), ("wear", "cleaning"))

    assert inner.asked == [("cleaning",), ("wear",)]
    assert levels(grading) == {"cleaning": 0, "wear": 1}
    assert requests_of(tiny(), ("water-jet",)) == [("water-jet",)]


async def test_what_could_not_be_asked_is_ungraded() -> None:
    """With the reason and a warning; the rest is graded."""
    inner = Changing({"cleaning": 1, "wear": 1}, away="oiling")

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": 1, "oiling": None, "wear": 1}
    assert reasons(grading) == {"oiling": "It is down."}
    assert [notice.code for notice in grading.warnings] == ["model-incomplete"]
    assert (grading.usage.calls, grading.usage.cost_usd) == (4, None)


@pytest.mark.parametrize("away", ["oiling", "wear"])
async def test_without_money_for_some_the_rest_is_graded(away: str) -> None:
    """What was paid for is kept; the warning has its own code, and what is ungraded its own reason."""
    inner = Changing({"cleaning": 1}, away=away, error=BudgetExceeded("Nothing is left."))
    inner.said["water-jet"] = "It cannot tell."

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert levels(grading)["cleaning"] == 1
    assert reasons(grading) == {away: "Nothing is left.", "water-jet": "It cannot tell."}
    assert [notice.code for notice in grading.warnings] == ["model-incomplete", "budget-exceeded"]
    assert grading.usage.calls == 3
    assert grading.usage.cost_usd == pytest.approx(0.03)


async def test_without_money_to_ask_together_what_contradicts_itself_is_ungraded() -> None:
    """The rest stands."""
    inner = Changing({"cleaning": 2, "water-jet": True}, away_together=BudgetExceeded("Nothing is left."))

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert levels(grading) == {"cleaning": None, "oiling": 0, "wear": 0}
    assert "budget-exceeded" in [notice.code for notice in grading.warnings]
    assert grading.usage.calls == 4


async def test_each_has_the_reason_of_its_own_failure() -> None:
    """Not that of another."""

    class Both(FixedGrader):
        async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
            """Is away for two criteria, in two ways."""
            if only == ("cleaning",):
                raise UNAVAILABLE
            if only == ("wear",):
                raise GraderUnavailable("Slow down.", reason="rate-limited")
            return await super().grade(rubric, answer, only)

    grading = await PerCriterionGrader(Both()).grade(tiny(), answer())

    assert reasons(grading) == {"cleaning": "It is down.", "wear": "Slow down."}


async def test_when_nothing_could_be_asked_there_is_no_grading() -> None:
    """The calls of all are counted."""
    with pytest.raises(GraderUnavailable) as caught:
        await PerCriterionGrader(FixedGrader(error=UNAVAILABLE)).grade(tiny(), answer())

    assert caught.value.calls == 4


async def test_what_contradicts_itself_is_asked_for_together() -> None:
    """Once; the answer to that counts, and is marked as asked for again."""
    inner = Changing({"cleaning": 2, "water-jet": True}, together={"cleaning": 1})

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert inner.asked[4:] == [("cleaning", "water-jet")]
    assert (levels(grading)["cleaning"], presence(grading)) == (1, True)
    assert [item.id for item in grading.criteria if isinstance(item, Graded) and item.reasked] == ["cleaning"]


async def test_a_contradiction_that_stays_is_ungraded() -> None:
    """Nothing says which of the two is wrong."""
    inner = FixedGrader({"cleaning": 2, "water-jet": True})

    grading = await PerCriterionGrader(inner).grade(tiny(), answer())

    assert set(reasons(grading)) == {"cleaning", "water-jet"}
    assert len(inner.asked) == 5


async def test_reasons_to_look_are_found_in_the_whole() -> None:
    """No request alone sees that every criterion is at level 0."""
    long = answer("I have much to say of chains and what they are made of. " * 10)

    grading = await PerCriterionGrader(FixedGrader()).grade(tiny(), long)

    assert grading.review == ("Every criterion is at level 0, although the answer is not short.",)


def test_the_other_grader_is_prepared() -> None:
    """Before the first answer."""
    inner = FixedGrader()

    PerCriterionGrader(inner).prepare(tiny())

    assert inner.prepared == ["tiny"]
