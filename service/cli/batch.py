"""`evaluator batch`: many answers from files, as one run that survives whatever happens to the process."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from service.cli.environment import budget_option, cache_option, model_options, panel_options, read_settings
from service.cli.failures import INTERRUPTED

if TYPE_CHECKING:
    from service.batch.costs import Measured
    from service.cli.results import Destination
    from service.jobs import Order
    from service.settings import Settings


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--rubric", "rubric_id", metavar="ID_OR_FILE", help="The rubric for every answer that names none.")
@click.option("--speaker", metavar="NAME", help="Who of a transcript's speakers is the candidate.")
@click.option("--format", "format_name", metavar="NAME", help="The format of the files, where it is not told rightly.")
@click.option(
    "--out",
    "outs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results here, not to stdout: JSONL, CSV, TSV, Parquet or Markdown by the ending. May be repeated.",
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write an HTML page with charts and every answer, its evidence highlighted.",
)
@click.option("--dry-run", is_flag=True, help="Read everything and say what grading would take; grade nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary, or the plan of a dry run, as JSON.")
@click.option(
    "--offset-unit",
    type=click.Choice(["codepoint", "utf16"]),
    default="codepoint",
    show_default=True,
    help="How evidence offsets count; JavaScript counts in utf16.",
)
@cache_option
@budget_option
@panel_options
@model_options
def batch(
    *,
    files: tuple[str, ...],
    rubric_id: str | None,
    speaker: str | None,
    format_name: str | None,
    outs: tuple[Path, ...],
    report: Path | None,
    dry_run: bool,
    as_json: bool,
    offset_unit: Literal["codepoint", "utf16"],
) -> None:
    """Grade all answers of files, or of transcripts.

    FILE is a file of answers (JSONL, CSV, TSV, Parquet) or a transcript of an interview (text, VTT, SRT and others); a
    pattern such as 'answers/*.jsonl' names several, '-' is stdin.

    If it is interrupted, run the same command again: it goes on where it was, and nothing is paid for twice.
    """
    from service.batch.inputs import FORMATS, expanded, opened  # noqa: PLC0415 - `--help` needs none of the service
    from service.cli.results import Destination  # noqa: PLC0415 - as above
    from service.cli.rubric import find_rubric  # noqa: PLC0415 - as above
    from service.jobs.orders import order_for  # noqa: PLC0415 - as above
    from service.wiring import build_evaluator  # noqa: PLC0415 - as above

    if format_name is not None and format_name not in FORMATS:
        raise click.BadParameter(f"{format_name!r} is none of: {', '.join(FORMATS)}.", param_hint="--format")
    destination = Destination(outs=outs, report=report, as_json=as_json)
    destination.check(expanded(files))
    settings = read_settings()
    evaluator = build_evaluator(settings.model_copy(update={"model": None, "api_base": None}))
    rubric = find_rubric(evaluator.catalog, rubric_id) if rubric_id else None
    with opened(files, stdin=sys.stdin.buffer, format=format_name) as inputs:
        order = order_for(settings, evaluator.catalog, inputs, rubric=rubric, speaker=speaker, offset_unit=offset_unit)
        if dry_run:
            _plan(settings, order, as_json=as_json)
        else:
            _grade(settings, order, destination)


def _plan(settings: "Settings", order: "Order", *, as_json: bool) -> None:
    import json  # noqa: PLC0415 - as below

    from service.batch.planning import plan  # noqa: PLC0415 - `--help` needs none of the service
    from service.cli.results import say_of_files  # noqa: PLC0415 - as above
    from service.wiring import mean_price  # noqa: PLC0415 - as above

    with _measured(settings, order) as measured:
        planned = plan(
            order.reader,
            model=settings.model,
            max_answer_bytes=settings.max_answer_bytes,
            price=mean_price(settings, order.spec.grader.models_by_grading),
            gradings=order.spec.grader.gradings,
            measured=measured,
        )
    say_of_files(order.reader)
    if as_json:
        click.echo(json.dumps(planned.as_json(), indent=2))
        return
    click.echo("\n".join(planned.as_text()))


@contextlib.contextmanager
def _measured(settings: "Settings", order: "Order") -> "Iterator[Measured]":
    """What answers took that were graded before, if there is a database of them."""
    from service.batch.measured import EarlierUsage  # noqa: PLC0415 - `--help` needs none of the service
    from service.errors import StoreUnavailable  # noqa: PLC0415 - as above
    from service.wiring import existing_store  # noqa: PLC0415 - as above

    with contextlib.ExitStack() as stack:
        measured: Measured = lambda _: ()  # noqa: E731 - one of two
        if settings.model is not None:
            with contextlib.suppress(StoreUnavailable):  # an estimate without it is better than none
                if (store := existing_store(settings)) is not None:
                    stack.enter_context(contextlib.closing(store))
                    measured = EarlierUsage(store, order.spec.grader)
        yield measured


def _grade(settings: "Settings", order: "Order", destination: "Destination") -> None:
    from service.cli.results import follow, reading_bar, say_of_files  # noqa: PLC0415 - `--help` needs none of the service
    from service.jobs import desk_of  # noqa: PLC0415 - as above
    from service.wiring import build_evaluator  # noqa: PLC0415 - as above

    if settings.model is not None:
        build_evaluator(settings)  # finds out now whether the model can be asked
    with desk_of(settings, erase=True) as desk:
        try:
            with reading_bar() as count:
                submitted = desk.submit(
                    order.id, order.spec, order.reader, budget_usd=settings.budget_usd, progress=count
                )
        except KeyboardInterrupt:
            click.echo("\nStopped while reading; run the same command again.", err=True)
            sys.exit(INTERRUPTED)
        say_of_files(order.reader)
        sys.exit(follow(desk, submitted, destination, settings))
