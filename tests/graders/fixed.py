"""Graders that say what they are told to, for the tiny rubric."""

from collections.abc import Mapping, Sequence

from service.answer import Answer
from service.errors import GraderUnavailable
from service.grading import Evidence, FlagGraded, Graded, GraderInfo, Grading, Record, Ungraded, Usage
from service.rubric import Rubric

UNAVAILABLE = GraderUnavailable("It is down.", reason="provider-down", retry_after=5.0, calls=1)


def graded(item_id: str, level: int, **fields: object) -> Graded:
    """A criterion at a level, with the answer's first word as evidence above 0; the reason names who says so."""
    given: dict[str, object] = {
        "basis": "supported" if level else "absent",
        "evidence": (Evidence(quote="I", start=0, end=1),) if level else (),
        "reason": "So it is.",
        **fields,
    }
    return Graded.model_validate({"id": item_id, "level": level, **given})


def flag(*, present: bool, **fields: object) -> FlagGraded:
    """The tiny rubric's red flag."""
    evidence = (Evidence(quote="I", start=0, end=1),) if present else ()
    return FlagGraded.model_validate({"id": "water-jet", "present": present, "evidence": evidence, **fields})


Said = int | bool | str | Graded | FlagGraded


class FixedGrader:
    """Says the same of every answer: levels, the flag's presence, or as text why not; and keeps what it was asked.

    What is not said is level 0, and the flag absent. With an error it raises that.
    """

    def __init__(
        self, said: Mapping[str, Said] | None = None, *, name: str = "one", error: BaseException | None = None
    ) -> None:
        self.asked: list[tuple[str, ...] | None] = []
        self.prepared: list[str] = []
        self.said: dict[str, Said] = dict(said or {})
        self._name = name
        self._error = error

    def prepare(self, rubric: Rubric) -> None:
        """Keep that it was prepared."""
        self.prepared.append(rubric.id)

    async def grade(
        self,
        rubric: Rubric,
        answer: Answer,  # noqa: ARG002 - whatever it is
        only: Sequence[str] | None = None,
    ) -> Grading:
        """Say it."""
        self.asked.append(None if only is None else tuple(only))
        if self._error is not None:
            raise self._error
        ids = [item for item in (*rubric.criterion_by_id, *rubric.red_flag_by_id) if only is None or item in only]
        items = [self._item(item_id, rubric) for item_id in ids]
        flags = [item for item in items if item.id in rubric.red_flag_by_id]
        return Grading(
            grader=GraderInfo(kind="llm", model=f"model-{self._name}", served_model=f"served-{self._name}"),
            criteria=tuple(item for item in items if item not in flags and not isinstance(item, FlagGraded)),
            red_flags=tuple(item for item in flags if not isinstance(item, Graded)),
            usage=Usage(calls=1, prompt_tokens=100, completion_tokens=10, cost_usd=0.01),
            records=(Record(model=f"model-{self._name}", sample=0, only=self.asked[-1], seed="0", exchanges=()),),
        )

    def _item(self, item_id: str, rubric: Rubric) -> Graded | FlagGraded | Ungraded:
        said = self.said.get(item_id, False)
        if isinstance(said, str):
            return Ungraded(id=item_id, reason=said)
        if isinstance(said, (Graded, FlagGraded)):
            return said
        if item_id in rubric.red_flag_by_id:
            return flag(present=bool(said), reason=f"Says {self._name}.")
        return graded(item_id, int(said), reason=f"Says {self._name}.")


def levels(grading: Grading) -> dict[str, int | None]:
    """The level of each criterion, None where ungraded."""
    return {item.id: item.level if isinstance(item, Graded) else None for item in grading.criteria}


def presence(grading: Grading) -> bool | None:
    """Whether the flag is present, None where ungraded."""
    (found,) = grading.red_flags
    return found.present if isinstance(found, FlagGraded) else None


def reasons(grading: Grading) -> dict[str, str]:
    """The reasons of everything ungraded."""
    return {item.id: item.reason for item in (*grading.criteria, *grading.red_flags) if isinstance(item, Ungraded)}
