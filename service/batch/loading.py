"""Puts the answers of a run into the store."""

import itertools
from collections.abc import Callable, Iterable, Iterator

from service.batch.dictionaries import verdict_dictionary
from service.batch.spec import RunSpec, answer_key
from service.rubric import Rubric
from service.store import Run, Store, StoredAnswer
from service.submission import Submission

_AT_ONCE = 1_000

Progress = Callable[[int], object]


def load(
    store: Store,
    run: Run,
    spec: RunSpec,
    submissions: Iterable[tuple[Submission, Rubric | None]],
    progress: Progress = lambda _: None,
) -> Run:
    """Store every answer of a run and take over what earlier runs know; a second call goes over it again unharmed."""
    identity = spec.grader.identity
    known: set[str] = set()
    total = 0
    for part in _parts(submissions):
        rubrics = {rubric.digest: rubric for _, rubric in part if rubric is not None and rubric.digest not in known}
        store.submissions.add_rubrics(
            {digest: (rubric, verdict_dictionary(rubric)) for digest, rubric in rubrics.items()}
        )
        known |= rubrics.keys()
        stored = [
            StoredAnswer(ordinal, submission, digest, answer_key(submission, digest, identity, spec))
            for ordinal, (submission, rubric) in enumerate(part, start=total)
            for digest in (rubric.digest if rubric else None,)
        ]
        store.submissions.add(run, stored)
        total += len(part)
        progress(len(part))
    reused = store.results.take_over(run) if store.runs.others(run) else 0
    store.runs.loaded(run, total=total, reused=reused)
    return store.runs.get(run.id)


def _parts(
    submissions: Iterable[tuple[Submission, Rubric | None]],
) -> Iterator[list[tuple[Submission, Rubric | None]]]:
    remaining = iter(submissions)
    while part := list(itertools.islice(remaining, _AT_ONCE)):
        yield part
