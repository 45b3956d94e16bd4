"""From settings to the graders of several models, and back from the specification of a run."""

from collections.abc import Iterator

import pytest

from service.batch.spec import GraderSpec
from service.errors import SettingsInvalid
from service.graders.arrangement import Arrangement
from service.graders.replay import Tape
from service.jobs.chunks import grader_spec_of, settings_with
from service.settings import Settings, load_settings
from service.wiring import arrangement_of, build_evaluator, build_replaying_evaluator
from tests.batch.runs import spec_with
from tests.graders.test_cached import Memory
from tests.provider import RunningProvider, scripted_provider
from tests.provider.asking import clients_of_this_loop

TEXT = "I start with a prompt because it is cheap, and move to RAG when the data changes every week."
MODEL = "openai/scripted"


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """A provider that answers at once."""
    with scripted_provider() as provider:
        yield provider


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"panel": 3}, id="samples"),
        pytest.param({"panel": 3, "panel_temperature": 0.0}, id="their temperature"),
        pytest.param({"panel_models": ("openai/b",)}, id="models"),
        pytest.param({"frontier_model": "openai/b"}, id="the frontier"),
        pytest.param({"frontier_model": "openai/b", "frontier_api_base": "http://x"}, id="the frontier's address"),
        pytest.param({"model_calls": "per-criterion"}, id="the calls"),
    ],
)
def test_how_models_grade_together_is_part_of_who_grades(fields: dict[str, object]) -> None:
    """Another arrangement is another grader, and a process with other settings grades a run as it was ordered."""
    alone, arranged = grader_spec_of(load_settings(model=MODEL)), grader_spec_of(load_settings(model=MODEL, **fields))
    stored = GraderSpec.model_validate_json(arranged.model_dump_json())

    again = grader_spec_of(settings_with(load_settings(model="openai/else", panel=5), spec_with(stored)))

    assert arranged.identity != alone.identity
    assert again == stored == arranged


def test_a_model_alone_is_who_it_was_before() -> None:
    """Results from before there were arrangements stay good, and a temperature that nothing uses changes nothing."""
    spec = grader_spec_of(load_settings(model=MODEL))
    before = spec.model_dump(mode="json", exclude={"arrangement"})

    unused = grader_spec_of(load_settings(model=MODEL, panel_temperature=1.0))

    assert GraderSpec.model_validate(before).identity == spec.identity == unused.identity
    assert arrangement_of(Settings(_env_file=None)) == Arrangement()


def test_only_who_can_ask_all_models_takes_the_work() -> None:
    """The queue is another with other models or addresses, and the same for another number of samples."""
    given: list[dict[str, object]] = [
        {},
        {"panel": 3},
        {"panel_models": "openai/b"},
        {"frontier_model": "openai/b"},
        {"frontier_model": "openai/b", "frontier_api_base": "http://x"},
    ]

    queues = [grader_spec_of(load_settings(model=MODEL, **fields)).queue for fields in given]

    assert queues[0] == queues[1]
    assert len(set(queues)) == 4


async def test_a_panel_and_a_frontier_grade_over_the_wire(provider: RunningProvider) -> None:
    """Two samples, and what is in doubt once more; every criterion says where its level is from."""
    settings = load_settings(
        model=MODEL,
        api_base=provider.url,
        panel=2,
        frontier_model="openai/scripted-frontier",
        frontier_api_base=provider.url,
    )
    evaluator = build_evaluator(settings)

    async with clients_of_this_loop():
        verdict = await evaluator.grade(rubric="rag-vs-fine-tuning", answer=TEXT)

    assert verdict.grader.model == MODEL
    assert verdict.usage.calls >= 2
    routes = {(item.route or "").partition(":")[0] for item in verdict.criteria}
    assert routes <= {"small", "frontier"}
    assert routes
    assert all(item.spread == 0 for item in verdict.criteria if item.status == "graded")


async def test_what_a_panel_and_a_frontier_said_can_be_read_again(provider: RunningProvider) -> None:
    """Each record is told apart by model, sample and ids, and the verdict is the same without a call."""
    settings = load_settings(
        model=MODEL,
        api_base=provider.url,
        panel=2,
        frontier_model=MODEL,
        frontier_api_base=provider.url,
        model_calls="per-criterion",
    )
    tape = Tape()

    async with clients_of_this_loop():
        verdict, records = await build_evaluator(settings).grade_recorded(rubric="rag-vs-fine-tuning", answer=TEXT)
    asked = provider.counts().requests
    tape.load(records)
    again = await build_replaying_evaluator(settings, tape).grade(rubric="rag-vs-fine-tuning", answer=TEXT)

    own = {"id", "created_at", "usage"}
    assert again.model_dump(exclude=own) == verdict.model_dump(exclude=own)
    assert (tape.strayed, tape.ended) == (False, True)
    assert provider.counts().requests == asked


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE"])
async def test_a_grading_is_not_used_again_for_another_server(
    provider: RunningProvider, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """Also where the server is one that litellm finds in the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-made-up-for-tests")
    cache = Memory()

    async def asked(server: RunningProvider) -> int:
        before = server.counts().requests
        monkeypatch.setenv(variable, server.url)
        async with clients_of_this_loop():
            await build_evaluator(load_settings(model=MODEL), cache=cache).grade(rubric="safe-isolation", answer=TEXT)
        return server.counts().requests - before

    with scripted_provider() as another:
        first, again, elsewhere = await asked(provider), await asked(provider), await asked(another)

    assert first > 0
    assert again == 0
    assert elsewhere > 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        pytest.param({"frontier_model": "nobody-knows-it"}, "EVALUATOR_FRONTIER_MODEL: 'nobody", id="frontier"),
        pytest.param({"panel_models": "nobody-knows-it"}, "EVALUATOR_PANEL_MODELS: 'nobody", id="panel"),
    ],
)
def test_every_model_is_looked_at_at_start(fields: dict[str, str], named: str) -> None:
    """The message names the variable that is wrong."""
    settings = load_settings(model=MODEL, api_base="http://127.0.0.1:1/v1", **fields)

    with pytest.raises(SettingsInvalid, match=named):
        build_evaluator(settings)
