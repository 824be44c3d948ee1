PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
BENCH_FOLDER ?= $(HOME)/.cache/csvimport-bench
TIME ?= 600
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test browser lint types rules samples picture docs costs bench fuzz soak clean

# Set up and check a sample file: prints the result, writes its report.
demo: $(VENV)/.run
	@$(BIN)/csvimport check sample_files/contacts.csv --fail-on never

# Set up and pass everything that CI asks for.
test: lint types browser
	$(BIN)/python -m pytest -n auto --dist worksteal

# The tests look at the HTML report in Chromium. On Debian it is installed where this may be done.
browser:
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null \
		|| command -v google-chrome > /dev/null \
		|| { test "$$(id -u)" = 0 && command -v apt-get > /dev/null \
			&& apt-get update --quiet=2 \
			&& DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes \
				--no-install-recommends chromium fonts-liberation > /dev/null; } \
		|| { echo "the tests need Chromium: sudo apt-get install chromium" >&2; exit 1; }

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

# Write again what is generated: the index of the rules; the samples' reports, the README's output,
# and what whole sessions print.
rules: $(VENV)/.dev
	$(BIN)/python -c "from csvimport.report.rules import write_index; write_index()"

samples: $(VENV)/.dev
	$(BIN)/python tests/test_samples.py
	$(BIN)/python tests/test_readme.py
	$(BIN)/python tests/test_transcripts.py

# Take the README's picture of an HTML report again.
picture: $(VENV)/.dev browser
	$(BIN)/python tests/test_html.py

# Build the documentation; see mkdocs.yml.
docs: $(VENV)/.dev
	$(BIN)/mkdocs build --strict --quiet

# Measure what each rule of cells costs; some minutes, best on a quiet machine.
costs: $(VENV)/.dev
	$(BIN)/python benchmarks/rule_costs.py > benchmarks/RULE_COSTS.md

# Measure the tool, and what else reads CSV files, on every input: benchmarks/RESULTS.md. An hour or
# more and 10 GB; for less, `make bench BENCH="--megabytes 20 --rounds 1 clean faulty"`.
bench: $(VENV)/.bench
	$(BIN)/python benchmarks/bench.py --folder $(BENCH_FOLDER) --results benchmarks/RESULTS.md $(BENCH)

# Examine inputs that accidents have happened to, for TIME seconds; what fails is kept in tests/corpus.
fuzz: $(VENV)/.dev
	$(BIN)/python tests/fuzz.py $(TIME)

# Run the command on mixed inputs, with accidents, for TIME seconds; see docs/reliability.md. Threads
# share what the system's allocator keeps, as in the command: or its memory would seem to grow.
soak: $(VENV)/.dev
	MALLOC_ARENA_MAX=1 $(BIN)/python tests/soak.py $(TIME)

$(VENV)/.run: pyproject.toml constraints.txt hatch_build.py $(wildcard csvimport/*.c)
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e ".[html,xlsx]"
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@$(PIP) install -c constraints.txt -e ".[dev]"
	@touch $@

# One contender is a package of node: without npm the others do.
$(VENV)/.bench: $(VENV)/.dev
	@$(PIP) install -c constraints.txt -e ".[bench]"
	-@! command -v npm > /dev/null || npm install --silent --no-save --no-package-lock \
		--prefix $(BENCH_FOLDER) csv-parse@7.0.3
	@touch $@

clean:
	rm -rf $(VENV) csvimport/_compiled.so build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
