"""How long a command takes from the shell's point of view, beside bare Python and `import pydantic`."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
ANSWER = Path(__file__).parent.parent / "fixtures" / "labelled" / "answers.jsonl"


def main() -> None:
    """Print the median seconds of each command, and how many times bare Python's that is."""
    evaluator = str(Path(sys.executable).with_name("evaluator"))
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.txt"
        answer.write_text(json.loads(ANSWER.read_text(encoding="utf-8").splitlines()[0])["answer"], encoding="utf-8")
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "import pydantic": [sys.executable, "-c", "import pydantic; pydantic.BaseModel"],
            "evaluator --help": [evaluator, "--help"],
            "evaluator grade (offline)": [evaluator, "grade", "--rubric", "rag-vs-fine-tuning", str(answer), "--json"],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(ROUNDS + 1):
            for name, command in commands.items():  # interleaved, so that a slow moment hits all of them
                took = _run(command, folder)
                if round_number:  # the first round warms the caches
                    seconds[name].append(took)
    bare = statistics.median(seconds["python -c pass"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(
            f"{name:28} {median:6.3f} s   {median / bare:5.1f} x bare Python   ({min(taken):.3f} to {max(taken):.3f})"
        )


def _run(command: list[str], folder: str) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EVALUATOR_")}
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, cwd=folder)
    return time.perf_counter() - began
