"""A cascade: a small grader grades everything, and a better one what is in doubt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from service.answer import Answer
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders import Grader
from service.graders.doubts import CONTRADICTION, doubts
from service.graders.merging import Result, broken_by, out_of_money, put_together, results_by_id, without_contradictions
from service.graders.opinion import SecondOpinion
from service.grading import FlagGraded, Graded, Grading, Notice, Ungraded
from service.rubric import Rubric

SMALL = "small"
FRONTIER_UNAVAILABLE = "small: frontier unavailable"
FRONTIER_UNDECIDED = "small: frontier left it ungraded"


class CascadeGrader:
    """Grades by the first grader, and again by the second just what is in doubt.

    Each criterion's `route` is one of:

    - `small`: there was no reason to doubt.
    - `frontier: REASON, REASON`: the second grader's, for these reasons, which are the words in `doubts`.
    - `small: frontier unavailable` or `small: frontier left it ungraded`: in doubt, yet the first grader's.

    What contradicts a relation of the rubric once both are put together is asked of the second as well, all of it at
    once; what then still does is ungraded.
    """

    def __init__(self, first: Grader, second: Grader, *, opinion: SecondOpinion | None = None) -> None:
        self._first = first
        self._second = second
        self._opinion = opinion

    def prepare(self, rubric: Rubric) -> None:
        """Prepare all that may be asked."""
        self._first.prepare(rubric)
        self._second.prepare(rubric)
        if self._opinion is not None:
            self._opinion.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: the first grader cannot grade now. Without the second, the first grading stands.
            BudgetExceeded: there is no money for the first grader. Without any for the second, a warning has its code.
        """
        first = await self._first.grade(rubric, answer, only)
        opinion = None if self._opinion is None else await self._opinion.on(rubric, answer)
        state = _Cascading(results_by_id(first), [first])
        if reasons := doubts(rubric, first, opinion):
            await self._escalate(rubric, answer, state, reasons)
        if state.failure is None and (reasons := state.contradictions(rubric)):
            await self._escalate(rubric, answer, state, reasons)
        return state.grading(rubric, answer)

    async def _escalate(
        self, rubric: Rubric, answer: Answer, state: "_Cascading", reasons: Mapping[str, tuple[str, ...]]
    ) -> None:
        ids = [item_id for item_id in state.results if item_id in reasons]
        try:
            second = await self._second.grade(rubric, answer, ids)
        except GraderUnavailable as error:
            state.stand(ids, error)
        except BudgetExceeded as error:
            state.stand(ids, out_of_money(error))
        else:
            state.take(second, reasons)


@dataclass
class _Cascading:
    """One answer on its way through a cascade: the results so far, and where each is from."""

    results: dict[str, Result]
    parts: list[Grading]
    routes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failure: GraderUnavailable | None = None
    undecided: dict[str, None] = field(default_factory=dict)

    def take(self, second: Grading, reasons: Mapping[str, tuple[str, ...]]) -> None:
        """Take what the better grader says of the ids there are reasons for."""
        self.parts.append(second)
        self.reasons |= reasons
        said = results_by_id(second)
        for item_id, why in reasons.items():
            mine, other = self.results[item_id], said.get(item_id)
            if other is None or (isinstance(other, Ungraded) and not isinstance(mine, Ungraded)):
                self.routes.setdefault(item_id, FRONTIER_UNDECIDED)
                self.undecided[item_id] = None
                continue
            self.undecided.pop(item_id, None)
            self.routes[item_id] = f"frontier: {', '.join(why)}"
            self.results[item_id] = _with_spread_of(mine, other)

    def stand(self, ids: Iterable[str], error: GraderUnavailable) -> None:
        """Leave results as they are that could not be escalated."""
        self.failure = error
        for item_id in ids:
            self.routes.setdefault(item_id, FRONTIER_UNAVAILABLE)
            self.undecided[item_id] = None

    def contradictions(self, rubric: Rubric) -> dict[str, tuple[str, ...]]:
        """What contradicts itself and was not asked together yet, with the reasons there are by now."""
        broken = broken_by(rubric, self.results)
        if broken.keys() <= self.reasons.keys():
            return {}
        return {item_id: (*self.reasons.get(item_id, ()), CONTRADICTION) for item_id in broken}

    def grading(self, rubric: Rubric, answer: Answer) -> Grading:
        """All put together."""
        results = without_contradictions(rubric, self.results)
        failures = [] if self.failure is None else [self.failure]
        return put_together(
            rubric,
            answer,
            {item_id: self._routed(item) for item_id, item in results.items()},
            self.parts,
            failures=failures,
            warnings=[
                Notice(code="frontier-unavailable", message=f"What is in doubt could not be escalated. {error}")
                for error in failures
            ],
            review=[f"{item_id}: in doubt, and the frontier model did not decide it." for item_id in self.undecided],
        )

    def _routed(self, item: Result) -> Result:
        if isinstance(item, FlagGraded):
            return item
        return item.model_copy(update={"route": self.routes.get(item.id, SMALL)})


def _with_spread_of(mine: Result, other: Result) -> Result:
    """The other's result, with the spread of the gradings that led to it where it has none of its own."""
    if isinstance(mine, Graded) and isinstance(other, Graded) and other.spread is None:
        return other.model_copy(update={"spread": mine.spread})
    return other
