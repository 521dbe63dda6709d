# Two commands on a fresh machine: `make demo` and `make test`. Everything else is for working here.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help install demo test golden check bench conformance format picture system clean
.DEFAULT_GOAL := help

help:  ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

install: $(STAMP)  ## virtual environment in .venv with pinned dependencies

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Python 3.11 or later is needed; PYTHON=python3.12 make … picks one"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[demo,dev]'
	@touch $(STAMP)

demo: install  ## the whole chain on embedded defaults; ARGS="--seconds 60 --json" and so on
	$(BIN)/hjemmepuls demo $(ARGS)

system:  ## what the tests start: Mosquitto and Chromium (skipped where apt or root is missing)
	@./tests/install-system-packages

test:  ## every test, on up to four cores; installs what it needs
	@$(MAKE) --no-print-directory --jobs 2 install system
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

golden: install  ## every golden file and generated table anew; read the diff
	$(BIN)/python -m tests.remake

check: install  ## format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install  ## the small parts; whole paths: .venv/bin/python -m benchmarks NAME
	$(BIN)/python -m pytest benchmarks/micro --benchmark-enable --benchmark-only \
	    --benchmark-disable-gc --benchmark-group-by=group $(ARGS)

conformance: install system  ## official validators over rendered samples (Java 17, Maven, Node.js 20)
	$(BIN)/python -m tests.conformance $(ARGS)

picture: install system  ## the README's picture of the worklist, from a demo run
	$(BIN)/python -m tests.picture docs/worklist.png

clean:  ## remove what was made
	rm -rf $(VENV) var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
