# `make help` lists what there is to make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV     := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
          --exclude-newer "7 days" --custom-compile-command "make lock" --upgrade --quiet

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test coverage check lint format bench trials schema lock clean

help: ## List the targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# A lock file lists everything, so pip has nothing to resolve.
# The stamps make a second run cheap: nothing is installed again until a lock file or pyproject.toml changes.
$(VENV)/run.stamp: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one with PYTHON=...") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the service needs (once) ..." >&2
	@$(PIP) install --require-hashes --no-deps -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "Installing what the tests need (once) ..." >&2
	@$(PIP) install --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

setup: $(VENV)/run.stamp ## Install the service into .venv.
setup-dev: $(VENV)/dev.stamp ## Install the test tools too.

run: setup ## Start the service at http://127.0.0.1:8000.
	@$(BIN)/evaluator serve

test: lint ## Lint, types, import contracts and tests.
	@$(BIN)/pytest -n 4 --dist worksteal

coverage: setup-dev ## The tests again, slower, with what they cover of lines and branches.
	@$(BIN)/pytest -n 4 --dist worksteal --cov --cov-report=term --cov-fail-under=95

check: test ## The same as `make test`.

lint: setup-dev ## Format, lint, types and import contracts, without the tests.
	@$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run 'make format'." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: setup-dev ## Rewrite the code in the house format.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet .

bench: setup-dev ## Measure start-up and speed, as ratios within one run.
	@$(BIN)/python -m benchmarks

trials: setup-dev ## Run the long trials: far more examples, 52 kills, several workers, a million answers (an hour or two).
	@$(BIN)/pytest -n 4 --dist worksteal -m hypothesis --hypothesis-profile=trials
	@TRIAL_KILLS=13 $(BIN)/pytest tests/jobs/test_kills.py
	@TRIAL_WORKERS_ANSWERS=1280 $(BIN)/pytest tests/jobs/test_many_workers.py
	@TRIAL_CHAOS_ANSWERS=2000 $(BIN)/pytest -s tests/graders/test_chaos.py
	@TRIAL_ESCALATION_SEEDS=20 $(BIN)/pytest tests/graders/test_escalation.py
	@BENCH_ANSWERS=1000000 $(BIN)/python -m benchmarks many

schema: setup ## Write rubrics/rubric.schema.json anew from the models.
	@$(BIN)/evaluator rubric schema > rubrics/rubric.schema.json

lock: setup-dev ## Choose the newest releases that are at least a week old, and lock them with hashes.
	@$(UV) --group build -o requirements.txt
	@$(UV) --group build --group dev -o requirements-dev.txt

clean: ## Remove what the targets made.
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache dist
