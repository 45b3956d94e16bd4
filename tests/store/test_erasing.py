"""Deleting a run leaves nothing of it, not even in the parts of a file that no longer belong to any table."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.rubric import Rubric
from service.store import Store, StoredAnswer, open_store
from service.store.packing import pack
from service.submission import Source, Submission
from tests.databases import sqlite_url
from tests.store.rows import key_of, result

CANARY_ID, CANARY_FILE = "canary-id-of-a-candidate", "canary-file-of-a-candidate.jsonl"
CANARY_BODY = bytes(range(256)) * 2
"""Stands for a packed verdict; as it is stored, so it can be looked for."""


def with_canaries(store: Store, number: int) -> list[bytes]:
    """Make a run of so many answers; returns what it wrote, as it stands in the file."""
    run = store.runs.create("run-1", owner="", spec=f'{{"names": ["{CANARY_FILE}"]}}')
    rows = []
    for ordinal in range(number):
        text = f"I am candidate {ordinal} and this is what I said."
        submission = Submission(
            id=f"{CANARY_ID}-{ordinal}", source=Source(file=CANARY_FILE, line=ordinal + 1), answer=text
        )
        rows.append(StoredAnswer(ordinal, submission, None, key_of(text)))
    store.submissions.add(run, rows)
    store.runs.loaded(run, total=number, reused=0)
    store.results.save(run.n, [result(each.ordinal, body=CANARY_BODY) for each in rows])
    packed = [pack(each.submission.model_dump_json(exclude={"id"}).encode()) for each in rows]
    return [CANARY_ID.encode(), CANARY_FILE.encode(), CANARY_BODY, *packed[:: max(1, number // 20)]]


def on_disk(folder: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("evaluator.db*")))


@pytest.mark.parametrize("number", [pytest.param(1, id="one answer"), pytest.param(300, id="many answers")])
def test_a_deleted_run_is_nowhere_in_the_file(tmp_path: Path, number: int) -> None:
    """Neither in free pages nor in the log; before, each trace was there."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        traces = with_canaries(store, number)
        before = on_disk(tmp_path)

        store.runs.delete(store.runs.get("run-1"))

        after = on_disk(tmp_path)
    assert [trace for trace in traces if trace not in before] == []
    assert [trace for trace in traces if trace in after] == []


def test_a_reader_in_another_process_does_not_keep_a_deleted_run_in_the_log(tmp_path: Path) -> None:
    """Whoever still looks at the old state is waited for, or the log is emptied when the last one leaves."""
    with closing(open_store(sqlite_url(tmp_path))) as store:
        traces = with_canaries(store, 1)
        with closing(sqlite3.connect(tmp_path / "evaluator.db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM evaluator_runs").fetchone()
            with store.database.reading() as connection:
                connection.exec_driver_sql("PRAGMA busy_timeout = 50")
            store.runs.delete(store.runs.get("run-1"))
            reader.execute("ROLLBACK")
    after = on_disk(tmp_path)
    assert [trace for trace in traces if trace in after] == []


def test_a_rubric_goes_with_the_last_run_that_used_it(store: Store, rubric: Rubric) -> None:
    """But not under a run that is still being read and may want it."""
    store.submissions.add_rubrics({rubric.digest: (rubric, b"")})
    for name in ("run-1", "run-2"):
        run = store.runs.create(name, owner="", spec="{}")
        store.submissions.add(run, [StoredAnswer(0, _submission(), rubric.digest, key_of("one"))])
        store.runs.loaded(run, total=1, reused=0)
        store.runs.start(run, attempt=1)
    reading = store.runs.create("run-3", owner="", spec="{}")

    kept = []
    for name in ("run-1", "run-2", "run-3"):
        store.runs.delete(store.runs.get(name))
        kept.append(_rubrics(store))

    assert reading.state == "loading"
    assert kept == [[rubric.digest], [rubric.digest], []]


def _submission() -> Submission:
    return Submission(id="a", source=Source(file="answers.jsonl", line=1), answer="one")


def _rubrics(store: Store) -> list[str]:
    with store.database.reading() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT digest FROM evaluator_rubrics")]
