"""Does an interviewer's question go on with the one before it, and which of the words are the question?

A follow-up is short and leans on what was said: it asks to elaborate ("why?", "can you give an example?"), adds to the
question ("and what about cost?", "what if the data changes?"), refers back ("how would you measure that?"), names
nothing new, or puts words about the same matter to the candidate for a yes. It continues the answer under way. Whatever
stands on its own, or is announced as another question, begins a new answer.
"""

import re
from collections.abc import Iterable

from service.text.folding import fold
from service.text.words import Text
from service.transcripts.utterances import (
    OPENING,
    announces,
    asking,
    changes_topic,
    content_words,
    ends_with_question,
    is_back_channel,
    is_pleasantry,
    is_small_question,
    sentences,
)

_ELABORATE = re.compile(
    r"(?:(?:can|could|would|will) you (?:please |just |maybe |also )?)?"
    r"(?:elaborate|expand|clarify|unpack|repeat|be (?:a (?:bit|little) )?more (?:specific|concrete|precise)"
    r"|explain (?:that|this|it|why|more|further)\b|say (?:a (?:bit|little) )?more|go (?:a (?:bit"
    r"|little) )?(?:deeper|further)"
    r"|tell (?:me|us) (?:a (?:bit|little) )?more|walk (?:me|us) through (?:that|this|it)\b"
    r"|(?:give|share) (?:me |us )?(?:an?|some|one|another|any) (?:\w+ ){0,2}?(?:example|instance|figure|number)s?)"
    r"|(?:do|did) you have (?:an?|any|some) (?:\w+ )?(?:example|instance)s?|(?:for|an|any"
    r"|like an) (?:example|instance)s?\b"
    r"|such as|like what|how so|how come|in what (?:way|sense)|what (?:else|next|then)\b|anything else|what do you mean"
    r"|why(?: not| so| is (?:that|it))?\b(?=\W*$)|meaning\b|is that (?:it|all)\b|are you sure|sorry\b|pardon\b|really\b"
    r"|what makes you (?:say|think)"
)
_ADDS = re.compile(
    r"(?:and|but|then|what about|how about)\b"
    r"(?![\s,]+(?:(?:can|could|would|will) you )?(?:please |just )?(?:tell|describe|walk|talk|introduce)\b)"
)
_ADDS_ELSEWHERE = re.compile(r"(?:et|y|und|en|och)\b")
_STATES = re.compile(
    r"(?:(?:so|and|but|then|basically|ok(?:ay)?|right)[\s,]+)++(?:you(?:'d|'re|'ve|'ll)?|we|it|the|that)\b.*\?\W*$",
    re.DOTALL,
)
"""A statement put as a question leans on what was said: "so you'd never train for facts?"."""
_SUPPOSES = re.compile(r"(?:(?:and|but|so|ok(?:ay)?|now|well)[\s,]+)*+(?:what|and|even) if\b")
# "That" refers back at the end or beside a small word; "a project that failed" does not.
_REFERS_BACK = re.compile(
    r"\b(?:this|it|those|these|they|them|then|instead|you (?:just )?(?:said|mentioned|described)|which one"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )there"
    r"|(?:is|was|does|did|do|would|could|can|about|of|from|after|before|to|with|for|than|like|why|how) that"
    r"|that(?=\W*$| (?:in|if|when|to|with|for|at|on|and|or|as|then|again)\b))\b"
)
_PUTS_WORDS = re.compile(
    r"\b(?:right|correct|yes|no|is ?n't (?:it|that)|don't you|wouldn't you|agree|would you say|so you(?:'d| would| do)?"
    r"|you(?:'d| would)|do you think|you mean)\b"
)
_MARKERS = re.compile(
    r"(?:(?:ok(?:ay)?|all ?right|right|so|now|well|great|good|sure|yeah|yes|i see|got it)\b[\s,.:;!-]*+)*+"
)

_SHORT = 15
_VERY_SHORT = 10
_FEW = 6
_FEW_NEW = 2
_CONTEXT = 8
"""So many new content words before a short question set a scene that the question then refers to."""
_RECAP = 4
"""So many of the candidate's words in a row are the candidate's, whoever says them again."""


class Topic:
    """What an exchange is about so far: the stems of its question and answer, and what the candidate said."""

    def __init__(self) -> None:
        self.stems: set[str] = set()
        self.answered: set[str] = set()
        self._runs: set[tuple[str, ...]] = set()

    def hear_question(self, text: str) -> None:
        """Add an interviewer's words."""
        self.stems.update(content_words(text))

    def hear_answer(self, text: str) -> None:
        """Add the candidate's words."""
        stems = content_words(text)
        self.stems.update(stems)
        self.answered.update(stems)
        self._runs.update(_runs(text))

    def repeats(self, sentence: str) -> bool:
        """Whether a sentence says again what the candidate said, word for word."""
        return any(run in self._runs for run in _runs(sentence))


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    words = [word.text for word in Text(text).words]
    return zip(*(words[shift:] for shift in range(_RECAP)), strict=False)


def question_in(text: str, before: Topic) -> str:
    """An interviewer's words without greetings, praise and what repeats the answer before; empty if none is left."""
    kept = [sentence for sentence in sentences(text) if not _is_no_part(sentence, before)]
    if len(kept) == len(sentences(text)):
        return text.strip()
    return " ".join(kept)


def _is_no_part(sentence: str, before: Topic) -> bool:
    if announces(sentence):
        return True
    if asking(sentence):
        return is_small_question(sentence)
    return is_back_channel(sentence) or is_pleasantry(sentence) or before.repeats(sentence)


def stands_alone(text: str) -> bool:
    """Whether a question can be understood without what was said before it."""
    asked = " ".join(asking(text))
    return len(content_words(asked)) >= 3 and not _REFERS_BACK.search(fold(asked).text)


def continues(text: str, topic: Topic) -> bool:
    """Whether an interviewer's question, words before it in the turn included, goes on with a topic."""
    if changes_topic(text):
        return False
    asked = asking(text) or [text]
    rest = " ".join(sentence for sentence in sentences(text) if sentence not in asked)
    if len(_new(rest, topic)) >= _CONTEXT:
        return _puts_words(" ".join(asked), text, topic)
    return all(_depends(sentence, topic) or _puts_words(sentence, sentence, topic) for sentence in asked)


def _new(text: str, topic: Topic) -> set[str]:
    return set(content_words(text)) - topic.stems


def _depends(sentence: str, topic: Topic) -> bool:
    folded = fold(sentence).text.strip()
    length = len(Text(sentence).words)
    new = len(_new(sentence, topic))
    if (length <= 2 and ends_with_question(sentence)) or is_small_question(sentence):
        return True
    plain = folded[_end(_MARKERS, folded) :]
    if length <= _SHORT and _ELABORATE.match(folded[_end(OPENING, folded) :]) and new <= _FEW_NEW:
        return True
    if length <= 2 * _SHORT and (_SUPPOSES.match(folded) or _STATES.match(folded)):
        return True
    if length <= _VERY_SHORT and (_ADDS.match(plain) or (length <= _FEW and _ADDS_ELSEWHERE.match(plain))):
        return True
    if length <= _SHORT and _REFERS_BACK.search(folded) and new <= _FEW_NEW:
        return True
    return length <= _SHORT and not new


def _puts_words(asked: str, text: str, topic: Topic) -> bool:
    """Whether a statement about the same matter is put to the candidate for a yes."""
    said = set(content_words(text))
    return bool(said) and 3 * len(said & topic.stems) >= len(said) and _PUTS_WORDS.search(fold(asked).text) is not None


def _end(pattern: re.Pattern[str], folded: str) -> int:
    found = pattern.match(folded)
    return found.end() if found else 0
