"""What the provider was asked and what it would bill."""

import json
import time
from collections import Counter, defaultdict
from http import HTTPStatus
from pathlib import Path
from typing import Self

from service.models import Frozen
from tests.provider.prompts import Prefix, Prompt
from tests.provider.replies import Kept
from tests.provider.script import Fate

USD_PER_PROMPT_TOKEN = 1.0 / 1_000_000
USD_PER_KEPT_TOKEN = 0.1 / 1_000_000
USD_PER_COMPLETION_TOKEN = 4.0 / 1_000_000
"""Made up: a dollar for a million tokens read, a tenth of it where they were kept, four for a million written."""


class Counts(Frozen):
    """A moment's counts. Keys of prompts are digests without the fence's mark; see `tests.provider.prompts`.

    A request counts once all of it has arrived. It is billed then, if tokens will be produced, whether or not the
    client stays to read them; `abandoned` are those whose client left first. `by_fault` counts attempts that met one,
    `faults_by_answer` the same for each answer. `billed_by_prompt` above 1 is a prompt paid for more than once;
    `billed_by_answer` adds up all prompts with the same answer in them, complaints included.
    """

    requests: int
    replied: int
    """Whole replies that were sent, of whatever status."""
    answered: int
    """Those with status 200."""
    abandoned: int
    not_understood: int
    refused: int
    """Requests for a feature that the script refuses; they are no attempts."""
    in_flight: int
    in_flight_peak: int
    distinct_prompts: int
    by_fault: dict[str, int]
    faults_by_answer: dict[str, dict[str, int]]
    replied_by_answer: dict[str, int]
    billed: int
    billed_prompt_tokens: int
    billed_kept_tokens: int
    """Those of the prompts that had been kept from a request before."""
    billed_completion_tokens: int
    billed_usd: float
    billed_by_prompt: dict[str, int]
    billed_by_answer: dict[str, int]


class Tally:
    """Counts, and writes a line of JSON for each billed call where there is a log; it holds digests only."""

    def __init__(self, log: Path | None = None) -> None:
        self._log = log.open("a", encoding="utf-8", buffering=1) if log else None  # each line is out at once
        self.in_flight = 0
        self.reset()

    def reset(self) -> None:
        """Begin at zero; what is in flight stays."""
        self.in_flight_peak = self.in_flight
        self.requests = self.answered = self.abandoned = self.not_understood = self.refused = 0
        self.attempts: Counter[str] = Counter()
        self.faults: Counter[tuple[str, str]] = Counter()
        self.replied: Counter[str] = Counter()
        self.kept: set[Prefix] = set()
        self.prompt_tokens = self.kept_tokens = self.completion_tokens = 0
        self.by_prompt: Counter[str] = Counter()
        self.by_answer: Counter[str] = Counter()

    def arrived(self) -> None:
        """A request is in."""
        self.requests += 1
        self.in_flight += 1
        self.in_flight_peak = max(self.in_flight_peak, self.in_flight)

    def attempt(self, prompt: Prompt) -> int:
        """The number of this attempt at a prompt, from 1."""
        self.attempts[prompt.key] += 1
        return self.attempts[prompt.key]

    def meet(self, prompt: Prompt, fault: str) -> None:
        """A fault meets an attempt."""
        self.faults[prompt.answer_key, fault] += 1

    def reply(self, answer_key: str, status: int) -> None:
        """A whole reply goes out."""
        self.replied[answer_key] += 1
        self.answered += status == HTTPStatus.OK

    def keep(self, prompt: Prompt) -> Kept:
        """Find the longest beginning of a prompt that is kept, and keep all of them from now on."""
        read = max((prefix.tokens for prefix in prompt.prefixes if prefix in self.kept), default=0)
        self.kept.update(prompt.prefixes)
        longest = prompt.prefixes[-1].tokens if prompt.prefixes else 0
        return Kept(read=read, created=longest - read)

    def bill(self, prompt: Prompt, fate: Fate, kept: Kept, completion_tokens: int) -> None:
        """Charge for a completion."""
        self.prompt_tokens += prompt.tokens
        self.kept_tokens += kept.read
        self.completion_tokens += completion_tokens
        self.by_prompt[prompt.key] += 1
        self.by_answer[prompt.answer_key] += 1
        if self._log:
            line = {
                "time": time.time(),
                "key": prompt.key,
                "answer": prompt.answer_key,
                "complaint": bool(prompt.complaint),
                "fault": fate.fault,
                "prompt_tokens": prompt.tokens,
                "completion_tokens": completion_tokens,
            }
            self._log.write(json.dumps(line) + "\n")

    def counts(self) -> Counts:
        """The counts so far."""
        by_fault: Counter[str] = Counter()
        by_answer: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for (answer_key, fault), times in self.faults.items():
            by_fault[fault] += times
            by_answer[answer_key][fault] = times
        fresh = self.prompt_tokens - self.kept_tokens
        return Counts(
            requests=self.requests,
            replied=self.replied.total(),
            answered=self.answered,
            abandoned=self.abandoned,
            not_understood=self.not_understood,
            refused=self.refused,
            in_flight=self.in_flight,
            in_flight_peak=self.in_flight_peak,
            distinct_prompts=len(self.attempts),
            by_fault=dict(by_fault),
            faults_by_answer=dict(by_answer),
            replied_by_answer=dict(self.replied),
            billed=self.by_prompt.total(),
            billed_prompt_tokens=self.prompt_tokens,
            billed_kept_tokens=self.kept_tokens,
            billed_completion_tokens=self.completion_tokens,
            billed_usd=fresh * USD_PER_PROMPT_TOKEN
            + self.kept_tokens * USD_PER_KEPT_TOKEN
            + self.completion_tokens * USD_PER_COMPLETION_TOKEN,
            billed_by_prompt=dict(self.by_prompt),
            billed_by_answer=dict(self.by_answer),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._log:
            self._log.close()
