"""Characters that steer a terminal, a page or a reader instead of being read."""

import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Co"})


def printable(text: str) -> str:
    """The text with control, format and private characters left out; line breaks and tabs become spaces."""
    return "".join(
        " " if character in "\n\r\t" else character
        for character in text
        if character in "\n\r\t" or unicodedata.category(character) not in _STEERING
    )
