"""Runs that were left in a state nobody is at: each is seen to, or can be gone on with."""

import pytest

from service.errors import AnswersInvalid, StoreUnavailable
from service.jobs import Desk, working
from service.settings import Settings
from service.store import Results
from tests.jobs.running import finish, graded, order_of, texts, until
from tests.jobs.scripted import ScriptedModel


def test_a_run_that_was_not_read_to_its_end_is_read_by_the_same_command(desk: Desk, offline: Settings) -> None:
    """Whatever was tried with it in between."""
    order = order_of(offline, texts(3))
    begun = desk.store.runs.create(order.id, owner="", spec=order.spec.model_dump_json())
    desk.cancel(begun)
    with pytest.raises(AnswersInvalid, match="not all read"):
        desk.again(desk.get(order.id))

    submitted = desk.submit(order.id, order.spec, order.reader)
    with working(desk, offline):
        finish(desk, submitted.run)

    assert desk.progress(submitted.run).counts == {"graded": 3}


def test_a_finished_run_with_holes_is_filled(desk: Desk, offline: Settings) -> None:
    """As after a kill between taking failures out and beginning anew."""
    run = graded(desk, offline, order_of(offline, texts(3))).run
    desk.store.results.withdraw_passing(run, [])
    with desk.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM evaluator_results WHERE ordinal = 1")
        connection.exec_driver_sql("UPDATE evaluator_tallies SET results = 2")

    again = desk.again(desk.get(run.id))
    with working(desk, offline):
        finish(desk, again.run)

    assert [line.ordinal for line in desk.output(run).ready(0)] == [0, 1, 2]


def test_a_run_that_was_begun_and_not_handed_over_is_handed_over(
    desk: Desk, offline: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that died in between leaves it to any engine that looks."""
    monkeypatch.setattr("service.jobs.engine._LOOK_AFTER_EVERY_S", 0.0)
    order = order_of(offline, texts(3))
    with monkeypatch.context() as died:
        died.setattr(desk.control, "submit", lambda _: None)
        run = desk.submit(order.id, order.spec, order.reader).run

    with working(desk, offline):
        until(lambda: desk.progress(run).state == "finished")

    assert desk.progress(run).counts == {"graded": 3}


def test_a_run_whose_beginning_broke_off_keeps_its_budget(
    desk: Desk, with_model: Settings, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hands it over to the engines does not know of a limit that is not noted."""
    order = order_of(with_model, texts(3))
    with monkeypatch.context() as died:
        died.setattr(desk.store.budgets, "grant", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            desk.submit(order.id, order.spec, order.reader, budget_usd=0.25)

    progress = desk.progress(desk.get(order.id))

    assert progress.state == "running"
    assert progress.budget is not None
    assert progress.budget.limit_usd == 0.25


def test_a_budget_for_a_run_under_way_counts_what_it_has_cost(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Even if it began without one."""
    order = order_of(with_model, texts(3))
    run = graded(desk, with_model, order).run
    with desk.store.database.writing() as connection:
        connection.exec_driver_sql("UPDATE evaluator_runs SET state = 'running'")
        connection.exec_driver_sql("DELETE FROM evaluator_budgets")
    run = desk.get(run.id)._replace(attempt=2)
    desk.control.submit(run)

    desk.resume(run, budget_usd=5.0)

    budget = desk.store.budgets.of(run.n)
    assert len(model.calls) == 3
    assert budget is not None
    assert (budget.limit_usd, budget.spent_usd) == (5.0, 0.03)


def test_a_failed_start_can_be_tried_again(desk: Desk, offline: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine leaves nothing of itself behind."""
    with monkeypatch.context() as broken:
        broken.setattr("dbos.DBOS.launch", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError), working(desk, offline):
            pass

    submitted = graded(desk, offline, order_of(offline, texts(2)))

    assert desk.progress(submitted.run).counts == {"graded": 2}


def test_an_answer_that_breaks_the_program_fails_alone(
    desk: Desk, offline: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is tried again with the next command, when the program may be mended."""
    order = order_of(offline, texts(4))
    with monkeypatch.context() as broken:
        broken.setattr("service.jobs.chunks.grade_stored", _failing_for("a1"))
        run = graded(desk, offline, order).run
    first = desk.progress(run).counts

    again = desk.again(desk.get(run.id))
    with working(desk, offline):
        finish(desk, again.run)

    assert first == {"graded": 3, "failed": 1}
    assert again.again == 1
    assert desk.progress(run).counts == {"graded": 4}


def _failing_for(answer_id: str) -> object:
    from service.batch.grading import grade_stored

    async def grade(evaluator: object, spec: object, answer: object, *others: object, **named: object) -> object:
        if answer.submission.id == answer_id:  # type: ignore[attr-defined]
            raise ValueError("what the candidate said")
        return await grade_stored(evaluator, spec, answer, *others, **named)  # type: ignore[arg-type]

    return grade


def test_a_full_disk_stops_a_piece_with_a_model(
    desk: Desk, with_model: Settings, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked and paid for again and again."""
    order = order_of(with_model, texts(3))

    def full(*_: object) -> None:
        raise StoreUnavailable("The disk is full.", passing=False)

    monkeypatch.setattr(Results, "save", full)
    run = desk.submit(order.id, order.spec, order.reader).run
    with working(desk, with_model, grace_s=0) as engine:
        until(lambda: engine.trouble is not None and desk.progress(run).state == "failed")

    assert len(model.calls) <= 3
