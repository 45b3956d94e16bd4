"""`evaluator regrade`: the verdicts of a run once more, from what is stored and without a model."""

import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.environment import read_settings
from service.cli.failures import GRADED, NOT_ALL_GRADED

if TYPE_CHECKING:
    from service.batch.regrading import RegradeSummary

_IDS_SHOWN = 10
_SAID = {
    "identical": "identical",
    "different": "different: the same replies, and another verdict",
    "other-version": "another version of this program asked or reads differently",
    "text-erased": "the text is erased",
    "no-replies": "no replies are kept",
    "not-graded": "without a verdict yet",
}


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the verdicts read again here, as JSONL."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def regrade(run_id: str, out: Path | None, *, as_json: bool) -> None:
    """Read the stored replies of a run again and compare the verdicts.

    No model is asked, and nothing is changed. What the keyword grader graded is graded again. Exit code 0: every
    verdict is the same, byte for byte but for when it was made and what it took; 1: not every one.
    """
    from service.batch.regrading import RegradeSummary  # noqa: PLC0415 - `--help` needs none of the service
    from service.jobs import desk_of, regrader_for  # noqa: PLC0415 - as above

    if out is not None and not out.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {click.format_filename(out.parent)}", param_hint="--out")
    settings = read_settings()
    with desk_of(settings, erase=True) as desk, contextlib.ExitStack() as stack:
        run = desk.get(run_id)
        file = None if out is None else stack.enter_context(out.open("wb"))
        summary = RegradeSummary(run.id)
        for regraded in regrader_for(desk, settings, run).each():
            summary.add(regraded)
            if file is not None and regraded.line is not None:
                file.write(regraded.line)
    click.echo(json.dumps(summary.as_json(), indent=2, ensure_ascii=False) if as_json else _text(summary))
    sys.exit(GRADED if summary.all_identical else NOT_ALL_GRADED)


def _text(summary: "RegradeSummary") -> str:
    from service.text.controls import printable  # noqa: PLC0415 - `--help` needs none of the service

    lines = [f"{summary.counts.total():,} answers of run {summary.run_id}, read again without a model"]
    counts = sorted(summary.counts.items(), key=lambda item: list(_SAID).index(item[0]))
    lines += [f"  {count:,} {_SAID[outcome]}" for outcome, count in counts]
    for outcome, ids in summary.ids.items():
        more = f" and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else ""
        lines.append(f"{outcome}: {printable(', '.join(ids[:_IDS_SHOWN]))}{more}")
    return "\n".join(lines)
