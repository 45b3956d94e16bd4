"""The HTML report, as it is written."""

import base64
import hashlib
import io
import re
from collections.abc import Iterator
from html import unescape
from itertools import pairwise

import pytest

from service.reports import write_html
from service.reports.html import MATRIX_ANSWERS
from service.reports.visible import visible
from service.submission import Source
from tests.reports.hostile import hostile_outcomes, hostile_text, poisoned_builder
from tests.reports.outcomes import Graded, failed, labelled, summed_up
from tests.reports.pages import page_of
from tests.reports.test_markdown import in_interview


def test_every_answer_stands_whole_with_its_evidence_marked() -> None:
    """The text of each is what was sent, and what is marked is what is quoted."""
    answers = labelled(6)

    page = page_of(summed_up(outcome for outcome, _ in answers), answers)

    texts = [
        re.sub(r"<sup>.*?</sup>", "", part) for part in re.findall(r"<blockquote.*?</blockquote>", page.html, re.DOTALL)
    ]
    shown = [page_text(part) for part in texts]
    assert shown == [text for _, text in answers]
    assert page.is_closed
    marked = sum(len(item.evidence) for outcome, _ in answers if outcome.verdict for item in outcome.verdict.criteria)
    flagged = sum(len(flag.evidence) for outcome, _ in answers if outcome.verdict for flag in outcome.verdict.red_flags)
    assert len(re.findall(r"<sup>", page.html)) == marked + flagged > 0


def page_text(html: str) -> str:
    """The text of a piece of HTML without its elements."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_every_link_within_the_page_has_its_target() -> None:
    """Evidence leads to its criterion and back, once each."""
    answers = labelled(12)

    page = page_of(summed_up(outcome for outcome, _ in answers), answers)

    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.attributes("href")} <= set(ids)
    assert set(page.attributes("aria-labelledby")) <= set(ids)


def test_the_page_is_for_everybody() -> None:
    """A language, one first heading, charts with a text, tables with heads."""
    answers = labelled(12)

    page = page_of(summed_up(outcome for outcome, _ in answers), answers)

    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert ("html", {"lang": "en"}) in page.elements
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("aria-label") for tag, attrs in page.elements if tag == "svg")
    assert all(attrs.get("scope") in {"row", "col"} for tag, attrs in page.elements if tag == "th")


def test_nothing_from_outside_is_asked_for() -> None:
    """No address but those within the page, no inline style, and a policy that lets nothing but its own parts run."""
    answers = labelled(3)

    page = page_of(summed_up(outcome for outcome, _ in answers), answers)

    policy = next(attrs["content"] for tag, attrs in page.elements if attrs.get("http-equiv"))
    digests = {
        base64.b64encode(hashlib.sha256(page.texts[tag][0].encode()).digest()).decode() for tag in ("style", "script")
    }
    assert policy.startswith("default-src 'none'; ")
    assert set(re.findall(r"'sha256-(.+?)'", policy)) == digests
    assert "unsafe" not in policy
    assert page.attributes("src", "srcset", "style", "action", "poster", "data", "xlink:href") == []
    assert not page.tags() & {"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio"}
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert not re.search(r"url\(|@import|https?:", page.texts["style"][0] + page.texts["script"][0])


def test_the_rest_is_in_the_data_file() -> None:
    """So many answers are read and no more; the number left out is said, with the link."""
    answers = labelled(9)
    read: list[str] = []

    def counted() -> Iterator[Graded]:
        for outcome, text in answers:
            read.append(outcome.id)
            yield outcome, text

    page = page_of(summed_up(outcome for outcome, _ in answers), counted(), data_href="out/verdicts 1.jsonl", limit=4)

    assert len(read) == 4
    assert page.html.count('class="answer"') == 4
    assert "The first 4 answers stand here; 5 more are left out." in " ".join(page.texts["body"][0].split())
    assert set(page.attributes("href")) & {"./out/verdicts%201.jsonl"}


@pytest.mark.parametrize(
    ("given", "written"),
    [
        pytest.param("javascript:alert(1)", "./javascript%3Aalert%281%29", id="script"),
        pytest.param("data:text/html,x", "./data%3Atext/html%2Cx", id="data"),
        pytest.param("//evil.com/x", ".///evil.com/x", id="another host"),
        pytest.param("https://host/v1/x?y=1", "https://host/v1/x?y=1", id="web"),
        pytest.param("../out.csv", "../out.csv", id="beside"),
        pytest.param("/data/out.csv", "/data/out.csv", id="absolute"),
        pytest.param("http://[", "./http%3A//%5B", id="no address"),
        pytest.param("a\udc80#?.csv", "./a%80%23%3F.csv", id="bytes"),
    ],
)
def test_a_path_is_never_taken_for_an_address(given: str, written: str) -> None:
    """Whatever the data file is called, the link leads to it."""
    page = page_of(summed_up([]), [], data_href=given)

    assert [href for href in page.attributes("href") if not href.startswith("#")] == [written]


def test_answers_stand_beside_the_criteria_while_they_are_few() -> None:
    """A small cohort is seen at a glance; a large one by its counts alone."""
    many = [labelled(40)[n % 40] for n in range(MATRIX_ANSWERS + 1)]

    small = page_of(summed_up(outcome for outcome, _ in many[:-1]), many[:-1])
    large = page_of(summed_up(outcome for outcome, _ in many), many)

    assert "Answer by answer" in small.html
    assert "Answer by answer" not in large.html
    assert large.html.count('class="answer"') == MATRIX_ANSWERS + 1


def test_an_interview_shows_turns_and_times() -> None:
    """Each quote says where in the transcript it was said, and each interview has its line."""
    outcome, text = labelled(1)[0]
    spoken = in_interview(outcome)

    page = page_of(summed_up([spoken]), [(spoken, text)])

    body = " ".join(page.texts["body"][0].split())
    verdict = spoken.verdict
    assert verdict is not None
    assert "turn 4, 1:02:05" in body
    assert "talk.vtt, Priya, turn 4" in body
    assert f"{verdict.score_low} to 99" in body
    assert "Question RAG or not?" in body
    assert "prompted It was led." in body
    assert "For a person to review Look at it." in body
    assert 'id="interviews"' in page.html
    assert "wrong" in page.texts["body"][0]


def test_what_failed_says_why() -> None:
    """A row without a verdict has its fault, and one without a text says so."""
    outcome, _ = labelled(1)[0]

    page = page_of(summed_up([failed(), outcome]), [(failed(), "   "), (outcome, None)])

    body = " ".join(page.texts["body"][0].split())
    assert "answer-invalid The answer is empty." in body
    assert "The text of this answer is not at hand." in body


def test_the_match_of_a_question_is_shown() -> None:
    """Where the rubric was chosen by the question, it is seen how well it fits; what came from nowhere is no place."""
    outcome, text = labelled(1)[0]
    matched = outcome.model_copy(update={"source": Source(file="talk.vtt", turns=(2, 4), similarity=0.416)})
    bare = outcome.model_copy(update={"source": None})

    page = page_of(summed_up([matched, bare]), [(matched, text), (bare, text)])

    places = re.findall(r'<p class="sub"><bdi>(.*?)</bdi>(.*?)</p>', page.html)
    assert places == [
        ("talk.vtt, turns 2 to 4, likeness of the question to the rubric&#39;s 0.42", ", keyword grader"),
        ("", "keyword grader"),
    ]


def test_an_empty_run_is_a_page() -> None:
    """There may be nothing to show."""
    page = page_of(summed_up([]), [])

    assert "There are no answers to show." in page.texts["main"][0]
    assert page.is_closed


def test_a_text_that_is_not_the_graded_one_is_shown_unmarked() -> None:
    """Offsets beyond its end mark nothing, and every quote stands with its criterion all the same."""
    outcome, _ = labelled(1)[0]

    page = page_of(summed_up([outcome]), [(outcome, "Short.")])

    assert page.html.count("<mark") == 0
    assert page.html.count('class="quote"') > 0


def test_several_rubrics_and_degraded_ones_are_told_apart() -> None:
    """Each rubric has its own figures, and what is on another scale is said."""
    builder = poisoned_builder()
    summary = builder.build()
    twice = summary.model_copy(
        update={
            "rubrics": tuple(
                rubric.model_copy(update={"digest": digest, "degraded": 2, "bands": rubric.bands[:bands]})
                for rubric in summary.rubrics
                for digest, bands in (("sha256:1", 1), ("sha256:2", 3))
            ),
            "unlisted": 3,
            "more_interviews": 2,
        }
    )

    page = page_of(twice, [])

    assert {"rubric-1", "rubric-2"} <= set(page.attributes("id"))
    assert "2 of these were graded by the fallback" in " ".join(page.texts["main"][0].split())
    assert "3 answers were graded by rubrics of their own" in page.texts["main"][0]
    assert "And 2 more." in page.texts["main"][0]


def test_hostile_text_stays_text() -> None:
    """In every place: the elements are those of a harmless report, and the text is there to be read."""
    harmless = labelled(2)
    expected = page_of(
        summed_up([*(o for o, _ in harmless), in_interview(harmless[0][0]), failed()]), [*harmless, (failed(), None)]
    )

    page = page_of(poisoned_builder().build(), hostile_outcomes(), title=hostile_text())

    assert page.is_closed
    assert page.tags() <= expected.tags() | {"mark", "sup"}
    assert page.texts["title"][0] == visible(hostile_text())
    assert [name for _, attrs in page.elements for name in attrs if name.startswith("on")] == []
    assert all(href.startswith("#") for href in page.attributes("href"))
    assert visible(hostile_text()) in page.texts["body"][0]
    assert "\u202e" not in page.html
    assert "\x07" not in page.html


def test_memory_is_bounded_by_one_answer() -> None:
    """What was read is written before much more is asked for."""
    outcome, text = labelled(1)[0]
    file = io.BytesIO()
    behind: list[int] = []

    def answers() -> Iterator[Graded]:
        for number in range(300):
            behind.append(number - file.getvalue().count(b'class="answer"'))
            yield outcome, text

    summary = summed_up([outcome] * 300)
    write_html(file, title="t", summary=summary, outcomes=answers())

    assert max(behind) <= MATRIX_ANSWERS + 3
