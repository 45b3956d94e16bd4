"""Which of the labels in a file are people who speak, and which are ordinary words before a colon.

No list of names exists. What tells is the shape of a label, how often it comes back, where it stands, and whether
its words are used in speech too; so labels are gathered from the whole file before any is believed.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from service.transcripts.pieces import fold_name

Strength = Literal["bare", "tight", "heading", "colon", "bold", "timed"]
"""How a label is set off: on its own line; by a colon without a space; on its own line, bold or as a heading; by a
colon; by a colon, in bold letters; by a time."""

MAX_LABEL = 80

_ROLE = re.compile(
    r"(?:(?:the|an?|unknown|unidentified|male|female|lead|first|second|third) )?"
    r"(?:interviewers?|interviewees?|candidates?|applicants?|hosts?|guests?|moderators?|facilitators?|researchers?|"
    r"respondents?|participants?|panell?ists?|speakers?|recruiters?|narrators?|examiners?|examinees?|hiring manager|"
    r"channel|spk|unknown|voice|person)(?: ?[-_#]?(?:\d{1,3}|[a-z]))?"
)
_LETTER = re.compile(r"q|a|i|r|p|s|m|f|ir|ie|int|[pis]\d{1,3}")
_ASKS, _REPLIES = frozenset({"q", "question"}), frozenset({"a", "answer"})
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PHONE = re.compile(r"\+?[\d(][\d\s().*-]{5,20}\d")

# Words that begin a sentence, a list or a heading and are followed by a colon.
_NO_NAMES = frozenset(
    """note notes nb example examples remember warning caution tip hint important update edit summary conclusion
    overview introduction intro background context agenda questions answers break first firstly second
    secondly third thirdly fourth finally lastly next then also therefore however so and but or because because, if
    yes yeah yep no nope okay ok right sure well hmm mm mhm mm-hm uh um hello hi hey thanks thank exactly great good
    cool pros cons pro con result results reason reasons problem solution caveat disclaimer ps p.s todo to-do action
    actions takeaway takeaways key step steps option options case goal goals today tomorrow yesterday meaning
    translation source sources link links see http https ftp file mailto music applause laughter laughs silence
    inaudible crosstalk pause noise foreign unintelligible date time duration length participants attendees location
    venue subject title topic role position company organisation organization recording recorded transcript
    transcription transcribed transcriber language version status job department meeting id url email phone name names
    type format category tags author editor created updated modified start end started ended total page chapter
    section part kind region style number invited attachments keywords project client score rating feedback comment
    comments definition quote level rag prompt prompting prompts fine-tuning finetuning fine-tune training retrieval
    cost costs risk risks benefit benefits trade-off trade-offs metric metrics latency quality data the this that these
    those there here now still later before after""".split()
)
# Words in lower case that stand inside a sentence but hardly inside a name.
_IN_SPEECH = frozenset(
    """is are was were be been the a an that this these those it its to i i'm i'd my me our your we you they he she
    not so but if when what how why because with do does did can could would should will have has had as or than then
    there here is: more most very just only one thing things point question answer reason idea about like""".split()
)
_PARTICLES = frozenset(
    "de da do dos das di del della van von der den la le el al bin ibn ben y e af av zu st und ap ter "
    "ten te du des".split()
)


class Label(NamedTuple):
    """A possible speaker as it stands in the file; `opens` where a paragraph, or a cue, begins with it."""

    name: str
    strength: Strength
    opens: bool


def is_label(name: str) -> bool:
    """Whether this could be somebody's name at all; many words that are none could be, too."""
    words = name.split()
    if not words or len(name) > MAX_LABEL or len(words) > 6:
        return False
    if _PHONE.fullmatch(name) or _plain(name) in _ASKS | _REPLIES:
        return True
    if not any(character.isalpha() for character in name) or name.count(",") > 1 or re.search(r"[?!;:\"=]|\.\.", name):
        return False
    if words[0][0].isdecimal() or _YEAR.search(name):  # a date
        return False
    if any(word.endswith(".") and len(word) > 5 for word in words):  # `Dr.` and `J.` are of a name
        return False
    return _plain(name) not in _NO_NAMES and words[0].casefold().rstrip(",.") not in _NO_NAMES - {"the"}


def believed(labels: Sequence[Label], words: Mapping[str, int]) -> frozenset[str]:
    """The folded names of those labels that are speakers.

    `words` counts the words of the file as they are written, labels apart.
    """
    counts = Counter(fold_name(label.name) for label in labels)
    forms = {fold_name(label.name): label for label in reversed(labels) if is_label(label.name)}
    opening = {fold_name(label.name) for label in labels if label.opens}
    timed = {fold_name(label.name) for label in labels if label.strength == "timed"}
    sure = {key for key, label in forms.items() if _is_sure(key, label, counts, timed)}
    apart = _set_apart(labels, sure)
    chosen = {key for key in sure if key in opening or key in timed or not apart or _is_role(key, counts)}
    listed = _in_lists(labels, chosen)
    unsure = [key for key in forms if key not in chosen and key not in sure and counts[key] == 1 and key not in listed]
    if not chosen and len(unsure) > 2:  # a list of points, none of which comes back
        return frozenset(key for key in unsure if len(key.split()) > 1 and _titled(forms[key].name)) & opening
    for key in unsure:
        label = forms[key]
        weak = {"bare", "tight", "heading"} if len(chosen) > 1 else {"bare", "tight"}
        if not _titled(label.name) or label.strength in weak or (apart and key not in opening):
            continue
        if len(chosen) < 2 or not _is_common(label.name, chosen, forms, words):
            chosen.add(key)
    return frozenset(chosen)


def _is_sure(key: str, label: Label, counts: Mapping[str, int], timed: Iterable[str]) -> bool:
    """Whether the label is a speaker by its own evidence."""
    if _is_role(key, counts):
        return label.strength != "bare" or counts[key] > 1
    if key in timed and _titled(label.name):
        return counts[key] > 1 or len(label.name.split()) > 1
    if counts[key] < 2:
        return False
    spoken = sum(word in _IN_SPEECH for word in key.split())
    return _titled(label.name) or (not spoken and len(key.split()) <= 3 and label.strength != "bare")


def _is_role(key: str, counts: Mapping[str, int]) -> bool:
    if _ROLE.fullmatch(key):
        return True
    if key in _ASKS | _REPLIES:
        return bool(_ASKS & counts.keys()) and bool(_REPLIES & counts.keys())
    return bool(_LETTER.fullmatch(key)) and counts[key] > 1


def _set_apart(labels: Sequence[Label], sure: Iterable[str]) -> bool:
    """Whether turns begin where paragraphs do, so that a label inside of one is a part of the speech."""
    opens = [label.opens for label in labels if fold_name(label.name) in sure]
    return sum(opens) >= max(3, 0.8 * len(opens))


def _in_lists(labels: Sequence[Label], chosen: set[str]) -> set[str]:
    """The labels right beside one another that are not believed yet: points of a list, where speakers are known."""
    if len(chosen) < 2:
        return set()
    keys = [fold_name(label.name) for label in labels]
    return {
        key
        for pair in itertools.pairwise(keys)
        for key in pair
        if pair[0] != pair[1] and not any(one in chosen for one in pair)
    }


def _titled(name: str) -> bool:
    """Whether every word begins as names do; scripts without capitals are taken as they are."""
    words = [word.strip("()\"'.,") for word in name.split()]
    if words and words[0].casefold() == "the":
        return False
    return all(not word or not word[0].islower() or word in _PARTICLES or "(" in name for word in words) and not (
        words and words[0][:1].islower() and "(" in name
    )


def _is_common(name: str, chosen: Iterable[str], forms: Mapping[str, Label], words: Mapping[str, int]) -> bool:
    """Whether the words of a label are said in the file as words that name nobody."""
    parts = [part.strip(".,()") for part in name.split()]
    if name.isupper() and not all(forms[key].name.isupper() for key in chosen):
        return True
    return all(words.get(part.lower(), 0) > 0 for part in parts if part)


def _plain(name: str) -> str:
    return name.casefold().strip(" .,*_")
