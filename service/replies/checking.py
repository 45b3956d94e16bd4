"""From a reply to gradings that hold: each claim in it is checked, and what fails becomes a complaint.

A complaint is a sentence the model can act on. It names ids and rules, never words of the answer.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from service.grading import Basis, Evidence, FlagGraded, Graded
from service.models import Frozen
from service.replies.evidence import EvidenceLookup
from service.replies.reading import RawReply, Repeating
from service.rubric import Rubric
from service.rubric.model import Condition
from service.text.controls import printable

Item = Graded | FlagGraded

_Words = Annotated[str, Field(max_length=5_000)]


class _Judged(Frozen):
    model_config = ConfigDict(strict=True)

    evidence: Annotated[list[_Words], Field(max_length=20)]
    reason: _Words


class _JudgedCriterion(_Judged):
    not_higher: _Words
    basis: Basis
    level: int


class _JudgedFlag(_Judged):
    present: bool


_J = TypeVar("_J", bound=_Judged)


class _Complaint(Exception):
    """Why an item of the reply does not stand."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What of a reply stands, and a complaint for each id that does not."""

    items: Mapping[str, Item] = field(default_factory=dict)
    complaints: Mapping[str, str] = field(default_factory=dict)


def check_reply(rubric: Rubric, lookup: EvidenceLookup, reply: RawReply, only: Collection[str]) -> Checked:
    """Check every id of `only`, and nothing else that the reply may hold.

    An id the rubric does not know makes all suspect: its level may have been meant for another.
    """
    if reply.criteria.keys() - rubric.criterion_by_id.keys() or reply.red_flags.keys() - rubric.red_flag_by_id.keys():
        return Checked(complaints=dict.fromkeys(only, "the reply has ids beside those asked for, or in the wrong part"))
    items: dict[str, Item] = {}
    complaints: dict[str, str] = {}
    for item_id in only:
        try:
            if item_id in rubric.criterion_by_id:
                items[item_id] = _criterion(rubric, lookup, item_id, _part(reply.criteria, item_id))
            else:
                items[item_id] = _flag(lookup, item_id, _part(reply.red_flags, item_id))
        except _Complaint as complaint:
            complaints[item_id] = str(complaint)
    return Checked(items, complaints)


def _part(section: Mapping[str, Any], item_id: str) -> Any:  # noqa: ANN401 - validated by the caller's model
    if item_id not in section:
        raise _Complaint("missing from the reply")
    part = section[item_id]
    repeated = isinstance(section, Repeating) and item_id in section.repeated
    if repeated or isinstance(part, Repeating):
        raise _Complaint("stands in the reply more than once")
    return part


def _criterion(rubric: Rubric, lookup: EvidenceLookup, item_id: str, part: Any) -> Graded:  # noqa: ANN401 - validated here
    judged = _validated(_JudgedCriterion, part)
    top = rubric.max_level
    if not 0 <= judged.level <= top:
        raise _Complaint(f"the level is not on the scale from 0 to {top}")
    if (judged.level > 0) != (judged.basis == "supported"):
        raise _Complaint('a level above 0 has the basis "supported"; level 0 has "absent" or "wrong"')
    not_higher = None if judged.level == top else _prose("not_higher", judged.not_higher)
    return Graded(
        id=item_id,
        level=judged.level,
        basis=judged.basis,
        evidence=() if judged.basis == "absent" else _evidence(lookup, judged),
        reason=_prose("reason", judged.reason),
        not_higher=not_higher,
    )


def _flag(lookup: EvidenceLookup, item_id: str, part: Any) -> FlagGraded:  # noqa: ANN401 - validated here
    judged = _validated(_JudgedFlag, part)
    return FlagGraded(
        id=item_id,
        present=judged.present,
        evidence=_evidence(lookup, judged) if judged.present else (),
        reason=_prose("reason", judged.reason),
    )


def _evidence(lookup: EvidenceLookup, judged: _Judged) -> tuple[Evidence, ...]:
    """All quotes must hold: the level may hang on the very one that does not."""
    found = lookup.find(judged.evidence)
    if found.refused or not found.evidence:
        raise _Complaint("; ".join(found.refused) or "it needs at least one quote from the answer")
    return found.evidence


def _prose(name: str, text: str) -> str:
    """What the model wrote for people, without characters that steer a terminal or cannot be encoded."""
    if not (clean := printable(text).strip()):
        raise _Complaint(f"{name}: must not be empty")
    return clean


def _validated(model: type[_J], part: Any) -> _J:  # noqa: ANN401 - validated here
    try:
        return model.model_validate(part)
    except ValidationError as error:
        raise _Complaint(_shape_complaint(error)) from None


def _shape_complaint(error: ValidationError) -> str:
    """Fields and rules only: what the model wrote there may quote the answer."""
    problems: dict[str, None] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        match problem["type"], problem["loc"]:
            case "extra_forbidden", _:
                problems["there is a key that does not belong here"] = None
            case _, (name, *_):
                problems[f"{name}: {problem['msg'].lower()}"] = None
            case _:
                problems["must be a JSON object"] = None
    return "; ".join(problems)


def broken_relations(rubric: Rubric, items: Mapping[str, Item]) -> dict[str, str]:
    """A complaint for each id on either side of a relation that the items break; a side not graded breaks nothing."""
    complaints: dict[str, str] = {}
    for relation in rubric.relations:
        if _holds(relation.when, items) is True and _holds(relation.then, items) is False:
            for condition in (relation.when, relation.then):
                complaints[_subject(condition)] = (
                    f"{_subject(relation.when)} and {_subject(relation.then)} contradict each other: {relation.why}"
                )
    return complaints


def _subject(condition: Condition) -> str:
    return condition.criterion or condition.red_flag or ""


def _holds(condition: Condition, items: Mapping[str, Item]) -> bool | None:
    match items.get(_subject(condition)):
        case Graded(level=level):
            low, high = condition.at_least, condition.at_most
            return (low is None or level >= low) and (high is None or level <= high)
        case FlagGraded(present=present):
            return present == condition.present
        case _:
            return None
