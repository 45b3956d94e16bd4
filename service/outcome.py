"""What became of one answer of many: a line of a batch's output."""

import json
from collections.abc import Sequence
from typing import Literal, NamedTuple

from service.models import Frozen
from service.submission import Fault, Source
from service.verdict import Verdict

OutcomeStatus = Literal["graded", "partial", "ungraded", "degraded", "failed"]


class Outcome(Frozen):
    """A verdict, or the fault that stood in its way; `status` is the verdict's, or `failed`."""

    id: str
    status: OutcomeStatus
    verdict: Verdict | None
    error: Fault | None
    source: Source | None = None


class Marks(NamedTuple):
    """The figures of one outcome, for adding up a great many without reading their verdicts.

    `levels` and `flags` follow the rubric's criteria and red flags, None standing for ungraded. Where the answer
    failed, all but `status`, `file` and `error_code` are empty.
    """

    status: OutcomeStatus
    file: str = ""
    rubric_digest: str | None = None
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    band: str | None = None
    levels: Sequence[int | None] = ()
    flags: Sequence[bool | None] = ()
    error_code: str | None = None


def marks_of_verdict(verdict: Verdict) -> Marks:
    """The figures of a verdict."""
    return Marks(
        status=verdict.status,
        rubric_digest=verdict.rubric.digest,
        score=verdict.score,
        score_low=verdict.score_low,
        score_high=verdict.score_high,
        band=verdict.band,
        levels=tuple(criterion.level for criterion in verdict.criteria),
        flags=tuple(None if flag.status == "ungraded" else flag.status == "present" for flag in verdict.red_flags),
    )


def json_line(
    *,
    id: str,  # noqa: A002 - the format says so
    status: OutcomeStatus,
    verdict: bytes | None = None,
    error: bytes | None = None,
    source: bytes | None = None,
) -> bytes:
    """One line of JSON, ended; the parts that come as JSON already are neither read nor checked."""
    head = json.dumps({"id": id, "status": status}, ensure_ascii=False)[:-1]
    parts = b', "verdict": %b, "error": %b, "source": %b}' % (verdict or b"null", error or b"null", source or b"null")
    # Line breaks stand only between the tokens of JSON, never inside one, so they can go without being parsed.
    return head.encode() + parts.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"
