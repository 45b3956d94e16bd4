"""Grades one piece of a run, and saves each result as soon as it is there."""

import asyncio
import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from cachetools import LRUCache
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay
from tenacity.wait import wait_random_exponential

from service.answer import Scope
from service.batch.grading import INTERNAL_ERROR, failed_result, grade_stored
from service.batch.spec import GraderSpec, RunSpec, grader_spec
from service.errors import BudgetExceeded, GradingError, RunNotFound, StoreUnavailable
from service.evaluator import Evaluator
from service.observability import describe_exception
from service.settings import Settings
from service.spending import Fund, spending
from service.store import Run, RunLedger, Store, StoredAnswer, StoredResult
from service.submission import Fault
from service.wiring import arrangement_of, build_evaluator, check_price

log = logging.getLogger(__name__)

_OFFLINE_SAVED_AT_ONCE = 250
_FUNDS_KEPT = 256
_SETTLED_WITHIN_S = 5.0
"""How much later than its timeout a call that somebody else makes is settled at the latest, if ever."""
_E = TypeVar("_E", bound=GradingError)


class ChunkGrader:
    """Grades for any run whose grader this process has: the keyword grader, and the model of its settings."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.spec = grader_spec_of(settings)
        self._store = store
        self._settings = settings
        self._evaluators: dict[str, Evaluator] = {}
        # A slot is kept until the result is saved, so that a crash repeats no more calls than there are slots.
        self._slots = asyncio.Semaphore(settings.model_concurrency)
        self._asked: dict[tuple[str, bytes], asyncio.Future[StoredResult]] = {}
        self._funds: LRUCache[tuple[int, int], Fund] = LRUCache(maxsize=_FUNDS_KEPT)
        self.trouble: StoreUnavailable | None = None
        """Why no result can be saved, where that will not pass by itself."""

    def prepare(self) -> None:
        """Find out now whether the model of the settings can be asked.

        Raises:
            SettingsInvalid: it cannot.
        """
        if self._settings.model is not None:
            build_evaluator(self._settings)

    async def grade(self, run_id: str, first: int, end: int) -> None:
        """Grade the answers of a run from `first` up to `end` that have no result."""
        try:
            await self._grade(run_id, first, end)
        except BaseExceptionGroup as group:
            # What stopped one answer has stopped all of the piece, and is what matters.
            found = _first(group, StoreUnavailable) or _first(group, RunNotFound)
            if found is None:
                raise
            self._note(found)
            raise found from None
        except StoreUnavailable as error:
            self._note(error)
            raise

    def _note(self, error: GradingError) -> None:
        if isinstance(error, StoreUnavailable) and not error.passing:
            self.trouble = error

    async def _grade(self, run_id: str, first: int, end: int) -> None:
        run = await asyncio.to_thread(self._store.runs.get, run_id)
        if run.state != "running":
            return  # whoever cancelled it may have died before telling the engine
        spec = RunSpec.model_validate_json(run.spec)
        evaluator = await asyncio.to_thread(self._evaluator, spec)
        open_answers = await asyncio.to_thread(self._store.submissions.open, run.n, first, end)
        if spec.grader.model is None:
            given_up = threading.Event()
            try:
                await asyncio.to_thread(self._grade_offline, evaluator, spec, run.n, open_answers, given_up)
            finally:
                given_up.set()  # a thread cannot be cancelled, only asked
        else:
            await self._grade_with_model(evaluator, spec, run, open_answers)

    def _grade_offline(
        self,
        evaluator: Evaluator,
        spec: RunSpec,
        run_n: int,
        answers: Sequence[StoredAnswer],
        given_up: threading.Event,
    ) -> None:
        """In a thread of its own, on a loop of its own: it is all computation."""

        async def part(answers: Sequence[StoredAnswer]) -> list[StoredResult]:
            results = []
            for answer in answers:
                if given_up.is_set():
                    break
                results.append(await self._grade_one(evaluator, spec, answer))
            return results

        for first in range(0, len(answers), _OFFLINE_SAVED_AT_ONCE):
            self._store.results.save(run_n, asyncio.run(part(answers[first : first + _OFFLINE_SAVED_AT_ONCE])))

    async def _grade_with_model(
        self, evaluator: Evaluator, spec: RunSpec, run: Run, answers: Sequence[StoredAnswer]
    ) -> None:
        fund = await self._fund(spec, run)
        if fund is not None and (await fund.account()).closed:
            return  # another piece came to the end of the money
        owner = run.owner
        known = await asyncio.to_thread(self._store.results.known, owner, [answer.key for answer in answers])
        saver = _Saver(self._store, run.n)

        async def one(answer: StoredAnswer) -> None:
            equal = known.get(answer.key) or await self._under_way(owner, answer.key)
            if equal is not None:
                await saver.save(_taken_over(equal, answer.ordinal))
                return
            with self._asking_for(owner, answer.key) as found:
                async with self._slots:
                    with spending(fund):
                        result = await self._grade_one(evaluator, spec, answer, Scope(owner=owner, run_n=run.n))
                    await saver.save(result)
                found(result)

        async def one_for_money(answer: StoredAnswer) -> None:
            # The others of the piece may have been paid for, and go on to their end.
            with contextlib.suppress(BudgetExceeded):
                await one(answer)

        async with asyncio.TaskGroup() as tasks:
            for answer in answers:
                tasks.create_task(one_for_money(answer))

    async def _fund(self, spec: RunSpec, run: Run) -> Fund | None:
        """What the run may spend; None without a limit.

        Raises:
            SettingsInvalid: there is a limit, and this process does not know what the model costs.
        """
        if spec.grader.model is None or await asyncio.to_thread(self._store.budgets.of, run.n) is None:
            return None
        if (fund := self._funds.get((run.n, run.attempt))) is None:
            for model in spec.grader.models:
                await asyncio.to_thread(check_price, self._settings, model)
            ledger = RunLedger(self._store.budgets, run.n)
            fund = Fund(ledger, patience_s=self._settings.model_timeout_seconds + _SETTLED_WITHIN_S)
            self._funds[run.n, run.attempt] = fund
        return fund

    async def _under_way(self, owner: str, key: bytes) -> StoredResult | None:
        """The result of an equal answer that is being graded in this process, if one is."""
        while (asked := self._asked.get((owner, key))) is not None:
            await asyncio.wait([asked])
            if not asked.cancelled():
                return asked.result()
        return None

    @contextlib.contextmanager
    def _asking_for(self, owner: str, key: bytes) -> Iterator[Callable[[StoredResult], None]]:
        asked = self._asked[owner, key] = asyncio.get_running_loop().create_future()
        try:
            yield asked.set_result
        finally:
            del self._asked[owner, key]
            asked.cancel()  # unless there is a result; whoever waits for one then asks for it

    async def _grade_one(
        self, evaluator: Evaluator, spec: RunSpec, answer: StoredAnswer, scope: Scope | None = None
    ) -> StoredResult:
        digest = answer.rubric_digest
        rubric = self._store.submissions.rubric(digest) if digest else None
        try:
            return await grade_stored(evaluator, spec, answer, rubric, scope=scope)
        except GradingError:
            raise
        except Exception as error:  # noqa: BLE001 - one answer that breaks the program must not cost those beside it
            log.error("an answer could not be graded: %s", describe_exception(error))  # noqa: TRY400
            fault = Fault(code=INTERNAL_ERROR, message="The program failed on this answer; its log says where.")
            return failed_result(answer, fault)

    def _evaluator(self, spec: RunSpec) -> Evaluator:
        """The evaluator for a grader, one for all runs, so that they share its limit of calls at once."""
        key = f"{spec.grader.identity}/{spec.max_answer_bytes}"
        if key not in self._evaluators:
            self._evaluators[key] = build_evaluator(settings_with(self._settings, spec), store=self._store)
        return self._evaluators[key]


def grader_spec_of(settings: Settings) -> GraderSpec:
    """The grader of the settings."""
    return grader_spec(
        settings.model,
        api_base=settings.api_base,
        max_tokens=settings.model_max_tokens,
        reasks=settings.model_reasks,
        arrangement=arrangement_of(settings),
    )


def settings_with(settings: Settings, spec: RunSpec) -> Settings:
    """The settings of this process with the grader of a run."""
    grader = spec.grader
    update: dict[str, object] = {
        "model": grader.model,
        "api_base": grader.api_base,
        "max_answer_bytes": spec.max_answer_bytes,
        "budget_usd": None,  # the one of a run is for all its answers together
        **grader.arrangement.model_dump(),
    }
    if grader.model is not None:
        update |= {"model_max_tokens": grader.max_tokens, "model_reasks": grader.reasks}
    return settings.model_copy(update=update)


def _first(group: BaseExceptionGroup[BaseException], kind: type[_E]) -> _E | None:
    """The first exception of a kind in a group, however deep."""
    for error in group.exceptions:
        found = _first(error, kind) if isinstance(error, BaseExceptionGroup) else error
        if isinstance(found, kind):
            return found
    return None


class _Saver:
    """Saves what is ready in as few transactions as the database's speed allows, and none later than the next."""

    def __init__(self, store: Store, run_n: int) -> None:
        self._store = store
        self._run_n = run_n
        self._waiting: list[StoredResult] = []
        self._writing = asyncio.Lock()

    async def save(self, result: StoredResult) -> None:
        """Return when the result is on disk."""
        self._waiting.append(result)
        async with self._writing:
            # Whoever comes first writes for all who came meanwhile.
            while any(waiting is result for waiting in self._waiting):
                ready, self._waiting = self._waiting, []
                try:
                    await _PATIENTLY(asyncio.to_thread, self._store.results.save, self._run_n, ready)
                except BaseException:
                    self._waiting = ready + self._waiting
                    raise


# A result that was paid for is worth waiting for a database that is being restarted.
_PATIENTLY = AsyncRetrying(
    retry=retry_if_exception(lambda error: isinstance(error, StoreUnavailable) and error.passing),
    wait=wait_random_exponential(multiplier=0.2, max=3),
    stop=stop_after_delay(120),
    reraise=True,
)


def _taken_over(result: StoredResult, ordinal: int) -> StoredResult:
    """The result for the place of an equal answer, where it costs nothing more."""
    return dataclasses.replace(result, ordinal=ordinal, calls=0, tokens=0, cost_usd=0.0, taken_over=True)
