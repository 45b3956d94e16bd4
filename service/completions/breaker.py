"""Refuses calls at once while a provider is dead, so that it costs its timeouts once and not per answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from service.completions.failures import PROVIDER_DOWN, Failure

FAILURES_TO_OPEN = 5
"""Failures in a row, with no sign of life between, that make a provider dead."""

FIRST_COOL_DOWN_S = 1.0
LONGEST_COOL_DOWN_S = 5.0


class Breaker:
    """Open while the provider is dead; then one call at a time finds out whether it is back.

    Times are those of any one monotonic clock, in seconds; several threads may use it.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._cool_down = FIRST_COOL_DOWN_S
        self._probe_at: float | None = None
        """When the next probe may go; None while closed."""
        self._probing = False
        self._opened_at = 0.0
        self._period = 0
        """Tells calls of this period from stragglers, whose failures are of a time gone by."""
        self._listeners: set[Callable[[], None]] = set()
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether the provider is held to be dead."""
        return self._probe_at is not None

    def down_for(self, now: float) -> float:
        """Seconds since the provider went down; 0 while it is not."""
        return now - self._opened_at if self.is_open else 0.0

    def check(self, now: float) -> None:
        """Refuse what could not be sent now.

        Raises:
            Failure: the provider is dead; says when the next probe goes.
        """
        if self._probe_at is None:
            return
        with self._lock:
            self._refuse(now)

    def admit(self, now: float) -> int:
        """A ticket for one call, to be handed back with what became of it.

        Raises:
            Failure: the provider is dead, or another call is finding out.
        """
        with self._lock:
            if self._probe_at is not None:
                self._refuse(now)
                self._probing = True
                self._period += 1
            return self._period

    def _refuse(self, now: float) -> None:
        if self._probe_at is None:
            return
        if self._probing or now < self._probe_at:
            raise Failure(PROVIDER_DOWN, retry_after=max(self._probe_at - now, FIRST_COOL_DOWN_S))

    def alive(self) -> None:
        """The provider answered, whatever it said."""
        if not self._failures and self._probe_at is None:
            return
        with self._lock:
            if self._probe_at is not None:
                self._period += 1
            self._failures = 0
            self._cool_down = FIRST_COOL_DOWN_S
            self._probe_at = None
            self._probing = False

    def dead(self, ticket: int, now: float) -> bool:
        """The provider did not answer, or failed itself; True if that opened the breaker."""
        with self._lock:
            if ticket != self._period:
                return False
            if self._probe_at is not None:
                self._cool_down = min(2 * self._cool_down, LONGEST_COOL_DOWN_S)
                self._probe_at = now + self._cool_down
                self._probing = False
                return False
            self._failures += 1
            if self._failures < FAILURES_TO_OPEN:
                return False
            self._period += 1
            self._probe_at = now + self._cool_down
            self._opened_at = now
            listeners = tuple(self._listeners)
        for notify in listeners:
            notify()
        return True

    def unclear(self, ticket: int) -> None:
        """The call ended without a word about the provider; if it was the probe, another may go at once."""
        with self._lock:
            if ticket == self._period:
                self._probing = False

    @contextmanager
    def listening(self, notify: Callable[[], None]) -> Iterator[None]:
        """Call `notify`, from whichever thread, when the breaker opens while the block runs."""
        with self._lock:
            self._listeners.add(notify)
        try:
            yield
        finally:
            with self._lock:
                self._listeners.discard(notify)
