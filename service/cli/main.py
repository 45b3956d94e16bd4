"""The command group, and what all commands share: errors as one line and an exit code."""

import io
import sys
from importlib.metadata import version

import click

from service.cli.batch import batch
from service.cli.failures import exit_code
from service.cli.grade import grade
from service.cli.regrade import regrade
from service.cli.rubric import rubric
from service.cli.runs import runs
from service.cli.serve import serve
from service.cli.transcript import transcript
from service.cli.worker import worker


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(version("answer-evaluator"), message="%(version)s")
def cli() -> None:
    """Grade free-text answers against a rubric, with a language model or offline.

    Settings come from EVALUATOR_* variables, a .env file, or the flags of a command. With no model set, the offline
    keyword grader grades.

    Exit codes: 0 all graded; 1 something ungraded or failed, or the budget is spent; 2 bad usage or input; 3 grader or
    database unavailable.
    """


cli.add_command(serve)
cli.add_command(grade)
cli.add_command(batch)
cli.add_command(runs)
cli.add_command(regrade)
cli.add_command(transcript)
cli.add_command(worker)
cli.add_command(rubric)


def main() -> None:
    """Run the command line; the errors raised on purpose become a message and an exit code."""
    from service.errors import GradingError  # noqa: PLC0415 - `--help` needs none of the service

    _write_any_text()
    try:
        cli()
    except GradingError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(exit_code(error))


def _write_any_text() -> None:
    """Files and pipes get UTF-8 wherever they are written; a terminal shows what it can."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")
