import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import sqlalchemy as sa

from service.outcome import OutcomeStatus
from service.store import Bill, Run, Store, StoredResult, open_store
from service.store.results import recount
from service.store.schema import answers, results, runs, tallies
from tests.jobs.running import until
from tests.store.rows import key_of, loaded_run, result


def counted(store: Store, run: Run) -> dict[str, int]:
    """The rows there are, by status, whatever the tallies say."""
    with store.database.reading() as connection:
        return dict(Counter(connection.scalars(sa.select(results.c.status).where(results.c.run_n == run.n))))


def somebody_waits(store: Store) -> bool:
    """Whether a session of the server's database waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with store.database.reading() as connection:
        return bool(connection.scalar(sa.text(query)))


def test_a_result_is_written_once(store: Store) -> None:
    """Of two for one answer the first stays, in the rows and in the tally."""
    run = loaded_run(store, "run-1", "one", "two")
    store.results.save(run.n, [result(0, "one", body=b"first")])

    store.results.save(run.n, [result(0, "one", body=b"second", status="partial"), result(1, "two", body=b"other")])

    assert [line.body for line in store.results.lines(run, 0, 10)] == [b"first", b"other"]
    assert store.results.tally(run.n) == {"graded": 2} == counted(store, run)


def test_nothing_to_save_is_nothing_wrong(store: Store) -> None:
    """A piece whose answers all have results saves none."""
    run = loaded_run(store, "run-1", "one")

    store.results.save(run.n, [])

    assert store.results.tally(run.n) == {}


def test_threads_that_save_at_once_lose_and_double_nothing(store: Store) -> None:
    """Each answer has one result, and the tally is the count of the rows."""
    texts = [f"text {number}" for number in range(60)]
    run = loaded_run(store, "run-1", *texts)
    statuses: list[OutcomeStatus] = ["graded", "partial", "failed"]
    begin = threading.Barrier(4)

    def save(worker: int) -> None:
        begin.wait()
        for first in range(0, 60, 6):
            mine = [
                result(place, texts[place], status=statuses[place % 3], body=b"%d" % worker)
                for place in range(first, first + 6)
            ]
            store.results.save(run.n, mine)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save, range(4)))

    assert [line.ordinal for line in store.results.lines(run, 0, 100)] == list(range(60))
    assert store.results.tally(run.n) == {"graded": 20, "partial": 20, "failed": 20} == counted(store, run)


def test_two_who_recount_at_once_take_turns(server_url: str) -> None:
    """Whoever saves what is partly there already counts anew; a second one waits for the first."""
    with closing(open_store(server_url)) as store, ThreadPoolExecutor(1) as pool:
        run = loaded_run(store, "run-of-two", "one", "two", "three")
        store.results.save(run.n, [result(0, "one")])
        try:
            with store.database.writing() as first:
                recount(first, run.n)
                second = pool.submit(store.results.save, run.n, [result(0, "one"), result(1, "two")])
                until(lambda: _waiting(store) > 0)
            second.result()

            assert store.results.tally(run.n) == {"graded": 2} == counted(store, run)
        finally:
            store.runs.delete(run)


def _waiting(store: Store) -> int:
    """How many sessions of the database wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with store.database.reading() as connection:
        return int(connection.exec_driver_sql(query).scalar_one())


def test_lines_stop_at_the_first_gap(store: Store) -> None:
    """What comes after an answer that is not done waits for it, so that the output is in order."""
    run = loaded_run(store, "run-1", *"abcdef")
    store.results.save(run.n, [result(place, "abcdef"[place]) for place in (0, 1, 3, 4)])

    lines = store.results.lines(run, 0, 10)

    assert [(line.ordinal, line.id) for line in lines] == [(0, "a0"), (1, "a1")]
    assert store.results.lines(run, 2, 10) == []
    assert [line.ordinal for line in store.results.lines(run, 3, 10)] == [3, 4]
    assert [line.ordinal for line in store.results.lines(run, 0, 1)] == [0]


def test_marks_come_back_as_they_were_saved(store: Store) -> None:
    """Levels and flags, None for ungraded, survive the database; and no run is told another's."""
    run, other = loaded_run(store, "run-1", "one", "two"), loaded_run(store, "run-2", "one")
    kept = [result(0, "one"), result(1, "two", status="failed", error_code="grader-unavailable")]
    store.results.save(run.n, kept)
    store.results.save(other.n, [result(0, "one")])

    marks = list(store.results.marks(run))

    assert marks == [(each.ordinal, each.marks) for each in kept]


def test_take_over_brings_the_owners_final_results_free_of_cost(store: Store) -> None:
    """Each answer whose key has a result gets it, duplicates included; what it took is not counted again."""
    earlier = loaded_run(store, "run-1", "one", "two", "three")
    store.results.save(
        earlier.n,
        [result(0, "one", body=b"1"), result(1, "two", body=b"2", status="partial"), result(2, "three", body=b"3")],
    )
    run = loaded_run(store, "run-2", "new", "two", "one", "one")

    taken = store.results.take_over(run)

    assert taken == 3
    assert store.results.lines(run, 0, 10) == []
    assert [line.body for line in store.results.lines(run, 1, 10)] == [b"2", b"1", b"1"]
    assert store.results.tally(run.n) == {"graded": 2, "partial": 1} == counted(store, run)
    assert [line.taken_over for line in store.results.lines(run, 1, 10)] == [True, True, True]
    assert [line.taken_over for line in store.results.lines(earlier, 0, 10)] == [False, False, False]
    assert store.results.bill(run.n) == Bill(0, 0, 0.0)
    assert store.results.bill(earlier.n) == Bill(3, 30, 1.5, known_usd=1.5)


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_run_that_is_deleted_meanwhile_takes_nothing_over(store: Store) -> None:
    """Or it would be kept for good: nobody could find it to erase it."""
    earlier = loaded_run(store, "run-1", "one")
    store.results.save(earlier.n, [result(0, "one")])
    run = loaded_run(store, "run-2", "one")

    with ThreadPoolExecutor(1) as other:
        with store.database.writing() as connection:
            connection.execute(sa.select(runs.c.n).where(runs.c.n == run.n).with_for_update())
            for table in (results, answers, runs):
                column = table.c.n if table is runs else table.c.run_n
                connection.execute(sa.delete(table).where(column == run.n))
            taking = other.submit(store.results.take_over, run)
            until(lambda: somebody_waits(store))
        taken = taking.result()

    assert taken == 0
    assert store.results.read(run.n, 0, 10) == []


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_withdrawing_and_deleting_do_not_wait_for_each_other(store: Store) -> None:
    """Whoever comes second finds nothing."""
    run = loaded_run(store, "run-1", "one")
    store.results.save(run.n, [result(0, "one", status="degraded")])

    with ThreadPoolExecutor(1) as other:
        with store.database.writing() as connection:
            connection.execute(sa.select(runs.c.n).where(runs.c.n == run.n).with_for_update())
            withdrawing = other.submit(store.results.withdraw_passing, run, [])
            until(lambda: somebody_waits(store))
            connection.execute(sa.delete(results).where(results.c.run_n == run.n))
        withdrawn = withdrawing.result()

    assert withdrawn == 0


@pytest.mark.parametrize(
    ("owner", "status"),
    [
        pytest.param("bob", "graded", id="another owner's"),
        pytest.param("ada", "failed", id="a failure"),
        pytest.param("ada", "degraded", id="a stand-in's verdict"),
    ],
)
def test_take_over_leaves_what_is_not_final_or_not_ones_own(store: Store, owner: str, status: OutcomeStatus) -> None:
    """Another's answers are none of ours, and what another try may better is tried."""
    earlier = loaded_run(store, "run-1", "one", owner=owner)
    store.results.save(earlier.n, [result(0, "one", status=status)])
    run = loaded_run(store, "run-2", "one", owner="ada")

    taken = store.results.take_over(run)

    assert taken == 0
    assert counted(store, run) == {}
    assert store.results.known("ada", [key_of("one")]) == {}


def test_take_over_takes_one_of_several_equal_results(store: Store) -> None:
    """However often the same answer was graded before, it is taken over once, from the first run."""
    for name, body in (("run-1", b"old"), ("run-2", b"young")):
        earlier = loaded_run(store, name, "one", "one")
        store.results.save(earlier.n, [result(0, "one", body=body), result(1, "one", body=body)])
    run = loaded_run(store, "run-3", "one")

    taken = store.results.take_over(run)

    assert taken == 1
    assert [line.body for line in store.results.lines(run, 0, 10)] == [b"old"]


def test_a_failure_of_an_older_run_does_not_hide_a_younger_verdict(store: Store) -> None:
    """The first final result counts, not the first of any kind, in a run and between runs."""
    failed = loaded_run(store, "run-1", "one")
    store.results.save(failed.n, [result(0, "one", status="failed")])
    mixed = loaded_run(store, "run-2", "one", "one")
    store.results.save(mixed.n, [result(0, "one", status="degraded"), result(1, "one", body=b"good")])
    run = loaded_run(store, "run-3", "one")

    taken = store.results.take_over(run)

    assert taken == 1
    assert [line.body for line in store.results.lines(run, 0, 10)] == [b"good"]


def test_withdraw_removes_what_another_try_may_better(store: Store) -> None:
    """Stand-ins' verdicts and passing failures go; verdicts and lasting failures stay."""
    run = loaded_run(store, "run-1", *"abcd")
    store.results.save(
        run.n,
        [
            result(0, "a"),
            result(1, "b", status="degraded"),
            result(2, "c", status="failed", error_code="grader-unavailable"),
            result(3, "d", status="failed", error_code="answer-invalid"),
        ],
    )

    removed = store.results.withdraw_passing(run, ["grader-unavailable"])

    assert removed == 2
    assert store.results.tally(run.n) == {"graded": 1, "failed": 1} == counted(store, run)
    assert [each.ordinal for each in store.submissions.open(run.n, 0, 10)] == [1, 2]
    assert store.results.withdraw_passing(run, ["grader-unavailable"]) == 0


def test_tallies_are_the_counted_rows_after_any_of_it(store: Store) -> None:
    """Saving, saving again, taking over and withdrawing, one after the other, never part the two."""
    earlier = loaded_run(store, "run-1", *"abcdefgh")
    store.results.save(earlier.n, [result(place, "abcdefgh"[place]) for place in range(4)])
    run = loaded_run(store, "run-2", *"abcdefgh")
    steps: list[tuple[list[StoredResult], bool]] = [
        ([result(4, "e", status="degraded")], False),
        ([result(4, "e"), result(5, "f", status="partial")], False),
        ([], True),
        ([result(6, "g", status="failed"), result(7, "h", status="degraded")], True),
    ]
    store.results.take_over(run)

    for saved, withdrawn in steps:
        store.results.save(run.n, saved)
        if withdrawn:
            store.results.withdraw_passing(run, [])
        with store.database.reading() as connection:
            rows = connection.execute(sa.select(tallies).where(tallies.c.run_n == run.n)).all()

        assert {row.status: row.results for row in rows if row.results} == counted(store, run)
        assert store.results.tally(run.n) == counted(store, run)


def test_the_bill_is_unknown_where_any_price_is(store: Store) -> None:
    """A sum with a hole in it would be too low."""
    run = loaded_run(store, "run-1", "one", "two")
    store.results.save(run.n, [result(0, "one", calls=2, tokens=7, cost_usd=0.25)])

    priced = store.results.bill(run.n)
    store.results.save(run.n, [result(1, "two", calls=1, tokens=5, cost_usd=None)])

    assert priced == Bill(2, 7, 0.25, known_usd=0.25)
    assert store.results.bill(run.n) == Bill(3, 12, None, known_usd=0.25)


def test_the_first_failure_of_a_kind_is_found(store: Store) -> None:
    """In the order of the answers, and None where there is none."""
    run = loaded_run(store, "run-1", *"abc")
    store.results.save(
        run.n,
        [
            result(2, "c", status="failed", error_code="grader-unavailable", body=b"later"),
            result(1, "b", status="failed", error_code="grader-unavailable", body=b"sooner"),
            result(0, "a", status="failed", error_code="no-rubric", body=b"another kind"),
        ],
    )

    found = store.results.failure(run.n, ["grader-unavailable"])

    assert found == (1, b"sooner")
    assert store.results.failure(run.n, ["answer-invalid"]) is None


def test_known_results_are_whole(store: Store) -> None:
    """What is known of a key is all that was saved for it."""
    run = loaded_run(store, "run-1", "one", owner="ada")
    saved = result(0, "one", body=b"verdict", calls=2, tokens=9, cost_usd=0.25)
    store.results.save(run.n, [saved])

    known = store.results.known("ada", [key_of("one"), key_of("two")])

    assert known == {key_of("one"): saved}
