"""Completions through litellm: one layer of retries, and the richest way of asking that the provider takes."""

import asyncio
import logging
import time
from collections.abc import Callable

from pydantic import ValidationError

from service.completions.arguments import changing_arguments, constant_arguments, fitting_room, most_prompt_tokens
from service.completions.breaker import FIRST_COOL_DOWN_S
from service.completions.capability import Shape
from service.completions.endpoints import endpoint_of
from service.completions.failures import (
    BAD_RESPONSE,
    CUT_SHORT,
    PROVIDER_DOWN,
    RATE_LIMITED,
    TIMEOUT,
    Failure,
    failure_of,
)
from service.completions.limiter import Limiter
from service.completions.options import CompletionOptions
from service.completions.prices import price_of, worst_case
from service.completions.protocol import Budget, Completion, CompletionRequest, Pace
from service.completions.retries import Sleep, Tries, may_pass, sleep_while_closed, try_again
from service.completions.starting import check_model, count_tokens, is_local, load_litellm
from service.completions.wire import Circumstances, read_completion
from service.errors import SettingsInvalid

__all__ = ["CompletionOptions", "LiteLLMCompleter", "check_model", "count_tokens", "load_litellm"]

log = logging.getLogger(__name__)

# Requests that begin together are answered together, and no new one gets out while all those replies are read. Apart
# by about what one takes of the processor, the replies come apart as well.
_APART_S = 0.004


class LiteLLMCompleter:
    """Completes through litellm; what it learns of an endpoint, all completers of the process know.

    With a pace every call waits for its turn; with a budget every call sets aside the most it can cost.

    Raises:
        SettingsInvalid: there is a budget, and nobody knows what the model costs.
    """

    def __init__(
        self,
        options: CompletionOptions,
        *,
        pace: Pace | None = None,
        budget: Budget | None = None,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if budget is not None and price_of(options) is None:
            raise SettingsInvalid(
                f"EVALUATOR_PRICES: a budget needs a price, and that of {options.model[:100]!r} is not known. "
                "Set what its tokens cost, in dollars per million."
            )
        self._options = options
        self._pace = pace
        self._budget = budget
        self._sleep = sleep
        self._clock = clock
        self._endpoint = endpoint_of(options)
        self._limiter = Limiter(options.concurrency)
        self._constant = constant_arguments(options)
        self._next_start = 0.0

    @property
    def model(self) -> str:
        """The model asked for."""
        return self._options.model

    async def complete(self, request: CompletionRequest) -> Completion:
        """Send the request, and send it again where the failure is likely to pass.

        Raises:
            GraderUnavailable: no completion came within the attempts and the time allowed.
            BudgetExceeded: the money set aside does not cover the request.
        """
        first, answered = self._clock(), 0
        while True:
            started = self._clock()
            tries = Tries(started=started, deadline=started + self._options.deadline_s, answered=answered)
            try:
                return await self._complete(request, tries)
            except Failure as failure:
                if not await self._outlasts(failure, since=first):
                    self._log(failure, tries)
                    raise failure.unavailable(self.model, calls=tries.answered) from None
            answered = tries.answered

    async def _complete(self, request: CompletionRequest, tries: Tries) -> Completion:
        tries.room = fitting_room(self._options, request, self._endpoint.window(tries.started))
        self._endpoint.breaker.check(tries.started)
        return await self._in_turn(request, tries)

    async def _outlasts(self, failure: Failure, *, since: float) -> bool:
        """Whether the provider may be down, and there was patience left to wait before asking it again."""
        # A provider that replies with no completion is there, and may charge for each.
        if not failure.cause.transient or failure.cause in (RATE_LIMITED, BAD_RESPONSE):
            return False
        breaker, now = self._endpoint.breaker, self._clock()
        waited = breaker.down_for(now) if breaker.is_open else now - since
        patience = self._options.outage_patience_s - waited
        asked = failure.retry_after or 0.0
        if patience <= 0 or (asked > patience and failure.cause is not PROVIDER_DOWN):
            return False
        await self._sleep(asked or FIRST_COOL_DOWN_S)
        return True

    def _log(self, failure: Failure, tries: Tries) -> None:
        # While a provider is down every answer ends here; that it went down is logged once.
        level = logging.DEBUG if failure.cause is PROVIDER_DOWN else logging.WARNING
        log.log(level, "no completion: %s after %d failed tries", failure.cause.reason, tries.failed)

    def reply_judged(self, completion: Completion, *, usable: bool) -> None:
        """Hear whether a completion was JSON of the shape asked for; two in a row that were not end its mode."""
        if self._endpoint.capability.judged(completion.mode, usable=usable):
            log.info("replies of mode %s are of no use; the next is %s", completion.mode, self._shape.mode)

    @property
    def _shape(self) -> Shape:
        return self._endpoint.capability.shape

    async def _in_turn(self, request: CompletionRequest, tries: Tries) -> Completion:
        # Before the slot: whoever waits for a slot must not wait for the turns of those who have one.
        await self._book(request, tries)
        try:
            await self._take_slot(tries)
            try:  # the slot is kept while waiting to try again, so that a provider in trouble gets fewer calls
                await self._keep_apart()
                return await self._try(request, tries)
            finally:
                self._limiter.release()
        finally:
            await self._spend(tries, used=0)

    async def _book(self, request: CompletionRequest, tries: Tries) -> None:
        if self._pace is None or tries.booked:
            return
        expected = _expected_tokens(request)
        began = self._clock()
        await self._pace.wait(expected)
        tries.deadline += self._clock() - began  # a turn to wait for is no failure of the provider
        tries.booked = expected

    async def _spend(self, tries: Tries, *, used: int) -> None:
        if self._pace is not None and tries.booked:
            expected, tries.booked = tries.booked, 0
            await self._pace.spent(expected, used)

    async def _take_slot(self, tries: Tries) -> None:
        if self._limiter.try_acquire():
            return
        try:
            async with asyncio.timeout(max(0.0, self._left(tries))):
                await self._limiter.acquire()
        except TimeoutError:
            raise Failure(CUT_SHORT) from None

    def _left(self, tries: Tries) -> float:
        return tries.deadline - self._clock()

    async def _keep_apart(self) -> None:
        now = time.monotonic()
        start = max(now, self._next_start)
        self._next_start = start + _APART_S
        if start > now:
            await asyncio.sleep(start - now)

    async def _try(self, request: CompletionRequest, tries: Tries) -> Completion:
        try:
            return await self._negotiate(request, tries)
        except Failure as failure:
            if not may_pass(failure):
                raise
            first = failure
        return await try_again(
            lambda: self._negotiate(request, tries),
            first,
            most_attempts=self._options.max_attempts,
            left=lambda: self._left(tries),
            sleep=lambda seconds: sleep_while_closed(self._endpoint.breaker, self._sleep, seconds),
        )

    async def _negotiate(self, request: CompletionRequest, tries: Tries) -> Completion:
        """Ask in the way that worked last, and in a simpler one for as long as the provider refuses."""
        began = shape = self._shape
        while True:
            try:
                completion = await self._ask(request, shape, tries)
            except Failure as failure:
                tries.count(failure)
                if self._refits(request, failure, tries):
                    continue
                if (simpler := shape.simpler(failure)) is None:
                    raise
                shape = simpler
            else:
                if shape is not began and self._endpoint.capability.learn(began, shape):
                    log.info("the provider takes requests of mode %s, temperature %s, %s", *shape)
                return completion

    def _refits(self, request: CompletionRequest, failure: Failure, tries: Tries) -> bool:
        """Whether a limit that the provider told leaves room for a shorter reply."""
        if failure.most_output is not None:
            shorter, tries.room = failure.most_output < tries.room, min(tries.room, failure.most_output)
            return shorter
        if failure.window is None:
            return False
        if most_prompt_tokens(request) + tries.room > failure.window:
            self._endpoint.tell_window(failure.window, self._clock())
        room = fitting_room(self._options, request, failure.window)
        shorter, tries.room = room < tries.room, room
        return shorter

    async def _ask(self, request: CompletionRequest, shape: Shape, tries: Tries) -> Completion:
        await self._book(request, tries)
        used = 0
        try:
            completion = await self._call(request, shape, tries)
            used = completion.usage.prompt_tokens + completion.usage.completion_tokens
            self._endpoint.served(used)
        finally:
            await self._spend(tries, used=used)
        return completion

    async def _call(self, request: CompletionRequest, shape: Shape, tries: Tries) -> Completion:
        """Call once the provider wants calls, with the most that can cost set aside while nobody knows what it does."""
        await self._wait_out(tries)
        if self._budget is None:
            return await self._watch(request, shape, tries)
        reserved = worst_case(self._options, request) or 0.0
        began = self._clock()
        await self._budget.reserve(reserved)
        tries.deadline += self._clock() - began  # waiting for other calls to be settled is no failure of the provider
        spent = reserved
        try:
            completion = await self._watch(request, shape, tries)
            spent = reserved if completion.usage.cost_usd is None else completion.usage.cost_usd
        except Failure as failure:
            spent = reserved if failure.charged else 0.0
            raise
        finally:
            await self._budget.settle(reserved, spent)
        return completion

    async def _wait_out(self, tries: Tries) -> None:
        """Wait for what the provider asked of any call of this completer."""
        if not (pause := self._limiter.pause(self._clock())):
            return
        if pause >= self._left(tries):
            raise Failure(RATE_LIMITED, retry_after=pause)
        await self._sleep(pause)

    async def _watch(self, request: CompletionRequest, shape: Shape, tries: Tries) -> Completion:
        """Send the request unless the provider is down, and note what becomes of it for the calls after it."""
        breaker, began = self._endpoint.breaker, self._clock()
        ticket = breaker.admit(began)
        try:
            completion = await self._send(request, shape, tries)
        except Failure as failure:
            self._note(failure, ticket, began)
            raise
        except BaseException:
            breaker.unclear(ticket)
            raise
        breaker.alive()
        self._limiter.succeeded(began=began, now=self._clock())
        return completion

    def _note(self, failure: Failure, ticket: int, began: float) -> None:
        now, breaker = self._clock(), self._endpoint.breaker
        if failure.cause is RATE_LIMITED:
            self._limiter.limited(began=began, retry_after=failure.retry_after, now=now)
        if failure.dead:
            if breaker.dead(ticket, now):
                log.warning("the provider is down (%s); calls end at once until it is back", failure.cause.reason)
        elif failure.answered:
            breaker.alive()
        else:
            breaker.unclear(ticket)

    async def _send(self, request: CompletionRequest, shape: Shape, tries: Tries) -> Completion:
        litellm, options = load_litellm(), self._options
        arguments = changing_arguments(options, request, shape, tries.room)
        timeout = min(options.timeout_s, self._left(tries))
        if timeout <= 0:
            raise Failure(CUT_SHORT)
        try:
            # The client's own timeout is for each read; a reply that trickles in would outlast it.
            async with asyncio.timeout(timeout):
                response = await litellm.acompletion(**self._constant, **arguments, timeout=timeout)
        except Exception as error:  # noqa: BLE001 - litellm raises its own bugs as well; all of it means no completion
            failure = failure_of(error)
            if failure.cause is TIMEOUT and timeout < min(options.timeout_s, options.deadline_s) / 2:
                failure.cause = CUT_SHORT
            raise failure from None
        circumstances = Circumstances(
            mode=shape.mode,
            price=options.price,
            local=is_local(self.model),
            calls=1 + tries.answered,
            seconds=self._clock() - tries.started,
        )
        try:
            return read_completion(response, circumstances)
        except ValidationError:
            raise Failure(BAD_RESPONSE, answered=True, charged=True) from None


def _expected_tokens(request: CompletionRequest) -> int:
    """A guess that is corrected afterwards: four characters a token, and a reply of about a thousand."""
    return sum(len(message.content) for message in request.messages) // 4 + 1_000 * request.room
