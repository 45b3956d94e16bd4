"""`evaluator transcript`: what is understood of a transcript, before anything is graded."""

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, BinaryIO

import click

from service.text.controls import printable

if TYPE_CHECKING:
    from service.transcripts import Transcript

WIDTH = 100
"""The widest a line gets, in characters; a narrower terminal is kept to."""
NARROWEST = 40


def known_format(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The value of `--format`; the formats are loaded only here, since `--help` needs none of the service."""
    from service.transcripts import FORMATS  # noqa: PLC0415 - as above

    if value is not None and value not in FORMATS:
        raise click.BadParameter(f"{printable(value)!r} is none of {', '.join(FORMATS)}.")
    return value


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print what was understood as JSON.")
@click.option(
    "--format",
    "form",
    metavar="FORMAT",
    callback=known_format,
    help="Read FILE as this, whatever it looks like: text (Markdown too), vtt, srt, sbv, csv, jsonl, whisper, "
    "deepgram, assemblyai, aws, rev or json.",
)
def transcript(*, file: BinaryIO, as_json: bool, form: str | None) -> None:
    """Show who says what in a transcript.

    FILE is text or Markdown, WebVTT, SRT, SBV, CSV, JSONL, or the JSON of a speech recogniser; '-' reads stdin.
    """
    found = read_transcript(file, form)
    click.echo(to_json(found) if as_json else render(found, color=sys.stdout.isatty()))


def read_transcript(file: BinaryIO, form: str | None) -> "Transcript":
    """The transcript in a file that is open.

    Raises:
        TranscriptInvalid: It cannot be read as one; the message begins with the name of the file.
    """
    from service.errors import TranscriptInvalid  # noqa: PLC0415 - `--help` needs none of the service
    from service.transcripts import parse_transcript  # noqa: PLC0415 - as above
    from service.transcripts.decoding import MAX_BYTES  # noqa: PLC0415 - as above

    name = printable(click.format_filename(getattr(file, "name", "<stdin>")))
    try:
        content = file.read(MAX_BYTES + 1)  # a longer one is refused for its length
    except IsADirectoryError:
        raise click.UsageError(f"{name} is a folder, not a transcript.") from None
    try:
        return parse_transcript(content, name=name, format=form)
    except TranscriptInvalid as error:
        raise TranscriptInvalid(f"{name}: {error}") from None


def to_json(found: "Transcript") -> str:
    """What was understood, for machines; times are in seconds, `line` is the line of the file."""
    turns = [
        {"speaker": turn.speaker, "start": turn.start, "end": turn.end, "text": turn.text, "line": turn.line}
        for turn in found.turns
    ]
    speakers = [{"name": name, "turns": turns, "words": words} for name, turns, words in speaker_counts(found)]
    warnings = [{"code": notice.code, "message": notice.message} for notice in found.warnings]
    return json.dumps(
        {"format": found.format, "speakers": speakers, "turns": turns, "warnings": warnings},
        ensure_ascii=False,
        indent=2,
    )


def speaker_counts(found: "Transcript") -> list[tuple[str, int, int]]:
    """Each speaker with the number of turns and of words, in order of appearance."""
    counts = dict.fromkeys(found.speakers, (0, 0))
    for turn in found.turns:
        if turn.speaker is not None:
            turns, words = counts[turn.speaker]
            counts[turn.speaker] = turns + 1, words + len(turn.text.split())
    return [(name, turns, words) for name, (turns, words) in counts.items()]


def render(found: "Transcript", *, color: bool = True) -> str:
    """The transcript for reading: its speakers, then each turn with its time, then the warnings."""
    counts = speaker_counts(found)
    lines = [f"Read as {found.format}: {_number(len(found.turns), 'turn')}, {_number(len(counts), 'speaker')}", ""]
    if counts:
        lines += [*_table(counts), ""]
    else:
        lines += ["The file names no speaker.", ""]
    for turn in found.turns:
        head = "  ".join(part for part in (clock(turn.start), printable(turn.speaker or "?")) if part)
        lines += [click.style(head, bold=True) if color else head, *_wrapped(turn.text, indent=4)]
    warnings = [_wrapped(f"Warning ({notice.code}): {notice.message}", indent=0) for notice in found.warnings]
    if warnings:
        lines += ["", *(line for warning in warnings for line in warning)]
    return "\n".join(lines)


def clock(seconds: float | None) -> str:
    """A time as `0:01:02`, or nothing where there is none."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _table(counts: list[tuple[str, int, int]]) -> list[str]:
    rows = [
        ("Speaker", "Turns", "Words"),
        *((printable(name), str(turns), str(words)) for name, turns, words in counts),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [f"{name:<{widths[0]}}  {turns:>{widths[1]}}  {words:>{widths[2]}}" for name, turns, words in rows]


def _wrapped(text: str, *, indent: int) -> list[str]:
    width = min(WIDTH, max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST))
    return textwrap.wrap(
        printable(text), width, initial_indent=" " * indent, subsequent_indent="    ", break_on_hyphens=False
    )


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
