"""Runs graded offline without an engine, for looking at what goes in and what comes out."""

import asyncio
from collections.abc import Iterable

import service
from service.batch.grading import grade_stored
from service.batch.loading import load
from service.batch.output import OutputLines
from service.batch.spec import GraderSpec, RunSpec, grader_spec
from service.evaluator import Evaluator
from service.rubric import Rubric
from service.store import Run, Store
from service.submission import Source, Submission

TEXT = "I start with a prompt because it is cheap, and move to RAG when the data changes every week."
OFFLINE = grader_spec(None, api_base=None, max_tokens=8_000, reasks=2)


def submission(answer: object = TEXT, **fields: object) -> Submission:
    """An answer of the first line of a file."""
    given: dict[str, object] = {"id": "a1", "source": Source(file="answers.jsonl", line=1), "answer": answer, **fields}
    return Submission.model_validate(given)


def spec_with(grader: GraderSpec = OFFLINE, **fields: object) -> RunSpec:
    """The specification of a run of one file."""
    given: dict[str, object] = {
        "grader": grader,
        "names": ("answers.jsonl",),
        "rubrics": {},
        "max_answer_bytes": 100_000,
        **fields,
    }
    return RunSpec.model_validate(given)


def evaluator() -> Evaluator:
    """The offline grader."""
    return service.build_evaluator(service.Settings(_env_file=None))


def loaded(
    store: Store, submissions: Iterable[Submission], rubric: Rubric, *, spec: RunSpec | None = None, name: str = "run-1"
) -> Run:
    """A run with these answers, all by one rubric but those with a fault."""
    spec = spec or spec_with()
    run = store.runs.create(name, owner="", spec=spec.model_dump_json())
    return load(store, run, spec, [(each, None if each.error else rubric) for each in submissions])


def graded(
    store: Store, submissions: Iterable[Submission], rubric: Rubric, *, spec: RunSpec | None = None, name: str = "run-1"
) -> OutputLines:
    """The output of a run whose every answer was graded offline."""
    spec = spec or spec_with()
    run = loaded(store, submissions, rubric, spec=spec, name=name)
    by_this = evaluator()

    async def grade_all() -> None:
        for answer in store.submissions.open(run.n, 0, run.total or 0):
            kept = store.submissions.rubric(answer.rubric_digest) if answer.rubric_digest else None
            store.results.save(run.n, [await grade_stored(by_this, spec, answer, kept)])

    asyncio.run(grade_all())
    return OutputLines(store, run)
