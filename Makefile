# Two commands do everything: `make up` and `make test`. Both set themselves up.

SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: help up setup test screens lint fix bench lock clean

help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/' | expand -t 10

up: setup ## start server (port 8000) and console (port 8501), print a sign-in link
	@$(BIN)/rapport up

setup: $(VENV)/.runs ## make .venv with pinned, hash-checked dependencies

test: $(VENV)/.tests ## run every test
	@$(BIN)/python tests/browser.py
	@$(BIN)/python tests/mariadb.py
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/.tests ## ruff and mypy --strict
	@$(BIN)/ruff format --check server console tests benchmarks
	@$(BIN)/ruff check server console tests benchmarks
	@$(BIN)/mypy --strict server console

screens: $(VENV)/.tests ## take the pictures of docs/screens anew
	@$(BIN)/python tests/browser.py
	@RAPPORT_SCREENS=1 $(BIN)/python -m pytest tests/console/test_screens.py $(ARGS)

fix: $(VENV)/.tests ## format, and mend what ruff can mend
	@$(BIN)/ruff format server console tests benchmarks
	@$(BIN)/ruff check --fix server console tests benchmarks

bench: $(VENV)/.tests ## measure, beside the floor, in one run; writes benchmarks/results
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.plugins
	@$(BIN)/python tests/browser.py && $(BIN)/python -m benchmarks.console

lock: ## resolve requirements/*.in anew (needs uv)
	@cd requirements && for part in run dev; do \
		uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--quiet --custom-compile-command 'make lock' $$part.in -o $$part.txt || exit 1; done

clean: ## remove .venv and caches; data is kept
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Rapport needs Python 3.11 or newer, and none was found on the PATH."; exit 2; }
	@"$(PYTHON)" -m venv $(VENV) || { echo "Python's venv is missing: on Debian, apt-get install python3-venv."; exit 2; }
	@touch $@

$(VENV)/.runs: $(VENV)/.made requirements/run.txt pyproject.toml
	@echo "Installing what Rapport runs on (a minute or two, once) ..."
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tests: $(VENV)/.runs requirements/dev.txt
	@echo "Installing what the tests need ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
