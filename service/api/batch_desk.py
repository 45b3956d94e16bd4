"""The database of batches as the service holds it: opened when it is wanted, worked at, closed at the end.

Grading single answers needs none of this, so nothing here may keep the service from starting: a database that is away
makes batches answer 503 until it is back.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

import anyio
import anyio.to_thread

from service.errors import GradingError, StoreUnavailable
from service.settings import Settings

if TYPE_CHECKING:
    from service.jobs import Desk, Engine

log = logging.getLogger(__name__)

DeskState = Literal["closed", "opening", "ready", "unavailable"]
Found = TypeVar("Found")

_COOL_DOWN_S = 1.0
_AGAIN_AFTER_S = 2.0
_READERS, _LOADERS = 6, 3
"""Threads for what takes a moment, and for taking in answers: fewer than the database has connections."""
_TURNS = 64


class BatchDesk:
    """Opens the database and starts an engine at the first use, or from the start.

    There can be one engine in a process, so only one app of a process can have its desk open.
    """

    def __init__(self, settings: Settings, *, grace_s: int = 3) -> None:
        self._settings = settings
        self._grace_s = grace_s
        self._opening = threading.Lock()
        self._open: tuple[Desk, Engine, contextlib.ExitStack] | None = None
        self._failure: tuple[float, StoreUnavailable] | None = None
        self._closing = threading.Event()
        self._opener: threading.Thread | None = None
        self._readers = anyio.CapacityLimiter(_READERS)
        self._loaders = anyio.CapacityLimiter(_LOADERS)
        self._turns = tuple(threading.Lock() for _ in range(_TURNS))

    @property
    def closing(self) -> bool:
        """Whether the service is about to end, and with it every stream."""
        return self._closing.is_set()

    @property
    def state(self) -> DeskState:
        """How it stands; `closed` until the first use."""
        if self._open is not None:
            return "ready" if self._open[1].trouble is None else "unavailable"
        if self._failure is not None:
            return "unavailable"
        return "opening" if self._opener is not None else "closed"

    def start(self, *, at_once: bool) -> None:
        """Begin; `at_once` opens in a thread and tries until it works, for what another process left undone waits."""
        self._closing.clear()
        if not at_once:
            return
        self._opener = threading.Thread(target=self._open_patiently, name="opens the desk", daemon=True)
        self._opener.start()

    async def read(self, ask: "Callable[[Desk], Found]") -> Found:
        """Ask the desk something in a thread.

        Raises:
            StoreUnavailable: the database is away.
        """
        return await anyio.to_thread.run_sync(lambda: ask(self.desk()), limiter=self._readers)

    async def load(self, order: "Callable[[Desk], Found]") -> Found:
        """Have the desk take answers in, in one of a few threads; raises as `read` does."""
        return await anyio.to_thread.run_sync(lambda: order(self.desk()), limiter=self._loaders)

    def turn(self, run_id: str) -> threading.Lock:
        """A lock for whoever takes in the answers of a run: two who send the same take turns."""
        return self._turns[int(run_id, 16) % _TURNS]

    def desk(self) -> "Desk":
        """The desk, opened if it is not; waits.

        Raises:
            StoreUnavailable: the database is away, or was a moment ago.
        """
        if (opened := self._open) is not None:
            return opened[0]
        with self._opening:
            if (opened := self._open) is not None:  # by whoever was here before
                return opened[0]
            if self._failure is not None and time.monotonic() - self._failure[0] < _COOL_DOWN_S:
                raise self._failure[1]
            if self._closing.is_set():
                raise StoreUnavailable("The service is ending.")
            try:
                opened = self._opened()
            except StoreUnavailable as error:
                self._failure = time.monotonic(), error
                raise
            self._open, self._failure = opened, None
            return opened[0]

    async def check(self, *, within_s: float = 2.0) -> None:
        """Find out whether batches can be taken.

        Raises:
            StoreUnavailable: they cannot.
        """
        with anyio.move_on_after(within_s) as waiting:
            await anyio.to_thread.run_sync(self._look, limiter=self._readers, abandon_on_cancel=True)
        if waiting.cancelled_caught:
            raise StoreUnavailable(f"The database did not answer within {within_s:g} s.")

    def end_streams(self) -> None:
        """Have every stream end, for the service is about to."""
        self._closing.set()

    def close(self) -> None:
        """Stop the engine and close the database; what is not done is left for another process, or the next start."""
        self._closing.set()
        if self._opener is not None:
            self._opener.join()
        with self._opening:
            opened, self._open = self._open, None
        if opened is not None:
            opened[2].close()

    def _opened(self) -> "tuple[Desk, Engine, contextlib.ExitStack]":
        from service.jobs import desk_of, working  # noqa: PLC0415 - loads the database and the engine

        with contextlib.ExitStack() as stack:
            try:
                desk = stack.enter_context(desk_of(self._settings))
                engine = stack.enter_context(working(desk, self._settings, grace_s=self._grace_s))
            except GradingError:
                raise
            except Exception as error:
                # The engine has its own connections, whose errors are those of its libraries.
                log.warning("the engine could not be started: %s", type(error).__name__)
                raise StoreUnavailable("The engine of batches could not be started on the database.") from error
            return desk, engine, stack.pop_all()

    def _look(self) -> None:
        desk = self.desk()
        if self._open is not None and (trouble := self._open[1].trouble) is not None:
            raise trouble
        desk.list(owner="", limit=1)

    def _open_patiently(self) -> None:
        said = ""
        while not self._closing.is_set():
            try:
                self.desk()
            except StoreUnavailable as error:
                if str(error) != said:
                    said = str(error)
                    log.warning("no batches yet: %s", said)
            except GradingError as error:
                log.error("no batches: %s", error)  # noqa: TRY400 - the message says all
                return
            else:
                return
            self._closing.wait(_AGAIN_AFTER_S)
