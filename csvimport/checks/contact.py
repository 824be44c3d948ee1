"""What an e-mail address and a phone number must look like to be of use."""

import polars as pl

_LOCAL = r"\p{L}\p{M}0-9\-_^+$'&#/%*=`|~!?"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^[{_LOCAL}](?:[{_LOCAL}.]*[{_LOCAL}])?@(?:{_LABEL}\.)+{_LABEL}$"
_LONG_LOCAL_PART = "^[^@]{65}"
_NUMERIC_TOP_LEVEL = r"\.[0-9]+$"
_SHORT_AT_GMAIL = r"(?i)^[^@]@(?:gmail|googlemail)\.com$"
_STRICT_HOST = r"(?i)@(?:[^@]*\.)?(?:msn|hotmail|outlook|live)\."
_STRICT_LOCAL = r"^[\p{L}\p{M}0-9_-]+(?:\.[\p{L}\p{M}0-9_-]+)*(?:\+[^@]*)?@"

#: What people put between digits, and platforms strip.
_GAP = r"[ ().\-]*"
_PHONE = rf"^{_GAP}(?:\+{_GAP}[1-9]{_GAP}(?:[0-9]{_GAP}){{1,14}}|(?:[0-9]{_GAP}){{10}})$"


def is_email(cells: pl.Expr) -> pl.Expr:
    """Whether cells follow the documented syntax of addresses."""
    matches = cells.str.contains
    return (
        matches(_EMAIL)
        & ~matches(_LONG_LOCAL_PART)
        & ~matches(_NUMERIC_TOP_LEVEL)
        & ~matches(_SHORT_AT_GMAIL)
        & (~matches(_STRICT_HOST) | matches(_STRICT_LOCAL))
    )


def is_dialable(cells: pl.Expr) -> pl.Expr:
    """Whether cells, without spaces and punctuation, are E.164 or the ten digits of a US number."""
    return cells.str.contains(_PHONE)


def holds(condition: pl.Expr) -> bool:
    """The truth of a condition over literals."""
    return bool(pl.select(condition).item())


def _unguarded(value: str) -> str:
    """`value` without the apostrophe that an export puts before what looks like a formula."""
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


def repaired_email(value: str) -> str | None:
    """The one address that `value` must mean: trimmed, its domain in Punycode, unguarded."""
    address = _unguarded(value).strip()
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            return None
    address = local + at + domain
    return address if address != value and holds(is_email(pl.lit(address))) else None


def repaired_phone(value: str) -> str | None:
    """The number behind an export's guard, or inside white space."""
    number = _unguarded(value.strip())
    return number if number != value and holds(is_dialable(pl.lit(number))) else None
