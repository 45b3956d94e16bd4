"""What callers may ask of runs, from a command line or over HTTP: submit, watch, cancel, resume, delete."""

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from service.batch.erasing import erase_run
from service.batch.grading import PASSING
from service.batch.loading import load
from service.batch.output import OutputLines
from service.batch.spec import RunSpec
from service.errors import AnswersInvalid, GradingError, StoreUnavailable
from service.jobs.control import Control
from service.outcome import OutcomeStatus
from service.reports import Summary, SummaryBuilder, interview_of
from service.rubric import Rubric
from service.spending import Account
from service.store import Run, RunState, Store
from service.store.packing import unpack
from service.submission import Fault, Source, Submission

_DAY_S = 86_400.0
_ERASED = (
    "The text of this run was erased after the time it is kept for; what is left are its figures. To grade the answers "
    "anew, delete the run first."
)

Submissions = Iterable[tuple[Submission, Rubric | None]]


class Progress(NamedTuple):
    """How far a run is; `rate` is in answers a second since it started, `eta_s` in seconds, None where unknown.

    `budget` is None for a run without a limit.
    """

    state: RunState
    total: int | None
    done: int
    counts: dict[OutcomeStatus, int]
    rate: float | None
    eta_s: float | None
    budget: Account | None = None


class Submitted(NamedTuple):
    """A run, and what submitting it came to."""

    run: Run
    new: bool
    again: int
    """How many answers that had failed, or were graded by a stand-in, are graded again."""
    changes: tuple[str, ...] = ()
    """What is different from the last run of the same files, in sentences."""


class Erased(NamedTuple):
    """What was erased: runs, their answers, and gradings that were kept apart from runs."""

    runs: int
    answers: int
    gradings: int


class Desk:
    """The runs of a database. `owner` is a digest of the caller's key, empty for the command line; None is anybody."""

    def __init__(self, store: Store, control: Control) -> None:
        self.store = store
        self.control = control

    def submit(
        self,
        run_id: str,
        spec: RunSpec,
        submissions: Submissions,
        *,
        owner: str = "",
        budget_usd: float | None = None,
        progress: Callable[[int], object] = lambda _: None,
    ) -> Submitted:
        """Have answers graded. The same run again goes on where it was, and tries again what may pass by now.

        It costs at most `budget_usd` dollars in all; None leaves the limit as it is, and there is none at first.

        Raises:
            AnswersInvalid, TranscriptInvalid, SpeakerUnclear: the input is wrong as a whole; nothing is kept of it.
        """
        run = self.store.runs.create(run_id, owner=owner, spec=spec.model_dump_json())
        if run.total is not None:
            return self.again(run, budget_usd=budget_usd)
        self.store.runs.load_again(run)
        try:
            run = load(self.store, run, spec, submissions, progress)
        except StoreUnavailable:
            raise  # what is loaded can be gone on with
        except GradingError:
            self.store.runs.delete(run)
            raise
        if run.state == "loading":  # and nobody else has loaded it meanwhile, or cancelled it
            self._start(run, attempt=run.attempt, budget_usd=budget_usd)
        changes = self._changes(run, spec)
        return Submitted(self.store.runs.get(run.id), new=True, again=0, changes=changes)

    def again(self, run: Run, *, budget_usd: float | None = None) -> Submitted:
        """Go on with a run whose answers are in, and try again what may pass by now."""
        if run.text is not None:
            return Submitted(run, new=False, again=0, changes=(_ERASED,))
        again = self.resume(run, budget_usd=budget_usd)
        return Submitted(self.store.runs.get(run.id), new=False, again=again)

    def resume(self, run: Run, *, budget_usd: float | None = None) -> int:
        """Go on with a run, and try again what may pass by now; returns how many answers that are.

        `budget_usd` is its new limit in all, what it has cost so far included; None leaves it as it is.

        Raises:
            AnswersInvalid: its answers were not all read.
        """
        if run.text is not None:
            return 0
        check_read(run)
        if run.state == "running" and self.control.is_under_way(run):
            self._limit(run, budget_usd)
            return 0
        again = self.store.results.withdraw_passing(run, PASSING)
        done = sum(self.store.results.tally(run.n).values())
        if again or run.state != "finished" or done != run.total:
            self._start(run, attempt=run.attempt + 1, budget_usd=budget_usd)
        return again

    def cancel(self, run: Run) -> None:
        """Stop a run; what is graded stays."""
        self.store.runs.cancel(run)
        self.control.cancel(run)

    def delete(self, run: Run) -> None:
        """Stop a run and erase everything about it."""
        self.cancel(run)
        self.control.forget(run)
        self.store.runs.delete(run)

    def erase(self, *, older_than_days: float, give_up: Callable[[], bool] = lambda: False) -> Erased:
        """Erase the text of runs made longer ago, and the gradings and records that are older.

        Runs that are still under way end there. `give_up` is asked between two runs; what is left waits.
        """
        before = time.time() - older_than_days * _DAY_S
        runs = answers = 0
        for run in self.store.erasing.due(before):
            if give_up():
                break
            if run.total is None:
                self.delete(run)
            else:
                if run.state == "running":
                    self.cancel(run)
                answers += erase_run(self.store, run, give_up=give_up)
            runs += 1
        gradings = self.store.erasing.forget(before)
        if runs or gradings:
            self.store.database.empty_log()
        return Erased(runs, answers, gradings)

    def get(self, run_id: str, *, owner: str | None = None) -> Run:
        """A run by its id, or by the only id that begins so.

        Raises:
            RunNotFound: there is none, or it is another owner's.
        """
        return self.store.runs.get(run_id, owner=owner)

    def list(self, *, owner: str | None = None, limit: int = 100) -> Sequence[Run]:
        """The newest runs first."""
        return self.store.runs.list(owner=owner, limit=limit)

    def check_on(self, run: Run) -> None:
        """Look after a run that has had no result for a while: one whose work broke off is noted as failed.

        Raises:
            StoreUnavailable: nothing can be written.
        """
        self.store.database.check_room()
        self.control.look_after(self.store.runs.get(run.id), self.store.runs)

    def progress(self, run: Run) -> Progress:
        """How far a run is by now.

        Raises:
            RunNotFound: it was deleted.
        """
        run = self.store.runs.get(run.id)
        counts = self.store.results.tally(run.n)
        done = sum(counts.values())
        rate = eta = None
        if run.started_at is not None:
            seconds = max((run.finished_at or time.time()) - run.started_at, 1e-3)
            rate = max(done - run.reused, 0) / seconds
            if run.state == "running" and rate > 0 and run.total is not None:
                eta = (run.total - done) / rate
        return Progress(run.state, run.total, done, counts, rate, eta, self.store.budgets.of(run.n))

    def output(self, run: Run) -> OutputLines:
        """The lines of a run's output, as far as it is done."""
        return OutputLines(self.store, run)

    def first_fault(self, run: Run, *codes: str) -> tuple[Source, Fault] | None:
        """Where and why the first of a run's answers failed with one of these codes, or, without any, passingly."""
        found = self.store.results.failure(run.n, codes or PASSING)
        if found is None:
            return None
        ordinal, packed = found
        (answer,) = self.store.submissions.read(run.n, ordinal, ordinal + 1)
        return answer.submission.source, Fault.model_validate_json(unpack(packed))

    def summary(self, run: Run) -> Summary:
        """What the results of a run come to, as far as there are any."""
        builder = SummaryBuilder(self.store.submissions.rubrics_of(run))
        files = self._files(run) if RunSpec.model_validate_json(run.spec).interviews else itertools.repeat(None)
        place, file = -1, None
        for ordinal, marks in self.store.results.marks(run):
            while place < ordinal:
                place, file = place + 1, next(files)
            builder.add(marks, file)
        return builder.build()

    def _start(self, run: Run, *, attempt: int, budget_usd: float | None) -> None:
        """Have a loaded run done, unless another process has just seen to that, or it was cancelled."""
        # First: a run that is said to be under way is worked at, whatever becomes of this process.
        self._limit(run, budget_usd)
        if self.store.runs.start(run, attempt=attempt):
            if _costs(run):
                self.store.budgets.grant(run.n, budget_usd, billed_usd=self._billed(run))
            self.control.submit(run._replace(attempt=attempt))

    def _limit(self, run: Run, budget_usd: float | None) -> None:
        if budget_usd is not None and _costs(run):
            self.store.budgets.limit(run.n, budget_usd, billed_usd=self._billed(run))

    def _billed(self, run: Run) -> float:
        return self.store.results.bill(run.n).known_usd

    def _files(self, run: Run) -> Iterator[str | None]:
        return (interview_of(answer.submission.source) for answer in self.store.submissions.each(run))

    def _changes(self, run: Run, spec: RunSpec) -> tuple[str, ...]:
        """What is different from the owner's last run of the same files."""
        for other in self.store.runs.list(owner=run.owner, limit=50):
            before = RunSpec.model_validate_json(other.spec)
            if other.n != run.n and before.names == spec.names:
                return tuple(f"Since run {other.id}: {change}" for change in spec.changes_since(before))
        return ()


def check_read(run: Run) -> None:
    """Find out whether there is all of a run that can be worked with.

    Raises:
        AnswersInvalid: its answers were not all read.
    """
    if run.total is None:
        raise AnswersInvalid(
            f"The answers of run {run.id} were not all read. Run the same command, or send the same request, again."
        )


def _costs(run: Run) -> bool:
    return RunSpec.model_validate_json(run.spec).grader.model is not None
