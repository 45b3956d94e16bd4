"""A rubric made of a model answer: each of its statements is a criterion, weighted by how much it says."""

from functools import lru_cache

from service.rubric.model import Band, Criterion, Level, Rubric, Source
from service.text.controls import printable
from service.text.language import detect_language
from service.text.words import Text

REFERENCE_ID = "reference"
"""The id of every rubric that is made of a reference; its digest tells them apart."""

MAX_CHARACTERS = 20_000
"""Longest reference."""

MAX_POINTS = 12
_FEWEST_WORDS = 4
_LONGEST_TITLE = 90
_LONGEST_POINT = 4_500
_NO_QUESTION = "The question that the reference answers."

_TOP = 10
_SCALE = (
    ("missing", "The answer does not say this, or says otherwise."),
    *(
        (f"{number} of {_TOP}", f"More of it is said, in whatever words: about {number} tenths.")
        for number in range(1, _TOP)
    ),
    ("complete", "All of it is said, in whatever words."),
)
_BANDS = (("weak", 0), ("partial", 40), ("good", 75))


@lru_cache(maxsize=1_000)
def reference_rubric(reference: str, question: str | None = None) -> Rubric:
    """The rubric that a model answer stands for.

    Raises:
        ValueError: there are no words in the reference, or too many.
    """
    if len(reference) > MAX_CHARACTERS:
        raise ValueError(f"the reference has {len(reference):,} characters; the limit is {MAX_CHARACTERS:,}")
    points = _points(reference)
    if not points:
        raise ValueError("the reference has no words in it")
    ids = [f"point-{number}" for number in range(1, len(points) + 1)]
    return Rubric(
        id=REFERENCE_ID,
        version="1.0.0",
        title="Against a reference answer",
        language=detect_language(Text(reference), "en"),
        question=question.strip() if question and question.strip() else _NO_QUESTION,
        source=Source(title="The reference answer", parts=dict(zip(ids, points, strict=True))),
        levels=tuple(Level(level=number, name=name, means=means) for number, (name, means) in enumerate(_SCALE)),
        criteria=tuple(_criterion(item, point) for item, point in zip(ids, points, strict=True)),
        bands=tuple(Band.model_validate({"name": name, "from": start}) for name, start in _BANDS),
    )


def _criterion(item: str, point: str) -> Criterion:
    top = len(_SCALE) - 1
    return Criterion(
        id=item,
        title=point if len(point) <= _LONGEST_TITLE else f"{point[: _LONGEST_TITLE - 1].rstrip()}\u2026",
        weight=min(len(Text(point).words), 1_000),
        source=(item,),
        description=point,
        key_points=(point,),
        levels={number: means for number, (_, means) in enumerate(_SCALE)},
        advice={number: f"{'Say' if number == 0 else 'Complete'} this point: {point}" for number in range(top)},
    )


def _points(reference: str) -> list[str]:
    """The statements of a reference, in order: its sentences, short ones joined to the one before."""
    text = Text(reference)
    points: list[str] = []
    for start, end in text.sentences:
        sentence = " ".join(printable(reference[start:end]).split())[:_LONGEST_POINT]
        if not (words := len(text.words_in(start, end))):
            continue
        if points and words < _FEWEST_WORDS:
            points[-1] = f"{points[-1]} {sentence}"
        else:
            points.append(sentence)
    while len(points) > MAX_POINTS:
        shortest = min(range(len(points) - 1), key=lambda at: len(points[at]) + len(points[at + 1]))
        points[shortest : shortest + 2] = [f"{points[shortest]} {points[shortest + 1]}"]
    return [point[:_LONGEST_POINT] for point in points]
