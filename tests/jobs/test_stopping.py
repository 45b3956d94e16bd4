"""Runs that are cancelled, deleted, or left behind by an engine, and what becomes of them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from service.errors import RunNotFound, SettingsInvalid
from service.jobs import Desk, Engine, Submitted, desk_of, working
from service.settings import Settings
from tests.databases import closed, postgres_database
from tests.jobs.running import finish, graded, lines_of, order_of, rows_with, settings_of, texts, until
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
        until(lambda: not desk.control.is_under_way(submitted.run) and model.waited_for == 0)
        model.replying.set()
        stopped = desk.progress(submitted.run)
        kept = lines_of(desk, submitted.run)

    calls = len(model.calls)
    again = graded(desk, with_model, order_of(with_model, texts(30)))

    assert stopped.state == "cancelled"
    assert 0 < stopped.done < 30
    assert calls <= 15, "a piece was begun after the run was cancelled"
    assert (again.new, again.run.id, again.run.attempt) == (False, submitted.run.id, 2)
    assert desk.progress(submitted.run).counts == {"graded": 30}
    assert set(model.calls) == set(texts(30))
    assert len(model.calls) <= 30 + 2 * CONCURRENCY
    assert lines_of(desk, submitted.run)[: len(kept)] == kept


@sqlite_only
def test_a_run_is_cancelled_even_if_whoever_does_it_dies_over_it(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Before the engine is told; the pieces that wait cost nothing more."""
    with in_the_middle(desk, with_model, model) as submitted:
        desk.store.runs.cancel(submitted.run)
        model.replying.set()
        until(lambda: not desk.control.is_under_way(submitted.run))

    progress = desk.progress(submitted.run)
    assert progress.state == "cancelled"
    assert progress.done == len(model.calls) <= 15


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


@contextmanager
def stopping(engine: Engine) -> Iterator[None]:
    """An engine that stops, with all the time it wants; it has stopped when the context ends."""
    thread = threading.Thread(target=engine.stop, kwargs={"grace_s": 3_600}, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()


@sqlite_only
def test_an_engine_that_stops_ends_what_it_has_begun_and_begins_nothing(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Of six pieces it does the three that it has, and is not kept by those that wait."""
    order = order_of(with_model, texts(30))
    run = desk.submit(order.id, order.spec, order.reader).run
    model.replying.clear()
    engine = Engine(desk.store, desk.control, with_model)
    engine.start()
    until(lambda: len(desk.control._client.list_workflows(name="chunk", status="PENDING", load_input=False)) == 3)

    with stopping(engine):
        until(lambda: not any(each.name.startswith("queue-worker-") for each in threading.enumerate()))
        model.replying.set()

    assert desk.progress(run).counts == {"graded": 15}
    assert len(model.calls) == 15
    with working(desk, with_model):
        finish(desk, run)
    assert desk.progress(run).counts == {"graded": 30}
    assert len(model.calls) == 30


@sqlite_only
def test_an_engine_that_stops_notes_the_end_of_a_run_whose_last_piece_it_has(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Nothing is left to do for the next one."""
    order = order_of(with_model, texts(3))
    run = desk.submit(order.id, order.spec, order.reader).run
    model.replying.clear()
    engine = Engine(desk.store, desk.control, with_model)
    engine.start()
    until(lambda: len(model.calls) == 3)

    with stopping(engine):
        model.replying.set()

    assert desk.progress(run).state == "finished"


@sqlite_only
def test_an_engine_that_stops_does_not_wait_for_a_receiver_that_is_away(
    desk: Desk, offline: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """The next try may be hours ahead."""
    order = order_of(offline, texts(2))
    spec = order.spec.model_copy(
        update={
            "webhook_url": "http://127.0.0.1:1/",
            "webhook_secret": "whsec_c2VjcmV0IG9mIHRlc3RzIG9ubHksIDI0IGJ5dGVz",
        }
    )
    run = desk.submit(order.id, spec, order.reader).run
    engine = Engine(desk.store, desk.control, offline.model_copy(update={"webhooks_allow_private": True}))
    engine.start()
    finish(desk, run)
    until(lambda: "was not delivered" in caplog.text)

    with stopping(engine):
        pass

    assert desk.control._client.list_workflows(name="webhook", status="PENDING", load_input=False) != []


def test_an_engine_stops_while_its_database_is_away() -> None:
    """It need not come back; nothing is lost, for what was begun is taken over by whoever comes next."""
    with postgres_database() as url, desk_of(settings := settings_of(url)) as desk:
        engine = Engine(desk.store, desk.control, settings, guard_every_s=0.01)
        engine.start()

        with closed(url), stopping(engine):
            pass

        assert desk.list() == []


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
