"""`evaluator rubric`: list, show and check rubrics, and print the format."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.environment import read_settings, rubrics_dir_option
from service.cli.failures import BAD_INPUT

if TYPE_CHECKING:
    from service.rubric import Catalog, Rubric

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


@click.group()
def rubric() -> None:
    """List, show and check rubrics."""


@rubric.command("list")
@rubrics_dir_option
@_as_json
def list_rubrics(*, as_json: bool) -> None:
    """List the rubrics there are."""
    rubrics = _catalog().all()
    if as_json:
        fields = {"id", "version", "title", "language", "question", "digest"}
        rows = [each.model_dump(include=fields) | {"digest": each.digest} for each in rubrics]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    width = max((len(each.id) for each in rubrics), default=0)
    for each in rubrics:
        click.echo(f"{each.id:{width}}  {each.version}  {len(each.criteria):2} criteria  {each.title}")


@rubric.command()
@click.argument("rubric_id", metavar="ID_OR_FILE")
@rubrics_dir_option
@_as_json
def show(rubric_id: str, *, as_json: bool) -> None:
    """Show a rubric: its question, criteria, levels and red flags."""
    chosen = find_rubric(_catalog(), rubric_id)
    click.echo(chosen.model_dump_json(by_alias=True, indent=2) if as_json else _described(chosen), nl=True)


@rubric.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
def check(files: tuple[Path, ...]) -> None:
    """Check rubric files.

    Every problem is shown with its line, column and what to do.
    """
    from service.errors import RubricInvalid  # noqa: PLC0415 - `--help` needs none of the service
    from service.rubric import load_rubric  # noqa: PLC0415 - as above

    broken = False
    for file in files:
        try:
            loaded = load_rubric(file)
        except RubricInvalid as error:
            broken = True
            click.echo(str(error), err=True)
            continue
        click.echo(f"{file}: fine; {len(loaded.criteria)} criteria, {len(loaded.red_flags)} red flags")
        if file.name != f"{loaded.id}.yaml":
            click.echo(f"    in a folder of rubrics its name must be {loaded.id}.yaml", err=True)
        if silent := [criterion.id for criterion in loaded.criteria if not criterion.signals]:
            click.echo(
                f"    without signals, so offline graded from its own words, weakly or not at all: {', '.join(silent)}",
                err=True,
            )
    if broken:
        sys.exit(BAD_INPUT)


@rubric.command()
def schema() -> None:
    """Print the format as JSON Schema.

    Editors complete and check YAML by it.
    """
    from service.rubric import rubric_json_schema  # noqa: PLC0415 - `--help` needs none of the service

    click.echo(json.dumps(rubric_json_schema(), indent=2, ensure_ascii=False))


def find_rubric(catalog: "Catalog", id_or_file: str) -> "Rubric":
    """The rubric of that id in the catalog, or in that file if it looks like one."""
    from service.rubric import load_rubric  # noqa: PLC0415 - `--help` needs none of the service

    if id_or_file.endswith((".yaml", ".yml")):
        return load_rubric(Path(id_or_file))
    return catalog.get(id_or_file)


def _catalog() -> "Catalog":
    from service.rubric import Catalog  # noqa: PLC0415 - `--help` needs none of the service

    return Catalog(read_settings().rubrics_dir)


def _described(rubric: "Rubric") -> str:
    lines = [f"{rubric.title}  ({rubric.id} {rubric.version})", "", rubric.question, ""]
    lines += [f"Derived from: {rubric.source.title}", ""]
    for criterion in rubric.criteria:
        share = 100 * criterion.weight / rubric.total_weight
        lines += [f"{criterion.title}  [{criterion.id}, {share:.1f} points]", f"  {criterion.description}"]
        lines += [f"    {level.level} {level.name}: {criterion.levels[level.level]}" for level in rubric.levels]
        lines.append("")
    if rubric.red_flags:
        lines.append("Red flags")
        lines += [f"  {flag.title}  [{flag.id}, -{flag.penalty:g}]: {flag.description}" for flag in rubric.red_flags]
        lines.append("")
    lines.append("Bands: " + ", ".join(f"{band.name} from {band.from_score:g}" for band in rubric.bands))
    return "\n".join(lines)
