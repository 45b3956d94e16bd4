"""What a grader says of an answer: levels, red flags and evidence, before any arithmetic."""

from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue

from service.errors import GraderUnavailable
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
    route: str | None = None
    """Which grader the level is from and why, where several could be asked."""
    spread: int | None = None
    """Levels between the highest and the lowest of several gradings; says nothing of how right they are."""
    reasked: bool = False
    """Whether it was asked for again, because the first grade did not hold or was in doubt; not published."""


class FlagGraded(Frozen):
    """A red flag that was looked for; present only with evidence."""

    id: str
    present: bool
    evidence: tuple[Evidence, ...] = ()
    reason: str | None = None
    reasked: bool = False
    """As of a criterion."""


class Ungraded(Frozen):
    """A criterion or red flag that could not be graded, and why; `route` as of a criterion with a level."""

    id: str
    reason: str
    route: str | None = None


class Usage(Frozen):
    """What grading took; `cost_usd` is None where the price is unknown, never a made-up 0.

    `from_cache` says that all or part of it had been paid for before; that part counts as nothing.
    """

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
        costs = [usage.cost_usd for usage in (self, other) if usage.calls or usage.from_cache]
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


FROM_CACHE = Usage(cost_usd=0.0, from_cache=True)
"""What it takes to use a grading again."""


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


class Exchange(Frozen):
    """One request to a model and what came back, or why nothing did; enough to read the reply again.

    `request` is the digest of the conversation and the schema; `failed` is the message of the error there was instead
    of a reply, and `reason` its stable word.
    """

    request: str
    text: str = ""
    finish_reason: str = ""
    refusal: str | None = None
    served_model: str | None = None
    usage: Usage = Usage()
    failed: str | None = None
    reason: str | None = None


class Record(Frozen):
    """What one grading by a model was read from: its exchanges in order.

    Marks and nonces of the requests derive from `seed`; `only` are the ids asked for, None for all.
    """

    model: str
    sample: int
    only: tuple[str, ...] | None
    seed: str
    exchanges: tuple[Exchange, ...]


def records_of(error: GraderUnavailable) -> tuple[Record, ...]:
    """What was asked in vain, where that is known."""
    return tuple(each for each in error.asked if isinstance(each, Record))


class Grading(Frozen):
    """One answer against one rubric, each criterion and each red flag in the rubric's order."""

    grader: GraderInfo
    criteria: tuple[Graded | Ungraded, ...]
    red_flags: tuple[FlagGraded | Ungraded, ...]
    usage: Usage = Usage()
    warnings: tuple[Notice, ...] = ()
    review: tuple[str, ...] = ()
    """Why a person should look at this, if anyone should."""
    records: tuple[Record, ...] = ()
    """What the gradings by models were read from; not published."""


class GradingCache(Protocol):
    """Keeps gradings that may be used again.

    `context` is text that a grading has much in common with, the same for `put` and `get`; `run_n` is the run that a
    grading was made for, and is erased with. Both raise StoreUnavailable where there is no database to be had.
    """

    async def get(self, key: bytes, context: bytes) -> Grading | None:
        """The grading of a key, as it was kept."""
        ...

    async def put(self, key: bytes, grading: Grading, context: bytes, *, run_n: int | None) -> None:
        """Keep a grading, unless there is one, or its run has been erased."""
        ...


class Recorder(Protocol):
    """Keeps what single verdicts were read from."""

    async def keep(self, verdict_id: str, what: "Provenance") -> None:
        """Keep it.

        Raises:
            StoreUnavailable: there is no database to be had.
        """
        ...


class Provenance(Frozen):
    """What a verdict on an answer graded by itself was read from; the digests are 64 hexadecimal digits.

    `parameters` are those of the grader.
    """

    answer_sha256: str
    rubric_digest: str
    parameters: dict[str, JsonValue]
    records: tuple[Record, ...]
