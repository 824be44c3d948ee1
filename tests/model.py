"""The parsing contract read aloud, one byte at a time.

A slow model of how bytes become physical lines, records and faults. It exists to be compared with
the real scanner, shares no code with it, and prefers the words of the contract to speed: every
question ("is this line, in isolation, a record of N cells?") is answered by reading those bytes
again from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

LF, CR, QUOTE = b"\n", b"\r", b'"'
COMMA = b","
OTHER_DELIMITERS = (b";", b"\t", b"|")  # in this order where they tie

# Unicode's White_Space property; str.isspace() differs (it holds U+001C to U+001F too).
WHITE_SPACE = frozenset(
    map(
        chr,
        [
            *range(0x0009, 0x000D + 1),
            *(0x0020, 0x0085, 0x00A0, 0x1680),
            *range(0x2000, 0x200A + 1),
            *(0x2028, 0x2029, 0x202F, 0x205F, 0x3000),
        ],
    )
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, or what is left of it: every physical line belongs to exactly one entry."""

    kind: str  # "header" | "data" | "blank" | "fault"; a malformed header is "header" with a fault
    line: int  # 1-based physical line on which it starts
    byte: int  # 0-based offset of its first byte
    lines: int  # number of physical lines that belong to it
    fault: str | None  # name of the rule
    opened: int | None  # unclosed-quote: 1-based line on which the unclosed cell opened
    evidence: int | None  # unclosed-quote found by evidence: the 1-based line m
    cells: list[bytes] | None  # header and data without a fault: unquoted, unescaped content
    swallowed: bool  # a later line is in isolation a well-formed record of N >= 3 cells


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole input."""

    line_ending: bytes  # LF (CRLF files too), or CR in a lone-CR file
    delimiter: bytes
    separator_line: bool  # the first line is `sep=X`: physical line 1, but no entry
    entries: list[Entry]


# --- Lines ---------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A physical line: its content is data[start:stop], its line end is data[stop:end]."""

    start: int
    stop: int
    end: int


def line_ending_of(data: bytes, probe: int) -> bytes:
    """CR where the window holds a lone CR outside quotes and no LF outside quotes, else LF."""
    window = data[:probe]
    if len(window) < len(data):
        # what follows these is not in the window; a line end has two of them at most
        window = window.removesuffix(CR).removesuffix(CR)
    quotes = 0
    lone_cr = lf = False
    for at in range(len(window)):
        byte = window[at : at + 1]
        outside = quotes % 2 == 0
        if byte == QUOTE:
            quotes += 1
        elif byte == LF and outside:
            lf = True
        elif byte == CR and outside:
            rest = window[at + 1 : at + 3]
            if rest[:1] != LF and rest != CR + LF:  # part of neither `\r\n` nor `\r\r\n`
                lone_cr = True
    return CR if lone_cr and not lf else LF


def physical_lines(data: bytes, line_ending: bytes) -> list[Line]:
    """Split at every line end, quotes or not. A final line end creates no further line."""
    lines: list[Line] = []
    start = 0
    for at in range(len(data)):
        if data[at : at + 1] != line_ending:
            continue
        stop = at
        if line_ending == LF:  # `\n`, `\r\n` or `\r\r\n`; a third CR is content
            while stop > start and at - stop < 2 and data[stop - 1 : stop] == CR:
                stop -= 1
        lines.append(Line(start, stop, at + 1))
        start = at + 1
    if start < len(data):
        lines.append(Line(start, len(data), len(data)))
    return lines


def is_separator_line(content: bytes) -> bool:
    """Exactly `sep=` and one character."""
    if not content.startswith(b"sep=") or not is_utf8(content):
        return False
    rest = content.removeprefix(b"sep=").decode()
    return len(rest) == 1 and rest not in "\r\n"


# --- One record ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Record:
    """What reading from the start of one line gives. Lines are indices from 0 here."""

    fault: str | None  # a quoting fault or record-too-large; None: well-quoted
    last: int  # the line on which it ends, or which holds the byte at which it is faulty
    openings: list[int]  # for each quoted cell in order, the line on which it opened
    cells: list[bytes]  # those completed
    content: bytes  # its bytes without the line end that ends it (of a faulty one: up to the fault)


State = Literal["cell start", "unquoted", "quoted", "after quote"]


def read_record(
    data: bytes, lines: Sequence[Line], first: int, delimiter: bytes, max_record: int
) -> Record:
    """Read from the start of a line, left to right, to the record's end or its first fault."""
    start = at = lines[first].start
    line = first  # the line that holds the byte `at`
    state: State = "cell start"
    cell = bytearray()
    cells: list[bytes] = []
    openings: list[int] = []

    def result(fault: str | None) -> Record:
        return Record(fault, line, openings, cells, data[start:at])

    while True:
        if state == "quoted":
            if at == len(data):
                return result("unclosed-quote")
            if at == lines[line].end:
                line += 1
        elif at == lines[line].stop:  # a line end outside quotes, or the end of the input
            cells.append(bytes(cell))
            return result(None)

        byte = data[at : at + 1]
        if at - start + 1 == max_record:
            inside = state == "quoted" or (state == "after quote" and byte == QUOTE)
            return result("unclosed-quote" if inside else "record-too-large")

        if state == "quoted":
            if byte == QUOTE:
                state = "after quote"  # closing, or the first of two: the next byte tells
            else:
                cell += byte
        elif state == "after quote" and byte == QUOTE:
            cell += QUOTE
            state = "quoted"
        elif byte == delimiter:
            cells.append(bytes(cell))
            cell.clear()
            state = "cell start"
        elif state == "after quote":
            return result("text-after-quote")
        elif state == "cell start" and byte == QUOTE:
            openings.append(line)
            state = "quoted"
        elif byte == QUOTE:
            return result("stray-quote")
        else:
            cell += byte
            state = "unquoted"
        at += 1


def read_isolated(content: bytes, delimiter: bytes, max_record: int) -> Record:
    """Read the content of one physical line as if it were the whole input."""
    return read_record(content, [Line(0, len(content), len(content))], 0, delimiter, max_record)


def is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8", "strict")
    except UnicodeDecodeError:
        return False
    return True


def is_blank(record: Record) -> bool:
    """Well-quoted, and no characters or only white space in every cell, whatever their number."""
    if record.fault is not None or not is_utf8(record.content):
        return False
    return all(character in WHITE_SPACE for cell in record.cells for character in cell.decode())


# --- The whole input -----------------------------------------------------------------------------


def read(data: bytes, *, max_record: int = 1 << 20, probe: int = 1 << 20) -> Reading:
    """Read UTF-8 bytes without a BOM into entries that cover every physical line once."""
    line_ending = line_ending_of(data, probe)
    lines = physical_lines(data, line_ending)
    entries: list[Entry] = []

    def content_of(line: int) -> bytes:
        return data[lines[line].start : lines[line].stop]

    def blank_entry(line: int, record: Record) -> Entry:
        return Entry(
            kind="blank",
            line=line + 1,
            byte=lines[line].start,
            lines=record.last - line + 1,
            fault=None,
            opened=None,
            evidence=None,
            cells=None,
            swallowed=False,
        )

    def skip_blank_records(line: int, delimiter: bytes) -> int:
        """Add the blank records from this line on; the line on which the next record starts."""
        while line < len(lines):
            record = read_record(data, lines, line, delimiter, max_record)
            if not is_blank(record):
                break
            entries.append(blank_entry(line, record))
            line = record.last + 1
        return line

    line = 0
    separator_line = bool(lines) and is_separator_line(content_of(0))
    if separator_line:
        line = 1

    delimiter = COMMA
    line = skip_blank_records(line, COMMA)
    while line < len(lines):
        delimiter = judge_delimiter(content_of(line), max_record)
        record = read_record(data, lines, line, delimiter, max_record)
        if not is_blank(record):
            break
        # blank by its own delimiter: that says nothing of the lines behind it
        entries.append(blank_entry(line, record))
        delimiter = COMMA
        line = skip_blank_records(record.last + 1, COMMA)

    width: int | None = None  # N; None: unknown
    if line < len(lines):
        header = header_entry(lines[line], line, content_of(line), delimiter, max_record)
        entries.append(header)
        width = None if header.cells is None else len(header.cells)
        line += 1

    while line < len(lines):
        entry = data_entry(data, lines, line, delimiter, width, max_record)
        entries.append(entry)
        line += entry.lines

    return Reading(line_ending, delimiter, separator_line, entries)


def judge_delimiter(content: bytes, max_record: int) -> bytes:
    """The delimiter, judged on the content of the header's physical line."""
    with_comma = read_isolated(content, COMMA, max_record)
    if with_comma.fault is None and len(with_comma.cells) >= 2:
        return COMMA
    best, most_cells = COMMA, 1
    for delimiter in OTHER_DELIMITERS:
        record = read_isolated(content, delimiter, max_record)
        if record.fault is None and len(record.cells) > most_cells:  # a tie: the first stays
            best, most_cells = delimiter, len(record.cells)
    return best


def header_entry(
    place: Line, line: int, content: bytes, delimiter: bytes, max_record: int
) -> Entry:
    """The header is always the one physical line on which it starts."""
    record = read_isolated(content, delimiter, max_record)
    fault = record.fault
    if fault is None and not is_utf8(record.content):
        fault = "invalid-utf8"
    return Entry(
        kind="header",
        line=line + 1,
        byte=place.start,
        lines=1,
        fault=fault,
        opened=line + 1 if fault == "unclosed-quote" else None,
        evidence=None,
        cells=record.cells if fault is None else None,
        swallowed=False,
    )


def data_entry(
    data: bytes,
    lines: Sequence[Line],
    line: int,
    delimiter: bytes,
    width: int | None,
    max_record: int,
) -> Entry:
    """The record that starts on this line, after the header."""
    record = read_record(data, lines, line, delimiter, max_record)

    def first_later_line_of_width() -> int | None:
        """The first later line, of those it spans, that alone is well-quoted with N cells."""
        for later in range(line + 1, record.last + 1):
            content = data[lines[later].start : lines[later].stop]
            alone = read_isolated(content, delimiter, max_record)
            if alone.fault is None and len(alone.cells) == width:
                return later
        return None

    kind = "fault"
    fault = record.fault
    last = record.last  # the line with which the entry ends
    opened: int | None = None
    evidence: int | None = None
    swallowed = False

    wrong_width = width is not None and len(record.cells) != width
    if is_blank(record):
        kind = "blank"
    elif fault is not None or wrong_width:
        if width is not None and width >= 2:
            evidence = first_later_line_of_width()
        if evidence is not None:
            # The lines before line m ended inside quotes, or the record would have ended there:
            # the last quoted cell that opened before line m is the one open at its start.
            fault = "unclosed-quote"
            opened = [opening for opening in record.openings if opening < evidence][-1]
            last = opened
        elif fault == "unclosed-quote" or (
            fault == "text-after-quote" and record.openings[-1] < record.last
        ):
            fault = "unclosed-quote"
            opened = record.openings[-1]
            last = opened
        elif fault is None and not is_utf8(record.content):
            fault = "invalid-utf8"
        elif fault is None and width is not None:
            fault = "too-few-cells" if len(record.cells) < width else "too-many-cells"
    elif not is_utf8(record.content):
        fault = "invalid-utf8"
    else:
        kind = "data"
        if width is not None and width >= 3:
            swallowed = first_later_line_of_width() is not None

    return Entry(
        kind=kind,
        line=line + 1,
        byte=lines[line].start,
        lines=last - line + 1,
        fault=fault,
        opened=None if opened is None else opened + 1,
        evidence=None if evidence is None else evidence + 1,
        cells=record.cells if kind == "data" else None,
        swallowed=swallowed,
    )
