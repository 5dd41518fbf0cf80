# `make demo` and `make test` need Python 3.11 or later with its headers, make, a C++ compiler and a package index;
# the rest they set up themselves.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TOOLS  := $(VENV)/.tools
MODEL  := $(VENV)/model
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check slow lint format proto bench lock clean

demo: $(MODEL)/model.onnx
	$(BIN)/python -m tools.demo --model $(MODEL)

test: $(MODEL)/model.onnx $(TOOLS)
	AGENT_MEMORY_TEST_MODEL=$(abspath $(MODEL)) $(BIN)/pytest -m "not slow" -n 2 --dist loadfile

# Everything that CI runs.
check: lint test

slow: $(MODEL)/model.onnx $(TOOLS)
	AGENT_MEMORY_TEST_MODEL=$(abspath $(MODEL)) $(BIN)/pytest -m slow --timeout 3600

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/buf lint
	$(BIN)/python -m tools.protos --check

format: $(TOOLS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

proto: $(TOOLS)
	$(BIN)/python -m tools.protos

bench: $(MODEL)/model.onnx
	$(BIN)/python -m tools.bench perf --events 100000 --model $(MODEL) --json build/perf.json

# Moves every pin of constraints.txt to the newest release that fits.
lock:
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet -e ".[dev]"
	build/lock/bin/pip freeze --exclude-editable > constraints.txt

clean:
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(TOOLS): $(READY)
	$(PIP) -e ".[dev]"
	touch $@

$(MODEL)/model.onnx: $(READY)
	$(BIN)/agent-memory model install --to $(MODEL)
	@touch $@
