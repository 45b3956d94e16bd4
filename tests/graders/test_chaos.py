"""The chaos trial: many answers through a provider of which nearly a third of the requests go wrong in every known way.

`TRIAL_CHAOS_ANSWERS` sets how many answers; from 2,000 on, how soon throughput recovers is measured as well.
"""

import asyncio
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest

from service.completions import LiteLLMCompleter
from service.errors import GraderUnavailable
from service.evaluator import Evaluator
from service.graders.llm import LLMGrader
from service.rubric import Catalog, Rubric
from service.verdict import CriterionVerdict, Verdict
from tests.conftest import labelled_answers
from tests.provider import FAULTS, FINAL, Counts, RunningProvider, every_fault, scripted_provider
from tests.provider.asking import ProtocolName, at_once, body, clients_of_this_loop, options_for
from tests.provider.prompts import read_prompt

ANSWERS = int(os.environ.get("TRIAL_CHAOS_ANSWERS", "120"))
LONG = ANSWERS >= 2_000
FAULTY = 0.3
LEAST_GRADED = 0.97
LEAST_RECOVERED = 0.8
RECOVERY_S = 10
SEED = 20

RUBRIC = "rag-vs-fine-tuning"
CONCURRENCY = 8
TIMEOUT_S = 5.0
"""What each request costs that hangs; far longer than a reply takes, also where everything is slow."""


class Run(NamedTuple):
    """What became of each answer, in their order, and what the provider counted."""

    outcomes: list[Verdict | GraderUnavailable]
    counts: Counts


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-made-up-for-tests")


@pytest.mark.parametrize(
    ("protocol", "number"),
    [pytest.param("openai", ANSWERS, id="openai"), pytest.param("anthropic", ANSWERS // 2, id="anthropic")],
)
async def test_chaos(protocol: ProtocolName, number: int, rubric: Rubric) -> None:
    """Faults cost answers nothing but time, save those that nobody can get over, and those are told."""
    answers = list(itertools.islice(texts(), number))
    with scripted_provider(seed=SEED, latency=0.005) as provider:
        calm = await run(provider, protocol, answers)
    with scripted_provider(seed=SEED, latency=0.005, faults=every_fault(FAULTY)) as provider:
        rough = await run(provider, protocol, answers)

    keys = [answer_key(rubric, answer) for answer in answers]
    fates = [rough.counts.faults_by_answer.get(key, {}) for key in keys]
    passing = [outcome for outcome, met in zip(rough.outcomes, fates, strict=True) if not met.keys() & FINAL]
    graded, criteria = sum(map(graded_criteria, passing)), len(passing) * len(rubric.criteria)
    print(report(rough, graded, criteria))
    assert all(isinstance(outcome, Verdict) and outcome.status == "graded" for outcome in calm.outcomes)
    assert rough.counts.by_fault.keys() == FAULTS.keys() if LONG else rough.counts.by_fault
    for before, after in zip(calm.outcomes, rough.outcomes, strict=True):
        assert not differing(before, after)
    # Of the answers that met no fault that is final: all their criteria, graded or not, in a verdict or an error.
    assert graded >= LEAST_GRADED * criteria
    assert not [
        met
        for outcome, met in zip(rough.outcomes, fates, strict=True)
        if met.keys() & FINAL and isinstance(outcome, Verdict) and outcome.status == "graded"
    ]
    # What counts is a whole reply, of whatever status: no request that hung, was dropped or was cut off.
    assert [calls_of(outcome) for outcome in rough.outcomes] == [
        rough.counts.replied_by_answer.get(key, 0) for key in keys
    ]
    assert rough.counts.replied == sum(map(calls_of, rough.outcomes))


@pytest.mark.skipif(not LONG, reason="it is about seconds, and so for a long trial")
@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
async def test_throughput_recovers(protocol: ProtocolName) -> None:
    """After the last fault, nearly as many verdicts a second as before the first, within ten seconds."""
    answers, done, over = texts(), list[float](), asyncio.Event()
    with scripted_provider(seed=SEED, latency=0.4) as provider:
        evaluator = evaluator_for(provider, protocol, patient=True)

        async def work() -> None:
            while not over.is_set():
                if isinstance(await grade(evaluator, next(answers)), Verdict):
                    done.append(time.monotonic())

        async with clients_of_this_loop():
            workers = [asyncio.create_task(work()) for _ in range(CONCURRENCY)]
            await asyncio.sleep(2)  # connected and warm
            began = time.monotonic()
            await asyncio.sleep(10)
            provider.set_faults(every_fault(FAULTY))
            faulty = time.monotonic()
            await asyncio.sleep(15)
            provider.set_faults({})
            ended = time.monotonic()
            await asyncio.sleep(RECOVERY_S + 5)
            over.set()
            await asyncio.gather(*workers)

    calm = rate(done, began, faulty)
    after = {delay / 2: rate(done, ended + delay / 2, ended + delay / 2 + 5) for delay in range(2 * RECOVERY_S + 1)}
    recovered = next((delay for delay, found in after.items() if found >= LEAST_RECOVERED * calm), None)
    print(
        f"{protocol}: {calm:.1f} verdicts a second without faults, {rate(done, faulty, ended):.1f} with them, "
        f"{after[RECOVERY_S]:.1f} from {RECOVERY_S} s after the last; recovered after {recovered} s"
    )
    assert recovered is not None


def rate(done: Sequence[float], begin: float, end: float) -> float:
    """Answers a second between two moments."""
    return sum(begin <= moment < end for moment in done) / (end - begin)


def texts() -> Iterator[str]:
    """Labelled answers over and over, no two the same, the hostile ones among them."""
    labelled = [each.answer for each in labelled_answers("answers", "more")]
    for number, answer in enumerate(itertools.cycle(labelled)):
        yield f"{answer} That was answer {number}."


def evaluator_for(provider: RunningProvider, protocol: ProtocolName, *, patient: bool = False) -> Evaluator:
    """The service's evaluator; where it is not patient it tries again without a pause."""
    options = options_for(provider, protocol, concurrency=CONCURRENCY, timeout_s=TIMEOUT_S)
    completer = LiteLLMCompleter(options) if patient else LiteLLMCompleter(options, sleep=at_once)
    return Evaluator(catalog=Catalog(), grader=LLMGrader(completer))


async def run(provider: RunningProvider, protocol: ProtocolName, answers: Sequence[str]) -> Run:
    """Grade answers side by side."""
    evaluator = evaluator_for(provider, protocol, patient=LONG)
    left = iter(enumerate(answers))
    outcomes: dict[int, Verdict | GraderUnavailable] = {}

    async def work() -> None:
        for number, answer in left:
            outcomes[number] = await grade(evaluator, answer)

    async with clients_of_this_loop():
        await asyncio.gather(*(work() for _ in range(2 * CONCURRENCY)))
    return Run([outcomes[number] for number in range(len(answers))], provider.counts())


async def grade(evaluator: Evaluator, answer: str) -> Verdict | GraderUnavailable:
    """A verdict or the error that a batch would record; nothing else may come out."""
    try:
        return await evaluator.grade(rubric=RUBRIC, answer=answer)
    except GraderUnavailable as error:
        return error


def answer_key(rubric: Rubric, answer: str) -> str:
    """What the provider knows an answer by."""
    return read_prompt(json.dumps(body(rubric, answer)).encode()).answer_key


def graded_criteria(outcome: Verdict | GraderUnavailable) -> int:
    """How many criteria have a level."""
    return 0 if isinstance(outcome, GraderUnavailable) else sum(each.status == "graded" for each in outcome.criteria)


def calls_of(outcome: Verdict | GraderUnavailable) -> int:
    """The requests that the service says the provider answered."""
    return outcome.calls if isinstance(outcome, GraderUnavailable) else outcome.usage.calls


def differing(before: Verdict | GraderUnavailable, after: Verdict | GraderUnavailable) -> list[str]:
    """Ids of criteria and red flags that two runs grade differently; what either leaves open differs from nothing."""
    if isinstance(before, GraderUnavailable) or isinstance(after, GraderUnavailable):
        return []
    criteria = [one.id for one, other in zip(before.criteria, after.criteria, strict=True) if levels_differ(one, other)]
    flags = [
        one.id
        for one, other in zip(before.red_flags, after.red_flags, strict=True)
        if len({one.status, other.status} - {"ungraded"}) == 2
    ]
    return criteria + flags


def levels_differ(one: CriterionVerdict, other: CriterionVerdict) -> bool:
    """Whether both are graded and not alike."""
    graded = one.status == other.status == "graded"
    return graded and (one.level, one.basis) != (other.level, other.basis)


def report(rough: Run, graded: int, criteria: int) -> str:
    """What happened, for whoever runs the trial."""
    ends = Counter(
        outcome.reason if isinstance(outcome, GraderUnavailable) else outcome.status for outcome in rough.outcomes
    )
    counts = rough.counts
    return (
        f"{len(rough.outcomes)} answers: {dict(ends)}; {graded} of {criteria} criteria graded over answers without a "
        f"final fault; {counts.requests} requests, {sum(counts.by_fault.values())} with a fault, {counts.replied} "
        f"whole replies, {counts.billed} billed, {sum(map(calls_of, rough.outcomes))} calls counted; "
        f"faults: {dict(sorted(counts.by_fault.items()))}"
    )
