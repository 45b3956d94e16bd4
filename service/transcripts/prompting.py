"""Did the candidate say it, or did the interviewer, so that the candidate only agreed or said it again?"""

import re
from collections.abc import Collection, Sequence

from service.grading import Notice
from service.text.folding import fold
from service.transcripts.utterances import asking, content_words, ends_with_question, is_assent, is_strong_assent

REPEATED_FROM = 0.5
"""From this share on, words that the interviewer had just said make a reply the interviewer's, not the candidate's."""

_RUN = 3
"""So many content words in the interviewer's order are repeated, not found anew."""
_FEWEST_REPEATED = 5
"""A shorter reply has too few content words to tell repeating from answering in the question's terms."""
_FEWEST_LED = 4
"""So many content words that the candidate has not said make a question hold an answer."""

_OPEN_QUESTION = re.compile(r"\b(?:what|how|why|when|where|who|which|tell me|walk me|describe|explain)\b")
_ABOUT_THE_PERSON = re.compile(
    r"(?:\w+[\s,]+){0,3}?(?:do|did|have|are|were|can|could) you (?!(?:agree|think|mean|say|believe|feel)\b)"
)


class Said:
    """What a candidate has said so far, by stems and by runs of them."""

    def __init__(self) -> None:
        self.stems: set[str] = set()
        self.runs: set[tuple[str, ...]] = set()

    def add(self, text: str) -> None:
        """Add a reply."""
        stems = content_words(text)
        self.stems.update(stems)
        self.runs.update(_runs(stems))


def only_agrees(prompt: str, reply: str, said: Said) -> bool:
    """Whether a reply is bare assent to words that held an answer which the candidate had not given before."""
    return holds_answer(prompt, reply, said.stems)


def holds_answer(prompt: str, reply: str, said: Collection[str]) -> bool:
    """Whether a reply only assents, and the prompt says more than the candidate's own stems `said` before it."""
    if not is_assent(reply) or len(set(content_words(prompt)) - set(said)) < _FEWEST_LED:
        return False
    asked = asking(prompt)
    if not asked or not ends_with_question(asked[-1]):
        return is_strong_assent(reply)
    last = fold(asked[-1]).text.strip()
    return not _OPEN_QUESTION.match(last) and not (_ABOUT_THE_PERSON.match(last) and len(asked) == 1)


def only_repeats(prompt: str, reply: str, said: Said) -> bool:
    """Whether a reply is mostly the interviewer's words, and the candidate had not said them before."""
    return repeated_share(prompt, reply, said) >= REPEATED_FROM


def repeated_share(prompt: str, reply: str, said: Said) -> float:
    """The share, 0 to 1, of a reply's content words that stand in runs of the prompt's, new to the candidate.

    It is 0 for a reply of fewer than five content words.
    """
    stems = content_words(reply)
    if len(stems) < _FEWEST_REPEATED:
        return 0.0
    known = _runs(content_words(prompt)) - said.runs
    repeated: set[int] = set()
    for start in range(len(stems) - _RUN + 1):
        if tuple(stems[start : start + _RUN]) in known:
            repeated.update(range(start, start + _RUN))
    return len(repeated) / len(stems)


def _runs(stems: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(stems[start : start + _RUN]) for start in range(len(stems) - _RUN + 1)}


def prompted_notice(agreed: Sequence[int], repeated: Sequence[int]) -> Notice:
    """The warning on an answer with such replies, given by their turns."""
    parts = []
    if agreed:
        parts.append(f"only agrees to what the interviewer had said ({_turns(agreed)})")
    if repeated:
        parts.append(f"mostly repeats what the interviewer had said ({_turns(repeated)})")
    return Notice(
        code="prompted", message=f"The candidate {' and '.join(parts)}; nothing there is the candidate's own."
    )


def _turns(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"{'turn' if len(numbers) == 1 else 'turns'} {listed}"
