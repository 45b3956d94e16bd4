"""Gradings and provenance in the database: kept once, given back whole, erased in time and with their run."""

import time

import pytest
import sqlalchemy as sa

from service.grading import Exchange, Graded, GraderInfo, Grading, Provenance, Record, Usage
from service.store import Store
from service.store.schema import gradings, provenance
from tests.store.rows import loaded_run

KEY, CONTEXT = b"k" * 32, b"I wipe the chain clean before I oil it."
RECORD = Record(
    model="m", sample=0, only=None, seed="00", exchanges=(Exchange(request="11", text="wipe the chain", usage=Usage()),)
)
GRADING = Grading(
    grader=GraderInfo(kind="llm", model="m"),
    criteria=(Graded(id="cleaning", level=1, basis="supported", reason="You wipe the chain clean."),),
    red_flags=(),
    usage=Usage(calls=1, cost_usd=0.01),
    records=(RECORD,),
)
PROVENANCE = Provenance(
    answer_sha256="0" * 64, rubric_digest="sha256:" + "0" * 64, parameters={"model": "m"}, records=(RECORD,)
)


async def test_a_grading_comes_back_whole(store: Store) -> None:
    """With its records; another key has none."""
    await store.gradings.put(KEY, GRADING, CONTEXT, run_n=None)

    assert await store.gradings.get(KEY, CONTEXT) == GRADING
    assert await store.gradings.get(b"o" * 32, CONTEXT) is None


async def test_the_first_grading_of_a_key_stays(store: Store) -> None:
    """Two who grade the same at once both have a grading, and one of them is kept."""
    await store.gradings.put(KEY, GRADING, CONTEXT, run_n=None)

    await store.gradings.put(KEY, GRADING.model_copy(update={"review": ("look",)}), CONTEXT, run_n=None)

    assert await store.gradings.get(KEY, CONTEXT) == GRADING


async def test_a_grading_that_cannot_be_read_is_none(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    """Packed against another text, or by another program: the answer is graded again."""
    await store.gradings.put(KEY, GRADING, CONTEXT, run_n=None)

    assert await store.gradings.get(KEY, b"another text") is None
    assert "graded again" in caplog.text


async def test_gradings_go_with_their_run(store: Store) -> None:
    """Those of other runs and of single answers stay, and a late one finds no home."""
    run, other = loaded_run(store, "run-1", "one"), loaded_run(store, "run-2", "two")
    for key, run_n in ((b"1", run.n), (b"2", other.n), (b"3", None)):
        await store.gradings.put(key, GRADING, CONTEXT, run_n=run_n)

    store.runs.delete(run)
    await store.gradings.put(b"4", GRADING, CONTEXT, run_n=run.n)

    left = [key for key in (b"1", b"2", b"3", b"4") if await store.gradings.get(key, CONTEXT) is not None]
    assert left == [b"2", b"3"]


async def test_what_a_verdict_was_read_from_comes_back(store: Store) -> None:
    """By the verdict's id."""
    await store.records.keep("verdict-1", PROVENANCE)

    assert store.records.of("verdict-1") == PROVENANCE
    assert store.records.of("verdict-2") is None


async def test_what_is_older_is_forgotten(store: Store) -> None:
    """Gradings and provenance from before the time, and no others."""
    for number in (1, 2):
        await store.gradings.put(bytes([number]), GRADING, CONTEXT, run_n=None)
        await store.records.keep(f"verdict-{number}", PROVENANCE)
    with store.database.writing() as connection:
        connection.execute(sa.update(gradings).where(gradings.c.key == b"\x01").values(created_at=5.0))
        connection.execute(sa.update(provenance).where(provenance.c.verdict == "verdict-1").values(created_at=5.0))

    forgotten = store.erasing.forget(time.time() - 60)

    assert forgotten == 2
    assert await store.gradings.get(b"\x01", CONTEXT) is None
    assert await store.gradings.get(b"\x02", CONTEXT) == GRADING
    assert [store.records.of(name) for name in ("verdict-1", "verdict-2")] == [None, PROVENANCE]
