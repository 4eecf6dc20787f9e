# Every target sets up what it needs; `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help dev scan format lint test test-lab test-all bench build schema docs golden clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("hipscan needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

dev: $(STAMP) ## Make the environment in .venv

scan: $(STAMP) ## Scan this machine, print the table, write report.html
	@$(BIN)/hipscan scan local -o html=report.html; status=$$?; \
	case $$status in 0|1|3) echo "report.html is written; hipscan's exit status was $$status";; \
	*) exit $$status;; esac

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --select I .

lint: $(STAMP) ## Style, types, layers, the generated files, the packs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hipscan rules lint
	$(BIN)/hipscan rules schema --check

test: $(STAMP) ## Run the tests that need no lab
	$(BIN)/python -m pytest -n auto -m "not lab"

test-lab: $(STAMP) ## Run the tests on real hosts made here (as root)
	$(BIN)/python -m pytest -m lab -n 2

test-all: $(STAMP) ## Run everything
	$(MAKE) lint
	$(MAKE) test
	$(MAKE) test-lab

bench: $(STAMP) ## Measure what a scan and an import of feeds cost
	$(BIN)/python -m tests.bench_feeds $(FEEDS)
	$(BIN)/python -m tests.bench

build: $(STAMP) ## Build the wheel and the sdist into dist/
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist

schema: $(STAMP) ## Write the JSON Schemas of docs/schemas
	$(BIN)/hipscan rules schema --write

docs: $(STAMP) ## Write docs/reference, and the README's table of rules
	$(BIN)/python -m tests.reference
	$(BIN)/python -m tests.readme

golden: $(STAMP) ## Write the golden reports again, to be reviewed as a diff
	$(BIN)/python -m tests.report.golden

clean: ## Remove what the other targets made, lab hosts included
	rm -rf $(VENV) .cache build dist report.html runs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
