"""`evaluator worker`: works at the runs of a database until it is stopped."""

import signal
import sys
import threading

import click

from service.cli.environment import model_options, read_settings

_LOOK_EVERY_S = 0.5


@click.command()
@model_options
def worker() -> None:
    """Work at the runs of EVALUATOR_DATABASE_URL until stopped.

    Any number of workers, on any number of hosts, share the runs of one PostgreSQL database; on SQLite, those of one
    machine do. A worker does the runs of its own model and all offline ones, and takes over what a worker that died has
    left.
    """
    from service.jobs import desk_of, working  # noqa: PLC0415 - `--help` needs none of the service
    from service.observability import configure_logging  # noqa: PLC0415 - as above

    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format or ("text" if sys.stderr.isatty() else "json"))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with desk_of(settings) as desk, working(desk, settings) as engine:
        click.echo(f"Worker {engine.executor[:8]} at {desk.store.database}", err=True)
        click.echo(f"  grader   {settings.model or 'keyword (offline)'}", err=True)
        click.echo("  stop     Ctrl-C", err=True)
        while not stop.wait(_LOOK_EVERY_S):
            if (trouble := engine.trouble) is not None:
                raise trouble
