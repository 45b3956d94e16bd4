"""Outcomes of the offline grader for the labelled answers, and what else reports are tried on."""

import asyncio
from collections.abc import Iterable
from functools import cache

import service
from service.outcome import Outcome
from service.reports import Summary, SummaryBuilder, interview_of, marks_of
from service.rubric import Rubric
from service.submission import Fault, Source
from service.verdict import Verdict
from tests.conftest import labelled_answers

Graded = tuple[Outcome, str | None]


@cache
def evaluator() -> service.Evaluator:
    """The offline grader with the rubrics that come with the service."""
    return service.build_evaluator(service.Settings(_env_file=None))


@cache
def rag_rubric() -> Rubric:
    """The first rubric."""
    return evaluator().catalog.get("rag-vs-fine-tuning")


@cache
def labelled(number: int) -> tuple[tuple[Outcome, str], ...]:
    """The first so many labelled answers, graded, each with its text."""
    return tuple(
        (outcome_of(verdict_of(each.answer), id=each.id, line=line), each.answer)
        for line, each in enumerate(labelled_answers()[:number], 1)
    )


def verdict_of(answer: str) -> Verdict:
    """The offline verdict of an answer to the first rubric."""
    return asyncio.run(evaluator().grade(rubric="rag-vs-fine-tuning", answer=answer))


def outcome_of(verdict: Verdict, *, id: str = "a1", line: int | None = None) -> Outcome:  # noqa: A002 - the field's name
    """An outcome of one line of a file."""
    source = Source(file="answers.jsonl", line=line)
    return Outcome(id=id, status=verdict.status, verdict=verdict, error=None, source=source)


def failed(id: str = "f1", *, code: str = "answer-invalid", message: str = "The answer is empty.") -> Outcome:  # noqa: A002 - the field's name
    """An outcome without a verdict."""
    fault = Fault(code=code, message=message)
    return Outcome(id=id, status="failed", verdict=None, error=fault, source=Source(file="answers.jsonl", line=7))


def summed_up(outcomes: Iterable[Outcome], *rubrics: Rubric) -> Summary:
    """The summary of outcomes graded by these rubrics, or by the first one."""
    builder = SummaryBuilder({rubric.digest: rubric for rubric in rubrics or (rag_rubric(),)})
    for outcome in outcomes:
        builder.add(marks_of(outcome), interview_of(outcome.source))
    return builder.build()
