"""Characters that steer a terminal, a page or a reader instead of being read."""

import re
import unicodedata

SELECTORS = re.compile("[\u034f\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks that choose a glyph and show none of their own; a row of them can hide any text."""

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
