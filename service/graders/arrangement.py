"""Who of several models grades an answer: the samples of a panel, and the model that is asked what is in doubt."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from service.graders import Grader
from service.graders.opinion import SecondOpinion
from service.models import Frozen

DEFAULT_PANEL_TEMPERATURE = 0.7


class Seat(NamedTuple):
    """One grading of an answer by a model; `sample` tells several by the same model apart."""

    model: str
    api_base: str | None
    temperature: float
    sample: int


class Calls(NamedTuple):
    """How many requests to a model one answer takes: usually, and where every reply has to be asked for again."""

    typical: int
    most: int


class Arrangement(Frozen):
    """How models grade together; by default one model does, in one request.

    `panel` is how many samples of the main model there are, each of `panel_models` gives one more. Where a model gives
    several, they are drawn at `panel_temperature`; all other requests are at 0.
    """

    panel: Annotated[int, Field(ge=1, le=15)] = 1
    panel_models: tuple[str, ...] = ()
    panel_temperature: float = DEFAULT_PANEL_TEMPERATURE
    frontier_model: str | None = None
    frontier_api_base: str | None = None
    model_calls: Literal["single", "per-criterion"] = "single"

    def seats(self, model: str, api_base: str | None) -> tuple[Seat, ...]:
        """The gradings of the panel, those of the main model first.

        A further model of the same provider is asked at the same address.
        """
        names = [model] * self.panel + list(self.panel_models)
        times = Counter(names)
        return tuple(
            Seat(
                model=name,
                api_base=api_base if _provider(name) == _provider(model) else None,
                temperature=self.panel_temperature if times[name] > 1 else 0.0,
                sample=names[:place].count(name),
            )
            for place, name in enumerate(names)
        )

    def draws(self, model: str) -> bool:
        """Whether a model gives several samples, so that the temperature of the panel is used."""
        return len({seat.model for seat in self.seats(model, None)}) < self.panel + len(self.panel_models)

    def frontier(self, model: str) -> Seat | None:
        """The grading of what is in doubt, if a model is set for that."""
        if self.frontier_model is None:
            return None
        before = [model] * self.panel + list(self.panel_models)
        return Seat(self.frontier_model, self.frontier_api_base, 0.0, before.count(self.frontier_model))

    def gradings(self, model: str) -> int:
        """How many gradings one answer takes, where something of it is in doubt."""
        return len(self.seats(model, None)) + (self.frontier_model is not None)

    def calls(self, model: str, *, reasks: int, criteria: int, flags: int) -> dict[str, Calls]:
        """How many requests one answer takes, by model.

        `most` leaves out what is sent again because the provider failed.
        """
        # A conversation is a request, its re-asks, and a second look at what was called absent.
        longest = 2 + reasks
        apart = criteria + (1 if flags else 0)
        # One more conversation where what was graded apart contradicts itself.
        one = Calls(1, longest) if self.model_calls == "single" else Calls(apart, (apart + 1) * longest)
        found: Counter[str] = Counter()
        most: Counter[str] = Counter()
        for seat in self.seats(model, None):
            found[seat.model] += one.typical
            most[seat.model] += one.most
        if self.frontier_model is not None:
            found[self.frontier_model] += 1
            most[self.frontier_model] += 2 * longest
        return {name: Calls(found[name], most[name]) for name in found}


def arrange(
    arrangement: Arrangement,
    model: str,
    api_base: str | None,
    make: Callable[[Seat], Grader],
    opinion: SecondOpinion | None = None,
) -> Grader:
    """Build the grader of an arrangement from the graders that `make` gives for its seats."""
    from service.graders.cascade import CascadeGrader  # noqa: PLC0415 - what describes a run needs no grader of a model
    from service.graders.panel import PanelGrader  # noqa: PLC0415 - as above
    from service.graders.per_criterion import PerCriterionGrader  # noqa: PLC0415 - as above

    members = [make(seat) for seat in arrangement.seats(model, api_base)]
    if arrangement.model_calls == "per-criterion":
        members = [PerCriterionGrader(member) for member in members]
    grader = members[0] if len(members) == 1 else PanelGrader(members)
    frontier = arrangement.frontier(model)
    # What is in doubt is little, and is asked in one request whatever the calls of the others are.
    return grader if frontier is None else CascadeGrader(grader, make(frontier), opinion=opinion)


def _provider(model: str) -> str:
    return model.partition("/")[0] if "/" in model else ""
