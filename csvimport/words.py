"""From findings to issues: the rule book's words, filled in with the facts."""

import string
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field

import msgspec
import polars as pl

from csvimport.checks.registry import Explanation, Flag, Found, all_checks
from csvimport.errors import RuleBookError
from csvimport.issue import CUT_MARK, LONGEST, LONGEST_IN_MESSAGE, Severity, cut
from csvimport.options import Options
from csvimport.redaction import masked
from csvimport.rulebook import COMMON_FACTS, RuleBook, Wording, placeholders

#: An issue on its way: `part` is the input's that it is in, `position` its column's in the file,
#: `wording` an index of `Words`.
FOUND = {
    "part": pl.UInt16(),
    "row": pl.Int64(),
    "line": pl.Int64(),
    "byte": pl.Int64(),
    "position": pl.Int32(),
    "wording": pl.UInt16(),
    "value": pl.String(),
    "message": pl.String(),
    "suggestion": pl.String(),
}
#: How many distinct values of a column slow code explains for a rule; the rest get general words.
MOST_EXPLAINED = 10_000
#: Longer values are not explained: nobody typed them.
LONGEST_EXPLAINED = 1_000

_TEXT = pl.String()
_PLACE = ["row", "line", "byte"]
_INPUT = ["value", "given"]
_EXPLAINED = dict.fromkeys((*_INPUT, "suggestion", "variant"), _TEXT)


@dataclass
class Explained:
    """What slow code says about the first so many distinct values of a column, as it is asked."""

    explain: Callable[[str, str | None], Explanation]
    redact: bool = False
    """Whether what mentions a fact about a value is left unsaid."""
    known: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EXPLAINED))
    """Explanations by what they were asked for: a value, and what is given beside it."""

    def unknown(self, found: pl.DataFrame) -> pl.LazyFrame:
        """What is still to `learn` about what was `found`, as far as that goes."""
        known = self.known.lazy().select(_INPUT)
        left = MOST_EXPLAINED - self.known.height
        if left <= 0:
            return known.head(0)
        inputs = found.lazy().select(_INPUT).unique(maintain_order=True)
        new = inputs.join(known, on=_INPUT, how="anti", nulls_equal=True, maintain_order="left")
        return new.head(left)

    def about(self, found: pl.DataFrame) -> pl.LazyFrame:
        """`found` with what there is to say about its values."""
        values = found.lazy().drop("suggestion", "variant")
        known = self.known.lazy()
        return values.join(known, on=_INPUT, how="left", nulls_equal=True, maintain_order="left")

    def learn(self, inputs: pl.DataFrame) -> None:
        """Ask what is to be said about these values, each with what is given beside it."""
        nothing = Explanation()
        said = [
            (value, given, self.explain(value, given) if _is_short(value) else nothing)
            for value, given in inputs.iter_rows()
        ]
        if self.redact:
            said = [
                (value, given, Explanation(it.suggestion) if it.facts else it)
                for value, given, it in said
            ]
        names = {name for _, _, explanation in said for name in explanation.facts}
        new = pl.DataFrame(
            [
                (value, given, it.suggestion, it.variant, *(it.facts.get(name) for name in names))
                for value, given, it in said
            ],
            schema=_EXPLAINED | {f"fact_{name}": _TEXT for name in names},
            orient="row",
        )
        self.known = pl.concat([self.known, new], how="diagonal")


class _Sentence(msgspec.Struct, frozen=True):
    """What a rule says, and which wording that is, as expressions over what was told."""

    message: pl.Expr
    wording: pl.Expr
    names_column: bool


@dataclass
class Words:
    """Says in the rule book's words what the checks have found, in the caller's severities."""

    book: RuleBook
    options: Options
    wordings: list[Wording] = field(init=False)
    _index: dict[tuple[str, str | None], int] = field(init=False)
    _sentences: dict[tuple[str, frozenset[str], bool], _Sentence] = field(
        init=False, default_factory=dict
    )
    """By rule, the facts that are known, and whether there are variants."""

    def __post_init__(self) -> None:
        for check in all_checks():
            for _, wording in self.book[check.rule].wordings() if check.rule in self.book else ():
                for name in placeholders(wording.message) - COMMON_FACTS - check.facts:
                    raise RuleBookError(
                        f"{self.book[check.rule].path}: nothing is known of `{{{name}}}`, "
                        f"expected one of {', '.join(sorted(COMMON_FACTS | check.facts))}"
                    )
        # ascending by rule, so that issues can be sorted by `wording`
        pairs = [
            ((name, variant), wording)
            for name in sorted(self.book)
            for variant, wording in self.book[name].wordings()
        ]
        self.wordings = [wording for _, wording in pairs]
        self._index = {key: index for index, (key, _) in enumerate(pairs)}

    def severity(self, rule: str) -> Severity:
        """The severity of `rule` as the caller wants it."""
        return self.options.severities.get(rule, self.book[rule].severity)

    def wants(self, rule: str) -> bool:
        """Whether the caller does not ignore `rule`."""
        return rule not in self.options.ignore

    def legend(self) -> pl.DataFrame:
        """What each `wording` stands for: its rule, the severity, the help."""
        return pl.DataFrame(
            {
                "wording": range(len(self.wordings)),
                "rule": [wording.rule for wording in self.wordings],
                "severity": [str(self.severity(wording.rule)) for wording in self.wordings],
                "help": [wording.help for wording in self.wordings],
            },
            schema={"wording": pl.UInt16, "rule": _TEXT, "severity": _TEXT, "help": _TEXT},
        )

    def say(
        self,
        rule: str,
        flag: Flag,
        rows: pl.LazyFrame,
        told: pl.LazyFrame | pl.DataFrame,
        headers: list[str],
    ) -> pl.LazyFrame:
        """The issues of `rule` for `rows`, of which `flag` has `told` (`tells`)."""
        found, facts = told.lazy(), set(flag.facts)
        if isinstance(told, pl.DataFrame):  # and what explains it
            facts |= {name.removeprefix("fact_") for name in told.columns}
        if self.options.redact:
            quoted = ["value", *(f"fact_{name}" for name in _quoted(flag, rows))]
            found = found.with_columns(masked(pl.col(name)) for name in quoted)
        has_variants = bool(flag.explain) or flag.variant is not None
        return self._render(rule, found, facts, headers, has_variants=has_variants)

    def released(self, issues: pl.DataFrame) -> pl.DataFrame:
        """`issues` of rows for all to see; their suggestions were needed until now."""
        if not self.options.redact:
            return issues
        return issues.with_columns(suggestion=masked(pl.col("suggestion")))

    def without_suggestions(self, issues: pl.DataFrame, which: pl.Series) -> pl.DataFrame:
        """`issues` without the suggestions of those that are flagged in `which`."""
        none = pl.lit(None, _TEXT)
        suggestion = pl.when(which).then(none).otherwise(pl.col("suggestion"))
        return issues.with_columns(suggestion=suggestion)

    def say_found(
        self,
        rule: str,
        found: Sequence[Found],
        place: tuple[int | None, int | None, int | None],
        headers: list[str],
    ) -> pl.DataFrame:
        """The issues of a file or header rule, which stand at `place`: row, line, byte."""
        row, line, byte = place
        frames = [
            pl.DataFrame(
                {
                    "row": row,
                    "line": line,
                    "byte": byte,
                    "position": each.column.position if each.column else None,
                    "value": None if each.value is None else cut(each.value),
                    "suggestion": each.suggestion,
                    "variant": each.variant,
                    **{f"fact_{name}": str(fact) for name, fact in each.facts.items()},
                },
                schema_overrides={**FOUND, "variant": _TEXT},
            )
            for each in found
        ]
        said = [
            self._render(rule, frame.lazy(), set(each.facts), headers)
            for each, frame in zip(found, frames, strict=True)
        ]
        return pl.concat(said).collect() if said else pl.DataFrame(schema=FOUND)

    def _render(
        self,
        rule: str,
        found: pl.LazyFrame,
        known: Set[str],
        headers: list[str],
        *,
        has_variants: bool = True,
    ) -> pl.LazyFrame:
        """The issues of `found`, in the words of each one's variant; `known` are the facts."""
        key = rule, frozenset(known), has_variants
        if key not in self._sentences:
            self._sentences[key] = self._sentence(*key)
        sentence = self._sentences[key]
        if sentence.names_column:
            names = pl.lit(pl.Series(headers, dtype=_TEXT))
            found = found.with_columns(column=names.gather(pl.col("position")))
        part = pl.lit(0, pl.UInt16)
        said = found.with_columns(part=part, message=sentence.message, wording=sentence.wording)
        return said.select(*FOUND)

    def _sentence(self, rule: str, known: frozenset[str], has_variants: bool) -> _Sentence:
        facts = {name: pl.col(f"fact_{name}") for name in known}
        facts |= {"value": _shown(pl.col("value")), "column": pl.col("column")}
        message = pl.lit(None, _TEXT)
        wording = pl.lit(None, pl.UInt16)
        named: set[str] = set()
        for variant, words in self.book[rule].wordings():
            names = placeholders(words.message)
            if (variant and not has_variants) or not names <= known | COMMON_FACTS:
                continue
            named |= names
            text = _fill(words.message, facts)
            index = pl.lit(self._index[rule, variant], pl.UInt16)
            mine = pl.col("variant").is_null() if variant is None else pl.col("variant") == variant
            message = pl.when(mine).then(text).otherwise(message)
            wording = pl.when(mine).then(index).otherwise(wording)
        return _Sentence(message, wording, "column" in named)


def tells(flag: Flag, position: int | None = None) -> list[pl.Expr]:
    """What there is to tell of rows for which `flag` holds; `position` is that of its column."""
    none = pl.lit(None, _TEXT)
    value = pl.col(f"c{position}") if flag.value is None and position is not None else flag.value
    column = pl.lit(position, pl.Int32) if flag.column is None else flag.column
    told = {
        "position": column.cast(pl.Int32),
        "value": none if value is None else _cut(value),
        "suggestion": none if flag.suggestion is None else flag.suggestion,
        "variant": none if flag.variant is None else flag.variant,
        "given": none if flag.given is None else flag.given,
        **{f"fact_{name}": fact.cast(_TEXT) for name, fact in flag.facts.items()},
    }
    return [*map(pl.col, _PLACE), *(expr.alias(name) for name, expr in told.items())]


def _quoted(flag: Flag, rows: pl.LazyFrame) -> list[str]:
    """The facts that may hold what cells say: text that cells decide, but for words of our own."""
    schema = rows.select(**flag.facts).collect_schema()
    return [
        name
        for name, fact in flag.facts.items()
        if schema[name] == _TEXT and fact.meta.root_names() and name not in flag.own_words
    ]


def _is_short(value: str) -> bool:
    return len(value) <= LONGEST_EXPLAINED


def _shown(value: pl.Expr) -> pl.Expr:
    """A value as it looks inside a sentence: short, and on one line."""
    return _cut(value, LONGEST_IN_MESSAGE, "…").str.replace_all("\r\n|\r|\n", "↵")


def _cut(cells: pl.Expr, longest: int = LONGEST, mark: str = CUT_MARK) -> pl.Expr:
    """`cut` for a column of text."""
    # the number of bytes is known; that of characters has to be counted
    long = (cells.str.len_bytes() > longest) & (cells.str.len_chars() > longest)
    return pl.when(long).then(cells.str.head(longest) + mark).otherwise(cells)


def _fill(message: str, facts: dict[str, pl.Expr]) -> pl.Expr:
    """The template `message` as an expression."""
    parts: list[pl.Expr] = []
    for text, name, _, _ in string.Formatter().parse(message):
        parts.append(pl.lit(text))
        if name is not None:
            parts.append(facts[name])
    return pl.concat_str(parts)
