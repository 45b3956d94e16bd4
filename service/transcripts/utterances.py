"""What an utterance does, by its wording: asks, hums along, greets, agrees.

The cues are English; of other languages only their question marks and endings are known, so that more is kept.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from service.text.folding import fold
from service.text.words import Text

if TYPE_CHECKING:
    import Stemmer

_STAGE_DIRECTION = re.compile(r"\[[^\[\]\n]{0,80}\]|\([^()\n]{0,80}\)|\*[^*\n]{1,80}\*|<[^<>\n]{1,80}>")
_HUMS = frozenset("ah aha eh em er erm h hm hmm hmmm huh m mhm mhmm mm mmhm mmm oh ooh uh uhh uhm um umm".split())
_ASSENTING_HUMS = frozenset("aha huh mhm mhmm mm mmhm mmm".split())
_BACK_CHANNEL = _HUMS | frozenset(
    "a absolutely again ahead alright all amazing and answer awesome brilliant but carry completely continue cool "
    "correct course definitely down enough exactly excellent fair fantastic fine for go going good got gotcha great "
    "helpful i i'll indeed interesting is it it's just k keep let like love lovely makes me moment much nice no note "
    "noted of oh ok okay on one perfect please point precisely problem really right rush say second see sense so super "
    "sure take thank thanks that that's the this time to too totally true understand understood very wait well "
    "wonderful worries wow write yeah yep yes you your yup".split()
)
_ACKNOWLEDGING = _HUMS | frozenset(
    "a alright all cool course fine good got great it let me moment of ok okay perfect please question ready right "
    "second see so sounds sure thank thanks think understood well yeah yep yes you yup".split()
)
_AGREEING = frozenset(
    "absolutely agree agreed completely correct definitely exactly indeed precisely right totally true".split()
)
_SAYING_YES = _AGREEING | _ASSENTING_HUMS | frozenset("course ok okay said same so sure yeah yep yes yup".split())
_ASSENT = (
    _SAYING_YES
    | _HUMS
    | frozenset(
        "% 100 a about all also and as be couldn't do exact fair going good great hundred i i'd i'm i've is it it's "
        "just me mean more my of on percent point pretty put really say saying sounds spot that that'd that's the "
        "think thinking this thought thoughts to too very view was way well what what's with would you you're you've "
        "your".split()
    )
)
_OPENS = (
    r"(?:(?:ok(?:ay)?|all ?right|right|so|and|but|now|well|great|good|nice|cool|perfect|thanks|thank you|yeah|yes|sure"
    r"|u[hm]+|then|also|actually|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|maybe|perhaps|i see|got it"
    r"|interesting|excellent|awesome|fine|hi|hello|hey|i mean|please|just|sorry|no)\b[\s,.:;!-]*+)*+"
)
OPENING = re.compile(_OPENS)
"""Words that lead into a sentence and are not yet what it says; of folded text."""

_AUXILIARY = r"(?:is|are|was|were|do|does|did|would|could|can|should|will|might|have|has|had)(?:n't)?"
_QUESTION_MARK = re.compile(r"[?\uff1f\u061f\u055e\u2047\u2048\u2049\u203d\u00bf\u2e2e]")
# Folding turns the Greek question mark into a semicolon, so it is looked for before.
_GREEK_QUESTION_MARK = "\u037e"
_QUESTION_ENDING = re.compile(
    r"(?:\u3067\u3059\u304b|\u307e\u3059\u304b|\u5417|\u55ce|\u5462|\uae4c\uc694)[\s.\u3002]*$"
)
_ASKED_OUTRIGHT = re.compile(
    rf"(?:what|how|why|where|who|which|when)(?:'s|'d|'re| {_AUXILIARY}| about| if| come| many| much| kinds? of)\b"
    r"|(?:can|could|would|will|should|may|might|shall|are|were|did|does|do|have) (?:you|we|i|they|there)\b"
    r"|(?:is|was|does|would|could|can|has|are) (?:it|that|this|there|the|your|these|those)\b"
    r"|(?:tell|walk|talk|take|give|show|help|convince) (?:me|us)\b"
    r"|(?:describe|explain|elaborate|imagine|suppose|introduce yourself|why not|how so|such as|like what|say more)\b"
    r"|(?:compare|contrast|define|name|list|discuss|outline|summari[sz]e|justify|sketch|design|estimate|rank|pick"
    r"|consider|share) (?:a|an|the|your|our|one|some|two|three|\d+|how|why|what|when|which|me|us)\b"
    r"|let'?s (?:talk|discuss|move|start|begin|go|turn|switch|look|dig|dive|say|assume|imagine)\b"
    r"|i(?:'d| would) (?:like|love) (?:you )?to (?:hear|know|ask|understand|talk|tell|explain|describe|walk)\b"
    r"|i want(?:ed)? (?:you )?to (?:ask|know|hear|understand|talk|tell|explain|describe)\b"
    r"|i(?:'m| am) (?:curious|wondering|interested)\b|i wonder\b|(?:any|your) (?:thoughts|take|views?|opinion)\b"
    r"|(?:my |the )?(?:next|first|second|third|last|final|another|one more) (?:question|topic)\b"
    r"|question (?:number )?(?:\d+|one|two|three|four|five)\b"
)
_ASKED_UNMARKED = re.compile(
    r"(?:what|which|how|whose) (?!(?:i|we|you|they|it|he|she|the|this|that|our|your|is|means)\b)"
    rf"(?:[\w'-]+ ){{1,4}}?{_AUXILIARY} (?:you|we|i|they|it|the|your|our|a|an|that|this)\b"
)
_ASKED_WITHIN = re.compile(
    rf"\b(?:what|how|why|where|which|when) (?:[\w'-]+ ){{0,3}}?{_AUXILIARY} (?:you|we|your|the)\b"
    r"|\b(?:can|could|would|do|did) you\b|\b(?:tell|walk) (?:me|us)\b|\bwhat about\b|\bhow about\b"
)
_PUNCTUATION = re.compile(r"[.?!,;:]")

_CLOSING_QUESTION = re.compile(
    r"(?:(?:so |and |well )?(?:do|did|would) you have )?(?:any|some) (?:other |more |further |final "
    r"|last |\w+ )?questions"
    r"\b(?! (?:about|on|regarding) (?!me\b|us\b|the (?:role|team|company|job|process)))"
    r"|what questions (?:do you have|can i)|(?:is there )?anything (?:else )?(?:that )?(?:you(?:'d"
    r"| would) like|you want)"
    r" to (?:ask|know)"
)
_SMALL_QUESTION = re.compile(
    r"how(?:'s| is| are) (?:it going(?! (?:with|on))"
    r"|(?:you|things|everything|we)(?: all)?(?: doing| going| feeling| today)*\b"
    r"(?=\W*$)|your (?:day|week|morning|afternoon|evening))"
    r"|how have you been|how do you do\b(?=\W*$)|how was your (?:day|weekend|week|trip|journey|commute|flight|morning)"
    r"|(?:can|could|do) (?:you|everyone|everybody|you both) (?:hear|see) (?:me|us|my)|is my (?:audio|mic|sound|camera)"
    r"|did you (?:find (?:us|the|your way)|get here|have any trouble)|where are you (?:calling|joining|dial)"
    r"|(?:are|is) (?:you|everyone) (?:ready|comfortable|good to go|all set|there\b|set\b)|ready (?:to|when)|ready\b"
    r"|(?:shall|should|can) we (?:start|begin|get (?:started|going)|dive|kick|go ahead|proceed)"
    r"|(?:can|may|could) i (?:just )?(?:ask you (?:something|a (?:few|couple)|some)|offer|get you|record)"
    r"|(?:is it|are you) (?:ok|okay|alright|all right|fine)\b.{0,30}\brecord|(?:do you"
    r"|would you) mind if (?:i|we) record"
    r"|would you like (?:some|a|any) (?:water|coffee|tea|drink|glass)|sounds? good\b"
    r"|(?:how about|and) you(?:rself)?\b(?=\W*$)"
    r"|does that (?:sound|work|answer|help|make sense)|(?:have you )?(?:been )?(?:well|good)\b(?=\W*$)"
    r"|could you (?:share|mute|unmute|turn on)\b|can you (?:share your screen|mute|unmute|turn (?:on|your))"
)
_INTERJECTION = re.compile(
    r"(?:can|may|could) (?:i|we) (?:just |quickly )?(?:(?:jump|chime|cut|come) in|interrupt|stop you|pause you"
    r"|add (?:something|one thing|to that))\b"
)
_PLEASANTRY = re.compile(
    r"hi\b|hello\b|hey\b|good (?:morning|afternoon|evening|day)\b|welcome\b|likewise\b|you too\b|same here\b"
    r"|(?:i'm |i am |it's |it is |it was |so )?(?:very |really |so )?"
    r"(?:(?:nice|great|good|lovely|pleased|happy|glad|excited|delighted) (?:to (?:meet|see|be here|talk to"
    r"|speak (?:to|with)|chat with|hear that|know|connect|join)|(?:meeting|talking|speaking|chatting)))\b"
    r"|thank(?:s| you)\b(?! to\b)(?: so much| very much| a lot)?(?: for (?:your|the|having|taking|joining|coming)\b)?"
    r"|for (?:your time|having me|joining|coming|the (?:time|opportunity|invitation|invite|chat))\b"
    r"|(?:it's |it was )?my pleasure\b|pleasure\b|bye\b|goodbye\b|see you\b|take care\b|cheers\b|no problem\b"
    r"|have a (?:good|great|nice|lovely) (?:day|one|evening|weekend|afternoon|night|week|rest)\b|talk (?:soon|to you)\b"
    r"|(?:i )?(?:really )?appreciate (?:it|your (?:time|help))\b"
    r"|(?:i'm |i am )?looking forward to (?:it|hearing|that)\b"
    r"|(?:no )?that(?:'s| is| was) (?:all|it|everything)\b|you're welcome\b|i'm here\b|all good\b"
    r"|(?:i'm|i am|doing|we're) (?:doing )?(?:very |pretty )?(?:good|fine|great|well|okay|ok|ready)\b"
    r"(?! (?:at|with|in)\b)"
    r"|not (?:too )?bad\b|pretty good\b|can't complain\b|and you(?:rself)?\b|how about you(?:rself)?\b|how are you\b"
    r"|yourself\b|sounds (?:good|great)\b|(?:i|we) can hear you\b"
)
_PLEASANTRY_GOES_ON = 3
"""With more words after it, such a clause says something: "pretty good recall on our own hard tickets"."""
_SLIGHT = 250
"""A longer utterance, in characters, says something whatever its words are."""
_TOPIC_CHANGE = re.compile(
    r"\b(?:next|another|different|last|final|second|third|new) (?:question|topic|area|subject)\b|\bmov(?:e|ing) on\b"
    r"|\bswitch(?:ing)? (?:gears|topics?)\b|\blet'?s (?:move|switch|turn|talk about|go to|jump|skip)\b"
    r"|\bquestion (?:number )?(?:\d+|one|two|three|four|five)\b|\bchang(?:e|ing) (?:the )?(?:topics?|gears|subject)\b"
    r"|\btell (?:me|us) about (?:a time|yourself)\b|\bnext up\b"
)
_ANNOUNCEMENT = re.compile(
    r"(?:(?:let'?s |we(?:'ll| will| can) )?mov(?:e|ing) on|(?:here's |that's |on to )?(?:(?:the|my|our|your|a) )?"
    r"(?:next|another|first|second|third|last|final) (?:question|topic|one)|question (?:number )?\w+)\W*"
)
_FUNCTION_WORDS = frozenset(
    "a able about actually after again ahead all also am an and another any anything are as ask at back "
    "be because been "
    "before being bit both but by can case come could couldn't did didn't do does doesn't doing don't down each else "
    "even ever every example explain few first for from get give go going good got great had has have he help her here "
    "hers him his how i i'd i'll i'm i've if in instance instead into is isn't it it's its just kind "
    "know let let's like "
    "little lot made make makes many may maybe me mean means might more most much my need no not now of off ok okay on "
    "one only or other our out over own part please put question really right said same say see she should so some "
    "something sort still such sure take tell than thank that that's the their them then there these they thing "
    "things think this those through to too try uh um up us use used using very want was way we well were what what's "
    "when where whether which while who why will with won't would wouldn't yeah yes yet you you'd you're you've "
    "your".split()
)


def spoken(text: str) -> tuple[str, ...]:
    """The folded words of an utterance; none where it is nothing but stage directions such as [silence]."""
    if len(text) <= _SLIGHT:
        text = text if Text(_STAGE_DIRECTION.sub(" ", text)).words else ""
    return tuple(word.text for word in Text(text).words)


def content_words(text: str) -> list[str]:
    """The stems of the words that say something, in order; the small words of English are left out."""
    stem = _stemmer().stemWord
    return [stem(word.text) for word in Text(text).words if word.text not in _FUNCTION_WORDS]


@cache
def _stemmer() -> "Stemmer.Stemmer":
    import Stemmer  # noqa: PLC0415 - only transcripts of interviews need it

    return Stemmer.Stemmer("english")


def sentences(text: str) -> list[str]:
    """The sentences of an utterance, in order."""
    return [text[span.start : span.end] for span in Text(text).sentences]


def is_hum(text: str) -> bool:
    """Whether nothing but hesitation or a hum is heard, if anything."""
    return len(text) <= _SLIGHT and all(word in _HUMS for word in spoken(text))


def is_back_channel(text: str) -> bool:
    """Whether an interviewer only shows to be listening: "mm-hm", "okay, go on", "got it, thanks"."""
    if len(text) > _SLIGHT:
        return False
    words = spoken(text)
    if len(words) > 12 or not all(word in _BACK_CHANNEL for word in words):
        return False
    return len(words) <= 2 or not _QUESTION_MARK.search(text)


def is_acknowledgement(text: str) -> bool:
    """Whether a candidate only takes note, or time: "okay", "sure, thanks", "let me think"."""
    if len(text) > _SLIGHT:
        return False
    words = spoken(text)
    return len(words) <= 8 and all(word in _ACKNOWLEDGING for word in words)


def is_pleasantry(text: str) -> bool:
    """Whether every clause of a short utterance greets, thanks or takes leave."""
    if len(text) > _SLIGHT or not spoken(text):
        return False
    clauses = [clause for clause in re.split(r"[,.;!?\n\u2014]+", fold(text).text) if clause.strip()]
    return any(_pleases(clause) for clause in clauses) and all(
        _pleases(clause) or is_back_channel(clause) for clause in clauses
    )


def _pleases(clause: str) -> bool:
    clause = clause.strip()
    found = _PLEASANTRY.match(clause) or _PLEASANTRY.match(clause, _opened(clause))
    return found is not None and len(clause[found.end() :].split()) <= _PLEASANTRY_GOES_ON


def _opened(folded: str) -> int:
    opening = OPENING.match(folded)
    return opening.end() if opening else 0


def is_assent(text: str) -> bool:
    """Whether an utterance agrees and adds nothing: "yes, exactly", "mm, I agree with that"."""
    if len(text) > _SLIGHT:
        return False
    words = spoken(text)
    if len(words) > 15 or not all(word in _ASSENT for word in words) or _QUESTION_MARK.search(text):
        return False
    return any(word in _SAYING_YES for word in words)


def is_strong_assent(text: str) -> bool:
    """Whether it agrees in so many words, which "yeah" and "okay" alone do not."""
    return is_assent(text) and any(word in _AGREEING for word in spoken(text)) and len(spoken(text)) > 1


def asking(text: str) -> list[str]:
    """The sentences of an utterance that ask, or request, something."""
    return [sentence for sentence in sentences(text) if _sentence_asks(sentence)]


def asks(text: str) -> bool:
    """Whether an utterance asks or requests something."""
    return bool(asking(text))


def _sentence_asks(sentence: str) -> bool:
    if _QUESTION_MARK.search(sentence) or _QUESTION_ENDING.search(sentence) or _GREEK_QUESTION_MARK in sentence:
        return bool(Text(sentence).words)
    folded = fold(sentence).text.strip()
    at = _opened(folded)
    if _ASKED_OUTRIGHT.match(folded, at):
        return True
    if folded.endswith("."):  # a transcript with full stops has question marks too
        return False
    if _ASKED_UNMARKED.match(folded, at):
        return True
    return not _PUNCTUATION.search(folded) and _ASKED_WITHIN.search(folded) is not None


def ends_with_question(text: str) -> bool:
    """Whether an utterance comes to its end with a question mark."""
    tail = text.rstrip()[-3:]
    return bool(_QUESTION_MARK.search(tail)) or _GREEK_QUESTION_MARK in tail


def is_small_question(sentence: str) -> bool:
    """Whether a question is about the day, the call or the meeting, and no part of the interview."""
    return _matches(_SMALL_QUESTION, sentence, longest=14) or is_closing_question(sentence)


def is_interjection(sentence: str) -> bool:
    """Whether an interviewer asks to speak, which is no question to the candidate."""
    return _matches(_INTERJECTION, sentence, longest=10)


def is_closing_question(sentence: str) -> bool:
    """Whether the candidate is invited to ask."""
    return _matches(_CLOSING_QUESTION, sentence, longest=25)


def _matches(pattern: re.Pattern[str], sentence: str, *, longest: int) -> bool:
    if len(sentence) > _SLIGHT or len(Text(sentence).words) > longest:
        return False
    clauses = (clause.strip() for clause in re.split(r"[,;:\u2014]", fold(sentence).text))
    return any(pattern.match(clause) or pattern.match(clause, _opened(clause)) for clause in clauses)


def changes_topic(text: str) -> bool:
    """Whether an interviewer says that something else comes now."""
    return _TOPIC_CHANGE.search(fold(text).text) is not None


def announces(sentence: str) -> bool:
    """Whether a sentence says that a question comes, and not which."""
    folded = fold(sentence).text.strip()
    return _ANNOUNCEMENT.fullmatch(folded, _opened(folded)) is not None


def asks_permission(sentence: str) -> bool:
    """Whether an interviewer asks to be allowed something, to which "sure" is the whole answer."""
    folded = fold(sentence).text.strip()
    return re.match(r"(?:can|may|could|shall|should) (?:i|we)\b", folded[_opened(folded) :]) is not None
