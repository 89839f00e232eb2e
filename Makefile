# make demo    the whole line on generated documents, or on your own: make demo INPUT=<folder>
# make test    checks and hermetic tests; make test-all adds clusters, kills, browsers and engines
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OPENCV := $(shell sed -n 's/.*"\(opencv-python-headless==[^"]*\)".*/\1/p' pyproject.toml)

.PHONY: demo test test-rest test-all check venv clean

venv: $(READY)

# Two OpenCV distributions write one cv2 folder; the headless one, which needs no system library, goes last.
$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed; name one with PYTHON=python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --force-reinstall --no-deps '$(OPENCV)'
	@touch $@

demo: $(READY)
	$(BIN)/pagemill demo $(if $(INPUT),'$(INPUT)')

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -m 'not cluster and not fault and not engines'

# What test-all adds to test.
test-rest: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup -o faulthandler_timeout=1600 \
	  -m 'cluster or fault or engines'

test-all: test test-rest

clean:
	rm -rf $(VENV) out build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
