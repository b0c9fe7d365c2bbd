# What a contributor runs before pushing is the default: `make` is `make check`.
PYTHON ?= python3
BIN := .venv/bin
# Most of what is installed is never imported. What is, is compiled then, and kept, even where the
# surroundings would not have it kept.
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
export PYTHONDONTWRITEBYTECODE =

.PHONY: check demo test test-all lint bench simulate docs clean

check: lint test

demo: .venv/base
	$(BIN)/nameplate demo --out demo

test: .venv/full
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test-all: .venv/full
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --all

lint: .venv/full
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/full
	$(BIN)/python -m lab.clip
	$(BIN)/python -m lab.archive $(if $(CLIPS),--clips $(CLIPS))

simulate: .venv/full
	$(BIN)/python -m lab.simulate docs/statistics.md

docs: .venv/full
	$(BIN)/python -m api.cli.commands docs

clean:
	rm -rf .venv demo results build *.egg-info

# The base install looks at footage; it carries no torch. The pip that a Python brings may be years
# old, and takes longer.
.venv/base: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.platform != "linux" and "Nameplate runs on Linux; elsewhere use a virtual machine or a container with it" or sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say: make PYTHON=python3.11 ...")'
	@echo "installing into .venv: 2 to 8 minutes, 1.3 GB; with what tests and training need, 5 GB"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --upgrade pip
	$(INSTALL) --editable .
	touch $@

.venv/full: .venv/base
	$(INSTALL) --editable '.[train,dev]'
	touch $@
