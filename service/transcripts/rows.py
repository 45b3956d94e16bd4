"""What the fields of a turn are called in tables and in JSON, and how their values are read."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.transcripts.pieces import Piece
from service.transcripts.times import parse_seconds

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

SPEAKER = (
    "speaker", "speakername", "speakerlabel", "name", "role", "participant", "participantrole", "participantname",
    "displayname", "author", "from", "who", "person", "username", "user", "speakerid", "participantid",
)  # fmt: skip
TEXT = (
    "text", "content", "utterance", "transcript", "message", "words", "speech", "sentence", "body", "said", "caption",
    "line", "dialogue", "value", "transcription",
)  # fmt: skip
START = (
    "start", "starttime", "startseconds", "starts", "begin", "begintime", "from", "timestamp", "time", "offset", "in",
    "timestart", "startts", "ts", "timecode", "starttimeseconds",
)  # fmt: skip
END = ("end", "endtime", "endseconds", "ends", "stop", "to", "out", "timeend", "endts", "finish", "endtimeseconds")
START_MS = ("startms", "startmillis", "startmilliseconds", "beginoffsetmillis", "offsetmilliseconds", "starttimems")
END_MS = ("endms", "endmillis", "endmilliseconds", "endoffsetmillis", "endtimems")
ANSWER = "answer"


class Columns(NamedTuple):
    """The names of the fields of a turn in one file, as they are written there; a missing one is None."""

    speaker: str | None
    text: str | None
    start: str | None = None
    end: str | None = None
    thousandths: bool = False


def find_columns(names: Sequence[str]) -> Columns:
    """Which of these fields hold what, by the usual names for it, the commonest first."""
    known = {_plain(name): name for name in reversed(names)}
    speaker = _first(known, SPEAKER)
    text = _first(known, TEXT)
    start_ms, end_ms = _first(known, START_MS), _first(known, END_MS)
    if start_ms is not None:
        return Columns(speaker, text, start_ms, end_ms, thousandths=True)
    start = next((known[key] for key in START if key in known and known[key] != speaker), None)
    end = _first(known, END)
    return Columns(speaker, text, start, end)


def has_answers(names: Sequence[str]) -> bool:
    """Whether these are the fields of answers to grade, and not of turns."""
    return any(_plain(name) == ANSWER for name in names)


def seconds(value: Json, *, thousandths: bool = False) -> float | None:
    """A time given as a number of seconds, or thousandths of one, or as text; None where it is none of these."""
    if isinstance(value, str):
        found = parse_seconds(value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12:
        found = float(value)
    else:
        return None
    if found is None or found < 0 or found != found:  # noqa: PLR0124 - not a number
        return None
    return round(found / 1000 if thousandths else found, 3)


def name_of(value: Json) -> str | None:
    """A speaker as text: a name as it is, a number as `Speaker 0`, an object by its name."""
    if isinstance(value, str):
        value = value.strip()
        return f"Speaker {value}" if value.isdecimal() and len(value) < 4 else value or None
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return f"Speaker {value:g}"
    if isinstance(value, dict):
        columns = find_columns(list(value))
        key = columns.speaker or next((name for name in value if _plain(name) in {"id", "label"}), None)
        return name_of(value[key]) if key is not None else None
    return None


def piece_of(row: Mapping[str, Json], columns: Columns, line: int) -> Piece | None:
    """The piece in a row, or None where it has no text."""
    text = row.get(columns.text) if columns.text else None
    if not isinstance(text, str):
        return None
    start, end = (
        seconds(row.get(name), thousandths=columns.thousandths) if name else None
        for name in (columns.start, columns.end)
    )
    if start is not None and end is not None and end < start:
        end = None
    return Piece(name_of(row.get(columns.speaker)) if columns.speaker else None, text, start, end, line)


def in_thousandths(pieces: Sequence[Piece]) -> bool:
    """Whether times that are called seconds must be thousandths: nobody needs half a minute for a word."""
    timed = [
        (piece.start, piece.end, piece.text) for piece in pieces if piece.start is not None and piece.end is not None
    ]
    words = sum(len(text.split()) for _, _, text in timed)
    whole = all(start == int(start) and end == int(end) for start, end, _ in timed)
    return bool(words) and whole and sum(end - start for start, end, _ in timed) / words > 30


def as_thousandths(piece: Piece) -> Piece:
    """The piece with times that were read as seconds taken as thousandths."""
    start, end = (None if time is None else round(time / 1000, 3) for time in (piece.start, piece.end))
    return piece._replace(start=start, end=end)


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _first(known: Mapping[str, str], names: Sequence[str]) -> str | None:
    return next((known[name] for name in names if name in known), None)
