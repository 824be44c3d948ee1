"""The benchmarks: the inputs are what they are said to be, and results are told as they were found.

Nothing here is timed.
"""

import csv
import io
import sys
from functools import cache
from pathlib import Path

import contenders
import inputs
import pytest
import results
from bench import Bench, cases_of
from contenders import EVERY_FORM, FORMS
from results import HELP, SMALL, Case, Outcome, Results, Run, bare_read, markdown
from running import issues, run

from csvimport.report.faces import FACES

MEGABYTES = 0.3
#: Of those whose one row has to be too long.
LONGER = {"long-line": 1.5, "only-quotes": 1.5}
#: What is found in an input as a whole; of rows only in those of the next table.
OF_THE_FILE = {
    "utf-16": {"wrong-encoding"},
    "windows-1252": {"wrong-encoding"},
    "mixed-line-ends": {"header-line-ending-differs"},
    "only-delimiters": {"empty-file"},
    "only-quotes": {"no-data-rows", "unclosed-quote"},
}
#: The rule that every row breaks, or one row that is the first.
OF_ROWS = {
    "flagged": ("invalid-phone", None),
    "quote-on-every-line": ("unclosed-quote", None),
    "open-quote": ("unclosed-quote", 1),
    "long-line": ("record-too-large", 1),
}
CLEAN = ["clean", "multi-line", "quoted", "events", "narrow"]


@cache
def written(name: str, megabytes: float | None = None) -> bytes:
    file = io.BytesIO()
    inputs.write(file, name, megabytes or LONGER.get(name, MEGABYTES))
    return file.getvalue()


def test_every_input_is_run() -> None:
    assert set(results.INPUTS) | {SMALL.input} == set(inputs.INPUTS)


@pytest.mark.parametrize("name", sorted(set(results.INPUTS) - {"wide"}))
def test_an_input_is_as_large_as_asked_for(name: str) -> None:
    assert 0 <= len(written(name, MEGABYTES)) - MEGABYTES * 1e6 < 500_000


def test_the_smallest_input_is_a_kilobyte() -> None:
    assert 900 < len(written(SMALL.input)) < 1_100


@pytest.mark.parametrize("name", sorted(inputs.INPUTS))
def test_an_input_is_the_same_every_time(name: str) -> None:
    assert written.__wrapped__(name) == written(name)


@pytest.mark.parametrize("name", CLEAN)
def test_a_clean_input_has_no_fault(name: str) -> None:
    result = run(written(name))
    assert (result.issues_by_rule, result.complete) == ({}, True)
    assert result.rows


@pytest.mark.parametrize(("name", "rules"), OF_THE_FILE.items())
def test_what_is_wrong_with_a_whole_input(name: str, rules: set[str]) -> None:
    assert set(run(written(name)).issues_by_rule) == rules


@pytest.mark.parametrize(("name", "rule", "rows"), [(k, *v) for k, v in OF_ROWS.items()])
def test_what_is_wrong_with_the_rows_of_an_input(name: str, rule: str, rows: int | None) -> None:
    result = run(written(name))
    assert result.issues_by_rule == {rule: rows or result.rows}


def test_every_wrong_phone_is_another() -> None:
    phones = [row["phone"] for row in csv.DictReader(io.StringIO(written("flagged").decode()))]
    assert len(set(phones)) == len(phones) > 1_000


def test_the_shapes_of_the_inputs() -> None:
    header, *rows = csv.reader(io.StringIO(written("multi-line").decode(), newline=""))
    assert len(header) == 20
    assert all("\n" in row[-1] for row in rows)
    assert written("quoted").splitlines()[1].count(b'"') == 2 * 20
    assert written("wide").splitlines()[1].count(b",") == 1_999
    assert written("long-line").count(b"\n") == 1
    assert written("open-quote").count(b'"') == 1
    assert all(line.count(b'"') == 1 for line in written("quote-on-every-line").splitlines()[1:])
    assert {line[-1:] for line in written("mixed-line-ends").split(b"\n")[1:-1:2]} == {b"\r"}
    assert set(written("only-delimiters")) == set(b",\n")
    assert set(written("only-quotes")) == set(b'"')


def test_every_fault_is_found_where_it_was_put() -> None:
    rules = list(inputs.FAULTS)
    found: dict[int, set[str]] = {}
    for issue in issues(written("faulty", 1)):
        assert issue.row is not None
        found.setdefault(issue.row - 2, set()).add(issue.rule)
    assert len(found) >= len(rules)
    for number, (place, named) in enumerate(sorted(found.items())):
        assert place == inputs.EVERY * number + inputs.AT
        assert rules[number % len(rules)] in named


# --- Running -------------------------------------------------------------------------------------


def test_a_process_is_measured(tmp_path: Path) -> None:
    bench = Bench(tmp_path, limit=60)
    ran = bench.run([sys.executable, "-c", "print('x' * 20_000_000, end='')"], tmp_path)
    assert isinstance(ran, Run)
    assert ran.output == "x" * 20_000_000
    assert ran.peak > 20_000_000


@pytest.mark.parametrize(
    ("code", "limit", "why"),
    [
        ("import time; time.sleep(60)", 0.1, "killed after 0.1 s"),
        ("raise SystemExit(3)", 60, "exit status 3"),
        ("import csv; raise csv.Error('found `a`')", 60, "Error: found 'a'"),
    ],
)
def test_a_process_that_fails_is_told_why(
    tmp_path: Path, code: str, limit: float, why: str
) -> None:
    assert Bench(tmp_path, limit).run([sys.executable, "-c", code], tmp_path) == why


def test_inputs_are_kept(tmp_path: Path) -> None:
    bench = Bench(tmp_path, limit=60)
    case = Case("csv", SMALL.input, 0.001)
    outcome = bench.outcomes([case], rounds=2)[case]
    assert [contenders.rows_found(run.output) for run in outcome.runs] == [0, 0]
    path = tmp_path / "0.001" / "one-kilobyte.csv"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]
    before = path.stat()
    assert bench.path(case) == path
    assert path.stat() == before


def test_a_case_that_fails_is_not_run_again(tmp_path: Path) -> None:
    case = Case("no such contender", SMALL.input, 0.001)
    outcome = Bench(tmp_path, limit=60).outcomes([case], rounds=1)[case]
    assert outcome.failure == "KeyError: 'no such contender'"
    assert not outcome.runs


def test_rows_found_by_the_tool(tmp_path: Path) -> None:
    path = tmp_path / "faulty.csv"
    path.write_bytes(written("faulty"))
    arguments = contenders.command("csvimport", str(path), str(tmp_path / "rejects.csv"))
    ran = Bench(tmp_path, limit=60).run(arguments, tmp_path)
    assert isinstance(ran, Run)
    assert contenders.rows_found(ran.output) == path.read_bytes().count(b"\n") // inputs.EVERY


def test_the_cases() -> None:
    assert cases_of(["only-quotes"], 100, ["csvimport", "csv"]) == [
        bare_read(100),
        Case("csvimport", "only-quotes", 100),
        Case("csvimport", "only-quotes", 50),
        SMALL,
        HELP,
    ]
    assert cases_of(["faulty"], 100, ["csvimport"])[1:4] == [
        Case("csvimport", "faulty", 100),
        Case(EVERY_FORM, "faulty", 50),
        Case(EVERY_FORM, "faulty", 100),
    ]
    assert cases_of(["faulty"], 100, ["csv", "csvclean"])[:-2] == [
        bare_read(100),
        Case("csv", "faulty", 100),
        bare_read(20),
        Case("csv", "faulty", 20),
        Case("csvclean", "faulty", 20),
    ]


# --- Telling -------------------------------------------------------------------------------------


def outcome(*seconds: float, peak: int = 100, output: str = "0") -> Outcome:
    return Outcome([Run(each, peak * 10**6, output) for each in seconds])


def lines(outcomes: dict[Case, Outcome], streams: dict[float, Outcome] | None = None) -> list[str]:
    return markdown(Results(100, outcomes, streams or {})).splitlines()


def test_medians_ratios_and_what_is_met() -> None:
    said = lines(
        {
            bare_read(100): outcome(2, 1, 9),
            Case("csvimport", "clean", 100): outcome(1, 2.4, 9, output="7"),
            Case("csvimport", "faulty", 100): outcome(3, peak=351),
            Case("duckdb", "clean", 100): outcome(2),
        }
    )
    assert "{rounds}" not in said[3]
    row = (
        "| `csvimport` | 2.40 (1.00–9.00) | 100 (100–100) | 1.20 | 7 | none of the faults put in |"
    )
    assert row in said
    assert "`csvimport` to DuckDB: 1.20; target: 1; met: **no**." in said
    clean = [line for line in said if line.startswith("| `clean`")]
    assert clean[0].endswith(
        "| 100 | 2.40 (1.00–9.00) | 100 (100–100) | 1.20 | 1.2; 350 MB | yes |"
    )
    faulty = [line for line in said if line.startswith("| `faulty`")]
    assert faulty[0].endswith("| 351 (351–351) | 1.50 | 1.5; 350 MB | **no** |")


def test_a_failure_is_told_in_the_place_of_measurements() -> None:
    case = Case("csvimport", "only-quotes", 100)
    said = lines({bare_read(100): outcome(1), case: Outcome(failure="killed | gone")})
    row = next(line for line in said if line.startswith("| `only-quotes`"))
    assert row.endswith(r"| 100 | killed \| gone |  |  | 10; 500 MB | **no** |")


def test_twice_the_input_and_small_things() -> None:
    whole = Case("csvimport", "only-quotes", 100)
    said = lines(
        {
            whole: outcome(4.5),
            whole._replace(megabytes=50): outcome(2),
            SMALL: outcome(0.4),
            HELP: outcome(0.3),
        }
    )
    assert "| input | wall of 50 MB | wall of 100 MB | ratio | target | met |" in said
    twice = "| `only-quotes` | 2.00 (2.00–2.00) | 4.50 (4.50–4.50) | 2.25 | 2.2 | **no** |"
    assert twice in said
    assert "| a file of 1 kB | 0.40 (0.40–0.40) | 100 (100–100) | 0.5 s | yes |" in said
    assert "| `csvimport --help` | 0.30 (0.30–0.30) | 100 (100–100) | 0.2 s | **no** |" in said


def test_every_form_is_told_by_size() -> None:
    said = lines(
        {
            Case(EVERY_FORM, "faulty", 50): outcome(2.0),
            Case(EVERY_FORM, "faulty", 100): outcome(4.5),
        }
    )
    assert "`.csv`, `.xlsx`, `.jsonl`, `.parquet`, `.sarif`, `.junit.xml`, `.md`, `.html`." in said
    at = said.index("| 50 | 2.00 (2.00–2.00) | 100 (100–100) |")
    assert said[at + 1] == "| 100 | 4.50 (4.50–4.50) | 100 (100–100) |"


def test_every_form_is_every_form() -> None:
    assert tuple(FACES) == FORMS


def test_what_was_not_run_has_no_section() -> None:
    assert [line for line in lines({}) if line.startswith("#")] == ["# Results of the benchmarks"]


def test_a_stream_may_take_its_identifiers() -> None:
    streams = {
        megabytes: outcome(1, peak=peak, output=f'{{"files": [{{"rows": {rows}}}]}}')
        for megabytes, peak, rows in [(1e2, 200, 1_000_000), (1e3, 344, 10_000_000)]
    }
    said = lines({}, streams)
    assert "| 1000 | 10,000,000 | 1.00 (1.00–1.00) | 344 (344–344) |" in said
    assert said[-1] == "identifiers, at 16 bytes each, 144 MB. Met: yes."
