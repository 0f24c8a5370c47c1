# Two commands: `make demo` shows a pull and its report, `make test` runs the tests. Both make .venv first, once.
# PYTHON=/path/to/python3 names the interpreter; ARGS="-k name" goes to pytest or to the demo.
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo test check check-types check-lint check-format check-imports format clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo: ## pull an image through the recorder on this machine alone, and show the report
	@sh .ci/setup
	@$(BIN)/pull-inspector demo $(ARGS)

test: ## run the tests; ARGS="-k name" chooses
	@sh .ci/setup dev
	@$(BIN)/python -m pytest $(ARGS)

check: check-types check-lint check-format check-imports ## check types, lint, format and the import contract

check-types:
	@sh .ci/setup dev
	@$(BIN)/mypy

check-lint:
	@sh .ci/setup dev
	@$(BIN)/ruff check

check-format:
	@sh .ci/setup dev
	@$(BIN)/ruff format --check --quiet && echo "laid out well"

check-imports:
	@sh .ci/setup dev
	@$(BIN)/lint-imports

format: ## lay the code out
	@sh .ci/setup dev
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix --select I

clean: ## remove what make has made
	rm -rf .venv .venv-3.12 .venv-3.13 .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist demo.flow
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
