"""What may begin a turn in a line of text: a label, a time, or both, as programs and people write them."""

import re
from typing import NamedTuple

from service.transcripts.names import MAX_LABEL, Strength, is_label
from service.transcripts.pieces import clean_name
from service.transcripts.times import CLOCK, LOOSE_CLOCK, SPELLED, is_time_of_day, parse_time

LOOK = 240
"""How far into a line a label and its times may reach, in characters."""

_SPAN = (
    rf"(?:(?P<start>{LOOSE_CLOCK})\s*-->\s*(?P<end>{LOOSE_CLOCK})(?![\d:])|"
    rf"(?P<from>{CLOCK})(?:\s*(?:[-\u2013\u2014]|to)\s*(?P<to>{CLOCK}))?(?![\d:]))"
)
_OPEN, _CLOSE = r"[\[(<{]\s*", r"\s*[\])>}]"
_EDGE = r"\s*[-\u2013\u2014|,@\u00b7\u2022]?\s*"
_NAME = r"(?P<name>[^:\uff1a\[\](){}<>|\t\n]{1,80}?(?:\s?\([^()\d\n]{1,40}\))?)"
_WITH_TIME = rf"{_NAME}(?:\s*{_OPEN}|{_EDGE}(?<=[\s|,@\u00b7\u2022\u2013\u2014-])){_SPAN}(?:{_CLOSE})?"

_LEADING = re.compile(rf"(?:{_OPEN})?{_SPAN}(?:{_CLOSE}|(?=\s|$)){_EDGE}")
_COLON = re.compile(rf"{_NAME}\s*(?P<colon>[:\uff1a])(?P<rest>.*)", re.DOTALL)
_TIMED_COLON = re.compile(rf"{_WITH_TIME}\s*[:\uff1a](?P<rest>.*)", re.DOTALL)
_NAME_AND_TIME = re.compile(rf"{_WITH_TIME}\s*")
_NAME_BOX_REST = re.compile(rf"{_NAME}\s*{_OPEN}{_SPAN}{_CLOSE}\s+(?P<rest>\S.*)", re.DOTALL)
_SPELLED_OUT = re.compile(rf"(?:{_NAME}\s+)??(?P<from>{SPELLED})\s*")
_BRACKETED = re.compile(
    r"(?:\[(?P<name>[^\[\]:]{1,80})\]|\((?P<round>[^()\[\]:]{1,80})\)(?=\s*(?::|$)))\s*(?P<colon>:?)(?P<rest>.*)",
    re.DOTALL,
)
_ANGLED = re.compile(r"<(?P<name>[^<>/:]{1,80})>:?\s+(?P<rest>\S.*)", re.DOTALL)
_REST_TIME = re.compile(rf"\s*{_OPEN}{_SPAN}{_CLOSE}\s*")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3})(?=\S)(?P<inner>[^*_\n]{1,120}?)\1(?P<rest>.*)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}\s+")
_BULLET = re.compile(r"(?:[-*+\u2022]|\d{1,3}[.)])\s+(?=\S)")
_QUOTE = re.compile(r">\s?")


_NUMBERED = re.compile(r"(Q|A|Question|Answer)[.\s#]*\d{1,3}", re.IGNORECASE)


class Header(NamedTuple):
    """A label that may begin a turn, with what follows it on the line and the times beside it.

    `name` is None for a time alone. `alone` is of a label, or a time, that has the line to itself. `of_day` is of a
    time with AM or PM.
    """

    name: str | None
    strength: Strength
    rest: str
    start: float | None = None
    end: float | None = None
    alone: bool = False
    of_day: bool = False


class _Times(NamedTuple):
    start: float | None = None
    end: float | None = None
    of_day: bool = False
    found: bool = False


def read_header(line: str) -> Header | None:
    """What may begin a turn in this line, or None where it can only go on with one."""
    head, tail = line[:LOOK].strip(), line[LOOK:]
    head = _QUOTE.sub("", head, count=1) if head.startswith(">") and not head.startswith(">>") else head
    heading = _HEADING.match(head)
    head = head[heading.end() :] if heading else head
    head = head[bullet.end() :] if (bullet := _BULLET.match(head)) else head
    times, head = _leading_time(head)
    head, bold = _without_emphasis(head)
    if not times.found:
        times, head = _leading_time(head)  # the time was inside the bold letters
    if not head:
        return Header(None, "timed", "", times.start, times.end, alone=True) if times.found else None
    header = _labelled(head, "timed" if times.found else "bold" if heading or bold else None)
    if header is None:
        return None
    if times.found:
        header = header._replace(start=times.start, end=times.end, of_day=times.of_day)
    elif header.start is None:
        header = _time_after_label(header)
    return header._replace(rest=header.rest + tail) if not (header.alone and tail) else None


class Timed(NamedTuple):
    """A line that begins with a time; `boxed` where brackets or an arrow leave no doubt that it is not spoken."""

    start: float | None
    end: float | None
    rest: str
    boxed: bool


def leading_time(line: str) -> Timed | None:
    """The time that a line begins with, and the words after it."""
    head = line[:LOOK].lstrip()
    match = _LEADING.match(head)
    if match is None:
        return None
    times = _times(match)
    boxed = head[0] in "[(<{" or match.groupdict().get("end") is not None
    return Timed(times.start, times.end, head[match.end() :] + line[LOOK:], boxed)


def colon_label(text: str) -> Header | None:
    """The label and the words after it in a line of a cue: `Name: ...`, `[Name] ...` or `(Name)`."""
    head, tail = text[:LOOK].strip(), text[LOOK:]
    header = _bracketed(head) or _before_colon(head)
    return header._replace(rest=header.rest + tail) if header else None


def _leading_time(head: str) -> tuple[_Times, str]:
    match = _LEADING.match(head)
    if match is None:
        spelled = _SPELLED_OUT.fullmatch(head)
        if spelled and not spelled.group("name"):
            return _times(spelled), ""
        return _Times(), head
    return _times(match), head[match.end() :]


def _times(match: re.Match[str]) -> _Times:
    groups = match.groupdict()
    start, end = groups.get("start") or groups.get("from"), groups.get("end") or groups.get("to")
    begins = parse_time(start) if start else None
    ends = parse_time(end) if end else None
    if begins is not None and ends is not None and ends < begins:
        ends = None
    return _Times(begins, ends, bool(start and is_time_of_day(start)), found=begins is not None)


def _without_emphasis(head: str) -> tuple[str, bool]:
    """The line without the marks of bold or italic letters around its beginning, if these set a label off."""
    match = _EMPHASIS.match(head)
    if match is None:
        return head, False
    inner, rest = match.group("inner").strip(), match.group("rest")
    after = rest.strip()
    if inner.endswith((":", "\uff1a")) or after.startswith((":", "\uff1a")) or not after:
        return f"{inner}{rest}", True
    if _LEADING.match(after) or _EMPHASIS.match(after) or re.match(r"\([^()\d]{1,40}\)\s*(?:[:\uff1a]|$)", after):
        return f"{inner} {after.replace('*', '')}", True
    return head, False


def _labelled(head: str, marked: Strength | None) -> Header | None:  # noqa: PLR0911 - one way to write it each
    """The label that a line begins with, its bold letters and the time before it taken off, which are `marked`."""
    if match := _TIMED_COLON.match(head):
        return _header(match, "timed", match.group("rest"))
    if (match := _NAME_AND_TIME.fullmatch(head)) or ((match := _SPELLED_OUT.fullmatch(head)) and match.group("name")):
        return _header(match, "timed", "", alone=True)
    if match := _NAME_BOX_REST.match(head):
        return _header(match, "timed", match.group("rest"))
    if header := _bracketed(head):
        return header
    if header := _before_colon(head):
        return header._replace(strength=marked) if marked and header.strength == "colon" else header
    if match := _ANGLED.match(head):
        return _header(match, "colon", match.group("rest"))
    if "\t" in head:
        return _between_tabs(head, marked or "colon")
    name = clean_name(head)
    if name and len(head) <= MAX_LABEL and is_label(name) and head[-1] not in ".?!,;":
        return Header(name, "heading" if marked == "bold" else marked or "bare", "", alone=True)
    return None


def _header(match: re.Match[str], strength: Strength, rest: str, *, alone: bool = False) -> Header | None:
    name = clean_name(match.group("name") or "")
    name = numbered.group(1) if name and (numbered := _NUMBERED.fullmatch(name)) else name  # `Q3` is asked by `Q`
    if name is None or not is_label(name):
        return None
    times = _times(match)
    return Header(name, strength, rest, times.start, times.end, alone=alone, of_day=times.of_day)


def _before_colon(head: str) -> Header | None:
    match = _COLON.match(head)
    if match is None:
        return None
    rest = match.group("rest")
    tight = (
        bool(rest)
        and not rest[0].isspace()
        and match.group("colon") == ":"
        and not rest.startswith(("*", "_", "[", "("))
    )
    if tight and not (rest[0].isalpha() or rest[0] in "\"'\u201c\u2018\u00bf\u00a1"):
        return None  # `10:30`, `https://`, `C:\`, `std::vector`
    return _header(match, "tight" if tight else "colon", rest.lstrip("*_ "))


def _bracketed(head: str) -> Header | None:
    match = _BRACKETED.match(head)
    if match is None:
        return None
    name = clean_name(match.group("name") or match.group("round") or "")
    rest = match.group("rest").strip()
    if name is None or not is_label(name):
        return None
    if times := _LEADING.fullmatch(rest):  # `[Name] 10:31:05`
        found = _times(times)
        return Header(name, "timed", "", found.start, found.end, alone=True, of_day=found.of_day)
    return Header(name, "colon" if match.group("colon") or not rest else "tight", rest)


def _between_tabs(head: str, strength: Strength) -> Header | None:
    """`Name`, a tab, words; with a time in between perhaps."""
    fields = [field.strip() for field in head.split("\t") if field.strip()]
    times = _Times()
    if len(fields) == 3 and (match := _LEADING.fullmatch(fields[1])):
        times = _times(match)
        del fields[1]
    name = clean_name(fields[0]) if len(fields) == 2 else None
    if name is None or not is_label(name):
        return None
    return Header(name, "timed" if times.found else strength, fields[1], times.start, times.end, of_day=times.of_day)


def _time_after_label(header: Header) -> Header:
    """`Name: [00:01:02] words`, and `Name: 00:01:02` with the words on the next line."""
    match = _REST_TIME.match(header.rest) or _LEADING.fullmatch(header.rest.strip())
    if match is None:
        return header
    times, rest = _times(match), match.string[match.end() :]
    return header._replace(rest=rest, start=times.start, end=times.end, of_day=times.of_day, alone=not rest)
