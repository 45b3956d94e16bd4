"""Plain text and Markdown: turns that begin with a label, a time, or a name on a line of its own."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from service.grading import Notice
from service.transcripts.headers import Header, leading_time, read_header
from service.transcripts.model import Transcript
from service.transcripts.names import Label, believed
from service.transcripts.pieces import Piece, assemble, fold_name

_RULE = re.compile(r"\s*(?:(?:[-*_=~\u2014]\s*){3,}|```\w{0,20}|<!--.{0,200}-->)\s*")
_FURNITURE = re.compile(
    r"transcribed by (?:https?://)?\S+|.{1,80} (?:started|stopped) transcription|"
    r"this editable transcript was computer generated.{0,200}",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:transcription|(?:the )?meeting|recording) (?:ended|stopped)(?: (?:after|at) .{1,30})?\.?|"
    r"\[?end of (?:the )?(?:transcript|transcription|recording|audio)\]?\.?",
    re.IGNORECASE,
)
_TIME_WITHIN = re.compile(r"\[\d{1,3}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?\]")
_HEADING = re.compile(r"\s*#{1,6}\s")
_FRONT_MATTER_LINES = 200


class Line(NamedTuple):
    """A line with something on it: its number, from 1, its words, and the label or time that may begin a turn.

    `ends` is of a line that says the transcript is over; what comes after it is nobody's, until somebody is named.
    """

    number: int
    text: str
    header: Header | None
    opens: bool
    ends: bool = False


def read_text(lines: Sequence[str]) -> Transcript:
    """The turns of a plain text or Markdown file.

    Without a label that is believed, each paragraph is a turn of nobody known.
    """
    content, furniture = content_lines(lines)
    names = speakers(content)
    if names:
        pieces, preamble = _labelled(content, names)
    else:
        pieces, preamble = list(_paragraphs(content)), 0
    pieces = [piece._replace(text=_TIME_WITHIN.sub(" ", piece.text)) for piece in _from_zero(pieces, content)]
    return assemble("text", pieces, _skipped(furniture + preamble))


def content_lines(lines: Sequence[str]) -> tuple[list[Line], int]:
    """The lines with words, and how many others a program wrote around them; rules and front matter are dropped."""
    content: list[Line] = []
    furniture, opens = 0, True
    for index in range(_after_front_matter(lines), len(lines)):
        text = lines[index].strip("\ufeff")
        if not text.strip("> \t\xa0") or _RULE.fullmatch(text[:300]):
            opens = True
            continue
        plain = text[:300].strip("#*_-> \t")
        if _FURNITURE.fullmatch(plain):
            furniture += 1
            continue
        if _END.fullmatch(plain):
            content.append(Line(index + 1, plain, None, opens, ends=True))
            continue
        content.append(Line(index + 1, text, read_header(text), opens))
        opens = False
    return _with_names_beside_times(content), furniture


def speakers(content: Sequence[Line]) -> frozenset[str]:
    """The folded names of those who speak, by labels that are set off, or else by names on lines of their own."""
    labels: list[Label] = []
    bare: list[Label] = []
    words: Counter[str] = Counter()
    for index, line in enumerate(content):
        if line.ends and labels:
            break
        header = line.header
        words.update(
            re.findall(r"[^\W_]+(?:['\u2019-][^\W_]+)*", header.rest if header and not header.alone else line.text)
        )
        if header is None or header.name is None or (header.alone and not _has_body(content, index)):
            continue
        label = Label(header.name, header.strength, line.opens)
        (bare if header.strength == "bare" else labels).append(label)
    names = believed(labels, words)
    if names:
        return names
    names = believed(bare, words)
    return names if len(names) > 1 else frozenset()


def _after_front_matter(lines: Sequence[str]) -> int:
    """The index of the first line after YAML front matter, 0 where there is none.

    Turns between two rules look much like it; front matter has no empty lines, and something comes after it.
    """
    if not lines or lines[0].strip("\ufeff \t") != "---":
        return 0
    for index, line in enumerate(lines[1:_FRONT_MATTER_LINES], start=1):
        if not line.strip():
            return 0
        if line.rstrip() in {"---", "..."}:
            has_keys = any(re.match(r"[\w-]{1,60}:(?:\s|$)", text) for text in lines[1:index])
            return index + 1 if has_keys and any(text.strip() for text in lines[index + 1 :]) else 0
    return 0


def _with_names_beside_times(content: list[Line]) -> list[Line]:
    """A name on a line of its own is set off by a line that is only a time, above or below it in the whole file."""
    above, below = (
        [index for index, line in enumerate(content) if _is_bare(line) and _is_time(content, index + step)]
        for step in (1, -1)
    )
    if not above and not below:
        return content
    first = len(above) > len(below) or (len(above) == len(below) and above[0] < below[0])
    chosen = set(above if first else below)
    return [
        line._replace(header=line.header._replace(strength="timed"), opens=True)
        if index in chosen and line.header is not None
        else line
        for index, line in enumerate(content)
    ]


def _is_bare(line: Line) -> bool:
    return line.header is not None and line.header.strength == "bare"


def _is_time(content: Sequence[Line], index: int) -> bool:
    header = content[index].header if 0 <= index < len(content) else None
    return header is not None and header.name is None


def _has_body(content: Sequence[Line], index: int) -> bool:
    """Whether words follow a label that has its line to itself, as they do a speaker but not a short remark."""
    timed = content[index].header is not None and leading_time(content[index].text) is not None
    for line in content[index + 1 : index + 3]:
        if line.header is not None and line.header.name is None:
            continue
        if timed and leading_time(line.text) is not None:
            return False
        return not (line.header is not None and line.header.alone and line.header.strength != "bare")
    return False


def _labelled(content: Sequence[Line], names: frozenset[str]) -> tuple[list[Piece], int]:
    """The pieces of a file with speakers, and how many lines outside of their turns were left out."""
    pieces: list[Piece] = []
    begun: Piece | None = None  # a label whose words are on the next lines
    time: Header | None = None  # a line that is only a time, and is of what comes next
    speaker: str | None = None
    preamble = 0
    for line in content:
        header = line.header
        if header is not None and header.name is None:
            time = header
        elif header is not None and fold_name(header.name or "") in names:
            speaker = header.name
            own = header if header.start is not None or time is None else time
            begun, time = Piece(speaker, header.rest, own.start, own.end, line.number), None
            if header.rest.strip():
                pieces.append(begun)
                begun = None
        elif line.ends:
            speaker, begun, preamble = None, None, preamble + 1
        elif _HEADING.match(line.text):
            continue
        elif speaker is None:
            preamble += 1
        else:
            pieces.append(_continued(line, speaker, begun, time))
            begun = time = None
    return pieces, preamble


def _continued(line: Line, speaker: str, begun: Piece | None, time: Header | None) -> Piece:
    """A line without a label, which is of the speaker before."""
    timed = leading_time(line.text)
    text = timed.rest if timed is not None and timed.boxed else line.text
    first = begun if begun is not None else Piece(speaker, "", None, None, line.number)
    if first.start is None and time is not None:
        first = first._replace(start=time.start, end=time.end)
    return first._replace(text=text)


def _paragraphs(content: Sequence[Line]) -> Iterator[Piece]:
    """A piece for each line; those of one paragraph join. Leading times are times where they are the rule."""
    bare = sum(timed is not None and not timed.boxed for timed in (leading_time(line.text) for line in content))
    of_lines = bare >= 3 and bare * 3 >= len(content)
    pending: Header | None = None
    for line in content:
        if line.header is not None and line.header.name is None:
            pending = line.header
            continue
        if line.ends or _HEADING.match(line.text):
            continue
        timed = leading_time(line.text)
        if timed is not None and (timed.boxed or of_lines):
            yield Piece(None, timed.rest, timed.start, timed.end, line.number)
        elif pending is not None:
            yield Piece(None, line.text, pending.start, pending.end, line.number)
        else:
            yield Piece(None, line.text, None, None, line.number, joins=not line.opens)
        pending = None


def _from_zero(pieces: list[Piece], content: Sequence[Line]) -> list[Piece]:
    """Times of day count from the first of them."""
    if not any(line.header is not None and line.header.of_day for line in content):
        return pieces
    first = min((piece.start for piece in pieces if piece.start is not None), default=0.0)
    return [
        piece._replace(
            start=None if piece.start is None else piece.start - first,
            end=None if piece.end is None else piece.end - first,
        )
        for piece in pieces
    ]


def _skipped(count: int) -> list[Notice]:
    if not count:
        return []
    message = f"Lines left out: {count}. They stand before the first turn or after the end, or a program wrote them."
    return [Notice(code="lines-skipped", message=message)]
