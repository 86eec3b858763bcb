# `make demo` bakes the template with its default answers and rehearses the result;
# `make test` runs the tests of the template, of a baked project and of localcloud.
.DEFAULT_GOAL := help
.PHONY: help demo test test-template test-project test-localcloud lint setup bake baked lock

PYTHON ?= $(or $(shell command -v python3.11),$(error Python 3.11 is needed; install it or set PYTHON))
BIN := .venv/bin
BAKED := build/vertex-mlops
# set by CI: a folder for one JUnit report a test run
report = $(if $(TEST_REPORTS),--junitxml="$(TEST_REPORTS)/$(1).xml")

help: ## Show these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 18

demo: bake ## Bake a project from the default answers and run it on a local Vertex AI
	@$(MAKE) --no-print-directory -C $(BAKED) run

test: test-template test-project ## Run the tests of the template, of the baked project and of localcloud

test-template: lint baked ## Test generation: answers, files, levels, updates, the regression variant
	@$(BIN)/pytest -n auto $(call report,template)

test-project: bake ## Run the baked project's own tests, localcloud's among them
	@$(MAKE) --no-print-directory -C $(BAKED) test

test-localcloud: bake ## Run localcloud's tests alone
	@$(MAKE) --no-print-directory -C $(BAKED) test-localcloud

lint: setup ## Check style and types of the hooks and the template's tests
	@$(BIN)/ruff check hooks tests
	@$(BIN)/ruff format --check hooks tests
	@$(BIN)/mypy

setup: .venv/installed ## Make the template's environment

bake: setup ## Generate a project into build/, from the default answers or ANSWERS="NAME=VALUE ..."
	@$(BIN)/cookiecutter . --no-input --overwrite-if-exists --output-dir build $(ANSWERS)

baked: bake ## Bake, and make the project's environment
	@$(MAKE) --no-print-directory -C $(BAKED) setup

lock: bake ## Resolve the newest versions that every environment allows
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate requirements.in --output-file requirements.lock
	@$(MAKE) --no-print-directory -C $(BAKED) lock
	@cd $(BAKED) && cp requirements.lock "../../{{cookiecutter.project}}/" && cp --parents \
		infra/bootstrap.lock infra/images/*/requirements.lock infra/tools/*/requirements.lock \
		benchmarks/serving/*/requirements.lock \
		infra/localcloud/src/localcloud/builtin_images/*/requirements.lock "../../{{cookiecutter.project}}/"

.venv/installed: requirements.lock infra/bootstrap.lock
	@echo "Making the template's environment ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r infra/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@touch $@
