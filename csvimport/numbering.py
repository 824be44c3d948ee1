"""The numbering plans of the phonenumbers package, compiled into one regular expression.

What the package does to `+` and digits is a chain of regular steps: split off the country code,
strip a national prefix that does not belong there, find the region, match its patterns and
lengths. Here each pattern is the set of all numbers that it matches, a step is made of unions,
intersections and differences, and what is left in the end is written as a regular expression, in
which what many numbers end in stands once. Size is what counts: written as a plain tree, three
times as long, the expression is too large for the engine's fast ways and takes 25 times the time.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, reduce
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from csvimport.patterns import NO_TEXT

if TYPE_CHECKING:
    from phonenumbers.phonemetadata import PhoneMetadata, PhoneNumberDesc

_LONGEST = 15
_DIGITS = "0123456789"
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
_RUN = re.compile("|".join(_DIGITS[a:b] for a in range(8) for b in range(10, a + 2, -1)))

#: Sets: no number, the number without digits, and all numbers.
_NOTHING, _END, _ANY = range(3)

_Tree: TypeAlias = (
    "str | tuple[Literal['cat', 'alt'], list[_Tree]] | tuple[Literal['group'], int, _Tree]"
    "| tuple[Literal['repeat'], _Tree, int, int] | tuple[Literal['end']]"
)
"""A pattern: the digits that may stand in a place, or what is made of patterns."""
_Shape: TypeAlias = tuple[bool, tuple[int, ...]]
"""A set: whether it holds the number without digits, and what may follow each first digit."""


def pattern(codes: Iterable[int]) -> str:
    """The regular expression of `+` and the digits of a valid number with one of these codes."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    sets = _Sets()
    writer = _Writer(sets)
    plans: dict[int, list[str]] = {}
    for code in sorted(codes):
        plan = _plan(sets, code, COUNTRY_CODE_TO_REGION_CODE[code])
        plans.setdefault(plan, []).append(str(code))
    plans.pop(_NOTHING, None)
    if not plans:
        return NO_TEXT
    texts = (f"(?:{'|'.join(each)}){writer.text(numbers)}" for numbers, each in plans.items())
    return rf"^\+(?:{'|'.join(texts)})$"


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


@cache
def _digits(token: str) -> str:
    """The digits that a class or a literal stands for."""
    if token == r"\d":
        return _DIGITS
    return re.sub("(.)-(.)", lambda span: _DIGITS[int(span[1]) : int(span[2]) + 1], token).strip(
        "[]"
    )


@cache
def _class(digits: str) -> str:
    """The shortest way to write one of `digits`, which are in order."""
    if len(digits) == 1:
        return digits
    return f"[{_RUN.sub(lambda run: f'{run[0][0]}-{run[0][-1]}', digits)}]"


def _courses(node: _Tree, group: int) -> Iterator[tuple[list[tuple[str, int]], bool]]:
    """All courses of a pattern in the order in which a search tries them.

    A course: digits, each with the last group that it is in, or 0; and whether the number must
    end there.
    """
    if isinstance(node, str):
        yield [(node, group)], False
    elif node[0] == "end":
        yield [], True
    elif node[0] == "alt":
        for branch in node[1]:
            yield from _courses(branch, group)
    elif node[0] == "group":
        yield from _courses(node[2], node[1])
    elif node[0] == "repeat":
        _, inside, least, most = node
        for times in range(most, least - 1, -1):
            yield from _courses(("cat", [inside] * times), group)
    elif not node[1]:
        yield [], False
    else:
        for head, end in _courses(node[1][0], group):
            for tail, ends in _courses(("cat", node[1][1:]), group):
                yield head + tail, end or ends


# --- Numbering plans -----------------------------------------------------------------------------


def _plan(sets: "_Sets", code: int, names: Iterable[str]) -> int:
    """The numbers behind a country code, in all the regions that share it."""
    from phonenumbers.phonemetadata import PhoneMetadata

    found = [PhoneMetadata.metadata_for_region_or_calling_code(code, name) for name in names]
    regions = [region for region in found if region is not None]
    valid = claimed = _NOTHING
    for region in regions:
        numbers = _numbers(sets, region)
        if len(regions) > 1 and region.leading_digits:
            # they settle the region, whether or not the number is valid there
            led = sets.matched(_parsed(region.leading_digits), _ANY)
            valid = sets.union(valid, sets.without(sets.common(numbers, led), claimed))
            claimed = sets.union(claimed, led)
        else:
            valid = sets.union(valid, sets.without(numbers, claimed))
    written = _written(sets, regions[0], valid)
    return sets.limited(written, (1 << _LONGEST - len(str(code)) + 1) - 1)


def _numbers(sets: "_Sets", region: "PhoneMetadata") -> int:
    """The numbers of a region: what matches its general description, and some type's."""
    types = _TYPES[:-1] if region.same_mobile_and_fixed_line_pattern else _TYPES
    found = [_described(sets, getattr(region, name)) for name in types]
    return sets.common(_described(sets, region.general_desc), reduce(sets.union, found))


def _described(sets: "_Sets", desc: "PhoneNumberDesc | None") -> int:
    """The numbers that match a description: by pattern and, where it names some, by length."""
    if desc is None or not desc.national_number_pattern:
        return _NOTHING
    numbers = sets.matched(_parsed(desc.national_number_pattern), _END)
    lengths = sum(1 << length for length in desc.possible_length if length > 0)
    return sets.limited(numbers, lengths) if desc.possible_length else numbers


def _written(sets: "_Sets", region: "PhoneMetadata", valid: int) -> int:
    """What is valid once the national prefix is stripped, where it is."""
    general = region.general_desc
    if not region.national_prefix_for_parsing or general is None:
        return valid
    # a prefix is stripped unless too little is left, or a possible number would become impossible
    possible = sets.matched(_parsed(general.national_number_pattern or ""), _END)
    beyond = -1 << max(general.possible_length) + 1
    enough = sets.limited(_ANY, beyond + sum(1 << each for each in general.possible_length))

    # the rule is literal digits, then the last group; it holds where that took part
    literal, _, number = (region.national_prefix_transform_rule or "").partition("\\")
    forms: dict[tuple[str, tuple[bool, ...]], int] = {}
    seen = _NOTHING
    for course, end in _courses(_parsed(region.national_prefix_for_parsing), 0):
        stays = tuple(bool(number) and group == int(number) for _, group in course)
        form = (literal if any(stays) else "", stays)
        places: list[_Tree] = [digits for digits, _ in course]
        begun = sets.matched(("cat", places), _END if end else _ANY)
        forms[form] = sets.union(forms.get(form, _NOTHING), sets.without(begun, seen))
        seen = sets.union(seen, begun)

    found = sets.without(valid, seen)
    for (literal, stays), begun in forms.items():
        stripped = sets.common(begun, sets.prefixed(enough, literal, stays))
        impossible = sets.without(
            sets.common(stripped, possible), sets.prefixed(possible, literal, stays)
        )
        stripped = sets.without(stripped, impossible)
        becomes = sets.common(stripped, sets.prefixed(valid, literal, stays))
        remains = sets.without(sets.common(begun, valid), stripped)
        found = sets.union(found, sets.union(becomes, remains))
    return found


# --- Sets of numbers -----------------------------------------------------------------------------


class _Sets(msgspec.Struct, frozen=True):
    """Sets of numbers. Equal ones are one, and known by their place in `shapes`.

    A set's place is behind those of the sets that may follow its first digits.
    """

    shapes: list[_Shape] = msgspec.field(
        default_factory=lambda: [
            (False, (_NOTHING,) * 10),
            (True, (_NOTHING,) * 10),
            (True, (_ANY,) * 10),
        ]
    )
    places: dict[_Shape, int] = msgspec.field(default_factory=dict)
    results: dict[tuple[object, int, object], int] = msgspec.field(default_factory=dict)
    measured: dict[int, int] = msgspec.field(
        default_factory=lambda: {_NOTHING: 0, _END: 1, _ANY: -1}
    )

    def __post_init__(self) -> None:
        self.places.update({shape: place for place, shape in enumerate(self.shapes)})

    def add(self, shape: _Shape) -> int:
        place = self.places.setdefault(shape, len(self.shapes))
        if place == len(self.shapes):
            self.shapes.append(shape)
        return place

    def union(self, one: int, other: int) -> int:
        if one in (other, _ANY) or not other:
            return one
        if not one or other == _ANY:
            return other
        return self._combined(operator.or_, self.union, one, other)

    def common(self, one: int, other: int) -> int:
        if one == other or not one or other == _ANY:
            return one
        if not other or one == _ANY:
            return other
        return self._combined(operator.and_, self.common, one, other)

    def without(self, one: int, other: int) -> int:
        if one == other or not one or other == _ANY:
            return _NOTHING
        return self._combined(operator.gt, self.without, one, other) if other else one

    def _combined(
        self,
        holds: Callable[[bool, bool], bool],
        combine: Callable[[int, int], int],
        one: int,
        other: int,
    ) -> int:
        key = (holds, one, other)
        if key not in self.results:
            accepts, targets = self.shapes[one]
            also, others = self.shapes[other]
            pairs = list(zip(targets, others, strict=True))
            found = {pair: combine(*pair) for pair in set(pairs)}
            self.results[key] = self.add(
                (holds(accepts, also), tuple([found[pair] for pair in pairs]))
            )
        return self.results[key]

    def matched(self, node: _Tree, following: int) -> int:
        """The numbers that a pattern matches, and then `following`."""
        if isinstance(node, str):
            key = ("digit", following, node)
            if key not in self.results:
                targets = tuple([following if digit in node else _NOTHING for digit in _DIGITS])
                self.results[key] = self.add((False, targets))
            return self.results[key]
        if node[0] == "alt":
            return reduce(self.union, [self.matched(branch, following) for branch in node[1]])
        if node[0] == "cat":
            for part in reversed(node[1]):
                following = self.matched(part, following)
            return following
        if node[0] == "repeat":
            _, inside, least, most = node
            there = following
            for times in reversed(range(most)):
                there = self.matched(inside, there)
                if times >= least:
                    there = self.union(there, following)
            return there
        raise AssertionError(node)

    def lengths(self, numbers: int) -> int:
        """The lengths of numbers, as bits; all of them for all numbers."""
        if numbers not in self.measured:
            found = 0
            accepts, targets = self.shapes[numbers]
            for target in set(targets):
                found |= self.lengths(target)
            self.measured[numbers] = found << 1 | accepts
        return self.measured[numbers]

    def limited(self, numbers: int, lengths: int) -> int:
        """The numbers of certain lengths, given as bits."""
        if not self.lengths(numbers) & ~lengths:
            return numbers
        key = ("limited", numbers, lengths)
        if key not in self.results:
            accepts, targets = self.shapes[numbers]
            found = {target: self.limited(target, lengths >> 1) for target in set(targets)}
            rest = tuple([found[target] for target in targets])
            self.results[key] = self.add((accepts and bool(lengths & 1), rest))
        return self.results[key]

    def prefixed(self, numbers: int, literal: str, stays: tuple[bool, ...]) -> int:
        """What becomes one of `numbers` as a digit for each of `stays` goes or stays.

        Before what stays comes `literal`.
        """
        for digit in literal:
            numbers = self.shapes[numbers][1][int(digit)]
        if not stays or not numbers:
            return numbers
        key = ("prefixed", numbers, stays)
        if key not in self.results:
            targets = self.shapes[numbers][1] if stays[0] else (numbers,) * 10
            found = tuple([self.prefixed(target, "", stays[1:]) for target in targets])
            self.results[key] = self.add((False, found))
        return self.results[key]


class _Writer(msgspec.Struct, frozen=True):
    """Writes sets of numbers as regular expressions."""

    sets: _Sets
    texts: dict[int, str] = msgspec.field(default_factory=dict)
    branched: dict[int, list[tuple[str, int]]] = msgspec.field(default_factory=dict)
    sizes: dict[int, int] = msgspec.field(default_factory=dict)

    def text(self, node: int) -> str:
        """The regular expression of a set."""
        if node not in self.texts:
            self.texts[node] = self._text(node)
        return self.texts[node]

    def _text(self, node: int) -> str:
        accepts, targets = self.sets.shapes[node]
        branches = self._branches(node)
        if not branches:
            return ""
        if len(branches) == 1:
            return self._run(node)
        for digits, target in branches:
            # a prefix that may be left out
            others = tuple(_NOTHING if each == target else each for each in targets)
            if self.sets.shapes[target] == (accepts, others):
                return f"{_class(digits)}?{self.text(target)}"
        return f"(?:{'|'.join(self._alternatives(node))}){'?' * accepts}"

    def _run(self, node: int) -> str:
        """The same digits several times: exactly, or up to so many times."""
        accepts = self.sets.shapes[node][0]
        ((digits, first),) = self._branches(node)
        target, times = first, 1
        while self.sets.shapes[target][0] == accepts and (
            len(branches := self._branches(target)) == 1 and branches[0][0] == digits
        ):
            target = branches[0][1]
            times += 1
        if not accepts:
            return _class(digits) + f"{{{times}}}" * (times > 1) + self.text(target)
        if target == _END:
            return _class(digits) + (f"{{0,{times}}}" if times > 1 else "?")
        return f"(?:{_class(digits)}{self.text(first)})?"

    def _alternatives(self, node: int) -> Iterator[str]:
        """What leads to a set that many share, then that; and the rest likewise."""
        while shared := self._shared(node):
            before = self._cut(node, shared, {shared: _END}, ends=False)
            yield self.text(before) + self.text(shared)
            node = self._cut(node, shared, {shared: _NOTHING}, ends=True)
        for digits, target in self._branches(node):
            yield _class(digits) + self.text(target)

    def _shared(self, node: int) -> int:
        """The set that is worth most to be written only once."""
        times, left = {node: 1}, [-node]
        while left:
            # the last place first: whatever leads to a set was there before it
            each = -heappop(left)
            for _, target in self._branches(each):
                if target not in times:
                    times[target] = 0
                    heappush(left, -target)
                times[target] += times[each]
        worth = {each: (count - 1) * self._size(each) for each, count in times.items()}
        best = max(worth, key=worth.__getitem__)
        return best if worth[best] > 4 else _NOTHING

    def _cut(self, node: int, shared: int, known: dict[int, int], *, ends: bool) -> int:
        """What leads to a set or, with `ends`, to an end without it."""
        if node < shared:
            return node if ends else _NOTHING
        if node not in known:
            accepts, targets = self.sets.shapes[node]
            found = {
                each: self._cut(each, shared, known, ends=ends)
                for each in set(targets)
                if each >= shared
            }
            rest = tuple([found.get(each, each if ends else _NOTHING) for each in targets])
            known[node] = self.sets.add((accepts and ends, rest))
        return known[node]

    def _size(self, node: int) -> int:
        if node not in self.sizes:
            self.sizes[node] = sum(1 + self._size(target) for _, target in self._branches(node))
        return self.sizes[node]

    def _branches(self, node: int) -> list[tuple[str, int]]:
        """The sets that may follow, and the digits that lead to them."""
        if node not in self.branched:
            found: dict[int, str] = {}
            for digit, target in zip(_DIGITS, self.sets.shapes[node][1], strict=True):
                if target:
                    found[target] = found.get(target, "") + digit
            self.branched[node] = [(digits, target) for target, digits in found.items()]
        return self.branched[node]
