"""Text for a report that is passed on: its shape stays, and nothing of what it says."""

import re

import polars as pl

from csvimport.issue import CUT_MARK

_CAPITAL = r"[\p{Lu}\p{Lt}]"
_DIGIT = r"\p{N}"
#: What is no punctuation, space or operator is as good as a letter: a mark on one, a picture, a
#: letter that no table knows yet. The tags of flags (U+E0000 and on) spell words that nobody sees.
_OTHER = r"[^X0\p{P}\p{Z}\p{Cc}\p{Cf}\p{Sm}\p{Sc}\p{Sk}\x{FFFD}]|[\x{E0000}-\x{E0FFF}]"


def masked(cells: pl.Expr) -> pl.Expr:
    """A column of text with other letters and digits: as long, character for character."""
    mark = pl.when(cells.str.ends_with(CUT_MARK)).then(pl.lit(CUT_MARK)).otherwise(pl.lit(""))
    text = (
        cells.str.strip_suffix(CUT_MARK)
        .str.replace_all(_CAPITAL, "X")
        .str.replace_all(_DIGIT, "0")
        .str.replace_all(_OTHER, "x")
    )
    return text + mark


def masked_text(text: str) -> str:
    """`masked` for a single text."""
    masks: pl.Series = pl.select(masked(pl.lit(text))).to_series()
    return str(masks.item())


def masked_quote(sentence: str) -> str:
    """A sentence of this tool's own, of which only the quotation that it begins with is masked."""
    return re.sub(r"\A`.*`", lambda quoted: masked_text(quoted[0]), sentence, flags=re.DOTALL)
