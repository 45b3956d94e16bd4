"""Lines of output from stored results, in the order of the answers."""

import json
from collections.abc import Iterator

from service.batch.grading import verdict_context
from service.grading import FROM_CACHE
from service.outcome import Outcome, json_line
from service.store import ResultLine, Run, Store
from service.store.packing import unpack
from service.submission import Fault, Submission
from service.verdict import Verdict

_AT_ONCE = 500


class OutputLines:
    """What a run's output is made of, as far as it is done."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store = store
        self._run = run

    def ready(self, first: int, limit: int = _AT_ONCE) -> list[ResultLine]:
        """Results from a place on, up to the first that is not done."""
        return self._store.results.lines(self._run, first, limit)

    def as_json(self, line: ResultLine) -> bytes:
        """`{"id", "status", "verdict", "error", "source"}` as one line, ended."""
        submission = json.loads(unpack(line.submission))
        content = self._body(line, submission["answer"])
        failed = line.status == "failed"
        return json_line(
            id=line.id,
            status=line.status,
            verdict=None if failed else _named(_billed(content, line), line.id, submission["metadata"]),
            error=content if failed else None,
            source=_json(submission["source"]),
        )

    def as_outcome(self, line: ResultLine) -> tuple[Outcome, str | None]:
        """The same as a model, and the answer's text."""
        submission = Submission(**(json.loads(unpack(line.submission)) | {"id": line.id}))
        content = self._body(line, submission.answer)
        verdict = None
        if line.status != "failed":
            stored = Verdict.model_validate_json(_billed(content, line))
            verdict = stored.model_copy(update={"answer_id": line.id, "metadata": submission.metadata})
        outcome = Outcome(
            id=line.id,
            status=line.status,
            verdict=verdict,
            error=None if verdict else Fault.model_validate_json(content),
            source=submission.source,
        )
        return outcome, submission.answer

    def each(self) -> Iterator[ResultLine]:
        """Every result of a finished run."""
        first = 0
        while lines := self.ready(first):
            yield from lines
            first += len(lines)

    def _body(self, line: ResultLine, answer: str | None) -> bytes:
        if line.status == "failed" or line.rubric_digest is None or answer is None:
            return unpack(line.body)
        return unpack(line.body, verdict_context(self._store.submissions.rubric(line.rubric_digest), answer))


def _named(verdict: bytes, answer_id: str, metadata: object) -> bytes:
    """A stored verdict with the id and metadata of one answer.

    Verdicts are stored without them, so that the same answer under another id need not be graded again. In the order
    of a verdict's fields nothing before these two was written by a candidate or a client, so the first match is it.
    """
    begin, _, rest = verdict.partition(b'"answer_id":null')
    middle, _, end = rest.partition(b'"metadata":{}')
    return b"".join((begin, b'"answer_id":', _json(answer_id), middle, b'"metadata":', _json(metadata), end))


def _billed(verdict: bytes, line: ResultLine) -> bytes:
    """A stored verdict with what it took in its present place: nothing, where it had been paid for before.

    Inside a string of JSON a quotation mark follows a backslash, so only the field itself looks like this.
    """
    if not line.taken_over:
        return verdict
    begin, _, rest = verdict.rpartition(b'"usage":{')
    return b"".join((begin, b'"usage":', FROM_CACHE.model_dump_json().encode(), rest[rest.index(b"}") + 1 :]))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
