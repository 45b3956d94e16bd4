"""Text that tries to be more than text, in every place of a report that someone outside may fill."""

from service.grading import Notice
from service.outcome import Outcome
from service.reports import interview_of, marks_of
from service.reports.summary import SummaryBuilder
from service.submission import Fault, Source
from service.verdict import Coaching, NextStep, Review, RubricRef, Verdict
from tests.reports.outcomes import Graded, rag_rubric, verdict_of

CANARY = "document.documentElement.setAttribute('data-ran','yes')"
ADDRESS = "http://127.0.0.1:9"

PAYLOADS = (
    f"<script>{CANARY}</script>",
    f"</title><script>{CANARY}</script>",
    f"</style><script>{CANARY}</script>",
    f"</script><script>{CANARY}</script>",
    f'"><img src=x onerror="{CANARY}">',
    f"' onmouseover='{CANARY}' autofocus onfocus='{CANARY}' x='",
    f'<svg onload={CANARY}><a href="javascript:{CANARY}">x</a></svg>',
    "<img src=ADDRESS/img><link rel=stylesheet href=ADDRESS/css><iframe src=ADDRESS/frame></iframe>",
    "<meta http-equiv=refresh content='0;url=ADDRESS/meta'><base href=ADDRESS/>",
    "<!-- ]]> &lt;b&gt; &amp; {{7*7}} {% for x in y %} ${7*7} #{7*7}",
    "turned \u202eround\u202c and \u2066kept\u2069, hidden \U000e0041\U000e0042, bell \x07",
    "</blockquote></details><h1>Hired</h1>",
)
TEXT = " ".join(PAYLOADS)
ANSWER = (
    "I start with a prompt because it is cheap, and move to RAG when the data changes every week. "
    f"{TEXT} I would fine-tune only when the format keeps drifting after several prompt versions."
)


def hostile_text(address: str = ADDRESS) -> str:
    """All of it at once, asking this address for what it wants to load."""
    return TEXT.replace("ADDRESS", address)


def hostile_outcomes(address: str = ADDRESS) -> list[Graded]:
    """A graded answer, an open one and a failure, hostile wherever they hold text."""
    text, answer = hostile_text(address), ANSWER.replace("ADDRESS", address)
    verdict = _poisoned(verdict_of(answer), text)
    source = Source(file=text, line=3, speaker=text, turns=(1, 2), question=text)
    graded = Outcome(id=text, status="graded", verdict=verdict, error=None, source=source)
    failed = Outcome(id=text, status="failed", verdict=None, error=Fault(code=text, message=text), source=source)
    return [(graded, answer), (graded, answer), (failed, None)]


def poisoned_builder(address: str = ADDRESS) -> SummaryBuilder:
    """The figures of the same, by a rubric whose own texts are hostile too."""
    text = hostile_text(address)
    rubric = rag_rubric()
    poisoned = rubric.model_copy(
        update={
            "title": text,
            "criteria": tuple(
                item.model_copy(update={"title": text, "advice": dict.fromkeys(item.advice, text)})
                for item in rubric.criteria
            ),
            "red_flags": tuple(flag.model_copy(update={"title": text}) for flag in rubric.red_flags),
            "levels": tuple(level.model_copy(update={"name": text}) for level in rubric.levels),
        }
    )
    builder = SummaryBuilder({rubric.digest: poisoned})
    for outcome, _ in hostile_outcomes(address):
        builder.add(marks_of(outcome), interview_of(outcome.source))
    return builder


def _poisoned(verdict: Verdict, text: str) -> Verdict:
    return verdict.model_copy(
        update={
            "rubric": RubricRef(id=verdict.rubric.id, version=verdict.rubric.version, digest=verdict.rubric.digest),
            "grader": verdict.grader.model_copy(update={"kind": "llm", "model": text, "degraded": text}),
            "criteria": tuple(
                item.model_copy(update={"title": text, "level_name": text, "reason": text, "advice": text})
                for item in verdict.criteria
            ),
            "red_flags": tuple(
                flag.model_copy(update={"title": text, "status": "ungraded", "reason": text})
                for flag in verdict.red_flags
            ),
            "coaching": Coaching(
                summary=text,
                strengths=(text,),
                next_steps=(NextStep(kind="criterion", id="x", advice=text, points=1.0),) * 4,
            ),
            "review": Review(needed=True, why=(text,)),
            "warnings": (Notice(code=text, message=text),),
        }
    )
