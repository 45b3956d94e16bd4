from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.grading import Notice
from service.rubric import Rubric
from service.store import Store, StoredAnswer
from service.submission import Fault, Passage, Source, Submission
from tests.store.rows import answer, key_of, loaded_run, result

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
METADATA = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT, max_size=3)
SUBMISSIONS = st.builds(
    Submission,
    id=TEXT,
    source=st.builds(Source, file=TEXT, line=st.none() | st.integers(1, 9), question=st.none() | TEXT),
    answer=st.none() | TEXT,
    question=st.none() | TEXT,
    metadata=METADATA,
    passages=st.just(()) | st.just((Passage(start=0, end=3, turn=2, start_s=0.1, end_s=None),)),
    warnings=st.just(()) | st.just((Notice(code="prompted", message="It was."),)),
    error=st.none() | st.builds(Fault, code=st.just("bad-row"), message=TEXT),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(submission=SUBMISSIONS)
def test_an_answer_comes_back_as_it_was(store: Store, submission: Submission) -> None:
    """Whatever stands in it."""
    run = loaded_run(store, "run-1")
    kept = StoredAnswer(len(store.submissions.read(run.n, 0, 1_000)), submission, None, key_of("key"))

    store.submissions.add(run, [kept])

    assert store.submissions.read(run.n, kept.ordinal, kept.ordinal + 1) == [kept]


def test_answers_added_again_stay_as_they_are(store: Store) -> None:
    """Reading a file a second time, after a crash in the middle, changes nothing."""
    run = loaded_run(store, "run-1", "one", "two")

    store.submissions.add(run, [answer(0, "another"), answer(2, "three")])

    assert [each.submission.answer for each in store.submissions.read(run.n, 0, 10)] == ["one", "two", "three"]


def test_open_are_the_answers_without_a_result(store: Store) -> None:
    """In their order, from a place up to another; a crash repeats only those."""
    run, other = loaded_run(store, "run-1", *"abcdef"), loaded_run(store, "run-2", *"abcdef")
    store.results.save(run.n, [result(1, "b"), result(4, "e")])
    store.results.save(other.n, [result(2, "c")])

    left = store.submissions.open(run.n, 1, 5)

    assert [each.ordinal for each in left] == [2, 3]


def test_each_goes_over_all_answers_in_order(store: Store) -> None:
    """Beyond what is read at once."""
    texts = [f"answer {number}" for number in range(2_005)]
    run = loaded_run(store, "run-1", *texts)

    read = [each.submission.answer for each in store.submissions.each(run)]

    assert read == texts


def test_a_rubric_is_kept_as_it_was(store: Store, rubric: Rubric) -> None:
    """With what its verdicts are packed against, which a later version of the program must not change."""
    store.submissions.add_rubrics({rubric.digest: (rubric, b"as first packed")})
    store.submissions.add_rubrics({rubric.digest: (rubric, b"by a later version")})
    run = store.runs.create("run-1", owner="", spec="{}")
    store.submissions.add(run, [answer(0, rubric=rubric.digest), answer(1, rubric=rubric.digest), answer(2)])

    kept = store.submissions.rubric(rubric.digest)

    assert (kept.rubric, kept.dictionary) == (rubric, b"as first packed")
    assert kept.rubric.digest == rubric.digest
    assert store.submissions.rubrics_of(run) == {rubric.digest: rubric}


def test_no_rubrics_are_nothing_to_keep(store: Store) -> None:
    """A file of which no row can be graded."""
    run = loaded_run(store, "run-1", "one")

    store.submissions.add_rubrics({})

    assert store.submissions.rubrics_of(run) == {}
