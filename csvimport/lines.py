"""Lines as text, and where they end."""

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
