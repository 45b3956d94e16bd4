"""Runs read again from their stored replies: bit for bit the same, or a plain word why not."""

import json
from collections import Counter
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from service.batch.regrading import Regraded, RegradeSummary
from service.jobs import Desk, regrader_for
from service.settings import Settings
from service.store import Run
from service.store.schema import results, runs
from tests.jobs.running import graded, order_of, texts
from tests.provider import RunningProvider, every_fault, scripted_provider

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FAULTS = {"missing-criterion": 0.2, "invented-quote": 0.2, "not-json": 0.1, "content-policy": 0.1, "truncated": 0.1}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-made-up-for-tests")


@pytest.fixture
def provider() -> Iterator[RunningProvider]:
    """A provider whose requests go wrong in many ways; each gets a second try at most."""
    with scripted_provider(seed=11, faults=FAULTS) as provider:
        yield provider


def asking(settings: Settings, provider: RunningProvider, **fields: object) -> Settings:
    """Settings that ask the provider."""
    return settings.model_copy(update={"api_base": provider.url, "model_attempts": 2, **fields})


def regraded(desk: Desk, settings: Settings, run: Run) -> list[Regraded]:
    """Every answer of a run, read again by somebody who has no model set."""
    return list(regrader_for(desk, settings, desk.get(run.id)).each())


def outcomes(found: list[Regraded]) -> Counter[str]:
    """How many came out how."""
    return Counter(each.outcome for each in found)


def written(desk: Desk, run: Run) -> list[bytes]:
    """The lines of output of a run."""
    output = desk.output(run)
    return [output.as_json(line) for line in output.each()]


def test_a_run_is_read_again_bit_for_bit(
    desk: Desk, offline: Settings, with_model: Settings, provider: RunningProvider
) -> None:
    """With asking again, second looks, and requests that failed in between; and no call is made."""
    settings = asking(with_model, provider)
    run = graded(desk, settings, order_of(settings, texts(24))).run
    calls = provider.counts().requests
    failed = desk.progress(run).counts.get("failed", 0)

    found = regraded(desk, offline, run)

    lines = written(desk, run)
    summary = RegradeSummary(run.id)
    for each in found:
        summary.add(each)
    verdicts = [verdict for line in lines if (verdict := json.loads(line)["verdict"])]
    assert max(verdict["usage"]["calls"] for verdict in verdicts) > 1
    assert "reask-failed" in {notice["code"] for verdict in verdicts for notice in verdict["warnings"]}
    assert failed < 12
    assert outcomes(found) == +Counter({"identical": 24 - failed, "no-replies": failed})
    assert [each.line for each in found if each.line] == [
        line for line, each in zip(lines, found, strict=True) if each.line
    ]
    assert provider.counts().requests == calls
    assert summary.all_identical == (not failed)


@sqlite_only
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"panel": 3}, id="panel"),
        pytest.param({"panel": 2, "frontier_model": "openai/frontier"}, id="cascade"),
        pytest.param({"model_calls": "per-criterion"}, id="a call for each criterion"),
    ],
)
def test_several_gradings_are_read_again(
    desk: Desk, offline: Settings, with_model: Settings, provider: RunningProvider, fields: dict[str, object]
) -> None:
    """Each model and sample from its own record, also where one of them failed."""
    settings = asking(with_model, provider, frontier_api_base=provider.url if "frontier_model" in fields else None)
    settings = settings.model_copy(update=fields)
    run = graded(desk, settings, order_of(settings, texts(6))).run
    failed = desk.progress(run).counts.get("failed", 0)

    found = regraded(desk, offline, run)

    assert failed < 6
    assert outcomes(found)["identical"] == 6 - failed


@sqlite_only
def test_what_a_stand_in_graded_is_read_again(desk: Desk, offline: Settings, with_model: Settings) -> None:
    """The model is away as it was then."""
    with scripted_provider(faults={"content-policy": 1.0}) as provider:
        settings = asking(with_model, provider, on_model_failure="fallback")
        run = graded(desk, settings, order_of(settings, texts(2))).run

    found = regraded(desk, offline, run)

    assert desk.progress(run).counts == {"degraded": 2}
    assert outcomes(found) == {"identical": 2}


@sqlite_only
def test_an_offline_run_is_graded_again(desk: Desk, offline: Settings) -> None:
    """The keyword grader is deterministic; what could not be graded is refused again."""
    run = graded(desk, offline, order_of(offline, [*texts(3), "  "])).run

    found = regraded(desk, offline, run)

    assert outcomes(found) == {"identical": 4}
    assert [each.line for each in found] == written(desk, run)


@sqlite_only
def test_what_was_taken_over_is_read_again_and_costs_nothing(
    desk: Desk, offline: Settings, with_model: Settings, provider: RunningProvider
) -> None:
    """Its replies came with it, and its lines say that it was paid for before."""
    settings = asking(with_model, provider)
    provider.set_faults({})
    first = graded(desk, settings, order_of(settings, texts(3))).run
    second = graded(desk, settings, order_of(settings, texts(3), name="other.jsonl")).run

    found = regraded(desk, offline, second)

    before = [json.loads(line)["verdict"] for line in written(desk, first)]
    after = [json.loads(line)["verdict"] for line in written(desk, second)]
    assert second.reused == 3
    assert outcomes(found) == {"identical": 3}
    assert all(verdict["usage"]["calls"] for verdict in before)
    for old, new in zip(before, after, strict=True):
        usage = new.pop("usage")
        old.pop("usage")
        assert new == old
        assert (usage["calls"], usage["cost_usd"], usage["prompt_tokens"], usage["from_cache"]) == (0, 0.0, 0, True)
    bill = desk.store.results.bill(second.n)
    assert (bill.calls, bill.cost_usd) == (0, 0.0)


@sqlite_only
def test_gradings_are_used_again_where_results_cannot(
    desk: Desk, with_model: Settings, provider: RunningProvider
) -> None:
    """Another unit of offsets is another run and another result, of the same grading; and it can be switched off."""
    settings = asking(with_model, provider)
    provider.set_faults({})
    first = graded(desk, settings, order_of(settings, texts(2))).run
    calls = [provider.counts().requests]
    order = order_of(settings, texts(2))
    utf16 = order.spec.model_copy(update={"offset_unit": "utf16"})

    second = graded(desk, settings, order._replace(id="1" * 24, spec=utf16)).run
    calls.append(provider.counts().requests)
    desk.delete(desk.get(second.id))
    off = settings.model_copy(update={"cache": False})
    graded(desk, off, order_of(off, texts(2))._replace(id="2" * 24, spec=utf16))
    calls.append(provider.counts().requests)

    assert calls[1] == calls[0] > 0
    assert calls[2] == 2 * calls[0]
    assert (first.reused, second.reused) == (0, 0)


@sqlite_only
def test_it_is_said_why_an_answer_cannot_be_read_again(
    desk: Desk, offline: Settings, with_model: Settings, provider: RunningProvider
) -> None:
    """Replies that are gone, or a program that asked otherwise; changed replies do not pass for the same."""
    settings = asking(with_model, provider)
    provider.set_faults({})
    run = graded(desk, settings, order_of(settings, texts(3))).run
    with desk.store.database.writing() as connection:
        connection.execute(sa.update(results).where(results.c.ordinal == 0).values(records=None))
        connection.execute(sa.update(results).where(results.c.ordinal == 1).values(records=b"damaged"))
        spec = json.loads(run.spec)
        spec["grader"]["reasks"] = 0
    partly = regraded(desk, offline, run)
    with desk.store.database.writing() as connection:
        spec["offset_unit"] = "utf16" if spec["offset_unit"] == "codepoint" else "codepoint"
        spec["grader"]["prompt_version"] = "0"
        spec["grader"]["model"] = "openai/other"
        connection.execute(sa.update(runs).values(spec=json.dumps(spec)))
    another = regraded(desk, offline, run)

    assert [each.outcome for each in partly] == ["no-replies", "no-replies", "identical"]
    assert [each.outcome for each in another] == ["no-replies", "no-replies", "other-version"]


@sqlite_only
def test_an_answer_without_a_verdict_is_counted(desk: Desk, offline: Settings) -> None:
    """A run that is not done has nothing to compare there."""
    order = order_of(offline, texts(2))
    run = desk.submit(order.id, order.spec, order.reader).run

    found = regraded(desk, offline, run)

    assert outcomes(found) == {"not-graded": 2}


@sqlite_only
def test_replies_take_little_room(desk: Desk, with_model: Settings, provider: RunningProvider) -> None:
    """Packed against the verdict that was read from them: about a kilobyte each."""
    settings = asking(with_model, provider)
    provider.set_faults(every_fault(0.0))
    run = graded(desk, settings, order_of(settings, texts(6))).run

    with desk.store.database.reading() as connection:
        sizes = connection.scalars(sa.select(sa.func.length(results.c.records))).all()

    assert len(sizes) == 6
    assert max(sizes) < 1_500
    assert run.total == 6
