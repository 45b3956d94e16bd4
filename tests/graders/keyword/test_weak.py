"""Grading by a rubric's own words, where there are no signals: by key points, by descriptions, or by a reference."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import correlation, mean
from typing import Any

import pytest

from service.answer import parse_answer
from service.graders.keyword import KeywordGrader
from service.graders.keyword.units import read_units
from service.grading import Graded, Grading, Ungraded
from service.rubric import Rubric, reference_rubric
from service.scoring import score_grading
from service.text.words import Text
from tests.conftest import ROOT
from tests.graders.keyword.rubrics import make_rubric

REFERENCE = "A fuse melts when too much current flows through it, so the wires do not overheat."
QUESTION = "What does a fuse do?"


def against(reference: str, answer: str, question: str | None = QUESTION) -> Grading:
    """Grade an answer against a reference."""
    return KeywordGrader().grade_now(reference_rubric(reference, question), parse_answer(answer, question=question))


def level(grading: Grading) -> int:
    """The level of the one criterion."""
    (graded,) = grading.criteria
    assert isinstance(graded, Graded)
    return graded.level


def weak_rubric(**criterion: Any) -> Rubric:
    """A rubric with one criterion, which has no signals."""
    made = make_rubric(signals={})
    changed = made.criteria[0].model_copy(update=criterion)
    rubric = made.model_copy(update={"criteria": (changed,)})
    rubric.__dict__.pop("digest", None)
    return rubric


def test_a_right_answer_stands_above_a_wrong_one() -> None:
    """In its own words, in synonyms, in part, and beside the point."""
    said = level(against(REFERENCE, "When the current is too high the fuse melts, and the wires stay cool."))
    part = level(against(REFERENCE, "It melts."))
    beside = level(against(REFERENCE, "It stores energy for later, like a battery."))
    whole = level(against(REFERENCE, REFERENCE))

    assert whole == 10
    assert whole >= said > part > beside == 0


def test_every_level_shows_its_words() -> None:
    """The evidence is the answer's, and the reason says what is there and what is missing."""
    answer = "Well, it melts when too much current flows."

    (graded,) = against(REFERENCE, answer).criteria

    assert isinstance(graded, Graded)
    assert graded.basis == "supported"
    assert all(answer[span.start : span.end] == span.quote for span in graded.evidence)
    assert "melts" in graded.reason
    assert "overheat" in graded.reason.partition("missing")[2]


def test_a_denial_earns_nothing_and_is_called_wrong() -> None:
    """The same words under a negation say the opposite."""
    claimed = against("The liver stores glucose.", "The liver stores glucose.")
    denied = against("The liver stores glucose.", "The liver never stores glucose.")

    assert level(claimed) > level(denied) == 0
    (graded,) = denied.criteria
    assert isinstance(graded, Graded)
    assert graded.basis == "wrong"


def test_what_the_key_point_denies_is_to_be_denied() -> None:
    """A statement with a negation in it is met by one with a negation."""
    right = level(against("Rubber does not conduct electricity.", "Rubber doesn't conduct electricity."))
    wrong = level(against("Rubber does not conduct electricity.", "Rubber conducts electricity."))

    assert right > wrong


def test_reading_the_question_back_earns_next_to_nothing() -> None:
    """Its words were given."""
    echo = against(
        "The moon's gravity pulls the water of the sea.",
        "What causes the tides of the sea?",
        "What causes the tides of the sea?",
    )

    assert level(echo) <= 1


def test_the_verdict_says_that_it_is_weak() -> None:
    """Nobody takes such a level for one that a signal earned."""
    grading = against(REFERENCE, "It melts.")

    assert "weak-grading" in [notice.code for notice in grading.warnings]


def test_key_points_go_before_descriptions() -> None:
    """They are what a candidate would say; synonyms come from the glossary of the language."""
    rubric = weak_rubric(key_points=("The brakes are tested before the ride.",), description="Speaks of safety.")

    graded = (
        KeywordGrader().grade_now(rubric, parse_answer("Before the ride I check that the brakes work.")).criteria[0]
    )

    assert isinstance(graded, Graded)
    assert graded.level >= 2


def test_descriptions_with_content_grade() -> None:
    """The words of a full answer's description stand in for signals."""
    rubric = weak_rubric(
        description="The chain is cleaned before oil goes on, since grit in the oil grinds the links down.",
        levels=dict(
            enumerate(["Nothing.", "Cleaning.", "Cleaning before oil.", "Grit grinds the links of the chain."])
        ),
    )

    good, bad = (
        KeywordGrader().grade_now(rubric, parse_answer(text)).criteria[0]
        for text in ("I clean the chain before I oil it, as grit would grind the links.", "I like to ride in the sun.")
    )

    assert isinstance(good, Graded)
    assert isinstance(bad, Graded)
    assert good.level >= 2 > bad.level == 0


@pytest.mark.parametrize(
    ("description", "top"),
    [
        ("Explains the argument clearly.", "The explanation is clear, complete and convincing."),
        ("The answer is well structured and relevant.", "Everything in the answer is relevant, with good examples."),
        ("Gives a good example.", "A specific and detailed example supports the argument."),
    ],
)
def test_descriptions_of_an_answer_are_not_guessed_by(description: str, top: str) -> None:
    """Words like "clear" in an answer say nothing of its clarity."""
    rubric = weak_rubric(description=description, levels={0: "Nothing.", 1: "Little.", 2: "Some.", 3: top})

    (graded,) = KeywordGrader().grade_now(rubric, parse_answer("My answer is clear, relevant and complete.")).criteria

    assert isinstance(graded, Ungraded)
    assert "no signals" in graded.reason


def test_a_reference_of_many_sentences_is_as_many_criteria() -> None:
    """Each is graded by itself and weighs what it says."""
    rubric = reference_rubric("Water boils at 100 degrees. Salt raises that point, as it binds the water. Yes.", None)

    titles = [criterion.title for criterion in rubric.criteria]
    assert titles == ["Water boils at 100 degrees.", "Salt raises that point, as it binds the water. Yes."]
    assert rubric.criteria[1].weight > rubric.criteria[0].weight


def test_references_without_words_or_end_are_refused() -> None:
    """There would be nothing to grade by, or too much to read."""
    with pytest.raises(ValueError, match="no words"):
        reference_rubric(" ... ", None)
    with pytest.raises(ValueError, match="20,000"):
        reference_rubric("word " * 5_000, None)


def test_a_long_reference_has_no_more_criteria_than_a_rubric_may() -> None:
    """Neighbours are joined."""
    rubric = reference_rubric(" ".join(f"The number {n} stands in sentence {n}." for n in range(40)), None)

    assert len(rubric.criteria) == 12
    assert rubric.criteria[-1].description.endswith("sentence 39.")


def test_marks_agree_better_than_with_overlap_and_bm25() -> None:
    """Mean correlation per question, on the set it was developed with."""
    rows = [json.loads(line) for line in (ROOT / "fixtures/reference/answers.jsonl").read_text("utf-8").splitlines()]
    by_question: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_question[row["question"]].append(row)
    texts = [row["answer"] for row in rows] + [group[0]["reference"] for group in by_question.values()]
    held = Counter(stem for text in texts for stem in set(stems(text)))
    idf = {stem: math.log(1 + (len(texts) - count + 0.5) / (count + 0.5)) for stem, count in held.items()}
    figures: dict[str, list[float]] = defaultdict(list)

    for question, group in by_question.items():
        marks = [float(row["mark"]) for row in group]
        reference, answers = group[0]["reference"], [row["answer"] for row in group]
        ours = [score(reference, question, answer) for answer in answers]
        for name, scores in (
            ("ours", ours),
            ("overlap", overlap(reference, answers, idf)),
            ("bm25", bm25(reference, answers, idf)),
        ):
            figures[name].append(correlation(scores, marks))

    means = {name: mean(values) for name, values in figures.items()}
    assert len(by_question) == 10
    assert means["ours"] >= 0.7, means
    assert means["ours"] >= max(means["overlap"], means["bm25"]) + 0.05, means


def stems(text: str) -> Sequence[str]:
    """The stems of a text."""
    return read_units(Text(text)).stems


def score(reference: str, question: str, answer: str) -> float:
    """The score of an answer."""
    rubric = reference_rubric(reference, question)
    value = score_grading(rubric, against(reference, answer, question)).value
    assert value is not None
    return float(value)


def overlap(reference: str, answers: Iterable[str], idf: Mapping[str, float]) -> list[float]:
    """The share of the reference's stems that each answer has, by inverse document frequency."""
    wanted = set(stems(reference))
    return [sum(idf[s] for s in wanted & set(stems(answer))) / sum(idf[s] for s in wanted) for answer in answers]


def bm25(reference: str, answers: Sequence[str], idf: Mapping[str, float]) -> list[float]:
    """Okapi BM25 of the reference as a query, with k1 of 1.2 and b of 0.75."""
    counts = [Counter(stems(answer)) for answer in answers]
    usual = mean(count.total() for count in counts)
    return [
        sum(
            idf[s] * count[s] * 2.2 / (count[s] + 1.2 * (0.25 + 0.75 * count.total() / usual))
            for s in set(stems(reference))
        )
        for count in counts
    ]
