"""Erases what is older than it may be, from time to time for as long as a process lives."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator

from service.errors import GradingError

log = logging.getLogger(__name__)

EVERY_S = 3_600.0


@contextlib.contextmanager
def repeating(erase: Callable[[Callable[[], bool]], object], *, every_s: float = EVERY_S) -> Iterator[None]:
    """Erase now and every so many seconds, in a thread, while the context lasts.

    `erase` gets a function that tells whether to give up.
    """
    stop = threading.Event()

    def repeat() -> None:
        while not stop.is_set():
            try:
                erase(stop.is_set)
            except GradingError as error:
                log.warning("what is older than it may be could not be erased: %s", error)
            except Exception as error:  # noqa: BLE001 - the next time has to come
                # Its message may hold what was to be erased.
                log.error("what is older than it may be could not be erased: %s", type(error).__name__)  # noqa: TRY400
            stop.wait(every_s)

    thread = threading.Thread(target=repeat, name="retention", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
