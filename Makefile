# One command a task, the same here and in CI. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
REPORTS ?= build/reports

# A file's tests share one worker, so that what they start for all of them is started once.
PYTEST_ARGS ?= -n auto --dist loadfile --no-loadscope-reorder

# `make lock LOCK_ARGS=--upgrade` takes the newest versions; without it only what pyproject asks for changes.
LOCK_ARGS ?=

LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
BUILT := $(if $(wildcard web/frontend/package-lock.json),$(VENV)/.built)

.PHONY: help setup demo test check static servers bench long reports docs lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(INSTALLED) $(BUILT) ## build .venv from the lock, then the front end; quick when nothing changed

demo: setup ## the whole platform on this machine, with live data in a browser
	$(BIN)/imm demo

test: setup servers static ## everything that CI runs: servers the tests need, all checks, all tests
	$(BIN)/pytest $(PYTEST_ARGS)

check: setup static ## what needs no server: format, lint, types, layers, architecture, docs
	$(BIN)/pytest -q tests/architecture

bench: setup ## figures of this machine, as JSON under build/reports
	@mkdir -p $(REPORTS)
	$(BIN)/imm bench ingest --report $(REPORTS)/bench-ingest.json
	$(BIN)/imm bench store --report $(REPORTS)/bench-store.json
	$(BIN)/imm bench city --report $(REPORTS)/bench-city.json

long: setup servers ## kill series, soaks and full-size figures; reports land in docs/reports
	$(BIN)/pytest --long -m long

reports: setup ## what the shipped rules would have done in a simulated month; what lets them act
	@mkdir -p build
	$(BIN)/python -m simulator.month build/month.csv
	$(BIN)/imm rules test deploy/rules/bima.yaml --csv build/month.csv --since 30d --relearn 21600 \
		--report deploy/rules/reports/bima.json

docs: setup ## the documentation as HTML under docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

lock: setup ## pin every dependency again, with hashes, for Python 3.11 and later
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(LOCK_ARGS) \
		--no-header --no-emit-index-url --no-emit-find-links --no-emit-package imm-edge --all-extras --group dev \
		pyproject.toml packaging/imm-edge/pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --python-version 3.13 --only-binary :all: --no-binary http-ece --no-deps \
		requirements.lock --output-file /dev/null

clean: ## remove what was built and cached here, but .venv
	rm -rf build dist docs/_build web/static/build web/frontend/node_modules
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache $(VENV)/.built

static:
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-error-summary .
	$(BIN)/lint-imports
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

servers:
	@tests/servers

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "python3 is older than 3.11: name a newer one, as in  make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "python3 has no venv: install it first, as in  apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(LOCKED): requirements.lock | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml packaging/imm-edge/pyproject.toml
	$(PIP) install --no-deps --no-build-isolation -e packaging/imm-edge -e .
	@touch $@

# The lock's node and npm stand in .venv/bin; nothing that a package brings runs while it is installed.
$(VENV)/.built: $(INSTALLED) $(shell find web/frontend -type f -not -path '*/node_modules/*' 2>/dev/null)
	cd web/frontend && PATH="$(CURDIR)/$(BIN):$$PATH" && npm ci --ignore-scripts --no-audit --no-fund && npm run build
	@touch $@
