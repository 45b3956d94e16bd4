"""Grading from what was recorded: the replies are read again, and no model is asked."""

from collections.abc import Sequence

from service.answer import Answer
from service.completions import Completion, CompletionRequest
from service.errors import BudgetExceeded, GraderUnavailable
from service.graders.llm import LLMGrader, LLMOptions
from service.graders.opinion import SecondOpinion
from service.grading import Grading, Record
from service.prompts import Marks, digest_of_messages
from service.rubric import Rubric

NOT_RECORDED = "not-recorded"
"""The reason of a request that was never made, or of one that had another wording."""


class ReplayCompleter:
    """Gives the recorded exchanges of one grading in their order.

    `strayed` once a request came that was not recorded: whoever asks is not the program that was recorded.
    """

    def __init__(self, record: Record) -> None:
        self.strayed = False
        self._record = record
        self._next = 0

    @property
    def model(self) -> str:
        """The model that was asked."""
        return self._record.model

    @property
    def ended(self) -> bool:
        """Whether every exchange has been given."""
        return self._next == len(self._record.exchanges)

    async def complete(self, request: CompletionRequest) -> Completion:
        """What came back for this request.

        Raises:
            GraderUnavailable: nothing came back, or the request was not recorded.
            BudgetExceeded: there was no money for it.
        """
        exchange = None if self.ended else self._record.exchanges[self._next]
        if exchange is None or exchange.request != digest_of_messages(request.messages):
            self.strayed = True
            raise _not_recorded()
        self._next += 1
        if exchange.failed is not None and exchange.reason == BudgetExceeded.code:
            raise BudgetExceeded(exchange.failed)
        if exchange.failed is not None:
            raise GraderUnavailable(exchange.failed, reason=exchange.reason or "", calls=exchange.usage.calls)
        return Completion(
            text=exchange.text,
            finish_reason=exchange.finish_reason,
            refusal=exchange.refusal,
            served_model=exchange.served_model,
            usage=exchange.usage,
        )


class Tape:
    """The records of the verdict that is being read again, for all graders that had a part in it; one at a time."""

    def __init__(self) -> None:
        self.strayed = False
        self._records: list[Record] = []
        self._away: str | None = None

    def load(self, records: Sequence[Record], *, away: str | None = None) -> None:
        """Begin with another verdict; `away` is the reason for which no model could be asked for it, if so."""
        self.strayed = False
        self._records = list(records)
        self._away = away

    @property
    def ended(self) -> bool:
        """Whether every record was wanted."""
        return not self._records

    def take(self, model: str, sample: int, only: Sequence[str] | None) -> Record:
        """The record of one grader's grading.

        Raises:
            GraderUnavailable: there is none.
        """
        if self._away is not None:
            raise GraderUnavailable("The model could not be asked.", reason=self._away)
        for place, record in enumerate(self._records):
            if (record.model, record.sample, _ids(record.only)) == (model, sample, _ids(only)):
                return self._records.pop(place)
        self.strayed = True
        raise _not_recorded()


class ReplayGrader:
    """Stands for the LLM grader of one model and sample, and grades from the tape."""

    def __init__(
        self, tape: Tape, options: LLMOptions, *, model: str, sample: int = 0, opinion: SecondOpinion | None = None
    ) -> None:
        self._tape = tape
        self._options = options
        self._model = model
        self._sample = sample
        self._opinion = opinion

    def prepare(self, rubric: Rubric) -> None:
        """Nothing: what is read again is read once."""

    async def grade(self, rubric: Rubric, answer: Answer, only: Sequence[str] | None = None) -> Grading:
        """Read the recorded replies.

        Raises:
            GraderUnavailable: there are none, or the first request failed then, too.
        """
        record = self._tape.take(self._model, self._sample, only)
        completer = ReplayCompleter(record)
        grader = LLMGrader(
            completer,
            self._options,
            opinion=self._opinion,
            sample=self._sample,
            make_marks=lambda: Marks(record.seed),
        )
        try:
            return await grader.grade(rubric, answer, only)
        finally:
            self._tape.strayed |= completer.strayed or not completer.ended


def _ids(only: Sequence[str] | None) -> frozenset[str] | None:
    return None if only is None else frozenset(only)


def _not_recorded() -> GraderUnavailable:
    return GraderUnavailable("This request was not recorded.", reason=NOT_RECORDED)
