"""`evaluator worker`: works at runs that somebody else submitted."""

import signal
from pathlib import Path

import pytest

from service.jobs import desk_of
from tests.jobs.commands import ended, environment, started
from tests.jobs.running import finish, order_of, settings_of, texts


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, id="SIGTERM"), pytest.param(signal.SIGINT, id="Ctrl-C")]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_worker_does_what_is_there_and_stops_when_told(
    database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    """It says where it works, without a password, and ends well."""
    settings = settings_of(database_url)
    with desk_of(settings) as desk, started(["worker"], environment(database_url), tmp_path) as worker:
        order = order_of(settings, texts(60))
        submitted = desk.submit(order.id, order.spec, order.reader)
        finish(desk, submitted.run)
        counts = desk.progress(submitted.run).counts

        worker.send_signal(number)
        code, out, err = ended(worker)

    assert counts == {"graded": 60}
    assert (code, out) == (0, b"")
    assert b"keyword (offline)" in err
    assert b"Traceback" not in err
