"""Where the results of a run go: files that grow as it is graded, a report at the end, and a summary for the person."""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, NoReturn

import click

from service.cli.failures import BAD_INPUT, GRADED, INTERRUPTED, NOT_ALL_GRADED, UNAVAILABLE

if TYPE_CHECKING:
    from service.batch.inputs import Reader
    from service.batch.output import OutputLines
    from service.errors import StoreUnavailable
    from service.jobs import Desk, Progress, Submitted
    from service.reports import OutcomeWriter
    from service.settings import Settings
    from service.store import Run
    from service.submission import Source

_LOOK_EVERY_S = 0.1
_NO_RESULT_FOR_S = 3.0
_NAMES_SHOWN = 3
_FAULTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Destination:
    """What was asked for: files for the results, a page, and the summary as JSON instead of text."""

    outs: tuple[Path, ...] = ()
    report: Path | None = None
    as_json: bool = False

    def check(self, inputs: Sequence[str] = ()) -> None:
        """Find out what cannot be written, or must not, before anything is graded.

        Raises:
            ExportInvalid: a file's ending is of no format there is.
        """
        from service.reports import ending_of  # noqa: PLC0415 - `--help` needs none of the service

        paths = (*self.outs, *filter(None, [self.report]))
        if len({path.absolute() for path in paths}) < len(paths):
            raise click.BadParameter("two of the files to be written are the same.")
        if self.report is not None and self.report.suffix.lower() not in {".html", ".htm"}:
            raise click.BadParameter("the report is an HTML page; end its name in .html.", param_hint="--report")
        for path in paths:
            if not path.absolute().parent.is_dir():
                raise click.BadParameter(f"there is no folder {click.format_filename(path.parent)}.")
            if any(_same_file(path, name) for name in inputs):
                raise click.BadParameter(f"{click.format_filename(path)} is what is to be graded; name another file.")
        for path in self.outs:
            ending_of(path.name)


def _same_file(path: Path, name: str) -> bool:
    try:
        return path.samefile(name)
    except OSError:  # one of them is not there, or cannot be: whoever opens it says so
        return False


@dataclass(slots=True)
class Sinks:
    """The files of results while they grow; each result is written to all of them, in the order of the answers."""

    lines: "OutputLines"
    raw: list[BinaryIO] = field(default_factory=list)
    writers: "list[OutcomeWriter]" = field(default_factory=list)
    written: int = 0

    def catch_up(self) -> int:
        """Write what is ready and in line; returns how many results that were."""
        ready = self.lines.ready(self.written)
        for line in ready:
            for file in self.raw:
                file.write(self.lines.as_json(line))
            if self.writers:
                outcome, _ = self.lines.as_outcome(line)
                for writer in self.writers:
                    writer.write(outcome)
        for file in self.raw:
            file.flush()
        self.written += len(ready)
        return len(ready)


def follow(desk: "Desk", submitted: "Submitted", destination: Destination, settings: "Settings") -> int:
    """Work at a run and write results as they come until it ends, then the rest; returns the exit code."""
    from service.jobs import working  # noqa: PLC0415 - `--help` needs none of the service

    run = submitted.run
    _say_what_is_new(submitted)
    try:
        with _sinks(desk, run, destination) as sinks, _bar(run) as show:
            if run.state == "running":
                with working(desk, settings) as engine:
                    progress = _watch(desk, run, sinks, show, lambda: engine.trouble)
            else:
                progress = _watch(desk, run, sinks, show, lambda: None)
        return _end(desk, run, progress, destination)
    except BrokenPipeError:
        # Whoever read the results has gone; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_ALL_GRADED
    except KeyboardInterrupt:
        done = desk.progress(run)
        click.echo(
            f"\nStopped at {done.done:,} of {done.total:,} answers. Run the same command again, or "
            f"'evaluator runs resume {run.id}', to go on.",
            err=True,
        )
        return INTERRUPTED
    except OSError as error:
        _cannot_write(error)


def _watch(
    desk: "Desk",
    run: "Run",
    sinks: Sinks,
    show: "Callable[[Progress], None]",
    trouble: "Callable[[], StoreUnavailable | None]",
) -> "Progress":
    looked = time.monotonic()
    while True:
        progress = desk.progress(run)
        show(progress)
        if sinks.catch_up():
            looked = time.monotonic()
            continue
        if progress.state != "running":
            return progress
        if (why := trouble()) is not None:
            raise why
        if time.monotonic() - looked > _NO_RESULT_FOR_S:
            desk.check_on(run)
            looked = time.monotonic()
        time.sleep(_LOOK_EVERY_S)


@contextlib.contextmanager
def _sinks(desk: "Desk", run: "Run", destination: Destination) -> Iterator[Sinks]:
    from service.reports import ending_of, writer_for  # noqa: PLC0415 - `--help` needs none of the service

    sinks = Sinks(desk.output(run))
    rubrics = list(desk.store.submissions.rubrics_of(run).values())
    with contextlib.ExitStack() as stack:
        for path in destination.outs:
            ending = ending_of(path.name)
            file = stack.enter_context(path.open("wb"))
            if ending == ".jsonl":
                sinks.raw.append(file)
            else:
                writer = writer_for(ending, file, rubrics=rubrics, title=_title(run))
                sinks.writers.append(stack.enter_context(contextlib.closing(writer)))
        if not destination.outs and not destination.as_json:
            sinks.raw.append(sys.stdout.buffer)
        yield sinks


@contextlib.contextmanager
def reading_bar() -> Iterator[Callable[[int], object]]:
    """Show how many answers have been read, if that takes long enough to wonder."""
    from tqdm import tqdm  # noqa: PLC0415 - as below

    with tqdm(unit=" answers read", disable=None, file=sys.stderr, dynamic_ncols=True, leave=False, delay=1) as bar:
        yield bar.update


@contextlib.contextmanager
def _bar(run: "Run") -> "Iterator[Callable[[Progress], None]]":
    from tqdm import tqdm  # noqa: PLC0415 - only a terminal is shown a bar

    with tqdm(
        total=run.total, unit=" answers", disable=None, file=sys.stderr, dynamic_ncols=True, smoothing=0.1
    ) as bar:

        def show(progress: "Progress") -> None:
            if bar.disable:
                return
            if failed := progress.counts.get("failed"):
                bar.set_postfix_str(f"{failed:,} failed", refresh=False)
            if not bar.n and progress.done:  # what was done before this process began says nothing of its speed
                bar.initial = bar.n = bar.last_print_n = progress.done
            bar.update(progress.done - bar.n)
            bar.refresh()

        yield show


def _end(desk: "Desk", run: "Run", progress: "Progress", destination: Destination) -> int:
    from service.reports import render_summary, write_html  # noqa: PLC0415 - `--help` needs none of the service

    summary = desk.summary(run)
    if destination.report is not None:
        data = next((path for path in destination.outs), None)
        href = None if data is None else os.path.relpath(data.absolute(), destination.report.absolute().parent)
        lines = desk.output(run)
        with destination.report.open("wb") as file:
            write_html(
                file,
                title=_title(run),
                summary=summary,
                outcomes=(lines.as_outcome(line) for line in lines.each()),
                data_href=href,
            )
    if destination.as_json:
        click.echo(summary.model_dump_json(indent=2))
    else:
        width = min(100, shutil.get_terminal_size((100, 24)).columns)
        click.echo(f"\n{render_summary(summary, width=width)}", err=True)
        for code in list(summary.failures)[:_FAULTS_SHOWN]:
            if (first := desk.first_fault(run, code)) is not None:
                click.echo(f"First {code}: {_place(first[0])}: {_plain(first[1].message)}", err=True)
        click.echo(f"Run {run.id}{_bill(desk, run)}", err=True)
    return _exit_code(desk, run, progress)


def _bill(desk: "Desk", run: "Run") -> str:
    bill = desk.store.results.bill(run.n)
    if not bill.calls:
        return ""
    cost = "cost unknown" if bill.cost_usd is None else f"{bill.cost_usd:,.4f} USD"
    return f": {bill.calls:,} calls, {bill.tokens:,} tokens, {cost}"


def _exit_code(desk: "Desk", run: "Run", progress: "Progress") -> int:
    if progress.state == "failed":
        click.echo(
            f"Error: part of run {run.id} broke off. Run the same command again to go on with what is left.", err=True
        )
        return UNAVAILABLE
    if progress.state == "cancelled":
        click.echo(f"The run was cancelled at {progress.done:,} of {progress.total:,} answers.", err=True)
        return NOT_ALL_GRADED
    if progress.state == "stopped":
        click.echo(_out_of_money(run, progress), err=True)
        return NOT_ALL_GRADED
    if progress.counts.get("graded", 0) == progress.total:
        return GRADED
    if progress.counts.get("failed", 0) == progress.total and (first := desk.first_fault(run)) is not None:
        click.echo(f"Error: {first[1].message}", err=True)
        return UNAVAILABLE
    return NOT_ALL_GRADED


def _out_of_money(run: "Run", progress: "Progress") -> str:
    budget, of = progress.budget, f"{progress.done:,} of {progress.total:,} answers"
    spent = f" {budget.spent_usd:,.4f} of {budget.limit_usd:,.6g} USD are spent." if budget else ""
    return (
        f"The run stopped at {of}: the budget has no room for another call.{spent} What is graded is kept. To go on, "
        f"give a higher --budget to the same command, or to 'evaluator runs resume {run.id}'."
    )


def say_of_files(reader: "Reader") -> None:
    """Say what is to be known of the files: warnings, and which rubric a question was matched with."""
    for name, notice in reader.notices:
        click.echo(f"Warning ({notice.code}): {name}: {notice.message}", err=True)
    for question, choice in reader.matches.items():
        shown = question if len(question) <= 80 else f"{question[:79]}\u2026"
        click.echo(f"Rubric {choice.rubric.id} (similarity {choice.similarity:.2f}): {_plain(shown)}", err=True)


def names_of(run: "Run") -> tuple[str, ...]:
    """What the inputs of a run were called."""
    from service.batch.spec import RunSpec  # noqa: PLC0415 - `--help` needs none of the service

    return RunSpec.model_validate_json(run.spec).names


def listed(names: Sequence[str]) -> str:
    """The first few of what may be thousands of names."""
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more


def _title(run: "Run") -> str:
    return listed([PurePath(name).name for name in names_of(run)])


def _say_what_is_new(submitted: "Submitted") -> None:
    run = submitted.run
    if submitted.again:
        click.echo(f"{submitted.again:,} answers could not be graded last time; they are tried again.", err=True)
    elif not submitted.new:
        state = "is finished" if run.state == "finished" else "goes on"
        click.echo(f"This is run {run.id}, which {state}.", err=True)
    for change in submitted.changes:
        click.echo(change, err=True)
    if submitted.new and run.reused:
        left = (run.total or 0) - run.reused
        click.echo(
            f"{run.reused:,} of {run.total:,} answers are graded already in the same way; {left:,} to grade.", err=True
        )


def _place(source: "Source") -> str:
    return _plain(source.file if source.line is None else f"{source.file}:{source.line}")


def _plain(text: str) -> str:
    from service.text.controls import printable  # noqa: PLC0415 - `--help` needs none of the service

    return printable(" ".join(text.split()))


def _cannot_write(error: OSError) -> NoReturn:
    name = click.format_filename(error.filename) if error.filename else "the results"
    click.echo(
        f"Error: {name}: cannot be written: {error.strerror or error}. What is graded is kept; run the same command "
        "again when there is room.",
        err=True,
    )
    sys.exit(BAD_INPUT)
