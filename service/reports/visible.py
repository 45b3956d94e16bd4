"""Text for a page: what would steer the reader's eye without being seen is written out."""

import re
import unicodedata
from itertools import groupby

from service.text.controls import SELECTORS

# Most text is of these alone, and needs no closer look.
_ORDINARY = re.compile(r"[\n\t\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e]*")
_STEERING = frozenset({"Cc", "Cf", "Cs", "Co"})
# They join and colour emoji, shape letters of some scripts and break words: seen in honest text, and harmless alone.
_SHAPING = frozenset("\u200c\u200d\ufe0e\ufe0f\u00ad")


def is_ordinary(text: str) -> bool:
    """Whether all characters are plainly printed ones or white space; many others are harmless too."""
    return _ORDINARY.fullmatch(text) is not None


def visible(text: str) -> str:
    """The text with what is hidden or steers named by its number, as ⟨U+202E⟩; a row of such characters once.

    Line breaks of any kind become line feeds. Nothing is escaped for HTML here.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    if is_ordinary(lines):
        return lines
    return "".join(_named("".join(run)) if hidden else "".join(run) for hidden, run in groupby(lines, key=_is_hidden))


def _named(run: str) -> str:
    if len(run) == 1 and run in _SHAPING:
        return run
    more = f" and {len(run) - 1} more" if len(run) > 1 else ""
    return f"\u27e8U+{ord(run[0]):04X}{more}\u27e9"


def _is_hidden(character: str) -> bool:
    if character in "\n\t":
        return False
    return unicodedata.category(character) in _STEERING or SELECTORS.match(character) is not None
