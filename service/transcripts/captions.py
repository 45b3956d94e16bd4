"""The cues of subtitle files: where each begins and ends, and the lines that are shown.

webvtt-py was tried for this. It reads well-formed files, and the tests hold this reader to it; but it has no line
numbers to point at, refuses a file without its header, silently drops cues whose times have a comma or run backwards,
and leaves out the text after an empty line inside a cue. Words of a candidate may not get lost like that.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.grading import Notice
from service.transcripts.times import LOOSE_CLOCK, parse_time

_ARROW = re.compile(rf"\s*({LOOSE_CLOCK})\s*--?>\s*({LOOSE_CLOCK})(?![\d:])(.*)")
_COMMA = re.compile(rf"\s*({LOOSE_CLOCK})\s*,\s*({LOOSE_CLOCK})\s*()$")
_BROKEN_ARROW = re.compile(r"\s*\d[\d:.,;\s]{0,30}-->")
_ASIDE = re.compile(r"(?:NOTE(?:\s.*)?|STYLE\s*|REGION\s*)$")
_COUNTER = re.compile(r"\s*\d{1,9}\s*$")
# Webex names the speaker beside the number: `12 "Ann Lee" (3056874240)`.
_NAMED_COUNTER = re.compile(r'\s*\d{1,9}\s+"([^"]{1,80})"\s+\(\d{1,20}\)\s*')
_SETTINGS = re.compile(r"(?:\s*(?:\w{1,20}:\S*|[XY][12]:\d+))*\s*")
_LONGEST_TIMING = 200


class Cue(NamedTuple):
    """What is shown from `start` to `end`, in seconds; `lines` have their number in the file, from 1."""

    start: float | None
    end: float | None
    lines: tuple[tuple[int, str], ...]


class _Timing(NamedTuple):
    """A line of cue times, at this index of the lines; `rest` is what of a cue stands on it, too."""

    at: int
    start: float | None
    end: float | None
    rest: str


def has_cues(lines: Sequence[str], *, commas: bool) -> bool:
    """Whether there is a line of cue times, of the kind of SBV if `commas`."""
    pattern = _COMMA if commas else _ARROW
    return any(pattern.match(line[:_LONGEST_TIMING]) for line in lines)


def read_cues(lines: Sequence[str], *, commas: bool, asides: bool) -> tuple[list[Cue], list[Notice]]:
    """The cues of a file, in its order, and notices of what was left out or could not be read.

    `commas` is the way SBV writes times; `asides` are the comments, styles and regions of WebVTT.
    """
    timings = list(_timings(lines, commas=commas))
    cues: list[Cue] = []
    skipped = _unread(lines[: _first_line(lines, timings)], asides=asides)
    for position, timing in enumerate(timings):
        after = timings[position + 1].at if position + 1 < len(timings) else len(lines)
        if position + 1 < len(timings) and _is_identifier(lines, after - 1, timing.at):
            after -= 1
        shown = [(timing.at + 1, timing.rest)] if timing.rest else []
        shown += _shown(lines, timing.at + 1, after, asides=asides)
        if shown and timing.at and (named := _NAMED_COUNTER.fullmatch(lines[timing.at - 1][:_LONGEST_TIMING])):
            name = named.group(1).translate({ord(mark): f"&#{ord(mark)};" for mark in "<>&"})
            shown[0] = (shown[0][0], f"<v {name}>{shown[0][1]}")
        cues.append(Cue(timing.start, timing.end, tuple(shown)))
    return cues, [*_skipped(skipped), *_untimed(timings), *_overlapping(cues)]


def _timings(lines: Sequence[str], *, commas: bool) -> Iterator[_Timing]:
    pattern = _COMMA if commas else _ARROW
    for index, line in enumerate(lines):
        head = line[:_LONGEST_TIMING]
        if match := pattern.match(head):
            start, end = parse_time(match.group(1)), parse_time(match.group(2))
            if start is not None and end is not None and end < start:
                end = None
            yield _Timing(index, start, end, _after_settings(match.group(3)) + line[_LONGEST_TIMING:])
        elif _BROKEN_ARROW.match(head):
            yield _Timing(index, None, None, "")


def _after_settings(rest: str) -> str:
    """Words that stand on the line of the times, where they are no cue settings; digits are of a broken time."""
    settings = _SETTINGS.match(rest)
    tail = rest[settings.end() :] if settings else rest
    return tail if re.search(r"[^\W\d_]", tail) else ""


def _first_line(lines: Sequence[str], timings: Sequence[_Timing]) -> int:
    if not timings:
        return len(lines)
    first = timings[0].at
    return first - 1 if first and _is_identifier(lines, first - 1, -1) else first


def _is_identifier(lines: Sequence[str], index: int, after: int) -> bool:
    """Whether the line right before a line of times names the cue, and is not the end of the cue before."""
    line = lines[index]
    if index <= after or not line.strip():
        return False
    return bool(_COUNTER.fullmatch(line)) or index == 0 or (not lines[index - 1].strip() and index - 1 > after)


def _shown(lines: Sequence[str], begin: int, end: int, *, asides: bool) -> Iterator[tuple[int, str]]:
    """The lines of a cue that have text; a comment, style or region after an empty line is not one of them."""
    aside, fresh = False, False
    for index in range(begin, end):
        line = lines[index]
        if not line.strip():
            aside, fresh = aside and line != "", True
            continue
        aside = aside or (asides and fresh and _ASIDE.fullmatch(line) is not None)
        fresh = False
        if not aside:
            yield index + 1, line


def _unread(lines: Sequence[str], *, asides: bool) -> int:
    """How many lines before the first cue have text that is neither a header nor a comment."""
    if not asides:
        return sum(bool(line.strip("\ufeff \t")) for line in lines)
    lines = [line.strip("\ufeff") for line in lines]
    if lines and lines[0].startswith("WEBVTT"):
        header = next((index for index, line in enumerate(lines) if not line), len(lines))
        lines = lines[header:]
    return sum(1 for _ in _shown(["", *lines], 0, len(lines) + 1, asides=True))


def _skipped(count: int) -> list[Notice]:
    if not count:
        return []
    message = f"Lines left out before the first cue: {count}. Give each cue its times if they are speech."
    return [Notice(code="lines-skipped", message=message)]


def _untimed(timings: Sequence[_Timing]) -> list[Notice]:
    bad = [timing.at + 1 for timing in timings if timing.start is None or timing.end is None]
    if not bad:
        return []
    message = (
        f"Cues whose times cannot be read or end before they start: {len(bad)}, the first in line {bad[0]}. What is "
        "said there was kept."
    )
    return [Notice(code="times-unread", message=message)]


def _overlapping(cues: Sequence[Cue]) -> list[Notice]:
    count, latest = 0, 0.0
    for cue in cues:
        count += cue.start is not None and cue.start < latest - 0.05
        latest = max(latest, cue.end or 0.0)
    if not count:
        return []
    message = f"Cues that begin before an earlier one ends: {count}. They were kept in the order of the file."
    return [Notice(code="overlapping-cues", message=message)]
