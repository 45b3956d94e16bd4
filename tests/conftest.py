"""What every test has: no settings of the machine it runs on, no provider keys, no network beyond loopback."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings

from service.rubric import Catalog, Rubric
from service.settings import PREFIX, Settings
from tests.databases import postgres_database, sqlite_url

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"

# Before anything imports litellm: it must neither fetch tables nor use a transport that respx cannot see.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
os.environ["DISABLE_AIOHTTP_TRANSPORT"] = "True"


# No clock decides over a test, and a change is judged on the same examples here and elsewhere.
settings.register_profile("project", deadline=None, derandomize=True)
# `make trials` looks further, at new examples each time.
settings.register_profile("trials", deadline=None, max_examples=2_000)
settings.load_profile("project")


class Labelled(NamedTuple):
    """An answer with the levels that readers gave it; `overall` is 0 to 100."""

    id: str
    answer: str
    levels: dict[str, int]
    red_flags: list[str]
    overall: float


def labelled_answers(*files: str) -> list[Labelled]:
    """Labelled answers from these files, or those of the first rubric with the firmest labels."""
    lines = [
        line
        for name in files or ("answers",)
        for line in (FIXTURES / "labelled" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [Labelled(**json.loads(line)) for line in lines]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    # What is kept without being told where, as by a command that is tried, is kept for one test alone.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
    for name in list(os.environ):
        if name.startswith(PREFIX) or name.endswith(("_API_KEY", "_API_BASE", "_BASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)  # the width of the terminal that the tests run in
    monkeypatch.setitem(Settings.model_config, "env_file", None)


@pytest.fixture(scope="session")
def rubric() -> Rubric:
    """The first rubric, as it comes with the service."""
    return Catalog().get("rag-vs-fine-tuning")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind in turn."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with postgres_database() as url:
        yield url
