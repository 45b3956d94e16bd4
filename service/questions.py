"""How like a rubric's own question is the question that was asked?"""

from functools import lru_cache

from service.rubric import Rubric
from service.text.words import Text

MISMATCH_BELOW = 0.25
"""Under this share of common words a question is taken for another one."""

MATCH_FROM = 0.5
"""From this share of common words on, a rubric is chosen by its question."""
_MATCH_WORDS = 2

# Words of questions themselves, which say nothing of what is asked about.
_COMMON = frozenset(
    "a about an and are as at be between by can could did do does for from had has have how i if in is it its me my "
    "of on or our please should so tell that the their them then there they this to us use using was we were what when "
    "where which who why will with would you your".split()
)


def question_similarity(rubric: Rubric, question: str) -> float:
    """The largest share, 0 to 1, of words in common with one of the rubric's questions (overlap coefficient)."""
    asked = _content(question)
    if not asked:
        return 0.0
    known = (_content(variant) for variant in (rubric.question, *rubric.question_variants))
    return max((_share(asked, variant) for variant in known if variant), default=0.0)


def _share(asked: frozenset[str], variant: frozenset[str]) -> float:
    """A single common word of many says nothing: "engineer" is in "prompt engineering"."""
    fewer, common = min(len(asked), len(variant)), len(asked & variant)
    return common / fewer if common > 1 or fewer == 1 else 0.0


def match_question(rubric: Rubric, question: str) -> float:
    """How well a rubric answers to a question, 0 to 1, for choosing one: a single common word is no match."""
    asked = _content(question)
    known = (_content(variant) for variant in (rubric.question, *rubric.question_variants))
    shares = (
        len(common) / min(len(asked), len(variant))
        for variant in known
        if len(common := asked & variant) >= _MATCH_WORDS
    )
    return max(shares, default=0.0)


@lru_cache(maxsize=512)
def _content(question: str) -> frozenset[str]:
    import Stemmer  # noqa: PLC0415 - only an answer that comes with its question needs it

    stem = Stemmer.Stemmer("english").stemWord
    return frozenset(stem(word.text) for word in Text(question).words if word.text not in _COMMON)
