"""Budgets of runs in each kind of database."""

import threading
from concurrent.futures import ThreadPoolExecutor

from service.spending import Account, in_nanos
from service.store import Store
from tests.store.rows import loaded_run


def test_without_a_budget_there_is_none(store: Store) -> None:
    """And going on with a run makes none."""
    store.budgets.grant(1, None, billed_usd=3.0)

    assert store.budgets.of(1) is None
    assert not store.budgets.reserve(1, 1, begun=True)


def test_many_at_once_never_pass_the_limit(store: Store) -> None:
    """Of 8 workers that want 100 calls of which 30 fit, 30 get them."""
    store.budgets.grant(1, 0.3, billed_usd=0.0)
    together = threading.Barrier(8)

    def work(calls: int) -> int:
        together.wait()
        return sum(store.budgets.reserve(1, in_nanos(0.01), begun=False) for _ in range(calls))

    with ThreadPoolExecutor(8) as workers:
        granted = list(workers.map(work, [13] * 4 + [12] * 4))

    assert sum(granted) == 30
    assert store.budgets.of(1) == Account(limit=in_nanos(0.3), reserved=in_nanos(0.3))


def test_going_on_counts_what_was_never_settled_as_spent(store: Store) -> None:
    """It may have been billed; what is settled late all the same is put right."""
    store.budgets.grant(1, 1.0, billed_usd=0.0)
    store.budgets.reserve(1, in_nanos(0.4), begun=False)
    store.budgets.close(1)

    store.budgets.grant(1, None, billed_usd=0.0)
    unsettled = store.budgets.of(1)
    store.budgets.settle(1, in_nanos(0.4), in_nanos(0.1))
    settled = store.budgets.of(1)

    assert unsettled == Account(limit=in_nanos(1.0), spent=in_nanos(0.4))
    assert settled == Account(limit=in_nanos(1.0), spent=in_nanos(0.1))


def test_a_late_call_and_one_under_way_are_both_put_right(store: Store) -> None:
    """Nothing is ever set aside for less than no call, and in the end what they cost is spent."""
    store.budgets.grant(1, 1.0, billed_usd=0.0)
    store.budgets.reserve(1, in_nanos(0.4), begun=False)
    store.budgets.grant(1, None, billed_usd=0.0)
    store.budgets.reserve(1, in_nanos(0.3), begun=False)

    store.budgets.settle(1, in_nanos(0.4), in_nanos(0.1))
    between = store.budgets.of(1)
    store.budgets.settle(1, in_nanos(0.3), in_nanos(0.2))
    after = store.budgets.of(1)

    assert between is not None
    assert between.reserved >= 0
    assert between.spent_usd == 0.4
    assert after == Account(limit=in_nanos(1.0), spent=in_nanos(0.3))


def test_a_limit_that_comes_later_counts_what_the_results_have_cost(store: Store) -> None:
    """A run that began without one is not given the whole of it anew."""
    store.budgets.grant(1, 2.0, billed_usd=1.5)
    store.budgets.grant(1, 3.0, billed_usd=1.0)

    assert store.budgets.of(1) == Account(limit=in_nanos(3.0), spent=in_nanos(1.5))


def test_the_limit_of_a_run_under_way_can_change(store: Store) -> None:
    """What is set aside for its calls stays so."""
    store.budgets.grant(1, 1.0, billed_usd=0.0)
    store.budgets.reserve(1, in_nanos(0.5), begun=False)

    store.budgets.limit(1, 0.25, billed_usd=0.0)

    assert store.budgets.of(1) == Account(limit=in_nanos(0.25), reserved=in_nanos(0.5))
    assert not store.budgets.reserve(1, 1, begun=True)


def test_a_first_limit_counts_what_a_run_under_way_has_cost(store: Store) -> None:
    """A limit is for all that a run costs, whenever it comes."""
    store.budgets.limit(1, 5.0, billed_usd=3.0)

    assert store.budgets.of(1) == Account(limit=in_nanos(5.0), spent=in_nanos(3.0))


def test_deleting_a_run_deletes_its_budget(store: Store) -> None:
    """Nothing is left of it."""
    run = loaded_run(store, "run-1", "one")
    store.budgets.grant(run.n, 1.0, billed_usd=0.0)

    store.runs.delete(run)

    assert store.budgets.of(run.n) is None
