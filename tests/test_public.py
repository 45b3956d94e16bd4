"""What the package promises to those who import it."""

import subprocess
import sys

import pytest

import service
from service.errors import GradingError


def test_everything_public_is_listed_and_there() -> None:
    """`service.__all__` names what can be imported from the package, and each name is there."""
    missing = [name for name in service.__all__ if getattr(service, name, None) is None]

    assert missing == []
    assert sorted(service.__all__) == service.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as it would in any other package."""
    with pytest.raises(AttributeError, match="build_evaluater"):
        service.build_evaluater  # noqa: B018 - the access is the test


def test_every_error_has_a_code_of_its_own() -> None:
    """Clients tell errors apart by their code."""
    kinds = GradingError.__subclasses__()

    codes = {kind.code for kind in kinds}

    assert len(codes) == len(kinds)
    assert GradingError.code not in codes


HEAVY = ["litellm", "openai", "fastapi", "starlette", "uvicorn", "numpy", "py3langid", "sqlalchemy", "httpx", "aiohttp"]


@pytest.mark.parametrize(
    ("statement", "unwanted"),
    [
        pytest.param("import service", [*HEAVY, "pydantic"], id="import service"),
        pytest.param(
            "import sys; sys.argv = ['evaluator', '--help']\n"
            "import contextlib, io\n"
            "from service.cli import main\n"
            "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): main()",
            [*HEAVY, "pydantic", "yaml"],
            id="evaluator --help",
        ),
        pytest.param(
            "import asyncio, service\n"
            "answer = 'I start with prompting, because it is cheap, and add retrieval when the data changes daily.'\n"
            "settings = service.Settings(_env_file=None)\n"
            "grade = service.build_evaluator(settings).grade\n"
            "verdict = asyncio.run(grade(rubric='rag-vs-fine-tuning', answer=answer))\n"
            "assert verdict.grader.kind == 'keyword'",
            HEAVY,
            id="an offline grade",
        ),
    ],
)
def test_heavy_packages_are_not_loaded(statement: str, unwanted: list[str]) -> None:
    """What takes seconds to import is imported only by what needs it."""
    program = f"{statement}\nimport sys\nprint(sorted(set({unwanted!r}) & set(sys.modules)))"

    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert ran.stdout.splitlines()[-1] == "[]"
