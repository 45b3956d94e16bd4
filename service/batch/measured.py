"""What grading has taken so far, from the results in the store."""

import json

from service.batch.grading import verdict_context
from service.batch.spec import GraderSpec, RunSpec
from service.grading import Usage
from service.rubric import Rubric
from service.store import Run, Store
from service.store.packing import unpack

_RUNS, _RESULTS = 50, 300
"""How many of the newest runs are looked at, and of their results."""


class EarlierUsage:
    """What answers took that the same grader graded, by rubric; results that were taken over took nothing."""

    def __init__(self, store: Store, grader: GraderSpec) -> None:
        self._store = store
        self._runs = [run.n for run in store.runs.list(limit=_RUNS) if _grader_of(run) == grader]

    def __call__(self, rubric: Rubric) -> list[Usage]:
        """What grading took for answers that were graded by this rubric."""
        found = self._store.results.paid(self._runs, rubric.digest, limit=_RESULTS)
        if not found:
            return []
        stored = self._store.submissions.rubric(rubric.digest)
        usages = []
        for body, packed in found:
            answer = json.loads(unpack(packed))["answer"]
            # Where the text was erased, the figures are packed without it.
            content = unpack(body) if answer is None else unpack(body, verdict_context(stored, answer))
            verdict = json.loads(content)
            usages.append(Usage.model_validate(verdict["usage"]))
        return usages


def _grader_of(run: Run) -> GraderSpec:
    return RunSpec.model_validate_json(run.spec).grader
