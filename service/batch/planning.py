"""What a run would take, without a call."""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import JsonValue

from service.answer import parse_answer
from service.batch.costs import Gradings, Measured, expected_replies
from service.errors import AnswerInvalid
from service.prompts import Marks, build_messages
from service.replies import reply_schema
from service.rubric import Rubric
from service.submission import Submission

if TYPE_CHECKING:
    from service.completions import Price

_COUNTED = 500
"""Answers whose tokens are counted; those of the others are reckoned by their length."""


@dataclass(slots=True)
class Plan:
    """What grading would take with a model; `calls` is how many, if every reply held.

    `prompt_tokens` is an estimate, None offline. `p50_usd` is what it costs with replies of a usual length, `p90_usd`
    with long ones and some asked for again; both are None where the price is unknown. `measured` is how many earlier
    results the lengths are from.
    """

    model: str | None
    answers: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    rubrics: Counter[str] = field(default_factory=Counter)
    prompt_tokens: int | None = None
    calls: int = 0
    p50_usd: float | None = None
    p90_usd: float | None = None
    measured: int = 0

    @property
    def cost_unknown(self) -> str | None:
        """Why it cannot be said what it would cost; None where it can."""
        if self.model is None or self.p50_usd is not None:
            return None
        return f"the price of {self.model} is unknown; set EVALUATOR_PRICES"

    def as_json(self) -> dict[str, JsonValue]:
        """For machines."""
        return {
            "answers": self.answers,
            "failed": dict(self.failed),
            "rubrics": dict(self.rubrics),
            "model": self.model,
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "cost_usd": None if self.p50_usd is None else {"p50": self.p50_usd, "p90": self.p90_usd},
            "cost_unknown": self.cost_unknown,
            "measured_results": self.measured,
        }

    def as_text(self) -> list[str]:
        """For a person."""
        lines = [f"{self.answers:,} answers"]
        lines += [f"  {count:,} by {rubric}" for rubric, count in sorted(self.rubrics.items())]
        lines += [f"  {count:,} cannot be graded ({code})" for code, count in sorted(self.failed.items())]
        if self.model is None:
            return [*lines, "0 calls, 0 tokens: the keyword grader grades offline"]
        lines.append(f"{self.calls:,} calls to {self.model}, about {self.prompt_tokens or 0:,} prompt tokens")
        return [*lines, self._cost()]

    def _cost(self) -> str:
        if self.p50_usd is None or self.p90_usd is None:
            return f"cost unknown: {self.cost_unknown}"
        basis = f"from {self.measured:,} earlier results" if self.measured else "with replies of a usual length"
        return f"about {self.p50_usd:,.4f} USD {basis}, {self.p90_usd:,.4f} USD with long replies and re-asks"


def plan(
    submissions: Iterable[tuple[Submission, Rubric | None]],
    *,
    model: str | None,
    max_answer_bytes: int,
    price: "Price | None" = None,
    gradings: Callable[[Rubric], Gradings] = lambda _: Gradings(),
    measured: Measured = lambda _: (),
) -> Plan:
    """Read all answers, and count; `measured` is what answers graded earlier took, `price` what the models cost.

    Raises:
        AnswersInvalid, TranscriptInvalid, SpeakerUnclear: the input is wrong as a whole.
    """
    free = None if model else 0.0
    planned = Plan(model, p50_usd=free, p90_usd=free)
    reckoned = _Tokens(model) if model else None
    rubrics: dict[str, Rubric] = {}
    graded: Counter[str] = Counter()
    for submission, rubric in submissions:
        planned.answers += 1
        fault = submission.error.code if submission.error else None
        if fault is None and rubric is not None and submission.answer is not None:
            try:
                parse_answer(submission.answer, question=submission.question, max_bytes=max_answer_bytes)
            except AnswerInvalid as error:
                fault = error.code
        if fault is not None or rubric is None or submission.answer is None:
            planned.failed[fault or "no-answer"] += 1
            continue
        planned.rubrics[rubric.id] += 1
        rubrics[rubric.digest] = rubric
        graded[rubric.digest] += 1
        if reckoned is not None:
            reckoned.add(rubric, submission)
    if reckoned is not None:
        counted = [(rubrics[digest], count) for digest, count in graded.items()]
        _estimate(planned, reckoned.total(), counted, price=price, gradings=gradings, measured=measured)
    return planned


def _estimate(
    planned: Plan,
    once: int,
    rubrics: list[tuple[Rubric, int]],
    *,
    price: "Price | None",
    gradings: Callable[[Rubric], Gradings],
    measured: Measured,
) -> None:
    """Put in what it takes; `once` is the tokens of a prompt for each answer, `rubrics` have how many answers each."""
    prompt_each = once / max(planned.rubrics.total(), 1)
    calls, usd = 0.0, [0.0, 0.0]
    for rubric, answers in rubrics:
        how = gradings(rubric)
        calls += answers * how.calls
        if price is None:
            continue
        replies = expected_replies(rubric, measured(rubric), how)
        planned.measured += replies.measured
        for place, reply in enumerate((replies.p50, replies.p90)):
            prompt = reply.calls * prompt_each
            usd[place] += answers * (prompt * price.prompt + reply.tokens * price.completion) / 1_000_000
    planned.calls = round(calls)
    planned.prompt_tokens = round(prompt_each * calls)
    if price is not None:
        planned.p50_usd, planned.p90_usd = round(usd[0], 6), round(usd[1], 6)


class _Tokens:
    """Counts the tokens of the first answers, and reckons those of the rest by how long they are."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._prompts: dict[str, int] = {}
        self._tokens = self._counted = 0
        self._characters = {True: 0, False: 0}
        self._answer_tokens = 0

    def add(self, rubric: Rubric, submission: Submission) -> None:
        """Add the prompt for one answer."""
        from service.completions import count_tokens  # noqa: PLC0415 - takes seconds to load

        if rubric.digest not in self._prompts:
            self._prompts[rubric.digest] = count_tokens(self._model, _shared_prompt(rubric))
        self._tokens += self._prompts[rubric.digest]
        text = f"{submission.question or ''} {submission.answer}"
        counted = self._counted < _COUNTED
        self._characters[counted] += len(text)
        if counted:
            self._counted += 1
            self._answer_tokens += count_tokens(self._model, text)

    def total(self) -> int:
        """The tokens of all prompts."""
        if not self._counted:
            return 0
        rest = self._answer_tokens * self._characters[False] / max(self._characters[True], 1)
        return self._tokens + self._answer_tokens + round(rest)


def _shared_prompt(rubric: Rubric) -> str:
    """What every request for a rubric has in common, the schema of the reply included."""
    ids = [*(each.id for each in rubric.criteria), *(each.id for each in rubric.red_flags)]
    messages = build_messages(rubric, parse_answer("-"), ids, Marks())
    return "".join(message.content for message in messages) + json.dumps(reply_schema(rubric, ids))
