"""Text about which no rule has anything to say, as a regular expression.

That shows in how it begins and ends, and in what stands side by side in it. Regular expressions
know no "but not": what begins like a month's name or a word for nothing is spelled out, letter by
letter, with what else may stand behind each beginning of such a word.

The patterns are Rust's, without anchors; none matches an empty text.
"""

from collections.abc import Iterable
from functools import cache, cached_property

import msgspec

from csvimport.dates import SHORT_MONTHS
from csvimport.forms import NULL_LITERALS
from csvimport.lines import INNER_END
from csvimport.patterns import any_case, both_cases, one_of

#: Words for nothing in lower case; others begin with signs.
_NOTHING = tuple(sorted({word.lower() for word in NULL_LITERALS if word[0].isalpha()}))

#: In Windows-1252, the first byte of a sequence in UTF-8. Behind it, what is not ASCII may show
#: that the text is mojibake.
_LEAD = r"[\x{c2}-\x{f4}]"
#: Beyond ASCII, blocks of letters and ideographs, without white space, control characters and
#: signs of currencies; and dashes and quotation marks. They are cut so that few bytes differ in
#: what may follow them, which is what the speed of an expression depends on.
_WIDE = (
    r"[\x{f5}-\x{57f}\x{5c0}-\x{5ff}\x{640}-\x{7bf}\x{1e00}-\x{1eff}\x{2010}-\x{2027}"
    r"\x{3040}-\x{9fff}\x{ac00}-\x{d7a3}]"
)


@cache
def name(delimiter: str, *, quoted: bool) -> str:
    """What people and places are called: any text but a word for nothing.

    `quoted` is for what stands between quotes, and may hold the delimiter and line ends.
    """
    text = _Text(delimiter, quoted)
    head = [text.behind(r"#'\\nN"), text.foreign, *text.apart(_NOTHING)]
    return text.all(head, text.short(_NOTHING))


@cache
def identifier(delimiter: str) -> str:
    """A word, or digits and letters: neither a damaged number nor a word for nothing."""
    rest = r"[A-Za-z0-9._:@/|=+~-]".replace(delimiter, "")
    apart = f"[uU](?:[{rest}--[nN]]{rest}*)?|[nN](?:[{rest}--[aAiIoOuU/]]{rest}*)?"
    return f"(?:[0-9_-][A-Za-z0-9_-]*|[A-MO-TV-Za-mo-tv-z]{rest}*|{apart})"


@cache
def value(delimiter: str, *, quoted: bool) -> str:
    """A value that looks neither like a number, a date or a list nor like a word for nothing."""
    text = _Text(delimiter, quoted)
    words = (*_NOTHING, *SHORT_MONTHS)
    initials = "".join(sorted({word[0] + word[0].upper() for word in words}))
    letters = [f"[[A-Za-z]--[{initials}]]", *text.apart(words)]
    months = [f"{any_case(month)}[A-Za-z]*" for month in SHORT_MONTHS]
    head = [
        f"(?:[0-9]{{1,6}}[A-Za-z]? )?{one_of(*letters)}",
        text.behind(r"A-Za-z0-9+\-\[{#'\\"),
        text.foreign,
        *(month + text.behind("A-Za-z.") for month in months),
    ]
    return text.all(head, [*text.short(words), *months])


class _Text(msgspec.Struct, frozen=True, dict=True):
    """The parts of text. None begins or ends with what a rule may be about, `gap`."""

    delimiter: str
    quoted: bool

    @property
    def gap(self) -> str:
        end = f"\\x{{{ord(INNER_END):x}}}"
        return rf"(?:[ $%{end}]|\r{end})" if self.quoted else "[ $%]"

    def behind(self, without: str) -> str:
        """A character of ASCII that is no gap, nor one of those of the class `without`."""
        delimiter = "" if self.quoted else rf"\x{{{ord(self.delimiter):x}}}"
        return rf'[[!-~]--["$%{delimiter}{without}]]'

    @cached_property
    def solid(self) -> str:
        """A character that may stand anywhere but, where it is wide, behind a leading one."""
        return f"(?:{self.behind('')}|{_WIDE})"

    @cached_property
    def leading(self) -> str:
        return f"{_LEAD}+(?:{self.gap}+{_LEAD}+)*"

    @cached_property
    def foreign(self) -> str:
        """What begins with a character beyond ASCII."""
        return f"(?:{_WIDE}|{self.leading}(?:{self.behind('')}|{self.gap}+{self.solid}))"

    def apart(self, words: Iterable[str]) -> list[str]:
        """What begins like one of `words` and goes on in another way."""
        ascii_ = self.behind("")
        return [
            f"{any_case(beginning)}(?:{self.behind(both_cases(behind))}|"
            f"{self.gap}+{ascii_}|{_LEAD}+{ascii_})"
            for beginning, behind in _beginnings(words).items()
        ]

    def short(self, words: Iterable[str]) -> list[str]:
        """What is but the beginning of one of `words`, and what only has leading characters."""
        return [*map(any_case, sorted(set(_beginnings(words)) - set(words))), self.leading]

    def all(self, head: list[str], short: list[str]) -> str:
        behind = f"(?:{self.behind('')}|{self.gap}+{self.solid})"
        unit = f"{self.gap}*(?:{self.solid}|{self.leading}{behind})"
        return f"(?:{one_of(*head)}(?:{unit})*(?:{self.gap}*{self.leading})?|{one_of(*short)})"


def _beginnings(words: Iterable[str]) -> dict[str, str]:
    """All that `words` begin with, and the letters that may follow in them."""
    found: dict[str, str] = {}
    for word in words:
        for end in range(1, len(word)):
            found[word[:end]] = found.get(word[:end], "") + word[end]
    return found
