"""Files made to exhaust the machine are refused within a fixed amount of memory and processor time."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rubric.yaml_files import REST

MEGABYTES = 400
SECONDS = 20
CHECK = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({MEGABYTES} * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS},) * 2)
from pathlib import Path
from service.errors import RubricInvalid
from service.rubric.loader import load_rubric
try:
    load_rubric(Path(sys.argv[1]))
except RubricInvalid as error:
    print(error)
"""


def _fifty_megabytes() -> str:
    return "id: " + "x" * 50_000_000


def _laughs() -> str:
    lines = ["a0: &a0 [ha, ha]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines)


def _criteria() -> str:
    return REST.replace("criteria:\n", "criteria:\n" + "  - {id: x}\n" * 10_000)


def _many_keys() -> str:
    return "\n".join(f"key-{i}: x" for i in range(24_000))


def _nested() -> str:
    return "- " * 400_000


def _flow() -> str:
    return "[" * 900_000


def _one_scalar() -> str:
    return REST.replace("Says that muscles", "x" * 900_000)


def _key() -> str:
    return "x" * 900_000 + ": y"


def _unclosed() -> str:
    return REST + '"' + "x\n" * 400_000


def _digits() -> str:
    return REST.replace("weight: 1", "weight: " + "9" * 900_000)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(_fifty_megabytes, "larger than 1,000,000 bytes", id="50 MB"),
        pytest.param(_laughs, "anchors and aliases are not allowed", id="billion laughs"),
        pytest.param(_criteria, "and 59,980 more problems", id="10,000 criteria"),
        pytest.param(_many_keys, "and 23,9", id="24,000 unknown keys"),
        pytest.param(_nested, "nested deeper than 30 levels", id="nested lists"),
        pytest.param(_flow, "nested deeper than 30 levels", id="nested flow lists"),
        pytest.param(_one_scalar, "has more than 5,000 characters", id="a text of 900 kB"),
        pytest.param(_key, "", id="a key of 900 kB"),
        pytest.param(_unclosed, "not YAML", id="a quote that is never closed"),
        pytest.param(_digits, "a number is expected", id="a number of 900,000 digits"),
    ],
)
def test_refused_within_bounds(tmp_path: Path, content: Callable[[], str], complaint: str) -> None:
    """The process has so much memory and processor time and no more, and still answers properly and briefly."""
    file = tmp_path / "hostile.yaml"
    file.write_text(content(), encoding="utf-8")

    result = subprocess.run([sys.executable, "-c", CHECK, str(file)], capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert complaint in result.stdout
    assert 0 < len(result.stdout) < 10_000
