"""The HTML report: what it says, that nothing in it is more than text, how a browser shows it."""

import io
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest
from browser import Browser, Page, chromium
from hypothesis import example, given, settings
from hypothesis import strategies as st
from running import checked, run
from tables import INPUTS
from test_payloads import IMITATIONS, NAMED, PAYLOADS, csv_of

from csvimport import Result, Severity, Verdict
from csvimport.engine import Check
from csvimport.options import Options
from csvimport.report import html
from csvimport.report.printable import printable
from csvimport.report.telling import TITLES, excerpt, meaning, next_step
from csvimport.source import Source, Together
from csvimport.spill import Chunk, Stored

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "report.png"
ROWS = "external_id,email,country,plan\n"


def page_of(*results: Result) -> str:
    file = io.BytesIO()
    html.write(results, file)
    return file.getvalue().decode()


def sample(name: str) -> Result:
    return run((ROOT / "sample_files" / f"{name}.csv").read_bytes())


def parsed(page: str) -> Element:
    """The page as a browser would understand it; there must be nothing to be mended in it."""
    tree: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    return tree


#: Tags that do not end a word.
INLINE = {"a", "b", "bdi", "code", "i", "mark", "span", "strong"}


def text_of(element: Element) -> str:
    """What is to be read in it, on one line."""
    style = {id(each) for each in element.iter("style")}
    pieces: list[str] = []

    def collect(each: Element) -> None:
        if id(each) not in style:
            edge = "" if each.tag in INLINE else " "
            pieces.append(edge + (each.text or ""))
            for child in each:
                collect(child)
                pieces.append(child.tail or "")
            pieces.append(edge)

    collect(element)
    return " ".join("".join(pieces).split())


def read(*results: Result) -> str:
    return text_of(parsed(page_of(*results)))


# --- Excerpts ------------------------------------------------------------------------------------


@given(st.integers(0, 900), st.integers(0, 900), st.integers(0, 900))
@example(150, 0, 0)
@example(0, 0, 150)
@example(0, 150, 0)
@example(49, 2, 49)
def test_an_excerpt_fits_and_is_marked_where_something_is_missing(
    before: int, found: int, after: int
) -> None:
    text = "b" * before + "f" * found + "a" * after
    shown = excerpt(text, before, before + found)
    pieces = (shown.before, shown.found, shown.after)
    assert sum(map(len, pieces)) <= 100
    for piece, length in zip(pieces, (before, found, after), strict=True):
        assert ("…" in piece) == (len(piece.replace("…", "")) < length)


# --- The pages that are looked at ----------------------------------------------------------------


def _timed_out() -> Result:
    rows = (f"A{i},{'x' if i % 50 == 0 else f'a{i}@example.com'},GB,gold\n" for i in range(9000))
    data = ROWS + "".join(rows)
    return checked(data, blocks=20, block_size=8000, probe=8000, max_record=2000).result()


def _wide() -> Result:
    names = [f"column_{number}" for number in range(1999)]
    cells = ["x ", "NULL", "007", "2024-13-45", "1"]
    rows = [[f"A{row}", *(cells[(row * at) % 5] for at in range(1999))] for row in range(30)]
    return run(csv_of([["external_id", *names], *rows]))


def _long() -> Result:
    rows = [["A" * 5000, "a@example.com", "x"], ["B1", "long.address" * 3000 + "@@x", "y " * 300]]
    return run(csv_of([["external_id", "email", "n" * 300], *rows]))


def _long_names() -> Result:
    names = [f"an attribute with a rather long name, number {number}" for number in range(200)]
    rows = [[f"A{row}", f"{row}@@x", *(["lorem ipsum " * 9] * 200)] for row in range(9)]
    return run(csv_of([["external_id", "email", *names], *rows]))


RIGHT_TO_LEFT = (
    "external_id,email,الاسم,city\nA1,لا يوجد,محمد علي,القاهرة\n,x@example.com,שלום,תל אביב\n"
    "A3,bad@@x,\u202egpj.exe,حلب\nA4,x@y.com,a,ب,زائد\n"
)
PAGES: dict[str, Callable[[], list[Result]]] = {
    "clean": lambda: [sample("quoted_cells")],
    "contacts": lambda: [sample("contacts")],
    "contact_details": lambda: [sample("contact_details")],
    "custom_types": lambda: [sample("custom_types")],
    "empty": lambda: [sample("empty")],
    "broken_header": lambda: [sample("broken_header")],
    "timed_out": lambda: [_timed_out()],
    "wide": lambda: [_wide()],
    "long": lambda: [_long()],
    "long_names": lambda: [_long_names()],
    "right_to_left": lambda: [run(RIGHT_TO_LEFT)],
    "several": lambda: [sample(name) for name in ("contacts", "quoted_cells", "broken_header")],
}


@cache
def results(name: str) -> list[Result]:
    return PAGES[name]()


# --- What it says --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_it_says_what_the_screen_says(name: str) -> None:
    text = read(*results(name))
    for result in results(name):
        assert TITLES[result.verdict] in text
        for line in (*meaning(result), next_step(result)):
            sentence = line[:1].upper() + line[1:].replace("`", "") + "."
            assert sentence in text
        for number in (result.rows_checked, result.rows_with_errors, result.rows_with_warnings):
            assert f"{number:,}" in text
        for rule, number in result.issues_by_rule.items():
            assert f"{number:,} issue{'' if number == 1 else 's'} {rule}" in text


def test_a_page_of_few_issues_shows_each_with_its_cell() -> None:
    result = sample("contacts")
    tree = parsed(page_of(result))
    marked = [text_of(mark) for mark in tree.iter("mark")]
    assert marked == [
        'fault: "Colby',
        "fault: empty",
        "fault: First_name",
        "fault: C-1041",
    ]
    text = text_of(tree)
    for issue in result:
        assert issue.message.replace("`", "") in text
    assert "shown." not in text


def test_the_rest_of_the_row_is_there() -> None:
    text = read(run("external_id,email,plan\nA1,bad@@x,gold\n,b@example.com,silver\n"))
    assert "row 2 A1 fault: bad@@x gold" in text


def test_of_many_issues_the_first_are_shown_and_that_is_said() -> None:
    data = ROWS + "".join(f"A{i},bad{i}@@x,GB,gold\n" for i in range(3000))
    text = read(run(data))
    assert "5 of 3,000 shown. 2,995 more issues of this rule in the file." in text
    assert "Invalid email: the first 5 of 3,000" in text
    assert text.count("fault: bad") == 5
    assert "5 of 3,000 issues are shown, to keep this page small: the first 5 of each rule." in text
    assert "issues are shown" not in read(run(ROWS + "A1,bad@@x,GB,gold\n"))


def test_rows_from_many_blocks_are_found() -> None:
    data = ROWS + "".join(f"A{i},{'bad@@x' if i % 700 == 3 else ''},GB,p{i}\n" for i in range(3000))
    text = read(run(data, block_size=4000, probe=4000, max_record=1000))
    for i in (3, 703, 1403, 2103, 2803):
        assert f"row {i + 2:,} A{i} fault: bad@@x GB p{i}" in text


def test_of_a_wide_row_the_cells_at_fault_are_among_those_shown() -> None:
    names = ["external_id", *(f"plan_{i}" for i in range(200)), "email"]
    rows = [[f"A{row}", *(["x"] * 200), f"bad{row}@@x"] for row in range(9)]
    text = read(run(csv_of([names, *rows])))
    for row in range(5):
        assert f"A{row} x x x x x x fault: bad{row}@@x" in text
    assert "Of each row, 8 of 202 cells are shown" in text


class IssueByIssue(html._Tally):
    """What is counted and kept if each issue comes by itself."""

    def add(self, chunk: Chunk | Stored) -> None:
        for number in range(chunk.issues.height):
            super().add(Chunk(chunk.issues[number : number + 1], chunk.rows))


def _tallied(result: Result, kind: type[html._Tally]) -> html._Tally:
    tally = kind(result, 5)
    for chunk in result.chunks():
        tally.add(chunk)
    return tally


def test_a_cell_that_was_not_kept_is_said_to_be_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a wide file, a later block's fault may be in a column that no earlier one's was in."""
    names = ["external_id", *(f"plan_{i}" for i in range(100))]
    rows = [[f"A{i}", *(["x"] * 100)] for i in range(9)]
    rows[3][50], rows[8][70] = "x\x01", "x\x02"
    result = run(csv_of([names, *rows]))
    assert "A3 x x x x x fault: x\\x01 x " in read(result)
    monkeypatch.setattr(html, "_Tally", IssueByIssue)
    text = read(result)
    assert "A3 x x x x x fault: x\\x01 not shown" in text
    assert "A8 x x x x x not shown fault: x\\x02" in text


def test_long_values_are_cut_in_the_middle_and_their_length_is_told() -> None:
    text = read(*results("long"))
    assert "… 5,000 characters …" in text
    assert "… 36,003 characters …" in text
    assert "x@@x" not in text
    assert "dress@@x" in text


@given(st.text(st.sampled_from("ab e\u0301\u200d🦄"), max_size=40), st.integers(4, 30))
def test_a_text_is_cut_near_its_length_and_between_letters(text: str, longest: int) -> None:
    cut = html._cut(text, longest)
    if cut.length is None:
        assert (cut.start, cut.end) == (text, "")
    else:
        assert cut.length == len(text) > longest
        assert text.startswith(cut.start)
        assert text.endswith(cut.end)
        assert len(cut.start) + len(cut.end) <= longest


def test_the_strip_tells_where_the_issues_are() -> None:
    rows = [f"A{i},,GB,gold\n" for i in range(999)]
    rows[500] = "A500,bad@@x,GB,gold\n"
    rows[700:720] = [",,GB,gold\n"] * 20
    tree = parsed(page_of(run(ROWS + "".join(rows))))
    told = [each.get("aria-label") for each in tree.iter("{http://www.w3.org/2000/svg}svg")]
    assert "20 errors in rows 702 to 721; the most, 5, in rows 706 to 710" in told
    assert "1 warning in row 502" in told
    paths = [each.get("d") or "" for each in tree.iter("{http://www.w3.org/2000/svg}path")]
    # row 502 is in the middle of the file; a bar from there, as high as one of five
    assert "M500 100v-20h5V100z" in paths
    assert sum(path.count("M700 ") + path.count("M705 ") for path in paths) == 2


@settings(max_examples=60)
@given(INPUTS)
def test_every_issue_is_counted_once(data: bytes) -> None:
    result = run(data)
    tally = _tallied(result, html._Tally)
    assert tally.columns.sum(axis=1).tolist() == [result.errors, result.warnings]
    rows = [issue.row for issue in result if issue.row is not None]
    assert tally.places.sum() == len(rows)
    assert max(rows, default=0) <= tally.last_row
    for group in tally.groups():
        mine = [issue for issue in result if issue.rule == group.rule.name]
        assert [sample.issue for sample in group.samples] == mine[:5]
    other = _tallied(result, IssueByIssue)
    assert other.groups() == tally.groups()
    assert (other.bars(), other.strip()) == (tally.bars(), tally.strip())
    parsed(page_of(result))


def test_the_issues_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    result, chunks, calls = sample("contacts"), Result.chunks, []

    def counted(self: Result) -> Any:
        calls.append(self)
        return chunks(self)

    monkeypatch.setattr(Result, "chunks", counted)
    page_of(result)
    assert calls == [result]


def test_what_was_not_checked_is_told() -> None:
    (result,) = results("timed_out")
    assert result.verdict is Verdict.TIMED_OUT_WITH_ISSUES
    assert result.bytes is not None
    text = read(result)
    assert re.search(r"Rows checked [0-9,]+ [0-9.]+ kB of [0-9.]+ kB", text)
    assert re.search(r"Not checked: [0-9.]+ kB\.", text)
    assert f"row {result.rows_checked + 1:,}" in text
    assert "all of the file" not in text
    unknown = read(replace(result, bytes=None))
    assert "Not checked: of unknown size." in unknown
    stopped = read(replace(result, verdict=Verdict.SKIPPED))
    assert "validation skipped" in stopped
    assert "The check was stopped after" in stopped


@pytest.mark.parametrize("verdict", [Verdict.TIMED_OUT, Verdict.SKIPPED])
def test_where_no_row_was_checked_none_is_said_to_be_importable(verdict: Verdict) -> None:
    result = replace(run("external_id\n"), verdict=verdict, rows=None, bytes=100, issues_by_rule={})
    result = replace(result, examples=[], _chunks=(), errors=0, warnings=0)
    assert result.rows_checked == 0
    assert "import" not in next_step(result)
    assert "again" in next_step(result)
    assert "row 1" not in read(result)
    assert "Where in the file" not in read(result)


def test_what_the_caller_changed_is_told() -> None:
    data = "external_id,First_name\nA1,x\nA1,y\n"
    result = run(
        data,
        ignore=frozenset({"duplicate-identifier"}),
        severities={"misspelled-column": Severity.ERROR},
    )
    text = read(result)
    assert "Not reported, as asked: duplicate-identifier." in text
    assert "Reported otherwise, as asked: misspelled-column as error." in text
    assert "by default warning, changed as asked" in text
    assert "as asked" not in read(sample("contacts"))


def test_what_is_inferred_is_said_to_be() -> None:
    assert "inferred, as the platform does not document it" in read(sample("damaged_identifiers"))


def test_rows_are_not_said_to_be_imported_from_a_file_that_cannot_be() -> None:
    text = read(sample("broken_header"))
    assert "Without a fault 1 in themselves" in text
    assert "imported as they are" not in text


def test_parts_of_an_import_are_named() -> None:
    parts = [
        Source(io.BytesIO(f"external_id,plan\n,{n}\n".encode()), n) for n in ("a.csv", "b.csv")
    ]
    text = read(run(Together(parts)))
    assert "row 2 a.csv fault: empty a.csv" in text
    assert "row 4 line 2 b.csv fault: empty b.csv" in text


def test_several_results_have_an_overview_and_a_section_each() -> None:
    tree = parsed(page_of(*results("several")))
    (title,) = tree.iter("h1")
    assert text_of(title) == "3 files: 12 rows checked, 5 errors, 2 warnings"
    (overview,) = (each for each in tree.iter("table") if each.get("class") == "overview")
    assert [text_of(row) for row in overview.iter("tr")][1:] == [
        "file.csv issues found 7 3 2",
        "file.csv validation complete 3 0 0",
        "file.csv issues found 2 2 0",
    ]
    sections = [each.get("aria-labelledby") for each in tree.iter("section")]
    assert [each for each in sections if re.fullmatch("file-[0-9]+", str(each))] == [
        "file-1",
        "file-2",
        "file-3",
    ]


def test_of_very_many_results_the_first_are_shown_and_that_is_said() -> None:
    one = run("external_id\nA1\n")
    text = read(*[one] * 510)
    assert "The first 20 files are shown below" in text
    assert "10 more files checked, and not listed here." in text
    assert len(page_of(*[one] * 510)) < 400_000


def test_no_results_make_a_page_of_their_own() -> None:
    assert "0 files: 0 rows checked, 0 errors, 0 warnings" in read()


@pytest.mark.parametrize("redact", [False, True])
def test_a_redacted_page_says_so(redact: bool) -> None:
    text = read(run("external_id,email\nA1,bad@@Anna\n", redact=redact))
    assert ("letters and digits of the cells are masked" in text.lower()) == redact
    assert ("Anna" in text) != redact
    assert ("xxx@@Xxxx" in text) == redact


# --- Its size ------------------------------------------------------------------------------------


def test_a_page_of_very_many_issues_is_small() -> None:
    data = ROWS + "".join(f",bad{i}@@x,Germany,\x01{i}\n" for i in range(200_000))
    result = run(data)
    assert result.errors >= 200_000
    page = page_of(result)
    assert len(page.encode()) < 100_000
    assert "200,000" in text_of(parsed(page))


def test_a_page_of_very_many_columns_is_small() -> None:
    page = page_of(*results("wide"))
    assert len(page.encode()) < 300_000
    text = text_of(parsed(page))
    assert re.search(r"Not shown here: 1,[0-9]{3} columns with no more issues than these\.", text)
    assert "Not shown here: 1,685 more fields." in text


# --- Nothing but text ----------------------------------------------------------------------------

# fmt: off
TAGS = {
    "html", "head", "meta", "link", "title", "style", "body", "a", "header", "main", "nav",
    "section", "article", "footer", "figure", "figcaption", "h1", "h2", "h3", "h4", "p", "ul", "li",
    "dl", "dt", "dd", "div", "span", "strong", "b", "i", "small", "code", "bdi", "mark", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "details", "summary",
    *(f"{{http://www.w3.org/2000/svg}}{name}" for name in ("svg", "circle", "path")),
}
ATTRIBUTES = {
    "aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "colspan", "content", "cx",
    "cy", "d", "data-label", "dir", "focusable", "href", "http-equiv", "id", "lang", "name",
    "preserveAspectRatio", "r", "rel", "role", "rowspan", "scope", "style", "viewBox",
}
# fmt: on
STYLES = re.compile(r"(width:[0-9.]+%)|(left:max\([0-9.]+%, 5rem\))")
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def assert_plain(page: str) -> Element:
    """What stands in `page` is the template's markup and text: no other, and nothing unseen."""
    tree = parsed(page)
    for element in tree.iter():
        assert element.tag in TAGS
        assert set(element.keys()) <= ATTRIBUTES
        href = element.get("href", "#")
        assert href.startswith("#") or (element.tag == "link" and href == "data:,")
        assert STYLES.fullmatch(element.get("style", "width:1%"))
    assert len(list(tree.iter("style"))) == 1
    assert {char for char in page if unicodedata.category(char) in HIDDEN} <= {"\n"}
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    assert len(set(ids)) == len(ids)
    links = {each.get("href", "")[1:] for each in tree.iter("a")}
    assert links <= set(ids)
    return tree


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_script_and_asks_for_nothing(name: str) -> None:
    page = page_of(*results(name))
    assert_plain(page)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("payload", NAMED)
def test_no_text_of_a_file_is_more_than_text(payload: str) -> None:
    rows = [["", f"{payload}@@", payload], [f"{payload}1", "", ""], [f"{payload}1", "", "x"]]
    cells = run(csv_of([["external_id", "email", "plan"], *rows]))
    broken = run(
        f'external_id,plan\n{payload}"x,{payload}\n"{payload}"{payload},x\nA1,"{payload}\n'
    )
    headers = run(csv_of([["external_id", payload, f" {payload}", "plan"], ["", "a", "b", "c"]]))
    name = payload.replace("\0", "")[:200] + ".csv"
    named = Check(Source(io.BytesIO(b"external_id\n\n,"), name), Options())
    named.run(lambda: True)
    parts = [Source(io.BytesIO(b"external_id\n,x\n"), each) for each in (name, "b.csv")]
    together = run(Together(parts))
    for each in (cells, broken, headers, named.result(), together):
        assert_plain(page_of(each))
    several = assert_plain(page_of(cells, broken, headers, named.result(), together))
    shown = " ".join(printable(payload[:20]).split())
    assert shown in text_of(several)


@pytest.mark.parametrize("names", IMITATIONS, ids=str)
def test_headers_like_those_of_reports_are_headers(names: list[str]) -> None:
    assert_plain(page_of(run(csv_of([names, ["", *(["9"] * (len(names) - 1))]]))))


def test_backticks_of_a_value_stay_as_they_are() -> None:
    text = read(run("external_id,email\nA1,a`b`c\n"))
    assert "found `a`b`c`" in text
    assert "found abc" in read(run("external_id,email\nA1,abc\n"))


# --- In a browser --------------------------------------------------------------------------------

SIZES = [pytest.param(390, id="phone"), pytest.param(1280, id="desk")]
BETWEEN = [pytest.param(700, id="upright"), pytest.param(800, id="window")]
#: The lowest contrast of a text to what is behind it, and where that is.
CONTRAST = """
(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let lowest = [99, ""];
  while (texts.nextNode()) {
    let element = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || element.closest(".hidden")) continue;
    const ink = light(rgba(getComputedStyle(element).color));
    let ground = [0, 0, 0, 0];
    for (; element && ground[3] < 255; element = element.parentElement)
      ground = rgba(getComputedStyle(element).backgroundColor);
    const [low, high] = [ink, light(ground)].sort((one, other) => one - other);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < lowest[0]) lowest = [contrast, texts.currentNode.textContent];
  }
  return lowest;
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Callable[..., Any]:
    def show(name: str, width: int = 1280, *, dark: bool = False) -> Any:
        path = tmp_path / f"{name}.html"
        path.write_text(page_of(*results(name)), encoding="utf-8")
        return browser.page(path, width=width, dark=dark)

    return show


@pytest.mark.parametrize("width", [*SIZES, *BETWEEN])
@pytest.mark.parametrize("name", PAGES)
def test_a_browser_shows_it_without_complaint_or_overflow(
    shown: Callable[..., Any], name: str, width: int
) -> None:
    with shown(name, width) as page:
        assert page.complaints == []
        assert len(page.requests) == 1
        assert page.value("document.documentElement.scrollWidth") <= width
        text = " ".join(page.text.split()).lower()
        for result in results(name):
            assert TITLES[result.verdict] in text
            assert next_step(result).replace("`", "").lower() in text
        # what is cut off at the edge of its own box would not make the page wider
        assert (
            page.value(
                "[...document.querySelectorAll('mark, td, th, p, li, dd, code')].filter("
                "each => !each.closest('.hidden, thead') && each.checkVisibility()"
                " && each.getBoundingClientRect().right > innerWidth).length"
            )
            == 0
        )
        # and tables have boxes that would cut them off
        boxes = "[...document.querySelectorAll('.samples')]"
        assert (
            page.value(f"{boxes}.filter(each => each.scrollWidth > each.clientWidth).length") == 0
        )


def test_bars_can_be_compared(browser: Browser, tmp_path: Path) -> None:
    """They begin at one line, however long the numbers beside them are."""
    path = tmp_path / "bars.html"
    path.write_text(
        page_of(run(ROWS + ",a@@x,Germany,\n" + ",a@@x,,\n" * 12_000)), encoding="utf-8"
    )
    starts = (
        "[...document.querySelectorAll('.bars')].map(bars =>"
        " new Set([...bars.querySelectorAll('.bar')].map(each =>"
        " each.getBoundingClientRect().left)).size)"
    )
    with browser.page(path, width=1280) as page:
        assert page.value(starts) == [1, 1]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["contacts", "timed_out", "several", "clean"])
def test_texts_stand_out(shown: Callable[..., Any], name: str, dark: bool) -> None:
    with shown(name, dark=dark) as page:
        contrast, text = page.value(CONTRAST)
        assert contrast >= 4.5, text
        scheme = page.value("getComputedStyle(document.documentElement).colorScheme")
        assert scheme == ("dark" if dark else "light")


def _tree(page: Page) -> list[tuple[str, str, dict[str, Any]]]:
    """Role, name and properties of whatever a screen reader finds."""
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    return [
        (
            node["role"]["value"],
            node.get("name", {}).get("value", ""),
            {each["name"]: each["value"].get("value") for each in node.get("properties", [])},
        )
        for node in nodes
        if not node["ignored"]
    ]


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("name", ["contacts", "timed_out", "several", "wide"])
def test_a_screen_reader_finds_its_way(shown: Callable[..., Any], name: str, width: int) -> None:
    with shown(name, width) as page:
        tree = _tree(page)
    roles = [role for role, _, _ in tree]
    for landmark in ("banner", "main", "contentinfo"):
        assert roles.count(landmark) == 1
    levels = [properties["level"] for role, _, properties in tree if role == "heading"]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    unnamed = [
        role
        for role, called, _ in tree
        if role in ("heading", "link", "image", "table", "region", "article") and not called.strip()
    ]
    assert unnamed == []
    # tables are tables on a phone, too, where they look like lists
    tables = sum(len(result.issues_by_rule) for result in results(name))
    assert roles.count("table") >= tables > 0
    assert "rowheader" in roles
    assert "columnheader" in roles
    images = [called for role, called, _ in tree if role == "image"]
    assert any(re.search("(error|warning)s? in row", called) for called in images)


def test_all_can_be_reached_with_the_keyboard(shown: Callable[..., Any]) -> None:
    with shown("wide") as page:
        reached = []
        while True:
            for kind in ("keyDown", "keyUp"):
                page.ask("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab")
            found = page.value(
                "(() => { const it = document.activeElement, style = getComputedStyle(it);"
                "return [it.tagName, it.textContent.trim(), style.outlineStyle,"
                "it.getBoundingClientRect().left] })()"
            )
            if found[0] == "BODY" or found[:2] in reached:
                break
            reached.append(found[:2])
            assert found[2] == "solid"
            assert found[3] >= 0
        assert reached[0] == ["A", "Skip to the findings"]
        assert ["A", "Fields"] in reached
        assert [tag for tag, _ in reached].count("SUMMARY") == 2


def test_what_is_folded_is_printed(shown: Callable[..., Any]) -> None:
    folded = (
        "[...document.querySelectorAll('details')].map("
        "each => getComputedStyle(each, '::details-content').contentVisibility)"
    )
    with shown("wide", dark=True) as page:
        assert page.value(folded) == ["hidden", "hidden"]
        page.ask("Emulation.setEmulatedMedia", media="print")
        assert page.value(folded) == ["visible", "visible"]
        assert page.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        # on white paper, whatever the screen is like
        assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.pdf().startswith(b"%PDF")


def test_no_text_of_a_file_is_run(browser: Browser, tmp_path: Path) -> None:
    rows = [["", f"{payload}@@", payload] for payload in PAYLOADS.values()]
    headers = ["external_id", "email", *PAYLOADS.values()]
    found = [
        run(csv_of([["external_id", "email", "plan"], *rows])),
        run(csv_of([headers, ["", "bad@@x", *headers[2:]]])),
    ]
    path = tmp_path / "payloads.html"
    path.write_text(page_of(*found), encoding="utf-8")
    with browser.page(path, width=1280) as page:
        assert page.complaints == []
        assert len(page.requests) == 1
        assert page.value("document.scripts.length") == 0


def test_nothing_can_be_run_in_it(shown: Callable[..., Any]) -> None:
    """If all else failed, the page's own policy would keep a script from running."""
    with shown("clean") as page:
        page.value(
            "document.body.append(Object.assign(document.createElement('img'),"
            " {src: 'http://example.com/x.png'}))"
        )
        page.value(
            "document.body.append(Object.assign(document.createElement('script'),"
            " {textContent: 'document.title = 1'}))"
        )
        assert page.value("document.title") != "1"
        assert any("Content Security Policy" in each for each in page.complaints)


def test_the_readmes_picture_is_small() -> None:
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
    assert PICTURE.stat().st_size < 150_000


def take_picture() -> None:
    """Take the README's picture again."""
    path = PICTURE.with_suffix(".html")
    try:
        check = Check(Source(str(ROOT / "sample_files" / "contacts.csv")), Options())
        check.run(lambda: True)
        path.write_text(page_of(replace(check.result(), file="contacts.csv")), encoding="utf-8")
        with chromium() as found, found.page(path, width=1080) as page:
            PICTURE.write_bytes(page.screenshot(whole=False))
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    take_picture()
