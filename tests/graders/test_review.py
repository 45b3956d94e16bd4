"""When one passage carries too many criteria alone, however its ends were quoted."""

import pytest

from service.answer import parse_answer
from service.graders.llm.review import reasons_to_look
from service.grading import Evidence, Graded
from service.replies import EvidenceLookup
from tests.replies.bicycle import tiny

ANSWER = "x" * 300


def graded(*spans: tuple[int, int]) -> Graded:
    """A criterion with this evidence, at level 1."""
    evidence = tuple(Evidence(quote=ANSWER[start:end], start=start, end=end) for start, end in spans)
    return Graded(id="oiling", level=1, basis="supported", evidence=evidence, reason="Oil.")


def reasons(*items: Graded) -> list[str]:
    """Why a person should look at these."""
    return list(reasons_to_look(tiny(), EvidenceLookup(parse_answer(ANSWER), tiny()), items))


@pytest.mark.parametrize(
    "fourth",
    [
        pytest.param(graded((100, 200)), id="equal"),
        pytest.param(graded((100, 180)), id="shorter"),
        pytest.param(graded((80, 200)), id="longer"),
        pytest.param(graded((105, 205)), id="shifted"),
        pytest.param(graded((100, 200), (120, 140)), id="a piece of it quoted once more"),
        pytest.param(graded((100, 200), (110, 212)), id="quoted twice with other ends"),
    ],
)
def test_nearly_equal_spans_are_one_passage(fourth: Graded) -> None:
    """Four criteria on one sentence are four, with or without its first words."""
    same = graded((100, 200))

    found = reasons(same, same, same, fourth)

    assert len(found) == 1
    assert "characters 100 to 200" in found[0]
    assert "only evidence for 4 criteria" in found[0]


@pytest.mark.parametrize(
    "fourth",
    [
        pytest.param(graded((100, 179)), id="too short"),
        pytest.param(graded((74, 200)), id="too long"),
        pytest.param(graded((150, 250)), id="half of it"),
        pytest.param(graded((200, 300)), id="beside it"),
        pytest.param(graded((100, 200), (250, 260)), id="with evidence elsewhere"),
        pytest.param(graded(), id="no evidence"),
    ],
)
def test_other_spans_are_other_passages(fourth: Graded) -> None:
    """Three criteria may stand on one passage."""
    same = graded((100, 200))

    assert reasons(same, same, same, fourth) == []


def test_each_passage_is_named_once() -> None:
    """Two passages with four criteria each, in the order of their places."""
    items = [graded((start + shift, start + 100)) for start in (200, 0) for shift in (0, 5, 10, 15)]

    found = reasons(*items)

    assert [reason.split(")")[0] for reason in found] == [
        "One passage (characters 0 to 100",
        "One passage (characters 200 to 300",
    ]
