# Aftercare. Needs Python 3.11 or later and make; every target builds .venv first by itself.
#
#   make up      everything embedded, and a sample day of    make test    all tests
#                calls in it, until ctrl-c
#   make down    stop what `aftercare up -d` left running    make check   format, lint, types, layers, quick tests
#   make demo    one ticket's whole story, then exit         make bench   what a ticket costs, how fast promises are judged
#   make setup   only build .venv                            make lock    choose versions anew
#   make search  random tests, many new examples             make docs    docs/ticket.md, docs/clauses.md
#
# ARGS passes options on: make up ARGS=-d, make test ARGS="-k phone".

SHELL := /bin/sh
.DEFAULT_GOAL := up
.PHONY: up down demo test search check bench docs histories setup lock

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
EXAMPLES ?= 2000

up: setup
	@exec $(BIN)/aftercare up --demo $(ARGS)

down: setup
	@$(BIN)/aftercare down

demo: setup
	@exec $(BIN)/aftercare demo $(ARGS)

test: setup
	$(BIN)/pytest $(ARGS)

# What random tests find with other and more examples than those of `make test`.
search: setup
	AFTERCARE_EXAMPLES=$(EXAMPLES) AFTERCARE_LIVES=$(EXAMPLES) \
	  $(BIN)/pytest -q --timeout 7200 -k "model or machine or property or before_yes" tests/unit $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/unit

# Once a release, before it is let go: what its open tickets' histories look like.
histories: setup
	$(BIN)/python -m tests.histories.record

docs: setup
	$(BIN)/python -m docs.generate

bench: setup
	$(BIN)/python -m benchmarks $(ARGS)

setup: $(READY)

# The stamp comes last, so a build that was cut short is done again. -I keeps the working
# directory and the user's own packages out of it.
$(READY): requirements.lock pyproject.toml
	@python=$$(for each in $${PYTHON:-python3} python3.14 python3.13 python3.12 python3.11; do \
	  if "$$each" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then echo "$$each"; break; fi; done); \
	if [ -z "$$python" ]; then echo "Python 3.11 or later is needed (set PYTHON)" >&2; exit 1; fi; \
	$(BIN)/python -I -c 'import pip' 2>/dev/null || "$$python" -m venv --clear $(VENV) || \
	  { echo "the venv module is missing: install python3-venv" >&2; exit 1; }
	$(BIN)/python -I -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -I -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header pyproject.toml

lock:
	$(COMPILE) --all-extras --output-file requirements.lock
	$(COMPILE) --constraints requirements.lock --output-file deploy/requirements.lock
