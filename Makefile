# `make` lists the targets. Needs Python 3.11 or newer, make and git; everything else goes into
# $(VENV), a folder below this one.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV ?= .venv
PORT ?= 3000
PYTEST_ARGS ?=

# The first interpreter that runs and is new enough: a name on the path may be an empty shim, or
# belong to an environment that is active, and then it names the interpreter behind it.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$name" -c 'import sys; sys.version_info < (3, 11) and sys.exit(1); print(sys._base_executable)' \
	2>/dev/null && break; done)

# Dagster's console tells every event unless told otherwise; errors are still shown.
QUIET := {"loggers": {"console": {"config": {"log_level": "INFO"}}}}

BIN := $(CURDIR)/$(VENV)/bin
INSTALLED := $(VENV)/.installed

export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(BIN):$(PATH)
# Never the instance of a Dagster that the user runs elsewhere.
export DAGSTER_HOME := $(CURDIR)/.dagster_home
export DAGSTER_DISABLE_TELEMETRY := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME

.PHONY: help demo test dev check lint style types layers faults fuzz consumers env constraints

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: $(INSTALLED) .dagster_home/dagster.yaml ## materialise every asset on the sample
	dg launch --job sample_job --config-json '$(QUIET)'
	@python -m definitions.latest

test: $(INSTALLED) ## run every test
	pytest --numprocesses auto --dist loadgroup $(PYTEST_ARGS)

dev: $(INSTALLED) .dagster_home/dagster.yaml ## open Dagster's UI
	dg dev --host 127.0.0.1 --port $(PORT)

check: lint test ## run everything that must hold

lint: style types layers

style: $(INSTALLED) ## run ruff
	ruff check .
	ruff format --check .

types: $(INSTALLED) ## run mypy
	mypy

layers: $(INSTALLED) ## run import-linter
	lint-imports

faults: $(INSTALLED) ## kill exports and Dagster runs at 200 random moments
	python -m tests.faults.kill

fuzz: $(INSTALLED) ## spoil 100,000 label rows
	python -m tests.fuzz --rows 100000

consumers: $(INSTALLED) ## let other programs read an export, and write docs/consumers.md
	python -m tests.consumers look

env: $(INSTALLED) ## make the environment, where it is not up to date

constraints: ## take the newest versions of everything into constraints.txt
	"$(PYTHON)" -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --editable '.[dev]'
	.venv-newest/bin/python -m pip list --format freeze --exclude-editable \
		--exclude pip --exclude setuptools | LC_ALL=C sort --ignore-case > constraints.txt
	rm -r .venv-newest

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found." >&2; exit 1; }
	@"$(BIN)/python" -c '' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	"$(BIN)/python" -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

.dagster_home/dagster.yaml: definitions/dagster.yaml
	@mkdir -p $(@D)
	@cp $< $@
