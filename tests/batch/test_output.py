import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from service.batch.spec import answer_key
from service.grading import Notice
from service.outcome import Outcome
from service.rubric import Rubric
from service.store import Store
from service.submission import Fault, Passage, Submission
from service.verdict import Verdict
from tests.batch.runs import OFFLINE, TEXT, graded, loaded, spec_with, submission

HOSTILE = [
    '"answer_id":null',
    '"metadata":{}',
    '"answer_id":null,"metadata":{}',
    '\\"},"status":"graded"',
    "line\nbreak\r\u2028\u2029",
    "\U0001f600 \u00e9 \u4e2d \ufeff",
    "%s %b {} \\u0000",
    "",
]
NAMES = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, metadata=st.dictionaries(NAMES, VALUES, max_size=3))
def test_a_line_says_the_same_as_its_outcome(
    store: Store, rubric: Rubric, name: str, metadata: dict[str, JsonValue]
) -> None:
    """Whatever stands in the id and the metadata, the JSON put together by hand is what the model would write."""
    run_name = f"run-{len(store.runs.list(limit=1_000))}"
    lines = graded(store, [submission(id=name, metadata=metadata)], rubric, name=run_name)
    (line,) = lines.each()

    written = lines.as_json(line)

    outcome, answer = lines.as_outcome(line)
    assert written.endswith(b"}\n")
    assert written.count(b"\n") == 1
    assert json.loads(written) == json.loads(outcome.model_dump_json())
    assert list(json.loads(written)) == ["id", "status", "verdict", "error", "source"]
    assert Outcome.model_validate_json(written) == outcome
    assert outcome.verdict is not None
    assert (outcome.id, outcome.verdict.answer_id, outcome.verdict.metadata) == (name, name, metadata)
    assert answer == TEXT


@pytest.mark.parametrize("text", [pytest.param(each, id=f"{number}") for number, each in enumerate(HOSTILE[:-1])])
def test_what_the_answer_says_does_not_move_the_id(store: Store, rubric: Rubric, text: str) -> None:
    """An answer that looks like a part of a verdict is no part of it, in a quote either."""
    lines = graded(store, [submission(f"{TEXT} {text} I start with a prompt because it is cheap.")], rubric)
    (line,) = lines.each()

    written = json.loads(lines.as_json(line))

    outcome, _ = lines.as_outcome(line)
    assert written == json.loads(outcome.model_dump_json())
    assert written["verdict"]["answer_id"] == "a1"


def test_a_failed_line_has_its_fault_and_no_verdict(store: Store, rubric: Rubric) -> None:
    """Whether it could not be read, had nothing in it, or could not be graded."""
    unread = submission(None, id="00012", error=Fault(code="bad-row", message="It is cut off."))
    lines = graded(store, [unread, submission(None), submission("  \n "), submission("x" * 100_001)], rubric)

    written = [json.loads(lines.as_json(line)) for line in lines.each()]

    assert written[0]["id"] == "00012"
    assert written[0]["source"]["file"] == "answers.jsonl"
    assert [(each["status"], each["verdict"]) for each in written] == [("failed", None)] * 4
    assert [each["error"]["code"] for each in written] == ["bad-row", "no-answer", "answer-invalid", "answer-invalid"]
    assert [json.loads(lines.as_outcome(line)[0].model_dump_json()) for line in lines.each()] == written


def test_lines_end_where_the_next_is_not_done(store: Store, rubric: Rubric) -> None:
    """And go on from a place, at most so many."""
    lines = graded(store, [submission(id=f"a{number}") for number in range(5)], rubric)

    ready = lines.ready(1, limit=2)

    assert [line.id for line in ready] == ["a1", "a2"]
    assert lines.ready(5) == []
    assert [line.id for line in lines.each()] == ["a0", "a1", "a2", "a3", "a4"]


def test_the_verdicts_id_follows_from_the_key(store: Store, rubric: Rubric) -> None:
    """The same answer graded in the same way has the same verdict, whatever it is called and whenever it is graded."""
    one, same, other = (
        submission(id="one"),
        submission(id="two", metadata={"cohort": "spring"}),
        submission("I do not know.", id="one"),
    )
    lines = graded(store, [one, same, other], rubric)

    ids = [verdict_of(lines.as_json(line)).id for line in lines.each()]

    key = answer_key(one, rubric.digest, OFFLINE.identity, spec_with())
    assert ids[0] == ids[1] == str(uuid.UUID(bytes=key, version=5))
    assert ids[2] != ids[0]


def test_offsets_can_count_as_javascript_does(store: Store, rubric: Rubric) -> None:
    """A character beyond the basic plane counts for two, in the evidence that is written out."""
    text = f"\U0001f600 {TEXT}"
    by_code_point = graded(store, [submission(text)], rubric, name="run-1")
    by_utf16 = graded(store, [submission(text)], rubric, spec=spec_with(offset_unit="utf16"), name="run-2")

    spans = [
        [(quote.start, quote.end, quote.quote) for each in verdict_of(line).criteria for quote in each.evidence]
        for line in (by_code_point.as_json(next(by_code_point.each())), by_utf16.as_json(next(by_utf16.each())))
    ]

    assert spans[0]
    assert all(text[start:end] == quote for start, end, quote in spans[0])
    assert [(start + 1, end + 1, quote) for start, end, quote in spans[0]] == spans[1]


def spoken(*, warnings: tuple[Notice, ...] = ()) -> Submission:
    """An answer of two turns."""
    middle = TEXT.index("and move")
    first = Passage(start=0, end=middle - 1, turn=2, start_s=1.5, end_s=4.0)
    second = Passage(start=middle, end=len(TEXT), turn=4, start_s=6.0, end_s=9.25)
    return submission(passages=(first, second), warnings=warnings)


def test_evidence_of_a_transcript_has_its_turn_and_times(store: Store, rubric: Rubric) -> None:
    """So that a person can listen to it; counted in JavaScript's way it is the same turn."""
    middle = TEXT.index("and move")
    for unit, name in (("codepoint", "run-1"), ("utf16", "run-2")):
        lines = graded(store, [spoken()], rubric, spec=spec_with(offset_unit=unit), name=name)

        verdict = verdict_of(lines.as_json(next(lines.each())))

        quotes = [quote for each in verdict.criteria for quote in each.evidence]
        assert quotes
        for quote in quotes:
            assert quote.source is not None
            assert (quote.source.turn, quote.source.start_s) == ((2, 1.5) if quote.start < middle else (4, 6.0))
            assert quote.source.end_s == (4.0 if quote.end <= middle else 9.25)


def test_a_prompted_answer_says_so_in_its_verdict(store: Store, rubric: Rubric) -> None:
    """What is to be known of how an answer came about stands beside the grader's own warnings."""
    notice = Notice(code="prompted", message="The candidate only agrees (turn 2).")
    lines = graded(store, [spoken(), spoken(warnings=(notice,))], rubric)

    plain, prompted = [verdict_of(lines.as_json(line)) for line in lines.each()]

    assert prompted.warnings == (*plain.warnings, notice)
    assert prompted.id != plain.id


def test_reading_a_file_twice_changes_nothing(store: Store, rubric: Rubric) -> None:
    """A run that was cut off while its answers were read goes over them again."""
    answers = [submission(id=f"a{number}") for number in range(1_500)]
    first = loaded(store, answers[:1_200], rubric)

    second = loaded(store, answers, rubric)

    assert (first.n, first.total) == (second.n, 1_200)
    assert [each.submission.id for each in store.submissions.read(first.n, 0, 2_000)] == [each.id for each in answers]


def test_what_earlier_runs_know_is_taken_over(store: Store, rubric: Rubric) -> None:
    """An answer under another name has its verdict with the new name in it, before anything is graded."""
    graded(store, [submission(id="old", metadata={"old": True})], rubric, name="run-1")

    answers = [submission("Another."), submission(id="new")]

    run = loaded(store, answers, rubric, name="run-2")

    lines = graded(store, answers, rubric, name="run-2")
    written = [json.loads(lines.as_json(line)) for line in lines.each()]
    assert run.reused == 1
    assert [(each["id"], each["verdict"]["metadata"]) for each in written] == [("a1", {}), ("new", {})]


def verdict_of(line: bytes) -> Verdict:
    """The verdict in a line of output."""
    return Verdict.model_validate(json.loads(line)["verdict"])
