# `make demo` and `make test` set everything up by themselves; the second time that is quick.
SHELL := /bin/bash
# Debian's own first: it is built with profiles, and a loop takes a quarter less than in one that is not.
PYTHON ?= $(shell for python in /usr/bin/python3.11 python3.11 python3; do \
	command -v $$python && $$python -c 'import ensurepip' 2>/dev/null && break; done | tail -n 1)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
BROWSERS := /usr/bin/chromium /usr/bin/chromium-headless-shell
AXE := tests/portal/node_modules/.set-up
ARGS ?=
export UV_PYTHON_DOWNLOADS := never
# Compiled once, not by each of the many processes that tests start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup demo test test-sdk lint types layers tests bench fmt docs lock proto system clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; on Debian: make system"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python cannot make a venv; on Debian: make system"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.8"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

# The rules of accessibility that the pages of the portal are tested by; the product needs no npm.
$(AXE): tests/portal/package.json
	@if ! command -v npm >/dev/null; then echo "npm is not there: pages are not tested with axe-core"; \
	elif npm install --prefix tests/portal --no-package-lock --no-audit --no-fund --silent --fetch-retries=1; then touch $@; \
	else echo "npm could not install axe-core: pages are not tested with it"; fi

# The browsers that the pages of the portal are looked at with.
$(BROWSERS):
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then $(MAKE) --no-print-directory system; \
	else echo "$@ is not there: pages are not tested in a browser; on Debian: make system"; fi

demo: setup
	@$(BIN)/bowerbird demo $(ARGS)

test: setup $(AXE) $(BROWSERS)
	@$(MAKE) --no-print-directory --jobs=2 lint types layers
	@$(MAKE) --no-print-directory tests

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy
	cd clients/python && ../../$(BIN)/mypy

layers:
	$(BIN)/lint-imports

tests:
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

bench: setup
	$(BIN)/python -m bench $(ARGS)

# The official SDK against a running server, in an environment of its own: its pins are not ours.
SDK := .venv-sdk
test-sdk: setup
	@test -x $(SDK)/bin/python || $(PYTHON) -m venv $(SDK)
	@$(BIN)/uv pip install --quiet --python $(SDK)/bin/python "clarifai==12.2.*"
	BOWERBIRD_SDK_PYTHON=$(abspath $(SDK)/bin/python) $(BIN)/python -m pytest tests/test_examples.py $(ARGS)

# The pages that are printed from the code.
docs: setup
	$(BIN)/python docs/generate.py

fmt: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# What the machine itself must have, where we may install it.
system:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && apt-get install -y -qq python3.11 python3.11-venv make chromium chromium-headless-shell npm; \
	else echo "Needed: Python 3.11 with its venv module, and chromium, chromium-headless-shell and npm for the tests of the portal. Not root on Debian: install it yourself."; fi

# After a change of the dependencies in pyproject.toml.
lock: setup
	$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --group dev --generate-hashes \
		--no-emit-index-url --no-header --upgrade --output-file requirements.lock

# After a change of a .proto file.
proto: setup
	cd src && ../$(BIN)/python -m bowerbird.proto.generate

clean:
	rm -rf $(VENV) $(SDK) tests/portal/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
