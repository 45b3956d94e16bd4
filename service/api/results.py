"""The results of a batch as a stream, in the order of the answers, while they are still coming."""

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio

from service.api.batch_desk import BatchDesk
from service.api.batch_requests import ResultsFormat, ResultsQuery
from service.api.batch_view import UNDER_WAY
from service.api.problems import Refusal

if TYPE_CHECKING:
    from service.batch.output import OutputLines
    from service.jobs import Desk
    from service.reports import OutcomeWriter
    from service.store import ResultLine, Run

MEDIA_TYPES: dict[ResultsFormat, str] = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}

_AT_ONCE = 200
_LOOK_EVERY_S, _LOOK_SELDOM_S = 0.1, 1.0


class ResultsStream:
    """What a client asked for of a run's results; raises `ExportInvalid` when it is made, not when it is read."""

    def __init__(self, desk: "Desk", run: "Run", query: ResultsQuery) -> None:
        self._run = run
        self._query = query
        self._first = query.after
        self._complete = query.follow and run.state in UNDER_WAY
        self._lines = desk.output(run)
        self._encoder = _encoder(desk, run, self._lines, query.format)

    async def parts(self, desk: BatchDesk) -> AsyncIterator[bytes]:
        """Its bytes; breaks off with an error if the database goes away, the run is erased or the service ends."""
        wait = _LOOK_EVERY_S
        while True:
            if desk.closing:
                # The connection breaks off, so that nobody takes what there was for the whole.
                raise Refusal(503, "service-ending", "The service is ending.")
            content, went_on, ended = await desk.read(self._next)
            if content:
                yield content
            if went_on:
                wait = _LOOK_EVERY_S
            elif ended:
                break
            else:
                await anyio.sleep(wait)
                wait = min(wait * 1.5, _LOOK_SELDOM_S)
        if last := await desk.read(lambda _: self._encoder.end()):
            yield last

    def _next(self, desk: "Desk") -> tuple[bytes, bool, bool]:
        """What is ready of the next results, whether any were passed, and whether there will be no more."""
        # Before the results: what is there after the end is all there will be.
        state = desk.get(self._run.id).state
        ready = self._lines.ready(self._first, _AT_ONCE)
        self._first += len(ready)
        if state == "cancelled" and self._complete and not ready:
            raise Refusal(409, "batch-cancelled", "The batch was cancelled or erased before its end.")
        content = self._encoder.encode([line for line in ready if self._wanted(line)])
        return content, bool(ready), state not in UNDER_WAY or not self._query.follow

    def _wanted(self, line: "ResultLine") -> bool:
        query = self._query
        if query.status and line.status not in query.status:
            return False
        if query.id and line.id not in query.id:
            return False
        return not query.band or self._band(line) in query.band

    def _band(self, line: "ResultLine") -> str | None:
        if line.status == "failed":
            return None
        band: str | None = json.loads(self._lines.as_json(line))["verdict"]["band"]
        return band


class _JsonLines:
    """Lines as they are stored."""

    def __init__(self, lines: "OutputLines") -> None:
        self._lines = lines

    def encode(self, ready: "list[ResultLine]") -> bytes:
        return b"".join(map(self._lines.as_json, ready))

    def end(self) -> bytes:
        return b""


class _Table:
    """Rows through the writer of a format."""

    def __init__(self, lines: "OutputLines", writer: "OutcomeWriter", file: "_Outlet") -> None:
        self._lines = lines
        self._writer = writer
        self._file = file

    def encode(self, ready: "list[ResultLine]") -> bytes:
        for line in ready:
            self._writer.write(self._lines.as_outcome(line)[0])
        return self._file.taken()

    def end(self) -> bytes:
        self._writer.close()
        return self._file.taken()


class _Outlet:
    """A file that is written from one side and emptied from the other."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, content: bytes) -> int:
        self._parts.append(bytes(content))
        return len(content)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)

    def flush(self) -> None:
        """What is written can be taken at once."""

    def close(self) -> None:
        """The writer ends; what it wrote is still to be taken."""


def _encoder(desk: "Desk", run: "Run", lines: "OutputLines", chosen: ResultsFormat) -> _JsonLines | _Table:
    if chosen == "jsonl":
        return _JsonLines(lines)
    from service.reports import writer_for  # noqa: PLC0415 - only tables need it

    file = _Outlet()
    rubrics = list(desk.store.submissions.rubrics_of(run).values())
    return _Table(lines, writer_for(chosen, file, rubrics=rubrics), file)  # type: ignore[arg-type]  # the part that is used
