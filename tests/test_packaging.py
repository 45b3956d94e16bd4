"""What is installed, and from what."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOCKS = ["requirements.txt", "requirements-dev.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_release_has_a_hash(name: str) -> None:
    """A release that was replaced after it was locked is not installed."""
    text = (ROOT / name).read_text(encoding="utf-8")

    releases = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert len(releases) > 30
    assert [release for release in releases if "==" not in release or "--hash=sha256:" not in release] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_file_names_an_index(name: str) -> None:
    """Whoever installs decides where from."""
    text = (ROOT / name).read_text(encoding="utf-8")

    assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host", text)


def test_running_needs_no_test_tools() -> None:
    """The two lock files agree on every release, and only the longer one has the test tools."""
    run, dev = (
        set(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in LOCKS
    )

    assert run < dev
    assert not {"pytest", "mypy", "ruff", "hypothesis", "respx"} & {name for name, _ in run}


def test_what_is_declared_is_locked() -> None:
    """Every dependency of pyproject.toml stands in the lock file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^a-z0-9-]", requirement.lower())[0] for requirement in project["dependencies"]}

    names = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE))

    assert declared - names == set()


def test_the_wheel_works_from_any_folder(tmp_path: Path) -> None:
    """The rubrics travel in the wheel, and are found where there is no checkout."""
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, check=True, cwd=ROOT, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path / "installed")
    program = "from service.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}

    ran = subprocess.run(
        [sys.executable, "-c", program, "rubric", "list"],
        check=True, cwd=tmp_path, capture_output=True, text=True, env=environment,
    )  # fmt: skip

    assert ran.stdout.startswith("rag-vs-fine-tuning ")
    assert (tmp_path / "installed" / "service" / "rubrics" / "rag-vs-fine-tuning.yaml").is_file()
