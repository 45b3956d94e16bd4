"""A run from submitting it to its end, again, and with something changed."""

import asyncio

import pytest

import service
from service.errors import AnswersInvalid, GradingError, RunNotFound, SettingsInvalid
from service.evaluator import Evaluator
from service.jobs import Desk, desk_of, order_for, working
from service.jobs.desk import Submissions
from service.rubric import Catalog, Rubric
from service.settings import Settings
from tests.databases import sqlite_url
from tests.jobs.running import RAG, finish, graded, lines_of, order_of, settings_of, texts, until
from tests.jobs.scripted import ScriptedModel

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what has nothing to do with the database."""


def changed(rubric: Rubric) -> Rubric:
    """The same rubric, one word different."""
    return Rubric.model_validate(rubric.model_dump(by_alias=True) | {"title": "Another title"})


def test_an_offline_run_goes_to_its_end(desk: Desk, offline: Settings) -> None:
    """Every answer has the verdict that it has by itself, in order; the run again costs nothing."""
    answers = [*texts(120), "  "]
    order = order_of(offline, answers)

    first = graded(desk, offline, order)
    again = desk.submit(order.id, order.spec, order.reader)

    progress = desk.progress(first.run)
    lines = lines_of(desk, first.run)
    assert (first.new, first.again, first.changes) == (True, 0, ())
    assert (again.new, again.again, again.run.id, again.run.state) == (False, 0, first.run.id, "finished")
    assert (progress.state, progress.total, progress.done) == ("finished", 121, 121)
    assert progress.counts == {"graded": 120, "failed": 1}
    assert progress.rate is not None
    assert progress.rate > 0
    assert progress.eta_s is None
    assert [line["id"] for line in lines] == [f"a{place}" for place in range(121)]
    alone = asyncio.run(service.build_evaluator(offline).grade(rubric=RAG, answer=answers[7], answer_id="a7"))
    expected = alone.model_dump(mode="json", exclude={"created_at", "usage", "id"})
    verdict = lines[7]["verdict"]
    assert isinstance(verdict, dict)
    assert {name: value for name, value in verdict.items() if name != "id"} == expected
    assert desk.summary(first.run).answers == 121


def test_a_run_with_a_model_asks_once_for_each_answer(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """And what is changed afterwards is graded again, and nothing else."""
    answers = texts(24)
    order = order_of(with_model, answers)

    first = graded(desk, with_model, order)
    calls = [sorted(model.calls)]
    graded(desk, with_model, order_of(with_model, answers))
    calls.append(sorted(model.calls))
    one_changed = graded(desk, with_model, order_of(with_model, [*answers[:5], "I do not know yet.", *answers[6:]]))
    calls.append(sorted(model.calls))

    assert calls[0] == calls[1] == sorted(answers)
    assert calls[2] == sorted([*answers, "I do not know yet."])
    assert (first.run.reused, one_changed.run.reused) == (0, 23)
    assert desk.store.results.bill(first.run.n).calls == 24
    assert desk.store.results.bill(one_changed.run.n).calls == 1
    before, after = lines_of(desk, first.run), lines_of(desk, one_changed.run)
    assert [place for place in range(24) if before[place] != after[place]] == [5]


def test_another_rubric_or_model_grades_all_of_it_again_and_says_so(
    desk: Desk, with_model: Settings, model: ScriptedModel, rubric: Rubric
) -> None:
    """Each is another scale."""
    answers = texts(6)
    other = with_model.model_copy(update={"model": "openai/another"})
    first = graded(desk, with_model, order_of(with_model, answers))

    by_rubric = graded(desk, with_model, order_of(with_model, answers, rubric=changed(rubric)))
    by_model = graded(desk, other, order_of(other, answers, rubric=changed(rubric)))

    assert len(model.calls) == 18
    assert by_rubric.run.reused == by_model.run.reused == 0
    assert by_rubric.changes == (f"Since run {first.run.id}: the rubric {RAG} has changed.",)
    assert by_model.changes == (f"Since run {by_rubric.run.id}: the grader is openai/another, not openai/scripted.",)


@sqlite_only
def test_files_of_other_names_are_not_compared(desk: Desk, offline: Settings, with_model: Settings) -> None:
    """What is different from another file's run is no news."""
    graded(desk, offline, order_of(offline, texts(2)))
    order = order_of(with_model, texts(2), name="others.jsonl")

    submitted = desk.submit(order.id, order.spec, order.reader)

    assert submitted.changes == ()


def test_what_failed_for_want_of_the_model_is_tried_again(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """The same command grades just those; failures that last are left alone."""
    answers = [*texts(10), "  "]
    order = order_of(with_model, answers)
    model.away_for = set(answers[3:6])
    first = graded(desk, with_model, order)
    failed = desk.progress(first.run)
    found = desk.first_fault(first.run)
    model.away_for, model.calls = set(), []

    again = graded(desk, with_model, order)

    assert failed.counts == {"graded": 7, "failed": 4}
    assert found is not None
    assert (found[0].line, found[1].code, found[1].message) == (4, "grader-unavailable", "The model is away.")
    assert (again.new, again.again, again.run.attempt) == (False, 3, 2)
    assert sorted(model.calls) == sorted(answers[3:6])
    assert desk.progress(first.run).counts == {"graded": 10, "failed": 1}
    assert desk.first_fault(first.run) is None
    assert [line["status"] for line in lines_of(desk, first.run)] == ["graded"] * 10 + ["failed"]


@sqlite_only
def test_a_stand_ins_verdicts_are_graded_again(desk: Desk, database_url: str, model: ScriptedModel) -> None:
    """Two scales must not mix: such verdicts say so, and are given up when the model is back."""
    settings = settings_of(database_url, model="openai/scripted", on_model_failure="fallback")
    order = order_of(settings, texts(6))
    model.away_for = set(texts(2))
    first = graded(desk, settings, order)
    degraded = desk.progress(first.run).counts
    model.away_for = set()

    again = graded(desk, settings, order)

    assert degraded == {"graded": 4, "degraded": 2}
    assert again.again == 2
    assert desk.progress(first.run).counts == {"graded": 6}
    assert len(model.calls) == 8


@sqlite_only
def test_equal_answers_of_a_piece_are_asked_about_once(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """Each gets the verdict under its own id, and one of them bears the cost."""
    one, other = texts(2)

    submitted = graded(desk, with_model, order_of(with_model, [one, one, other, one]))

    lines = lines_of(desk, submitted.run)
    assert sorted(model.calls) == sorted([one, other])
    assert [line["id"] for line in lines] == ["a0", "a1", "a2", "a3"]
    assert desk.progress(submitted.run).counts == {"graded": 4}
    assert desk.store.results.bill(submitted.run.n).calls == 2


@sqlite_only
def test_equal_answers_of_a_run_are_asked_about_once(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """Though they are in different pieces, which are graded at the same time."""
    settings = with_model.model_copy(update={"model_concurrency": 40})
    order = order_of(settings, texts(1) * 40)
    model.replying.clear()
    submitted = desk.submit(order.id, order.spec, order.reader)

    with working(desk, settings):
        until(lambda: len(model.calls) > 0)
        until(lambda: _waiting(desk) < 8 - 3)
        model.replying.set()
        finish(desk, submitted.run)

    assert model.calls == texts(1)


def _waiting(desk: Desk) -> int:
    workflows = desk.control._client.list_workflows(name="chunk", status="ENQUEUED", load_input=False)
    return len(workflows)


@sqlite_only
def test_work_that_breaks_off_is_said_to_and_gone_on_with(
    desk: Desk, with_model: Settings, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with a worker is no verdict on an answer: the run is failed, and the same command goes on."""
    order = order_of(with_model, texts(4))
    real, broken = ScriptedModel.evaluator, True

    def evaluator(settings: Settings, **others: object) -> Evaluator:
        if broken and others.get("store") is not None:
            raise SettingsInvalid("This worker has no key.")
        return real(model, settings)

    monkeypatch.setattr("service.jobs.chunks.build_evaluator", evaluator)
    first = graded(desk, with_model, order)
    state, broken = desk.progress(first.run).state, False

    again = graded(desk, with_model, order)

    assert state == "failed"
    assert (again.new, again.again) == (False, 0)
    assert desk.progress(first.run).state == "finished"
    assert len(model.calls) == 4


@sqlite_only
def test_an_input_that_is_wrong_as_a_whole_leaves_nothing(desk: Desk, offline: Settings) -> None:
    """Neither a run nor the answers that were read before it was noticed."""
    order = order_of(offline, texts(3))

    def broken() -> Submissions:
        yield from list(order.reader) * 400
        raise AnswersInvalid("answers.jsonl: it ends in the middle.")

    with pytest.raises(GradingError, match="in the middle"):
        desk.submit(order.id, order.spec, broken())

    assert desk.list() == []
    assert desk.store.submissions.read(1, 0, 10) == []


@sqlite_only
def test_two_who_read_the_same_files_at_once_do_not_disturb_each_other(desk: Desk, offline: Settings) -> None:
    """One is done before the other has read them: the run stays finished."""
    order = order_of(offline, texts(3))

    def slowly() -> Submissions:
        graded(desk, offline, order)
        yield from order.reader

    submitted = desk.submit(order.id, order.spec, slowly())

    with working(desk, offline):
        finish(desk, submitted.run)
    assert desk.progress(submitted.run).state == "finished"


@sqlite_only
def test_owners_do_not_share_results(desk: Desk, with_model: Settings, model: ScriptedModel) -> None:
    """One key's answers give nothing to another's, though they are the same."""
    for owner in ("ada", "bob"):
        order = order_of(with_model, texts(2))
        submitted = desk.submit(f"run-of-{owner}", order.spec, order.reader, owner=owner)
        with working(desk, with_model):
            finish(desk, submitted.run)

    seen = [run.id for run in desk.list(owner="bob")]

    assert len(model.calls) == 4
    assert seen == ["run-of-bob"]
    with pytest.raises(RunNotFound):
        desk.get("run-of-ada", owner="bob")


@sqlite_only
def test_an_interview_is_summed_up_by_itself(desk: Desk, offline: Settings) -> None:
    """With its name, and the evidence at its turns."""
    from service.batch.inputs import Input
    from tests.conftest import FIXTURES

    path = FIXTURES / "interviews" / "screening.txt"
    catalog = Catalog()
    order = order_for(offline, catalog, [Input("screening.txt", path)], rubric=catalog.get(RAG))

    submitted = graded(desk, offline, order)

    summary = desk.summary(submitted.run)
    turns = {
        quote["source"]["turn"]
        for line in lines_of(desk, submitted.run)
        if isinstance(line["verdict"], dict)
        for criterion in line["verdict"]["criteria"]
        for quote in criterion["evidence"]
    }
    assert [interview.interview for interview in summary.interviews] == ["screening.txt"]
    assert turns
    assert turns <= set(range(1, 26))


def test_desks_of_two_processes_see_the_same_runs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What one submits the other works at."""
    settings = settings_of(sqlite_url(tmp_path_factory.mktemp("shared")))
    with desk_of(settings) as one, desk_of(settings) as other:
        order = order_of(settings, texts(3))
        submitted = one.submit(order.id, order.spec, order.reader)

        with working(other, settings):
            finish(one, submitted.run)

        assert other.progress(submitted.run).counts == {"graded": 3}
