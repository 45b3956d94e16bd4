"""How fast a great many answers are graded offline as a run, beside its two parts alone, and what it takes.

The loops are what a run cannot be faster than: grading the same answers in a bare loop, and writing the same rows to a
database of the same kind. `BENCH_ANSWERS` says how many answers (100,000 unless set).
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LABELLED = ROOT / "fixtures" / "labelled"
RUBRIC = "rag-vs-fine-tuning"
ANSWERS = int(os.environ.get("BENCH_ANSWERS", "100000"))
WORDS = 25
SAMPLED = 20_000
"""The loops go over so many answers at most: their rate does not depend on the number."""


class Taken(NamedTuple):
    """What a process took: seconds of the clock, and the most memory it had, in MB."""

    seconds: float
    peak_mb: float


def main() -> None:
    """Print the rate of a run, of grading alone and of writing alone, their ratio, and memory and disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "answers.jsonl"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(lines(ANSWERS))
        few = folder / "few.jsonl"
        with few.open("w", encoding="utf-8") as file:
            file.writelines(lines(min(ANSWERS, SAMPLED)))
        loops = {
            "grading alone": _loop("grade", few, folder),
            "writing alone": _loop("write", few, folder),
        }
        whole = _run(source, folder, "whole")
        tenth = folder / "tenth.jsonl"
        with tenth.open("w", encoding="utf-8") as file:
            file.writelines(lines(max(ANSWERS // 10, 1)))
        smaller = _run(tenth, folder, "tenth")
        rate = ANSWERS / whole.seconds
        for loop, taken in loops.items():
            print(f"{loop:14} {min(ANSWERS, SAMPLED) / taken.seconds:8.0f} answers/s")
        slower = min(min(ANSWERS, SAMPLED) / taken.seconds for taken in loops.values())
        print(
            f"{'a run':14} {rate:8.0f} answers/s, {rate / slower:.2f} of the slower "
            f"({ANSWERS:,} answers of {WORDS} words)"
        )
        print(f"memory         {whole.peak_mb:.0f} MB at most; {smaller.peak_mb:.0f} MB for a tenth of the answers")
        size = sum(path.stat().st_size for path in folder.glob("whole.db*") if path.is_file())
        print(f"disk           {size / 1e6:,.0f} MB, {size / ANSWERS:,.0f} bytes an answer")


def lines(count: int) -> Iterator[str]:
    """Answers of some words each, no two the same, cut from those of the fixtures."""
    words = [
        word
        for line in (LABELLED / "answers.jsonl").read_text(encoding="utf-8").splitlines()
        for word in json.loads(line)["answer"].split()
    ]
    for number in range(count):
        at = (number * 7) % (len(words) - WORDS)
        answer = f"{' '.join(words[at : at + WORDS])} (case {number})"
        yield json.dumps({"id": f"{number:07}", "answer": answer}) + "\n"


def _run(source: Path, folder: Path, name: str) -> Taken:
    out, database = folder / f"{name}.out.jsonl", folder / f"{name}.db"
    command = [sys.executable, "-m", "service.cli", "batch", str(source), "--rubric", RUBRIC, "--out", str(out)]
    taken = _measure(command, {"EVALUATOR_DATABASE_URL": f"sqlite:///{database}"})
    expected = sum(1 for _ in source.open("rb"))
    with out.open("rb") as file:
        written = sum(1 for _ in file)
    if written != expected:
        raise RuntimeError(f"{written:,} results for {expected:,} answers")
    out.unlink()
    return taken


def _loop(what: str, source: Path, folder: Path) -> Taken:
    command = [sys.executable, "-c", f"from benchmarks import many; many.{what}({str(source)!r}, {str(folder)!r})"]
    return _measure(command, {})


def _measure(command: list[str], environment: dict[str, str]) -> Taken:
    """Run a command to its end; its memory is what the system counted for it alone."""
    began = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[2:5]} ended with {process.returncode}")
    return Taken(time.perf_counter() - began, _megabytes(usage))


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def grade(source: str, _folder: str) -> None:
    """Grade every answer of a file, and keep nothing."""
    import service  # noqa: PLC0415 - in a process of its own

    evaluator = service.build_evaluator(service.Settings(_env_file=None))
    rubric = evaluator.catalog.get(RUBRIC)

    async def all_of(lines: Iterable[str]) -> None:
        for line in lines:
            await evaluator.grade(rubric=rubric, answer=json.loads(line)["answer"])

    with Path(source).open(encoding="utf-8") as file:
        asyncio.run(all_of(file))


def write(source: str, folder: str) -> None:
    """Write rows like those of a run, with nothing graded: the verdict of one answer over and over."""
    import sqlite3  # noqa: PLC0415 - in a process of its own

    database = sqlite3.connect(Path(folder) / "written.db")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE rows (n INTEGER PRIMARY KEY, id TEXT, key BLOB, body BLOB)")
    database.execute("CREATE INDEX keys ON rows (key)")
    body = os.urandom(1_200)
    with Path(source).open(encoding="utf-8") as file:
        part: list[tuple[int, str, bytes, bytes]] = []
        for number, line in enumerate(file):
            part.append((number, json.loads(line)["id"], os.urandom(16), body))
            if len(part) == 1_000:
                with database:
                    database.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", part)
                part.clear()
        with database:
            database.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", part)
