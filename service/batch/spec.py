"""What a run is, and what a result depends on, as digests."""

import hashlib
import json
from collections.abc import Iterable
from typing import Literal

from pydantic import JsonValue

from service.batch.costs import Gradings
from service.graders.arrangement import Arrangement, Calls
from service.graders.keyword import KEYWORD_VERSION
from service.models import Frozen
from service.prompts import PROMPT_VERSION
from service.rubric import Rubric
from service.scoring import SCORING_VERSION
from service.submission import Submission

KEY_BYTES = 16
"""128 bits tell any two answers apart."""

CHUNK_WITH_MODEL, CHUNK_OFFLINE = 20, 1_000
"""How many answers make a piece of work at most: few calls to repeat, or little bookkeeping."""


class GraderSpec(Frozen):
    """Who grades, with every parameter that a verdict depends on; `model` None is the keyword grader."""

    model: str | None = None
    api_base: str | None = None
    max_tokens: int | None = None
    reasks: int | None = None
    prompt_version: str | None = None
    keyword_version: str | None = None
    scoring_version: str = SCORING_VERSION
    arrangement: Arrangement = Arrangement()
    """How `model` grades together with itself and others."""

    @property
    def identity(self) -> str:
        """A digest of it; 64 hexadecimal digits."""
        # One model by itself is what it was before there were others, and so are its results.
        alone = self.arrangement == Arrangement()
        return digest_of(self.model_dump(mode="json", exclude={"arrangement"} if alone else None))

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that may be asked, each once."""
        if self.model is None:
            return ()
        others = [*self.arrangement.panel_models, self.arrangement.frontier_model]
        return tuple(dict.fromkeys([self.model, *filter(None, others)]))

    @property
    def models_by_grading(self) -> tuple[str, ...]:
        """The model of each grading that an answer takes."""
        if self.model is None:
            return ()
        seats = [seat.model for seat in self.arrangement.seats(self.model, None)]
        return (*seats, *filter(None, [self.arrangement.frontier_model]))

    def calls_by_model(self, rubric: Rubric) -> dict[str, Calls]:
        """How many requests one answer to a rubric takes, by model; none offline."""
        if self.model is None:
            return {}
        return self.arrangement.calls(
            self.model, reasks=self.reasks or 0, criteria=len(rubric.criteria), flags=len(rubric.red_flags)
        )

    def gradings(self, rubric: Rubric) -> Gradings:
        """How many gradings by models, in how many calls, an answer to a rubric takes if every reply holds."""
        if self.model is None:
            return Gradings(0.0, 0.0)
        calls = sum(each.typical for each in self.calls_by_model(rubric).values())
        return Gradings(self.arrangement.gradings(self.model), calls)

    @property
    def queue(self) -> str:
        """The queue for those who can grade so: the same version, with the same models at the same addresses."""
        kind = "keyword" if self.model is None else "model"
        parts: list[JsonValue] = [self.model, self.api_base]
        parts += [self.prompt_version, self.keyword_version, self.scoring_version]
        arranged = self.arrangement
        if arranged.panel_models or arranged.frontier_model:
            parts += [list(arranged.panel_models), arranged.frontier_model, arranged.frontier_api_base]
        return f"{kind}-{digest_of(parts)[:16]}"


OFFLINE = GraderSpec(keyword_version=KEYWORD_VERSION)
"""The keyword grader in its present version."""


def grader_spec(
    model: str | None,
    *,
    api_base: str | None,
    max_tokens: int,
    reasks: int,
    arrangement: Arrangement | None = None,
) -> GraderSpec:
    """The grader that these settings describe, in its present version."""
    if model is None:
        return OFFLINE
    return GraderSpec(
        model=model,
        api_base=api_base,
        max_tokens=max_tokens,
        reasks=reasks,
        prompt_version=PROMPT_VERSION,
        # It gives the second opinion, which decides what is looked at twice, and stands in for a model that is away.
        keyword_version=KEYWORD_VERSION,
        arrangement=arrangement or Arrangement(),
    )


class RunSpec(Frozen):
    """Everything about a run but its answers, as every worker needs it.

    `names` are of the inputs, for people; `rubrics` are the digests, by id, that the run could choose from.
    """

    grader: GraderSpec
    names: tuple[str, ...]
    rubrics: dict[str, str]
    on_model_failure: Literal["error", "fallback"] = "error"
    offset_unit: Literal["codepoint", "utf16"] = "codepoint"
    max_answer_bytes: int
    interviews: bool = False
    speaker: str | None = None
    webhook_url: str | None = None
    webhook_secret: str | None = None

    def changes_since(self, before: "RunSpec") -> list[str]:
        """What would make results differ from those of an earlier run, apart from the answers themselves."""
        changes = []
        old, new = before.grader, self.grader
        if old.model != new.model or old.api_base != new.api_base:
            changes.append(
                f"the grader is {new.model or 'the keyword grader'}, not {old.model or 'the keyword grader'}."
            )
        elif old != new:
            changes.append("the grader's prompt or parameters are others.")
        both = sorted(self.rubrics.keys() & before.rubrics.keys())
        changed = [rubric for rubric in both if self.rubrics[rubric] != before.rubrics[rubric]]
        return changes + [f"the rubric {rubric} has changed." for rubric in changed]

    def chunk_size(self, total: int) -> int:
        """How many answers make one piece of work: enough to make its bookkeeping cheap, few enough to share out."""
        if self.grader.model is None:
            return max(50, min(CHUNK_OFFLINE, -(-total // 64)))
        return max(5, min(CHUNK_WITH_MODEL, -(-total // 8)))


def digest_of(value: JsonValue) -> str:
    """SHA-256 of a value as JSON in one spelling; 64 hexadecimal digits."""
    content = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()


def run_id(owner: str, spec: RunSpec, inputs: Iterable[str], options: JsonValue) -> str:
    """The id of a run: the same inputs (as digests), graded in the same way for the same owner, are the same run."""
    parts: list[JsonValue] = [owner, spec.model_dump(mode="json", exclude={"names"}), list(inputs), options]
    return digest_of(parts)[:24]


def answer_key(submission: Submission, rubric_digest: str | None, grader: str, spec: RunSpec) -> bytes:
    """The digest of all that a result depends on: the answer, its question, the rubric and the grader.

    Its id and metadata are not among them: they are put in when the result is written out.
    """
    parts: list[JsonValue] = [submission.answer, submission.question, rubric_digest, grader, spec.offset_unit]
    if submission.passages or submission.warnings:
        parts += [
            [list(passage.model_dump().values()) for passage in submission.passages],
            [[notice.code, notice.message] for notice in submission.warnings],
        ]
    if submission.error:
        parts.append(submission.error.message)
    content = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).digest()[:KEY_BYTES]
