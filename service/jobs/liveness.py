"""Who is alive: each process holds a lock that frees itself when the process dies, however it dies.

On SQLite it is a lock on a file beside the database; on PostgreSQL an advisory lock of a session, which the server
frees with the connection. A free lock means dead, so whoever gets hold of a dead worker's lock may take over its work.
The engine itself leaves the work of a dead process to a paid product.
"""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import filelock

from service.store import Database, SessionLock

log = logging.getLogger(__name__)


class Liveness(Protocol):
    """Shows that this process lives, and finds out which others do."""

    def hold(self) -> None:
        """Take this process's lock, or take it again after it was lost."""
        ...

    def held(self) -> bool:
        """Whether the lock is still this process's."""
        ...

    def dead(self, executor: str) -> contextlib.AbstractContextManager[bool]:
        """Whether an executor is dead; while the context lasts nobody else can find the same."""
        ...

    def release(self) -> None:
        """Give the lock back: this process's work may be taken over."""
        ...


class FileLiveness:
    """Locks on files, for processes of one machine."""

    def __init__(self, database: Path, executor: str) -> None:
        self._folder = database.with_name(f"{database.name}.workers")
        self._mine = self._lock(self._path(executor))

    def hold(self) -> None:
        """Take this process's lock."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.glob("*.lock"):
            with self.dead(path.stem):
                pass  # the file of one that died goes with this
        self._mine.acquire()

    def held(self) -> bool:
        """Whether the lock is still this process's."""
        return self._mine.is_locked

    @contextlib.contextmanager
    def dead(self, executor: str) -> Iterator[bool]:
        """Whether an executor is dead; its file goes with it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(executor)
        lock = self._lock(path)
        try:
            lock.acquire(blocking=False)
        except filelock.Timeout:
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)
            lock.release()

    def release(self) -> None:
        """Give the lock back."""
        Path(self._mine.lock_file).unlink(missing_ok=True)
        self._mine.release()

    def _path(self, executor: str) -> Path:
        return self._folder / f"{executor}.lock"

    @staticmethod
    def _lock(path: Path) -> filelock.BaseFileLock:
        # A lock that is only a file would outlive its process.
        return filelock.FileLock(path, thread_local=False, fallback_to_soft=False)


class SessionLiveness:
    """Advisory locks of sessions, for processes of any number of hosts on one PostgreSQL."""

    def __init__(self, database: Database, executor: str) -> None:
        self._database = database
        self._executor = executor
        self._mine: SessionLock | None = None

    def hold(self) -> None:
        """Take this process's lock on a connection of its own."""
        self.release()
        self._mine = SessionLock(self._database, self._executor)
        self._mine.acquire()

    def held(self) -> bool:
        """Whether the session that holds the lock is alive."""
        return self._mine is not None and self._mine.alive()

    @contextlib.contextmanager
    def dead(self, executor: str) -> Iterator[bool]:
        """Whether an executor's session is gone."""
        with contextlib.closing(SessionLock(self._database, executor)) as lock:
            yield lock.try_acquire()

    def release(self) -> None:
        """Give the lock back with its connection."""
        if self._mine is not None:
            self._mine.close()
            self._mine = None


def liveness_for(database: Database, executor: str) -> Liveness:
    """The way to show life that fits the database."""
    if database.path is not None:
        return FileLiveness(database.path, executor)
    return SessionLiveness(database, executor)


class Guard:
    """A thread that keeps this process's lock, and takes over what dead ones have left; see `Adopter`."""

    def __init__(self, liveness: Liveness, adopt: "Adopter", *, every_s: float) -> None:
        self._liveness = liveness
        self._adopt = adopt
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="guard", daemon=True)

    def start(self) -> None:
        """Begin; the lock must be held."""
        self._thread.start()

    def stop(self) -> None:
        """End and give the lock back."""
        self._stop.set()
        self._thread.join()
        self._liveness.release()

    def _watch(self) -> None:
        while True:
            try:
                if not self._liveness.held():
                    self._liveness.hold()
                    # The database was away, and the others have lost their locks as well: let them come back first.
                    if self._stop.wait(self._every_s):
                        return
                self._adopt(self._liveness)
            except Exception as error:  # noqa: BLE001 - whatever it is, this thread must see the database come back
                log.warning("the guard could not look after dead workers: %s", type(error).__name__)
            if self._stop.wait(self._every_s):
                return


class Adopter(Protocol):
    """Takes over the work of whoever is dead."""

    def __call__(self, liveness: Liveness) -> None:
        """Look once."""
        ...
