"""What stands inside a cue besides words: tags, voices, entities, dashes and marks of a new speaker."""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

_TAG = re.compile(r"<(/?)(v|c|i|b|u|s|ruby|rt|lang|font|span)(?:\.[^\s<>]*)?(\s[^<>]*)?>|<\d[\d:.,]*>", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^{}\n]{0,200}\}")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_DASH = re.compile(r"\s*(?:[-\u2013\u2014]\s+|-(?=[^\W\d_]))")
_CHEVRONS = re.compile(r"\s*(?:>{2,3}|\u00bb)\s*")


class Said(NamedTuple):
    """Words of one line of a cue.

    `voice` is the name in a voice tag, "" where the tag names nobody, None where there is no tag. `change` says that
    somebody else begins to speak: by a dash, or by chevrons, which last until the next.
    """

    voice: str | None
    text: str
    change: str = ""


def unescape(text: str) -> str:
    """The text with HTML's entities replaced; only whole ones, so that `R&D` and `AT&T` stay."""
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)


def strip_tags(lines: list[str]) -> list[list[Said]]:
    """The words of each line of a cue by the voice that says them; a voice lasts until the next one or its end."""
    voice: str | None = None
    quiet = False
    spoken: list[list[Said]] = []
    for line in lines:
        parts: list[Said] = []
        for text, tag in _split(_OVERRIDE.sub("", line)):
            if text and not quiet:
                parts.append(Said(voice, unescape(text)))
            if tag is None or tag.group(2) is None:
                continue
            name, closes = tag.group(2).lower(), bool(tag.group(1))
            if name == "rt":  # how a word is pronounced is not said as well
                quiet = not closes
            elif name == "v":
                voice = voice if closes else unescape(tag.group(3) or "").strip()
        spoken.append(_merged(parts))
    return spoken


def _split(line: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Each stretch of text and the tag after it."""
    position = 0
    for tag in _TAG.finditer(line):
        yield line[position : tag.start()], tag
        position = tag.end()
    yield line[position:], None


def _merged(parts: list[Said]) -> list[Said]:
    """Neighbouring parts of one voice as one, and none that is only white space."""
    merged: list[Said] = []
    for part in parts:
        if merged and merged[-1].voice == part.voice:
            merged[-1] = part._replace(text=merged[-1].text + part.text)
        else:
            merged.append(part)
    return [part for part in merged if part.text.strip()]


def changes(said: Said) -> list[Said]:
    """A line of a cue, cut where chevrons mark a new speaker, with its dash or chevrons taken off."""
    pieces = re.split(r"(?:(?<=\s)|^)(?=>>)", said.text) if ">>" in said.text else [said.text]
    cut: list[Said] = []
    for piece in pieces:
        if match := _CHEVRONS.match(piece):
            cut.append(Said(said.voice, piece[match.end() :], "chevrons"))
        elif match := _DASH.match(piece):
            cut.append(Said(said.voice, piece[match.end() :], "dash"))
        elif piece.strip():
            cut.append(Said(said.voice, piece))
    return cut
