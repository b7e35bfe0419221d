# make run     install into .venv, then run pipelines/gpt3_mix.yaml on the demo corpus
# make test    lint, types, tests: what CI runs
# make lint    lint and types only
# make bench   every text stage against other libraries; DATA=folder of real text, ONLY='BPE encode' for one
# make bench-extract  HTML to text, by three engines, against gold text in DATA; FOLDS=5 trains anew for each fifth
# make ablate-extract  the same folds without each idea of curate's extractor in turn: half an hour of one core
# make bench-scaling  how much sooner two workers are done than one, on the GPT-3 pipeline over DATA
# make bench-engines  what Ray costs over the local engine, on pages of DATA
# make fuzz    damaged input for every reader: RUNS=10000 for each target, TARGETS='warc html', ENGINE=atheris
# make bench-memory  peak memory of every phase, for a corpus of 1, 4 and 16 times a size
# make scale   deduplicate SIGNATURES synthetic signatures; see docs/scale.md
# make chaos   kill, damage and starve runs TRIALS=200 times, and put the table into docs/reliability.md: half an hour
# make clean   remove .venv and everything that can be made again; runs/ stays
#
# PYTHON=... picks the interpreter; it must be 3.11 or newer.

SHELL := /bin/bash
PIPELINE ?= pipelines/gpt3_mix.yaml
WORKERS ?= 2
DATA ?= ../shared/data
SIGNATURES ?= 1e7
RUNS ?= 10000
ENGINE ?= own
TRIALS ?= 200

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c '$(NEW_ENOUGH)' 2>/dev/null && { echo "$$each"; break; }; done)

BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check

.PHONY: help run test lint bench bench-extract ablate-extract bench-scaling bench-engines bench-memory scale chaos fuzz clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: .venv/installed
	@$(BIN)/curate run $(PIPELINE)

test: lint
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

lint: .venv/installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy

bench: .venv/installed
	@$(BIN)/python benchmarks/bench.py --data "$(DATA)" $(if $(ONLY),--only "$(ONLY)")

bench-extract: .venv/installed-dev
	@$(BIN)/python benchmarks/extraction/bench.py "$(DATA)" $(if $(FOLDS),--folds $(FOLDS))

ablate-extract: .venv/installed-dev
	@$(BIN)/python benchmarks/extraction/ablate.py "$(DATA)"

bench-scaling: .venv/installed
	@$(BIN)/python benchmarks/scaling.py "$(DATA)"

bench-engines: .venv/installed-dev
	@$(BIN)/python benchmarks/engines.py "$(DATA)"

bench-memory: .venv/installed
	@$(BIN)/python benchmarks/memory.py

scale: .venv/installed
	@$(BIN)/python benchmarks/scale/simulate.py --documents $(SIGNATURES)

chaos: .venv/installed-dev
	@$(BIN)/python -m pytest tests/chaos --numprocesses $(WORKERS) --trials $(TRIALS) --chaos-table docs/reliability.md

fuzz: .venv/installed-dev
	@$(BIN)/python tests/fuzz/fuzz.py $(TARGETS) --runs $(RUNS) --engine $(ENGINE)

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: .venv/bin/python pyproject.toml
	@echo "installing curate into .venv"
	@$(PIP_INSTALL) --editable .
	@touch $@

.venv/installed-dev: .venv/bin/python pyproject.toml
	@echo "installing curate and its development tools into .venv"
	@$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ .venv/installed

.venv/bin/python:
	@if ! "$(PYTHON)" -c '$(NEW_ENOUGH)' 2>/dev/null; then \
		echo "curate needs Python 3.11 or newer, and $(or $(PYTHON),python3) is not:" >&2; \
		"$(or $(PYTHON),python3)" --version >&2; \
		echo "install one, or say where it is: make $(or $(MAKECMDGOALS),run) PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi
	@echo "making .venv with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo "venv failed: on Debian and Ubuntu, install the package python3-venv" >&2; exit 1; }
