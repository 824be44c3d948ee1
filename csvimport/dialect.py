"""How a file separates its cells and ends its lines."""

from collections.abc import Iterator

import msgspec

QUOTE = b'"'
LF = b"\n"
CR = b"\r"

#: Unicode's `White_Space` property; `str.isspace` knows four control characters more.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class Dialect(msgspec.Struct, frozen=True):
    """`line_end` is the byte that ends every line: LF (alone or after one or two CR), or CR."""

    delimiter: bytes = b","
    line_end: bytes = LF

    def strip(self, text: bytes, start: int, line_end: int) -> int:
        """The end of the content of the line from `start` whose last byte stands at `line_end`."""
        if self.line_end == LF:
            for _ in range(2):
                if line_end > start and text[line_end - 1 : line_end] == CR:
                    line_end -= 1
        return line_end

    def ending(self, line: bytes) -> int:
        """How `line` ends: in LF with this many CR before it (in CR: 0), or NO_LINE_END."""
        if not line.endswith(self.line_end):
            return NO_LINE_END
        return len(line) - 1 - self.strip(line, 0, len(line) - 1)


#: The ending of a last line that just stops.
NO_LINE_END = -1


def line_end_byte(head: bytes, *, whole: bool) -> bytes:
    """The byte that ends lines, judged on the first bytes of the input.

    CR where a lone CR stands outside quotes and no LF does; "outside" is an even number of quotes
    before. A CR at the end of a `head` that is not the `whole` input may be half a line end.
    """
    if not whole:
        head = head.removesuffix(CR).removesuffix(CR)
    if CR not in head:
        return LF
    outside = b"".join(_outside(head))
    lone = outside.replace(b"\r\r\n", b"").replace(b"\r\n", b"")
    return CR if CR in lone and LF not in outside else LF


def _outside(head: bytes) -> Iterator[bytes]:
    """The stretches between quotes; a quoted one is stood for by a quote, so that none touch."""
    for index, stretch in enumerate(head.split(QUOTE)):
        yield QUOTE if index % 2 else stretch


#: The names of the line endings, by the number of CR before the LF.
ENDINGS = ("LF", "CRLF", "CRCRLF")


class LineEndings(msgspec.Struct):
    """What ends the records: how many by each ending, and the first line that ends so."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * len(ENDINGS))
    first_lines: list[int] = msgspec.field(default_factory=lambda: [0] * len(ENDINGS))
    header: int | None = None
    first_row: int | None = None
    """The ending of the first data row that is not blank."""

    def add(self, ending: int, count: int, line: int) -> None:
        """`count` more records end so, the first of them on `line`."""
        if ending != NO_LINE_END and count:
            if not self.counts[ending] or line < self.first_lines[ending]:
                self.first_lines[ending] = line
            self.counts[ending] += count

    @property
    def most(self) -> int:
        """The ending of most records; of equals the header's."""
        return max(
            range(len(ENDINGS)),
            key=lambda ending: (self.counts[ending], ending == self.header),
        )

    @property
    def mixed(self) -> bool:
        """Whether there is more than one ending; CRCRLF is a mixture by itself."""
        return sum(map(bool, self.counts)) > 1 or self.counts[2] > 0

    @property
    def header_differs(self) -> bool:
        """Whether the header ends in LF and the first data row in CRLF, or the reverse."""
        return {self.header, self.first_row} == {0, 1}

    @property
    def deviation(self) -> tuple[int, int]:
        """The first ending that is not the majority's, and its line."""
        others = [ending for ending in range(3) if self.counts[ending] and ending != self.most]
        ending = min(others or [self.most], key=lambda ending: self.first_lines[ending])
        return ending, self.first_lines[ending]
