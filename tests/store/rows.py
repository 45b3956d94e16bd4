"""Rows for tests of the store: answers and results that no grader had a hand in."""

import hashlib

from service.outcome import Marks, OutcomeStatus
from service.store import Run, Store, StoredAnswer, StoredResult
from service.submission import Source, Submission


def key_of(text: str) -> bytes:
    """A key as answers have them, the same for the same text."""
    return hashlib.sha256(text.encode()).digest()[:16]


def answer(ordinal: int, text: str = "", *, rubric: str | None = None) -> StoredAnswer:
    """An answer at its place; without a text it is one of its own."""
    text = text or f"answer {ordinal}"
    submission = Submission(id=f"a{ordinal}", source=Source(file="answers.jsonl", line=ordinal + 1), answer=text)
    return StoredAnswer(ordinal, submission, rubric, key_of(text))


def result(
    ordinal: int,
    text: str = "",
    *,
    status: OutcomeStatus = "graded",
    body: bytes = b"body",
    error_code: str | None = None,
    calls: int = 1,
    tokens: int = 10,
    cost_usd: float | None = 0.5,
) -> StoredResult:
    """A result for the answer at that place."""
    marks = Marks(status=status, error_code=error_code, levels=(0, 3, None), flags=(True, False, None), score=50.0)
    if status == "failed":
        marks = Marks(status=status, error_code=error_code or "answer-invalid")
    return StoredResult(ordinal, key_of(text or f"answer {ordinal}"), marks, body, calls, tokens, cost_usd)


def loaded_run(store: Store, run_id: str, *texts: str, owner: str = "") -> Run:
    """A run with these answers, ready to start."""
    run = store.runs.create(run_id, owner=owner, spec="{}")
    store.submissions.add(run, [answer(ordinal, text) for ordinal, text in enumerate(texts)])
    store.runs.loaded(run, total=len(texts), reused=0)
    return store.runs.get(run_id)
