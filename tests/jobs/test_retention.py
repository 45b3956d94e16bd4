"""What candidates said is erased in time, down to the bytes of the file, and the figures stay."""

import json
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.batch.measured import EarlierUsage
from service.errors import StoreUnavailable
from service.jobs import Desk, desk_of, regrader_for, working
from service.jobs.chunks import grader_spec_of
from service.jobs.retention import repeating
from service.settings import Settings
from service.store import Run
from service.store.schema import gradings, results, runs
from tests.jobs.running import graded, order_of, rows_with, texts, until
from tests.jobs.scripted import ScriptedModel
from tests.provider import scripted_provider

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY_S = 86_400.0


def aged(desk: Desk, run: Run, *, days: float) -> Run:
    """The run, made so many days ago."""
    with desk.store.database.writing() as connection:
        made = runs.c.created_at - days * DAY_S
        connection.execute(sa.update(runs).where(runs.c.n == run.n).values(created_at=made))
    return desk.get(run.id)


def verdicts(desk: Desk, run: Run) -> list[dict[str, object]]:
    """The verdicts of a run, as they are written out."""
    output = desk.output(run)
    return [json.loads(output.as_json(line))["verdict"] for line in output.each()]


def figures(verdict: dict[str, object]) -> dict[str, object]:
    """What of a verdict no candidate said."""
    criteria = verdict["criteria"]
    assert isinstance(criteria, list)
    return {name: verdict[name] for name in ("id", "score", "band", "status", "rubric", "grader")} | {
        "levels": [(item["id"], item["level"], item["points"]) for item in criteria]
    }


def test_old_text_is_erased_and_the_figures_stay(desk: Desk, offline: Settings) -> None:
    """In every line of output: no quote, reason or advice, and a warning that says why."""
    old = graded(desk, offline, order_of(offline, texts(3))).run
    before = verdicts(desk, old)
    aged(desk, old, days=40)
    new = graded(desk, offline, order_of(offline, texts(2, first=10), name="new.jsonl")).run

    erased = desk.erase(older_than_days=30)
    again = desk.erase(older_than_days=30)

    after = verdicts(desk, old)
    assert (erased.runs, erased.answers) == (1, 3)
    assert (again.runs, again.answers) == (0, 0)
    assert list(map(figures, after)) == list(map(figures, before))
    for verdict in after:
        text = json.dumps(verdict)
        assert not [said for said in ("it is cheap", "500 failures", "our documents", "502 labelled") if said in text]
        assert "text-erased" in text
    assert desk.get(old.id).text == "gone"
    assert desk.summary(desk.get(old.id)).answers == 3
    assert all(verdict["criteria"][0]["reason"] for verdict in verdicts(desk, new))  # type: ignore[index]


def test_an_erased_run_is_neither_taken_over_nor_graded_anew(desk: Desk, offline: Settings) -> None:
    """The same command gets its figures, and is told; another run grades the answers itself."""
    order = order_of(offline, texts(3))
    old = aged(desk, graded(desk, offline, order).run, days=40)
    desk.erase(older_than_days=30)

    same = desk.submit(order.id, order.spec, order.reader)
    other = graded(desk, offline, order_of(offline, texts(3), name="other.jsonl"))

    assert (same.run.id, same.new, same.again) == (old.id, False, 0)
    assert "erased" in same.changes[0]
    assert desk.resume(desk.get(old.id)) == 0
    assert other.run.reused == 0
    assert desk.progress(other.run).counts == {"graded": 3}


def test_a_run_that_is_still_under_way_ends_there(desk: Desk, offline: Settings) -> None:
    """Its answers are text like any other; one that was not all read goes altogether."""
    order = order_of(offline, texts(3))
    waiting = aged(desk, desk.submit(order.id, order.spec, order.reader).run, days=2)
    reading = aged(desk, desk.store.runs.create("reading", owner="", spec=waiting.spec), days=2)

    erased = desk.erase(older_than_days=1)

    run = desk.get(waiting.id)
    assert (erased.runs, erased.answers) == (2, 3)
    assert (run.state, run.text) == ("cancelled", "gone")
    assert reading.id not in [each.id for each in desk.list()]
    with working(desk, offline):
        pass
    assert desk.progress(run).done == 0


def test_a_damaged_verdict_does_not_keep_the_text(desk: Desk, offline: Settings) -> None:
    """Neither its own, nor that of younger runs; it fails from then on, and the others keep their figures."""
    old = aged(desk, graded(desk, offline, order_of(offline, texts(3))).run, days=3)
    young = graded(desk, offline, order_of(offline, texts(2, first=10), name="young.jsonl")).run
    aged(desk, young, days=2)
    with desk.store.database.writing() as connection:
        damaged = sa.and_(results.c.run_n == old.n, results.c.ordinal == 1)
        connection.execute(sa.update(results).where(damaged).values(body=b"damaged"))

    erased = desk.erase(older_than_days=1)

    output = desk.output(old)
    lines = [json.loads(output.as_json(line)) for line in output.each()]
    assert (erased.runs, erased.answers) == (2, 5)
    assert [line["status"] for line in lines] == ["graded", "failed", "graded"]
    assert lines[1]["error"]["code"] == "text-erased"
    assert desk.progress(old).counts == {"graded": 2, "failed": 1}
    assert desk.summary(desk.get(old.id)).answers == 3
    assert desk.get(young.id).text == "gone"


@sqlite_only
def test_the_name_of_the_candidate_is_erased(desk: Desk, offline: Settings) -> None:
    """Whom to grade in an interview is a part of what a run is; the same command finds it all the same."""
    order = order_of(offline, texts(2))
    spec = order.spec.model_copy(update={"speaker": "Dana Candidate"})
    run = aged(desk, graded(desk, offline, order._replace(spec=spec)).run, days=3)
    before = rows_with(desk, "Dana Candidate")

    desk.erase(older_than_days=1)

    assert before == ["evaluator_runs"]
    assert rows_with(desk, "Dana Candidate") == []
    assert desk.submit(order.id, spec, order.reader).run.id == run.id


@sqlite_only
def test_nothing_of_the_text_is_left_in_the_file(
    database_url: str, with_model: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of answers, verdicts, replies or gradings to use again; all are packed, so their bytes are looked for."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-made-up-for-tests")
    with scripted_provider(seed=3) as provider, desk_of(with_model) as desk:
        settings = with_model.model_copy(update={"api_base": provider.url})
        run = graded(desk, settings, order_of(settings, texts(4))).run
        aged(desk, run, days=3)
        with desk.store.database.reading() as connection:
            rows = connection.exec_driver_sql(
                "SELECT a.body, r.body, r.records, g.body, r.key FROM evaluator_answers a "
                "JOIN evaluator_results r USING (run_n, ordinal) JOIN evaluator_gradings g USING (run_n)"
            ).all()
        traces = {bytes(trace) for row in rows for trace in row}
        path = desk.store.database.path
        assert path is not None
        before = _bytes_of(path)

        erased = desk.erase(older_than_days=1)

        after = _bytes_of(path)
    assert erased.answers == 4
    assert len(traces) == 4 * 5
    assert [trace for trace in traces if trace not in before] == []
    assert [trace for trace in traces if trace in after] == []


@sqlite_only
def test_what_grading_took_is_known_after_the_text_is_erased(
    desk: Desk, with_model: Settings, model: ScriptedModel
) -> None:
    """Estimates go on being made from it."""
    run = graded(desk, with_model, order_of(with_model, texts(5))).run
    (rubric,) = desk.store.submissions.rubrics_of(run).values()
    before = EarlierUsage(desk.store, grader_spec_of(with_model))(rubric)
    aged(desk, run, days=3)

    desk.erase(older_than_days=1)

    assert len(before) == 5
    assert EarlierUsage(desk.store, grader_spec_of(with_model))(rubric) == before


@sqlite_only
def test_what_was_erased_cannot_be_read_again(desk: Desk, offline: Settings) -> None:
    """Regrading says so for each answer."""
    run = aged(desk, graded(desk, offline, order_of(offline, texts(2))).run, days=3)
    desk.erase(older_than_days=1)

    regraded = list(regrader_for(desk, offline, desk.get(run.id)).each())

    assert [(each.id, each.outcome, each.line) for each in regraded] == [
        ("a0", "text-erased", None),
        ("a1", "text-erased", None),
    ]


@sqlite_only
def test_an_engine_erases_when_it_starts_and_so_do_commands(desk: Desk, offline: Settings) -> None:
    """With the days of the settings; without any, nothing is erased."""
    settings = offline.model_copy(update={"retention_days": 30})
    first = aged(desk, graded(desk, offline, order_of(offline, texts(2))).run, days=31)
    with working(desk, offline):
        pass
    kept = desk.get(first.id).text

    with working(desk, settings):
        until(lambda: desk.get(first.id).text == "gone")
    second = aged(desk, graded(desk, offline, order_of(offline, texts(2), name="b.jsonl")).run, days=31)
    with desk_of(settings, erase=True):
        pass

    assert kept is None
    assert desk.get(second.id).text == "gone"


@sqlite_only
def test_deleting_a_run_deletes_its_gradings(with_model: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """They were made of what its candidates said."""
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-made-up-for-tests")
    with scripted_provider(seed=3) as provider:
        settings = with_model.model_copy(update={"api_base": provider.url})
        run = graded(desk, settings, order_of(settings, texts(2))).run
    with desk.store.database.reading() as connection:
        before = connection.scalar(sa.select(sa.func.count()).select_from(gradings))

    desk.delete(desk.get(run.id))

    with desk.store.database.reading() as connection:
        after = connection.scalar(sa.select(sa.func.count()).select_from(gradings))
    assert (before, after) == (2, 0)


def test_erasing_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    """The database may be back at the next time; what an unforeseen error says stays out of the log."""
    failures = iter([StoreUnavailable("It is away."), ValueError("what a candidate said")])
    done = threading.Event()

    def erase(_give_up: object) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        done.set()

    with repeating(erase, every_s=0.001):
        assert done.wait(30)

    assert "It is away." in caplog.text
    assert "what a candidate said" not in caplog.text


def _bytes_of(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")) if each.is_file())
