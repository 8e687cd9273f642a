# Throughgate. Everything here needs only Python 3.11 or later and make; `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo run setup test check check-steps bench clean lock texts

VENV ?= .venv
BIN = $(VENV)/bin
export BIN
export PYTHONPATH = src
# Tests have a database of their own, so that they never touch one that is in use.
TEST_ENV = THROUGHGATE_DATA="$(CURDIR)/var/test"
THROUGHGATE = $(BIN)/python -m throughgate
# What the fast gate runs: rules, access, and the walls that the database keeps. `make test` runs everything.
QUICK = tests/policies tests/access tests/walls/test_every_table.py tests/walls/test_bypass.py \
  tests/walls/test_holes.py tests/walls/test_names_of_tests.py tests/test_spanish.py

# An environment whose folder was moved, or whose Python is gone, is made anew (only one that we made).
$(shell if [ -f $(VENV)/.here ]; then \
  [ "$$(cat $(VENV)/.here)" = "$(CURDIR)" ] && $(BIN)/python -c "" 2>/dev/null || rm -f $(VENV)/.base $(VENV)/.dev; fi)

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

demo: $(VENV)/.base ## a lived-in, invented agency in your browser
	$(THROUGHGATE) demo

run: $(VENV)/.base ## your own installation: database, web server and worker
	$(THROUGHGATE) run

setup: $(VENV)/.base ## install, make the database, and bring it up to date
	$(THROUGHGATE) setup

check: $(VENV)/.dev ## the fast gate: style, types, layers, templates, migrations, quick tests
	@$(TEST_ENV) sh .ci/with-database $(MAKE) --no-print-directory check-steps

check-steps:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@find src -name '*.html' -print | sort > var/test/templates.txt; \
	  if [ -s var/test/templates.txt ]; then echo "$(BIN)/djade --check (all templates)"; \
	  xargs $(BIN)/djade --check --target-version 5.2 < var/test/templates.txt; fi
	$(BIN)/python -W ignore::RuntimeWarning -m throughgate manage makemigrations --check --dry-run
	$(BIN)/python -m pytest -n 2 -m "not browser and not slow" $(QUICK) $(PYTEST)

test: $(VENV)/.dev ## every test, browser included; PYTEST='...' adds options
	@CHROMIUM="$$($(BIN)/python tests/browser/chromium.py)"; export CHROMIUM; \
	$(TEST_ENV) sh .ci/with-database $(BIN)/python -m pytest -n 2 $(PYTEST)

bench: $(VENV)/.dev ## measurements, each as ratios within one run
	@for program in bench/[!_]*.py; do echo "== $$program"; $(BIN)/python "$$program" || exit 1; done

texts: ## collect the texts to translate, and compile the translations
	$(BIN)/python -m throughgate.base.texts

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml requirements/dev.in -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" pyproject.toml -c requirements/dev.txt -o requirements/base.txt

clean: ## remove what was installed and built here; your data stays
	@if [ -x $(BIN)/python ]; then $(TEST_ENV) $(THROUGHGATE) stop || true; fi
	@case "$$(cat var/test/db/elsewhere 2>/dev/null)" in /var/lib/throughgate/?*) rm -rf "$$(cat var/test/db/elsewhere)";; esac
	rm -rf $(VENV) var/test build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache htmlcov .coverage*
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.base: requirements/base.txt .ci/make-venv
	@sh .ci/make-venv "$(VENV)" requirements/base.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/base.txt .ci/make-venv
	@sh .ci/make-venv "$(VENV)" requirements/dev.txt
	@touch $(VENV)/.base $@
