"""One answer being graded by a model: what stands so far, what is open and why, and what was said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from service.completions import Completion, CompletionRequest
from service.errors import BudgetExceeded, GraderUnavailable, ReplyInvalid
from service.grading import Exchange, FlagGraded, Graded, Grading, Notice, Ungraded, Usage
from service.prompts import Marks, Message, build_complaint, build_messages, build_second_look, digest_of_messages
from service.replies import SCHEMA_NAME, EvidenceLookup, Item, broken_relations, check_reply, parse_reply, reply_schema
from service.rubric import Rubric

_G = TypeVar("_G", Graded, FlagGraded)

_DECLINED = {
    "refusal": ("model-refused", "the model refused to grade this answer"),
    "content-filter": ("content-filter", "a filter at the model's provider stopped the reply to this answer"),
}
"""What warns of a reply that was declined, and why nothing is graded, by who declined."""


@dataclass
class Session:
    """The state of one grading; `open` says of each id still to be graded why it would stay ungraded."""

    rubric: Rubric
    lookup: EvidenceLookup
    wanted: tuple[str, ...]
    marks: Marks
    messages: tuple[Message, ...] = ()
    open: dict[str, str] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    reasked: set[str] = field(default_factory=set)
    """Ids that were asked for again for what was said of them, not for a reply of no use as a whole."""
    read: str = ""
    """The text of the last reply that could be read."""
    room: int = 1
    closed: bool = False
    """Nothing more will be asked, whatever is open."""

    def __post_init__(self) -> None:
        self.open = dict.fromkeys(self.wanted, "nothing was asked")
        self.messages = build_messages(self.rubric, self.lookup.answer, self.wanted, self.marks)

    @property
    def usage(self) -> Usage:
        """What all exchanges took."""
        return sum((exchange.usage for exchange in self.exchanges), Usage())

    @property
    def served_model(self) -> str | None:
        """The model that answered last, by the provider's own name."""
        return next((each.served_model for each in reversed(self.exchanges) if each.served_model), None)

    def request(self, ids: Iterable[str], *, reuse: bool = False) -> CompletionRequest:
        """The next request, for these ids."""
        return CompletionRequest(
            messages=self.messages,
            schema=reply_schema(self.rubric, ids),
            schema_name=SCHEMA_NAME,
            room=self.room,
            reuse=reuse,
        )

    def answered(self, request: CompletionRequest, completion: Completion) -> None:
        """Keep what came back."""
        self.exchanges.append(
            Exchange(
                request=digest_of_messages(request.messages),
                text=completion.text,
                finish_reason=completion.finish_reason,
                refusal=completion.refusal,
                served_model=completion.served_model,
                usage=completion.usage,
            )
        )

    def failed(self, request: CompletionRequest, error: GraderUnavailable | BudgetExceeded) -> None:
        """Keep that nothing came back, and what that took."""
        calls, reason = (0, error.code) if isinstance(error, BudgetExceeded) else (error.calls, error.reason)
        self.exchanges.append(
            Exchange(
                request=digest_of_messages(request.messages), usage=Usage(calls=calls), failed=str(error), reason=reason
            )
        )

    def take(self, completion: Completion) -> bool | None:
        """Take what stands of a completion; what does not is open, and the next messages say why.

        Returns whether it was a reply of the shape asked for; None where it was refused or cut off.
        """
        if completion.stopped is not None:
            code, why = _DECLINED[completion.stopped]
            self._reopen(why)
            self.stop(Notice(code=code, message=_sentence(why)))
        elif completion.finish_reason == "length":
            self._reopen("the model's reply was cut off before its end")
            self.room *= 2
            self._ask_anew()
        elif not completion.text.strip():
            self._reopen("the model's reply was empty")
            self._ask_anew()
            return False
        else:
            return self._read(completion.text)
        return None

    def stop(self, notice: Notice) -> None:
        """Ask nothing more."""
        self.notices.append(notice)
        self.closed = True

    def _reopen(self, reason: str) -> None:
        """Keep everything open that is, for another reason."""
        self.open = dict.fromkeys(self.open, reason)

    def _ask_anew(self) -> None:
        """The same once more: there is no reply to complain of. What is open is all that is asked for."""
        self.messages = build_messages(
            self.rubric, self.lookup.answer, tuple(self.open), self.marks, number=len(self.exchanges)
        )

    def _read(self, text: str) -> bool:
        try:
            reply = parse_reply(text, self._nonce)
        except ReplyInvalid as error:
            self._reopen(f"the model's reply could not be used: {error}")
            complaints, usable = [str(error)], False
        else:
            self.read, usable = text, True
            checked = check_reply(self.rubric, self.lookup, reply, tuple(self.open))
            self.items |= checked.items
            failed = self._failed(checked.complaints)
            self.items = {item_id: item for item_id, item in self.items.items() if item_id not in failed}
            self.open = {item_id: f"the model's grade did not hold: {why}" for item_id, why in failed.items()}
            self.reasked |= failed.keys()
            complaints = [f"{item_id}: {why}" for item_id, why in failed.items()]
        if self.open:
            self.messages = build_complaint(
                self.messages, text, complaints, tuple(self.open), marks=self.marks, number=len(self.exchanges)
            )
        return usable

    def _failed(self, complaints: Mapping[str, str]) -> dict[str, str]:
        """What does not stand, in the rubric's order: the complaints, and what breaks a relation."""
        found = {**complaints, **broken_relations(self.rubric, self.items)}
        return {item_id: found[item_id] for item_id in known_ids(self.rubric) if item_id in found}

    @property
    def _nonce(self) -> str:
        """The nonce of the request that was answered last."""
        return self.marks.nonce(len(self.exchanges) - 1)

    def look_again(self, passages: Mapping[str, Sequence[str]]) -> CompletionRequest:
        """The request that shows passages for criteria that were called absent."""
        # Not the last one of all, which may be empty: providers refuse a turn without words.
        self.messages = build_second_look(
            self.messages, self.read, passages, marks=self.marks, number=len(self.exchanges)
        )
        return self.request(passages)

    def take_second_look(self, completion: Completion, ids: Sequence[str]) -> None:
        """Take what stands of the reply to a second look; otherwise the first one stays."""
        if completion.refusal is not None or completion.finish_reason == "length":
            return
        try:
            reply = parse_reply(completion.text, self._nonce)
        except ReplyInvalid:
            return
        checked = check_reply(self.rubric, self.lookup, reply, ids)
        changed = {**self.items, **checked.items}
        if not broken_relations(self.rubric, changed):
            self.items = changed

    def results(self) -> tuple[tuple[Graded | Ungraded, ...], tuple[FlagGraded | Ungraded, ...]]:
        """Criteria and red flags, each in the rubric's order."""
        return (
            self._in_order([criterion.id for criterion in self.rubric.criteria], Graded),
            self._in_order([flag.id for flag in self.rubric.red_flags], FlagGraded),
        )

    def _in_order(self, ids: Iterable[str], kind: type[_G]) -> tuple[_G | Ungraded, ...]:
        graded: list[_G | Ungraded] = []
        for item_id in ids:
            item = self.items.get(item_id)
            if isinstance(item, kind):
                graded.append(item.model_copy(update={"reasked": True}) if item_id in self.reasked else item)
            elif item_id in self.open:
                graded.append(Ungraded(id=item_id, reason=_sentence(self.open[item_id])))
        return tuple(graded)


def known_ids(rubric: Rubric) -> tuple[str, ...]:
    """The ids of all criteria, then of all red flags."""
    return (*rubric.criterion_by_id, *rubric.red_flag_by_id)


def wanted_ids(rubric: Rubric, only: Sequence[str] | None) -> tuple[str, ...]:
    """The ids to grade, in the rubric's order.

    Raises:
        ValueError: the rubric has no such id.
    """
    known = known_ids(rubric)
    if only is None:
        return known
    if unknown := set(only) - set(known):
        raise ValueError(f"the rubric {rubric.id} has no {', '.join(sorted(unknown))}")
    return tuple(item for item in known if item in set(only))


def passages_for(session: Session, opinion: Grading) -> dict[str, tuple[str, ...]]:
    """Passages that another grader takes for evidence of criteria that this one called absent."""
    found: dict[str, tuple[str, ...]] = {}
    for other in opinion.criteria:
        mine = session.items.get(other.id)
        called_absent = isinstance(mine, Graded) and mine.basis == "absent"
        if called_absent and isinstance(other, Graded) and other.level and other.evidence:
            found[other.id] = tuple(span.quote for span in other.evidence)
    return found


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
