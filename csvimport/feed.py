"""The bytes ahead: a stretch of the input that always starts with a whole line.

They come in pages, for which other threads have found out already where their lines end, and which
of these plainly are in order.
"""

from collections.abc import Callable, Generator, Iterator

import msgspec
import numpy as np

from csvimport.errors import BrokenOffError
from csvimport.lines import Flags, Offsets, ends_of
from csvimport.lookahead import ahead, each_made

#: The first pages are smaller, since what they say makes the others quicker to read.
_GROWTH = 4
#: So many pages are made at a time.
_HANDS = 2
_NO_STOPS: Offsets = np.zeros(0, np.int64)
NO_FLAGS: Flags = np.zeros(0, np.bool_)


class Page(msgspec.Struct, frozen=True):
    """Some of the input: `stops` is where lines end in `text`, if anybody has looked.

    `plain` says which of them match `pattern`, as records by themselves.
    """

    text: bytes
    stops: Offsets = msgspec.field(default_factory=_NO_STOPS.copy)
    plain: Flags = msgspec.field(default_factory=NO_FLAGS.copy)
    pattern: str | None = None
    bytes_read: int = 0
    """Of the input, when this was made."""


class Feed(msgspec.Struct):
    """`text` starts at the offset `byte` of the input, with physical line `line`, record `row`.

    `stops` and `plain` are those of its pages, `bytes_read` that of the last one.
    """

    pages: Iterator[Page]
    text: bytes = b""
    stops: Offsets = msgspec.field(default_factory=_NO_STOPS.copy)
    plain: Flags = msgspec.field(default_factory=NO_FLAGS.copy)
    bytes_read: int = 0
    byte: int = 0
    line: int = 1
    row: int = 1
    ended: bool = False
    """Whether `text` holds the end of the input."""
    _breaks_off: bool = False
    """Whether the last page did so within a line."""
    _failure: str | None = None
    """What keeps the input from being read on."""
    _asked: str | None = None
    _unasked: int = 0
    """So many of the first bytes were not asked."""

    @property
    def pattern(self) -> str | None:
        """What the plain lines match, if all lines of `text` were asked."""
        return None if self._unasked else self._asked

    def fill(self, size: int) -> None:
        """Read on until `text` holds `size` bytes, or the end of the input.

        Where it breaks off that is raised as soon as there is nothing new before it.
        """
        texts, stops, plain, have = [self.text], [self.stops], [self.plain], len(self.text)
        while have < size and not self.ended:
            try:
                page = self._next()
            except BrokenOffError as error:
                self._failure = str(error)
                if have == len(self.text):
                    raise
                break
            if page is None:
                self.ended = True
                break
            texts.append(page.text)
            stops.append(page.stops + have)
            have += len(page.text)
            if self._breaks_off:  # the first line there is none by itself
                page.plain[:1] = False
            plain.append(page.plain)
            self._breaks_off = not len(page.stops) or page.stops[-1] + 1 < len(page.text)
            self._asked, self.bytes_read = page.pattern, page.bytes_read
            if self._asked is None:
                self._unasked = have
        if len(texts) > 1:
            self.text = b"".join(filter(None, texts))
            self.stops, self.plain = np.concatenate(stops), np.concatenate(plain)

    def _next(self) -> Page | None:
        if self._failure:  # what has failed would seem to end when it is asked again
            raise BrokenOffError(self._failure)
        return next(self.pages, None)

    def read_on(self, pages: Iterator[Page], line_end: bytes) -> None:
        """From now on read these `pages`, which say where their lines end."""
        self.pages, self.stops = pages, ends_of(self.text, line_end)
        self.plain = np.zeros(len(self.stops), np.bool_)
        self._breaks_off = not self.text.endswith(line_end)
        self._unasked = len(self.text)

    def ask(self, make: Callable[[Page], Page]) -> None:
        """Let `make` find out about `text` what is known of other pages."""
        page = make(Page(self.text))
        self.stops, self.plain = page.stops, page.plain
        self._asked, self._unasked = page.pattern, 0

    def drop(self, size: int, lines: int, rows: int) -> None:
        """Go on `size` bytes, which hold `lines` physical lines and `rows` records."""
        self.text = self.text[size:]
        behind = int(self.stops.searchsorted(size))
        self.stops, self.plain = self.stops[behind:] - size, self.plain[behind:]
        self._unasked = max(self._unasked - size, 0)
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


def pages_of(
    chunks: Iterator[bytes],
    bytes_read: Callable[[], int],
    line_end: bytes,
    size: Callable[[], int],
    make: Callable[[Page], Page],
    most: int,
) -> Generator[Page]:
    """`chunks` in pages of whole lines, as `make` makes them; they grow up to `size()` bytes.

    A page breaks off within a line that is longer. Pages of more than `most` lines shrink. Some
    are made at a time, in threads of their own, and the next one is read in another.
    """
    step = max(size() // _GROWTH, 1)
    unmade = _unmade(chunks, bytes_read, line_end, lambda: step)
    for page in each_made(ahead(unmade), make, _HANDS):
        step = max(step // 2, 1) if len(page.stops) > most else min(2 * step, size())
        yield page
        del page  # what is not kept here goes with it


def _unmade(
    chunks: Iterator[bytes],
    bytes_read: Callable[[], int],
    line_end: bytes,
    size: Callable[[], int],
) -> Iterator[Page]:
    rest, ended = b"", False
    while not ended:
        text, rest, ended = _gathered(chunks, rest, size(), line_end)
        yield Page(text, bytes_read=bytes_read())
        del text


def _gathered(
    chunks: Iterator[bytes], rest: bytes, size: int, line_end: bytes
) -> tuple[bytes, bytes, bool]:
    """At least `size` bytes as far as a line ends, what is behind, and whether that is all."""
    parts, have = [rest], len(rest)
    chunk: bytes | None = b""
    while have < size and (chunk := next(chunks, None)) is not None:
        parts.append(chunk)
        have += len(chunk)
    last = parts.pop()
    stop = len(last) if chunk is None else last.rfind(line_end) + 1 or len(last)
    end = memoryview(last)[:stop] if stop < len(last) else last  # a slice would be a copy
    whole = b"".join(filter(None, (*parts, end)))
    return whole, last[stop:], chunk is None
