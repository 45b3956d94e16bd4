"""A model without sockets, for engines in the test's own process: it grades like the scripted provider."""

import asyncio
import json
import threading

from service.completions import Completion, CompletionRequest
from service.errors import GraderUnavailable
from service.evaluator import Evaluator
from service.graders.keyword import KeywordGrader
from service.graders.llm import LLMGrader, LLMOptions
from service.grading import Usage
from service.rubric import Catalog
from service.settings import Settings
from service.store import Store
from service.wiring import build_evaluator
from tests.provider.prompts import read_prompt
from tests.provider.replies import write_reply
from tests.provider.script import Fate, Script


class ScriptedModel:
    """Counts its calls by answer; `away` for some answers or for all.

    `waited_for` is how many replies are being waited for. It holds its replies back while `replying` is not set, and
    clears that by itself after `replies_left` of them.
    """

    model = "openai/scripted"

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.waited_for = 0
        self.away = False
        self.away_for: set[str] = set()
        self.replying = threading.Event()
        self.replying.set()
        self.replies_left: int | None = None

    async def complete(self, request: CompletionRequest) -> Completion:
        """Reply, when replies are not held back."""
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        wanted = {"type": "json_schema", "json_schema": {"name": request.schema_name, "schema": request.schema}}
        prompt = read_prompt(json.dumps({"messages": messages, "response_format": wanted}).encode())
        self.calls.append(prompt.answer)
        self.waited_for += 1
        try:
            while not self.replying.is_set():  # noqa: ASYNC110 - the test sets it, on another thread
                await asyncio.sleep(0.01)
        finally:
            self.waited_for -= 1
        if self.replies_left is not None:
            self.replies_left -= 1
            if self.replies_left == 0:
                self.replying.clear()
                self.replies_left = None
        if self.away or prompt.answer in self.away_for:
            raise GraderUnavailable("The model is away.", reason="away", retry_after=1.0)
        reply = json.loads(
            write_reply(Script(seed=7), prompt, Fate(None, billed=True, delay_s=0, retry_after_s=0)).body
        )
        usage = Usage(calls=1, prompt_tokens=100, completion_tokens=10, cost_usd=0.01)
        return Completion(reply["choices"][0]["message"]["content"], "stop", None, "scripted", usage)

    def evaluator(self, settings: Settings, *, store: Store | None = None) -> Evaluator:
        """Stands for `build_evaluator`, with this model where one is asked for."""
        if settings.model is None:
            return build_evaluator(settings, store=store)
        return Evaluator(
            catalog=Catalog(settings.rubrics_dir),
            grader=LLMGrader(self, LLMOptions(max_reasks=settings.model_reasks)),
            fallback=KeywordGrader(),
            on_model_failure=settings.on_model_failure,
            max_answer_bytes=settings.max_answer_bytes,
        )
