"""Phrases are found as people say and write them."""

import pytest

from tests.graders.keyword.rubrics import make_rubric, travel

GLOSSARY = {
    "retrieval": ["retrieval", "look ... up"],
    "behaviour": ["behaviour", "organise"],
    "fine-tuning": ["fine tuning"],
    "fails": ["not hold", "can not answer"],
    "acronym": ["RAG"],
    "kept": ["keep current"],
    "owned": ["proprietary"],
}


@pytest.mark.parametrize(
    ("concept", "said"),
    [
        pytest.param("retrieval", "retrieving", id="another ending"),
        pytest.param("retrieval", "retreival", id="letters swapped"),
        pytest.param("owned", "propietary", id="letter missing"),
        pytest.param("owned", "proprrietary", id="letter too many"),
        pytest.param("retrieval", "looks it all up", id="gap in a phrase"),
        pytest.param("behaviour", "behavior", id="American"),
        pytest.param("behaviour", "organizing", id="American, another ending"),
        pytest.param("fine-tuning", "fine-tuned models", id="hyphen"),
        pytest.param("fine-tuning", "finetuning", id="one word"),
        pytest.param("fails", "something that doesn't hold", id="contraction"),
        pytest.param("fails", "something that wont hold", id="contraction without its mark"),
        pytest.param("fails", "something it can't answer", id="can't"),
        pytest.param("fails", "something it cannot answer", id="cannot"),
        pytest.param("acronym", "what they call R A G", id="spelled out"),
        pytest.param("acronym", "what they call R.A.G.", id="with full stops"),
        pytest.param("kept", "what we kept current", id="irregular verb"),
    ],
)
def test_a_phrase_is_found(concept: str, said: str) -> None:
    """Endings, spellings, contractions and slips do not hide a phrase."""
    rubric = make_rubric(concept, glossary=GLOSSARY)

    graded = travel(rubric, f"I would say it is {said} for us.")

    assert graded.level == 2


@pytest.mark.parametrize(
    ("concept", "said"),
    [
        pytest.param("retrieval", "a look. We went up", id="over the end of a sentence"),
        pytest.param("acronym", "a fragment", id="inside a word"),
        pytest.param("owned", "propriotary", id="another letter"),
        pytest.param("fine-tuning", "a fine day for tuning", id="words apart"),
        pytest.param("fails", "something to hold", id="without its negation"),
    ],
)
def test_what_only_looks_like_a_phrase_is_not(concept: str, said: str) -> None:
    """Phrases are whole words, on end, within a sentence."""
    rubric = make_rubric(concept, glossary=GLOSSARY)

    graded = travel(rubric, f"I would say it is {said} for us.")

    assert graded.level == 0
