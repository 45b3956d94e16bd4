"""Which language is an answer in? In doubt, the one it is declared to be in."""

import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING

from service.text.words import Text

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_READ_WORDS = 3_000
_READ_CHARACTERS = 20_000
_FEWEST_WORDS = 12
_FEWEST_CHARACTERS_UNSPACED = 20
_PLAIN_SHARE = 0.1
_OTHER_SHARE = 0.12
_CLEAR = 0.9
_VERY_CLEAR = 0.995

# Small words that mark prose in a language and are not common words of a neighbour.
_SMALL_WORDS = {
    "en": "the and that with for it you this when from they would because than are have not if i'd i'm it's don't my "
    "how what which there can could should your our their but as be been has by or then to of at on i we",
    "de": "der die das und ist nicht ich wir sie ein eine einen mit für auf den dem von zu wenn dann oder aber auch "
    "sich werden wird sind bei nach aus mehr nur noch wie es",
    "fr": "le la les des et est pas je nous vous un une du dans pour que qui sur avec ne se ce il elle sont "
    "plus par mais ou donc si au aux on c'est d'abord",
    "es": "el la los las y es no yo un una de en para que con por se su lo como más pero si cuando son del al o muy "
    "esto",
    "it": "il la le gli e è non io un una di in per che con si su lo come più ma se quando sono del della al o molto "
    "questo",
    "pt": "o a os as e é não eu um uma de em para que com por se seu como mais mas quando são do da ao ou muito isso",
    "nl": "de het een en is niet ik wij we van te dat die met voor op als maar ook zijn wordt naar bij of dan er om",
    "pl": "i w na nie się jest to że z do jak ale dla od po przez czy są tylko już gdy jeśli albo",
    "sv": "och att det som en är inte jag vi på för med av till den om har ett men eller så när kan",
    "tr": "ve bir bu için ile de da ne çok daha ama gibi olarak sonra eğer ben biz o mi en kadar",
    "id": "yang dan di ke dari untuk dengan tidak ini itu adalah saya kami kita atau pada akan jika lebih dalam bisa",
}
_SETS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_load_lock = Lock()


@lru_cache(maxsize=16)  # who grades an answer and who publishes the verdict both ask
def detect_language(text: Text, declared: str) -> str:
    """The declared language (two letters), or another one where the evidence for it is strong.

    Names of products and lists of keywords are no evidence; a script that the declared language is not written in is.
    """
    words = [word.text for word in text.words[:_READ_WORDS]]
    if declared in _SETS and _share(words, declared) >= _PLAIN_SHARE:
        return declared
    foreign_script = _is_foreign_script(words)
    if not foreign_script and len(words) < _FEWEST_WORDS:
        return declared
    if foreign_script and sum(map(len, words)) < _FEWEST_CHARACTERS_UNSPACED:
        return declared
    return _guess(text.raw[:_READ_CHARACTERS], words, declared, foreign_script=foreign_script)


@lru_cache(maxsize=16)
def plain_language(text: Text) -> str:
    """The language that most small words of the text are of; English where it has few of any."""
    words = [word.text for word in text.words[:_READ_WORDS]]
    shares = {language: _share(words, language) for language in _SETS}
    language = max(shares, key=shares.__getitem__)
    return language if shares[language] >= _PLAIN_SHARE else "en"


def _guess(raw: str, words: Sequence[str], declared: str, *, foreign_script: bool) -> str:
    ranked = _identifier().rank(raw)
    language, probability = str(ranked[0][0]), float(ranked[0][1])
    if len(language) != 2 or language == declared:
        return declared
    if foreign_script:
        return language
    if language in _SETS:
        clear = probability >= _CLEAR and _share(words, language) >= _OTHER_SHARE
        return language if clear and _share(words, language) > 2 * _share(words, declared) else declared
    # Nothing but the statistics speaks for it, and these take a list of names for almost anything.
    return language if probability >= _VERY_CLEAR and len(words) >= 3 * _FEWEST_WORDS else declared


def _share(words: Sequence[str], language: str) -> float:
    small = _SETS.get(language, frozenset())
    alphabetic = [word for word in words if word[0].isalpha()]
    return sum(word in small for word in alphabetic) / len(alphabetic) if alphabetic else 0.0


def _is_foreign_script(words: Sequence[str]) -> bool:
    """Whether most letters are of another script than Latin."""
    letters = [character for word in words for character in word[:20] if character.isalpha()]
    return 2 * sum(not _is_latin(character) for character in letters) > len(letters)


@cache
def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN")


def _identifier() -> "LanguageIdentifier":
    with _load_lock:
        return _loaded_identifier()


@cache
def _loaded_identifier() -> "LanguageIdentifier":
    from py3langid import langid  # noqa: PLC0415 - numpy and a second of loading that plain answers never pay

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
