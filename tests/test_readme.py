"""Every offline example of the README is run, and what it shows is what comes out."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from service.api import build_app
from service.settings import PREFIX, Settings
from tests.conftest import ROOT
from tests.serving import serving

README = (ROOT / "README.md").read_text(encoding="utf-8")
NEEDS_MORE_THAN_THIS_MACHINE = ("make ", "docker ", "pip ", "export ", "EVALUATOR_")

CURL = """#!{python}
import sys, urllib.request
headers, data, arguments = {{}}, None, sys.argv[1:]
while arguments:
    word = arguments.pop(0)
    if word == "-H":
        name, _, value = arguments.pop(0).partition(":")
        headers[name] = value.strip()
    elif word in ("-d", "--data", "--json"):
        data = arguments.pop(0).encode()
        headers.setdefault("Content-Type", "application/json")
    elif not word.startswith("-"):
        url = word if "://" in word else "http://" + word
print(urllib.request.urlopen(urllib.request.Request(url, data, headers)).read().decode())
"""


class Example(NamedTuple):
    """A command as the README shows it, and the output shown below it."""

    command: str
    output: str


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def examples() -> list[Example]:
    """All commands of the console blocks, in order; a command ends where the shell finds it whole."""
    found = []
    for block in blocks("console"):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = piece.splitlines()
            size = next(n for n in range(1, len(lines) + 1) if _is_whole("\n".join(lines[:n])))
            found.append(Example("\n".join(lines[:size]), "\n".join(lines[size:])))
    return found


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False
    return not command.endswith("\\")


@pytest.fixture(scope="module")
def service_address() -> Iterator[str]:
    """The service, as `make run` starts it, but on a free port."""
    with serving(build_app(Settings(_env_file=None))) as (host, port):
        yield f"{host}:{port}"


@pytest.fixture
def shell(service_address: str, tmp_path: Path) -> Path:
    """A folder to run examples in, with `curl` on machines that have none."""
    tools = tmp_path / "tools"
    tools.mkdir()
    if shutil.which("curl") is None:
        (tools / "curl").write_text(CURL.format(python=sys.executable), encoding="utf-8")
        (tools / "curl").chmod(0o755)
    return tmp_path


def test_the_examples_show_what_comes_out(shell: Path, service_address: str) -> None:
    """Run one after another in one folder, as a newcomer would."""
    path = os.pathsep.join([str(shell / "tools"), str(Path(sys.executable).parent), os.environ["PATH"]])
    database = f"sqlite:///{shell / 'evaluator.db'}"
    environment = os.environ | {"PATH": path, "NO_PROXY": "127.0.0.1", "EVALUATOR_DATABASE_URL": database}
    ran = 0
    for example in examples():
        if example.command.startswith(NEEDS_MORE_THAN_THIS_MACHINE):
            continue
        command = example.command.replace("127.0.0.1:8000", service_address).replace(".venv/bin/", "")
        done = subprocess.run(
            ["bash", "-c", command], cwd=shell, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode in (0, 1), (command, done.stderr)
        assert_shown(example.output, done.stdout, command)
        ran += 1

    assert ran >= 4


def assert_shown(shown: str, printed: str, command: str) -> None:
    """What is shown is printed; shown JSON may leave out keys and items, shown text may leave out lines by `...`."""
    if shown.lstrip().startswith("{"):
        assert_part(json.loads(shown), json.loads(printed), command)
        return
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"[ ]*\n" for line in shown.splitlines()
    )
    assert not shown or re.fullmatch(pattern, printed.rstrip("\n") + "\n"), f"$ {command}\n{printed}"


def assert_part(shown: object, real: object, where: str) -> None:
    """Every key shown is there with that value; every item shown is part of an item that is there."""
    if isinstance(shown, dict) and isinstance(real, dict):
        for key, value in shown.items():
            assert key in real, f"{where}.{key} is not in the reply"
            if key not in {"id", "created_at", "seconds"} or where.endswith("]"):
                assert_part(value, real[key], f"{where}.{key}")
    elif isinstance(shown, list) and isinstance(real, list):
        rest = iter(real)
        for item in shown:
            assert any(_is_part(item, candidate) for candidate in rest), f"{where}: {item} is not in {real}"
    else:
        assert shown == real, f"{where}: {real!r}"


def _is_part(shown: object, real: object) -> bool:
    try:
        assert_part(shown, real, "[]")
    except AssertionError:
        return False
    return True


def test_the_python_example_runs(shell: Path) -> None:
    """Each Python block runs as it stands and prints what its last comment says."""
    for block in blocks("python"):
        expected = re.findall(r"#\s*prints: (.*)", block)

        ran = subprocess.run([sys.executable, "-c", block], cwd=shell, capture_output=True, text=True, check=True)

        assert ran.stdout.splitlines() == expected

    assert blocks("python")


def test_the_settings_table_is_the_settings() -> None:
    """Every setting stands in the README with its default and its description."""
    rows = ["| Variable | Default | What it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, ()) else f"`{str(field.default).lower()}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")

    assert "\n".join(rows) in README


def test_links_lead_somewhere() -> None:
    """A link to a file of the project names a file that is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", README)

    assert [target for target in targets if not (ROOT / target).exists()] == []
    assert targets
