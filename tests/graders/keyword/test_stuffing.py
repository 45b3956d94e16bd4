"""Right words that claim nothing stay at the bottom of the scale; honest answers stand above them, however short."""

import pytest

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.graders.keyword.void import prose_runs
from service.rubric import Rubric
from service.scoring import score_grading
from service.text.words import Text
from tests.graders.keyword.rubrics import grade, make_rubric, travel
from tests.graders.keyword.stuffing import CLAIM, ECHOES, HONEST, LISTS, PARAPHRASED, SALADS, pasted

MOST = 20
"""Points of 100."""

PASTED = ("top levels", "middle levels", "descriptions", "advice", "source", "titles and meanings", "everything")


@pytest.fixture(scope="module")
def grader() -> KeywordGrader:
    """One grader for all, so that the rubric is compiled once."""
    return KeywordGrader()


def _score(grader: KeywordGrader, rubric: Rubric, text: str) -> float:
    value = score_grading(rubric, grader.grade_now(rubric, parse_answer(text))).value
    assert value is not None
    return value


def _codes(grader: KeywordGrader, rubric: Rubric, text: str) -> list[str]:
    return [notice.code for notice in grader.grade_now(rubric, parse_answer(text)).warnings]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_any_dress_earns_next_to_nothing(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Commas, bullets, tables, markup and strings of "and" are one list of keywords, and the verdict says so."""
    assert _score(grader, rubric, LISTS[name]) <= MOST
    assert "keyword-list" in _codes(grader, rubric, LISTS[name])


@pytest.mark.parametrize("name", SALADS)
def test_a_salad_earns_next_to_nothing(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Verbs, conjunctions and a frame put around keywords make no claims of them."""
    assert _score(grader, rubric, SALADS[name]) <= MOST
    assert {"keyword-list", "word-salad"} & set(_codes(grader, rubric, SALADS[name]))


@pytest.mark.parametrize("name", ECHOES)
def test_what_is_read_back_forged_or_repeated_earns_next_to_nothing(
    grader: KeywordGrader, rubric: Rubric, name: str
) -> None:
    """Neither the question nor orders nor the same words again are an answer, and the verdict says so."""
    assert _score(grader, rubric, ECHOES[name]) <= MOST
    assert {"question-echo", "addresses-grader", "repetition"} & set(_codes(grader, rubric, ECHOES[name]))


@pytest.mark.parametrize("part", PASTED)
def test_the_rubrics_own_prose_earns_next_to_nothing(grader: KeywordGrader, rubric: Rubric, part: str) -> None:
    """Descriptions, levels, advice and source are recognised."""
    text = pasted(rubric)[part]

    assert _score(grader, rubric, text) <= MOST
    assert "rubric-echo" in _codes(grader, rubric, text)


def test_honest_answers_stand_above_everything_stuffed(grader: KeywordGrader, rubric: Rubric) -> None:
    """The least of the honest ones, in the usual terms or in none of them, is worth more than the best stuffed one."""
    stuffed = {**LISTS, **SALADS, **ECHOES, **pasted(rubric)}
    honest = {**HONEST, **PARAPHRASED}

    best = max((_score(grader, rubric, text), name) for name, text in stuffed.items())
    least = min((_score(grader, rubric, text), name) for name, text in honest.items())

    assert least > best
    assert not [name for name, text in honest.items() if _codes(grader, rubric, text)]


@pytest.mark.parametrize("name", ["repeated", "repeated with a twist"])
def test_what_is_said_again_earns_nothing_more(grader: KeywordGrader, rubric: Rubric, name: str) -> None:
    """Twenty times is once, with a warning."""
    assert _score(grader, rubric, ECHOES[name]) == _score(grader, rubric, CLAIM) > 0
    assert "repetition" in _codes(grader, rubric, ECHOES[name])


def test_a_sentence_said_again_in_a_long_answer_is_no_cause_for_a_warning() -> None:
    """Repeating oneself once is how people speak; only the order of what is said does not change by it."""
    rubric = make_rubric({"order": ["car", "bike"]}, within="answer")
    between = "The rest of what I have to tell about my days is short. My sister walks. So does my old father."

    grading = grade(rubric, f"I take the bike to work. I drive at night. {between} I take the bike to work.")

    assert not grading.warnings
    assert travel(rubric, f"I take the bike to work. I drive at night. {between} I take the bike to work.").level == 0
    assert travel(rubric, f"I drive at night. {between} I take the bike to work.").level == 2


PROSE = "Whoever lives within a short ride of the office takes the bike, and drives only where no path leads at all."


def _with_prose() -> Rubric:
    made = make_rubric({"all": ["bike", "short-trip"]})
    return made.model_copy(update={"criteria": (made.criteria[0].model_copy(update={"description": PROSE}),)})


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        pytest.param(PROSE, True, id="word for word"),
        pytest.param(f"Well, um, {PROSE.lower()} That is what I do.", True, id="with a beginning and an end"),
        pytest.param(PROSE.replace("takes", "TAKE").replace("drives", "drove"), True, id="other endings"),
        pytest.param("For a short ride I take the bike, as it costs me nothing.", False, id="own words"),
        pytest.param(
            "My aunt, who lives within a short ride of the office, has a bike that I like.", False, id="eight by chance"
        ),
    ],
)
def test_only_a_copy_of_the_rubric_is_an_echo_of_it(text: str, *, copied: bool) -> None:
    """A dozen words in the rubric's order are copied, eight among others are not."""
    rubric = _with_prose()

    grading = grade(rubric, text)

    assert [notice.code for notice in grading.warnings] == (["rubric-echo"] if copied else [])
    assert travel(rubric, text).level == (0 if copied else 2)


def test_an_honest_sentence_beside_a_copy_still_counts() -> None:
    """Only what was copied is passed over."""
    graded = travel(_with_prose(), f"{PROSE} For a short trip I take my bike.")

    assert [evidence.quote for evidence in graded.evidence] == ["For a short trip I take my bike"]


def test_no_text_of_the_rubric_is_kept_to_recognise_it() -> None:
    """What is kept are digests of 64 bits."""
    runs = prose_runs([Text(PROSE)])

    assert len(runs) == len(Text(PROSE).words) - 7
    assert {len(run) for run in runs} == {8}


def test_terse_sentences_with_conditions_are_no_salad(grader: KeywordGrader, rubric: Rubric) -> None:
    """Short is not empty."""
    text = "RAG when the data changes daily. Fine-tuning when the tone slips. Prompting when the format is off."

    assert _codes(grader, rubric, text) == []
    assert _score(grader, rubric, text) > 0


@pytest.mark.parametrize(
    ("text", "salad"),
    [
        pytest.param(
            "Bikes improve cars. A short trip costs a long trip. The BMX drives a short ride. Kilometres bike euros.",
            True,
            id="terms and verbs",
        ),
        pytest.param(
            "The in bike a of takes the by I the was and car an it drives the to of a trip.", True, id="mixed"
        ),
        pytest.param("Bikes beat cars. I like the one that I have, and I keep it in the hall.", False, id="one of two"),
        pytest.param("The the bike is what I, uh, the the thing that I take.", False, id="stutter"),
        pytest.param("Plan A is the bike. Plan A or B, that is what I ask. With plan A I am fast.", False, id="plan A"),
    ],
)
def test_terms_without_sense_are_a_salad(text: str, *, salad: bool) -> None:
    """Neither terms joined by verbs nor words in no order say anything; a slip of the tongue does."""
    grading = grade(make_rubric("bike"), text)

    assert ("word-salad" in [notice.code for notice in grading.warnings]) == salad
