"""Lines as text, and which of them an expression matches."""

import numpy as np
import numpy.typing as npt
import polars as pl

Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

#: Text may be as long, in bytes; what has a longer cell is not plain.
LONGEST_CELL = 255
#: Stands for a line end inside a record; it is a control character, about which there is a rule.
INNER_END = "\x1e"
BOM = b"\xef\xbb\xbf"
#: Few large ones, since with each the engine starts from nothing.
_PARTS = 2


def split(text: bytes, line_end: bytes, *, lossy: bool) -> pl.Series | None:
    """The lines of `text`, an LF's CR aside; None where the parser would not tell all of them.

    `lossy` is for text that may not be UTF-8.
    """
    if b"\0" in text or text.startswith(BOM):
        return None
    try:
        frame = pl.read_csv(
            text,
            has_header=False,
            schema={"line": pl.String()},
            infer_schema=False,
            separator="\0",
            quote_char=None,
            eol_char=line_end.decode(),
            encoding="utf8-lossy" if lossy else "utf8",
        )
    except pl.exceptions.PolarsError:  # it is not UTF-8
        return None
    return frame["line"]


def ends_of(text: bytes, line_end: bytes) -> Offsets:
    """Where the line ends stand."""
    return np.flatnonzero(np.frombuffer(text, np.uint8) == line_end[0])


def ended_lines(
    text: bytes, line_end: bytes, pattern: str | None, before: str | None, *, lossy: bool
) -> tuple[Offsets, Flags, pl.Series]:
    """Where lines end in `text`, which of them match `pattern`, and what stands `before` that.

    The latter two as far as that can be asked, and is.
    """
    whole = text[: text.rfind(line_end) + 1]
    unclear = pattern is None or INNER_END.encode() in text
    lines = None if unclear else split(whole, line_end, lossy=lossy)
    if pattern is None or lines is None:
        stops = ends_of(text, line_end)
        return stops, np.zeros(len(stops), np.bool_), unknown(len(stops))
    lengths = lines.str.len_bytes().fill_null(0).to_numpy()
    stops = np.cumsum(lengths + 1, dtype=np.int64) - 1
    # CRs were left out of the lines, and what is not UTF-8 takes more bytes there
    if b"\r" in text or (len(stops) and stops[-1] != len(whole) - 1):
        stops = ends_of(text, line_end)
    if len(lines) != len(stops):
        return stops, np.zeros(len(stops), np.bool_), unknown(len(stops))
    firsts = unknown(len(stops)) if before is None else beginnings(lines, before)
    return stops, match(lines, pattern), firsts


def unknown(count: int) -> pl.Series:
    """So many texts that nobody knows."""
    return pl.Series("line", [None], dtype=pl.String).new_from_index(0, count)


def beginnings(lines: pl.Series, before: str) -> pl.Series:
    """What stands in each line before the first `before`: unknown without one, or in quotes."""
    line = pl.col(lines.name)
    size = line.str.find(before, literal=True)  # in bytes
    is_known = size.is_not_null() & ~line.str.starts_with('"')
    first = pl.when(is_known).then(line.cast(pl.Binary).bin.head(size))
    return lines.to_frame().select(first.cast(pl.String)).to_series()


def match(lines: pl.Series, pattern: str) -> Flags:
    """Which lines match."""
    found: Flags = lines.str.contains(pattern).fill_null(False).to_numpy()
    return found


def match_together(lines: pl.Series, pattern: str) -> Flags:
    """Which lines match, asked in several threads where there is only one that waits for it."""
    frame, size = lines.to_frame().lazy(), len(lines) // _PARTS + 1
    holds = pl.col(lines.name).str.contains(pattern).fill_null(False)
    flags = [frame.slice(start, size).select(holds) for start in range(0, len(lines), size)]
    parts = [part.to_series().to_numpy() for part in pl.collect_all(flags)]
    found: Flags = np.concatenate([np.zeros(0, np.bool_), *parts])
    return found
