"""The bytes ahead: a stretch of the input that always starts with a whole line."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Feed:
    """`text` starts at the offset `byte` of the input, with physical line `line`, record `row`."""

    chunks: Iterator[bytes]
    text: bytes = b""
    byte: int = 0
    line: int = 1
    row: int = 1
    ended: bool = False
    """Whether `text` holds the end of the input."""

    def fill(self, size: int) -> None:
        """Read on until `text` holds `size` bytes, or the end of the input."""
        parts, have = [self.text], len(self.text)
        while have < size and not self.ended:
            chunk = next(self.chunks, None)
            if chunk is None:
                self.ended = True
            else:
                parts.append(chunk)
                have += len(chunk)
        self.text = b"".join(parts)

    def drop(self, size: int, lines: int, rows: int) -> None:
        """Go on `size` bytes, which hold `lines` physical lines and `rows` records."""
        self.text = self.text[size:]
        self.byte += size
        self.line += lines
        self.row += rows

    def drop_line(self, line_end: bytes, step: int) -> bytes:
        """Go on behind the next line end, however far away, in the memory of `step` bytes.

        Returns the last bytes that were passed, enough to see how the line ended.
        """
        tail = b""
        while True:
            stop = self.text.find(line_end)
            size = len(self.text) if stop < 0 else stop + 1
            tail = (tail + self.text[max(size - 3, 0) : size])[-3:]
            self.drop(size, 0, 0)
            if stop >= 0 or self.ended:
                return tail
            self.fill(step)
