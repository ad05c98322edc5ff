# `make` lists the targets. They need make and Python 3.11 or newer (3.14 at most); everything else they fetch themselves.
.DEFAULT_GOAL := help
.PHONY: help run servers test access soak check bench lock screenshots clean
.NOTPARALLEL:

PY := .venv/bin/python
ARGS ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: ## start everything, demo data included (PORT=8000; with SYNAQ_BASE_URL set: against that API, no demo)
	@dev/setup.sh run
	@exec $(PY) -m dev run

servers: ## start only an embedded Postgres and Redis, and print where they are
	@dev/setup.sh run
	@exec $(PY) -m dev servers

test: ## every test, browser tests included (ARGS="-k words" to choose)
	@dev/setup.sh dev
	@exec $(PY) -m dev test $(ARGS)

access: ## who gets in where: every route and every role
	@dev/setup.sh dev
	@exec $(PY) -m dev access $(ARGS)

soak: ## thousands of actions while everything breaks all the time (MINUTES=30 SEED=number)
	@dev/setup.sh dev
	@exec $(PY) -m dev soak

check: ## lint, types, templates, import rules, settings, migrations
	@dev/setup.sh dev
	@exec $(PY) -m dev check $(ARGS)

bench: ## measure, against baselines of the same run (ONLY=name for one)
	@dev/setup.sh dev
	@exec $(PY) -m dev exec -- $(PY) -m benchmarks $(ONLY)

lock: ## write requirements.txt and requirements-dev.txt anew from the .in files (ARGS=--upgrade)
	@dev/setup.sh run
	@exec $(PY) -m dev lock $(ARGS)

screenshots: ## take the README's pictures anew
	@dev/setup.sh dev
	@exec $(PY) -m tests.acceptance.screenshots

clean: ## remove the virtual environment and caches (the data in var/ stays)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
