"""Captions that roll: each cue shows again what the cue before showed, and a little more."""

from collections.abc import Sequence
from typing import NamedTuple

from service.transcripts.markup import Said
from service.transcripts.pieces import squeeze

LONG_REPEAT = 5
"""So many words in a row are hardly said twice; that a single cue repeats them is enough."""
GAP_SECONDS = 0.25
"""How long after one cue the next may begin and still be a continuation of what is shown."""


class ShownLine(NamedTuple):
    """A line of a cue, with its number in the file, from 1."""

    number: int
    said: tuple[Said, ...]


class ShownCue(NamedTuple):
    """A cue with its markup read; times are in seconds."""

    start: float | None
    end: float | None
    lines: tuple[ShownLine, ...]


class _Repeat(NamedTuple):
    """What a cue has in common with the one before: whole lines, or the first words of its only new line."""

    lines: int
    words: int
    size: int


def without_repeats(cues: Sequence[ShownCue]) -> tuple[list[ShownCue], int]:
    """The cues, each with what it adds to the one before, and how many of them repeated something.

    That somebody says the same twice must not be lost, so short repeats count only where a good part of the cues has
    them.
    """
    repeats = [_repeat(before, cue) for before, cue in zip([None, *cues[:-1]], cues, strict=True)]
    found = sum(repeat.size > 0 for repeat in repeats)
    rolls = found >= max(2, len(cues) * 0.2)
    kept: list[ShownCue] = []
    count = 0
    for cue, repeat in zip(cues, repeats, strict=True):
        if repeat.size and (rolls or repeat.size >= LONG_REPEAT):
            count += 1
            kept.append(_new(cue, repeat))
        else:
            kept.append(cue)
    return kept, count


def _texts(cue: ShownCue) -> list[tuple[str | None, str]]:
    """The lines of a cue that have words, with the voice that says them."""
    return [
        (line.said[0].voice, squeeze(" ".join(said.text for said in line.said)))
        for line in cue.lines
        if any(said.text.strip() for said in line.said)
    ]


def _repeat(before: ShownCue | None, cue: ShownCue) -> _Repeat:
    nothing = _Repeat(0, 0, 0)
    if before is None or (
        before.end is not None and cue.start is not None and not before.end + GAP_SECONDS >= cue.start
    ):
        return nothing
    old, new = _texts(before), _texts(cue)
    for lines in range(min(len(old), len(new), 4), 0, -1):
        if old[-lines:] == new[:lines]:
            return _Repeat(lines, 0, sum(len(text.split()) for _, text in new[:lines]))
    return _growth(old, new) or nothing


def _growth(old: list[tuple[str | None, str]], new: list[tuple[str | None, str]]) -> _Repeat | None:
    """All of a cue shown again with more words after it, as captions do that are written while somebody speaks."""
    if not old or not new or len(new) < len(old) or old[:-1] != new[: len(old) - 1]:
        return None
    voice, text = old[-1]
    now, longer = new[len(old) - 1]
    if voice != now or not longer.startswith(f"{text} "):
        return None
    words = len(text.split())
    return _Repeat(len(old) - 1, words, words + sum(len(line.split()) for _, line in old[:-1]))


def _new(cue: ShownCue, repeat: _Repeat) -> ShownCue:
    lines = [line for line in cue.lines if any(said.text.strip() for said in line.said)][repeat.lines :]
    if repeat.words and lines:
        first = lines[0]
        text = squeeze(" ".join(said.text for said in first.said)).split()[repeat.words :]
        lines[0] = ShownLine(first.number, (Said(first.said[0].voice, " ".join(text)),))
    return cue._replace(lines=tuple(lines))
