"""Runs that are cancelled, deleted, or left behind by an engine, and what becomes of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from service.errors import RunNotFound, SettingsInvalid
from service.jobs import Desk, Engine, Submitted, working
from service.settings import Settings
from tests.jobs.running import finish, graded, lines_of, order_of, settings_of, texts, until
from tests.jobs.scripted import ScriptedModel

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CONCURRENCY = 4


@contextmanager
def in_the_middle(desk: Desk, settings: Settings, model: ScriptedModel, number: int = 30) -> Iterator[Submitted]:
    """A run of which some answers are graded, and as many as may be are being asked about; then replies stop."""
    order = order_of(settings, texts(number))
    submitted = desk.submit(order.id, order.spec, order.reader)
    asked = len(model.calls)
    model.replies_left = 3
    with working(desk, settings, grace_s=0):
        until(lambda: desk.progress(submitted.run).done == submitted.run.reused + 3)
        until(lambda: len(model.calls) == asked + 3 + CONCURRENCY)
        yield submitted
    model.replying.set()  # not before: an engine that stops must not be taking up the next piece


def test_cancel_stops_the_calls_and_resume_goes_on(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """What was graded stays, what was under way is asked again, and in the end every answer has its result."""
    with in_the_middle(desk, with_model, model) as submitted:
        desk.cancel(submitted.run)
        until(lambda: not desk.control.is_under_way(submitted.run))
        before = len(model.calls)
        model.replying.set()
        stopped = desk.progress(submitted.run)
        kept = lines_of(desk, submitted.run)

    calls_after_cancel = len(model.calls) - before
    again = graded(desk, with_model, order_of(with_model, texts(30)))

    assert stopped.state == "cancelled"
    assert 0 < stopped.done < 30
    assert calls_after_cancel <= CONCURRENCY
    assert (again.new, again.run.id, again.run.attempt) == (False, submitted.run.id, 2)
    assert desk.progress(submitted.run).counts == {"graded": 30}
    assert set(model.calls) == set(texts(30))
    assert len(model.calls) <= 30 + 2 * CONCURRENCY
    assert lines_of(desk, submitted.run)[: len(kept)] == kept


@sqlite_only
def test_a_cancelled_run_is_gone_on_with_only_when_it_is_asked_for(desk: Desk, offline: Settings) -> None:
    """Another engine leaves it alone."""
    order = order_of(offline, texts(3))
    cancelled = desk.submit(order.id, order.spec, order.reader)
    desk.cancel(cancelled.run)

    other = graded(desk, offline, order_of(offline, texts(4), name="others.jsonl"))

    assert desk.progress(other.run).state == "finished"
    assert (desk.progress(cancelled.run).state, desk.progress(cancelled.run).done) == ("cancelled", 0)
    assert desk.resume(desk.get(cancelled.run.id)) == 0
    with working(desk, offline):
        finish(desk, cancelled.run)
    assert desk.progress(cancelled.run).counts == {"graded": 3}


def rows_with(desk: Desk, trace: str) -> list[str]:
    """The tables, of ours and of the engine's, that hold a trace in any row."""
    with desk.store.database.reading() as connection:
        inspector = sa.inspect(connection)
        schemas = [None] if desk.store.database.path is not None else inspector.get_schema_names()
        places = [(schema, table) for schema in schemas for table in inspector.get_table_names(schema)]
        found = []
        for schema, table in places:
            if schema in {"information_schema", "pg_catalog"}:
                continue
            rows = connection.execute(sa.select(sa.text("*")).select_from(sa.table(table, schema=schema))).all()
            if any(trace in repr(tuple(row)) for row in rows):
                found.append(table)
    return sorted(set(found))


def test_deleting_a_run_that_is_under_way_leaves_nothing_of_it(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Late replies are dropped, the engine keeps no trace, and goes on with other runs."""
    with in_the_middle(desk, with_model, model) as submitted:
        traces = rows_with(desk, submitted.run.id)
        other = order_of(with_model, texts(2, first=100), name="others.jsonl")
        next_run = desk.submit(other.id, other.spec, other.reader)
        desk.delete(submitted.run)
        model.replying.set()
        finish(desk, next_run.run)

    assert {"evaluator_runs", "workflow_status"} <= set(traces)
    assert rows_with(desk, submitted.run.id) == []
    assert [run.id for run in desk.list()] == [next_run.run.id]
    assert desk.progress(next_run.run).counts == {"graded": 2}
    with pytest.raises(RunNotFound):
        desk.progress(submitted.run)


def test_what_an_engine_leaves_the_next_one_takes(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """No answer is lost or graded twice, and only the calls that were under way are made again."""
    with in_the_middle(desk, with_model, model) as submitted:
        pass
    left = desk.progress(submitted.run)
    calls = len(model.calls)

    with working(desk, with_model):
        finish(desk, submitted.run)

    lines = lines_of(desk, submitted.run)
    assert left.state == "running"
    assert left.done < 30
    assert [line["id"] for line in lines] == [f"a{place}" for place in range(30)]
    assert desk.progress(submitted.run).counts == {"graded": 30}
    assert len(model.calls) - calls == 30 - left.done
    assert calls - left.done <= CONCURRENCY


@sqlite_only
def test_an_engine_finishes_what_it_can_before_it_stops(desk: Desk, offline: Settings) -> None:
    """Within its grace."""
    order = order_of(offline, texts(60))
    submitted = desk.submit(order.id, order.spec, order.reader)

    with working(desk, offline, grace_s=20):
        until(lambda: desk.control._client.list_workflows(status="PENDING", load_input=False) != [])

    assert desk.progress(submitted.run).counts == {"graded": 60}


@sqlite_only
def test_a_run_of_another_model_is_left_to_those_who_have_it(
    desk: Desk, offline: Settings, with_model: Settings, model: ScriptedModel
) -> None:
    """An engine without it grades none of its answers, and works at what it can."""
    theirs = order_of(with_model, texts(6))
    waiting = desk.submit(theirs.id, theirs.spec, theirs.reader)
    mine = order_of(offline, texts(6))
    own = desk.submit(mine.id, mine.spec, mine.reader)

    with working(desk, offline, grace_s=0):
        finish(desk, own.run)
        until(lambda: desk.control._client.list_workflows(name="run", status="ENQUEUED", load_input=False) != [])
    untouched = desk.progress(waiting.run)
    with working(desk, with_model):
        finish(desk, waiting.run)

    assert (untouched.state, untouched.done) == ("running", 0)
    assert desk.progress(waiting.run).counts == {"graded": 6}
    assert sorted(model.calls) == sorted(texts(6))


@sqlite_only
def test_an_engine_with_a_model_does_offline_runs_too(
    desk: Desk, offline: Settings, with_model: Settings, model: ScriptedModel
) -> None:
    """By the keyword grader, without a call."""
    order = order_of(offline, texts(4))
    submitted = desk.submit(order.id, order.spec, order.reader)

    with working(desk, with_model):
        finish(desk, submitted.run)

    assert desk.progress(submitted.run).counts == {"graded": 4}
    assert model.calls == []


@sqlite_only
def test_a_model_that_cannot_be_asked_is_found_out_at_the_start(desk: Desk, database_url: str) -> None:
    """Before any piece of work is taken; and the engine can be started with another afterwards."""
    settings = settings_of(database_url, model="anthropic/claude-sonnet-4-5")
    engine = Engine(desk.store, desk.control, settings)

    with pytest.raises(SettingsInvalid, match="ANTHROPIC_API_KEY"):
        engine.start()

    offline = settings_of(database_url)
    assert desk.progress(graded(desk, offline, order_of(offline, texts(2))).run).state == "finished"


@sqlite_only
def test_progress_foretells_the_end(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """From what was done since the start; what was taken over says nothing of the speed."""
    graded(desk, with_model, order_of(with_model, texts(10)))
    with in_the_middle(desk, with_model, model, 40) as submitted:
        progress = desk.progress(submitted.run)

        assert submitted.run.reused == 10
        assert progress.rate is not None
        assert progress.rate > 0
        assert progress.eta_s == pytest.approx((40 - progress.done) / progress.rate)
