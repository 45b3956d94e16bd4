"""`evaluator grade`: one answer from a file or stdin."""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, TypedDict

import click

from service.cli.environment import budget_option, cache_option, model_options, panel_options, read_settings
from service.cli.failures import BAD_INPUT, GRADED, NOT_ALL_GRADED
from service.cli.rubric import find_rubric

if TYPE_CHECKING:
    from service.rubric import Catalog, Rubric
    from service.settings import Settings
    from service.store import Gradings, Records
    from service.verdict import Verdict


def refuse_bytes(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The value of an option that is repeated in the verdict, which cannot hold what is no text."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise click.BadParameter("it is not text in UTF-8.") from None
    return value


@click.command()
@click.argument("file", type=click.File("rb"), default="-", metavar="[FILE]")
@click.option("--rubric", "rubric_id", metavar="ID_OR_FILE", help="The rubric; may be left out when there is only one.")
@click.option(
    "--reference",
    type=click.File("rb"),
    metavar="FILE",
    help="Grade against the model answer in FILE, with --question, in place of a rubric.",
)
@click.option("--question", help="The question that was asked; a mismatch with the rubric's is pointed out.")
@click.option("--answer-id", callback=refuse_bytes, help="An id of your own, repeated in the verdict.")
@click.option(
    "--offset-unit",
    type=click.Choice(["codepoint", "utf16"]),
    default="codepoint",
    show_default=True,
    help="How evidence offsets count; JavaScript counts in utf16.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here, not to stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@cache_option
@budget_option
@panel_options
@model_options
def grade(
    *,
    file: BinaryIO,
    rubric_id: str | None,
    reference: BinaryIO | None,
    question: str | None,
    answer_id: str | None,
    offset_unit: Literal["codepoint", "utf16"],
    out: Path | None,
    as_json: bool,
) -> None:
    """Grade one answer.

    It is read from FILE or, with '-' or nothing, from stdin.
    """
    from service.cli.render import render_verdict  # noqa: PLC0415 - as below

    if reference is not None and rubric_id is not None:
        raise click.UsageError("Give --rubric or --reference, not both.")
    settings = read_settings()
    from service.wiring import build_evaluator  # noqa: PLC0415 - `--help` needs none of the service

    if out is not None and not out.absolute().parent.is_dir():  # known before a model is paid
        raise click.BadParameter(f"there is no folder {click.format_filename(out.parent)}", param_hint="--out")
    with _keeping(settings) as keep:
        evaluator = build_evaluator(settings, **keep)
        chosen = (
            choose_rubric(evaluator.catalog, rubric_id) if reference is None else read_reference(reference, question)
        )
        answer = read_answer(file, evaluator.max_answer_bytes)
        if settings.model and sys.stderr.isatty():
            click.echo(f"Asking {settings.model} ...", err=True)
        verdict = asyncio.run(
            evaluator.grade(
                rubric=chosen, answer=answer, question=question, answer_id=answer_id, offset_unit=offset_unit
            )
        )
    text = verdict.model_dump_json(indent=2) if as_json else render_verdict(verdict, color=out is None)
    if out is None:
        click.echo(text)
    else:
        write_whole(out, text + "\n")
    sys.exit(GRADED if _all_graded(verdict) else NOT_ALL_GRADED)


class _Keep(TypedDict, total=False):
    """Where to keep gradings, and what verdicts were read from."""

    cache: "Gradings"
    recorder: "Records"


@contextlib.contextmanager
def _keeping(settings: "Settings") -> Iterator[_Keep]:
    """The user's database, where a model is to grade; grading goes on without it."""
    from service.errors import StoreUnavailable  # noqa: PLC0415 - as below
    from service.wiring import open_store  # noqa: PLC0415 - `--help` needs none of the service

    with contextlib.ExitStack() as stack:
        keep: _Keep = {}
        if settings.model is not None and settings.cache:
            try:
                store = stack.enter_context(contextlib.closing(open_store(settings)))
                keep = {"cache": store.gradings, "recorder": store.records}
            except StoreUnavailable as error:
                click.echo(f"Warning: nothing is kept of this grading. {error}", err=True)
        yield keep


def choose_rubric(catalog: "Catalog", rubric_id: str | None) -> "Rubric":
    """The rubric asked for, or the only one there is."""
    if rubric_id is not None:
        return find_rubric(catalog, rubric_id)
    ids = catalog.ids()
    if not ids:
        raise click.UsageError(f"There is no rubric in {catalog.folder}; a rubric's file is named <id>.yaml.")
    if len(ids) != 1:
        raise click.UsageError(f"Say which rubric to use with --rubric; these exist: {', '.join(ids)}.")
    return catalog.get(ids[0])


def read_reference(file: BinaryIO, question: str | None) -> "Rubric":
    """The rubric that a file with a model answer stands for."""
    from service.rubric import reference_rubric  # noqa: PLC0415 - as above
    from service.rubric.reference import MAX_CHARACTERS  # noqa: PLC0415 - as above

    text = read_answer(file, 4 * MAX_CHARACTERS)
    if len(text) > MAX_CHARACTERS:
        raise click.BadParameter(f"it is longer than {MAX_CHARACTERS:,} characters.", param_hint="--reference")
    try:
        return reference_rubric(text, question)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--reference") from None


def read_answer(file: BinaryIO, max_bytes: int) -> str:
    """Read an answer, UTF-8 or marked as UTF-16; a file far over the limit is not read to its end."""
    if file.isatty():
        click.echo("Type or paste the answer; end it with Ctrl-D on a line of its own.", err=True)
    try:
        content = file.read(4 * max_bytes + 4)
    except IsADirectoryError:
        raise click.UsageError(f"{file.name} is a folder, not an answer.") from None
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if len(content) > max_bytes:  # cut in the middle of a character; the size is what is wrong
            return content.decode(encoding, errors="ignore")
        click.echo(
            f"Error: {file.name}: not {encoding.removesuffix('-sig').upper()} text at byte {error.start}.", err=True
        )
        sys.exit(BAD_INPUT)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all; a device or a pipe is written to, not replaced."""
    try:
        target = path.resolve()
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
        else:
            _replace(target, text)
    except OSError as error:
        name = click.format_filename(path)
        click.echo(f"Error: {name}: cannot be written: {error.strerror or error}.", err=True)
        sys.exit(BAD_INPUT)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _all_graded(verdict: "Verdict") -> bool:
    ungraded = [item.id for item in verdict.criteria if item.status == "ungraded"]
    return not ungraded and all(flag.status != "ungraded" for flag in verdict.red_flags)
