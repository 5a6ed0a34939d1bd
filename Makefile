# make demo builds everything it needs in .venv, from hash-checked locks.
# Another Python: make demo PYTHON=python3.12

PYTHON ?= python3
PYTEST_ARGS ?=
SIZE ?= small

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq install
TAG := $(shell "$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

# Stamps live in .venv, so they go with it. A stamp per Python version makes another
# PYTHON build .venv anew.
VENV := .venv/.made-with-$(TAG)
BASE := .venv/.installed-base
TEST := .venv/.installed-test
BENCH := .venv/.installed-bench
PROJECT := .venv/.installed-project
# python-cwt wants another cbor2 than the tests, so it lives apart.
PEERS := .venv-peers/.made-with-$(TAG)

LOCK := $(BIN)/uv --no-config pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-emit-index-url --custom-compile-command "make lock"
# A lock is made against the public index alone, whatever the user's own settings are.
PUBLIC := env -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-gm test lint bench peers lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1: \2/p' Makefile

demo: $(BASE) $(PROJECT) ## build .venv and tell the whole story into demo-output
	@echo "==> elicense demo --dir demo-output"
	@$(BIN)/elicense demo --dir demo-output

demo-gm: $(TEST) $(PROJECT) ## the same story on SM2, with seals of GB/T 38540, into demo-gm-output
	@echo "==> elicense demo --algorithm SM2 --dir demo-gm-output"
	@$(BIN)/elicense demo --algorithm SM2 --dir demo-gm-output

test: $(TEST) $(PROJECT) ## run the tests with coverage, then the coverage gate
	@echo "==> pytest"
	@$(BIN)/python -m pytest -n auto --cov --cov-report=json:.coverage.json \
		--cov-report=term $(PYTEST_ARGS)
	@$(BIN)/python tests/coverage_gate.py .coverage.json

lint: $(TEST) $(PROJECT) ## ruff, mypy and the layers
	@echo "==> ruff format --check, ruff check"
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@echo "==> mypy"
	@$(BIN)/mypy
	@echo "==> lint-imports"
	@$(BIN)/lint-imports --no-cache

bench: peers ## run every benchmark beside its peer; SIZE=full makes docs/benchmarks.md too
	@$(BIN)/python benchmarks/run.py --size $(SIZE)
	@$(BIN)/python benchmarks/report.py bench-output/results.json \
		$(if $(filter full,$(SIZE)),--into docs)

peers: $(TEST) $(BENCH) $(PEERS) $(PROJECT)

lock: $(TEST) ## make requirements/*.txt anew from pyproject.toml
	@test -x $(BIN)/uv || { echo "==> installing uv"; $(PIP) uv; }
	@echo "==> requirements/base.txt"
	@$(PUBLIC) $(LOCK) pyproject.toml -o requirements/base.txt
	@echo "==> requirements/test.txt"
	@$(PUBLIC) $(LOCK) pyproject.toml --extra test --extra lint \
		--constraint requirements/base.txt -o requirements/test.txt
	@echo "==> requirements/bench.txt, requirements/bench-cwt.txt"
	@$(PUBLIC) $(LOCK) pyproject.toml --extra bench \
		--constraint requirements/test.txt -o requirements/bench.txt
	@$(PUBLIC) $(LOCK) requirements/bench-cwt.in -o requirements/bench-cwt.txt
	@echo "==> requirements/spark.txt, and what PySpark is built with"
	@$(PUBLIC) $(LOCK) pyproject.toml --extra spark \
		--constraint requirements/test.txt -o requirements/spark.txt
	@echo 'setuptools>=80' | $(PUBLIC) $(LOCK) - -o requirements/spark-build.txt

clean: ## remove .venv and everything that was generated
	rm -rf .venv .venv-peers build dist demo-output demo-gm-output bench-output \
		.coverage .coverage.* .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV):
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "$(PYTHON) is not here: install Python 3.11 or newer (Debian, Ubuntu:" \
		"apt-get install python3 python3-venv), or name one: make PYTHON=python3.12"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $(TAG), and Python 3.11 or newer is needed (Debian, Ubuntu:" \
		"apt-get install python3.11 python3.11-venv, then make PYTHON=python3.11)"; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) has no venv or ensurepip (Debian, Ubuntu:" \
		"apt-get install python3-venv, or python$(TAG)-venv)"; exit 1; }
	@echo "==> building .venv with Python $(TAG)"
	@"$(PYTHON)" -m venv --clear .venv
	@touch "$@"

$(BASE): requirements/base.txt $(VENV)
	@echo "==> installing requirements/base.txt"
	@$(PIP) --require-hashes -r requirements/base.txt
	@touch $@

$(TEST): requirements/test.txt $(BASE)
	@echo "==> installing requirements/test.txt"
	@$(PIP) --require-hashes -r requirements/test.txt
	@touch $@

$(BENCH): requirements/bench.txt $(TEST)
	@echo "==> installing requirements/bench.txt"
	@$(PIP) --require-hashes -r requirements/bench.txt
	@touch $@

$(PEERS): requirements/bench-cwt.txt $(VENV)
	@echo "==> building .venv-peers: python-cwt"
	@"$(PYTHON)" -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check -qq install \
		--require-hashes -r requirements/bench-cwt.txt
	@touch $@

$(PROJECT): pyproject.toml $(BASE)
	@echo "==> installing the project (editable)"
	@$(PIP) --no-deps --editable .
	@touch $@
