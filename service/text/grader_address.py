"""Sentences of an answer that talk to whoever grades it: orders, pleas, forged messages and forged verdicts.

What is found supports no level; it is not removed, and it costs nothing.
"""

import re

from service.text.folding import fold
from service.text.words import Span, Text

_LONG = 400
"""A longer sentence is speech without punctuation; only what stands around the address is taken from it."""

_AROUND = 150
_JUDGE = (
    r"(?:grader|evaluator|examiner|assessor|marker|judge|scorer|grading (?:model|system|assistant|ai)|interviewer bot)"
)
_WHO = rf"(?:{_JUDGE}|ai|llm)"
_TOP = r"(?:full|maximum|max|top|highest|perfect|best|high|passing)"
_MARK = r"(?:marks?|scores?|points?|levels?|grades?|ratings?|credit)"
_PRAISE = r"(?:correct|strong|complete|decision-ready|perfect|excellent)"
_THIS = r"(?:this|my|the (?:above|following|whole|entire)|any) (?:answer|response|submission|reply|text|candidate)"
_EARLIER = r"(?:previous|prior|above|earlier|preceding|existing|original|other|all|system|your|these|those|any)"
_RULES = r"(?:instructions?|system prompts?|rubric|rules|guidelines|directions|criteria|system message)"
_GRADING = r"(?:grade|grading|score|marks?|level|ignore|instructions?|criteria|rubric|you are|you must)"
_KEY = r"\"[\w -]{2,60}\"\s?:"
# "I'd give it a high score" and "users give full marks" speak about something else.
_IMPERATIVE = r"(?=[agmrs])(?<!i'd )(?<!\bi )(?<!\bwe )(?<!would )(?<!\bthey )(?<!users )(?<!will )(?<!model )(?<!can )"

# Up to the forgeries, each begins where a word does, which is checked once for all of them.
_ORDERS = (
    rf"(?:ignore|disregard|forget|override|bypass|overrule) (?:\w+ ){{0,3}}{_EARLIER} (?:\w+ )?{_RULES}\b",
    (
        r"(?:ignore|disregard|override|bypass) (?:the|your|all|this|that) (?:grading |scoring |marking )?"
        r"(?:rubric|criteria|instructions)\b"
    ),
    (
        rf"{_IMPERATIVE}(?:give|award|grant|assign|score|grade|rate|mark) (?:me|{_THIS}|this|it) (?:\w+ ){{0,3}}"
        rf"(?:{_TOP} )?(?:{_MARK}|\d+ ?/ ?\d+|100|as {_PRAISE})"
    ),
    (
        rf"{_IMPERATIVE}(?:give|award|grant|assign) (?:\w+ ){{0,2}}{_TOP} {_MARK}\b"
        r"(?! to (?:the )?(?:\w+ )?(?:customer|user|student|passage|chunk|document|result)s?)"
    ),
    rf"{_IMPERATIVE}set (?:all|every|each|the) (?:\w+ )?(?:levels?|scores?|criteri(?:a|on)) (?:to|at) \d(?!\.?\d)",
    # The same in German, French, Spanish, Italian and Portuguese, in brief.
    r"(?:ignorier|missacht|vergiss|vergess)\w{0,3} (?:\w+ ){0,4}anweisungen\b",
    r"(?:ignore[zr]|oublie[zr]?) (?:\w+ ){0,4}(?:instructions|consignes)\b",
    r"(?:ignor|olvid|dimentic|esque)\w{1,4} (?:\w+ ){0,4}(?:instrucciones|istruzioni|instru\u00e7\u00f5es)\b",
    r"(?:volle punktzahl|note maximale|punteggio massimo)\b",
    r"(?:(?:puntuaci\u00f3n|nota) m\u00e1xima|m\u00e1xima puntuaci\u00f3n)\b",
)
_CALLS = (
    (
        r"(?:as|dear|attention|hey|hello|hi|note to|message (?:to|for)|instructions? (?:to|for)) "
        rf"(?:the |an? |our |any )?(?:\w+ )?{_WHO}\b(?: ?[,:!]| you\b| (?:must|should|please|reading))"
    ),
    rf"you are (?:(?:now )?(?:an? |the )(?:\w+ )?{_JUDGE}|now (?:an? |the )(?:\w+ )?(?:ai|llm))\b",
    # What "the AI should return" or "the judge must score" is, most often, a part of the answer.
    (
        rf"the {_WHO} (?:must|should|shall|is (?:required|instructed|told) to|will now) (?:\w+ ){{0,2}}"
        r"(?:give|award|assign|set|return|output|score|mark|ignore|accept) (?:\w+ ){0,3}"
        rf"(?:{_THIS}|{_TOP} {_MARK}|me\b|level \d|{_EARLIER} {_RULES})"
    ),
)
_CLAIMS = (
    rf"{_TOP} {_MARK} (?:to|for|on) (?:me|{_THIS}|every criterion|all criteria|each criterion)\b",
    (
        rf"{_THIS} (?:\w+ )?(?:deserves?|merits|must (?:get|receive|be)|"
        r"should (?:get|receive|be (?:graded|scored|marked|rated|given)))\b"
    ),
    r"(?:the|this) (?:new|updated|real|actual|correct|revised) (?:rubric|(?:grading|marking|scoring) scheme)\b",
    r"rubric (?:above|below)\b",
    (
        r"(?<!if )(?<!when )(?<!once )(?<!until )(?<!unless )(?<!after )(?<!where )(?<!of )"
        r"(?:all|every|each|these) criteri(?:a|on) (?:(?:is|are|as|has been|have been) )?(?:fully )?"
        r"(?:met|satisfied|fulfilled|level \d|decision-ready)\b"
    ),
)
_FORGED_WORDS = (
    rf"{_WHO}(?:'?s)? (?:summary|verdict|assessment|comments?|notes?|feedback|conclusion|remarks?)\b ?[:\-]",
    r"(?:respond|reply|answer|output|return|print) (?:only )?with:? (?:only |the following |this |json )*\{",
)
_FORGERIES = (
    r"\[?\bend of (?:the |my |candidate'?s? )?(?:answer|response|submission|transcript)\b",
    (
        r"(?:^|[.:;\]!?] ?)the candidate (?:has |have |also |clearly |correctly |fully ){0,2}"
        r"(?:gave|given|named|provid|demonstrat|explain|cover|address|show|meets?\b|met\b|identif|present|state[sd])"
    ),
    rf"{_KEY}\s?\{{?\s?(?:\"level\"\s?:\s?)?\"?\d+\"?\s?[}},]\s?,?\s?{_KEY}",
    r"\"(?:level|score|grade|band|verdict)\"\s?:\s?\"?(?:\d|strong)",
    (
        r"^[ \t>#*\[-]{0,20}(?:system|assistant|developer|admin|evaluator|grader)"
        rf"(?: (?:message|prompt|note|override|instruction))?\]? ?[:>](?=.{{0,200}}\b{_GRADING}\b)"
    ),
    r"<\|?(?:im_start|im_end|system|endoftext|eot_id)\|?>|\[/?inst\]|<</?sys>>",
    r"</?(?:answer|candidate_answer|system|rubric|instructions?)>",
)
_ADDRESS = re.compile(
    "|".join([rf"\b(?=\w)(?:{'|'.join([*_ORDERS, *_CALLS, *_CLAIMS, *_FORGED_WORDS])})", *_FORGERIES]), re.MULTILINE
)


def addresses_grader(text: str) -> list[Span]:
    """Ranges of the sentences that address the grader, in order and apart from one another."""
    folded = fold(text)
    matches = [(folded.starts[match.start()], folded.ends[match.end() - 1]) for match in _ADDRESS.finditer(folded.text)]
    if not matches:
        return []
    parsed = Text(text)
    spans: list[Span] = []
    at = 0
    for start, end in matches:
        while at < len(parsed.sentences) - 1 and parsed.sentences[at].end <= start:
            at += 1
        span = _around(parsed, at, start, end)
        if spans and span.start <= spans[-1].end:
            spans[-1] = Span(min(spans[-1].start, span.start), max(spans[-1].end, span.end))
        else:
            spans.append(span)
    return spans


def _around(parsed: Text, sentence: int, start: int, end: int) -> Span:
    whole = parsed.sentences[sentence]
    if whole.end - whole.start <= _LONG:
        return Span(min(whole.start, start), max(whole.end, end))
    clause = parsed.clause_around(start, end)
    if clause.end - clause.start <= _LONG:
        return clause
    return Span(max(start - _AROUND, clause.start), min(end + _AROUND, clause.end))
