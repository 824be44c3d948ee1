"""Records that plainly are in order: nobody can tell that they were asked one question only."""

import csv
import io
import tempfile
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import CROSS_ROW, checked, run, summary, whole, without_code

import csvimport
from csvimport import automaton, plain
from csvimport.block import Block
from csvimport.checker import Checker
from csvimport.engine import Check
from csvimport.inference import MOST_RECORDS
from csvimport.lines import INNER_END, LONGEST_CELL
from csvimport.rulebook import rulebook
from csvimport.scanner import Scanner
from csvimport.workspace import Workspace

NOW = datetime(2026, 11, 22, tzinfo=UTC)

#: By column, cells as they should be.
ATTRIBUTES = {
    "external_id": ["user-{n}", "{n}", "auth0|5f8a1c{n}"],
    "first_name": ["Ana", "Zoë", "Mary Jane", "Nguyen", "O'Brien", "Łukasz", ""],
    "email": ["p.{n}@mail.example.com", "p{n}@x.org", ""],
    "country": ["GB", "US", ""],
    "dob": ["1980-02-03", "2001-12-31", ""],
    "gender": ["M", "F", ""],
    "language": ["en", "pt", ""],
    "phone": ["+442071838750", "+12025550123", ""],
    "email_subscribe": ["subscribed", "opted_in"],
    "time_zone": ["Europe/London", "Asia/Tokyo"],
    "date_of_last_session": ["2025-01-02T03:04:05Z", "2026-10-01"],
    "email_open_tracking_disabled": ["true", "False"],
    "subscription_group_id": ["5f8a1c2e-1111-2222-3333-444455556666"],
    "subscription_state": ["subscribed", "unsubscribed"],
    "plan": ["premium", "basic", "12 Main Street", "5f8ab", "17", "2024-01-02", ""],
    "score": ["12", "-3.5", "0", ""],
    "vip": ["true", "false", ""],
    "joined": ["2024-02-29", "2024-01-02T03:04:05.5+01:00", ""],
    "note": [
        "asked about an order, then left",
        "two\nlines",
        "September was fine",
        "é ü ö",
        "漢字",
        "",
    ],
}
#: These name the user once more.
ALIASES = {"user_alias_name": [""], "user_alias_label": [""]}
EVENTS = {
    "external_id": ["user-{n}"],
    "name": ["rented", "bought it"],
    "time": ["2024-01-02T03:04:05Z", "2025-05-06"],
    "rented.properties.title": ["a film", ""],
    "rented.properties.price": ["3.5", ""],
    "bought it.properties.title": ["a book", ""],
}
#: What a record of one event looks like does not depend on which event it is.
ONE_EVENT = EVENTS | {"name": ["rented"], "bought it.properties.title": ["", ""]}
#: Cells that are not, or that are nearly not.
_WORDS = """
null NULL None nil NaN nan N/A n/a #N/A \\N None.of Nonesuch nana undefined 007 00 0 -0 +5 +49.5
1,234 1.234,5 12% 5€ $5 €5 1.5E+12 1e+5 12.0 1234567.0 1,5 612345678 [a] {b} [] ''x'' 'x '=1 '+1
'-x '@y = =1 @x + - -5 1/2/2024 13.12.2024 12-03-24 32-1-5 2024-13-01 2024-02-30 2023-02-29
2024-02-29 0000-01-01 1850-01-01 2026-11-20 2026-11-21 2026-11-22 2026-11-23 2099-01-01
2026-11-20T23:59:59Z 2026-11-21T23:59:59+14:00 2024-01-02T25:00:00Z #REF! #NAME? #x true TRUE tRuE
yes gb XX en-GB xx +4420 442071838750 2025550123 +999123456789 (0)20 a@b @b a@ a@b..c .a@b.org
a@gmail.com ab+c@hotmail.com a.b.c.d@x.org MSN/x Ã© JosÃ© NESTLÉ® É– é’s é“ éé é漢 漢é x– “x” –x ß
\ufeffx \ufffd x\ufffd May Mar. May. Marketing Sept.1 Jun-5 jan Mayor 12-Mar-2024 March,2024
a;b a|b …x
"""
ODD = [
    *_WORDS.split(),
    " x",
    "x ",
    "  ",
    "x\t",
    "a\tb",
    "é ",
    "é\u00a0x",
    "\u00a0",
    "x\u3000",
    "x\u0085",
    "\x07",
    "x\x1ey",
    "\x00",
]
ODD += [
    "5 March 2024",
    "jan 5, 2024",
    "MARCH 5, 2024",
    "\ufeffa\nb",
    "12 March, 2024",
    "Mar 5 2024",
    "12 March,2024",
    "12 months",
    "3 May",
]
ODD += [
    "612 345 678",
    "1 000",
    "12 €",
    "12 a 5",
    "12a March 2024",
    "5th May, 2024",
    "5 é",
    "a b $",
    "a $ b",
]
ODD += [
    "a\r\nb",
    "a\rb",
    "x\n",
    "\nx",
    "a\n\nb",
    'say "hi"',
    '"',
    "user-1,Ana",
    "a\nb,c\nd",
    ",",
    "a, b ",
]
ODD += [
    "x" * 255,
    "x" * 256,
    "1" * 300,
    "x, " * 100,
    "x\n" * 200 + "x",
    "é" * 128,
    "x " * 130 + "x",
    "x" * 1000,
]
#: What stands in one cell may matter to others: events, and nothing.
MATTERING = ["rented", "bought it", "", ""]


def written(cell: str, quoting: str, delimiter: str = ",") -> str:
    """`cell` in quotes where it needs them, or does not, or as it stands although it does."""
    if quoting == "bare" or (quoting == "needed" and not set(cell) & {*'"\n\r', delimiter}):
        return cell
    return '"' + cell.replace('"', '""') + '"'


QUOTING = st.sampled_from(["needed"] * 12 + ["quoted"] * 3 + ["bare"])


#: Some of these take more bytes once they are replaced, and some do not.
BAD_BYTES = [b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc3"]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Files whose first rows are in order, and most of the others."""
    columns = draw(st.sampled_from([ATTRIBUTES, ATTRIBUTES | ALIASES, EVENTS, ONE_EVENT]))
    names = ["external_id", *draw(st.permutations([*columns][1:]))]
    names = names[: draw(st.integers(1, 5))]
    if "time" in columns:
        names = [*columns]
    swap = draw(
        st.sampled_from([{}, {}, {"external_id": "braze_id"}, {"external_id": "user_alias_name"}])
    )
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    delimiter = draw(st.sampled_from(",,,;\t"))
    # where faults are in few columns, cells of the others are plain in nearly every record
    faulty = draw(st.lists(st.integers(0, len(names) - 1), min_size=1, max_size=3))
    lines = [delimiter.join(swap.get(name, name) for name in names)]
    for number in range(draw(st.sampled_from([60, 150, 300]))):
        good = [
            columns[name][(number + index) % len(columns[name])] for index, name in enumerate(names)
        ]
        if number < 4:
            good = [columns[name][number % 2 % len(columns[name])] for name in names]
        elif draw(st.integers(0, 12)) == 0:
            place = draw(st.sampled_from(faulty))
            odd = st.sampled_from(ODD) | st.text(
                st.sampled_from("aJMnNé0159 ,.-/+'\"\n\r=@€Ãü"), max_size=8
            )
            good[place] = draw(odd | st.sampled_from(MATTERING))
        same = draw(st.integers(0, 9)) == 0
        cells = [cell.replace("{n}", str(number - same)) for cell in good]
        lines.append(
            delimiter.join(
                written(cell, draw(QUOTING) if number > 3 else "needed", delimiter)
                for cell in cells
            )
        )
    last = draw(st.sampled_from(["", end, end + end, "\r", "\0", "\ufeff"]))
    data = (end.join(lines) + last).encode()
    for bad in draw(st.lists(st.sampled_from(BAD_BYTES), max_size=2)):
        place = draw(st.integers(len(data) // 2, len(data)))
        data = data[:place] + bad + data[place:]
    return data


def reported(data: bytes, *names: str, **options: Any) -> list[object]:
    """The result of a check with reports of these names, and what is in them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in names]
        result = csvimport.check(
            io.BytesIO(data), report=paths, now=NOW, time_budget=None, **options
        )
        contents = [path.read_bytes() if path.exists() else None for path in paths]
        return [summary(result) | {"report": None}, result.examples, *contents]


def outcomes(data: bytes, **sizes: int) -> list[object]:
    """All that is seen of the check of `data`.

    With a question about whole records, without, and with one that no compiled code answers.
    """
    found: list[object] = []
    ask = plain.patterns
    for patterns, context in (
        (ask, nullcontext()),
        (lambda *_: plain.Patterns(), nullcontext()),
        (ask, without_code()),
    ):
        with pytest.MonkeyPatch.context() as patch, context:
            patch.setattr("csvimport.inference.MOST_RECORDS", 3)
            patch.setattr("csvimport.plain.patterns", patterns)
            found.append(whole(run(data, now=NOW, probe=16, **sizes)))
    return found


@settings(max_examples=150, deadline=None)
@given(files(), st.sampled_from([1, 100, 300, 1000]), st.sampled_from([300, 600]))
def test_it_does_not_show_in_any_result(data: bytes, block_size: int, max_record: int) -> None:
    asked, unasked, uncompiled = outcomes(data, block_size=block_size, max_record=max_record)
    assert asked == unasked
    assert asked == uncompiled


#: What becomes mute, changes places, or looks at other cells for more.
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "ignore": st.lists(st.sampled_from([*rulebook()]), max_size=20),
        "severities": st.dictionaries(
            st.sampled_from([*rulebook()]), st.sampled_from(["error", "warning"]), max_size=4
        ),
        "workspace": st.builds(
            Workspace,
            region=st.sampled_from([None, "US", "GB"]),
            attributes=st.dictionaries(
                st.sampled_from(["plan", "score", "vip", "joined", "note"]),
                st.sampled_from(["string", "number", "boolean", "datetime"]),
            ),
        ),
        "redact": st.booleans(),
        "raw": st.booleans(),
    },
)


@settings(max_examples=50, deadline=None)
@given(files(), OPTIONS, st.sampled_from([20, 8192]))
def test_it_does_not_show_in_any_report(data: bytes, options: dict[str, Any], many: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.inference.MOST_RECORDS", 30)
        patch.setattr("csvimport.engine.Scanner", partial(Scanner, probe=16, block_size=2000))
        for module in ("block", "engine", "findings"):
            patch.setattr(f"csvimport.{module}.MANY", many)
        alone = reported(data, "r.csv", **options)
        beside = reported(data, "r.csv", "r.jsonl", **options)
        assert beside[:-1] == alone
        with without_code():
            assert reported(data, "r.csv", **options) == alone
            assert reported(data, "r.csv", "r.jsonl", **options) == beside
        patch.setattr("csvimport.plain.patterns", lambda *_: plain.Patterns())
        assert reported(data, "r.csv", **options) == alone


#: Of each, the cells of a record of the sample, those of one behind it, and options.
LARGE: list[tuple[dict[str, tuple[str, str]], dict[str, Any]]] = [
    (
        {  # faults in two columns, of which one is mute
            "email": ("p.{n}@mail.example.com", "a@@b"),
            "external_id": ("user-{n}", "user-{n}"),
            "country": ("GB", "XX"),
            "note": ("one, two", "=1+1"),
            "phone": ("+442071838750", "+442071838750"),
        },
        {"ignore": ["invalid-country"]},
    ),
    (
        {  # a habit of the sample, and beside it what it is no habit of
            "external_id": ("user-{n}", "12.0"),
            "score": ("$5", "\x07$5"),
            "plan": ("premium", "-premium\n,"),
            "vip": ("true", '"'),
        },
        {},
    ),
    (
        {  # a property that is another event's in some records, where nothing is said of it
            "external_id": ("user-{n}", "user-{n}"),
            "name": ("rented", "sold"),
            "time": ("2024-01-02T03:04:05Z", "2024-13-02"),
            "rented.properties.price": ("3.5", "$4.5"),
            "sold.properties.title": ("", "@x"),
        },
        {"ignore": ["foreign-property"]},
    ),
]


@pytest.mark.parametrize(("columns", "options"), LARGE)
@pytest.mark.parametrize(
    ("delimiter", "quoting"), [(",", "needed"), (";", "needed"), ("\t", "quoted")]
)
def test_it_does_not_show_behind_a_sample_of_real_size(
    columns: dict[str, tuple[str, str]], options: dict[str, Any], delimiter: str, quoting: str
) -> None:
    lines = [delimiter.join(columns)]
    for number in range(MOST_RECORDS + 2000):
        # each column is at fault in records of its own, and now and then two are
        odd = {number % 7, number % 11} if number > MOST_RECORDS else set()
        cells = (pair[place in odd] for place, pair in enumerate(columns.values()))
        lines.append(
            delimiter.join(
                written(cell.replace("{n}", str(number)), quoting, delimiter) for cell in cells
            )
        )
    data = "\r\n".join(lines).encode()
    found = reported(data, "r.csv", **options)
    assert isinstance(found[-1], bytes)
    assert found[-1].count(b"\r\n") > 400
    with without_code():
        assert reported(data, "r.csv", **options) == found


@pytest.mark.skipif(not automaton.is_compiled(), reason="cells on several lines take compiled code")
@pytest.mark.parametrize("name", ["Ana", '"Ana\nMay"'])
def test_plain_records_of_the_sample_get_no_close_look(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"user-{number},{name},a{number}@b.co" for number in range(MOST_RECORDS + 9000)]
    rows[9], rows[99] = rows[8], "user-99,,no address"
    asked = []
    check = Checker.block

    def noted(self: Checker, block: Block) -> pl.DataFrame:
        asked.append(len(block.found))
        return check(self, block)

    monkeypatch.setattr(Checker, "block", noted)
    data = "\n".join(["external_id,first_name,email", *rows, ""])
    result = csvimport.check(io.BytesIO(data.encode()), now=NOW)
    assert result.issues_by_rule == {"duplicate-identifier": 1, "invalid-email": 1}
    # what spans lines is asked by itself in pages that are read later only
    assert sum(asked) == 2 if name == "Ana" else sum(asked) < len(rows)


def settled_in_vain(checker: Checker, block: Block) -> set[str]:
    """The rules whose flags hold for a cell that is plain, which is why they are not asked."""
    rows, asked = checker._told_apart(block, range(len(checker.headers))), checker._asked(block)
    on_purpose = block.quoted_on_purpose(rows)
    wrong = set()
    for each in checker._flags:
        if each.asked is None or each.position is None or each.mute:
            continue
        mask = each.behind(each.gate.fill_null(False)).fill_null(False)
        held = rows.with_columns(held=mask)["held"].to_numpy() & ~asked[each.asked]
        if (held & ~on_purpose[:, each.position] if each.flag.unquoted else held).any():
            wrong.add(each.rule)
    return wrong


@settings(max_examples=50, deadline=None)
@given(files(), OPTIONS)
def test_no_flag_that_a_plain_cell_settles_holds_there(
    data: bytes, options: dict[str, Any]
) -> None:
    wrong: set[str] = set()
    rows = Checker._rows

    def watched(checker: Checker, block: Block) -> list[pl.DataFrame]:
        wrong.update(settled_in_vain(checker, block))
        return rows(checker, block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.inference.MOST_RECORDS", 30)
        patch.setattr(Checker, "_rows", watched)
        reported(data, "r.csv", **options)
    assert wrong == set()


def plain_lines(check: Check, lines: list[str]) -> list[bool]:
    """Which of `lines` are plain records of a file that has been checked."""
    assert check.columns is not None
    cells = [column.cell for column in check.columns.all]
    frame = pl.DataFrame(list(csv.reader(lines)), schema=cells, orient="row")
    delimiter = check.scanner.dialect.delimiter.decode()
    pattern = plain.patterns(check.columns, frame, range(len(cells)), delimiter).record
    if pattern is None:
        return [False] * len(lines)
    records = pl.Series([line.replace("\n", INNER_END) for line in lines])
    return records.str.contains(pattern).to_list()


def is_askable(cell: str) -> bool:
    """Whether the expression is asked about records with such a cell."""
    return len(cell.encode()) <= LONGEST_CELL and INNER_END not in cell


TEXTS = st.lists(
    st.sampled_from(ODD) | st.text(st.sampled_from("aJMnNé0159 ,.-/+'\"\n=@€Ãü’$%"), max_size=8),
    min_size=60,
    max_size=60,
).map(lambda texts: [each for each in texts if is_askable(each)])


@pytest.mark.parametrize("name", [*list(ATTRIBUTES)[1:], "braze_id", "title"])
@settings(max_examples=25, deadline=None)
@given(texts=TEXTS, quoted=st.booleans())
def test_no_rule_has_anything_to_say_of_a_plain_cell(
    name: str, texts: list[str], *, quoted: bool
) -> None:
    usual = {"braze_id": ["5f8a1c2e9d3b4a6f7e8c9012"], "title": ["a", "b"], **ATTRIBUTES}[name]
    cells = [*(usual[index % len(usual)] for index in range(1200)), *texts]
    lines = [
        f"user-{index}," + written(cell, "quoted" if quoted else "needed")
        for index, cell in enumerate(cells)
    ]
    check = checked(f"external_id,{name}\n" + "\n".join(lines), now=NOW)
    flagged = {each.row for each in check.result() if each.column}
    told = plain_lines(check, lines)
    wrong = [cell for row, cell in enumerate(cells, 2) if told[row - 2] and row in flagged]
    assert wrong == []
    assert any(told)


@pytest.mark.parametrize("name", rulebook())
def test_no_record_that_an_example_reports_is_plain(name: str) -> None:
    if name in CROSS_ROW or name == "invalid-utf8":  # which is seen before
        return
    for example in rulebook()[name].file.example:
        options = example.options
        check = checked(
            example.csv.encode(options.encoding),
            kind=options.kind,
            now=datetime.fromisoformat(options.now),
            region=options.region,
            attributes=options.attributes,
        )
        if check.columns is None or check.header is None:
            continue
        lines = example.csv.splitlines()
        rows = {each.line for each in check.result() if (each.row or 0) > check.header.row}
        for line in rows - {None}:
            assert line is not None
            text = lines[line - 1]
            cells = next(csv.reader([text]))
            if len(cells) == len(check.columns.all) and all(map(is_askable, cells)):
                assert plain_lines(check, [text]) == [False], text


@pytest.mark.parametrize("value", ["12", "true", "2024-01-02", "some text"])
def test_an_expression_that_the_engine_does_not_take_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setattr("csvimport.inference.MOST_RECORDS", 3)
    header = ",".join(["external_id", *(f"k{number}" for number in range(1999))])
    rows = (f"A{number}," + ",".join([value] * 1999) for number in range(6))
    assert run("\n".join([header, *rows]) + "\n").rows == 6
