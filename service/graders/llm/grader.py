"""The grader that asks a model: one call for everything, and more only for what did not hold."""

import logging
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field

from service.answer import Answer
from service.completions import Completer, Completion, CompletionRequest, LearningCompleter
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders.llm.review import reasons_to_look, warnings_for
from service.graders.llm.session import Session, known_ids, passages_for, wanted_ids
from service.graders.opinion import SecondOpinion
from service.grading import Graded, GraderInfo, Grading, Notice, Record
from service.models import Frozen
from service.prompts import PROMPT_VERSION, Marks, system_prompt
from service.replies import EvidenceLookup, reply_schema
from service.rubric import Rubric

log = logging.getLogger(__name__)


class LLMOptions(Frozen):
    """How often to ask again for what does not hold, and whether the same rubric will soon be used again."""

    max_reasks: Annotated[int, Field(ge=0, le=10)] = 2
    reuse: bool = False


class LLMGrader:
    """Grades with one call for all criteria, and more calls only for what the first left open.

    With a second opinion, criteria called absent for which it has evidence are asked once more. `sample` tells gradings
    of one answer by the same model apart.
    """

    def __init__(
        self,
        completer: Completer,
        options: LLMOptions | None = None,
        *,
        opinion: SecondOpinion | None = None,
        sample: int = 0,
        make_marks: Callable[[], Marks] = Marks,
    ) -> None:
        self._completer = completer
        self._learning = completer if isinstance(completer, LearningCompleter) else None
        self._options = options or LLMOptions()
        self._opinion = opinion
        self._sample = sample
        self._make_marks = make_marks

    def prepare(self, rubric: Rubric) -> None:
        """Build the prompt and the schema that all answers to the rubric share."""
        system_prompt(rubric)
        reply_schema(rubric, known_ids(rubric))
        if self._opinion is not None:
            self._opinion.prepare(rubric)

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Grade all criteria and red flags of the rubric, or only those with the ids given.

        Raises:
            GraderUnavailable: the first call brought no completion. Later ones cost only what was still open.
            BudgetExceeded: there is no money for the first call.
        """
        session = Session(
            rubric=rubric,
            lookup=EvidenceLookup(answer, rubric),
            wanted=wanted_ids(rubric, only),
            marks=self._make_marks(),
        )
        try:
            while session.open and not session.closed and len(session.exchanges) <= self._options.max_reasks:
                await self._ask(session)
        except GraderUnavailable as error:
            error.asked = (self._record(session, only),)
            raise
        doubted = await self._look_again(session)
        return self._grading(session, only, doubted)

    async def _ask(self, session: Session) -> None:
        request = session.request(session.open, reuse=self._options.reuse)
        try:
            completion = await self._complete(session, request)
        except GraderUnavailable as error:
            if len(session.exchanges) == 1:
                raise
            session.stop(Notice(code="reask-failed", message=f"Not everything could be asked again. {error}"))
        except BudgetExceeded as error:
            if len(session.exchanges) == 1:
                raise
            session.stop(Notice(code=error.code, message=f"Not everything could be asked again. {error}"))
        else:
            usable = session.take(completion)
            if usable is not None and self._learning is not None:
                self._learning.reply_judged(completion, usable=usable)

    async def _complete(self, session: Session, request: CompletionRequest) -> Completion:
        try:
            completion = await self._completer.complete(request)
        except (GraderUnavailable, BudgetExceeded) as error:
            session.failed(request, error)
            raise
        session.answered(request, completion)
        return completion

    async def _look_again(self, session: Session) -> tuple[str, ...]:
        """Ask once more, if anything can be asked, for what was called absent although there is evidence.

        Returns the ids in doubt.
        """
        if self._opinion is None:
            return ()
        opinion = await self._opinion.on(session.rubric, session.lookup.answer)
        passages = passages_for(session, opinion)
        session.reasked |= passages.keys()
        if not passages or session.closed:
            return tuple(passages)
        request = session.look_again(passages)
        try:
            completion = await self._complete(session, request)
        except GraderUnavailable as error:
            session.stop(Notice(code="reask-failed", message=f"Not everything could be asked again. {error}"))
        except BudgetExceeded as error:
            session.stop(Notice(code=error.code, message=f"Not everything could be asked again. {error}"))
        else:
            session.take_second_look(completion, tuple(passages))
        return tuple(passages)

    def _grading(self, session: Session, only: Sequence[str] | None, doubted: Sequence[str]) -> Grading:
        if session.open:
            log.info("%d of %d items stay ungraded", len(session.open), len(session.open) + len(session.items))
        criteria, flags = session.results()
        graded = [item for item in criteria if isinstance(item, Graded)]
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
            warnings=(*session.notices, *warnings_for(session.lookup)),
            review=(
                *reasons_to_look(session.rubric, session.lookup, graded),
                *(f"{each}: at first no evidence was seen, where the keyword grader sees some." for each in doubted),
            ),
            records=(self._record(session, only),),
        )

    def _record(self, session: Session, only: Sequence[str] | None) -> Record:
        return Record(
            model=self._completer.model,
            sample=self._sample,
            only=None if only is None else tuple(only),
            seed=session.marks.seed,
            exchanges=tuple(session.exchanges),
        )
