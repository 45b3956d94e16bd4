"""Who of a transcript's speakers is the candidate?"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from service.errors import SpeakerUnclear
from service.models import Frozen
from service.text.controls import printable
from service.text.words import Text
from service.transcripts.model import Transcript, Turn
from service.transcripts.utterances import asking, is_back_channel, is_hum, is_pleasantry, is_small_question, sentences

Part = Literal["asks", "answers"]

_ANSWERS = re.compile(
    r"\b(?:candidate|candidat[aeo]?|cand|kandidat(?:in)?|interviewees?|applicant|bewerber(?:in)?"
    r"|befragte[r]?|entrevistad[ao]"
    r"|interviewe|interviewte[r]?|job ?seeker|examinee|sollicitant)\b|^(?:guest|respondent"
    r"|participant|student|answer)\b(?= ?$)"
    r"|\u5019\u88dc\u8005|\u5fdc\u52df\u8005|\u5019\u9009\u4eba|\u5e94\u8058\u8005|\u9762\u8bd5\u8005"
)
_ASKS = re.compile(
    r"\b(?:interviewer(?:in)?s?|intervieweur|entrevistador[a]?|intervistatore|host|moderator|recruiter|recruteu(?:r|se)"
    r"|recruiting|reclutador[a]?|personaler(?:in)?|hiring manager|examiner|assessor|facilitator|panel(?:l?ist)?)\b"
    r"|^question\b(?= ?$)|\u9762\u63a5\u5b98|\u9762\u8bd5\u5b98"
)
# Single letters say who asks only as a pair; speech recognition calls its speakers A and B.
_PAIRS: tuple[tuple[str, str], ...] = (("q", "a"), ("i", "r"), ("i", "p"), ("i", "c"), ("iv", "ie"), ("int", "res"))
_BETWEEN_WORDS = re.compile(r"[\W\d_]+")
_NUMBERED_LABEL = re.compile(r"(q|a|question|answer)[\s.#]*\d+")
_TAG = re.compile(r"(?:^|[,\s])(?:right|correct|you know|ok|okay|yeah|yes|no|see|huh|eh)\W*\?\W*$", re.IGNORECASE)

_LEAST_SHARE = 0.15
_CLEAR_SHARE = 0.6
_MOST_LISTED = 20


class Speaker(Frozen):
    """Someone who speaks, with how often and how much; `name` is None for turns that name nobody."""

    name: str | None
    turns: int
    words: int


class Cast(NamedTuple):
    """Who is who, by name and by the keys that all spellings of a name share.

    `others` answer too, such as a second candidate; every turn of those in `always_ask` is a question.
    """

    candidate: str
    key: str
    speakers: tuple[Speaker, ...]
    others: frozenset[str]
    always_ask: frozenset[str]

    @property
    def candidate_speaker(self) -> Speaker:
        """The candidate, with how often and how much they speak."""
        return next(each for each in self.speakers if speaker_key(each.name) == self.key)


def speaker_key(name: str | None) -> str:
    """What all spellings of a name share; empty for a turn that names nobody."""
    bare = unicodedata.normalize("NFKD", name or "").casefold()
    key = " ".join("".join(c for c in bare if not unicodedata.combining(c)).split()).strip(" :")
    numbered = _NUMBERED_LABEL.fullmatch(key)
    return numbered.group(1) if numbered else key


def speakers_in(transcript: Transcript) -> tuple[Speaker, ...]:
    """Everybody who speaks, by first appearance."""
    names: dict[str, str | None] = {}
    turns: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for turn in transcript.turns:
        key = speaker_key(turn.speaker)
        names.setdefault(key, turn.speaker if key else None)
        turns[key] += 1
        words[key] += len(Text(turn.text).words)
    return tuple(Speaker(name=names[key], turns=turns[key], words=words[key]) for key in names)


def find_candidate(transcript: Transcript, *, file: str, speaker: str | None = None) -> Cast:
    """Find the candidate by the name given, or by the speakers' names, or by who asks and who answers.

    Raises:
        SpeakerUnclear: the file names no speaker, none or several are called as given, or it cannot be told.
    """
    speakers = speakers_in(transcript)
    names = {speaker_key(each.name): each.name for each in speakers if each.name is not None}
    if not names:
        raise SpeakerUnclear(
            f"{file}: this file names no speaker, so a candidate's words cannot be told from an interviewer's; put the "
            "speaker's name and a colon before each turn, or grade a text that is all one answer as an answer."
        )
    parts = _parts(list(names))
    key = _named(speaker, speakers, file) if speaker is not None else _told(transcript, speakers, parts, file)
    always = frozenset(other for other in names if other in {"q", "question"} and parts.get(other) == "asks")
    return Cast(names[key], key, speakers, _others(transcript, list(names), parts, key), always)


def _others(transcript: Transcript, keys: Sequence[str], parts: Mapping[str, Part], candidate: str) -> frozenset[str]:
    """Who answers beside the candidate; with two speakers, nobody does."""
    others = {key for key in keys if parts.get(key) == "answers"}
    if len(keys) > 2:
        others.update(_asked(transcript.turns, [key for key in keys if key not in parts])[0])
    others.discard(candidate)
    return frozenset(others) if len(others) < len(keys) - 1 else frozenset()


def _parts(keys: Sequence[str]) -> dict[str, Part]:
    """What the names themselves tell."""
    parts: dict[str, Part] = {}
    for key in keys:
        words = _BETWEEN_WORDS.sub(" ", key)
        answers, asks = _ANSWERS.search(words) is not None, _ASKS.search(words) is not None
        if answers != asks:
            parts[key] = "answers" if answers else "asks"
    for asking_letter, answering_letter in _PAIRS:
        if {asking_letter, answering_letter} <= set(keys):
            parts |= {asking_letter: "asks", answering_letter: "answers"}
    if not parts and len(keys) == 1 and keys[0] == "q":  # the answers are there, under no label
        parts["q"] = "asks"
    return parts


def _named(wanted: str, speakers: Sequence[Speaker], file: str) -> str:
    """The key of the speaker called so: by the whole name, by whole words of it, or by how it or a word begins."""
    key = speaker_key(wanted)
    names = [speaker_key(each.name) for each in speakers if each.name is not None]
    ways = (
        [name for name in names if name == key],
        [name for name in names if key and re.search(rf"(?<!\w){re.escape(key)}(?!\w)", name)],
        [name for name in names if key and name.startswith(key)],
        [name for name in names if key and re.search(rf"(?<!\w){re.escape(key)}", name)],
    )
    for found in ways:
        if len(found) == 1:
            return found[0]
        if found:
            break
    what = "no speaker" if not any(ways) else "more than one speaker"
    raise _unclear(f"{file}: {what} is called {printable(wanted)[:60]!r}", speakers)


def _told(transcript: Transcript, speakers: Sequence[Speaker], parts: Mapping[str, Part], file: str) -> str:
    keys = [speaker_key(each.name) for each in speakers]
    answering = [key for key in keys if parts.get(key) == "answers"]
    if len(answering) > 1:
        raise _unclear(f"{file}: more than one speaker is called a candidate", speakers)
    if answering:
        return answering[0]
    left = [key for key in keys if parts.get(key) != "asks"]
    if len(left) == 1 and left[0] and (len(keys) > 1 or not _mixes(transcript)):
        return left[0]
    if len(keys) == 1:
        raise _unclear(f"{file}: one speaker only is named, though the turns both ask and answer", speakers)
    likely, share = _asked(transcript.turns, left)
    if len(likely) != 1 or not likely[0] or share < _CLEAR_SHARE:
        raise _unclear(f"{file}: it cannot be told which speaker is the candidate", speakers)
    return likely[0]


def _mixes(transcript: Transcript) -> bool:
    """Whether turns under one name seem to be of two: one that ends by asking, and another that replies."""
    return any(_closing_questions(turn.text) for turn in transcript.turns[:-1])


def _asked(turns: Iterable[Turn], keys: Sequence[str]) -> tuple[list[str], float]:
    """Who of these is asked more than asking and says much in reply, and the first one's share of all replies."""
    asked: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    replied: Counter[str] = Counter()
    askers: list[str] = []  # the last one, and before that the last one who was another
    heard: set[str] = set()
    for turn in turns:
        key = speaker_key(turn.speaker)
        if is_hum(turn.text) or is_back_channel(turn.text) or is_pleasantry(turn.text):
            continue
        questions = _closing_questions(turn.text)
        if any(asker != key for asker in askers):
            words = sum(len(Text(question).words) for question in questions)
            replied[key] += len(Text(turn.text).words) - words
        if askers and askers[0] != key:
            answered[key] += key not in heard
            heard.add(key)
        if questions:
            asked[key] += 1
            askers, heard = [key, *(asker for asker in askers if asker != key)][:2], set()
    total = sum(replied.values())
    likely = [key for key in keys if answered[key] > asked[key] and replied[key] >= _LEAST_SHARE * total]
    return likely, replied[likely[0]] / total if likely and total else 0.0


def _closing_questions(text: str) -> list[str]:
    """The questions that an utterance comes to, small ones and tags apart; one asked on the way is rhetorical."""
    last = sentences(text)[-2:]
    return [each for each in last if asking(each) and not is_small_question(each) and not _TAG.search(each)]


def list_speakers(speakers: Sequence[Speaker]) -> str:
    """The speakers for a message, with how often and how much they speak."""
    listed = [
        f"{printable(each.name)[:60] if each.name is not None else 'turns without a name'} "
        f"({each.turns:,} {'turn' if each.turns == 1 else 'turns'}, "
        f"{each.words:,} {'word' if each.words == 1 else 'words'})"
        for each in speakers[:_MOST_LISTED]
    ]
    more = f" and {len(speakers) - _MOST_LISTED:,} more" if len(speakers) > _MOST_LISTED else ""
    return ", ".join(listed) + more


def _unclear(what: str, speakers: Sequence[Speaker]) -> SpeakerUnclear:
    return SpeakerUnclear(
        f"{what}; the speakers are {list_speakers(speakers)}. Name the candidate with --speaker.",
        speakers=[each.name for each in speakers if each.name is not None],
    )
