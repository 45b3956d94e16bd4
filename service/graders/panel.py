"""A panel: several graders grade the same answer, and the level in the middle counts."""

from collections.abc import Sequence

from service.answer import Answer
from service.errors import GraderUnavailable
from service.graders import Grader
from service.graders.merging import Result, grade_at_once, put_together, results_by_id, without_contradictions
from service.grading import FlagGraded, Graded, Grading, Notice, Ungraded
from service.rubric import Rubric

WIDE_SPREAD = 2
"""Levels between the members of a panel from which on a person should look."""


class PanelGrader:
    """Grades by all its members at once.

    A criterion gets the lower median of the members' levels, with evidence and reason from the first member at that
    level; its `spread` is the highest less the lowest. It is graded, and a red flag is present, only by a majority of
    the whole panel: a member that fails, for whatever reason, costs its vote and makes nobody else's count more. What a
    member could not tell, and a flag that they differ on, is marked as asked for again.
    """

    def __init__(self, members: Sequence[Grader]) -> None:
        """Raises ValueError if there is no member."""
        if not members:
            raise ValueError("a panel needs a member")
        self._members = tuple(members)

    def prepare(self, rubric: Rubric) -> None:
        """Prepare all members."""
        for member in self._members:
            member.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: no member could grade.
            BudgetExceeded: there is no money for any of them; where there is for some, a warning has its code.
        """
        outcomes = await grade_at_once(member.grade(rubric, answer, only) for member in self._members)
        gradings = [outcome for outcome in outcomes if isinstance(outcome, Grading)]
        failures = [outcome for outcome in outcomes if isinstance(outcome, GraderUnavailable)]
        ballots = [results_by_id(grading) for grading in gradings]
        wanted = [item_id for item_id in (*rubric.criterion_by_id, *rubric.red_flag_by_id) if _asked(item_id, only)]
        results: dict[str, Result] = {
            item_id: self._level(item_id, [ballot[item_id] for ballot in ballots if item_id in ballot])
            if item_id in rubric.criterion_by_id
            else self._presence(item_id, [ballot[item_id] for ballot in ballots if item_id in ballot])
            for item_id in wanted
        }
        results = without_contradictions(rubric, results)
        return put_together(
            rubric,
            answer,
            results,
            gradings,
            failures=failures,
            warnings=self._missing(failures),
            review=[_apart(item) for item in results.values() if isinstance(item, Graded) and _is_wide(item)],
        )

    def _level(self, item_id: str, ballots: Sequence[Result]) -> Graded | Ungraded:
        votes = [vote for vote in ballots if isinstance(vote, Graded)]
        if not self._is_majority(len(votes)):
            return self._too_few(item_id, len(votes), ballots)
        levels = sorted(vote.level for vote in votes)
        middle = levels[(len(levels) - 1) // 2]
        chosen = next(vote for vote in votes if vote.level == middle)
        return chosen.model_copy(
            update={
                "spread": levels[-1] - levels[0] if len(levels) > 1 else chosen.spread,
                # What a member could not tell did not hold when it was asked again.
                "reasked": len(votes) < len(ballots) or any(vote.reasked for vote in votes),
            }
        )

    def _presence(self, item_id: str, ballots: Sequence[Result]) -> FlagGraded | Ungraded:
        votes = [vote for vote in ballots if isinstance(vote, FlagGraded)]
        if not self._is_majority(len(votes)):
            return self._too_few(item_id, len(votes), ballots)
        present = self._is_majority(sum(vote.present for vote in votes))
        chosen = next(vote for vote in votes if vote.present == present)
        # A flag has no spread, which would tell of votes that differ.
        doubted = len({vote.present for vote in votes}) > 1 or len(votes) < len(ballots)
        return chosen.model_copy(update={"reasked": doubted or any(vote.reasked for vote in votes)})

    def _is_majority(self, votes: int) -> bool:
        return 2 * votes > len(self._members)

    def _too_few(self, item_id: str, votes: int, ballots: Sequence[Result]) -> Ungraded:
        size = len(self._members)
        why = [f"{votes} of {size} gradings could tell, and {size // 2 + 1} are needed."]
        why += [vote.reason for vote in ballots if isinstance(vote, Ungraded)][:1]
        return Ungraded(id=item_id, reason=" ".join(why))

    def _missing(self, failures: Sequence[GraderUnavailable]) -> list[Notice]:
        if not failures:
            return []
        size = len(self._members)
        message = f"{size - len(failures)} of {size} gradings came about. {failures[0]}"
        return [Notice(code="panel-incomplete", message=message)]


def _asked(item_id: str, only: Sequence[str] | None) -> bool:
    return only is None or item_id in only


def _is_wide(item: Graded) -> bool:
    return item.spread is not None and item.spread >= WIDE_SPREAD


def _apart(item: Graded) -> str:
    return f"{item.id}: several gradings lie {item.spread} levels apart."
