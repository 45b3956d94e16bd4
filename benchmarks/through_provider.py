"""What the evaluator adds to litellm, and what a store and the cache add to that.

All ask the same scripted provider, in a process of its own, in turns within one run: first one that answers at once, so
that only the processor counts, then one that takes as long as a fast model.
"""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from service.answer import parse_answer
from service.completions import CompletionOptions, LiteLLMCompleter
from service.completions.through_litellm import load_litellm
from service.evaluator import Evaluator
from service.graders.cached import CachedGrader
from service.graders.llm import LLMGrader
from service.prompts import Marks, build_messages
from service.replies import SCHEMA_NAME, reply_schema
from service.rubric import Catalog
from service.store import Store, open_store
from tests.provider import provider_process

LABELLED = Path(__file__).parent.parent / "fixtures" / "labelled"
RUBRIC = "rag-vs-fine-tuning"
MODEL = "openai/scripted"
ANSWERS = 300
CONCURRENCY = 50
FEWER_AT_ONCE = 10
LATENCY_S = 0.2
ROUNDS = 5
BARE, OURS, STORED, AGAIN = "litellm alone", "evaluator", "with store", "from cache"

Ask = Callable[[int], Awaitable[object]]


class Round(NamedTuple):
    """What all answers took together, in seconds of the clock and of this process's CPU."""

    wall: float
    cpu: float


def main() -> None:
    """Print the medians of each, and how many times litellm's own time it takes."""
    with (
        provider_process() as url,
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(f"sqlite:///{folder}/evaluator.db")) as store,
    ):
        rounds = asyncio.run(_measure(url, CONCURRENCY, store))
    print(f"{ANSWERS} answers, {CONCURRENCY} at once, from a provider that takes no time")
    bare = _medians(rounds[BARE]).cpu
    for name, taken in rounds.items():
        cpu = _medians(taken).cpu
        print(f"  {name:14} {1000 * cpu / ANSWERS:5.1f} ms of CPU an answer, {cpu / bare:.2f} x {BARE}")
    with provider_process("--latency", str(LATENCY_S)) as url:
        for at_once in (CONCURRENCY, FEWER_AT_ONCE):
            rounds = asyncio.run(_measure(url, at_once))
            floor = LATENCY_S * ANSWERS / at_once
            print(f"{ANSWERS} answers, {at_once} at once, {LATENCY_S:g} s each: {floor:.2f} s at best")
            bare = _medians(rounds[BARE]).wall
            for name, taken in rounds.items():
                wall = _medians(taken).wall
                span = f"{min(each.wall for each in taken):.2f} to {max(each.wall for each in taken):.2f}"
                print(f"  {name:14} {wall:5.2f} s ({span}), {wall / bare:.3f} x {BARE}")


def _medians(taken: Sequence[Round]) -> Round:
    return Round(*map(statistics.median, zip(*taken, strict=True)))


async def _measure(url: str, at_once: int, store: Store | None = None) -> Mapping[str, list[Round]]:
    asks: dict[str, Callable[[Sequence[str]], Ask]] = {
        BARE: lambda answers: _through_litellm(url, answers),
        OURS: lambda answers: _through_evaluator(url, answers, at_once),
    }
    if store is not None:
        # The same answers twice: the second time each is in the cache.
        asks |= dict.fromkeys((STORED, AGAIN), lambda answers: _through_evaluator(url, answers, at_once, store))
    rounds: dict[str, list[Round]] = {name: [] for name in asks}
    for number in range(ROUNDS + 1):
        answers = _answers(number)
        for name, prepare in asks.items():  # interleaved, so that a slow moment hits all
            took = await _round(prepare(answers), at_once)
            if number:  # the first round connects, and warms the caches
                rounds[name].append(took)
    await load_litellm().close_litellm_async_clients()
    return rounds


def _answers(number: int) -> list[str]:
    """Labelled answers over and over, no two the same, nor the same as in another round."""
    lines = [
        line for name in ("answers", "more") for line in (LABELLED / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    texts = [json.loads(line)["answer"] for line in lines]
    return [f"{texts[place % len(texts)]} That was answer {number}-{place}." for place in range(ANSWERS)]


async def _round(ask: Ask, at_once: int) -> Round:
    left = iter(range(ANSWERS))

    async def work() -> None:
        for number in left:
            await ask(number)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return Round(time.perf_counter() - wall, time.process_time() - cpu)


def _through_evaluator(url: str, answers: Sequence[str], at_once: int, store: Store | None = None) -> Ask:
    options = CompletionOptions(model=MODEL, api_base=url, concurrency=at_once)
    grader = LLMGrader(LiteLLMCompleter(options))
    evaluator = Evaluator(
        catalog=Catalog(),
        grader=grader if store is None else CachedGrader(grader, store.gradings, {"model": MODEL, "api_base": url}),
        recorder=None if store is None else store.records,
    )
    evaluator.prepare()

    async def ask(number: int) -> None:
        verdict = await evaluator.grade(rubric=RUBRIC, answer=answers[number])
        if verdict.status != "graded" or verdict.usage.calls > 1:
            raise RuntimeError(f"answer {number} is {verdict.status} after {verdict.usage.calls} calls")

    return ask


def _through_litellm(url: str, answers: Sequence[str]) -> Ask:
    """The same prompts and schema, with the switches that the evaluator sets; prompts are built beforehand."""
    litellm = load_litellm()
    rubric = Catalog().get(RUBRIC)
    ids = (*rubric.criterion_by_id, *rubric.red_flag_by_id)
    schema = {"name": SCHEMA_NAME, "strict": True, "schema": reply_schema(rubric, ids)}
    prompts = [
        [
            {"role": message.role, "content": message.content}
            for message in build_messages(rubric, parse_answer(answer), ids, Marks())
        ]
        for answer in answers
    ]

    async def ask(number: int) -> None:
        response = await litellm.acompletion(
            model=MODEL,
            messages=prompts[number],
            response_format={"type": "json_schema", "json_schema": schema},
            api_base=url,
            api_key="none",
            temperature=0.0,
            max_tokens=8_000,
            drop_params=True,
            num_retries=0,
            max_retries=0,
        )
        if not response.choices[0].message.content:
            raise RuntimeError(f"answer {number} brought nothing")

    return ask
