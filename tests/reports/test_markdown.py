"""Outcomes as Markdown."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.grading import Evidence, EvidenceSource, Notice
from service.outcome import Outcome
from service.reports import writer_for
from service.reports.markdown import plain
from service.submission import Source
from service.verdict import Review
from tests.reports.outcomes import failed, labelled, rag_rubric

LINKED = re.compile(r"https?:|www\.|@|evil\.com")
# Read from the left: a character after a backslash, or a stretch of code.
QUIET = re.compile(r"\\[^\w\s]|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)")


def written(*outcomes: Outcome) -> str:
    """The document for outcomes."""
    file = io.BytesIO()
    writer = writer_for(".md", file, rubrics=[rag_rubric()], title="Spring *cohort*")
    for outcome in outcomes:
        writer.write(outcome)
    writer.close()
    return file.getvalue().decode()


def in_interview(outcome: Outcome) -> Outcome:
    """The outcome as of an interview, with notices and something that could not be graded."""
    verdict = outcome.verdict
    assert verdict is not None
    first, second, *others = verdict.criteria
    spoken = EvidenceSource(turn=4, start_s=3725.0, end_s=3730.0)
    evidence = tuple(each.model_copy(update={"source": spoken}) for each in first.evidence)
    ungraded = {"level": None, "status": "ungraded", "points": None, "evidence": (), "reason": "No quotes."}
    held = Evidence(quote="it depends", start=0, end=10)
    flags = (
        verdict.red_flags[0].model_copy(update={"status": "present", "evidence": (held,)}),
        verdict.red_flags[1].model_copy(update={"status": "ungraded", "reason": "Unclear."}),
        *verdict.red_flags[2:],
    )
    changed = verdict.model_copy(
        update={
            "status": "partial",
            "score": None,
            "band": None,
            "score_high": 99.0,
            "criteria": (
                first.model_copy(update={"evidence": evidence}),
                second.model_copy(update=ungraded),
                *(item.model_copy(update={"basis": "wrong"}) for item in others),
            ),
            "red_flags": flags,
            "warnings": (Notice(code="prompted", message="It was led."),),
            "review": Review(needed=True, why=("Look at it.",)),
        }
    )
    source = Source(file="talk.vtt", speaker="Priya", turns=(4,), question="RAG or not?")
    return outcome.model_copy(update={"status": "partial", "verdict": changed, "source": source})


def test_the_summary_stands_before_the_table_and_the_answers() -> None:
    """Figures, then one row each, then one section each with its quotes."""
    outcomes = [outcome for outcome, _ in labelled(4)]

    text = written(*outcomes, failed())

    assert text.startswith("# Spring \\*cohort\\*\n\n5 answers: 4 graded, 1 failed.\n\n- 1 failed: answer-invalid\n")
    places = [text.index(part) for part in ("- Scores: mean", "| Criterion |", "## Answers", "| a001 |", "### a001")]
    assert places == sorted(places)
    verdict = outcomes[0].verdict
    assert verdict is not None
    quote = verdict.criteria[0].evidence[0].quote
    assert f"  - \u201c{quote}\u201d\n" in text
    assert "failed, answer-invalid: The answer is empty." in text
    assert "1. **" in text


def test_interviews_open_scores_and_flags_are_told() -> None:
    """Turn and time stand with a quote; what is ungraded says why."""
    spoken = in_interview(labelled(1)[0][0])

    text = written(spoken)

    verdict = spoken.verdict
    assert verdict is not None
    assert "## Interviews" in text
    assert f"| `talk.vtt` | 1 | 0 | {verdict.score_low} to 99 |  |" in text
    assert "(turn 4, 1:02:05)" in text
    assert "**ungraded**. No quotes." in text
    assert "**present**, -5\n  - \u201cit depends\u201d" in text
    assert "**ungraded**. Unclear." in text
    assert ", wrong**" in text
    assert "- Warning: It was led." in text
    assert "- For a person to review: Look at it." in text
    assert "Question: RAG or not?" in text
    assert "Speaker: Priya" in text
    assert "- Open between bands: 1" in text


def test_what_limits_the_figures_is_said() -> None:
    """Degraded verdicts, and those of rubrics that were not given; without a step to take none is listed."""
    outcome, _ = labelled(1)[0]
    verdict = outcome.verdict
    assert verdict is not None
    top = tuple(item.model_copy(update={"level": item.max_level}) for item in verdict.criteria)
    degraded = outcome.model_copy(
        update={"status": "degraded", "verdict": verdict.model_copy(update={"criteria": top})}
    )
    other = verdict.model_copy(update={"rubric": verdict.rubric.model_copy(update={"digest": "sha256:other"})})

    text = written(degraded, outcome.model_copy(update={"verdict": other, "source": None}))

    assert "- Degraded, graded by the fallback on a scale of its own: 1" in text
    assert "1 were graded by rubrics of their own, which these figures leave out." in text
    assert "Most useful next steps" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[a](b)", "\\[a\\](b)", id="link"),
        pytest.param("![a](b)", "!\\[a\\](b)", id="image"),
        pytest.param("<b>&lt;", "\\<b\\>\\&lt;", id="html"),
        pytest.param("# h\n- a\n1. b", "\\# h \\- a 1\\. b", id="blocks"),
        pytest.param("a | b", "a \\| b", id="table"),
        pytest.param("see http://evil.com now", "see `http://evil.com` now", id="address"),
        pytest.param("www.evil.com.", "`www.evil.com.`", id="address without a scheme"),
        pytest.param("a`b@c.de`", "`` a`b@c.de` ``", id="code inside"),
        pytest.param("x|a@b.de", "`x`\\|`a@b.de`", id="bar inside"),
        pytest.param("Then: it ends. 3.5 e.g. so", "Then: it ends. 3.5 e.g. so", id="prose"),
        pytest.param("a\u202eb\x1b[0m", "ab\\[0m", id="steering"),
    ],
)
def test_text_makes_no_markup(text: str, expected: str) -> None:
    """It is shown as it was written."""
    assert plain(text) == expected


@given(
    st.lists(
        st.sampled_from(["[x](", "http://", "www.evil.com", "`", "``", "|", "@", "#", "\n", "<b>", "\\", " ", "a"])
    )
)
def test_no_address_stands_outside_of_code(parts: list[str]) -> None:
    """Nor does a bracket, a bar or an angle stand unescaped there; it is one line."""
    line = plain("".join(parts))

    outside = QUIET.sub("", line)
    assert "\n" not in line
    assert not LINKED.search(outside)
    assert not re.search(r"[\[\]<|#`]", outside)
