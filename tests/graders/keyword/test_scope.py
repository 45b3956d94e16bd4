"""A claim counts only where the candidate makes it."""

import pytest

from tests.graders.keyword.rubrics import make_rubric, travel


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("I would take the bike for that.", id="plain"),
        pytest.param("I like bicycles for getting around town.", id="another word, inflected"),
        pytest.param("If it rains in the morning I take the bike.", id="condition of a rule"),
        pytest.param("I use not just the bike but also my feet.", id="not just"),
        pytest.param("I never skip the bike when I can help it.", id="double negation"),
        pytest.param("Not before I have checked the tyres do I take the bike.", id="not before"),
        pytest.param("I don't like the noise, so I take the bike.", id="negation in another clause"),
        pytest.param("There is no parking, because of that I use the bike.", id="negation ends at because"),
        pytest.param("Some people say walking is best, but I take the bike.", id="own voice after a report"),
        pytest.param("Many people say the bike is best and I agree.", id="endorsed report"),
        pytest.param("I'd begin with the b m x on the road to work.", id="spelled out"),
        pytest.param("Do the tyres of the bike hold? Then we go.", id="question that decides"),
    ],
)
def test_a_claim_earns_its_level(text: str) -> None:
    """What the candidate claims counts, however it is put."""
    rubric = make_rubric("bike")

    graded = travel(rubric, text)

    assert (graded.level, graded.basis) == (2, "supported")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("I would not take the bike for that.", id="not"),
        pytest.param("I'd never use a bike in this town.", id="never"),
        pytest.param("We went there without a bike and were fine.", id="without"),
        pytest.param("I walk rather than take the bike.", id="rather than"),
        pytest.param("It would be a mistake to take the bike there.", id="a mistake to"),
        pytest.param("The bike is not necessary for what we do.", id="not necessary"),
        pytest.param("A bike would be a waste of our time.", id="a waste"),
        pytest.param("A bike in this traffic is out of the question.", id="out of the question"),
        pytest.param("I suppose one could take the bike for that.", id="one could"),
        pytest.param("I have never worked on a bike in my life.", id="no experience"),
        pytest.param("Some people say you take the bike for that.", id="report"),
        pytest.param("I've heard that the bike is good for it.", id="hearsay"),
        pytest.param("According to the magazine it should be the bike.", id="according to"),
        pytest.param("I used to think the bike was the thing.", id="earlier opinion"),
        pytest.param("You take the bike to every place. I disagree with that.", id="rejected in the next sentence"),
        pytest.param("In theory the bike is the way to get there.", id="theory"),
        pytest.param("We would have taken the bike that day.", id="would have"),
        pytest.param("I have no idea what the bike would do for us.", id="ignorance"),
        pytest.param("Should we take the bike for this one?", id="idle question"),
        pytest.param("We take the bike there, no wait, we walk.", id="taken back"),
    ],
)
def test_what_the_candidate_does_not_hold_earns_nothing(text: str) -> None:
    """Denied, reported, supposed and asked, a concept is as good as not said."""
    rubric = make_rubric("bike")

    graded = travel(rubric, text)

    assert (graded.level, graded.basis, graded.evidence) == (0, "absent", ())


def test_a_negation_inside_a_phrase_denies_nothing() -> None:
    """The phrase that says it with a negation is claimed, and so is what follows it."""
    rubric = make_rubric({"all": ["broken", "bike"]})

    graded = travel(rubric, "The car did not start so we had to use the bike.")

    assert graded.level == 2


def test_what_one_never_does_is_denied_and_not_unknown() -> None:
    """Never to work on something is a rule, never to have worked on it a want of experience."""
    rubric = make_rubric({"denied": "bike"})

    rule, unknown = (travel(rubric, f"{who} never worked on a bike.") for who in ("I", "I have"))

    assert (rule.level, unknown.level) == (2, 0)


def test_what_is_denied_can_be_asked_for() -> None:
    """`denied` holds for a denied concept and not for a claimed one."""
    rubric = make_rubric({"denied": "car"})

    denied, claimed = (travel(rubric, f"I would {how} drive in town.") for how in ("never", "always"))

    assert (denied.level, claimed.level) == (2, 0)


def test_what_is_mentioned_can_be_asked_for() -> None:
    """`mentioned` holds whoever says it."""
    rubric = make_rubric({"mentioned": "car"})

    graded = travel(rubric, "Some people say you should drive in town.")

    assert graded.level == 2
