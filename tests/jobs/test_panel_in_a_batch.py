"""A panel and a cascade in a run that is broken off amid an answer, and gone on with by another engine."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from service.completions import Completion, CompletionRequest
from service.grading import Usage
from service.jobs import Desk, desk_of, regrader_for, working
from service.settings import Settings
from service.store.schema import gradings
from tests.databases import with_tables
from tests.jobs.running import finish, graded, lines_of, order_of, texts, until
from tests.provider.prompts import read_prompt
from tests.provider.replies import write_reply
from tests.provider.script import Fate, Script

SMALL, OTHER, FRONTIER = "openai/small", "openai/other", "openai/frontier"
SEEDS = {SMALL: 7, OTHER: 8, FRONTIER: 9}
"""Models of other seeds grade otherwise, so that there is something to escalate."""
ANSWERS = 5
"""One piece of work, so that with one answer at a time they are graded in order."""


class Models:
    """They grade like the scripted provider, and are counted by model and answer; to what is held none ever replies."""

    def __init__(self) -> None:
        self.asked: Counter[tuple[str, str]] = Counter()
        self.held: set[tuple[str, str]] = set()

    def completer(self, *given: object, **_: object) -> "OneModel":
        """Stands for what builds a completer; the model's name is the third argument."""
        return OneModel(self, str(given[2]))


class OneModel:
    """One of them."""

    def __init__(self, models: Models, model: str) -> None:
        self.model = model
        self._models = models

    async def complete(self, request: CompletionRequest) -> Completion:
        """Reply, unless that is held."""
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        wanted = {"type": "json_schema", "json_schema": {"name": request.schema_name, "schema": request.schema}}
        prompt = read_prompt(json.dumps({"messages": messages, "response_format": wanted}).encode())
        self._models.asked[self.model, prompt.answer] += 1
        if (self.model, prompt.answer) in self._models.held:
            await asyncio.Event().wait()
        fate = Fate(None, billed=True, delay_s=0, retry_after_s=0)
        reply = json.loads(write_reply(Script(seed=SEEDS[self.model]), prompt, fate).body)
        usage = Usage(calls=1, prompt_tokens=100, completion_tokens=10, cost_usd=0.01)
        return Completion(reply["choices"][0]["message"]["content"], "stop", None, self.model, usage)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    """The models that every engine of the test asks."""
    models = Models()
    monkeypatch.setattr("service.wiring._build_completer", models.completer)
    return models


def kept_gradings(desk: Desk) -> int:
    """How many gradings the database keeps to be used again."""
    with desk.store.database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(gradings)) or 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_panel_and_a_cascade_go_on_where_they_were(
    desk: Desk, with_model: Settings, models: Models, tmp_path: Path
) -> None:
    """The member that had graded is not asked again; the result is what it would have been, also when read again."""
    arranged: dict[str, object] = {"model": SMALL, "panel_models": (OTHER,), "frontier_model": FRONTIER}
    settings = with_model.model_copy(update={**arranged, "model_concurrency": 1})
    elsewhere = settings.model_copy(update={"database_url": SecretStr(with_tables(tmp_path / "undisturbed"))})
    with desk_of(elsewhere) as other:
        graded(other, elsewhere, order_of(elsewhere, texts(2)))
        kept_of_two = kept_gradings(other)
        output = lines_of(other, graded(other, elsewhere, order_of(elsewhere, texts(ANSWERS))).run)
    undisturbed = Counter(models.asked)
    models.asked.clear()

    order, third = order_of(settings, texts(ANSWERS)), texts(3)[2]
    run = desk.submit(order.id, order.spec, order.reader).run
    models.held.add((OTHER, third))
    with working(desk, settings, grace_s=0):
        until(lambda: kept_gradings(desk) == kept_of_two + 1)
        until(lambda: models.asked[OTHER, third] == 1)
    left = desk.progress(run)
    models.held.clear()
    with working(desk, settings):
        finish(desk, run)

    lines = desk.output(run)
    verdicts = [json.loads(lines.as_json(line))["verdict"] for line in lines.each()]
    routes = {item["route"].partition(":")[0] for verdict in verdicts for item in verdict["criteria"]}
    assert (left.state, left.done) == ("running", 2)
    assert desk.progress(run).counts == {"graded": ANSWERS}
    assert routes == {"small", "frontier"}
    assert lines_of(desk, run) == output
    assert models.asked - undisturbed == Counter({(OTHER, third): 1})
    assert undisturbed - models.asked == Counter()
    assert [verdict["usage"]["from_cache"] for verdict in verdicts] == [False, False, True, False, False]
    assert {each.outcome for each in regrader_for(desk, settings, desk.get(run.id)).each()} == {"identical"}
