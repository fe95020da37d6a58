# Everything a developer or CI does, by name. Each target sets up what it needs; a second run is quick.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Some machines forbid compiled modules; without them each start of Python compiles all of the package.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.emulator: $(VENV)/.python pyproject.toml constraints.txt
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[emulator]'
	@touch $@

$(VENV)/.dev: $(VENV)/.emulator
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group test --group lint
	@touch $@

.PHONY: demo
demo: $(VENV)/.emulator ## Load sample customers into an emulated Selligent and show what it holds then
	@$(BIN)/python scripts/demo.py

.PHONY: test
test: $(VENV)/.dev ## Run the tests
	@# In the order of the files: those that take long come first, and the two processes end together.
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 15

.PHONY: unit
unit: $(VENV)/.dev ## Run the tests that start no process, in seconds
	@$(BIN)/python -m pytest -q --numprocesses 2 tests/unit

.PHONY: matrix
matrix: $(VENV)/.dev ## Run the quicker tests on the oldest and newest Python, and with the lowest dependencies
	@$(BIN)/python scripts/matrix.py

.PHONY: e2e
e2e: $(VENV)/.emulator ## PostgreSQL to Selligent through Meltano, checked against SQL
	@$(BIN)/python -m e2e

.PHONY: e2e-spark
e2e-spark: $(VENV)/.emulator ## Spark to Selligent with an executor killed, checked against the DataFrames (minutes)
	@$(BIN)/python -m e2e.spark

.PHONY: bench
bench: $(VENV)/.dev ## Measure against a bare loop, a stock SDK target and a released one (minutes)
	@$(BIN)/python -m benchmarks

.PHONY: bench-quick
bench-quick: $(VENV)/.emulator ## The same with fewer records, under a minute
	@$(BIN)/python -m benchmarks --quick

.PHONY: lint
lint: $(VENV)/.dev ## Check style and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell

.PHONY: types
types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

.PHONY: docs
docs: $(VENV)/.emulator ## Write the generated parts of README, docs/settings.md, meltano.yml and .env.example
	@$(BIN)/python scripts/generate_docs.py

$(VENV)/.site: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group site
	@touch $@

.PHONY: site
site: $(VENV)/.site ## Build the site of the documentation, and check its links
	@$(BIN)/python scripts/site.py

.PHONY: recipes
recipes: $(VENV)/.emulator ## Run the recipe for Dagster against the emulator
	@$(BIN)/python scripts/recipes.py

$(VENV)/.release: $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group release
	@touch $@

.PHONY: release-check
release-check: $(VENV)/.release ## Build the sdist and the wheel, and install them as a stranger would
	@$(BIN)/python scripts/release_check.py

.PHONY: constraints
constraints: matrix ## Pin what is installed now, for the oldest Python and for newer ones
	@$(BIN)/python scripts/pin.py .matrix/3.10/bin/python $(BIN)/python

.PHONY: clean
clean: ## Remove environments and caches
	@rm -rf $(VENV) .e2e .site .recipes dist .bench .matrix .meltano .mypy_cache .pytest_cache .ruff_cache .hypothesis
