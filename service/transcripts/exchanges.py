"""The exchanges of an interview, put together turn by turn as they are heard."""

from dataclasses import dataclass, field
from typing import NamedTuple

from service.transcripts.model import Turn
from service.transcripts.prompting import holds_answer
from service.transcripts.questioning import Topic, continues, question_in, stands_alone
from service.transcripts.utterances import (
    asking,
    asks,
    asks_permission,
    changes_topic,
    content_words,
    ends_with_question,
    is_acknowledgement,
    is_back_channel,
    is_closing_question,
    is_hum,
    is_interjection,
    is_pleasantry,
    is_small_question,
    is_strong_assent,
    sentences,
    spoken,
)

_MONOLOGUE = 15
"""Fewer words before any question are an introduction to the call, not to the candidate."""
_REMARK = 6
"""Fewer words after a statement that asks nothing are a remark."""
_SMALL_TALK = 8
"""A reply to a question about the day or the call with more content words has something else in it."""
_INTERLUDE = 12
_RETURNED = 3
"""With so few content words a question hands the candidate's own back: "sure, what would you assume?"."""


class Spoken(NamedTuple):
    """A turn of the candidate's and its number, from 1."""

    number: int
    turn: Turn


@dataclass
class Segment:
    """What the candidate says after the same words of an interviewer."""

    prompts: tuple[str, ...]
    replies: list[Spoken] = field(default_factory=list)


@dataclass
class Exchange:
    """A question and what is said in answer to it.

    `asks` is whether anything was asked at all: a monologue has no question, and a statement can draw an answer.
    `answered` is whether the candidate has said more than "okay" and what asks back; `asked_back`, whether a question
    of the candidate's about the question is all that was said last.
    """

    asked: list[str] = field(default_factory=list)
    asks: bool = False
    small: bool = False
    answered: bool = False
    asked_back: bool = False
    put_to_another: bool = False
    topic: Topic = field(default_factory=Topic)
    segments: list[Segment] = field(default_factory=list)

    @property
    def question(self) -> str | None:
        """Everything that was asked in it."""
        return " ".join(self.asked) or None

    @property
    def replies(self) -> list[Spoken]:
        """The candidate's turns, in order."""
        return [reply for segment in self.segments for reply in segment.replies]


class Listener:
    """Hears the turns in order and sorts them into exchanges; `left_out` numbers the turns that belong to none."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.left_out: list[int] = []
        self._open: Exchange | None = None
        self._before = Topic()
        self._remarks: list[str] = []  # said since the candidate last spoke, and asking nothing
        self._prompt: list[str] = []  # everything said since then, but for back-channel
        self._prompt_used = False
        self._interlude = False

    def hear(self, text: str, *, always_asks: bool = False) -> None:
        """A turn of an interviewer's; `always_asks` where it is a question whatever its wording."""
        if not spoken(text) or is_back_channel(text):
            return
        self._prompted_by(text)
        asked = [sentence for sentence in asking(text) if not is_interjection(sentence)]
        asked = asked or ([text] if always_asks and not is_pleasantry(text) else [])
        if not asked:
            self._remarks.append(text)
        elif all(map(is_small_question, asked)):
            self._ask_in_passing(text, asked)
        else:
            self._interlude = False
            self._ask(text, asked)

    def overhear(self, text: str) -> None:
        """A turn of another candidate's: it asks nothing, but the question may have been put to them."""
        if spoken(text) and self._open is not None and not self._open.segments:
            self._open.put_to_another = True

    def reply(self, number: int, turn: Turn) -> None:
        """A turn of the candidate's."""
        if not spoken(turn.text):
            return
        agrees = self._agrees_to("\n".join(self._prompt), turn.text)
        if is_hum(turn.text) and not agrees:
            return
        fresh, self._prompt_used = not self._prompt_used, True
        aside = not agrees and self._is_aside(turn.text, fresh=fresh)
        self._interlude = False
        if aside:
            self.left_out.append(number)
            return
        if self._open is None:
            self._begin(self._remarks)
        self._add(Spoken(number, turn), fresh=fresh)

    def close(self) -> None:
        """End the exchange that is open, and keep it if it is part of the interview."""
        exchange, self._open = self._open, None
        if exchange is None:
            return
        self._before = exchange.topic
        if _is_kept(exchange):
            self.exchanges.append(exchange)
        else:
            self.left_out.extend(reply.number for reply in exchange.replies)
            self.left_out.sort()

    def _prompted_by(self, text: str) -> None:
        if self._prompt_used:
            self._prompt, self._prompt_used = [], False
        self._prompt.append(text)

    def _ask_in_passing(self, text: str, asked: list[str]) -> None:
        """A question about the day or the call; within the interview it is no more than an interruption."""
        closing = any(map(is_closing_question, asked))
        if self._open is not None and self._open.asked and not self._open.small and not closing:
            self._interlude = True
            return
        self.close()
        self._open = Exchange(asked=[text.strip()], asks=True, small=True)
        self._remarks = []

    def _ask(self, text: str, asked: list[str]) -> None:
        exchange = self._open
        if exchange is None or exchange.small:
            self._begin(self._context(text), text)
        elif not exchange.answered and (self._clarifies(exchange, text) or self._rephrases(exchange, text)):
            self._extend(exchange, self._question(text))
        elif continues(text, exchange.topic):
            new = [sentence for sentence in asked if not exchange.topic.repeats(sentence)]
            self._extend(exchange, " ".join(new) if exchange.answered else self._question(text))
        else:
            self._begin(self._context(text), text)

    def _context(self, text: str) -> list[str]:
        """The remarks before a question that cannot be understood without them."""
        return [] if stands_alone(text) else self._remarks

    def _clarifies(self, exchange: Exchange, text: str) -> bool:
        """Whether an interviewer's words are the reply to a candidate who asked back before answering."""
        if not exchange.asked_back or changes_topic(text):
            return False
        return not ends_with_question(text) or continues(text, exchange.topic) or len(content_words(text)) <= _RETURNED

    def _rephrases(self, exchange: Exchange, text: str) -> bool:
        """Whether a question goes on with one that was not finished, or puts it in other words."""
        if changes_topic(text):
            return False
        if not ends_with_question(exchange.asked[-1] if exchange.asked else ""):
            return True
        said = set(content_words(text))
        return 3 * len(said & exchange.topic.stems) >= len(said)

    def _begin(self, remarks: list[str], text: str | None = None) -> None:
        """Open an exchange with a question, or with remarks alone, or with nothing said before it."""
        self.close()
        asked = [question for remark in remarks if (question := question_in(remark, self._before))]
        if text is not None:
            asked.append(self._question(text))
        self._open = Exchange(asked=asked, asks=text is not None)
        for question in asked:
            self._open.topic.hear_question(question)
        self._remarks = []

    def _question(self, text: str) -> str:
        return question_in(text, self._before) or text.strip()

    def _extend(self, exchange: Exchange, question: str) -> None:
        if question:
            exchange.asked.append(question)
            exchange.topic.hear_question(question)
        exchange.asks = True
        self._remarks = []

    def _add(self, spoken_turn: Spoken, *, fresh: bool) -> None:
        assert self._open is not None  # noqa: S101 - opened by the caller
        if fresh or not self._open.segments:
            self._open.segments.append(Segment(tuple(self._prompt)))
            for prompt in self._prompt:
                self._open.topic.hear_question(prompt)
        self._open.segments[-1].replies.append(spoken_turn)
        text = spoken_turn.turn.text
        self._open.asked_back = _only_asks(text)
        self._open.answered = self._open.answered or not (self._open.asked_back or is_acknowledgement(text))
        self._open.topic.hear_answer(spoken_turn.turn.text)
        self._remarks = []

    def _agrees_to(self, prompt: str, text: str) -> bool:
        """Whether a turn says yes to words that held an answer, which makes it one, if a poor one."""
        if not self._prompt or self._prompt_used or self._interlude:
            return False
        said = self._open.topic.answered if self._open is not None else self._before.answered
        return holds_answer(prompt, text, said) and (self._is_answerable() or is_strong_assent(text))

    def _is_answerable(self) -> bool:
        return self._open is not None and not self._open.small and not self._remarks

    def _is_aside(self, text: str, *, fresh: bool) -> bool:
        """Whether a turn is no part of an answer: thanks, "okay" to a remark, or "yes" to an interruption."""
        if self._interlude:
            return len(spoken(text)) <= _INTERLUDE or is_pleasantry(text)
        light = is_acknowledgement(text) or is_pleasantry(text)
        if self._open is None or self._remarks:
            return light
        if not self._open.answered or self._open.small:
            return False
        return light and (not fresh or not any(map(asks, self._prompt)))


def _is_kept(exchange: Exchange) -> bool:
    replies = [reply.turn.text for reply in exchange.replies]
    words = sum(len(spoken(reply)) for reply in replies)
    if exchange.small:
        return sum(len(content_words(reply)) for reply in replies) > _SMALL_TALK and not all(map(_is_light, replies))
    if not exchange.asked:
        return words >= _MONOLOGUE
    if not exchange.asks:
        return words >= _REMARK or any(map(is_strong_assent, replies))
    asked = [sentence for text in exchange.asked for sentence in asking(text)]
    permission = bool(asked) and all(map(asks_permission, asked))
    return not (permission and replies and all(map(is_acknowledgement, replies)))


def _only_asks(text: str) -> bool:
    """Whether a candidate's turn asks back and says nothing else."""
    said = [each for each in sentences(text) if not is_acknowledgement(each) and not is_pleasantry(each)]
    return bool(said) and all(map(asks, said))


def _is_light(text: str) -> bool:
    """Whether a reply to small talk goes on with it: asks back, thanks or says little."""
    return len(spoken(text)) < _MONOLOGUE or is_pleasantry(text) or any(map(asks, sentences(text)[-2:]))
