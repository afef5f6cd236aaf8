# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
IMAGE := .image/.installed

.PHONY: demo test test-image test-slow bench lint format install clean

demo: install ## the main job on the embedded data; prints where the report is
	@$(BIN)/seqinterp demo --force

test: install lint ## the whole suite, with coverage
	@echo "running the tests"
	@$(BIN)/python -m pytest -n 2 -m "not slow" --cov --cov-report=term
	@$(MAKE) --no-print-directory test-image

test-image: install $(IMAGE) ## the tests that need torchvision, which stands beside the environment and not in it
	@echo "running the tests that need torchvision"
	@PYTHONPATH=.image $(BIN)/python -m pytest -m "torchvision and not slow" $$(grep -rl --include="*.py" mark.torchvision tests)

test-slow: install $(IMAGE) ## comparisons with peers and long trainings
	@PYTHONPATH=.image $(BIN)/python -m pytest -m slow

bench: install ## the figures of the README, on real data where it is present
	@$(BIN)/python benchmarks/real_data.py

lint: install ## style and types
	@echo "checking style and types"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: install
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

install: $(STAMP) ## package, test oracles and linters into .venv

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || { echo "creating .venv"; $(PYTHON) -m venv .venv; }
	@echo "installing seqinterp, its test oracles and linters into .venv (minutes, once)"
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group test --group lint
	@echo "compiling the numba kernels (a minute, once)"
	@$(BIN)/python -m seqinterp.cli.warm_up
	@touch $(STAMP)

# Nothing else is drawn in: torch is there, and what merely finds torchvision may behave in another way.
$(IMAGE): constraints.txt
	@echo "installing torchvision into .image (once)"
	@rm -rf .image
	@$(BIN)/python -m pip install --quiet --no-deps --constraint constraints.txt --target .image torchvision
	@touch $(IMAGE)

clean: ## remove the environment and everything made
	rm -rf .venv .image .pytest_cache .mypy_cache .ruff_cache .coverage runs/demo
