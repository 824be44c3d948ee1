"""Phone numbers: which are E.164, which belong to a numbering plan, and which one a text means.

The numbering plans are those of the phonenumbers package, whose verdict on a number takes some
20 microseconds. So its metadata is compiled into one regular expression. What the package does to
`+` and digits is a chain of regular steps (split off the country code, strip a national prefix
that does not belong there, find the region, match its patterns and lengths), and so is their
composition. A country's steps are run side by side on sets of positions in its patterns, which
gives an acyclic automaton whose equal continuations are one; and that is written out so that what
many numbers end in is written once. Size is what counts: written as a plain tree, three times as
long, the expression is too large for the engine's fast ways and takes 25 times the time.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

_E164 = r"^\+[1-9][0-9]{1,14}$"
_LONGEST = 15
_LONGEST_WRITTEN = 60
#: What people put between digits, and platforms strip.
_GAP = r"[ ().\-]*"
_PHONE = rf"^{_GAP}(?:\+{_GAP}[1-9]{_GAP}(?:[0-9]{_GAP}){{1,14}}|(?:[0-9]{_GAP}){{10}})$"

#: A number as it is written, and a spreadsheet's decimals after it.
_WRITTEN = re.compile(r"[ (]*(?:\+[ (]*)?[0-9][0-9 ().\-/]*")
_DECIMALS = re.compile(r"([0-9]{5,})\.0+")
_PUNCTUATION = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\t\u00a0\u2002\u2003\u2007\u2008\u2009\u202f\u2060\u3000"), " "),
    **dict.fromkeys(map(ord, "\u00b7\u2022\u2219"), "."),
    ord("\uff0b"): "+",
    ord("\uff08"): "(",
    ord("\uff09"): ")",
    ord("\uff0f"): "/",
    # marks of direction, which copying from a contact list leaves behind
    **dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF], None),
}

# --- The language of the metadata's patterns -----------------------------------------------------

_TYPES = [
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
    "fixed_line",
    "mobile",
]
_TOKEN = re.compile(r"\\d|\[[^]]*\]|\(\?:|\{[0-9,]+\}|.")
_ALL = (1 << 10) - 1
_DIGITS = [tuple(digit for digit in range(10) if mask >> digit & 1) for mask in range(_ALL + 1)]

_Tree: TypeAlias = (
    "int | tuple[Literal['cat', 'alt'], list[_Tree]] | tuple[Literal['group'], int, _Tree]"
    "| tuple[Literal['repeat'], _Tree, int, int] | tuple[Literal['end']]"
)
"""A pattern: a set of digits (bits 0 to 9), or what is made of patterns."""
_Word: TypeAlias = tuple[tuple[int, bool], ...]
"""One course of a national prefix: sets of digits, and whether the digit stays."""
_Course: TypeAlias = tuple[_Word, bool, int, int]
"""What is left of a word, whether the number must end there, where the rest of the number stands
in the patterns, and its length."""


def is_e164(cells: pl.Expr) -> pl.Expr:
    """Whether cells are `+` and 2 to 15 digits, the first not 0."""
    return cells.str.contains(_E164)


def is_valid(cells: pl.Expr) -> pl.Expr:
    """Whether cells are E.164 and a number of some numbering plan."""
    return cells.str.contains(valid_pattern())


def is_dialable(cells: pl.Expr) -> pl.Expr:
    """Whether cells, without spaces and punctuation, are E.164 or the ten digits of a US number."""
    return cells.str.contains(_PHONE)


@cache
def valid_pattern() -> str:
    """The regular expression of the E.164 numbers that phonenumbers takes for valid."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    graph = _Graph()
    codes: dict[int, list[str]] = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        root = _Plan.of(code, regions, graph).root()
        if root is not None:
            codes.setdefault(root, []).append(str(code))
    plans = (f"(?:{'|'.join(each)}){graph.text(root)}" for root, each in codes.items())
    return rf"^\+(?:{'|'.join(plans)})$"


def unguarded(value: str) -> str:
    """`value` without the apostrophe that an export puts before what looks like a formula."""
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


@cache
def plus_one_regions() -> frozenset[str]:
    """The regions, as ISO 3166-1 alpha-2, whose country code is 1."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(COUNTRY_CODE_TO_REGION_CODE[1])


def e164(value: str, region: str | None) -> str | None:
    """The one valid E.164 number that `value` must mean where it is not that already.

    What carries neither `+` nor `00` is taken for a number of the plan that `region`, an
    ISO 3166-1 alpha-2 code, uses.
    """
    text = unguarded(value.translate(_PUNCTUATION).strip()).strip()
    if len(text) > _LONGEST_WRITTEN:
        return None
    text = _ascii_digits(text)
    if decimals := _DECIMALS.fullmatch(text):
        text = decimals[1]
    if not _WRITTEN.fullmatch(text) or _is_several(text, region):
        return None
    # from abroad `(0)` is left out, unless a plan has it as part of the number
    found = {_meant(_bare(each), region) for each in (text, text.replace("(0)", "", 1))} - {None}
    number = found.pop() if len(found) == 1 else None
    return number if number != value else None


def _ascii_digits(text: str) -> str:
    """`text` with the digits of any script as ASCII."""
    return "".join(str(unicodedata.decimal(each, each)) for each in text)


def _bare(text: str) -> str:
    """`text` without what stands between its digits."""
    return re.sub("[^+0-9]", "", text)


def _is_several(text: str, region: str | None) -> bool:
    """Whether `text` may be a number and another, or a number and its extension."""
    head, slash, tail = text.partition("/")
    if slash and ("/" in tail or len(_bare(head)) >= len(_bare(tail))):
        return True
    return any(
        _meant(_bare(text[: gap.start()]), region) and _meant(_bare(text[gap.end() :]), region)
        for gap in re.finditer("[ /]+", text)
    )


def _meant(digits: str, region: str | None) -> str | None:
    """The valid number that `+` and digits, or digits alone, stand for."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, country_code_for_region

    if digits.startswith("+"):
        return _valid(digits, None)
    code = country_code_for_region(region) if region else 0
    found = {_valid("+" + digits[2:], None)} if digits.startswith("00") else set()
    if code in COUNTRY_CODE_TO_REGION_CODE:
        # as it is dialled there, without the prefix for that, and without the `+`
        readings = {_valid(digits, region), _valid(f"+{code}{digits}", None)}
        if digits.startswith(str(code)):
            readings.add(_valid("+" + digits, None))
        found |= {each for each in readings if each and each.startswith(f"+{code}")}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _valid(digits: str, region: str | None) -> str | None:
    """The E.164 form of a number, if that is one of some numbering plan."""
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        is_valid_number,
        parse,
    )

    try:
        number = parse(digits, region)
        text = format_number(number, PhoneNumberFormat.E164)
        # a plan may take the start of a number for a prefix, once it is written like this
        is_stable = is_valid_number(number) and parse(text, None) == number
    except NumberParseException:
        return None
    return text if is_stable and len(text) <= _LONGEST + 1 else None


# --- Patterns ------------------------------------------------------------------------------------


def _parsed(pattern: str) -> _Tree:
    """The tree of a pattern, in which nothing repeats without end."""
    tokens = _TOKEN.findall(pattern)[::-1]
    groups = iter(range(1, len(tokens)))

    def alternatives() -> _Tree:
        branches: list[_Tree] = [sequence()]
        while tokens and tokens[-1] == "|":
            tokens.pop()
            branches.append(sequence())
        return branches[0] if len(branches) == 1 else ("alt", branches)

    def sequence() -> _Tree:
        parts: list[_Tree] = []
        while tokens and tokens[-1] not in ("|", ")"):
            parts.append(repeated(atom(tokens.pop())))
        return ("cat", parts)

    def atom(token: str) -> _Tree:
        if token in ("(", "(?:"):
            number = next(groups) if token == "(" else None
            inside = alternatives()
            tokens.pop()
            return inside if number is None else ("group", number, inside)
        return ("end",) if token == "$" else _digits(token)

    def repeated(node: _Tree) -> _Tree:
        if tokens and tokens[-1] == "?":
            tokens.pop()
            return ("repeat", node, 0, 1)
        if tokens and tokens[-1][0] == "{":
            least, _, most = tokens.pop()[1:-1].partition(",")
            return ("repeat", node, int(least), int(most or least))
        return node

    return alternatives()


def _digits(token: str) -> int:
    """The set of digits that a class or a literal stands for."""
    if token == r"\d":
        return _ALL
    if token[0] == "[":
        spans = re.findall("([0-9])(?:-([0-9]))?", token)
        return sum(
            1 << digit
            for digit in {
                each for first, last in spans for each in range(int(first), int(last or first) + 1)
            }
        )
    return 1 << int(token)


def _courses(node: _Tree, groups: frozenset[int]) -> Iterator[tuple[list[tuple[int, int]], bool]]:
    """All courses of a pattern in the order in which a search tries them.

    A course: sets of digits, each with the last of `groups` that it is in or 0; and whether the
    number must end there.
    """
    if isinstance(node, int):
        yield [(node, max(groups, default=0))], False
    elif node[0] == "end":
        yield [], True
    elif node[0] == "alt":
        for branch in node[1]:
            yield from _courses(branch, groups)
    elif node[0] == "group":
        yield from _courses(node[2], groups | {node[1]})
    elif node[0] == "repeat":
        _, inside, least, most = node
        for times in range(most, least - 1, -1):
            yield from _courses(("cat", [inside] * times), groups)
    elif not node[1]:
        yield [], False
    else:
        for head, end in _courses(node[1][0], groups):
            for tail, ends in _courses(("cat", node[1][1:]), groups):
                yield head + tail, end or ends


def _words(prefix: str, rule: str | None) -> list[tuple[str, _Word, bool]]:
    """The courses of a national prefix: what replaces it, what it drops, whether all ends there.

    The rule for what replaces it is literal digits and then a group, the pattern's last; it holds
    where that group took part.
    """
    if not prefix:
        return []
    literal, _, number = (rule or "").partition("\\")
    words = []
    for course, end in _courses(_parsed(prefix), frozenset()):
        kept = bool(number) and any(group == int(number) for _, group in course)
        word = tuple((mask, kept and group == int(number)) for mask, group in course)
        words.append((literal if kept else "", word, end))
    return words


def _open(courses: list[_Course]) -> tuple[_Course, ...]:
    """Those that a search may still end with: none behind one that has matched."""
    found: dict[_Course, None] = {}
    for course in courses:
        found[course] = None
        if not course[0] and not course[1]:
            break
    return tuple(found)


def _descriptions(region: "PhoneMetadata") -> list["PhoneNumberDesc"]:
    """The general description of a region's numbers, and those of the types that it has."""
    names = _TYPES[:-1] if region.same_mobile_and_fixed_line_pattern else _TYPES
    found = [getattr(region, name) for name in ("general_desc", *names)]
    return [each for each in found if each is not None and each.national_number_pattern]


def _class(mask: int) -> str:
    """A set of digits as a class."""
    digits = "".join(map(str, _DIGITS[mask]))
    if len(digits) == 1:
        return digits
    spans = re.sub(
        "|".join("0123456789"[a:b] for a in range(8) for b in range(10, a + 2, -1)),
        lambda span: f"{span[0][0]}-{span[0][-1]}",
        digits,
    )
    return f"[{spans}]"


# --- Numbering plans -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Graph:
    """Continuations of numbers: whether a number may end, and where each digit leads.

    Equal ones are one, and have one number. None stands for what no number continues with.
    """

    shapes: list[tuple[bool, tuple[tuple[int, int], ...]]] = field(default_factory=list)
    known: dict[tuple[bool, tuple[tuple[int, int], ...]], int] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    def add(self, accepts: bool, targets: list[int | None]) -> int | None:
        """The number of a continuation, given those behind each of the ten digits, if any."""
        masks: dict[int, int] = {}
        for digit, target in enumerate(targets):
            if target is not None:
                masks[target] = masks.get(target, 0) | 1 << digit
        if not masks and not accepts:
            return None
        shape = (accepts, tuple((mask, target) for target, mask in masks.items()))
        if shape not in self.known:
            self.known[shape] = len(self.shapes)
            self.shapes.append(shape)
        return self.known[shape]

    def text(self, node: int) -> str:
        """The regular expression of a continuation."""
        if node not in self.texts:
            self.texts[node] = self._text(node)
        return self.texts[node]

    def _text(self, node: int) -> str:
        accepts, branches = self.shapes[node]
        if not branches:
            return ""
        if len(branches) == 1:
            return self._run(node)
        for mask, target in branches:
            # a prefix that may be left out
            others = tuple(branch for branch in branches if branch[1] != target)
            if self.shapes[target] == (accepts, others):
                return f"{_class(mask)}?{self.text(target)}"
        return f"(?:{'|'.join(self._alternatives(node))}){'?' * accepts}"

    def _alternatives(self, node: int) -> Iterator[str]:
        """What leads to a continuation that many share, then that; and the rest likewise."""
        rest: int | None = node
        while rest is not None and (shared := self._shared(rest)) is not None:
            before = self._cut(rest, shared, {shared: self.add(True, [])}, False)
            assert before is not None
            yield self.text(before) + self.text(shared)
            rest = self._cut(rest, shared, {shared: None}, True)
        if rest is not None:
            for mask, target in self.shapes[rest][1]:
                yield _class(mask) + self.text(target)

    def _size(self, node: int) -> int:
        if node not in self.sizes:
            self.sizes[node] = sum(1 + self._size(t) for _, t in self.shapes[node][1])
        return self.sizes[node]

    def _shared(self, node: int) -> int | None:
        """The continuation that is worth most to be written only once."""
        times = {node: 1}
        for each in self._order(node):
            for _, target in self.shapes[each][1]:
                times[target] = times.get(target, 0) + times[each]
        best = max(times, key=lambda each: (times[each] - 1) * self._size(each))
        return best if (times[best] - 1) * self._size(best) > 2 else None

    def _order(self, node: int) -> list[int]:
        """The continuations of a continuation, each before those that follow it."""
        found: dict[int, None] = {}

        def visit(each: int) -> None:
            if each not in found:
                for _, target in self.shapes[each][1]:
                    visit(target)
                found[each] = None

        visit(node)
        return list(found)[::-1]

    def _cut(self, node: int, shared: int, known: dict[int, int | None], ends: bool) -> int | None:
        """What leads to a continuation or, with `ends`, to an end without it."""
        if node not in known:
            accepts, branches = self.shapes[node]
            targets: list[int | None] = [None] * 10
            for mask, target in branches:
                following = self._cut(target, shared, known, ends)
                for digit in _DIGITS[mask]:
                    targets[digit] = following
            known[node] = self.add(accepts and ends, targets)
        return known[node]

    def _run(self, node: int) -> str:
        """The same set of digits several times: exactly, or up to so many times."""
        accepts, ((mask, target),) = self.shapes[node]
        times = 1
        while self.shapes[target][1] and (
            self.shapes[target][0] == accepts
            and len(self.shapes[target][1]) == 1
            and self.shapes[target][1][0][0] == mask
        ):
            target = self.shapes[target][1][0][1]
            times += 1
        digits = _class(mask)
        if not accepts:
            return digits + (f"{{{times}}}" if times > 1 else "") + self.text(target)
        if not self.shapes[target][1]:
            return digits + (f"{{0,{times}}}" if times > 1 else "?")
        _, ((_, following),) = self.shapes[node]
        return f"(?:{digits}{self.text(following)})?"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The numbers behind one country code, in all the regions that share it.

    A set of positions in the patterns is an integer, its bits the positions; `arcs` are a
    position's set of digits, and the positions behind it. The end of a pattern is a position too.
    """

    graph: _Graph
    regions: list["PhoneMetadata"]
    longest: int
    arcs: list[tuple[int, int]] = field(default_factory=list)
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    steps: dict[int, list[int]] = field(default_factory=dict)
    verdicts: dict[tuple[int, int], bool] = field(default_factory=dict)
    built: dict[tuple[int, int, tuple[_Course, ...]], int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, code: int, names: tuple[str, ...], graph: _Graph) -> "_Plan":
        from phonenumbers.phonemetadata import PhoneMetadata

        found = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
        regions = [region for region in found if region is not None]
        return cls(graph, regions, _LONGEST - len(str(code)))

    def root(self) -> int | None:
        start = 0
        for region in self.regions:
            for desc in _descriptions(region):
                start |= self._entered(desc.national_number_pattern or "", rest=False)
            start |= self._entered(region.leading_digits or "", rest=True)
        main = self.regions[0]
        courses: list[_Course] = []
        for literal, word, end in _words(
            main.national_prefix_for_parsing or "", main.national_prefix_transform_rule
        ):
            there = start
            for digit in literal:
                there = self._step(there)[int(digit)]
            courses.append((word, end, there, len(literal)))
        return self._node(0, start, _open(courses))

    def _entered(self, pattern: str, *, rest: bool) -> int:
        """The positions at which a pattern begins; with `rest`, anything may follow it."""
        key = pattern + "..." * rest
        if not pattern or key in self.ends:
            return 0
        end = 1 << len(self.arcs)
        self.ends[key] = end
        self.arcs.append((_ALL if rest else 0, end))
        return self._before(_parsed(pattern), end)

    def _before(self, node: _Tree, following: int) -> int:
        """The positions at which `node` begins where `following` comes after it."""
        if isinstance(node, int):
            arc = (node, following)
            if arc not in self.numbers:
                self.numbers[arc] = len(self.arcs)
                self.arcs.append(arc)
            return 1 << self.numbers[arc]
        if node[0] == "alt":
            found = 0
            for branch in node[1]:
                found |= self._before(branch, following)
            return found
        if node[0] == "cat":
            for part in reversed(node[1]):
                following = self._before(part, following)
            return following
        if node[0] == "repeat":
            _, inside, least, most = node
            there = following
            for times in reversed(range(most)):
                there = self._before(inside, there) | (following if times >= least else 0)
            return there
        raise AssertionError(node)

    def _step(self, positions: int) -> list[int]:
        """Where each digit leads."""
        if positions not in self.steps:
            targets = [0] * 10
            left = positions
            while left:
                lowest = left & -left
                mask, following = self.arcs[lowest.bit_length() - 1]
                for digit in _DIGITS[mask]:
                    targets[digit] |= following
                left ^= lowest
            self.steps[positions] = targets
        return self.steps[positions]

    def _node(self, length: int, there: int, courses: tuple[_Course, ...]) -> int | None:
        """The continuation of a number so far, read as it is and without its national prefix."""
        if not there and not any(course[2] for course in courses):
            return None
        key = (length, there, courses)
        if key not in self.built:
            targets: list[int | None] = [None] * 10
            if length < self.longest and courses:
                for digit, following in enumerate(self._step(there)):
                    rest = self._advanced(courses, digit)
                    targets[digit] = self._node(length + 1, following, rest)
            elif length < self.longest:
                steps = self._step(there)
                nodes = {each: self._node(length + 1, each, ()) for each in set(steps)}
                targets = [nodes[each] for each in steps]
            self.built[key] = self.graph.add(self._accepts(length, there, courses), targets)
        return self.built[key]

    def _advanced(self, courses: tuple[_Course, ...], digit: int) -> tuple[_Course, ...]:
        found: list[_Course] = []
        for word, end, there, length in courses:
            if not word:
                if not end:
                    found.append((word, end, self._step(there)[digit], length + 1))
            elif word[0][0] >> digit & 1:
                stays = word[0][1]
                following = self._step(there)[digit] if stays else there
                found.append((word[1:], end, following, length + stays))
        return _open(found)

    def _accepts(self, length: int, there: int, courses: tuple[_Course, ...]) -> bool:
        """Whether what was read so far is a valid number."""
        stripped = next((course for course in courses if not course[0]), None)
        if stripped is not None and self._strips(there, stripped):
            _, _, there, length = stripped
        key = (length, there)
        if key not in self.verdicts:
            self.verdicts[key] = self._is_valid(length, there)
        return self.verdicts[key]

    def _strips(self, there: int, course: _Course) -> bool:
        """Whether what matched is a prefix: it must not make a possible number impossible."""
        _, _, rest, length = course
        general = self.regions[0].general_desc
        assert general is not None
        whole = self.ends[general.national_number_pattern or ""]
        if there & whole and not rest & whole:
            return False
        too_long = length > max(general.possible_length)
        return length not in general.possible_length_local_only and (
            too_long or length in general.possible_length
        )

    def _is_valid(self, length: int, there: int) -> bool:
        if len(self.regions) == 1:
            return self._is_of(self.regions[0], length, there)
        for region in self.regions:
            if region.leading_digits is not None:
                # they settle the region, whether or not the number is valid there
                if there & self.ends[region.leading_digits + "..."]:
                    return self._is_of(region, length, there)
            elif self._is_of(region, length, there):
                return True
        return False

    def _is_of(self, region: "PhoneMetadata", length: int, there: int) -> bool:
        general, *types = (
            bool(there & self.ends[desc.national_number_pattern or ""])
            and (not desc.possible_length or length in desc.possible_length)
            for desc in _descriptions(region)
        )
        return general and any(types)
