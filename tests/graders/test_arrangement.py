"""Who grades with whom: seats, their temperatures and addresses, and what is built from them."""

from collections.abc import Sequence

import pytest

from service.graders import Grader
from service.graders.arrangement import Arrangement, Calls, Seat, arrange
from tests.graders.fixed import FixedGrader, graded
from tests.replies.bicycle import answer, tiny

BASE = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("arrangement", "seats"),
    [
        pytest.param(Arrangement(), [Seat("openai/a", BASE, 0.0, 0)], id="one alone"),
        pytest.param(
            Arrangement(panel=2, panel_temperature=0.5),
            [Seat("openai/a", BASE, 0.5, 0), Seat("openai/a", BASE, 0.5, 1)],
            id="samples of one",
        ),
        pytest.param(
            Arrangement(panel_models=("openai/b", "other/c")),
            [Seat("openai/a", BASE, 0.0, 0), Seat("openai/b", BASE, 0.0, 0), Seat("other/c", None, 0.0, 0)],
            id="several models, each once",
        ),
        pytest.param(
            Arrangement(panel_models=("openai/a", "openai/b")),
            [Seat("openai/a", BASE, 0.7, 0), Seat("openai/a", BASE, 0.7, 1), Seat("openai/b", BASE, 0.0, 0)],
            id="the same model named again",
        ),
    ],
)
def test_who_sits_on_the_panel(arrangement: Arrangement, seats: Sequence[Seat]) -> None:
    """A model with several samples draws them, and one of the same provider is asked at the same address."""
    assert list(arrangement.seats("openai/a", BASE)) == seats
    assert arrangement.draws("openai/a") == any(seat.temperature for seat in seats)


def test_the_frontiers_gradings_are_told_apart_from_the_panels() -> None:
    """Even by the same model, and at an address of its own."""
    arrangement = Arrangement(panel=2, frontier_model="openai/a", frontier_api_base="http://127.0.0.1:2/v1")

    assert arrangement.frontier("openai/a") == Seat("openai/a", "http://127.0.0.1:2/v1", 0.0, 2)
    assert Arrangement().frontier("openai/a") is None


@pytest.mark.parametrize(
    ("arrangement", "asked", "route"),
    [
        pytest.param(Arrangement(), {"openai/a/0": [None]}, None, id="one alone"),
        pytest.param(Arrangement(panel=2), {"openai/a/0": [None], "openai/a/1": [None]}, None, id="a panel"),
        pytest.param(
            Arrangement(model_calls="per-criterion"),
            {"openai/a/0": [("cleaning",), ("oiling",), ("wear",), ("water-jet",)]},
            None,
            id="each criterion alone",
        ),
        pytest.param(
            Arrangement(frontier_model="best/b", model_calls="per-criterion"),
            {
                "openai/a/0": [("cleaning",), ("oiling",), ("wear",), ("water-jet",)],
                "best/b/0": [("oiling", "wear")],
            },
            "frontier: re-asked",
            id="a frontier asked at once for all that is in doubt",
        ),
    ],
)
async def test_what_is_built_asks_as_arranged(
    arrangement: Arrangement, asked: dict[str, list[tuple[str, ...] | None]], route: str | None
) -> None:
    """Each seat by its own grader."""
    made: dict[str, FixedGrader] = {}

    def make(seat: Seat) -> Grader:
        doubtful = {item: graded(item, 1, reasked=True) for item in ("oiling", "wear")}
        return made.setdefault(f"{seat.model}/{seat.sample}", FixedGrader(doubtful))

    grading = await arrange(arrangement, "openai/a", None, make).grade(tiny(), answer())

    assert {name: grader.asked for name, grader in made.items()} == asked
    assert grading.criteria[1].route == route


@pytest.mark.parametrize(
    ("arrangement", "calls"),
    [
        pytest.param(Arrangement(), {"a": Calls(1, 4)}, id="one alone"),
        pytest.param(Arrangement(panel=3), {"a": Calls(3, 12)}, id="a panel"),
        pytest.param(Arrangement(model_calls="per-criterion"), {"a": Calls(4, 20)}, id="each criterion alone"),
        pytest.param(
            Arrangement(panel_models=("b",), frontier_model="c"),
            {"a": Calls(1, 4), "b": Calls(1, 4), "c": Calls(1, 8)},
            id="several models",
        ),
    ],
)
def test_how_many_calls_an_answer_takes(arrangement: Arrangement, calls: dict[str, Calls]) -> None:
    """By model, with two re-asks, three criteria and a flag: usually, and at most."""
    assert arrangement.calls("a", reasks=2, criteria=3, flags=1) == calls
