# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
# Each makes .venv from requirements.lock where it is missing or older.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
# One more than two cores have: a third test runs while another waits. More on a larger machine.
WORKERS := 3

export PIP_DISABLE_PIP_VERSION_CHECK := 1

FITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))

.PHONY: help demo test fast lab lint notebooks bench lock

help: ## list these commands
	@grep -E '^[a-z]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z]+):.*## */  make \1\t/' | expand -t 18

demo: ## grade a made-up class from start to finish; set-up and demo are timed apart
	@began=$$SECONDS; $(MAKE) -s $(READY); ready=$$SECONDS; code=0; \
	$(BIN)/mildip demo || code=$$?; \
	echo "Set-up: $$((ready - began)) s. Demo: $$((SECONDS - ready)) s."; exit $$code

test: $(READY) ## every test, the lessons and the browser too; says at the end what was left out
	$(BIN)/python -m pytest -m "" -n $(WORKERS) --nbval --nbval-current-env tests notebooks

fast: $(READY) ## the tests that take seconds
	$(BIN)/python -m pytest

lab: $(READY) ## open JupyterLab
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab  # nbgrader calls its tools by name

lint: $(READY) ## style of code and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --exclude '*.ipynb' .

notebooks: $(READY) ## run every lesson and store its outputs
	@for lesson in notebooks/m*/; do \
	    $(BIN)/python -m course.lesson run "$$(basename "$$lesson")"; \
	done

bench: $(READY) ## seconds and memory of each lesson, run from top to bottom
	$(BIN)/python tests/bench_modules.py

lock: $(READY) ## work out requirements.lock anew
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/python -m uv pip compile pyproject.toml --universal --python-version 3.11 \
	    --generate-hashes --extra test --extra dev --extra dask --extra postgresql \
	    --custom-compile-command "make lock" -o requirements.lock

# pip refuses a hashed lock and a local folder in one call. An old one, as Python brings it, asks
# for the newest version of what is wanted with an extra, and then refuses that: pip comes first.
$(READY): requirements.lock pyproject.toml hatch_build.py
	@python="$(PYTHON)"; \
	if [ -z "$$python" ]; then \
	    for name in python3.13 python3.12 python3.11 python3; do \
	        if "$$name" -c '$(FITS)' 2>/dev/null; then python="$$name"; break; fi; \
	    done; \
	fi; \
	if [ -z "$$python" ] || ! "$$python" -c '$(FITS)'; then \
	    echo "No Python from 3.11 to 3.13 with its venv module was found. Install one" \
	        "(on Debian also python3-venv), or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	echo "Setting up $(VENV) with $$("$$python" --version). This takes a minute or two, once."; \
	if ! $(BIN)/python -c '$(FITS)' 2>/dev/null; then "$$python" -m venv --clear $(VENV); fi
	@$(BIN)/python -m pip install -qq --require-hashes -r <(sed -n '/^pip==/,/# via/p' requirements.lock)
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $(READY)
