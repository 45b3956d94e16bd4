"""How fast the keyword grader grades, beside splitting the same text into words."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from service.answer import parse_answer
from service.evaluator import Evaluator
from service.graders.keyword import KeywordGrader
from service.rubric import Catalog

ANSWERS = Path(__file__).parent.parent / "fixtures" / "labelled" / "answers.jsonl"
LENGTHS = (50, 250, 2_000, 15_000)
ROUNDS = 5


def main() -> None:
    """Print answers a second by length for the grader, the whole verdict, and the words alone."""
    text = " ".join(json.loads(line)["answer"] for line in ANSWERS.read_text(encoding="utf-8").splitlines())
    catalog, grader = Catalog(), KeywordGrader()
    rubric = catalog.get("rag-vs-fine-tuning")
    evaluator = Evaluator(catalog=catalog, grader=grader)
    for length in LENGTHS:
        words = (text + " ") * (length // len(text.split()) + 1)
        answer = " ".join(words.split()[:length])
        split = _rate(lambda answer=answer: parse_answer(answer).parsed.words)  # type: ignore[misc]
        grade = _rate(lambda answer=answer: asyncio.run(grader.grade(rubric, parse_answer(answer))))  # type: ignore[misc]
        whole = _rate(lambda answer=answer: asyncio.run(evaluator.grade(rubric=rubric, answer=answer)))  # type: ignore[misc]
        print(
            f"{length:6} words   words alone {split:8.1f}/s   grading {grade:8.1f}/s ({grade / split:.2f})   "
            f"whole verdict {whole:8.1f}/s ({whole / split:.2f})   grading takes {1e6 / grade / length:.1f} us a word"
        )


def _rate(work: Callable[[], object]) -> float:
    work()
    rates = []
    for _ in range(ROUNDS):
        began, done = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < 0.2:
            work()
            done += 1
        rates.append(done / took)
    return statistics.median(rates)
