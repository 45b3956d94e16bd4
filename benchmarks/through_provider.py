"""How long many answers take through the evaluator, beside the same requests made with litellm alone.

Both ask the same scripted provider, in a process of its own, in turns within one run.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from service.answer import parse_answer
from service.completions import CompletionOptions, LiteLLMCompleter
from service.completions.through_litellm import load_litellm
from service.evaluator import Evaluator
from service.graders.llm import LLMGrader
from service.prompts import Marks, build_messages
from service.replies import SCHEMA_NAME, reply_schema
from service.rubric import Catalog
from tests.provider import provider_process

LABELLED = Path(__file__).parent.parent / "fixtures" / "labelled"
RUBRIC = "rag-vs-fine-tuning"
MODEL = "openai/scripted"
ANSWERS = 300
CONCURRENCY = 50
LATENCY_S = 0.2
ROUNDS = 5

Ask = Callable[[int], Awaitable[object]]


class Round(NamedTuple):
    """What all answers took together, in seconds of the clock and of this process's CPU."""

    wall: float
    cpu: float


def main() -> None:
    """Print the medians of both, and how many times litellm's own time the evaluator takes."""
    with provider_process("--latency", str(LATENCY_S)) as url:
        rounds = asyncio.run(_measure(url))
    floor = LATENCY_S * ANSWERS / CONCURRENCY
    print(f"{ANSWERS} answers, {CONCURRENCY} at once, {LATENCY_S:g} s each: {floor:.2f} s at best")
    for name, taken in rounds.items():
        wall, cpu = _medians(taken)
        span = f"{min(each.wall for each in taken):.2f} to {max(each.wall for each in taken):.2f}"
        print(f"{name:14} {wall:6.2f} s ({span})   {1000 * cpu / ANSWERS:5.1f} ms of CPU an answer")
    ours, bare = _medians(rounds["evaluator"]), _medians(rounds["litellm alone"])
    print(f"the evaluator takes {ours.wall / bare.wall:.3f} x litellm's wall time, {ours.cpu / bare.cpu:.2f} x its CPU")


def _medians(taken: Sequence[Round]) -> Round:
    return Round(*map(statistics.median, zip(*taken, strict=True)))


async def _measure(url: str) -> dict[str, list[Round]]:
    answers = _answers()
    asks = {"litellm alone": _through_litellm(url, answers), "evaluator": _through_evaluator(url, answers)}
    rounds: dict[str, list[Round]] = {name: [] for name in asks}
    for number in range(ROUNDS + 1):
        for name, ask in asks.items():  # interleaved, so that a slow moment hits both
            took = await _round(ask)
            if number:  # the first round connects, and warms the caches
                rounds[name].append(took)
    await load_litellm().close_litellm_async_clients()
    return rounds


def _answers() -> list[str]:
    """Labelled answers over and over, no two the same."""
    lines = [
        line for name in ("answers", "more") for line in (LABELLED / f"{name}.jsonl").read_text("utf-8").splitlines()
    ]
    texts = [json.loads(line)["answer"] for line in lines]
    return [f"{texts[number % len(texts)]} That was answer {number}." for number in range(ANSWERS)]


async def _round(ask: Ask) -> Round:
    left = iter(range(ANSWERS))

    async def work() -> None:
        for number in left:
            await ask(number)

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    return Round(time.perf_counter() - wall, time.process_time() - cpu)


def _through_evaluator(url: str, answers: Sequence[str]) -> Ask:
    options = CompletionOptions(model=MODEL, api_base=url, concurrency=CONCURRENCY)
    evaluator = Evaluator(catalog=Catalog(), grader=LLMGrader(LiteLLMCompleter(options)))
    evaluator.prepare()

    async def ask(number: int) -> None:
        verdict = await evaluator.grade(rubric=RUBRIC, answer=answers[number])
        if verdict.status != "graded" or verdict.usage.calls != 1:
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
