"""The installed command in processes of their own, to be killed."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

EVALUATOR = Path(sys.executable).with_name("evaluator")
_NOT_THE_SAME_TWICE = re.compile(rb'"created_at":"[^"]*"|"usage":\{[^}]*\}')


def environment(url: str, **settings: str) -> dict[str, str]:
    """The environment of a user with these settings, each without its prefix."""
    given = {f"EVALUATOR_{name.upper()}": value for name, value in {"database_url": url, **settings}.items()}
    return {**os.environ, **given}


@contextmanager
def started(
    arguments: Sequence[str], env: dict[str, str], folder: Path, *, stdout: int | IO[bytes] = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Begin a command; it is killed if it has not ended by itself."""
    with subprocess.Popen(
        [EVALUATOR, *arguments], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def run(arguments: Sequence[str], env: dict[str, str], folder: Path) -> tuple[int, bytes, bytes]:
    """Do a command to its end."""
    with started(arguments, env, folder) as process:
        return ended(process)


def ended(process: subprocess.Popen[bytes], *, seconds: float = 60.0) -> tuple[int, bytes, bytes]:
    """Wait for a command: its exit code, and what it wrote to stdout and stderr."""
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def lasting(output: bytes) -> bytes:
    """Output without what may differ between two times of grading, and all the rest to the byte."""
    return _NOT_THE_SAME_TWICE.sub(b"", output)
