import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.batch.spec import GraderSpec, RunSpec, answer_key, digest_of, grader_spec, run_id
from service.grading import Notice
from service.submission import Fault, Passage, Source
from tests.batch.runs import OFFLINE, spec_with, submission

MODEL = grader_spec("openai/one", api_base="http://127.0.0.1:1/v1", max_tokens=8_000, reasks=2)
SPOKEN = Passage(start=0, end=9, turn=2, start_s=1.5, end_s=4.0)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"answer": "Another answer."}, id="the answer"),
        pytest.param({"question": "How?"}, id="the question"),
        pytest.param({"passages": (SPOKEN,)}, id="that it was spoken"),
        pytest.param({"warnings": (Notice(code="prompted", message="It was."),)}, id="a warning"),
        pytest.param({"error": Fault(code="bad-row", message="It is cut off.")}, id="a fault"),
    ],
)
def test_the_key_changes_with_what_a_result_depends_on(fields: dict[str, object]) -> None:
    """Whatever shows in the verdict but is not put in when it is written out."""
    spec = spec_with()
    before = answer_key(submission(), "rubric", OFFLINE.identity, spec)

    after = answer_key(submission(**fields), "rubric", OFFLINE.identity, spec)

    assert after != before
    assert len(after) == 16


@pytest.mark.parametrize(
    ("rubric", "grader", "spec"),
    [
        pytest.param("another", OFFLINE, spec_with(), id="the rubric"),
        pytest.param(None, OFFLINE, spec_with(), id="no rubric"),
        pytest.param("rubric", MODEL, spec_with(), id="the grader"),
        pytest.param("rubric", OFFLINE, spec_with(offset_unit="utf16"), id="the unit of offsets"),
    ],
)
def test_the_key_changes_with_how_it_is_graded(rubric: str | None, grader: GraderSpec, spec: RunSpec) -> None:
    """The same answer in another way is another result."""
    before = answer_key(submission(), "rubric", OFFLINE.identity, spec_with())

    after = answer_key(submission(), rubric, grader.identity, spec)

    assert after != before


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"id": "another"}, id="the id"),
        pytest.param({"metadata": {"cohort": "spring"}}, id="the metadata"),
        pytest.param({"source": Source(file="another.csv", line=9)}, id="the place in the file"),
        pytest.param({"rubric": "rubric"}, id="who named the rubric"),
    ],
)
def test_the_key_stays_with_what_is_put_in_at_the_end(fields: dict[str, object]) -> None:
    """The same answer under another name need not be graded again."""
    before = answer_key(submission(), "rubric", OFFLINE.identity, spec_with())

    after = answer_key(submission(**fields), "rubric", OFFLINE.identity, spec_with())

    assert after == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(SPOKEN, SPOKEN.model_copy(update={"turn": 3}), id="the turn"),
        pytest.param(SPOKEN, SPOKEN.model_copy(update={"end_s": 4.5}), id="the time"),
        pytest.param(SPOKEN, SPOKEN.model_copy(update={"start": 1}), id="the place"),
    ],
)
def test_the_key_changes_with_where_it_was_spoken(one: Passage, other: Passage) -> None:
    """A verdict names the turn and the time of each quote."""
    before = answer_key(submission(passages=(one,)), "rubric", OFFLINE.identity, spec_with())

    after = answer_key(submission(passages=(other,)), "rubric", OFFLINE.identity, spec_with())

    assert after != before


def test_the_key_changes_with_the_words_of_a_warning() -> None:
    """Which turns were prompted stands in the words."""
    keys = {
        answer_key(submission(warnings=(Notice(code="prompted", message=f"Turn {turn}."),)), "rubric", "", spec_with())
        for turn in (2, 4)
    }

    assert len(keys) == 2


@given(
    one=st.tuples(st.text(max_size=5), st.none() | st.text(max_size=5)),
    other=st.tuples(st.text(max_size=5), st.none() | st.text(max_size=5)),
)
def test_no_two_answers_share_a_key(one: tuple[str, str | None], other: tuple[str, str | None]) -> None:
    """Wherever the line between answer and question is drawn."""
    keys = [
        answer_key(submission(answer, question=question), "rubric", "", spec_with())
        for answer, question in (one, other)
    ]

    assert (keys[0] == keys[1]) == (one == other)


def test_the_keyword_grader_has_a_part_in_what_a_model_grades(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its second opinion says what is looked at twice and whether a person should look."""
    monkeypatch.setattr("service.batch.spec.KEYWORD_VERSION", "another")

    after = grader_spec("openai/one", api_base="http://127.0.0.1:1/v1", max_tokens=8_000, reasks=2)

    assert after.identity != MODEL.identity
    assert after.queue != MODEL.queue


@pytest.mark.parametrize(
    ("owner", "spec", "inputs", "options"),
    [
        pytest.param("ada", spec_with(), ["1"], ["x"], id="the owner"),
        pytest.param("", spec_with(MODEL), ["1"], ["x"], id="the grader"),
        pytest.param("", spec_with(rubrics={"r": "d"}), ["1"], ["x"], id="the rubrics"),
        pytest.param("", spec_with(speaker="Dana"), ["1"], ["x"], id="the speaker"),
        pytest.param("", spec_with(on_model_failure="fallback"), ["1"], ["x"], id="what to do on failure"),
        pytest.param("", spec_with(max_answer_bytes=5), ["1"], ["x"], id="the longest answer"),
        pytest.param("", spec_with(), ["2"], ["x"], id="the content"),
        pytest.param("", spec_with(), ["1", "2"], ["x"], id="one more file"),
        pytest.param("", spec_with(), ["1"], ["y"], id="the options"),
    ],
)
def test_a_run_is_another_when_anything_about_it_is(
    owner: str, spec: RunSpec, inputs: list[str], options: list[str]
) -> None:
    """The same command again is the same run, and another command is not."""
    same = run_id("", spec_with(), ["1"], ["x"])

    another = run_id(owner, spec, inputs, list(options))

    assert another != same
    assert same == run_id("", spec_with(names=("another name",)), ["1"], ["x"])
    assert len(same) == 24


@pytest.mark.parametrize(
    ("total", "offline", "with_model"),
    [
        pytest.param(0, 50, 5, id="none"),
        pytest.param(1, 50, 5, id="one"),
        pytest.param(100, 50, 13, id="a class"),
        pytest.param(6_400, 100, 20, id="a year"),
        pytest.param(1_000_000, 1_000, 20, id="very many"),
    ],
)
def test_pieces_are_small_with_a_model_and_large_offline(total: int, offline: int, with_model: int) -> None:
    """Few calls to repeat, or little bookkeeping; and enough pieces to share out."""
    sizes = (spec_with().chunk_size(total), spec_with(MODEL).chunk_size(total))

    assert sizes == (offline, with_model)


def test_a_queue_is_for_a_model_at_an_address() -> None:
    """Whoever has another model, or another version, leaves its pieces alone; other parameters come with the run."""
    same = grader_spec("openai/one", api_base="http://127.0.0.1:1/v1", max_tokens=500, reasks=0)
    elsewhere = grader_spec("openai/one", api_base="http://127.0.0.1:2/v1", max_tokens=8_000, reasks=2)

    queues = [each.queue for each in (OFFLINE, MODEL, same, elsewhere)]

    assert queues[0].startswith("keyword-")
    assert OFFLINE.model_copy(update={"keyword_version": "next"}).queue not in queues
    assert queues[1] == queues[2]
    assert len(set(queues)) == 3
    assert MODEL.identity != same.identity


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        pytest.param(spec_with(), spec_with(), [], id="nothing"),
        pytest.param(
            spec_with(), spec_with(MODEL), ["the grader is openai/one, not the keyword grader."], id="another grader"
        ),
        pytest.param(
            spec_with(MODEL),
            spec_with(MODEL.model_copy(update={"prompt_version": "next"})),
            ["the grader's prompt or parameters are others."],
            id="another prompt",
        ),
        pytest.param(
            spec_with(rubrics={"a": "1", "b": "1", "c": "1"}),
            spec_with(rubrics={"a": "1", "b": "2", "d": "1"}),
            ["the rubric b has changed."],
            id="another rubric",
        ),
    ],
)
def test_what_changed_is_said(before: RunSpec, after: RunSpec, said: list[str]) -> None:
    """In sentences that a person can read."""
    changes = after.changes_since(before)

    assert changes == said


def test_a_digest_does_not_depend_on_the_order_of_fields() -> None:
    """But on every value."""
    one = digest_of({"a": 1, "b": [1, 2]})

    same = digest_of({"b": [1, 2], "a": 1})

    assert one == same
    assert one != digest_of({"a": 1, "b": [2, 1]})
