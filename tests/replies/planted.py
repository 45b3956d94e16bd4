"""Quotes made from labelled answers: false ones that look true, and true ones in disguise.

Whether a false quote happens to stand elsewhere in its answer, and whether a true one stands there once only, is
decided by a naive comparison that shares nothing with the one under test.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice, pairwise
from random import Random
from typing import NamedTuple

from service.rubric import Catalog, Rubric
from tests.conftest import labelled_answers


class Planted(NamedTuple):
    """A quote put to an answer; `places` are the ranges it truly is of, none for a false one."""

    kind: str
    answer: str
    quote: str
    places: tuple[tuple[int, int], ...] = ()


_HUMS = frozenset("um uh er erm hm hmm".split())
_TO_GRADER = re.compile("(?i)rubric|criteri|full marks|examiner|grader|evaluator")
_INVENTED = "zeppelin harbour violin orchard glacier saffron lantern walrus".split()
_MARKS = ".,;:!?\"'()[]*_-\u2010\u2013\u2014\u2018\u2019\u201c\u201d\u2026"
_WITHOUT_NOT = {
    **dict.fromkeys(["not", "never", "no"], ""),
    **{f"{verb}n't": verb for verb in "do does did is are was would should could has have".split()},
    "can't": "can",
    "won't": "will",
    "nothing": "something",
}
_SCALES = ["ms seconds minutes hours days weeks months years", "day week month year", "cents dollars percent cents"]
_OTHER_UNIT = {one: other for scale in _SCALES for one, other in pairwise(scale.split())}


@cache
def rubric() -> Rubric:
    """The rubric that the labelled answers are answers to."""
    return Catalog().get("rag-vs-fine-tuning")


@cache
def answers() -> tuple[str, ...]:
    """All labelled answers that are long enough to plant a quote in, but for those that speak to the grader."""
    texts = [each.answer for each in labelled_answers("answers", "more")]
    return tuple(text for text in texts if len(text.split()) >= 40 and not _TO_GRADER.search(text))


def naive(text: str) -> list[str]:
    """Words and signs without case, marks, hums and immediate repeats."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    plain = re.sub(r"[\u200b\u00ad\ufeff]|you know|i mean", "", plain)
    words = [word for word in re.findall(r"[^\W_](?:[\w']|[.,](?=\d))*|[%$\u20ac<>=]", plain) if word not in _HUMS]
    return [word for at, word in enumerate(words) if at == 0 or word != words[at - 1]]


def times_in(quote: str, answer: str) -> int:
    """How often the words of the one stand in the other, naively."""
    return _line(answer).count(_line(quote))


def _line(text: str) -> str:
    return "  ".join(["", *naive(text), ""])


def _run(words: Sequence[str], chance: Random, length: int = 8) -> list[str]:
    first = chance.randrange(len(words) - length)
    return list(words[first : first + length])


def _bare(word: str) -> str:
    return word.strip(_MARKS)


# False quotes: each maker returns None where the answer has nothing to make one from.

Falsify = Callable[[Sequence[str], Random], list[str] | None]


def _at(words: list[str], chance: Random, fits: Callable[[str], object] = bool) -> int | None:
    """The index of a word that fits, neither the first nor the last."""
    fitting = [at for at in range(1, len(words) - 1) if fits(words[at])]
    return chance.choice(fitting) if fitting else None


def _replacing(fits: Callable[[str], object], other: Callable[[str, Random], str]) -> Falsify:
    """A run in which one word that fits is another."""

    def falsify(words: Sequence[str], chance: Random) -> list[str] | None:
        run = _run(words, chance, 10)
        if (at := _at(run, chance, fits)) is None:
            return None
        return [*run[:at], *other(run[at], chance).split(), *run[at + 1 :]]

    return falsify


def _added(words: Sequence[str], chance: Random, word: str) -> list[str]:
    run = _run(words, chance)
    at = chance.randrange(1, len(run))
    return [*run[:at], word, *run[at:]]


def _left_out(words: Sequence[str], chance: Random) -> list[str]:
    run = _run(words, chance, 9)
    del run[chance.randrange(1, 8)]
    return run


def _reordered(words: Sequence[str], chance: Random) -> list[str]:
    run = _run(words, chance)
    at = chance.randrange(len(run) - 1)
    run[at], run[at + 1] = run[at + 1], run[at]
    return run


def _spliced(words: Sequence[str], chance: Random) -> list[str]:
    return [*_run(words, chance, 4), *_run(words, chance, 4)]


def _ends_with_cut_figure(words: Sequence[str], chance: Random) -> list[str] | None:
    """A run that ends within a figure: "20" of "200", "1" of "1.5", "70" of "70%"-like ones stay whole."""
    places = [at for at, word in enumerate(words) if at >= 5 and re.search(r"\d[.,]?\d", word)]
    if not places:
        return None
    at = chance.choice(places)
    figure = re.search(r"\d[\d.,]*\d", words[at])
    assert figure
    return [*words[at - 5 : at], words[at][: chance.randrange(figure.start() + 1, figure.end())]]


def _without_unit(words: Sequence[str], chance: Random) -> list[str] | None:
    """A run that ends with a figure whose letters are left off: "200" of "200K"."""
    places = [at for at, word in enumerate(words) if at >= 5 and re.search(r"\d[KkMmBx]\b", word)]
    if not places:
        return None
    at = chance.choice(places)
    return [*words[at - 5 : at], re.sub(r"(\d)[KkMmBx]\b.*", r"\1", words[at])]


def _backwards(words: Sequence[str], chance: Random) -> list[str]:
    first = chance.randrange(len(words) - 16)
    return [*words[first + 8 : first + 12], "...", *words[first : first + 4]]


def _over_a_negation(words: Sequence[str], chance: Random) -> list[str] | None:
    """An ellipsis in one sentence over "not" or its like."""
    places = [
        at
        for at in range(4, len(words) - 5)
        if _bare(words[at]).lower() in {"not", "never", "don't", "doesn't", "isn't"}
        and not re.search(r"[.!?;:\u2026]", " ".join(words[at - 4 : at + 5]))
    ]
    if not places:
        return None
    at = chance.choice(places)
    return [*words[at - 4 : at], "...", *words[at + 1 : at + 5]]


def _other_figure(word: str, chance: Random) -> str:
    digits = [match.start() for match in re.finditer(r"\d", word)]
    at = chance.choice(digits)
    return word[:at] + str((int(word[at]) + chance.randint(1, 9)) % 10) + word[at + 1 :]


def _from_another(_words: Sequence[str], chance: Random) -> list[str]:
    return _run(chance.choice(answers()).split(), chance)


def _from_question(_words: Sequence[str], chance: Random) -> list[str]:
    return chance.choice([rubric().question, *rubric().question_variants]).split()


FALSE: Mapping[str, Falsify] = {
    "invented": lambda _, chance: chance.sample(_INVENTED, 6),
    "a word changed": _replacing(bool, lambda _, chance: chance.choice(_INVENTED)),
    "a word added": lambda words, chance: _added(words, chance, chance.choice(["very", "always", "only", "zeppelin"])),
    "a word left out": _left_out,
    "reordered": _reordered,
    "spliced": _spliced,
    "joined backwards": _backwards,
    "a figure changed": _replacing(lambda word: re.search(r"\d", word), _other_figure),
    "a figure cut": _ends_with_cut_figure,
    "a figure without its letters": _without_unit,
    "a unit changed": _replacing(
        lambda word: _bare(word).lower() in _OTHER_UNIT, lambda word, _: _OTHER_UNIT[_bare(word).lower()]
    ),
    "a sign changed": _replacing(
        lambda word: re.search(r"\d%|\$\d", word), lambda word, _: word.translate(str.maketrans("%$", "$%"))
    ),
    "a negation dropped": _replacing(
        lambda word: _bare(word).lower().replace("\u2019", "'") in _WITHOUT_NOT,
        lambda word, _: _WITHOUT_NOT[_bare(word).lower().replace("\u2019", "'")],
    ),
    "a negation added": lambda words, chance: _added(words, chance, chance.choice(["not", "never", "hardly"])),
    "a negation under an ellipsis": _over_a_negation,
    "from another answer": _from_another,
    "from the question": _from_question,
}


def false_quotes(number: int) -> Iterator[Planted]:
    """So many of each kind, none of which stands in its answer."""
    for kind, falsify in FALSE.items():
        yield from _several(kind, number, partial(_false, falsify))


def _false(falsify: Falsify, kind: str, chance: Random) -> Planted | None:
    answer = chance.choice(answers())
    words = falsify(answer.split(), chance)
    if words is None or times_in(" ".join(words), answer):
        return None
    return Planted(kind, answer, " ".join(words))


def _several(kind: str, number: int, make: Callable[[str, Random], Planted | None]) -> Iterator[Planted]:
    made = (make(kind, Random(f"{kind} {attempt}")) for attempt in range(100 * number))  # noqa: S311 - repeatable
    return islice((each for each in made if each is not None), number)


# True quotes: each maker gets a run of words and returns what the answer says and what is quoted of it.

Disguise = Callable[[list[str], Random], tuple[str, str] | None]

_FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
_ASIDES = [
    *["\U0001f600", _FAMILY, "cafe\u0301", "z\u0308\u0301", "\U0001d11e", "\u77e5\u8b58", "\r\n", "\u200f"],
    *["\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd.", "\u0645\u0631\u062d\u0628\u0627"],
]
_SPACES = ["\u00a0", "\u2009", "  ", "\n", "\t", " \u200b", "\r\n", "\u3000"]
_NOT_SKIPPED = frozenset("not no never none nor nothing without hardly cannot rarely".split())


def _quoted(change: Callable[[str, Random], str]) -> Disguise:
    """The answer's words, changed in the quote."""
    return lambda run, chance: (" ".join(run), change(" ".join(run), chance))


def _said_more(more: Callable[[list[str], int, Random], list[str] | None]) -> Disguise:
    """The quote's words, with more between two of them in the answer."""

    def disguise(run: list[str], chance: Random) -> tuple[str, str] | None:
        at = chance.randrange(2, len(run) - 2)
        between = more(run, at, chance)
        return None if between is None else (" ".join([*run[:at], *between, *run[at:]]), " ".join(run))

    return disguise


def _word_in_both(*pairs: tuple[str, str]) -> Disguise:
    """A word written in one way in the answer and in another in the quote."""

    def disguise(run: list[str], chance: Random) -> tuple[str, str]:
        at = chance.randrange(2, len(run) - 2)
        said, quoted = chance.choice(pairs)
        return " ".join([*run[:at], said, *run[at:]]), " ".join([*run[:at], quoted, *run[at:]])

    return disguise


def _stammer(run: list[str], at: int, chance: Random) -> list[str] | None:
    again = run[at : at + chance.choice([1, 1, 2])]
    plain = all(word.isalpha() and word.lower() not in _NOT_SKIPPED for word in again)
    hum = chance.choice([[], [], ["um,"]])
    return [*again, *hum] if plain and run[at - 1][-1].isalpha() else None


def _other_apostrophes(text: str, chance: Random) -> str:
    turned = text.translate(str.maketrans("'\u2019\"", "\u2019'\u201d"))
    return chance.choice(["\u201c{}\u201d", '"{}"', "\u2018{}\u2019", "\u00ab{}\u00bb"]).format(turned)


def _odd_spaces(text: str, chance: Random) -> str:
    return re.sub(" ", lambda _: chance.choice(_SPACES), text)


def _zero_widths(text: str, chance: Random) -> str:
    return re.sub(r"\B", lambda _: chance.choice(["", "", "", "\u200b", "\u00ad", "\ufeff", "\u2060"]), text)


def _other_marks(text: str, chance: Random) -> str:
    words = [word.rstrip(",;:.!?") for word in text.split()]
    return " ".join(word for word in words if word) + chance.choice(["", ".", "!", " ...", ",", "\u2026"])


def _other_dashes(run: list[str], chance: Random) -> tuple[str, str] | None:
    text = " ".join(run)
    dash = chance.choice("\u2010\u2011\u2013\u2212")
    return (text, re.sub(r"(?<=\w)-(?=\w)", dash, text)) if re.search(r"\w-\w", text) else None


def _other_letters(text: str, chance: Random) -> str:
    wide = re.sub(r"\b[a-z]{3,}\b", lambda m: "".join(chr(ord(each) + 0xFEE0) for each in m.group()), text, count=2)
    return chance.choice([wide, text.replace("fi", "\ufb01").replace("fl", "\ufb02")])


def _broken(run: list[str], chance: Random) -> tuple[str, str]:
    at = chance.randrange(2, len(run) - 2)
    line_break = chance.choice(["\r\n", "\n", "\r\n\r\n"])
    return f"{' '.join(run[:at])}{line_break}{' '.join(run[at:])}", " ".join(run)


TRUE: Mapping[str, Disguise] = {
    "as it stands": _quoted(lambda text, _: text),
    "other quote marks": _quoted(_other_apostrophes),
    "odd spaces": _quoted(_odd_spaces),
    "zero-width characters": _quoted(_zero_widths),
    "zero-width characters in the answer": lambda run, chance: (_zero_widths(" ".join(run), chance), " ".join(run)),
    "other case": _quoted(lambda text, chance: chance.choice([text.upper(), text.lower(), text.title()])),
    "other punctuation": _quoted(_other_marks),
    "other dashes": _other_dashes,
    "ligatures and wide letters": _quoted(_other_letters),
    "accents in parts": _word_in_both(
        ("caf\u00e9", "cafe\u0301"), ("nai\u0308ve", "na\u00efve"), ("\u1ee9", "u\u031b\u0301"), ("\u00c5", "\u212b")
    ),
    "letters spelled out": _word_in_both(("R A G", "RAG"), ("L L M", "LLM"), ("A P I", "api"), ("A, C, L,", "ACL")),
    "right to left": _word_in_both(
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\u0645\u0631\u062d\u0628\u0627", "\u200f\u0645\u0631\u062d\u0628\u0627\u200e"),
    ),
    "a hum dropped": _said_more(lambda _r, _a, c: [c.choice(["um,", "uh", "erm...", "hmm,", "um uh", "you know,"])]),
    "a stammer dropped": _said_more(_stammer),
    "an emoji dropped": _said_more(
        lambda _r, _a, c: [c.choice(["\U0001f600", _FAMILY, "\U0001f44d\U0001f3fd", "\u2764\ufe0f"])]
    ),
    "a line break smoothed": _broken,
}


def true_quotes(number: int) -> Iterator[Planted]:
    """So many of each kind, each of which stands once in its answer; and as many that an ellipsis joins."""
    for kind, disguise in TRUE.items():
        yield from _several(kind, number, partial(_true, disguise))
    yield from _several("joined by an ellipsis", number, _joined)


def _true(disguise: Disguise, kind: str, chance: Random) -> Planted | None:
    before, run, after = _cut_out(chance)
    disguised = disguise(run, chance)
    if disguised is None:
        return None
    said, quote = disguised
    answer = " ".join([*before, said, *after])
    return _placed(kind, answer, quote, [(len(" ".join([*before, ""])), said)])


def _joined(kind: str, chance: Random) -> Planted | None:
    """The first and the last words of a run, with no negation between them."""
    before, run, after = _cut_out(chance)
    first, between, last = run[:5], run[5:7], run[7:]
    if any(_bare(word).lower() in _NOT_SKIPPED or "n't" in word or "n\u2019t" in word for word in between):
        return None
    at = len(" ".join([*before, ""]))
    parts = [(at, " ".join(first)), (at + len(" ".join([*first, *between, ""])), " ".join(last))]
    mark = chance.choice([" ... ", "... ", " \u2026 ", " [...] "])
    return _placed(kind, " ".join([*before, *run, *after]), mark.join(text for _, text in parts), parts)


def _cut_out(chance: Random) -> tuple[list[str], list[str], list[str]]:
    """An answer in three: the words before a run, with odd ones strewn among them, the run, and the rest."""
    words = chance.choice(answers()).split()
    first = chance.randrange(len(words) - 12)
    before = words[:first]
    for aside in chance.choices(_ASIDES, k=3):
        before.insert(chance.randint(0, len(before)), aside)
    return before, words[first : first + 12], words[first + 12 :]


def _placed(kind: str, answer: str, quote: str, parts: Sequence[tuple[int, str]]) -> Planted | None:
    """The quote with the places of its parts, if each stands there only and has a word at either end."""
    places = []
    for at, said in parts:
        bare = said.strip(_MARKS + " ")
        if not (bare[0].isalnum() and bare[-1].isalnum()) or times_in(said, answer) != 1 or len(bare) < 20:
            return None
        start = at + said.index(bare)
        places.append((start, start + len(bare)))
    return Planted(kind, answer, quote, tuple(places))
