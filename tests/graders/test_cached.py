"""Gradings that are used again: what is the same, what has to be asked anew, and what is never kept."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue

from service.answer import Answer, Scope, parse_answer
from service.completions import Completion
from service.errors import GraderUnavailable, StoreUnavailable
from service.evaluator import Evaluator
from service.graders.cached import CachedGrader, is_whole
from service.graders.llm import LLMGrader, LLMOptions
from service.grading import FROM_CACHE, Grading, Usage
from service.rubric import Catalog, Rubric
from tests.completions.scripted import ScriptedCompleter, completion
from tests.replies.bicycle import FIXTURES, TEXT, reply, reply_of, tiny

PARAMETERS: dict[str, JsonValue] = {"model": "scripted/model", "prompt_version": "2", "sample": 0}
INVENTED = {"evidence": ["I use a chain bath with solvent"]}
AWAY = GraderUnavailable("The model is away.", reason="away")


class Memory:
    """A cache in memory, through JSON as a database would keep it."""

    def __init__(self) -> None:
        self.kept: dict[tuple[bytes, bytes], str] = {}
        self.runs: list[int | None] = []

    async def get(self, key: bytes, context: bytes) -> Grading | None:
        """What was kept under both."""
        kept = self.kept.get((key, context))
        return None if kept is None else Grading.model_validate_json(kept)

    async def put(self, key: bytes, grading: Grading, context: bytes, *, run_n: int | None) -> None:
        """Keep it, and note the run."""
        self.kept[key, context] = grading.model_dump_json()
        self.runs.append(run_n)


class Broken:
    """A cache whose database is away."""

    async def get(self, *_: object) -> Grading | None:
        """Raise StoreUnavailable."""
        raise StoreUnavailable("It is away.")

    async def put(self, *_: object, **__: object) -> None:
        """Raise StoreUnavailable."""
        raise StoreUnavailable("It is away.")


def cached(
    completer: ScriptedCompleter, cache: Memory | Broken, parameters: dict[str, JsonValue] | None = None
) -> CachedGrader:
    """The LLM grader behind a cache."""
    return CachedGrader(LLMGrader(completer, LLMOptions(max_reasks=1)), cache, parameters or PARAMETERS)


async def test_the_second_verdict_costs_nothing_and_is_the_first() -> None:
    """Byte for byte, but for its id, when it was made and what it took."""
    completer = ScriptedCompleter(reply())
    grader = cached(completer, Memory())
    evaluator = Evaluator(catalog=Catalog(FIXTURES / "rubrics"), grader=grader)

    first = await evaluator.grade(rubric=tiny(), answer=TEXT)
    second = await evaluator.grade(rubric=tiny(), answer=TEXT)

    assert len(completer.sent) == 1
    own = {"id", "created_at", "usage"}
    assert second.model_dump_json(exclude=own) == first.model_dump_json(exclude=own)
    assert (first.usage.calls, first.usage.from_cache) == (1, False)
    assert second.usage.model_copy(update={"seconds": 0.0}) == FROM_CACHE
    assert (second.usage.calls, second.usage.cost_usd, second.usage.prompt_tokens) == (0, 0.0, 0)


async def test_a_cached_grading_brings_what_it_was_read_from() -> None:
    """So that a verdict made of it can be read again like any other."""
    grader = cached(ScriptedCompleter(reply()), Memory())

    first = await grader.grade(tiny(), parse_answer(TEXT))
    second = await grader.grade(tiny(), parse_answer(TEXT))

    assert second.records == first.records
    assert len(second.records[0].exchanges) == 1


def _another_rubric() -> Rubric:
    return Rubric.model_validate(tiny().model_dump(by_alias=True) | {"title": "Another title"})


@pytest.mark.parametrize(
    ("parameters", "rubric", "answer", "only"),
    [
        pytest.param({"model": "scripted/other"}, tiny, parse_answer(TEXT), None, id="another model"),
        pytest.param({"prompt_version": "3"}, tiny, parse_answer(TEXT), None, id="another prompt"),
        pytest.param({"sample": 1}, tiny, parse_answer(TEXT), None, id="another sample"),
        pytest.param({"temperature": 0.7}, tiny, parse_answer(TEXT), None, id="another parameter"),
        pytest.param({}, _another_rubric, parse_answer(TEXT), None, id="another rubric"),
        pytest.param({}, tiny, parse_answer(TEXT + " "), None, id="another answer"),
        pytest.param({}, tiny, parse_answer(TEXT, question="And why?"), None, id="another question"),
        pytest.param({}, tiny, parse_answer(TEXT, scope=Scope(owner="b")), None, id="another owner"),
        pytest.param({}, tiny, parse_answer(TEXT), ("oiling",), id="only a part"),
    ],
)
async def test_what_a_grading_depends_on_makes_it_another(
    parameters: dict[str, JsonValue], rubric: Callable[[], Rubric], answer: Answer, only: tuple[str, ...] | None
) -> None:
    """The model is asked again."""
    cache = Memory()
    completer = ScriptedCompleter(reply(), reply() if only is None else reply_of(*only))
    await cached(completer, cache).grade(tiny(), parse_answer(TEXT))

    grading = await cached(completer, cache, {**PARAMETERS, **parameters}).grade(rubric(), answer, only)

    assert len(completer.sent) == 2
    assert len(cache.kept) == 2
    assert not grading.usage.from_cache


async def test_ids_metadata_and_runs_make_no_difference() -> None:
    """A grading depends on none of them; a run is noted with what was made for it."""
    cache = Memory()
    completer = ScriptedCompleter(reply())
    await cached(completer, cache).grade(tiny(), parse_answer(TEXT, scope=Scope(run_n=7)))

    again = await cached(completer, cache).grade(tiny(), parse_answer(TEXT, answer_id="a", metadata={"round": 2}))

    assert again.usage == FROM_CACHE
    assert cache.runs == [7]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([reply(oiling=INVENTED), reply_of("oiling", oiling=INVENTED)], id="something ungraded"),
        pytest.param([reply(oiling=INVENTED), AWAY], id="a failed request"),
        pytest.param([completion("", refusal="No.")], id="refused"),
    ],
)
async def test_what_another_try_may_better_is_not_kept(lines: list[str | Completion | Exception]) -> None:
    """Whoever asks again has it graded again."""
    cache = Memory()

    await cached(ScriptedCompleter(*lines), cache).grade(tiny(), parse_answer(TEXT))

    assert cache.kept == {}


async def test_a_grading_that_took_another_try_is_kept() -> None:
    """In the end it is whole."""
    cache = Memory()
    completer = ScriptedCompleter(reply(oiling=INVENTED), reply_of("oiling"))

    grading = await cached(completer, cache).grade(tiny(), parse_answer(TEXT))

    assert is_whole(grading)
    assert len(cache.kept) == 1


async def test_a_failure_is_passed_on_and_not_kept() -> None:
    """The model may be back at the next try."""
    cache = Memory()
    completer = ScriptedCompleter(AWAY, reply())
    grader = cached(completer, cache)
    with pytest.raises(GraderUnavailable, match="away"):
        await grader.grade(tiny(), parse_answer(TEXT))

    grading = await grader.grade(tiny(), parse_answer(TEXT))

    assert grading.usage.calls == 1


async def test_a_cache_that_is_away_costs_a_call_and_not_the_verdict(caplog: pytest.LogCaptureFixture) -> None:
    """It is said in the log."""
    grading = await cached(ScriptedCompleter(reply()), Broken()).grade(tiny(), parse_answer(TEXT))

    assert grading.usage.calls == 1
    assert len(caplog.records) == 2


def test_what_is_from_the_cache_adds_up() -> None:
    """A known nothing beside what was paid; an unknown price stays unknown."""
    paid = Usage(calls=1, prompt_tokens=10, cost_usd=0.02)

    assert FROM_CACHE + FROM_CACHE == FROM_CACHE
    assert (FROM_CACHE + paid).cost_usd == 0.02
    assert (FROM_CACHE + paid).calls == 1
    assert (FROM_CACHE + Usage(calls=1)).cost_usd is None
