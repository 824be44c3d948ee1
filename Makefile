PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types rules samples costs clean

# Set up and check a sample file: prints the result, writes its report.
demo: $(VENV)/.run
	@$(BIN)/csvimport check sample_files/contacts.csv --fail-on never

# Set up and pass everything that CI asks for.
test: lint types
	$(BIN)/python -m pytest -n auto --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# Write again what is generated: the index of the rules; the samples' reports and the README's output.
rules: $(VENV)/.dev
	$(BIN)/python -c "from csvimport.report.rules import write_index; write_index()"

samples: $(VENV)/.dev
	$(BIN)/python tests/test_samples.py
	$(BIN)/python tests/test_readme.py

# Measure what each rule of cells costs; some minutes, best on a quiet machine.
costs: $(VENV)/.dev
	$(BIN)/python benchmarks/rule_costs.py > benchmarks/RULE_COSTS.md

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
