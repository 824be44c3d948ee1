"""What else reads or checks a CSV file, each as a process of its own.

`python benchmarks/contenders.py CONTENDER FILE REJECTS` runs one of `RUNS` on a file of attributes,
writes what it rejects to REJECTS, and prints how many rows that are. `bench.py` imports this module
and has to stay small: libraries are imported only where they run.
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NamedTuple

# --- The rules of values that DuckDB and frictionless are given ----------------------------------

EMAIL = r"[^@\s]+@([A-Za-z0-9-]+\.)+[A-Za-z0-9-]*[A-Za-z]"
PHONE = r"\+[1-9][0-9]{6,14}"
DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = f"{DATE}(T[0-9:.]+(Z|[+-][0-9:]+)?)?"
NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"
DAMAGED_NUMBER = r"-?[0-9]([.,][0-9]+)?[eE]\+[0-9]{1,3}"
LONGEST_IDENTIFIER, LONGEST = 987, 255
NO_VALUES = ["null", "NULL", "None", "nil", "NaN", "nan", "N/A", "n/a", "#N/A", r"\N"]
CUSTOM = ["plan", "score", "visits", "vip", "note"]


def vocabularies() -> dict[str, list[str]]:
    """The values that a column may have."""
    import tomllib
    import zoneinfo

    import pycountry

    folder = Path(__file__).parent.parent / "rules" / "values"
    zones = tomllib.loads((folder / "zones.toml").read_text("utf-8"))["names"]
    states = ["opted_in", "subscribed", "unsubscribed"]
    return {
        "country": [country.alpha_2 for country in pycountry.countries],
        "language": tomllib.loads((folder / "languages.toml").read_text("utf-8"))["codes"],
        "time_zone": [*zones, *zoneinfo.available_timezones()],
        "gender": ["M", "F", "O", "N", "P", "nil"],
        "email_subscribe": states,
        "push_subscribe": states,
        "vip": ["true", "false"],
    }


def _header(file: str) -> list[str]:
    with open(file, encoding="utf-8") as source:
        return source.readline().strip().split(",")


# --- The contenders ------------------------------------------------------------------------------


def polars_read(file: str, _: str) -> int:
    import polars as pl

    pl.read_csv(file, infer_schema=False)
    return 0


def polars_scan(file: str, _: str) -> int:
    import polars as pl

    rows = pl.scan_csv(
        file,
        infer_schema=False,
        extra_columns="ignore",
        missing_columns="insert",
        encoding="utf8-lossy",
        ignore_errors=True,
    )
    rows.select(pl.all().str.len_bytes().sum()).collect(engine="streaming")
    return 0


def duckdb(file: str, rejects: str) -> int:
    import duckdb

    columns = _header(file)
    types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
    database = duckdb.connect()
    # reading twice, once for the identifiers alone, is faster than a window over whole rows
    database.execute(f"""
        CREATE VIEW records AS FROM read_csv(
            {_quoted(file)}, auto_detect = false, header = true, delim = ',', quote = '"',
            escape = '"', columns = {{{types}}}, store_rejects = true, rejects_limit = 0)
    """)
    for column, values in vocabularies().items():
        database.execute(f"CREATE TABLE known_{column} AS SELECT unnest(?)", [values])
    rules = ", ".join(f"CASE WHEN {mask} THEN '{rule}' END" for rule, mask in _sql_rules(columns))
    found = database.execute(f"""
        COPY (
            WITH repeated AS (
                SELECT external_id FROM records GROUP BY external_id HAVING count(*) > 1)
            SELECT concat_ws('; ', {rules}) AS rules, * FROM records WHERE rules <> ''
        ) TO {_quoted(rejects)} (HEADER)
    """).fetchone()
    database.execute(f"""
        COPY (SELECT DISTINCT line, error_type, csv_line FROM reject_errors ORDER BY line)
        TO {_quoted(rejects + ".structure")} (HEADER)
    """)
    broken = database.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchone()
    return int(found[0]) + int(broken[0])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _sql_rules(columns: list[str]) -> Iterator[tuple[str, str]]:
    """The name and the mask of each rule, in the form that is the fastest."""

    def any_of(names: list[str], mask: Callable[[str], str]) -> str:
        return " OR ".join(f"({mask(name)})" for name in names)

    def is_like(pattern: str) -> Callable[[str], str]:
        return lambda name: f"regexp_full_match({name}, '{pattern}')"

    def is_unlike(pattern: str) -> Callable[[str], str]:
        return lambda name: f"NOT regexp_full_match({name}, '{pattern}')"

    no_other = "email IS NULL AND phone IS NULL"
    sessions = ["date_of_first_session", "date_of_last_session"]
    no_values = ", ".join(map(_quoted, NO_VALUES))
    row = f"concat({', '.join(columns)})"
    yield "missing-identifier", f"external_id IS NULL AND {no_other}"
    yield "identifier-fallback", f"external_id IS NULL AND NOT ({no_other})"
    yield "duplicate-identifier", "external_id IN (FROM repeated)"
    yield "external-id-too-long", f"strlen(external_id) > {LONGEST_IDENTIFIER}"
    yield "damaged-identifier", is_like(DAMAGED_NUMBER)("external_id")
    yield "invalid-email", is_unlike(EMAIL)("email")
    yield "invalid-phone", is_unlike(PHONE)("phone")
    for column in vocabularies():
        yield f"invalid-{column}", f"{column} NOT IN (FROM known_{column})"
    yield (
        "invalid-date-of-birth",
        (f"{is_unlike(DATE)('dob')} OR dob IS NOT NULL AND try_cast(dob AS DATE) IS NULL"),
    )
    yield "invalid-session-date", any_of(sessions, is_unlike(TIME))
    future = "try_cast({} AS TIMESTAMP) > current_date + 1"
    yield "implausible-date", any_of(["dob", *sessions], future.format)
    yield "mixed-types", any_of(["score", "visits"], is_unlike(NUMBER))
    yield "damaged-number", any_of(CUSTOM, is_like(DAMAGED_NUMBER))
    yield "leading-zero-number", any_of(CUSTOM, is_like("0[0-9]+"))
    yield "null-literal", any_of(CUSTOM, lambda name: f"{name} IN ({no_values})")
    yield "array-value", any_of(CUSTOM, is_like(r"\[.*\]|\{.*\}"))
    yield "spreadsheet-error", any_of(CUSTOM, is_like("#[A-Z/0]+[!?]"))
    spaced = "starts_with({0}, ' ') OR ends_with({0}, ' ')"
    yield "surrounding-whitespace", any_of(columns, spaced.format)
    yield "value-too-long", any_of(columns[1:], f"length({{}}) > {LONGEST}".format)
    yield "control-character", rf"regexp_matches({row}, '[\x00-\x08\x0e-\x1f\x7f]')"
    yield "replacement-character", f"contains({row}, '\ufffd')"
    misread = f"regexp_matches({row}, '\u00c3[\u0080-\u00bf]')"
    yield "mojibake", f"contains({row}, '\u00c3') AND {misread}"


def pyarrow(file: str, rejects: str) -> int:
    from pyarrow import csv as reader
    from pyarrow import string

    with open(rejects, "w", encoding="utf-8", errors="surrogateescape", newline="") as target:
        writer, found = csv.writer(target), 0

        def reject(row: reader.InvalidRow) -> str:
            nonlocal found
            found += 1
            writer.writerow([row.expected_columns, row.actual_columns, row.text])
            return "skip"

        reader.read_csv(
            file,
            parse_options=reader.ParseOptions(newlines_in_values=True, invalid_row_handler=reject),
            convert_options=reader.ConvertOptions(check_utf8=False, default_column_type=string()),
        )
    return found


def standard_library(file: str, rejects: str) -> int:
    with (
        open(file, encoding="utf-8", errors="surrogateescape", newline="") as source,
        open(rejects, "w", encoding="utf-8", errors="surrogateescape", newline="") as target,
    ):
        rows, writer, found = csv.reader(source), csv.writer(target), 0
        width = len(next(rows))
        for row in rows:
            if len(row) != width:
                found += 1
                writer.writerow([rows.line_num, *row])
    return found


def frictionless(file: str, rejects: str) -> int:
    from frictionless import Resource, Schema

    names = _header(file)
    text = r"(?!\s)[^\x00-\x08\x0e-\x1f\x7f]*(?<!\s)"
    no_values = "|".join(map(re.escape, NO_VALUES))
    patterns = {
        **dict.fromkeys(names, text),
        **dict.fromkeys(CUSTOM, rf"(?!(?:{no_values}|0[0-9]+|[\[{{#].*|{DAMAGED_NUMBER})$){text}"),
        **dict.fromkeys(["score", "visits"], NUMBER),
        **dict.fromkeys(["date_of_first_session", "date_of_last_session"], TIME),
        "external_id": rf"(?!{DAMAGED_NUMBER}$){text}",
        "email": EMAIL,
        "phone": PHONE,
        "dob": DATE,
    }
    constraints: dict[str, dict[str, object]] = {
        name: {"maxLength": LONGEST, "pattern": pattern} for name, pattern in patterns.items()
    }
    constraints |= {name: {"enum": values} for name, values in vocabularies().items()}
    constraints["external_id"] |= {
        "required": True,
        "unique": True,
        "maxLength": LONGEST_IDENTIFIER,
    }
    fields = [{"name": name, "type": "string", "constraints": constraints[name]} for name in names]
    schema = Schema.from_descriptor({"fields": fields, "missingValues": [""]})
    # in UTF-8 it would stop at the first byte that is not
    resource = Resource(path=Path(file).name, basepath=str(Path(file).parent), schema=schema)
    resource.encoding = "iso-8859-1"
    report = resource.validate(limit_errors=sys.maxsize)
    lines = report.flatten(["rowNumber", "fieldName", "type", "note"])
    with open(rejects, "w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows(lines)
    return len({line[0] for line in lines})


def csvclean(file: str, rejects: str) -> int:
    from csvkit.utilities.csvclean import CSVClean

    # in UTF-8 it would stop at the first byte that is not
    arguments = ["--enable-all-checks", "--omit-error-rows", "--encoding", "iso-8859-1", file]
    with (
        open(rejects, "w", encoding="utf-8", newline="") as target,
        open(rejects + ".clean", "w", encoding="utf-8", newline="") as rest,
        redirect_stdout(rest),
        suppress(SystemExit),  # its way to say that it found something
    ):
        CSVClean(arguments, output_file=rest, error_file=target).run()
    with open(rejects, encoding="utf-8", newline="") as target:
        return max(0, sum(1 for _ in csv.reader(target)) - 1)


RUNS: dict[str, Callable[[str, str], int]] = {
    "polars.read_csv": polars_read,
    "polars.scan_csv": polars_scan,
    "duckdb": duckdb,
    "pyarrow": pyarrow,
    "csv": standard_library,
    "frictionless": frictionless,
    "csvclean": csvclean,
}

_CSV_PARSE = """
const { parse } = require("csv-parse");
const fs = require("fs");
const [file, rejects] = process.argv.slice(1);
const target = fs.createWriteStream(rejects);
let found = 0;
const parser = parse({
  skip_records_with_error: true,
  on_skip: (error) => {
    found += 1;
    target.write(`${error.lines},${error.code}\\n`);
  },
});
parser.on("data", () => {});
parser.on("end", () => { target.end(); console.log(found); });
fs.createReadStream(file).pipe(parser);
"""


def _csvimport(file: str, rejects: str) -> list[str]:
    options = ["--time-budget", "none", "--fail-on", "never", "--format", "json"]
    return [sys.executable, "-m", "csvimport", "check", file, "--report", rejects, *options]


def _every_form(file: str, rejects: str) -> list[str]:
    others = [f"{rejects.removesuffix('.csv')}{suffix}" for suffix in FORMS]
    return [*_csvimport(file, rejects), *(word for path in others for word in ("--report", path))]


def _csv_parse(file: str, rejects: str) -> list[str]:
    return ["node", "-e", _CSV_PARSE, file, rejects]


#: The forms of a report beside CSV, and who writes all of them.
FORMS = (".xlsx", ".jsonl", ".parquet", ".sarif", ".junit.xml", ".md", ".html")
EVERY_FORM = "csvimport in every form"


class Contender(NamedTuple):
    """One that takes part; those that are slow are only run on a cut of the file."""

    misses: str
    package: str | None = None
    is_slow: bool = False


#: In the order of the results. What they miss is said of the faulty input.
CONTENDERS = {
    "csvimport": Contender("none of the faults put in"),
    "polars.read_csv": Contender("all: stops at the first row that has too many cells"),
    "polars.scan_csv": Contender(
        "all: stops at text behind a closing quote, though told to go on after errors"
    ),
    "duckdb": Contender(
        "stray quotes, blank rows, the row that an open quote swallows, white space other than "
        "spaces, phone numbers that no country has; of wrong values the row and line, of "
        "duplicates which is the first; what to do",
        "duckdb",
    ),
    "pyarrow": Contender(
        "every wrong value, stray quotes, text behind a closing quote, bytes that are not UTF-8, "
        "blank rows, the row that an open quote swallows; the row and line",
        "pyarrow",
    ),
    "csv": Contender(
        "every wrong value, stray quotes, text behind a closing quote, bytes that are not UTF-8, "
        "the row that an open quote swallows",
    ),
    "frictionless": Contender(
        "stray quotes, text behind a closing quote, bytes that are not UTF-8 (it stops there, "
        "so it is told ISO-8859-1) and so mojibake, dates in the future, phone numbers that no "
        "country has, the row that an open quote swallows; what to do",
        "frictionless",
        is_slow=True,
    ),
    "csvclean": Contender(
        "every wrong value, stray quotes, text behind a closing quote, bytes that are not UTF-8 "
        "(it stops there, so it is told ISO-8859-1), the row that an open quote swallows",
        "csvkit",
        is_slow=True,
    ),
    "csv-parse": Contender(
        "every wrong value, bytes that are not UTF-8, the row that an open quote swallows",
        is_slow=True,
    ),
}


def command(contender: str, file: str, rejects: str) -> list[str]:
    """The process that runs a contender on a file."""
    others = {"csvimport": _csvimport, EVERY_FORM: _every_form, "csv-parse": _csv_parse}
    if contender in others:
        return others[contender](file, rejects)
    return [sys.executable, __file__, contender, file, rejects]


def rows_found(output: str) -> int:
    """How many rows a contender has rejected, from what it printed."""
    if not output.startswith("{"):
        return int(output)
    result = json.loads(output)["files"][0]
    blank = result["issues_by_rule"].get("blank-row", 0)
    return int(result["rows_with_errors"] + result["rows_with_warnings"] + blank)


def is_installed(contender: str, folder: Path) -> bool:
    """Whether a contender is there; node's packages are looked for in `folder`."""
    if contender == "csv-parse":
        return bool(which("node")) and (folder / "node_modules" / contender).is_dir()
    package = CONTENDERS[contender].package
    return package is None or find_spec(package) is not None


if __name__ == "__main__":
    name, *paths = sys.argv[1:]
    print(RUNS[name](*paths))
