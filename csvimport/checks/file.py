"""Faults of the file as a whole."""

import re

from csvimport.checks.registry import File, Found, file_check
from csvimport.dialect import CR, ENDINGS, WHITE_SPACE
from csvimport.vocabulary import totals

_MB, _MIB = 10**6, 2**20
_DELIMITERS = {b";": "semicolon", b"\t": "tab", b"|": "pipe"}
#: A longer cell is none of a row of totals, in characters.
_LONGEST_TOTAL = 50
#: `1,234.50 €`, `(4)`, `2.0E+02`, `-`: a number as people write it, or what stands for none.
_AMOUNT = re.compile(r"\W*(?:\d[\d.,'’٬٫\s]*(?:[eE]\+\d+)?)?\W*")
#: `Total:`, `*** TOTAL ***`, `Total: 12`: what remains without signs and numbers around it.
#: `total-2` is somebody's identifier.
_LABEL = re.compile(r"\W*(\D*?)(?:\W*|[:：\s][\d\W]*)")


@file_check("empty-file", "rows")
def empty_file(file: File) -> Found | None:
    if file.survey.header is not None or not file.complete:
        return None
    if file.blank_rows:
        return Found(variant="blank-rows", facts={"rows": file.blank_rows})
    return Found()


@file_check("no-data-rows")
def no_data_rows(file: File) -> Found | None:
    return Found() if file.survey.header and not file.rows and file.complete else None


@file_check("file-too-large", "size", "limit")
def file_too_large(file: File) -> Found | None:
    if file.size <= file.size_limit * _MIB:
        return None
    size, limit = f"{file.size / _MIB:,.1f} MiB", f"{file.size_limit:g} MiB"
    return Found(facts={"size": size, "limit": limit})


@file_check("file-near-limit", "size", "low", "high")
def file_near_limit(file: File) -> Found | None:
    if not file.size_limit * _MB < file.size <= file.size_limit * _MIB:
        return None
    limit = f"{file.size_limit:g}"
    size = f"{file.size / _MB:,.1f} MB"
    return Found(facts={"size": size, "low": f"{limit} MB", "high": f"{limit} MiB"})


@file_check("wrong-encoding", "encoding", cross_row=True)
def wrong_encoding(file: File) -> Found | None:
    encoding = file.survey.encoding
    if encoding.is_utf8 or (encoding.is_asked_for and not file.survey.differs):
        return None
    if encoding.name is None:
        return Found(variant="unknown")
    variant = None
    if encoding.is_asked_for:
        variant = "misfit" if file.survey.misfits else "asked-for"
    return Found(variant=variant, facts={"encoding": _encoding_name(encoding.name)})


def _encoding_name(codec: str) -> str:
    """A codec's name as people write it: `Windows-1252`, `UTF-16`, `KOI8-R`."""
    if codec.startswith("windows"):
        return codec.capitalize()
    return codec.upper().replace("_", "-").removesuffix("-LE").removesuffix("-BE")


@file_check("separator-line")
def separator_line(file: File) -> Found | None:
    line = file.survey.separator_line
    return Found(value=line) if line is not None else None


@file_check("lines-before-header", "line")
def lines_before_header(file: File) -> Found | None:
    line, header = file.survey.line_before, file.survey.header
    if line is None or header is None:
        return None
    return Found(value=line, facts={"line": header.line})


@file_check("header-line-ending-differs", "header", "row")
def header_line_ending_differs(file: File) -> Found | None:
    ends = file.survey.line_endings
    if not ends.header_differs:
        return None
    assert ends.header is not None
    assert ends.first_row is not None
    return Found(facts={"header": ENDINGS[ends.header], "row": ENDINGS[ends.first_row]})


@file_check("mixed-line-endings", "most", "found", "line", cross_row=True)
def mixed_line_endings(file: File) -> Found | None:
    ends = file.survey.line_endings
    if not ends.mixed or ends.header_differs:
        return None
    found, line = ends.deviation
    facts: dict[str, str | int] = {
        "most": ENDINGS[ends.most],
        "found": ENDINGS[found],
        "line": line,
    }
    return Found(variant="alike" if found == ends.most else None, facts=facts)


@file_check("cr-line-endings")
def cr_line_endings(file: File) -> Found | None:
    return Found() if file.survey.dialect.line_end == CR else None


@file_check("wrong-delimiter", "delimiter")
def wrong_delimiter(file: File) -> Found | None:
    delimiter = _DELIMITERS.get(file.survey.dialect.delimiter)
    return Found(facts={"delimiter": delimiter}) if delimiter else None


@file_check("totals-row", "row", "line", cross_row=True)
def totals_row(file: File) -> Found | None:
    last = file.survey.last
    if last is None or file.rows < 2 or not file.complete:
        return None
    cells = [cell.strip(WHITE_SPACE) for cell in last.cells]
    filled = [position for position, cell in enumerate(cells) if cell]
    labels = [position for position in filled if not _is_amount(cells[position])]
    columns = file.columns.all if file.columns else ()
    if max(len(cells), len(columns)) < 2 or not all(_is_total(cells[each]) for each in labels):
        return None
    identifiers = {column.position for column in columns if column.role == "identifier"}
    if not identifiers.intersection(filled) <= set(labels):  # it is somebody's row
        return None
    label = next((each for each in labels if each == filled[0] or each in identifiers), None)
    if label is None:
        return None
    shows_number = any(re.search(r"\d", cells[position]) for position in filled)
    if not shows_number and not any(_is_plain(cells[position]) for position in labels):
        return None  # `Suma` may be a name
    return Found(value=cells[label], facts={"row": last.row, "line": last.line})


def _is_amount(cell: str) -> bool:
    return len(cell) <= _LONGEST_TOTAL and _AMOUNT.fullmatch(cell) is not None


def _is_plain(cell: str) -> bool:
    """Whether a label of totals is no word that names anything else: `Total`, `Grand total`."""
    words = re.findall(r"[^\W\d]+", cell.casefold())
    return len(words) > 1 or words[0].startswith("total")


def _is_total(cell: str) -> bool:
    """Whether `cell` says of its row that it holds totals."""
    label = _LABEL.fullmatch(cell) if len(cell) <= _LONGEST_TOTAL else None
    return label is not None and " ".join(label[1].casefold().split()) in totals()
