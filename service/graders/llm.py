"""Grading with a language model: ask, check every claim, and ask again only for what was wrong."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from pydantic import Field

from service.answer import Answer
from service.completions import Completer, Completion, CompletionRequest
from service.errors import GraderUnavailable, ReplyInvalid
from service.grading import FlagGraded, Graded, GraderInfo, Grading, Notice, Ungraded, Usage
from service.models import Frozen
from service.prompts import PROMPT_VERSION, Message, build_complaint, build_messages, new_mark, system_prompt
from service.replies import SCHEMA_NAME, EvidenceLookup, Item, broken_relations, check_reply, parse_reply, reply_schema
from service.rubric import Rubric

log = logging.getLogger(__name__)

LONG_ANSWER_WORDS = 80
"""Every criterion at 0 is believable for an answer of few words; beyond this a person should look."""

MOST_ON_ONE_SPAN = 3
"""How many criteria one span may carry alone before a person should look."""

_G = TypeVar("_G", Graded, FlagGraded)


class LLMOptions(Frozen):
    """How often to ask again for what does not hold."""

    max_reasks: Annotated[int, Field(ge=0, le=10)] = 2


@dataclass
class _Session:
    """One answer being graded: what stands so far, what is open and why."""

    rubric: Rubric
    lookup: EvidenceLookup
    open: dict[str, str]
    """What is still to be graded, each with the reason it would be ungraded for if nothing more came."""
    messages: tuple[Message, ...]
    items: dict[str, Item] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    served_model: str | None = None
    notices: list[Notice] = field(default_factory=list)
    room: int = 1
    closed: bool = False
    """Nothing more will be asked, whatever is open."""


class LLMGrader:
    """Grades with one call for all criteria, and more calls only for what the first left open."""

    def __init__(
        self,
        completer: Completer,
        options: LLMOptions | None = None,
        *,
        make_mark: Callable[[], str] = new_mark,
    ) -> None:
        self._completer = completer
        self._options = options or LLMOptions()
        self._make_mark = make_mark

    def prepare(self, rubric: Rubric) -> None:
        """Build the prompt and the schema that all answers to the rubric share."""
        system_prompt(rubric)
        reply_schema(rubric, _known(rubric))

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: the first call brought no completion. Later ones cost only what was still open.
        """
        session = self._begin(rubric, answer, _wanted(rubric, only))
        for reasks in range(self._options.max_reasks + 1):
            if session.closed or not session.open:
                break
            try:
                await self._ask(session)
            except GraderUnavailable as error:
                if not reasks:
                    raise
                _stop(session, Notice(code="reask-failed", message=f"Not everything could be asked again. {error}"))
        return self._grading(session)

    def _begin(self, rubric: Rubric, answer: Answer, wanted: Sequence[str]) -> _Session:
        return _Session(
            rubric=rubric,
            lookup=EvidenceLookup(answer, rubric),
            open=dict.fromkeys(wanted, "nothing was asked"),
            messages=build_messages(rubric, answer, wanted, mark=self._make_mark()),
        )

    async def _ask(self, session: _Session) -> None:
        request = CompletionRequest(
            messages=session.messages,
            schema=reply_schema(session.rubric, session.open),
            schema_name=SCHEMA_NAME,
            room=session.room,
        )
        completion = await self._completer.complete(request)
        session.usage += completion.usage
        session.served_model = completion.served_model or session.served_model
        self._take(session, completion)

    def _take(self, session: _Session, completion: Completion) -> None:
        if completion.refusal is not None:
            _reopen(session, "the model refused to grade this answer")
            _stop(session, Notice(code="model-refused", message="The model, or a filter at its provider, refused."))
        elif completion.finish_reason == "length":
            _reopen(session, "the model's reply was cut off before its end")
            session.room *= 2
        elif not completion.text.strip():
            _reopen(session, "the model's reply was empty")
        else:
            _read(session, completion.text)

    def _grading(self, session: _Session) -> Grading:
        rubric = session.rubric
        if session.open:
            log.info("%d of %d items stay ungraded", len(session.open), len(session.open) + len(session.items))
        criteria = _in_order(session, [criterion.id for criterion in rubric.criteria], Graded)
        flags = _in_order(session, [flag.id for flag in rubric.red_flags], FlagGraded)
        return Grading(
            grader=GraderInfo(
                kind="llm",
                model=self._completer.model,
                served_model=session.served_model,
                prompt_version=PROMPT_VERSION,
            ),
            criteria=criteria,
            red_flags=flags,
            usage=session.usage,
            warnings=(*session.notices, *_addressed(session.lookup)),
            review=tuple(_review(session, [item for item in criteria if isinstance(item, Graded)])),
        )


def _wanted(rubric: Rubric, only: Sequence[str] | None) -> tuple[str, ...]:
    known = _known(rubric)
    if only is None:
        return known
    if unknown := set(only) - set(known):
        raise ValueError(f"the rubric {rubric.id} has no {', '.join(sorted(unknown))}")
    return tuple(item for item in known if item in set(only))


def _known(rubric: Rubric) -> tuple[str, ...]:
    return (*rubric.criterion_by_id, *rubric.red_flag_by_id)


def _reopen(session: _Session, reason: str) -> None:
    """Keep everything open that is, for another reason."""
    session.open = dict.fromkeys(session.open, reason)


def _stop(session: _Session, notice: Notice) -> None:
    session.notices.append(notice)
    session.closed = True


def _read(session: _Session, text: str) -> None:
    """Take what stands of a reply; what does not is open, and the next messages say why."""
    try:
        reply = parse_reply(text)
    except ReplyInvalid as error:
        _reopen(session, f"the model's reply could not be used: {error}")
        complaints = [str(error)]
    else:
        checked = check_reply(session.rubric, session.lookup, reply, tuple(session.open))
        session.items |= checked.items
        broken = broken_relations(session.rubric, session.items)
        session.items = {item_id: item for item_id, item in session.items.items() if item_id not in broken}
        found = {**checked.complaints, **broken}
        failed = {item_id: found[item_id] for item_id in _known(session.rubric) if item_id in found}
        session.open = {item_id: f"the model's grade did not hold: {why}" for item_id, why in failed.items()}
        complaints = [f"{item_id}: {why}" for item_id, why in failed.items()]
    if session.open:
        session.messages = build_complaint(session.messages, text, complaints, tuple(session.open))


def _in_order(session: _Session, ids: Iterable[str], kind: type[_G]) -> tuple[_G | Ungraded, ...]:
    graded: list[_G | Ungraded] = []
    for item_id in ids:
        item = session.items.get(item_id)
        if isinstance(item, kind):
            graded.append(item)
        elif item_id in session.open:
            graded.append(Ungraded(id=item_id, reason=_sentence(session.open[item_id])))
    return tuple(graded)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _addressed(lookup: EvidenceLookup) -> Iterable[Notice]:
    if lookup.addressing:
        yield Notice(
            code="addresses-grader",
            message="Part of the answer speaks to the grader. It counts for nothing and costs nothing.",
        )


def _review(session: _Session, graded: Sequence[Graded]) -> Iterable[str]:
    long = len(session.lookup.answer.parsed.words) > LONG_ANSWER_WORDS
    if long and len(graded) == len(session.rubric.criteria) and not any(item.level for item in graded):
        yield "Every criterion is at level 0, although the answer is not short."
    alone = Counter((item.evidence[0].start, item.evidence[0].end) for item in graded if len(item.evidence) == 1)
    for (start, end), times in sorted(alone.items()):
        if times > MOST_ON_ONE_SPAN:
            yield f"One passage (characters {start} to {end}) is the only evidence for {times} criteria."
