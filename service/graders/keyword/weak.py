"""Grading by a rubric's own words, where it has no signals: how much of what a criterion states does an answer say?

What a criterion states are its key points or, if it has none, the description of a full answer. Their words are
compared by stem, and the rarer ones weigh more; a word counts where the candidate claims it, or denies it where the key
point does. Such levels are weak: nothing here knows what the words mean together.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from service.graders.keyword.evidence import quote_hits
from service.graders.keyword.expressions import Hit
from service.graders.keyword.language import Language
from service.graders.keyword.lexicon import Lexicon
from service.graders.keyword.reading import Mention, Reading, read_answer
from service.graders.keyword.scope import Scope
from service.graders.keyword.units import read_units, stem_word
from service.graders.keyword.void import Known, Run, question_runs
from service.grading import Graded, Notice, Ungraded
from service.rubric import Criterion, Rubric
from service.text.words import Text

NOTICE = Notice(
    code="weak-grading",
    message="There are no signals to grade by: levels come from the words shared with what a full answer states. "
    "Take them as a hint.",
)

_STEM = "="
"""Before a stem, in the name of its concept; no concept of a glossary begins so."""

_MOST_OF_POINTS, _MOST_OF_DESCRIPTIONS = 0.7, 0.25
"""The share of its words that is worth the top level. Nobody repeats all of a key point, and a description names many
ways to say what one answer says in one."""

_PAIRS = 0.15
"""How much of the share is words that stand together in both."""

_TOGETHER = 5
"""So many units apart at most."""

_TURNED = 0.5
"""What two words are worth that stand together the other way round."""

_ASKED = 0.35
"""What a word of the question still weighs: it was given to the candidate."""

_COMMON = 0.6
"""What a word of everyday talk weighs beside a word of the subject."""

_IN_DENIAL = 0.3
"""What a word still earns in a clause that denies another word of the key point."""

_FEWEST_TERMS = 3
_MOST_META = 0.4
_SHOWN = 6
_TERSE = 1.5
"""An answer with so many times the words of what is asked for is no list of keywords, however bare."""

_FEWEST_WANTED = 4
"""Words at least that are taken to be asked for there."""

_CREDIT = {Scope.CLAIMED: 1.0, Scope.SUPPOSED: 0.5, Scope.REPORTED: 0.4, Scope.DENIED: 0.0, Scope.VOID: 0.0}


@dataclass(frozen=True)
class Term:
    """A word of a key point: what it weighs, whether the key point denies it, and the stem that comes next in it."""

    stem: str
    word: str
    weight: float
    denied: bool
    following: str | None


@dataclass(frozen=True)
class WeakCriterion:
    """The terms of a criterion, and the share of them that is worth the top level.

    `descriptive` where its words describe an answer instead of stating what it says.
    """

    terms: tuple[Term, ...]
    most: float
    descriptive: bool


class WeakRubric:
    """A rubric's own words, ready to be looked for; `only` are the criteria to be graded by them."""

    def __init__(self, rubric: Rubric, language: Language, only: Iterable[Criterion]) -> None:
        self._rubric = rubric
        self._language = language
        criteria = tuple(only)
        texts = {criterion.id: _statements(criterion) for criterion in criteria}
        phrases = _phrases(texts.values(), language)
        self._lexicon = Lexicon({**rubric.glossary, **phrases, **language.cues})
        self._asked = frozenset(self._meant(Text(" ".join((rubric.question, *rubric.question_variants)))))
        held = Counter(stem for text in texts.values() for stem in {*self._meant(text)})
        self.criteria: Mapping[str, WeakCriterion] = {
            each.id: self._criterion(each, texts[each.id], held, len(texts)) for each in criteria
        }

    def _meant(self, text: Text) -> Iterable[str]:
        """The stems of a text, each by the one that stands for its synonyms."""
        return (self._language.synonyms.get(stem, stem) for stem in read_units(text).stems)

    @cached_property
    def _question_runs(self) -> frozenset[Run]:
        return question_runs(Text(question) for question in (self._rubric.question, *self._rubric.question_variants))

    def read(self, text: Text, asked: frozenset[Run] = frozenset()) -> Reading:
        """Read an answer for the words of the rubric; `asked` are the runs of the question that was put."""
        return read_answer(text, self._lexicon, self._language, Known(self._question_runs | asked))

    def _criterion(self, criterion: Criterion, text: Text, held: Mapping[str, int], criteria: int) -> WeakCriterion:
        reading = read_answer(text, self._lexicon, self._language, Known())
        places = {
            mention.start: (name[1:], mention)
            for name, found in reading.concepts.items()
            if name.startswith(_STEM)
            for mention in found.mentions
        }
        ordered = [places[start] for start in sorted(places)]
        terms: dict[str, Term] = {}
        meta = 0
        for at, (stem, mention) in enumerate(ordered):
            if stem in self._language.meta_stems:
                meta += 1
            elif stem not in terms:
                following = ordered[at + 1] if at + 1 < len(ordered) else None
                near = following is not None and following[1].start - mention.end < _TOGETHER
                weight = self._weight(stem, held[stem], criteria)
                word = _word(reading, mention)
                terms[stem] = Term(
                    stem, word, weight, mention.scope is Scope.DENIED, following[0] if following and near else None
                )
        if criterion.key_points:
            return WeakCriterion(tuple(terms.values()), _MOST_OF_POINTS, descriptive=False)
        few = len(terms) < _FEWEST_TERMS
        descriptive = few or meta > _MOST_META * (meta + len(terms))
        return WeakCriterion(tuple(terms.values()), _MOST_OF_DESCRIPTIONS, descriptive)

    def _weight(self, stem: str, held: int, criteria: int) -> float:
        """Rarer among the criteria weighs more, after the inverse document frequency; so do words of the subject."""
        rarity = math.log(1 + criteria / max(held, 1)) / math.log(1 + criteria)
        asked = _ASKED if stem in self._asked else 1.0
        return rarity * asked * (_COMMON if stem in self._language.common_stems else 1.0)


def grade_by_words(weak: WeakRubric, reading: Reading, rubric: Rubric, criterion: Criterion) -> Graded | Ungraded:
    """A level for the share of what the criterion states that the answer says."""
    known = weak.criteria[criterion.id]
    if known.descriptive or not known.terms:
        reason = "There are no signals, and its levels describe an answer instead of stating what one says."
        return Ungraded(id=criterion.id, reason=reason)
    matches = _Matches(reading, known.terms)
    wrong = matches.contradicted
    level = 0 if wrong else _level(matches.share / known.most, rubric.max_level)
    mentions = matches.against if wrong else matches.found
    hits = [Hit(place.start, place.end, ((place.start, place.end),)) for place in sorted(mentions)]
    evidence = quote_hits(reading, hits) if level or wrong else ()
    return Graded(
        id=criterion.id,
        level=level if evidence else 0,
        basis="supported" if level and evidence else "wrong" if wrong and evidence else "absent",
        evidence=evidence,
        reason=matches.reason,
        not_higher=None if level >= rubric.max_level else criterion.levels[level + 1].strip(),
    )


class _Matches:
    """Which terms an answer has, and how much of a criterion they make."""

    def __init__(self, reading: Reading, terms: Sequence[Term]) -> None:
        self._reading = reading
        self._terms = terms
        self._listed_counts = len(reading.units.stems) <= _TERSE * max(len(terms), _FEWEST_WANTED)
        clause_of = reading.regions.clause_of
        self._denied_clauses = {
            clause_of[mention.start]
            for term in terms
            if not term.denied
            for mention in reading.places(_STEM + term.stem).mentions
            if mention.scope is Scope.DENIED
        }
        self._best = {term.stem: self._look(term) for term in terms}

    def _look(self, term: Term) -> tuple[float, Mention | None]:
        """How much of a term's weight the answer earns, and where."""
        found = self._reading.places(_STEM + term.stem).mentions
        return max(
            ((self._credit(term, mention), mention) for mention in found), key=lambda one: one[0], default=(0.0, None)
        )

    def _credit(self, term: Term, mention: Mention) -> float:
        scope = mention.scope
        if scope is Scope.VOID and self._listed_counts:
            lists = self._reading.defences.get("keyword-list", ())
            return 0.8 if any(start <= mention.start < end for start, end in lists) else 0.0
        if term.denied:
            return {Scope.DENIED: 1.0, Scope.CLAIMED: 0.3}.get(scope, 0.0)
        # "The liver never stores glucose" says nothing right of the liver.
        in_denial = self._reading.regions.clause_of[mention.start] in self._denied_clauses
        return _CREDIT[scope] * (_IN_DENIAL if in_denial else 1.0)

    @property
    def share(self) -> float:
        """The share of the criterion's words, weighted, and of those of its pairs that stand together; 0 to 1."""
        said = self.said / sum(term.weight for term in self._terms)
        pairs = [term for term in self._terms if term.following in self._best]
        if not pairs:
            return said
        together = sum(self._stand_together(term) for term in pairs) / len(pairs)
        return (1 - _PAIRS) * said + _PAIRS * together

    @property
    def said(self) -> float:
        """The weight of the words that count."""
        return sum(term.weight * self._best[term.stem][0] for term in self._terms)

    def _stand_together(self, term: Term) -> float:
        credit, place = self._best[term.stem]
        if not credit or place is None or term.following is None:
            return 0.0
        around = self._reading.places(_STEM + term.following).mentions
        mentions = self._reading.places(_STEM + term.stem).mentions
        gaps = [(other.start - mention.end, mention.start - other.end) for mention in mentions for other in around]
        if any(0 <= after < _TOGETHER for after, _ in gaps):
            return credit
        return _TURNED * credit if any(0 <= before < _TOGETHER for _, before in gaps) else 0.0

    @property
    def found(self) -> list[Mention]:
        """The places of the terms that count."""
        return [place for credit, place in self._best.values() if credit and place is not None]

    @property
    def against(self) -> list[Mention]:
        """The places where the answer denies what the criterion states."""
        return [
            mention
            for term in self._terms
            if not term.denied and not self._best[term.stem][0]
            for mention in self._reading.places(_STEM + term.stem).mentions[:1]
            if mention.scope is Scope.DENIED
        ]

    @property
    def contradicted(self) -> bool:
        """Whether more of it is denied than said."""
        denied = {place.start for place in self.against}
        against = sum(
            term.weight
            for term in self._terms
            for mention in self._reading.places(_STEM + term.stem).mentions[:1]
            if mention.start in denied
        )
        return against > self.said

    @property
    def reason(self) -> str:
        """Which words were found, and which of the weightiest were not."""
        ranked = sorted(self._terms, key=lambda term: -term.weight)
        places = [self._best[term.stem] for term in ranked]
        found = [_word(self._reading, place) for credit, place in places if credit and place is not None]
        missing = [term.word for term in ranked if not self._best[term.stem][0]]
        said = f"You say {', '.join(found[:_SHOWN])}" if found else "You say none of its words"
        return f"{said}; what is missing: {', '.join(missing[:_SHOWN])}." if missing else f"{said}."


def _word(reading: Reading, mention: Mention) -> str:
    """The word where a mention begins, as it compares."""
    return reading.units.text.words[reading.units.words[mention.start]].text


def _level(share: float, top: int) -> int:
    """The level nearest to a share of the top one."""
    return min(int(share * top + 0.5), top)


def _statements(criterion: Criterion) -> Text:
    """What a full answer states: the key points, or the descriptions of the criterion and of its top level."""
    return Text("\n".join(criterion.key_points or (criterion.description, criterion.levels[max(criterion.levels)])))


def _phrases(texts: Iterable[Text], language: Language) -> Mapping[str, Sequence[str]]:
    """The ways to say each stem that a text has, by the name of its concept: the words with it and their synonyms."""
    folded = {word: stems[0] for text in texts for word in _words(text, language) if len(stems := stem_word(word)) == 1}
    phrases: dict[str, list[str]] = {}
    for word, stem in folded.items():
        phrases.setdefault(_STEM + language.synonyms.get(stem, stem), []).append(word)
    for stem, first in language.synonyms.items():
        if _STEM + first in phrases:
            phrases[_STEM + first].append(stem)
    return phrases


def _words(text: Text, language: Language) -> Iterable[str]:
    """The words of a text that carry meaning."""
    return (word.text for word in text.words if word.text not in language.small_words)
