"""`evaluator runs`: the runs of the database, and what can be done with one."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import click

from service.cli.environment import budget_option, model_options, read_settings

if TYPE_CHECKING:
    from service.jobs import Desk
    from service.outcome import OutcomeStatus
    from service.store import Run

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_run_id = click.argument("run_id", metavar="ID")


class _Row(TypedDict):
    """A run as it is listed."""

    id: str
    state: str
    created_at: str
    total: int | None
    done: int
    counts: "dict[OutcomeStatus, int]"
    reused: int
    calls: int
    tokens: int
    cost_usd: float | None
    budget_usd: float | None
    spent_usd: float | None
    inputs: list[str]


@click.group()
def runs() -> None:
    """List, show, cancel, resume and delete runs, and trace verdicts.

    ID is a run's id or an unambiguous beginning of it. The database is the one of EVALUATOR_DATABASE_URL.
    """


@runs.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many to list.")
@_as_json
def list_runs(limit: int, *, as_json: bool) -> None:
    """List runs, the newest first."""
    from service.cli.results import listed  # noqa: PLC0415 - `--help` needs none of the service
    from service.jobs import desk_of  # noqa: PLC0415 - as above

    with desk_of(read_settings(), erase=True) as desk:
        rows = [_described(desk, run) for run in desk.list(limit=limit)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        click.echo("There are no runs yet; 'evaluator batch FILE' makes one.", err=True)
    for row in [] if as_json else rows:
        done = f"{row['done']:,}/{row['total']:,}" if row["total"] is not None else "reading"
        click.echo(f"{row['id']}  {row['state']:<9}  {done:>15}  {row['created_at']}  {listed(row['inputs'])}")


@runs.command()
@_run_id
@_as_json
def show(run_id: str, *, as_json: bool) -> None:
    """Show how far a run is, and what its results come to."""
    from service.cli.results import listed  # noqa: PLC0415 - `--help` needs none of the service
    from service.jobs import desk_of  # noqa: PLC0415 - as above
    from service.reports import render_summary  # noqa: PLC0415 - as above

    with desk_of(read_settings(), erase=True) as desk:
        run = desk.get(run_id)
        row, summary = _described(desk, run), desk.summary(run)
    if as_json:
        click.echo(json.dumps({**row, "summary": summary.model_dump(mode="json")}, indent=2, ensure_ascii=False))
        return
    click.echo(f"{row['id']}  {row['state']}  {row['done']:,} of {row['total'] or 0:,}  {listed(row['inputs'])}")
    click.echo(f"{row['calls']:,} calls, {row['tokens']:,} tokens{_cost(row)}")
    if row["budget_usd"] is not None:
        click.echo(f"{row['spent_usd']:,.4f} USD spent of a budget of {row['budget_usd']:,.6g} USD")
    click.echo()
    click.echo(render_summary(summary))


@runs.command()
@_run_id
def cancel(run_id: str) -> None:
    """Stop a run; what is graded is kept, and 'resume' goes on with it."""
    from service.jobs import desk_of  # noqa: PLC0415 - `--help` needs none of the service

    with desk_of(read_settings(), erase=True) as desk:
        run = desk.get(run_id)
        if run.state == "finished":
            click.echo(f"Run {run.id} is finished; there is nothing to cancel.", err=True)
            return
        desk.cancel(run)
        done = desk.progress(run).done
        click.echo(f"Run {run.id} is cancelled at {done:,} of {run.total or 0:,} answers.", err=True)


@runs.command()
@_run_id
@click.option(
    "--out",
    "outs",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the results here, not to stdout; the ending picks the format.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write an HTML page.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@budget_option
@model_options
def resume(
    *,
    run_id: str,
    outs: tuple[Path, ...],
    report: Path | None,
    as_json: bool,
) -> None:
    """Go on with a run, or write the results of one that is finished.

    Answers that could not be graded for want of the model are tried again. The run keeps its own model; its key has to
    be there. What it has cost so far counts towards its budget.
    """
    from service.cli.results import Destination, follow  # noqa: PLC0415 - `--help` needs none of the service
    from service.jobs import desk_of, settings_for  # noqa: PLC0415 - as above
    from service.jobs.chunks import grader_spec_of  # noqa: PLC0415 - as above
    from service.wiring import check_price  # noqa: PLC0415 - as above

    destination = Destination(outs=outs, report=report, as_json=as_json)
    destination.check()
    settings = read_settings()
    with desk_of(settings, erase=True) as desk:
        run = desk.get(run_id)
        own = settings_for(settings, run)  # finds out now whether its grader is to be had here
        if own.model is not None and (settings.budget_usd is not None or desk.progress(run).budget is not None):
            for each in grader_spec_of(own).models:
                check_price(own, each)
        submitted = desk.again(run, budget_usd=settings.budget_usd)
        sys.exit(follow(desk, submitted, destination, own))


@runs.command()
@click.argument("run_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(run_ids: tuple[str, ...], *, yes: bool) -> None:
    """Erase runs with their answers and results."""
    from service.jobs import desk_of  # noqa: PLC0415 - `--help` needs none of the service

    with desk_of(read_settings(), erase=True) as desk:
        found = [desk.get(run_id) for run_id in run_ids]
        for run in found:
            if not yes:
                click.confirm(f"Erase run {run.id} with its {run.total or 0:,} answers?", abort=True, err=True)
            desk.delete(run)
            click.echo(f"Run {run.id} is erased.", err=True)


@runs.command()
@click.option(
    "--days", type=click.IntRange(0), metavar="N", help="Erase what is older than N days, not EVALUATOR_RETENTION_DAYS."
)
def purge(days: int | None) -> None:
    """Erase what candidates said, and what quotes it, after its time; figures stay.

    That is done at the start of other commands and every hour of a service or worker, too.
    """
    from service.jobs import desk_of  # noqa: PLC0415 - `--help` needs none of the service

    settings = read_settings()
    days = settings.retention_days if days is None else days
    if days is None:
        raise click.UsageError("Say how old with --days, or set EVALUATOR_RETENTION_DAYS.")
    with desk_of(settings) as desk:
        erased = desk.erase(older_than_days=days)
    click.echo(
        f"Erased the text of {erased.answers:,} answers of {erased.runs:,} runs, and {erased.gradings:,} gradings and "
        "records kept for single answers or for using again.",
        err=True,
    )


@runs.command()
@click.argument("verdict_id", metavar="VERDICT")
def provenance(verdict_id: str) -> None:
    """Print, as JSON, what the verdict on an answer graded by itself was read from.

    VERDICT is the verdict's id. Of a verdict by a model the digests of answer and rubric, the parameters and each reply
    are kept as they came, until they are erased. For the verdicts of a run see 'evaluator regrade'.
    """
    from service.jobs import desk_of  # noqa: PLC0415 - `--help` needs none of the service

    with desk_of(read_settings(), erase=True) as desk:
        found = desk.store.records.of(verdict_id)
    if found is None:
        raise click.BadParameter(
            f"of a verdict {verdict_id!r} nothing is kept. Only a model's is, of an answer that was graded by itself, "
            "with EVALUATOR_CACHE on, until it is erased.",
            param_hint="VERDICT",
        )
    click.echo(found.model_dump_json(indent=2, exclude_defaults=True))


def _described(desk: "Desk", run: "Run") -> _Row:
    from service.cli.results import names_of  # noqa: PLC0415 - `--help` needs none of the service

    progress, bill = desk.progress(run), desk.store.results.bill(run.n)
    budget = progress.budget
    return {
        "id": run.id,
        "state": progress.state,
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.created_at)),
        "total": progress.total,
        "done": progress.done,
        "counts": progress.counts,
        "reused": run.reused,
        "calls": bill.calls,
        "tokens": bill.tokens,
        "cost_usd": bill.cost_usd,
        "budget_usd": None if budget is None else budget.limit_usd,
        "spent_usd": None if budget is None else budget.spent_usd,
        "inputs": list(names_of(run)),
    }


def _cost(row: _Row) -> str:
    if not row["calls"]:
        return ""
    return ", cost unknown" if row["cost_usd"] is None else f", {row['cost_usd']:,.4f} USD"
