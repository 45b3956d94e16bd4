"""What the provider does with each request, decided by the seed and the prompt and by nothing that came before."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from service.models import Frozen
from tests.provider.prompts import Asked, Prompt

FAULTS: Mapping[str, str] = {
    "429": "refused: too many requests, with a Retry-After",
    "500": "refused: the provider failed",
    "503": "refused: overloaded",
    "502-html": "refused by a proxy with a page of HTML",
    "drop": "the connection closes without a reply",
    "hang": "no reply ever comes",
    "cut-body": "the connection closes amid the body",
    "not-json": "status 200 with a body that is no JSON",
    "slow": "ten times the latency",
    "content-policy": "refused for its content",
    "context-overflow": "refused for its length",
    "refusal": "the model declines to grade",
    "content-filter": "a filter stops the reply",
    "invalid": "prose, no grading",
    "truncated": "half a reply, cut at the limit of tokens",
    "empty": "a reply without text",
    "echo": "JSON of the answer repeated, or top levels for all, without the nonce",
    "two-objects": "two gradings that differ",
    "wrong-ids": "a criterion under an id that nobody asked for",
    "missing-criterion": "a criterion left out",
    "off-scale": "a level above the top",
    "invented-quote": "a quote that is not in the answer",
    "level-as-text": "a level in quotation marks",
    "nan": "a level that is NaN",
}
"""What can go wrong with a request; a right grader notices each."""

FINAL = frozenset({"content-policy", "context-overflow", "refusal", "content-filter"})
"""Not to be got over by asking again: the answer, or what was still open of it, stays ungraded."""

STATUSES: Mapping[str, int] = {
    "429": 429,
    "500": 500,
    "503": 503,
    "502-html": 502,
    "content-policy": 400,
    "context-overflow": 400,
}
"""The faults that are a refusal."""

BROKEN_REPLIES = frozenset(
    {
        *("invalid", "truncated", "empty", "echo", "two-objects"),
        *("wrong-ids", "missing-criterion", "off-scale", "invented-quote", "level-as-text", "nan"),
    }
)
"""The faults that are a whole reply with something wrong in it."""

SchemaUse = Literal["honour", "ignore", "refuse"]
Feature = Literal["json_schema", "json_object", "tool", "temperature"]
Style = Literal["bare", "prose", "fenced", "reordered", "none"]

_UNPAID = frozenset({*STATUSES, "drop", "hang", "not-json"})
_STYLES: tuple[Style, ...] = ("bare", "prose", "fenced", "reordered", "none")
_SLOW = 10.0


def draw(*parts: object) -> float:
    """A number from 0 to below 1 that these parts always give."""
    digest = hashlib.blake2b("\0".join(map(str, parts)).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest[:6]) / 2**48


class Fate(NamedTuple):
    """What becomes of one request; `billed` where tokens are produced, whoever is left to read them."""

    fault: str | None
    billed: bool
    delay_s: float
    retry_after_s: int
    style: Style = "bare"


class Script(Frozen):
    """How the provider behaves; `faults` are shares of the requests, in all 1 at most.

    Only the first `faulty_attempts` at a prompt can meet a fault, so that whoever asks again is served in the end;
    and a conversation that already holds a complaint is never answered with another broken reply. Faults that are
    `FINAL` are got over by nobody.

    `schema_use` is what becomes of a JSON Schema beside the prompt: followed; taken and then ignored, with prose or a
    fence around the JSON, keys in another order or no JSON at all; or refused. `refuses` names what else is refused.
    """

    seed: int = 0
    latency_s: Annotated[float, Field(ge=0)] = 0.0
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How far a latency may be off, as a share of it, to either side."""
    faults: dict[str, Annotated[float, Field(ge=0, le=1)]] = {}
    faulty_attempts: Annotated[int, Field(ge=0)] = 2
    schema_use: SchemaUse = "honour"
    refuses: frozenset[Feature] = frozenset()
    reasoning_tokens: Annotated[int, Field(ge=0)] = 0
    """Tokens that every reply takes beside its text."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if unknown := sorted(self.faults.keys() - set(FAULTS)):
            raise ValueError(f"there is no fault {unknown[0]!r}; there are: {', '.join(FAULTS)}")
        if (total := sum(self.faults.values())) > 1 + 1e-9:
            raise ValueError(f"the faults add up to {total:g}; 1 is all requests")
        return self

    def with_faults(self, faults: Mapping[str, float]) -> "Script":
        """The same with other faults.

        Raises:
            pydantic.ValidationError: a fault is unknown, or they add up to more than 1.
        """
        return Script.model_validate({**self.model_dump(), "faults": dict(faults)})

    def refused(self, prompt: Prompt) -> Feature | None:
        """What of the request the provider takes from nobody."""
        refuses: set[Feature] = {*self.refuses, "json_schema"} if self.schema_use == "refuse" else {*self.refuses}
        asked: Asked = prompt.asked
        if asked != "text" and asked in refuses:
            return asked
        return "temperature" if prompt.with_temperature and "temperature" in refuses else None

    def fate(self, prompt: Prompt, attempt: int) -> Fate:
        """What becomes of the attempt of this number, from 1, at a prompt."""
        fault = self._fault(prompt, attempt)
        latency = self.latency_s * (1 + self.jitter * (2 * draw(self.seed, "jitter", prompt.key, attempt) - 1))
        return Fate(
            fault,
            billed=fault not in _UNPAID,
            delay_s={"429": 0.0, "slow": latency * _SLOW}.get(fault or "", latency),
            retry_after_s=int(draw(self.seed, "retry-after", prompt.key, attempt) * 2),
            style=self._style(prompt, attempt),
        )

    def _fault(self, prompt: Prompt, attempt: int) -> str | None:
        if attempt > self.faulty_attempts:
            return None
        left = draw(self.seed, "fault", prompt.key, attempt)
        for fault, share in sorted(self.faults.items()):
            left -= share
            if left < 0:
                return None if prompt.complaint and fault in BROKEN_REPLIES else fault
        return None

    def _style(self, prompt: Prompt, attempt: int) -> Style:
        if self.schema_use != "ignore":
            return "bare"
        style = _STYLES[int(draw(self.seed, "style", prompt.key, attempt) * len(_STYLES))]
        spoilt = style == "none" and (prompt.complaint or attempt > self.faulty_attempts)
        return "prose" if spoilt else style


def parse_faults(text: str) -> dict[str, float]:
    """Shares by fault, as in "429:0.05,drop:0.01"; blank is none, and "all:0.3" is every fault equally often.

    Raises:
        ValueError: it is written in another way.
    """
    if text.strip().startswith("all:"):
        return every_fault(float(text.strip().removeprefix("all:")))
    shares: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        fault, colon, share = part.partition(":")
        if not colon or fault in shares:
            raise ValueError(f"{part!r} is not FAULT:SHARE, or stands there twice")
        shares[fault] = float(share)
    return shares


def every_fault(total: float, *, final: bool = True) -> dict[str, float]:
    """Equal shares of all faults, `total` together; with `final` false, of those alone that asking again gets over."""
    faults = [fault for fault in FAULTS if final or fault not in FINAL]
    return dict.fromkeys(faults, total / len(faults))
