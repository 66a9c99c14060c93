# Each target sets up what it needs, once; a second run starts at once.
# PYTHON=python3.12 names another Python for a new environment.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

bin := .venv/bin
scripts := .ci/run infra/scripts/install-system infra/scripts/set-up infra/scripts/lock infra/kafka/kafka infra/redis/redis \
	infra/prometheus/prometheus

MODEL ?= model

.PHONY: help demo test check bench bench-archive bench-monitor bench-drift bench-replay quality dashboards \
	format lock set-up set-up-tests clean

help: ## print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## show filings being coded, on this machine alone, no service needed
	@infra/scripts/set-up runtime
	@$(bin)/codiflux demo $(DEMO)

test: set-up-tests ## run every test, with a real Kafka and a real Redis
	@CI=true $(bin)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(TESTS)

check: ## lint, format, types, layers, scripts, images, generated files
	@infra/scripts/set-up development
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	@if [[ -x $(bin)/shellcheck ]]; then echo shellcheck $(scripts); $(bin)/shellcheck $(scripts); fi
	@if [[ -x $(bin)/hadolint ]]; then echo hadolint infra/images/Dockerfile; $(bin)/hadolint infra/images/Dockerfile; fi
	$(bin)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@if $(bin)/codiflux schemas --help > /dev/null 2>&1; then echo codiflux schemas export --check; $(bin)/codiflux schemas export --check; fi
	$(bin)/pytest -q tests/unit/test_house.py

bench: set-up-tests ## measure against plain loops, Quix Streams and naive Faust; takes minutes
	@infra/scripts/set-up bench
	@$(bin)/python tests/bench/run.py $(BENCH)

bench-archive: set-up-tests ## measure the archive on a real Kafka beside a plain loop
	@$(bin)/python tests/bench/archive.py $(BENCH)

bench-monitor: set-up-tests ## measure the drift monitor on one core, and its memory; takes minutes
	@test -e $(MODEL) || $(bin)/codiflux train --starter --output $(MODEL)
	@$(bin)/python -m tests.bench.monitor --model $(MODEL) $(BENCH)

bench-drift: ## does the drift monitor detect and keep quiet; writes docs/drift.md; takes tens of minutes
	@infra/scripts/set-up development
	@infra/scripts/set-up bench
	@$(bin)/python -m tests.bench.drift $(BENCH)

bench-replay: set-up-tests ## measure replay of a million filings beside raw fastText, pandas and DuckDB; takes minutes
	@$(bin)/python tests/bench/replay.py $(BENCH)

quality: ## train the starter models, measure them, write docs/quality.md; takes minutes
	@infra/scripts/set-up development
	@$(bin)/python -m tests.quality $(QUALITY)

dashboards: ## write infra/grafana/dashboards/*.json from the code that makes them
	@infra/scripts/set-up development
	@$(bin)/python -m infra.grafana.make_dashboards

format: ## put the code in its format
	@infra/scripts/set-up development
	$(bin)/ruff check --fix .
	$(bin)/ruff format .

lock: ## resolve the locks anew: infra/requirements/*.lock
	@infra/scripts/lock

set-up: ## make .venv with everything for development
	@infra/scripts/set-up development

set-up-tests: set-up
	@infra/scripts/set-up s3
	@infra/scripts/install-system
	@infra/kafka/kafka install

clean: ## remove the environments and caches; models and data stay
	rm -rf .venv .venv-bench .venv-s3 .set-up.lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
