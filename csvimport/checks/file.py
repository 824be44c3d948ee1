"""Faults of the file as a whole."""

from csvimport.checks.registry import File, Found, file_check
from csvimport.dialect import CR, ENDINGS

_MB, _MIB = 10**6, 2**20
_DELIMITERS = {b";": "semicolon", b"\t": "tab", b"|": "pipe"}


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
