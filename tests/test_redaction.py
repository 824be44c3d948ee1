"""A redacted result: nothing in it says what the cells say, and everything else is as it was."""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from readers import as_text
from running import face, report, report_bytes, run, whole
from tables import INPUTS

import csvimport
import csvimport.report.console as console_report
import csvimport.report.json as json_report
from csvimport import Result, Verdict
from csvimport.cli import main
from csvimport.issue import CUT_MARK, LONGEST
from csvimport.redaction import masked, masked_quote, masked_text
from csvimport.report import concise, github
from csvimport.report.faces import FACES
from csvimport.rulebook import Example, placeholders, rulebook

BOOK = rulebook()
EXAMPLES = [
    pytest.param(each, id=f"{rule.name}-{number}")
    for rule in BOOK.values()
    for number, each in enumerate(rule.file.example)
]
#: What this tool says by itself.
SAID = "\n".join(
    text
    for rule in BOOK.values()
    for _, each in rule.wordings()
    for text in (each.message, each.help)
)
CSV_EXAMPLES = [each for rule in BOOK.values() for each in rule.file.example if each.csv]


def of_example(example: Example, data: str | None = None, *, redact: bool = True) -> Result:
    options = example.options
    limits: dict[str, Any] = {"size_limit": options.size_limit, "max_record": options.max_record}
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    return run(
        (example.csv if data is None else data).encode(options.encoding, "replace"),
        kind=options.kind,
        now=datetime.fromisoformat(options.now),
        region=options.region,
        attributes=options.attributes,
        redact=redact,
        **limits,
    )


def outputs(result: Result) -> Iterator[str]:
    """All that anybody gets to see of a result, as text."""
    yield "\n".join(line.plain for line in console_report.render(result, show=1000))
    yield from (report_bytes(result, raw=raw).decode("utf-8-sig") for raw in (False, True))
    timeless = replace(result, elapsed_seconds=0)
    yield from (as_text(face([timeless], suffix), suffix) for suffix in FACES)
    yield "\n".join(map("\n".join, (concise.render([result]), github.render([result]))))
    # the times are the only numbers that are not the file's
    document = json.loads(json_report.render([result], result.now))
    del document["files"][0]["elapsed_seconds"]
    yield json.dumps(document, ensure_ascii=False)
    yield "\n".join(repr(each) for each in (*result, *result.examples))


# --- Masks ---------------------------------------------------------------------------------------


def _shape(text: str) -> str:
    """The mask as it can be said of one character after the other."""
    return "".join(map(_shape_of, text))


def _shape_of(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Lu", "Lt"):
        return "X"
    if category[0] == "N":
        return "0"
    is_tag = 0xE0000 <= ord(char) <= 0xE0FFF
    stays = category[0] in ("P", "Z") or category in ("Cc", "Cf", "Sm", "Sc", "Sk")
    return char if (stays and not is_tag) or char == "\ufffd" else "x"


#: Letters that Python's and polars' tables know alike.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], max_codepoint=0x2FFF))


@given(TEXT)
@example("")
@example("Ab1 é漢Ⅷ\u0301🦄\U000e0061\U0001f1e9-$+\t\u200b\u202e\x1b\ufffd")
def test_a_mask_keeps_the_shape(text: str) -> None:
    mask = masked_text(text)
    assert mask == _shape(text)
    assert len(mask) == len(text)
    assert masked_text(mask) == mask


@given(st.lists(st.one_of(st.none(), TEXT)))
def test_a_column_is_masked_as_its_cells_are(cells: list[str | None]) -> None:
    frame = pl.DataFrame({"cell": cells}, schema={"cell": pl.String})
    expected = [None if cell is None else masked_text(cell) for cell in cells]
    assert frame.select(masked(pl.col("cell")))["cell"].to_list() == expected


def test_the_mark_of_a_cut_stays() -> None:
    assert masked_text("Anna" + CUT_MARK) == "Xxxx" + CUT_MARK
    (issue,) = run(f"external_id\n{'Ab' * LONGEST}\n", redact=True)
    assert issue.value == "Xx" * (LONGEST // 2) + CUT_MARK


def test_what_a_sentence_begins_with_is_masked_to_the_last_backtick() -> None:
    assert masked_quote("`Anna`s` is 1 name") == "`Xxxx`x` is 1 name"
    assert masked_quote("neither `a` nor `b`") == "neither `a` nor `b`"


# --- Nothing that cells say ----------------------------------------------------------------------

#: No word of this tool's has four of these letters in a row, nor do they look like a masked text.
LETTERS = "QWJKVZqwjkvz"
TOKENS = st.builds(
    lambda letters, digits, more: letters + digits + more,
    st.text(LETTERS, min_size=4, max_size=6),
    st.text("123456789", min_size=6, max_size=8),
    st.sampled_from(["", "@QJWK.com", "éЖ漢字Ж漢", "\u0301", ".0", "🦄🦉🦄🦉"]),
)


def _pieces(token: str) -> set[str]:
    """Parts of a token that cannot stand anywhere by chance: four characters, six if digits."""
    four = {token[at : at + 4] for at in range(len(token) - 3)}
    six = {token[at : at + 6] for at in range(len(token) - 5)}
    letters = {each for each in four if not re.search("[0-9.]", each) and each not in ".com @"}
    return {
        each
        for each in letters | {each for each in six if each.isdecimal()}
        if each not in SAID and each.lower() not in SAID.lower()
    }


def _with(token: str, example: Example, places: list[int]) -> str:
    """An example with `token` in its lines behind the header."""
    lines = re.findall(r"[^\r\n]*(?:\r{0,2}\n|\r)|[^\r\n]+", example.csv)  # CRCRLF is one end
    first = next((i for i, line in enumerate(lines) if line.strip(" ,;\r\n")), 0)
    first += lines[first].startswith("sep=") if lines else 0
    head, body = "".join(lines[: first + 1]), "".join(lines[first + 1 :])
    for place in places:
        at = place % (len(body) + 1)
        body = body[:at] + token + body[at:]
    return head + body


def _assert_silent(result: Result, *tokens: str) -> None:
    for text in outputs(result):
        low = text.lower()
        assert [each for token in tokens for each in _pieces(token) if each.lower() in low] == []


@settings(max_examples=80)
@given(
    st.sampled_from(CSV_EXAMPLES),
    TOKENS,
    st.lists(st.integers(0, 10_000), min_size=1, max_size=8),
)
def test_no_output_holds_what_stands_in_a_cell(
    example: Example, token: str, places: list[int]
) -> None:
    # a header that ends in a broken line has no end of its own
    assume(example.csv.splitlines()[0].strip())
    result = of_example(example, _with(token, example, places))
    _assert_silent(result, token)


@settings(max_examples=60)
@given(INPUTS, TOKENS, st.integers(0, 10_000))
def test_no_output_holds_what_stands_in_a_broken_file(data: bytes, token: str, place: int) -> None:
    head, end, body = data.partition(b"\n")
    at = place % (len(body) + 1)
    data = head + end + body[:at] + token.encode() + body[at:] if end else data
    result = run(data, redact=True)
    plain = run(data)
    assume(not any(token in name for name in result.headers))
    assume(result.columns is None or plain.headers == result.headers)
    _assert_silent(result, token)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_words_of_a_message_are_the_rule_books_or_the_headers(example: Example) -> None:
    """All else is a number of a row, of cells or of characters, or it is masked."""
    result = of_example(example)
    names = " ".join(result.headers)
    known = set(re.findall(r"[^\W\d_]+", f"{SAID} {names} {OWN}".lower()))
    for issue in result:
        if result.headers and (issue.row == 1 and issue.column is not None):
            continue  # what is wrong with a name has to show it
        words = set(re.findall(r"[^\W\d_]+", issue.message.lower()))
        assert {word for word in words - known if word.strip("x")} == set()


#: The facts that are words of this tool's own.
OWN = (
    "external_id user_alias_name user_alias_label email phone U+ MB MiB LF CRLF CR CRCRLF sep "
    "semicolon tab pipe address number opted_in subscribed unsubscribed string datetime boolean "
    "T Z utf windows "
    "utf-16 iso koi8 macroman shift_jis date of time an a no and uuid name first_name "
    "subscription_group_id subscription_state event alias"
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_only_what_cells_say_is_another(example: Example) -> None:
    plain, result = of_example(example, redact=False), of_example(example)
    assert plain.issues_by_rule == result.issues_by_rule
    for mine, theirs in zip(result, plain, strict=True):
        assert (mine.rule, mine.severity, mine.row, mine.line, mine.byte) == (
            theirs.rule,
            theirs.severity,
            theirs.row,
            theirs.line,
            theirs.byte,
        )
        assert mine.value in (theirs.value, theirs.value and masked_text(theirs.value))
        assert mine.suggestion in (
            theirs.suggestion,
            theirs.suggestion and masked_text(theirs.suggestion),
        )
    names, *lines = report(result)
    _, *others = report(plain)
    own = len(names) - len(result.headers)
    for line, other in zip(lines, others, strict=True):
        assert line[: own - 2] == other[: own - 2]
        is_header = bool(line[0]) and [each.removeprefix("'") for each in other[own:]] == [
            each.removeprefix("'") for each in plain.headers
        ]
        if not is_header:
            assert line[own - 1 :] == [masked_text(cell) for cell in other[own - 1 :]]


@settings(max_examples=50)
@given(
    st.sampled_from(CSV_EXAMPLES),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=5),
    st.lists(
        st.sampled_from(["QJWK", "VZQJ", "WKKV", "JJJJ"]), min_size=2, max_size=2, unique=True
    ),
)
def test_two_files_of_one_shape_have_one_result(
    example: Example, places: list[int], tokens: list[str]
) -> None:
    assume(example.csv.splitlines()[0].strip())
    one, other = (of_example(example, _with(token, example, places)) for token in tokens)
    assert list(outputs(one)) == list(outputs(other))


# --- Headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "jane@qjwk.com,Qjwk Berg,1990-01-01\ntom@x.com,Tom Kay,1991-02-02\n",
        "jane@qjwk.com,qjwk.properties.$x,qjwk.properties.x\n,,\n",
        'A1,Qjwk"y,1990-01-01\nA2,x,y\n',
        'A1,"Qjwk\n1990\nA2,x,y\n',
        'A1,"Qjwk',
        "`Qjwk`.properties.`qjwk`,a@qjwk.com\nx,y,z\n",
        "A1,Qjwk\x9d,a@qjwk.com\n1,2\n",
        "Jane,Qjwk,Berlin\nTom,Kay,Paris\n",
    ],
)
@pytest.mark.parametrize("ignore", [[], ["missing-header", "duplicate-header"]])
def test_a_first_row_that_may_be_data_is_masked(data: str, ignore: list[str]) -> None:
    result = run(data, redact=True, ignore=frozenset(ignore))
    for text in outputs(result):
        assert "qjwk" not in text.lower()
    assert result.headers
    assert all(masked_text(name) == name for name in result.headers)


def test_names_of_columns_stay() -> None:
    data = "external_id,First_name, Secret\nAb1,,\nAb1,x,\n"
    plain, result = run(data), run(data, redact=True)
    assert result.headers == plain.headers
    assert result.columns == plain.columns
    assert result.new_attributes == plain.new_attributes == ["First_name", " Secret"]
    assert [each for each in result if each.row == 1] == [each for each in plain if each.row == 1]
    assert "row 2" in next(each for each in result if each.row == 3).message


# --- Words and carets ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("external_id,n\n1,010\n" + "2,5\n" * 40, "found `000`, a number that starts with zero"),
        (
            "external_id,email\n1,a#Ж漢@exämple.com\n",
            "found `x#Xx@xxxxxxx.xxx`, expected an e-mail address such as `colby@example.com`",
        ),
        (
            "name,time,a.properties.b,external_id\nSecret,2020-01-01,x,Id7\n",
            "found `x` in a property of `a`, but the event of this row is `Xxxxxx`",
        ),
        (
            "external_id,user_alias_name,user_alias_label\nAb1,q,r\n",
            "found both `Xx0` and a value in `user_alias_name`, expected only one identifier",
        ),
        (
            "external_id,email\n,Jane7@example.com\n",
            "found no `external_id` in this row, so its `email` identifies the user: "
            "`Xxxx0@xxxxxxx.xxx`",
        ),
        (
            "external_id,x\n1,a\x07b\n",
            "found `x\x07x`, which holds the invisible character U+0007",
        ),
        (
            b"external_id,x\n1,\xc3\xa9\n2,a\xe9b\n3,\xc3\xa9\n4,\xc3\xa9\n",
            "cell 2 holds bytes that are not UTF-8: found `X0` in `x\ufffdx`",
        ),
    ],
)
def test_what_a_message_says(data: str | bytes, message: str) -> None:
    assert message in [each.message for each in run(data, redact=True)]


def test_habits_of_a_column_have_a_masked_example() -> None:
    rows = "".join(f"{n},Qjwk{n} \n" for n in range(200))
    result = run(f"external_id,plan\n{rows}", redact=True)
    (issue,) = [each for each in result if each.rule == "surrounding-whitespace"]
    assert issue.row == 1
    assert issue.value == "Xxxx0 "
    assert "such as `Xxxx0 `" in issue.message
    assert issue.column == "plan"


@settings(max_examples=50)
@given(INPUTS)
def test_the_carets_stand_where_they_stood(data: bytes) -> None:
    assume(b"\x1b" not in data)
    plain, result = run(data), run(data, redact=True)
    assume(plain.headers == result.headers)
    for mine, theirs in zip(result.examples, plain.examples, strict=True):
        lines = [
            [line.plain for line in console_report._example(each, plain.delimiter)]
            for each in (mine, theirs)
        ]
        marks = [[line for line in each if re.fullmatch(r" +\| +\^+", line)] for each in lines]
        assert marks[0] == marks[1]


# --- How it is asked for -------------------------------------------------------------------------

FILE = 'external_id,email\nQjwk1,Qjwk"y\nQjwk2,not Qjwk\n,\n'


def test_without_it_nothing_is_masked() -> None:
    result = run(FILE)
    assert not result.redacted
    assert all("Qjwk" in text for text in outputs(result) if '"tool_version"' not in text)


@settings(max_examples=30)
@given(INPUTS)
def test_a_file_in_many_blocks_is_masked_as_in_one(data: bytes) -> None:
    one, many = run(data, redact=True), run(data, redact=True, block_size=7)
    assert whole(one) == whole(many)


@pytest.mark.parametrize("redact", [False, True])
def test_the_library(tmp_path: Path, redact: bool) -> None:
    path = tmp_path / "users.csv"
    path.write_text(FILE)
    target = tmp_path / "report.csv"
    result = csvimport.check(path, report=target, redact=redact)
    job = csvimport.start(path, redact=redact)
    for each in (result, job.result()):
        assert each.verdict is Verdict.ISSUES_FOUND
        assert each.redacted == redact
        assert any("Qjwk" in issue.message for issue in each) == (not redact)
    assert ("Qjwk" in target.read_text(encoding="utf-8")) == (not redact)


@pytest.mark.parametrize("options", [[], ["--raw"], ["--together"], ["--format", "json"]])
def test_the_command(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users.csv").write_text(FILE)
    assert main(["check", "users.csv", "--redact", "--issues", "issues.jsonl", *options]) == 1
    out, err = capsys.readouterr()
    written = [path.read_text(encoding="utf-8") for path in Path().iterdir() if "." in path.stem]
    texts = [out, err, Path("issues.jsonl").read_text(), *written]
    assert len(texts) == 4
    assert not any("qjwk" in text.lower() for text in texts)
    assert ("masked" in out) == ("json" not in options)


def test_every_fact_of_slow_code_has_words_without_it() -> None:
    """What is left unsaid where cells are masked."""
    for name in ("invalid-email", "leading-zero-number"):
        assert placeholders(BOOK[name].file.message) == {"value"}
