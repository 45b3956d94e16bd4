"""A panel: the middle level counts, a majority is needed, and nobody's vote counts twice."""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable, StoreUnavailable
from service.graders.panel import PanelGrader
from service.grading import FlagGraded, Graded, Grading, Ungraded
from service.rubric import Rubric
from tests.graders.fixed import UNAVAILABLE, FixedGrader, Said, graded, levels, presence, reasons
from tests.replies.bicycle import answer, tiny

ANSWER = answer()

Ballot = int | None
"""What one member says of a criterion; None that it cannot tell."""


class Slow(FixedGrader):
    """Takes its time, so that the others are through before it; or never ends."""

    def __init__(self, said: Mapping[str, Said] | None = None, *, never: bool = False) -> None:
        super().__init__(said)
        self.ended = 0
        self._never = never

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Say it in the end."""
        grading = await super().grade(rubric, answer, only)
        if self._never:
            await asyncio.Event().wait()
        for _ in range(10):
            await asyncio.sleep(0)
        self.ended += 1
        return grading


def members(*ballots: Ballot) -> list[FixedGrader]:
    """A member for each ballot on `wear`, named by its place."""
    return [
        FixedGrader({"wear": "It cannot tell." if ballot is None else ballot}, name=str(place))
        for place, ballot in enumerate(ballots)
    ]


async def grade(panel: Sequence[FixedGrader], only: Sequence[str] | None = None) -> Grading:
    """What they grade together."""
    return await PanelGrader(panel).grade(tiny(), ANSWER, only)


async def wear(*ballots: Ballot) -> Graded | Ungraded:
    """What comes of the ballots on one criterion."""
    (item,) = (await grade(members(*ballots), ("wear",))).criteria
    return item


@pytest.mark.parametrize(
    ("ballots", "level", "spread"),
    [
        pytest.param((2,), 2, None, id="one is no spread"),
        pytest.param((2, 2, 2), 2, 0, id="all agree"),
        pytest.param((0, 2, 2), 2, 2, id="two of three"),
        pytest.param((0, 1, 2), 1, 2, id="the middle"),
        pytest.param((1, 2), 1, 1, id="the lower of two"),
        pytest.param((0, 1, 2, 2), 1, 2, id="the lower of four"),
        pytest.param((2, None, 1), 1, 1, id="one cannot tell"),
    ],
)
async def test_the_lower_median_counts(ballots: tuple[Ballot, ...], level: int, spread: int | None) -> None:
    """Between two middle levels the lower one, as a reader in doubt would."""
    item = await wear(*ballots)

    assert isinstance(item, Graded)
    assert (item.level, item.spread) == (level, spread)


async def test_evidence_and_reason_are_of_the_first_member_at_the_level() -> None:
    """Not of one that would have given another level."""
    item = await wear(0, 2, 2)

    assert item.reason == "Says 1."


@pytest.mark.parametrize(
    ("ballots", "reason"),
    [
        pytest.param((2, None), "1 of 2 gradings could tell, and 2 are needed. It cannot tell.", id="one of two"),
        pytest.param(
            (2, None, None), "1 of 3 gradings could tell, and 2 are needed. It cannot tell.", id="one of three"
        ),
        pytest.param((2, 2, None, None), "2 of 4 gradings could tell, and 3 are needed. It cannot tell.", id="half"),
    ],
)
async def test_without_a_majority_it_is_ungraded(ballots: tuple[Ballot, ...], reason: str) -> None:
    """A majority of the panel, not of those that could tell."""
    item = await wear(*ballots)

    assert item == Ungraded(id="wear", reason=reason)


@given(st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=9), st.randoms())
async def test_the_order_of_members_does_not_matter(ballots: list[Ballot], random: Random) -> None:
    """To levels and spreads; evidence is of whoever comes first."""
    shuffled = random.sample(ballots, len(ballots))

    one, other = await wear(*ballots), await wear(*shuffled)

    assert _marks(one) == _marks(other)


@given(st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=9))
async def test_the_middle_has_half_of_the_votes_on_either_side(ballots: list[Ballot]) -> None:
    """At least half give the level or a lower one, and more than half it or a higher one."""
    votes = [ballot for ballot in ballots if ballot is not None]

    item = await wear(*ballots)

    assert isinstance(item, Graded) == (len(votes) > len(ballots) / 2)
    if isinstance(item, Graded):
        assert sum(vote <= item.level for vote in votes) >= len(votes) / 2
        assert sum(vote >= item.level for vote in votes) > len(votes) / 2


@given(st.lists(st.integers(0, 2), min_size=2, max_size=8), st.integers(0, 2))
async def test_one_member_moves_the_level_no_further_than_the_others_allow(others: list[int], one: int) -> None:
    """Whatever it says: the level lies between the two middle ones of the others."""
    middle = len(others) // 2
    ranked = sorted(others)

    item = await wear(*others, one)

    assert isinstance(item, Graded)
    assert ranked[middle - 1] <= item.level <= ranked[middle]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=8), st.data())
async def test_a_higher_vote_never_lowers_the_level(ballots: list[int], data: st.DataObject) -> None:
    """Nor does a lower one raise it."""
    place = data.draw(st.integers(0, len(ballots) - 1))
    raised = [*ballots[:place], min(ballots[place] + 1, 2), *ballots[place + 1 :]]

    before, after = await wear(*ballots), await wear(*raised)

    assert isinstance(before, Graded)
    assert isinstance(after, Graded)
    assert before.level <= after.level


@given(st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=9))
async def test_a_red_flag_needs_a_majority_of_the_panel(ballots: list[bool | None]) -> None:
    """Those that cannot tell count against its presence; with too few that can, it is ungraded."""
    panel = [FixedGrader({"water-jet": "It cannot tell." if ballot is None else ballot}) for ballot in ballots]
    needed = len(ballots) // 2 + 1

    found = presence(await grade(panel, ("water-jet",)))

    if sum(ballot is not None for ballot in ballots) < needed:
        assert found is None
    else:
        assert found == (sum(ballot is True for ballot in ballots) >= needed)


async def test_a_flags_evidence_is_of_a_member_that_saw_it() -> None:
    """The first of them."""
    panel = [FixedGrader({"water-jet": seen}, name=str(place)) for place, seen in enumerate((False, True, True))]

    (found,) = (await grade(panel)).red_flags

    assert isinstance(found, FlagGraded)
    assert (found.present, found.reason, len(found.evidence)) == (True, "Says 1.", 1)


async def test_a_member_that_fails_costs_its_vote_and_no_more() -> None:
    """The others grade, its calls are counted, and the verdict says that it was missing."""
    panel = [FixedGrader(error=UNAVAILABLE), *members(2, 1)]

    grading = await grade(panel)

    assert levels(grading)["wear"] == 1
    assert (grading.usage.calls, grading.usage.cost_usd) == (3, None)
    assert [(notice.code, notice.message) for notice in grading.warnings] == [
        ("panel-incomplete", "2 of 3 gradings came about. It is down.")
    ]


async def test_failures_count_against_a_majority() -> None:
    """One of three is not enough, however sure it is."""
    panel = [FixedGrader(error=UNAVAILABLE), FixedGrader(error=UNAVAILABLE), *members(2)]

    grading = await grade(panel)

    assert set(levels(grading).values()) == {None}
    assert presence(grading) is None


async def test_when_all_fail_there_is_no_grading() -> None:
    """The error counts all calls, and is to be tried again when the first of them may be."""
    later = GraderUnavailable("Slow down.", reason="rate-limited", retry_after=60.0, calls=2)

    with pytest.raises(GraderUnavailable, match=r"It is down\.") as caught:
        await grade([FixedGrader(error=UNAVAILABLE), FixedGrader(error=later)])

    assert (caught.value.reason, caught.value.retry_after, caught.value.calls) == ("provider-down", 5.0, 3)


@pytest.mark.parametrize(
    ("error", "codes", "cost_usd"),
    [
        pytest.param(BudgetExceeded("Nothing is left."), ["panel-incomplete", "budget-exceeded"], 0.02, id="no money"),
        pytest.param(ZeroDivisionError("A slip."), ["panel-incomplete"], None, id="a slip in the program"),
        pytest.param(asyncio.CancelledError(), ["panel-incomplete"], None, id="broken off"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_whatever_ends_a_member_the_others_go_on_to_their_end(
    error: BaseException, codes: list[str], cost_usd: float | None, place: int
) -> None:
    """What they took is counted, and a majority of them grades; what an unknown number of calls cost is unknown."""
    panel: list[FixedGrader] = [Slow({"wear": 1}), Slow({"wear": 1})]
    panel.insert(place, FixedGrader(error=error))

    grading = await grade(panel)

    assert levels(grading)["wear"] == 1
    assert (grading.usage.calls, grading.usage.cost_usd) == (2, cost_usd)
    assert len(grading.records) == 2
    assert [notice.code for notice in grading.warnings] == codes


@pytest.mark.parametrize("error", [BudgetExceeded("Nothing is left."), ZeroDivisionError("A slip.")])
async def test_what_ends_all_members_is_raised(error: Exception) -> None:
    """As it is: it is no failure of the model that another grader may stand in for."""
    with pytest.raises(type(error)):
        await grade([FixedGrader(error=error), FixedGrader(error=UNAVAILABLE), FixedGrader(error=error)])


async def test_without_the_database_there_is_no_grading() -> None:
    """It is no matter of one member; the others end first."""
    other = Slow()

    with pytest.raises(StoreUnavailable):
        await grade([FixedGrader(error=StoreUnavailable("It is away.")), other, other])

    assert other.ended == 2


async def test_a_slip_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    """Which may quote the answer."""
    await grade([FixedGrader(error=ZeroDivisionError("I oil the chain.")), *members(1, 1)])

    assert "ZeroDivisionError" in caplog.text
    assert "chain" not in caplog.text


async def test_who_is_given_up_gives_up_its_members() -> None:
    """And takes no member's word for it that only that was broken off."""
    waiting = Slow(never=True)
    grading = asyncio.create_task(grade([waiting, *members(1, 1)]))
    while not waiting.asked:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)

    grading.cancel()

    with pytest.raises(asyncio.CancelledError):
        await grading
    assert waiting.ended == 0


async def test_usage_records_and_names_are_of_all_members() -> None:
    """Added up, one after the other, and each name once."""
    panel = [FixedGrader(name="a"), FixedGrader(name="b"), FixedGrader(name="a")]

    grading = await grade(panel)

    assert (grading.usage.calls, grading.usage.prompt_tokens) == (3, 300)
    assert grading.usage.cost_usd == pytest.approx(0.03)
    assert [record.model for record in grading.records] == ["model-a", "model-b", "model-a"]
    assert (grading.grader.model, grading.grader.served_model) == ("model-a", "served-a, served-b")


async def test_a_wide_spread_asks_for_review() -> None:
    """Two levels apart; one does not."""
    far = await grade(members(0, 2, 2))
    near = await grade(members(1, 2, 2))

    assert far.review == ("wear: several gradings lie 2 levels apart.",)
    assert near.review == ()


async def test_what_was_asked_again_of_anyone_was_asked_again() -> None:
    """A doubt in one sample is a doubt in the panel."""
    panel = [FixedGrader({"wear": graded("wear", 2, reasked=again)}) for again in (False, True, False)]

    grading = await grade(panel)

    assert [item.id for item in grading.criteria if isinstance(item, Graded) and item.reasked] == ["wear"]


async def test_what_a_member_could_not_tell_was_asked_again() -> None:
    """What it said of it did not hold, whatever the majority says; one that failed as a whole said nothing."""
    doubted = await grade(members(2, 2, None))
    failed = await grade([*members(2, 2), FixedGrader(error=UNAVAILABLE)])

    assert [
        [item.id for item in each.criteria if isinstance(item, Graded) and item.reasked] for each in (doubted, failed)
    ] == [["wear"], []]


@pytest.mark.parametrize(
    ("seen", "doubted"),
    [
        ((True, True, True), False),
        ((True, True, False), True),
        ((False, False, True), True),
        ((False, False, False), False),
    ],
)
async def test_a_flag_that_members_do_not_agree_on_is_in_doubt(seen: tuple[bool, ...], *, doubted: bool) -> None:
    """It has no spread that could say so."""
    (found,) = (await grade([FixedGrader({"water-jet": each}) for each in seen])).red_flags

    assert isinstance(found, FlagGraded)
    assert found.reasked is doubted


async def test_what_contradicts_itself_together_is_ungraded() -> None:
    """Each member agrees with itself, but the flag of two and the level of three break a relation of the rubric."""
    panel = [
        FixedGrader({"water-jet": True, "cleaning": "It cannot tell."}),
        FixedGrader({"water-jet": True, "cleaning": "It cannot tell."}),
        FixedGrader({"water-jet": True, "cleaning": 1}),
        FixedGrader({"water-jet": False, "cleaning": 2}),
        FixedGrader({"water-jet": False, "cleaning": 2}),
    ]

    grading = await grade(panel)

    assert set(reasons(grading)) == {"cleaning", "water-jet"}
    assert reasons(grading)["cleaning"].startswith("Of what was graded apart, water-jet and cleaning contradict each")


async def test_only_what_is_asked_for_is_graded() -> None:
    """By every member."""
    panel = members(1, 1, 2)

    grading = await grade(panel, ("wear",))

    assert levels(grading) == {"wear": 1}
    assert grading.red_flags == ()
    assert [member.asked for member in panel] == [[("wear",)]] * 3


def test_all_members_are_prepared() -> None:
    """Before the first answer."""
    panel = members(1, 1)

    PanelGrader(panel).prepare(tiny())

    assert [member.prepared for member in panel] == [["tiny"], ["tiny"]]


def test_a_panel_needs_a_member() -> None:
    """Nobody is no panel."""
    with pytest.raises(ValueError, match="needs a member"):
        PanelGrader([])


def _marks(item: Graded | Ungraded) -> tuple[int | None, int | None]:
    return (item.level, item.spread) if isinstance(item, Graded) else (None, None)
