"""Runs of a few answers with an engine in the test's own process."""

import io
import json
import time
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from service.batch.inputs import Input
from service.jobs import Desk, Order, Submitted, order_for, working
from service.rubric import Catalog, Rubric
from service.settings import Settings, load_settings
from service.store import Run

RAG = "rag-vs-fine-tuning"
_TEXTS = (
    "I start with a prompt because it is cheap, and I measure {n} failures before I change anything.",
    "I move to RAG when the data changes every week, as it did for {n} of our documents.",
    "I would fine-tune only with {n} labelled examples and someone who maintains the model.",
)


def texts(number: int, *, first: int = 0) -> list[str]:
    """So many answers, no two alike."""
    return [_TEXTS[place % 3].format(n=500 + place) for place in range(first, first + number)]


def settings_of(url: str, **fields: object) -> Settings:
    """Settings with this database."""
    return load_settings(database_url=url, **fields)


def order_of(
    settings: Settings, answers: Sequence[str], *, name: str = "answers.jsonl", rubric: Rubric | None = None
) -> Order:
    """The order to grade these answers, as `evaluator batch` makes it."""
    content = "".join(json.dumps({"id": f"a{place}", "answer": text}) + "\n" for place, text in enumerate(answers))
    catalog = Catalog()
    source = Input(name, io.BytesIO(content.encode()))
    return order_for(settings, catalog, [source], rubric=rubric or catalog.get(RAG))


def until(condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
    """Wait for something that another thread or process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def finish(desk: Desk, run: Run, *, seconds: float = 60.0) -> None:
    """Wait until a run is under way no longer."""
    until(lambda: desk.progress(run).state != "running", seconds=seconds)


def graded(desk: Desk, settings: Settings, order: Order) -> Submitted:
    """Submit an order and work at it until it is done."""
    submitted = desk.submit(order.id, order.spec, order.reader)
    if submitted.run.state == "running":
        with working(desk, settings):
            finish(desk, submitted.run)
    return submitted


def lines_of(desk: Desk, run: Run) -> list[dict[str, object]]:
    """The output of a run, without what may differ between two times of grading."""
    output = desk.output(run)
    lines = [json.loads(output.as_json(line)) for line in output.each()]
    for line in lines:
        if line["verdict"] is not None:
            del line["verdict"]["created_at"], line["verdict"]["usage"]
    return lines


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
