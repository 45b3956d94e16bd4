"""`--budget`, as a person meets it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.here import evaluator_here
from tests.databases import with_tables
from tests.jobs.commands import lasting
from tests.jobs.running import RAG, texts
from tests.provider import RunningProvider, scripted_provider

PRICES = '{"openai/scripted": {"prompt": 1, "completion": 4, "cached": 0.1}}'


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """The scripted provider."""
    with scripted_provider(seed=3) as provider:
        yield provider


@pytest.fixture(autouse=True)
def _one_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: RunningProvider) -> None:
    provider.reset()
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": with_tables(tmp_path / "data"),
        "MODEL": "openai/scripted",
        "API_BASE": provider.url,
        "MODEL_CONCURRENCY": "4",
        "MODEL_MAX_TOKENS": "3000",
    }.items():
        monkeypatch.setenv(f"EVALUATOR_{name}", value)
    lines = [json.dumps({"id": f"a{place}", "answer": text}) for place, text in enumerate(texts(12))]
    Path("answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    Path("answer.txt").write_text(texts(1)[0], encoding="utf-8")


@pytest.fixture
def _priced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALUATOR_PRICES", PRICES)


def batch(*options: str) -> tuple[int, bytes, str]:
    """Grade the answers; the exit code, the output and what was said."""
    ended = evaluator_here("batch", "answers.jsonl", "--rubric", RAG, *options)
    return ended.returncode, ended.stdout, ended.stderr.decode()


def listed() -> dict[str, object]:
    """The newest run as it is listed."""
    rows: list[dict[str, object]] = json.loads(evaluator_here("runs", "list", "--json").stdout)
    return rows[0]


@pytest.mark.usefixtures("_priced")
def test_a_batch_stops_and_says_how_to_go_on(provider: RunningProvider) -> None:
    """With exit code 1; the same command with more money, or `resume`, ends with the same output as without a limit.

    All twelve cost more than 0.05 USD, whatever the order, and one call has room in 0.02.
    """
    stopped = batch("--budget", "0.03")
    run = listed()
    at_first = provider.counts().billed_usd
    resumed = evaluator_here("runs", "resume", str(run["id"]), "--budget", "0.05")
    at_second = provider.counts().billed_usd
    code, output, said = batch("--budget", "5")
    shown = evaluator_here("runs", "show", str(run["id"])).stdout.decode()

    assert stopped[0] == resumed.returncode == 1
    assert "the budget has no room for another call" in stopped[2]
    assert f"evaluator runs resume {run['id']}" in stopped[2]
    assert "of 0.03 USD are spent" in stopped[2]
    assert (run["state"], run["budget_usd"]) == ("stopped", 0.03)
    assert at_first <= 0.03
    assert at_first < at_second <= 0.05
    assert (code, output.count(b"\n")) == (0, 12)
    assert lasting(output).startswith(lasting(stopped[1]))
    assert "USD spent of a budget of 5 USD" in shown
    assert " calls, " in said
    assert "cost unknown" not in said
    assert listed()["state"] == "finished"


@pytest.mark.parametrize(
    "command",
    [
        ("batch", "answers.jsonl", "--rubric", RAG, "--budget", "1"),
        ("grade", "answer.txt", "--rubric", RAG, "--budget", "1"),
    ],
    ids=["batch", "grade"],
)
def test_a_budget_needs_a_price(command: tuple[str, ...], provider: RunningProvider) -> None:
    """Refused before any call, with what to set."""
    ended = evaluator_here(*command)

    assert ended.returncode == 2
    assert b'EVALUATOR_PRICES=\'{"openai/scripted": {"prompt": 0.5' in ended.stderr
    assert provider.counts().requests == 0


def test_a_run_with_a_budget_is_not_resumed_without_a_price(
    monkeypatch: pytest.MonkeyPatch, provider: RunningProvider
) -> None:
    """Although the flag is not given again."""
    monkeypatch.setenv("EVALUATOR_PRICES", PRICES)
    batch("--budget", "0.001")
    monkeypatch.delenv("EVALUATOR_PRICES")

    ended = evaluator_here("runs", "resume", str(listed()["id"]))

    assert ended.returncode == 2
    assert b"A budget needs a price" in ended.stderr
    assert provider.counts().requests == 0


@pytest.mark.usefixtures("_priced")
@pytest.mark.parametrize(
    ("budget", "code", "message"), [("0.001", 1, b"has no room for another call"), ("1", 0, b"")], ids=["low", "enough"]
)
def test_one_answer_has_a_budget_too(budget: str, code: int, message: bytes, provider: RunningProvider) -> None:
    """A call that may cost more is not made."""
    ended = evaluator_here("grade", "answer.txt", "--rubric", RAG, "--budget", budget)

    assert ended.returncode == code
    assert message in ended.stderr
    assert bool(provider.counts().requests) is (code == 0)


@pytest.mark.parametrize("amount", ["0", "-1", "nan", "much"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    """As bad usage."""
    assert evaluator_here("grade", "answer.txt", "--rubric", RAG, "--budget", amount).returncode == 2


@pytest.mark.usefixtures("_priced")
def test_a_dry_run_says_what_it_would_cost(provider: RunningProvider) -> None:
    """Without a call at first by what is usual, and afterwards by what was measured, near to what is billed."""
    code, usual, _ = batch("--dry-run", "--json")
    assert provider.counts().requests == 0
    batch()
    billed = provider.counts().billed_usd
    measured = json.loads(batch("--dry-run", "--json")[1])

    before = json.loads(usual)
    assert code == 0
    assert before["measured_results"] == 0
    assert 0 < before["cost_usd"]["p50"] < before["cost_usd"]["p90"]
    assert measured["measured_results"] == 12
    # Counted with another tokeniser than the provider's, and without what it keeps of the prompts.
    assert billed / 3 < measured["cost_usd"]["p50"] <= measured["cost_usd"]["p90"] < billed * 6
    assert b"from 12 earlier results" in batch("--dry-run")[1]


def test_a_dry_run_without_a_price_says_so() -> None:
    """Unknown, and never 0."""
    plan = json.loads(batch("--dry-run", "--json")[1])

    assert plan["cost_usd"] is None
    assert "EVALUATOR_PRICES" in plan["cost_unknown"]
    assert b"cost unknown: the price of openai/scripted is unknown" in batch("--dry-run")[1]


def test_a_cost_that_is_not_known_is_not_nothing() -> None:
    """In the summary and where runs are shown."""
    _, _, said = batch()

    assert "cost unknown" in said
    assert "cost unknown" in evaluator_here("runs", "show", str(listed()["id"])).stdout.decode()
