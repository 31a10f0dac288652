# Everything runs from .venv, which is made from requirements.lock when it is missing or older.
# Needs make and Python 3.11 or newer, nothing else.

VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
PYTHON ?= $(firstword $(foreach p,python3 python3.11 python3.12 python3.13 python3.14,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))

.PHONY: help up test check lint types layers security mutants format lock clean

help:  ## what can be made
	@grep -E '^[.a-z]+:.*##' Makefile | sed -E 's/:.*## /|/' | \
		while IFS='|' read -r name text; do printf '  make %-8s %s\n' "$$name" "$$text"; done

up: $(VENV)  ## start the whole network on this machine (Ctrl-C stops it)
	@$(BIN)/duologue up

test: $(VENV)  ## run the tests
	@$(BIN)/python -m pytest $(ARGS)

check: lint types layers security test  ## what CI runs: linting, types, layers, secrets, tests

lint: $(VENV)
	@echo "ruff: rules"; $(BIN)/ruff check .
	@echo "ruff: format"; $(BIN)/ruff format --check --quiet . || \
		{ echo "'make format' puts this right"; $(BIN)/ruff format --check . ; exit 1; }

types: $(VENV)
	@echo "mypy: types"; $(BIN)/mypy

layers: $(VENV)
	@echo "import-linter: layers"; $(BIN)/lint-imports --no-logo

security: $(VENV)
	@echo "bandit: dangerous calls"; $(BIN)/bandit --quiet --recursive --configfile pyproject.toml \
		config core coordinator shard simulator deploy
	@echo "detect-secrets: tokens, keys, passwords"; $(BIN)/python -m tests.secret_scan

mutants: $(VENV)  ## breaks the core decisions in a thousand ways, and counts what the tests notice
	@$(BIN)/python -m tests.mutants $(ARGS)

format: $(VENV)  ## put the code into shape
	@$(BIN)/ruff check --fix --exit-zero --quiet .; $(BIN)/ruff format .

lock: $(VENV)  ## pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --extra dev \
		pyproject.toml --output-file requirements.lock

clean:  ## remove the environment and caches (never your data in .duologue)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV): $(VENV)/.made  ## make just the environment

$(VENV)/.made: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Duologue needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version), about half a minute the first time"
	@$(PYTHON) -m venv $(VENV) || { echo "python -m venv failed: on Debian and Ubuntu 'apt install python3-venv' adds what is missing"; exit 1; }
	@if $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); \
	then $(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock; \
	else echo "No uv for this machine, using pip"; \
		$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock; \
	fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
