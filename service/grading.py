"""What a grader says of an answer: levels, red flags and evidence, before any arithmetic."""

from typing import Annotated, Literal

from pydantic import Field

from service.models import Frozen

Basis = Literal["supported", "absent", "wrong"]


class EvidenceSource(Frozen):
    """Where in a transcript a quote was said; times are seconds from its start."""

    turn: int
    start_s: float | None
    end_s: float | None


class Evidence(Frozen):
    """A span of the answer, in code points; `repaired` where the grader's quote had left words out."""

    quote: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    state: Literal["verified", "repaired"] = "verified"
    source: EvidenceSource | None = None


class Graded(Frozen):
    """A criterion with a level: `supported` above 0; at 0 `absent`, or `wrong` with the claim quoted."""

    id: str
    level: Annotated[int, Field(ge=0)]
    basis: Basis
    evidence: tuple[Evidence, ...] = ()
    reason: str
    not_higher: str | None = None
    """What the next level lacks; None at the top."""


class FlagGraded(Frozen):
    """A red flag that was looked for; present only with evidence."""

    id: str
    present: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None


class Ungraded(Frozen):
    """A criterion or red flag that could not be graded, and why."""

    id: str
    reason: str


class Usage(Frozen):
    """What grading took; `cost_usd` is None where the price is unknown, never a made-up 0."""

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    from_cache: bool = False
    seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        """Both together; an unknown cost on either side that made calls leaves the sum unknown."""
        costs = [usage.cost_usd for usage in (self, other) if usage.calls]
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_usd=sum(cost for cost in costs if cost is not None) if costs and None not in costs else None,
            from_cache=self.from_cache or other.from_cache,
            seconds=self.seconds + other.seconds,
        )


class Notice(Frozen):
    """Something a reader of the verdict should know; `code` is stable."""

    code: str
    message: str


class GraderInfo(Frozen):
    """Who graded; `degraded` says why another grader than the configured one stepped in."""

    kind: Literal["llm", "keyword"]
    model: str | None = None
    served_model: str | None = None
    prompt_version: str | None = None
    degraded: str | None = None


class Grading(Frozen):
    """One answer against one rubric, each criterion and each red flag in the rubric's order."""

    grader: GraderInfo
    criteria: tuple[Graded | Ungraded, ...]
    red_flags: tuple[FlagGraded | Ungraded, ...]
    usage: Usage = Usage()
    warnings: tuple[Notice, ...] = ()
    review: tuple[str, ...] = ()
    """Why a person should look at this, if anyone should."""
