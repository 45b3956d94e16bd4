import pytest

from service.errors import RunNotFound
from service.store import RunState, Store
from tests.store.rows import answer, loaded_run, result


def test_a_run_made_twice_is_one(store: Store) -> None:
    """The second call finds the first run as it was."""
    first = store.runs.create("run-1", owner="ada", spec='{"a": 1}')

    second = store.runs.create("run-1", owner="ada", spec='{"b": 2}')

    assert second == first
    assert (first.state, first.total, first.reused, first.attempt) == ("loading", None, 0, 1)
    assert (first.started_at, first.finished_at) == (None, None)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("abcdef01", id="whole"),
        pytest.param("abcd", id="the shortest beginning"),
        pytest.param("abcdef0", id="nearly whole"),
    ],
)
def test_a_run_is_found_by_the_beginning_of_its_id(store: Store, asked: str) -> None:
    """Nobody has to type 24 characters."""
    store.runs.create("abcdef01", owner="", spec="{}")
    store.runs.create("xyzwvu02", owner="", spec="{}")

    run = store.runs.get(asked)

    assert run.id == "abcdef01"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("abc", id="too short to be meant"),
        pytest.param("abcd", id="fits two"),
        pytest.param("zzzz", id="fits none"),
        pytest.param("%bcd", id="a pattern's percent sign"),
        pytest.param("____", id="a pattern's underscores"),
        pytest.param("", id="empty"),
    ],
)
def test_what_names_no_one_run_is_refused(store: Store, asked: str) -> None:
    """A guess could delete the wrong run."""
    store.runs.create("abcdef01", owner="", spec="{}")
    store.runs.create("abcdef02", owner="", spec="{}")

    with pytest.raises(RunNotFound, match="There is no run"):
        store.runs.get(asked)


def test_a_whole_id_wins_over_the_beginning_of_another(store: Store) -> None:
    """An id that is also the beginning of a second one is still found."""
    store.runs.create("abcd", owner="", spec="{}")
    store.runs.create("abcdef", owner="", spec="{}")

    run = store.runs.get("abcd")

    assert run.id == "abcd"


def test_runs_belong_to_their_owner(store: Store) -> None:
    """Neither the id nor its beginning shows another owner's run, and a list has one's own alone."""
    store.runs.create("run-of-ada", owner="ada", spec="{}")
    store.runs.create("run-of-bob", owner="bob", spec="{}")

    listed = store.runs.list(owner="bob")

    assert [run.id for run in listed] == ["run-of-bob"]
    for asked in ("run-of-ada", "run-of-a"):
        with pytest.raises(RunNotFound):
            store.runs.get(asked, owner="bob")
        assert store.runs.get(asked, owner="ada").owner == "ada"
    with pytest.raises(RunNotFound):
        store.runs.create("run-of-ada", owner="bob", spec="{}")


def test_the_list_has_the_newest_first(store: Store) -> None:
    """Up to the limit, and of one state where that is asked for."""
    for name in ("run-1", "run-2", "run-3"):
        store.runs.create(name, owner="", spec="{}")
    store.runs.start(store.runs.get("run-2"), attempt=1)

    listed = store.runs.list(limit=2)

    assert [run.id for run in listed] == ["run-3", "run-2"]
    assert [run.id for run in store.runs.list(state="running")] == ["run-2"]


def test_a_run_goes_from_loading_to_finished(store: Store) -> None:
    """Each step leaves its mark."""
    run = loaded_run(store, "run-1", "one", "two")

    store.runs.start(run, attempt=3)
    started = store.runs.get("run-1")
    store.runs.finish(started)
    finished = store.runs.get("run-1")

    assert (run.state, run.total) == ("loading", 2)
    assert (started.state, started.attempt, started.finished_at) == ("running", 3, None)
    assert finished.state == "finished"
    assert finished.started_at is not None
    assert finished.finished_at is not None
    assert run.created_at <= finished.started_at <= finished.finished_at


def test_what_is_loaded_twice_keeps_its_first_count(store: Store) -> None:
    """Another process that read the same files late changes nothing under a run that is under way."""
    run = loaded_run(store, "run-1", "one", "two")
    store.runs.start(run, attempt=1)

    store.runs.loaded(run, total=99, reused=9)

    assert (store.runs.get("run-1").total, store.runs.get("run-1").reused) == (2, 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("running", "cancelled", id="running"),
        pytest.param("failed", "cancelled", id="broken off"),
        pytest.param("finished", "finished", id="finished"),
    ],
)
def test_cancel_stops_all_but_what_is_finished(store: Store, before: RunState, after: RunState) -> None:
    """A finished run stays finished; and what is cancelled is not finished by a late piece."""
    run = loaded_run(store, "run-1", "one")
    store.runs.start(run, attempt=1)
    if before != "running":
        store.runs.finish(run, before)

    store.runs.cancel(run)
    store.runs.finish(run)

    assert store.runs.get("run-1").state == after


def test_others_are_the_same_owners_other_runs(store: Store) -> None:
    """Only those can give results."""
    mine = store.runs.create("run-1", owner="ada", spec="{}")
    store.runs.create("run-2", owner="bob", spec="{}")

    alone = store.runs.others(mine)
    store.runs.create("run-3", owner="ada", spec="{}")

    assert (alone, store.runs.others(mine)) == (False, True)


def test_an_idempotency_key_belongs_to_whoever_came_first(store: Store) -> None:
    """Another payload under the same key is told apart; another owner's key is another key."""
    store.requests.remember("ada", "key-1", "digest-1", "run-1")

    found = store.requests.remember("ada", "key-1", "digest-2", "run-2")

    assert found == ("digest-1", "run-1")
    assert store.requests.remember("bob", "key-1", "digest-2", "run-2") == ("digest-2", "run-2")


def test_a_deleted_run_takes_its_idempotency_key_with_it(store: Store) -> None:
    """The key can make a new run then."""
    run = loaded_run(store, "run-1", "one")
    store.requests.remember("", "key-1", "digest-1", run.id)

    store.runs.delete(run)

    assert store.requests.remember("", "key-1", "digest-2", "run-2") == ("digest-2", "run-2")


def test_deleting_leaves_other_runs_alone(store: Store) -> None:
    """Only the one run's answers, results and tallies go."""
    gone, kept = loaded_run(store, "run-1", "one"), loaded_run(store, "run-2", "one")
    for run in (gone, kept):
        store.results.save(run.n, [result(0, "one")])

    store.runs.delete(gone)

    assert [run.id for run in store.runs.list()] == ["run-2"]
    assert store.results.tally(gone.n) == {}
    assert store.results.tally(kept.n) == {"graded": 1}
    assert [line.ordinal for line in store.results.lines(kept, 0, 10)] == [0]
    assert len(list(store.submissions.each(kept))) == 1


def test_what_comes_after_deleting_is_not_kept(store: Store) -> None:
    """A worker that was in the middle of a run leaves nothing of it behind."""
    run = loaded_run(store, "run-1", "one")
    store.runs.delete(run)

    store.submissions.add(run, [answer(0, "one")])
    with pytest.raises(RunNotFound):
        store.results.save(run.n, [result(0, "one")])

    assert store.submissions.read(run.n, 0, 10) == []
    assert store.results.tally(run.n) == {}
    assert list(store.results.marks(run)) == []


def test_a_late_result_of_a_deleted_run_is_not_taken_for_another_runs(store: Store) -> None:
    """The next run gets a number of its own, or it would publish what was said of somebody else."""
    deleted = loaded_run(store, "run-1", "one")
    store.runs.delete(deleted)
    run = loaded_run(store, "run-2", "another")

    with pytest.raises(RunNotFound):
        store.results.save(deleted.n, [result(0, "one")])

    assert store.results.lines(run, 0, 10) == []
    assert run.n != deleted.n
