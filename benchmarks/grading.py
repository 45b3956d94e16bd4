"""How fast the keyword grader grades, beside two ways of only looking for its phrases in the same text.

(a) the phrases of the rubric's glossary as one alternation of `re` that ignores case; (b) the same phrases in a bare
automaton over the text in lower case. Neither knows words, scope or levels.
"""

import asyncio
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import ahocorasick

from service.answer import parse_answer
from service.evaluator import Evaluator
from service.graders.keyword import KeywordGrader
from service.rubric import Catalog, Rubric

ANSWERS = Path(__file__).parent.parent / "fixtures" / "labelled" / "answers.jsonl"
RUBRIC = "rag-vs-fine-tuning"
LENGTHS = (50, 250, 2_000, 15_000)
ROUNDS = 5
_LONG_ENOUGH_S = 0.2
_OFTEN = 20
"""So many verdicts share what it takes to start an event loop."""


def main() -> None:
    """Print gradings a second by length, as multiples of both, and the cost of a word."""
    text = " ".join(json.loads(line)["answer"] for line in ANSWERS.read_text(encoding="utf-8").splitlines())
    catalog, grader = Catalog(), KeywordGrader()
    rubric = catalog.get(RUBRIC)
    evaluator = Evaluator(catalog=catalog, grader=grader)
    phrases = _phrases(rubric)
    alternation = re.compile("|".join(map(re.escape, phrases)), re.IGNORECASE)
    automaton = _automaton(phrases)
    print(f"{len(phrases):,} phrases, {len(list(rubric.signals()))} signals")
    for length in LENGTHS:
        answer = _of_length(text, length)
        lowered = answer.lower()
        grade = _rate(lambda answer=answer: grader.grade_now(rubric, parse_answer(answer)))  # type: ignore[misc]
        whole = _rate(lambda answer=answer: asyncio.run(_grade_often(evaluator, answer))) * _OFTEN  # type: ignore[misc]
        matched = _rate(lambda answer=answer: alternation.findall(answer))  # type: ignore[misc]
        passed = _rate(lambda lowered=lowered: sum(1 for _ in automaton.iter(lowered)))  # type: ignore[misc]
        print(
            f"{length:6} words   grading {grade:8.1f}/s ({1e6 / grade / length:5.1f} us a word)   "
            f"{grade / matched:6.1f} x (a)   {100 * grade / passed:5.1f} % of (b)   whole verdict {whole:8.1f}/s"
        )


def _phrases(rubric: Rubric) -> Sequence[str]:
    """The phrases of a glossary as plain text, the longest first."""
    plain = {
        phrase.removeprefix("!").replace("...", " ").strip()
        for phrases in rubric.glossary.values()
        for phrase in phrases
    }
    return sorted(plain, key=lambda phrase: (-len(phrase), phrase))


def _automaton(phrases: Sequence[str]) -> ahocorasick.Automaton:
    automaton = ahocorasick.Automaton()
    for phrase in phrases:
        automaton.add_word(phrase.lower(), phrase)
    automaton.make_automaton()
    return automaton


def _of_length(text: str, length: int) -> str:
    words = (text + " ") * (length // len(text.split()) + 1)
    return " ".join(words.split()[:length])


def _rate(work: Callable[[], object]) -> float:
    work()
    rates = []
    for _ in range(ROUNDS):
        began, done = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < _LONG_ENOUGH_S or not done:
            work()
            done += 1
        rates.append(done / took)
    return statistics.median(rates)


async def _grade_often(evaluator: Evaluator, answer: str) -> None:
    for _ in range(_OFTEN):
        await evaluator.grade(rubric=RUBRIC, answer=answer)
