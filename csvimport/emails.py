"""E-mail addresses: which follow the documented syntax, what ails others, which one is meant."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import numpy as np
import polars as pl

from csvimport.phones import unguarded

T = TypeVar("T", pl.Expr, np.bool_)

_LOCAL = r"\p{L}\p{M}0-9\-_^+$'&#/%*=`|~!?"
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = rf"^[{_LOCAL}](?:[{_LOCAL}.]*[{_LOCAL}])?@(?:{_LABEL}\.)+{_LABEL}$"
_LONG_LOCAL_PART = "^[^@]{65}"
_NUMERIC_TOP_LEVEL = r"\.[0-9]+$"
_SHORT_AT_GMAIL = r"(?i)^[^@]@(?:gmail|googlemail)\.com$"
_STRICT_HOST = r"(?i)@(?:[^@]*\.)?(?:msn|hotmail|outlook|live)(?:\.|$)"
_STRICT_LOCAL = r"^[\p{L}\p{M}0-9_-]+(?:\.[\p{L}\p{M}0-9_-]+)*(?:\+[^@]*)?@"

#: What nearly all addresses look like, and no rule of a host or a length speaks against.
PLAIN = (
    "(?:[A-Za-z0-9_-](?:[A-Za-z0-9_-]{1,20}|[.+][A-Za-z0-9_-]{1,20})(?:[.+][A-Za-z0-9_-]{1,20}){0,2}"
    "@(?:[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,30})?[.]){1,4}[A-Za-z]{2,20})"
)

#: Dots in a row within a local part, which are documented to be fine, but for the last of them.
_DOUBLED_DOT = re.compile(r"(?<!^)\.(?=\.)")
_QUOTED = re.compile(r"""(["'])([^"'`]+?|["'])\1""")

#: How the library's explanations begin of what holds no `@`.
_NO_AT_SIGN = ("An email address must have an @-sign", "The email address has the ")
#: How the library's explanations begin that may be repeated, and what has to be true of the local
#: part and the domain. Others are about what the documented syntax allows, or would need a proof.
_TRUE_IF: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("There must be something before", lambda local, _: not local),
    ("There must be something after", lambda _, domain: not domain),
    ("Quoting the part before", lambda local, _: local.startswith('"')),
    ("The email address contains invalid characters before the @-sign: ", lambda *_: True),
    (
        "The email address contains unsafe characters: ",
        lambda local, domain: domain.isascii() and not _may_be_letters(local),
    ),
    ("The email address is too long before", lambda local, _: len(local) > 64),
    ("An email address cannot start with a period", lambda local, _: local.startswith(".")),
    ("An email address cannot have a period immediately before", lambda a, _: a.endswith(".")),
    ("The part after the @-sign contains invalid characters: ", lambda *_: True),
    ("A bracketed IP address", lambda _, domain: domain[:1] == "[" and domain[-1:] == "]"),
    ("An email address cannot have a period immediately after", lambda _, b: b.startswith(".")),
    ("An email address cannot have a hyphen immediately after", lambda _, b: b.startswith("-")),
    ("An email address cannot end with a period", lambda _, domain: domain.endswith(".")),
    ("An email address cannot end with a hyphen", lambda _, domain: domain.endswith("-")),
    ("An email address cannot have two periods", lambda _, domain: ".." in domain),
    (
        "An email address cannot have a period and a hyphen",
        lambda _, domain: ".-" in domain or "-." in domain,
    ),
    (
        "After the @-sign, periods cannot be separated",
        lambda _, domain: domain.isascii() and max(map(len, domain.split("."))) > 63,
    ),
    (
        "The part after the @-sign is not valid. It should have a period",
        lambda _, domain: bool(domain) and "." not in domain,
    ),
    (
        "The part after the @-sign is not valid. It is not within a valid top-level domain",
        lambda _, domain: bool(re.search(r"\.[0-9]+\Z", domain)),
    ),
    (
        "A display name and angle brackets",
        lambda local, domain: "<" in local and domain.endswith(">"),
    ),
)


def is_plain(cells: pl.Expr) -> pl.Expr:
    """Whether cells plainly are addresses: what does is one; of what does not, `is_email` says."""
    return cells.str.contains(f"^{PLAIN}$")


def is_email(cells: pl.Expr) -> pl.Expr:
    """Whether cells follow the documented syntax of addresses."""
    return _is_email(cells.str.contains)


def _is_email(matches: Callable[[str], T]) -> T:
    strict = ~matches(_STRICT_HOST) | matches(_STRICT_LOCAL)
    return _is_address(matches) & ~matches(_SHORT_AT_GMAIL) & strict


def _is_address(matches: Callable[[str], T]) -> T:
    """Whether what `matches` is asked about follows the syntax that is common to all hosts."""
    return matches(_EMAIL) & ~matches(_LONG_LOCAL_PART) & ~matches(_NUMERIC_TOP_LEVEL)


def _asked_about(value: str) -> Callable[[str], np.bool_]:
    """Whether `value` matches a pattern.

    Python's engine answers at once where it means the same: without line ends, `$` is the end, and
    in ASCII nobody has other letters.
    """
    if value.isascii() and value.isprintable():
        return lambda pattern: np.bool_(_of_python(pattern).search(value) is not None)
    return lambda pattern: np.bool_(pl.select(pl.lit(value).str.contains(pattern)).item())


@cache
def _of_python(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace(r"\p{L}\p{M}", "A-Za-z"))


def repaired(value: str) -> str | None:
    """The one address that `value` must mean: trimmed, its domain in Punycode, unguarded."""
    address = unguarded(value.strip()).strip()
    local, at, domain = address.rpartition("@")
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            return None
    address = local + at + domain
    return address if address != value and _is_email(_asked_about(address)) else None


def fault(value: str) -> tuple[str | None, str | None]:
    """What is wrong with an address that `is_email` does not hold for, and the reason in words.

    "host-short" and "host-strict" are what its host alone forbids, and need no reason; "reason"
    has one. Neither, where nothing can be said that is certainly true.
    """
    matches = _asked_about(value)
    if _is_address(matches):
        if _is_email(matches):
            return None, None
        return ("host-short" if matches(_SHORT_AT_GMAIL) else "host-strict"), None
    reason = _reason(value)
    return ("reason", reason) if reason else (None, None)


def _reason(value: str) -> str | None:
    """What the email-validator library says about an address, if it is true of it."""
    from email_validator import EmailNotValidError, validate_email

    local, at, domain = value.partition("@")
    # nothing else is longer by a dot, or ends in one because of it
    asked = _DOUBLED_DOT.sub("x", local) + at + domain
    try:
        validate_email(
            asked,
            check_deliverability=False,
            test_environment=True,
            allow_smtputf8=True,
            strict=True,
        )
    except EmailNotValidError as error:
        text = str(error)
        if at:
            true = any(text.startswith(each) and holds(local, domain) for each, holds in _TRUE_IF)
        else:
            true = text.startswith(_NO_AT_SIGN)
        return _in_our_style(text) if true else None
    return None


def _in_our_style(text: str) -> str:
    text = _QUOTED.sub(r"`\2`", text.removesuffix(".")).replace("email", "e-mail")
    return text[0].lower() + text[1:].replace(". It ", ": it ")


def _may_be_letters(text: str) -> bool:
    """Whether the library may mind what the syntax allows.

    That is a combining mark that comes first, and letters younger than Python's tables.
    """
    categories = [unicodedata.category(character) for character in text]
    return "Cn" in categories or categories[:1] in (["Mn"], ["Mc"], ["Me"])
