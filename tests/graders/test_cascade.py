"""A cascade: what is in doubt goes to the better grader, everything else stays, and the verdict says which."""

from collections.abc import Mapping, Sequence

import pytest

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable
from service.evaluator import Evaluator
from service.graders.cascade import CascadeGrader
from service.graders.opinion import SecondOpinion
from service.graders.panel import PanelGrader
from service.grading import Evidence, Graded, Grading
from service.rubric import Catalog, Rubric
from tests.graders.fixed import UNAVAILABLE, FixedGrader, Said, flag, graded, levels, presence, reasons
from tests.replies.bicycle import TEXT, answer, tiny

REPAIRED = (Evidence(quote="I", start=0, end=1, state="repaired"),)
# 50 points make the tiny rubric's upper band: at these levels the score is 83.3, and no level decides the band.
SURE: Mapping[str, Said] = {"cleaning": 1, "oiling": 2, "wear": 2}
BETTER: Mapping[str, Said] = {"cleaning": 2, "oiling": 1, "wear": 1, "water-jet": False}


async def grade(
    said: Mapping[str, Said], frontier: FixedGrader, *, opinion: Mapping[str, Said] | None = None
) -> Grading:
    """What a cascade makes of what the small grader said, and where it is certain of the rest."""
    second = None if opinion is None else SecondOpinion(FixedGrader(opinion, name="keyword"))
    small = FixedGrader({**SURE, **said}, name="small")
    return await CascadeGrader(small, frontier, opinion=second).grade(tiny(), answer())


def better(**said: Said) -> FixedGrader:
    """The frontier; `water_jet` is the flag."""
    return FixedGrader({**BETTER, **{name.replace("_", "-"): each for name, each in said.items()}}, name="frontier")


def routes(grading: Grading) -> dict[str, str | None]:
    """The route of each criterion."""
    return {item.id: item.route for item in grading.criteria}


async def test_what_is_certain_stays_and_costs_nothing_more() -> None:
    """The better grader is not asked."""
    frontier = better()

    grading = await grade({}, frontier)

    assert frontier.asked == []
    assert levels(grading) == {"cleaning": 1, "oiling": 2, "wear": 2}
    assert set(routes(grading).values()) == {"small"}
    assert (grading.usage.calls, grading.review, grading.warnings) == (1, (), ())


@pytest.mark.parametrize(
    ("said", "route"),
    [
        pytest.param(graded("oiling", 2, spread=1), "frontier: samples disagree", id="samples disagree"),
        pytest.param(graded("oiling", 2, evidence=REPAIRED), "frontier: repaired quote", id="a repaired quote"),
        pytest.param(graded("oiling", 2, reasked=True), "frontier: re-asked", id="asked again"),
        pytest.param("It cannot tell.", "frontier: ungraded", id="ungraded"),
        pytest.param(
            graded("oiling", 2, spread=2, evidence=REPAIRED, reasked=True),
            "frontier: repaired quote, re-asked, samples disagree",
            id="several reasons in their order",
        ),
    ],
)
async def test_a_doubt_sends_just_that_criterion_on(said: Said, route: str) -> None:
    """The route names the reasons; the rest is the small grader's."""
    frontier = better()

    grading = await grade({"oiling": said}, frontier)

    assert frontier.asked == [("oiling",)]
    assert levels(grading) == {"cleaning": 1, "oiling": 1, "wear": 2}
    assert routes(grading) == {"cleaning": "small", "oiling": route, "wear": "small"}
    assert grading.usage.calls == 2
    assert [record.only for record in grading.records] == [None, ("oiling",)]
    assert (grading.grader.model, grading.grader.served_model) == ("model-small", "served-small, served-frontier")


@pytest.mark.parametrize(
    ("opinion", "asked"),
    [
        pytest.param({"oiling": graded("oiling", 0)}, [], id="saw nothing"),
        pytest.param({"oiling": 1}, [], id="one level"),
        pytest.param(
            {"oiling": graded("oiling", 0, basis="wrong", evidence=REPAIRED)},
            [("oiling",)],
            id="two levels with evidence",
        ),
        pytest.param({"oiling": "No signals."}, [], id="cannot tell"),
    ],
)
async def test_the_keyword_grader_raises_a_doubt_with_evidence_and_two_levels(
    opinion: Mapping[str, Said], asked: list[tuple[str, ...]]
) -> None:
    """That it found nothing is no evidence, and one level apart is usual."""
    frontier = better()

    grading = await grade({}, frontier, opinion={**SURE, **opinion})

    assert frontier.asked == asked
    assert (routes(grading)["oiling"] == "frontier: keyword grader differs") == bool(asked)


@pytest.mark.parametrize(
    ("said", "deciding"),
    [
        # A level of cleaning is worth 16.7 points, of oiling 8.3, of wear 25; what is at 0 cannot go down.
        pytest.param({"cleaning": 0, "oiling": 0, "wear": 2}, ("wear",), id="just reached"),
        pytest.param({"cleaning": 1, "oiling": 1, "wear": 1}, ("cleaning", "oiling", "wear"), id="reached by all"),
        pytest.param({"cleaning": 1, "oiling": 2, "wear": 0}, (), id="far below"),
        pytest.param({"cleaning": 2, "oiling": 0, "wear": 1}, (), id="8 points above"),
    ],
)
async def test_near_a_bands_edge_goes_on_what_could_move_the_score_across(
    said: Mapping[str, Said], deciding: tuple[str, ...]
) -> None:
    """Levels that one step takes to the other side of 50."""
    frontier = FixedGrader(said, name="frontier")

    grading = await grade(said, frontier)

    assert frontier.asked == ([deciding] if deciding else [])
    assert {item for item, route in routes(grading).items() if route == "frontier: band-edge"} == set(deciding)


async def test_an_ungraded_red_flag_goes_on() -> None:
    """So does one with a repaired quote, or one that was asked for again."""
    for said in ("It cannot tell.", flag(present=False, reasked=True), flag(present=True, evidence=REPAIRED)):
        frontier = better(cleaning=1)

        grading = await grade({"water-jet": said}, frontier)

        assert frontier.asked == [("water-jet",)]
        assert presence(grading) is False


async def test_without_the_frontier_the_first_grading_stands() -> None:
    """With the reason in the route, a warning, and a word to the reviewer."""
    frontier = FixedGrader(error=UNAVAILABLE)

    grading = await grade({"oiling": graded("oiling", 2, spread=1)}, frontier)

    assert levels(grading) == {"cleaning": 1, "oiling": 2, "wear": 2}
    assert routes(grading) == {"cleaning": "small", "oiling": "small: frontier unavailable", "wear": "small"}
    assert [notice.code for notice in grading.warnings] == ["frontier-unavailable"]
    assert grading.review == ("oiling: in doubt, and the frontier model did not decide it.",)
    assert (grading.usage.calls, grading.usage.cost_usd) == (2, None)


async def test_without_money_for_the_frontier_what_was_paid_for_is_kept() -> None:
    """A warning of its own code says that more money would better it."""
    frontier = FixedGrader(error=BudgetExceeded("Nothing is left."))

    grading = await grade({"oiling": graded("oiling", 2, spread=1)}, frontier)

    assert levels(grading) == {"cleaning": 1, "oiling": 2, "wear": 2}
    assert routes(grading)["oiling"] == "small: frontier unavailable"
    assert [notice.code for notice in grading.warnings] == ["frontier-unavailable", "budget-exceeded"]
    assert grading.review == ("oiling: in doubt, and the frontier model did not decide it.",)
    assert (grading.usage.calls, grading.usage.cost_usd) == (1, 0.01)


async def test_without_money_for_the_first_grader_there_is_no_grading() -> None:
    """Nothing is there to keep."""
    with pytest.raises(BudgetExceeded):
        await CascadeGrader(FixedGrader(error=BudgetExceeded("Nothing is left.")), better()).grade(tiny(), answer())


@pytest.mark.parametrize("seen", [(True, True, False), (True, False, False), (True, False)])
async def test_a_red_flag_that_samples_do_not_agree_on_goes_on(seen: tuple[bool, ...]) -> None:
    """As a criterion does."""
    frontier = better(cleaning=1)
    panel = PanelGrader([FixedGrader({**SURE, "water-jet": each}) for each in seen])

    grading = await CascadeGrader(panel, frontier).grade(tiny(), answer())

    assert frontier.asked == [("water-jet",)]
    assert presence(grading) is False


async def test_a_criterion_that_a_sample_could_not_tell_goes_on() -> None:
    """It was asked again there, in vain."""
    frontier = better()
    panel = PanelGrader([FixedGrader({**SURE, "oiling": each}) for each in (2, 2, "It cannot tell.")])

    grading = await CascadeGrader(panel, frontier).grade(tiny(), answer())

    assert frontier.asked == [("oiling",)]
    assert routes(grading)["oiling"] == "frontier: re-asked"


async def test_what_the_frontier_decides_in_the_end_needs_no_review() -> None:
    """It could not tell by itself, but together with what contradicted it."""

    class Second(FixedGrader):
        async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
            """Tells of cleaning only when it is asked for the second time."""
            self.said["cleaning"] = 1 if self.asked else "Nor can it."
            return await super().grade(rubric, answer, only)

    given = tiny().model_dump(by_alias=True)
    too_much = {"when": {"red_flag": "water-jet"}, "then": {"criterion": "wear", "at_most": 1}, "why": "It wears."}
    rubric = Rubric.model_validate(given | {"relations": [*given["relations"], too_much]})
    small = FixedGrader({**SURE, "cleaning": graded("cleaning", 2, spread=1), "water-jet": "It cannot tell."})
    frontier = Second({"water-jet": True, "wear": 1})

    grading = await CascadeGrader(small, frontier).grade(rubric, answer())

    assert frontier.asked == [("cleaning", "water-jet"), ("cleaning", "wear", "water-jet")]
    assert levels(grading) == {"cleaning": 1, "oiling": 2, "wear": 1}
    assert routes(grading)["cleaning"] == "frontier: samples disagree, contradiction"
    assert grading.review == ()


async def test_what_the_frontier_leaves_ungraded_stands_with_a_word_to_the_reviewer() -> None:
    """A level with evidence is more than none."""
    grading = await grade({"oiling": graded("oiling", 2, spread=1)}, better(oiling="Nor can it."))

    assert levels(grading)["oiling"] == 2
    assert routes(grading)["oiling"] == "small: frontier left it ungraded"
    assert grading.review == ("oiling: in doubt, and the frontier model did not decide it.",)


async def test_what_neither_can_tell_is_ungraded() -> None:
    """For the frontier's reason, and the route says that it was asked."""
    grading = await grade({"oiling": "It cannot tell."}, better(oiling="Nor can it."))

    assert reasons(grading) == {"oiling": "Nor can it."}
    assert routes(grading)["oiling"] == "frontier: ungraded"


async def test_the_first_grader_is_needed() -> None:
    """The frontier is for doubts, not for outages: what an answer costs must not change unseen."""
    frontier = better()

    with pytest.raises(GraderUnavailable):
        await CascadeGrader(FixedGrader(error=UNAVAILABLE), frontier).grade(tiny(), answer())

    assert frontier.asked == []


async def test_a_contradiction_between_both_is_asked_of_the_frontier_together() -> None:
    """Its flag and the small grader's level break a relation of the rubric."""
    frontier = better(water_jet=True, cleaning=1)

    grading = await grade({"cleaning": 2, "water-jet": "It cannot tell."}, frontier)

    assert frontier.asked == [("water-jet",), ("cleaning", "water-jet")]
    assert (levels(grading)["cleaning"], presence(grading)) == (1, True)
    assert routes(grading)["cleaning"] == "frontier: contradiction"
    assert grading.usage.calls == 3


async def test_a_contradiction_that_stays_is_ungraded() -> None:
    """Nothing says which of the two is wrong."""
    grading = await grade({"cleaning": 2, "water-jet": "It cannot tell."}, better(water_jet=True, cleaning=2))

    assert set(reasons(grading)) == {"cleaning", "water-jet"}


async def test_the_spread_of_the_samples_stays_with_the_frontiers_level() -> None:
    """It says why the frontier was asked."""
    grading = await grade({"oiling": graded("oiling", 2, spread=2)}, better())

    assert [item.spread for item in grading.criteria if isinstance(item, Graded)] == [None, 2, None]


async def test_a_part_is_graded_by_parts() -> None:
    """The frontier is asked for no more than was wanted; without the whole there is no score to be near an edge."""
    frontier = better()
    small = FixedGrader({"wear": graded("wear", 1, spread=1), "oiling": "It cannot tell."})

    grading = await CascadeGrader(small, frontier).grade(tiny(), answer(), ("wear", "cleaning"))

    assert frontier.asked == [("wear",)]
    assert list(levels(grading)) == ["cleaning", "wear"]


async def test_reasons_about_the_whole_are_about_what_is_published() -> None:
    """That everything is at level 0 is no longer so."""
    long = answer("I have much to say of chains and what they are made of. " * 10)
    nothing: dict[str, Said] = {"cleaning": "No.", "oiling": 0, "wear": 0}
    small = FixedGrader({**nothing, "cleaning": graded("cleaning", 0, spread=1)})

    alone = await CascadeGrader(small, FixedGrader(error=UNAVAILABLE)).grade(tiny(), long)
    helped = await CascadeGrader(small, better()).grade(tiny(), long)

    assert "Every criterion is at level 0, although the answer is not short." in alone.review
    assert helped.review == ()


async def test_the_verdict_publishes_route_and_spread() -> None:
    """Of graded and ungraded criteria."""
    small = FixedGrader({**SURE, "oiling": graded("oiling", 2, spread=1), "wear": "It cannot tell."})
    cascade = CascadeGrader(small, better(wear="Nor can it."))

    verdict = await Evaluator(catalog=Catalog(), grader=cascade).grade(rubric=tiny(), answer=TEXT)

    assert [(item.route, item.spread) for item in verdict.criteria] == [
        ("small", None),
        ("frontier: samples disagree", 1),
        ("frontier: ungraded", None),
    ]


def test_all_that_may_be_asked_is_prepared() -> None:
    """The second opinion too."""
    graders = [FixedGrader(), FixedGrader(), FixedGrader()]
    small, frontier, keyword = graders

    CascadeGrader(small, frontier, opinion=SecondOpinion(keyword)).prepare(tiny())

    assert [grader.prepared for grader in graders] == [["tiny"]] * 3
