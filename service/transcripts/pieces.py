"""From what stands in a file, piece by piece, to turns."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from service.errors import TranscriptInvalid
from service.grading import Notice
from service.transcripts.model import Transcript, Turn

LONGEST = 4_000_000
"""Characters of one piece; nobody says as much at a stretch."""

_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff\u200b\u200e\u200f\u2060]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


class Piece(NamedTuple):
    """A cue, segment, row or paragraph, or a part of one: what somebody said at a stretch.

    `joins` is of a piece without a speaker: it goes on with what the piece before it began.
    """

    speaker: str | None
    text: str
    start: float | None
    end: float | None
    line: int
    joins: bool = False


def squeeze(text: str) -> str:
    """The text with single spaces, and without the characters that are no text at all."""
    return " ".join(_NOT_TEXT.sub("", _HALF_PAIR.sub("\ufffd", text)).split())


def fold_name(name: str) -> str:
    """What the spellings of one name have in common: letters without their case, words without their spacing."""
    return squeeze(unicodedata.normalize("NFKC", name)).casefold()


def clean_name(name: str) -> str | None:
    """A speaker's name as it is shown, or None where there is no letter or digit in it."""
    name = squeeze(name).strip("*_:\uff1a \t")
    return name if any(character.isalnum() for character in name) else None


def assemble(form: str, pieces: Iterable[Piece], notices: Sequence[Notice] = ()) -> Transcript:
    """The transcript of these pieces, in their order; neighbours of one speaker become one turn.

    Raises:
        TranscriptInvalid: There is no text in any of them, or far too much in one.
    """
    cleaned: list[Piece] = []
    for piece in pieces:
        if len(piece.text) > LONGEST:
            raise TranscriptInvalid(
                f"line or element {piece.line}: more than {LONGEST:,} characters said at a stretch."
            )
        if text := squeeze(piece.text):
            cleaned.append(piece._replace(text=text))
    if not cleaned:
        raise TranscriptInvalid(
            f"Nothing is said in this file, read as {form}. Check that it is the transcript, and name its format with "
            "--format if it is another one."
        )
    turns = _joined(_with_one_name_each(cleaned))
    if all(turn.speaker is None for turn in turns):
        notices = [*notices, no_speakers(form)]
    return Transcript(format=form, turns=tuple(turns), warnings=tuple(notices))


def no_speakers(form: str) -> Notice:
    """The notice of a file that does not say who speaks."""
    return Notice(
        code="no-speakers",
        message=f"Read as {form}, the file names no speaker, so questions and answers cannot be told apart. Export it "
        "with speaker names, write `Name: ` before each turn, or say with --format what it is.",
    )


def _with_one_name_each(pieces: list[Piece]) -> list[Piece]:
    """The pieces with the commonest spelling of each name; the earlier one, where two are as common."""
    spellings: dict[str, Counter[str]] = {}
    for piece in pieces:
        if piece.speaker is not None and (name := clean_name(piece.speaker)):
            spellings.setdefault(fold_name(name), Counter())[name] += 1
    names = {key: counts.most_common(1)[0][0] for key, counts in spellings.items()}
    return [
        piece._replace(
            speaker=names[fold_name(name)] if piece.speaker and (name := clean_name(piece.speaker)) else None
        )
        for piece in pieces
    ]


def _joined(pieces: list[Piece]) -> list[Turn]:
    runs: list[list[Piece]] = []
    for piece in pieces:
        goes_on = runs and runs[-1][-1].speaker == piece.speaker and (piece.speaker is not None or piece.joins)
        if goes_on:
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [
        Turn(
            speaker=run[0].speaker,
            text=" ".join(piece.text for piece in run),
            start=run[0].start,
            end=max((piece.end for piece in run if piece.end is not None), default=None),
            line=run[0].line,
        )
        for run in runs
    ]
