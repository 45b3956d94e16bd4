"""Characters that steer a terminal, a page or a reader instead of being read."""

import re
import unicodedata

SELECTORS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Marks that choose a glyph, and fillers, which show nothing of their own; a row of them can hide any text."""

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co"})


def printable(text: str) -> str:
    """The text without control, format and private characters and selectors; line breaks and tabs become spaces."""
    if text.isprintable():  # then nothing in it steers, and it is all on one line
        return SELECTORS.sub("", text)
    return "".join(
        " " if character in "\n\r\t" else character
        for character in SELECTORS.sub("", text)
        if character in "\n\r\t" or unicodedata.category(character) not in _STEERING
    )
