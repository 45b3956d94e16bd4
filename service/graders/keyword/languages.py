"""The languages that the keyword grader knows."""

from service.graders.keyword.english import ENGLISH
from service.graders.keyword.language import Language

_KNOWN = {language.code: language for language in (ENGLISH,)}


def language_for(code: str) -> Language | None:
    """The language with a two-letter code; None where the keyword grader does not know it."""
    return _KNOWN.get(code)
