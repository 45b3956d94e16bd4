"""Running the provider: in a thread of a test, or as a process of its own beside a measurement."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvloop

from tests.provider.counting import Counts, Tally
from tests.provider.script import Feature, SchemaUse, Script
from tests.provider.server import Provider

HOST = "127.0.0.1"
ROOT = Path(__file__).parent.parent.parent

_T = TypeVar("_T")


def serve(
    script: Script,
    *,
    announce: Callable[["RunningProvider"], None],
    port: int = 0,
    log: Path | None = None,
    signals: Sequence[signal.Signals] = (),
) -> None:
    """Serve until the running provider that is announced is told to stop, or one of the signals comes."""
    with Tally(log) as tally, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Provider(script, tally), port, announce, signals))


async def _serve(
    provider: Provider, port: int, announce: Callable[["RunningProvider"], None], signals: Sequence[signal.Signals]
) -> None:
    server = await provider.listen(HOST, port)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    bound = server.sockets[0].getsockname()[1]
    announce(RunningProvider(f"http://{HOST}:{bound}/v1", provider, loop, stop))
    await stop.wait()
    server.close()
    provider.close()
    await server.wait_closed()


@dataclass(frozen=True)
class RunningProvider:
    """A provider in another thread; `url` is the base to hand to a client of OpenAI's protocol."""

    url: str
    _provider: Provider
    _loop: asyncio.AbstractEventLoop
    _stop: asyncio.Event

    @property
    def anthropic_url(self) -> str:
        """The base to hand to a client of Anthropic's protocol."""
        return self.url.removesuffix("/v1")

    def counts(self) -> Counts:
        """The counts so far, taken between two requests."""
        return self._there(self._provider.tally.counts)

    def reset(self) -> None:
        """Begin to count, to number attempts and to keep prefixes, anew."""
        self._there(self._provider.tally.reset)

    def set_faults(self, faults: Mapping[str, float]) -> None:
        """Meet the requests to come with other faults; what hangs already goes on hanging.

        Raises:
            pydantic.ValidationError: a fault is unknown, or they add up to more than 1.
        """
        script = self._provider.script.with_faults(faults)
        self._there(lambda: setattr(self._provider, "script", script))

    def stop(self) -> None:
        """Let the provider's thread end; open connections are broken off."""
        self._loop.call_soon_threadsafe(self._stop.set)

    def _there(self, work: Callable[[], _T]) -> _T:
        future: Future[_T] = Future()
        self._loop.call_soon_threadsafe(lambda: future.set_result(work()))
        return future.result(timeout=10)


@contextmanager
def scripted_provider(
    *,
    latency: float = 0.0,
    jitter: float = 0.0,
    faults: Mapping[str, float] | None = None,
    seed: int = 0,
    faulty_attempts: int = 2,
    schema_use: SchemaUse = "honour",
    refuses: Collection[Feature] = (),
    reasoning_tokens: int = 0,
    log: Path | None = None,
) -> Iterator[RunningProvider]:
    """Serve in a thread on a free port; see `Script` for what the parameters mean, with times in seconds."""
    script = Script(
        seed=seed,
        latency_s=latency,
        jitter=jitter,
        faults=dict(faults or {}),
        faulty_attempts=faulty_attempts,
        schema_use=schema_use,
        refuses=frozenset(refuses),
        reasoning_tokens=reasoning_tokens,
    )
    announced: Future[RunningProvider] = Future()
    thread = threading.Thread(target=lambda: serve(script, announce=announced.set_result, log=log))
    thread.start()
    running = announced.result(timeout=10)
    try:
        yield running
    finally:
        running.stop()
        thread.join()


@contextmanager
def provider_process(*options: str) -> Iterator[str]:
    """Serve in a process of its own, which shares no interpreter with the client; yields the base address.

    `options` are those of `python -m tests.provider`; counts are at /__counts beside the base.
    """
    command = [sys.executable, "-m", "tests.provider", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()
