"""E-mail addresses: what the syntax allows, what is said of the rest, what is suggested."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csvimport import emails
from csvimport.emails import fault, is_email, repaired

EMAILS = """
    a@b.co
    A.B@EXAMPLE.Com
    a..b@example.com
    o'brien@example.com
    'x@example.com
    x+tag@example.com
    -_^+$'&#/%*=`|~!?@example.com
    é.ü@example.com
    李@example.com
    1@2.de
    a@xn--exmple-cua.com
    a@a-b.c-d.co
    a@1.2.3.com
    a@b.c1
    ab@gmail.com
    a.@.b@gmail.con
    a_b-c.d@outlook.com
    ab+any!thing@hotmail.com
    a.b@mail.live.com
    a!b@msnbc.com
    a!b@outlooks.com
    a!b@example.com
""".split()  # noqa: SIM905
EMAILS.remove("a.@.b@gmail.con")
EMAILS += [f"{'x' * 64}@b.co", f"a@{'x' * 63}.co", f"a@{'x' * 63}.{'y' * 63}.co"]
NO_EMAILS = [
    "plain",
    "@b.co",
    "a@",
    "a@b",
    "a@@b.co",
    "a@b@c.co",
    "a b@c.co",
    "a@b c.co",
    'a"b@c.co',
    "a(b@c.co",
    "a;b@c.co",
    "<a@b.co>",
    "mailto:a@b.co",
    ".a@b.co",
    "a.@b.co",
    "a@.b.co",
    "a@b..co",
    "a@b.co.",
    "a@-b.co",
    "a@b-.co",
    "a@b_c.co",
    "a@b.123",
    "a@1.2.3.4",
    "a@[1.2.3.4]",
    f"{'x' * 65}@b.co",
    f"a@{'x' * 64}.co",
    "a@gmail.com",
    "A@GMAIL.COM",
    "a@googlemail.com",
    "a!b@outlook.com",
    "a..b@hotmail.com",
    "a!b@mail.live.co.uk",
    "é!x@msn.com",
    "+tag@live.com",
]
#: Those that mean one address only, and that.
REPAIRED = {
    " a@b.co": "a@b.co",
    "a@b.co ": "a@b.co",
    "\u00a0a@b.co\t": "a@b.co",
    "a@exämple.com": "a@xn--exmple-cua.com",
    "a@EXÄMPLE.com ": "a@xn--exmple-cua.com",
    "é@münchen.de": "é@xn--mnchen-3ya.de",
    "'a@exämple.com": "'a@xn--exmple-cua.com",
}
REASONS = {
    "plain": "an e-mail address must have an @-sign",
    "": "an e-mail address must have an @-sign",
    "a\uff20b.co": (
        "the e-mail address has the `full-width` at-sign (@) character instead of a regular at-sign"
    ),
    "@b.co": "there must be something before the @-sign",
    "a@": "there must be something after the @-sign",
    "a@b": "the part after the @-sign is not valid: it should have a period",
    "a@b@c.co": "the part after the @-sign contains invalid characters: `@`",
    "a@b.co,c@d.co": "the part after the @-sign contains invalid characters: `,`, `@`",
    "a b@c.co": "the e-mail address contains invalid characters before the @-sign: SPACE",
    "o'b r@c.co": "the e-mail address contains invalid characters before the @-sign: SPACE",
    "a(b@c.co": "the e-mail address contains invalid characters before the @-sign: `(`",
    "a\\b@c.co": "the e-mail address contains invalid characters before the @-sign: `\\`",
    "a@b'c.co": "the part after the @-sign contains invalid characters: `'`",
    "a@b`c.co": "the part after the @-sign contains invalid characters: '`'",
    "a@b.co ": "the part after the @-sign contains invalid characters: SPACE",
    "\u00a0a@b.co": "the e-mail address contains unsafe characters: NO-BREAK SPACE",
    "a\u200b@b.co": "the e-mail address contains unsafe characters: ZERO WIDTH SPACE",
    '"a@b"@c.co': "quoting the part before the @-sign is not allowed here",
    '"a b"@c.co': "quoting the part before the @-sign is not allowed here",
    "<a@b.co>": (
        "a display name and angle brackets around the e-mail address are not permitted here"
    ),
    ".a@b.co": "an e-mail address cannot start with a period",
    "..a@b.co": "an e-mail address cannot start with a period",
    "a..@b.co": "an e-mail address cannot have a period immediately before the @-sign",
    "a@.b.co": "an e-mail address cannot have a period immediately after the @-sign",
    "a@b.co.": "an e-mail address cannot end with a period",
    "a@-b.co": "an e-mail address cannot have a hyphen immediately after the @-sign",
    "a@b.co-": "an e-mail address cannot end with a hyphen",
    "a@b-.co": "an e-mail address cannot have a period and a hyphen next to each other",
    "a..b@c..co": "an e-mail address cannot have two periods in a row",
    "a@b_c.co": "the part after the @-sign contains invalid characters: `_`",
    "a@1.2.3.4": (
        "the part after the @-sign is not valid: it is not within a valid top-level domain"
    ),
    "a@[1.2.3.4]": "a bracketed IP address after the @-sign is not allowed here",
    f"{'x' * 65}@b.co": "the e-mail address is too long before the @-sign (1 character too many)",
    f"{'x..' * 22}x@b.co": (
        "the e-mail address is too long before the @-sign (3 characters too many)"
    ),
    f"a@{'x' * 64}.co": (
        "after the @-sign, periods cannot be separated by so many characters (1 character too many)"
    ),
}
#: Wrong, but the library sees nothing, or something else, or would say what is not so.
SILENT = [
    "a@exämple.com",
    "€@b.co",
    "€@x--y.co",
    "€@b.test",
    "a..€@b.c1",
    'a"b@c.co',
    "Tom, X <a@b.co>",
    "\u0301\u00a0@b.co",
]

ADDRESSES = st.one_of(
    st.text(max_size=20),
    st.emails(),
    st.from_regex(r"[ '.a-cé+!-]{0,5}@?[ .a-cé1-2@_\-]{0,8}(\.co|\.1|live)?", fullmatch=True),
)


def mask(values: list[str]) -> dict[str, bool]:
    frame = pl.DataFrame({"cell": values}, schema={"cell": pl.String})
    return dict(zip(values, frame.select(is_email(pl.col("cell"))).to_series(), strict=True))


def test_addresses() -> None:
    assert mask(EMAILS) == dict.fromkeys(EMAILS, True)


def test_no_addresses() -> None:
    values = [*NO_EMAILS, *REPAIRED, *REASONS, *SILENT]
    assert mask(values) == dict.fromkeys(values, False)


@pytest.mark.parametrize("value", REPAIRED, ids=ascii)
def test_what_can_only_mean_another(value: str) -> None:
    assert repaired(value) == REPAIRED[value]


@pytest.mark.parametrize("value", [*EMAILS, *NO_EMAILS], ids=ascii)
def test_what_means_no_other(value: str) -> None:
    assert repaired(value) is None


@pytest.mark.parametrize("value", REASONS, ids=ascii)
def test_reasons(value: str) -> None:
    assert fault(value) == ("reason", REASONS[value])


@pytest.mark.parametrize("value", [*SILENT, *EMAILS], ids=ascii)
def test_nothing_is_said_where_nothing_is_certain(value: str) -> None:
    assert fault(value) == (None, None)


@pytest.mark.parametrize(
    ("value", "variant"),
    [
        ("a@gmail.com", "host-short"),
        ("é@GoogleMail.com", "host-short"),
        ("a!b@outlook.com", "host-strict"),
        ("a..b@hotmail.com", "host-strict"),
        ("o'brien@live.co.uk", "host-strict"),
        ("a!b@example.live", "host-strict"),
        ("a!b@x.msn.example", "host-strict"),
        ("+tag@live.com", "host-strict"),
    ],
)
def test_what_a_host_forbids(value: str, variant: str) -> None:
    assert fault(value) == (variant, None)
    assert repaired(value) is None


def test_a_stricter_host_is_told_by_a_whole_label_of_its_own() -> None:
    values = [
        "a!b@alive.com",
        "a!b@live-it.com",
        "a!live.b@example.com",
        "a!b@xmsn.co",
        "ab@gmail.co",
    ]
    assert mask(values) == dict.fromkeys(values, True)
    assert mask(["a@gmail.co", "a@mail.gmail.com"]) == {
        "a@gmail.co": True,
        "a@mail.gmail.com": True,
    }


@settings(deadline=None)
@given(ADDRESSES)
@example("'+a@b.co")
@example("a@\u3002b.co")
@example("x" * 1000 + "@" + "ü" * 1000)
@example("a@" + "b." * 500)
@example("\x00@\x00.ü")
@example("a@xn--ü.co")
def test_what_is_suggested_passes_and_is_stable(value: str) -> None:
    suggestion = repaired(value)
    if suggestion is not None:
        assert suggestion != value
        assert mask([suggestion])[suggestion]
        assert repaired(suggestion) is None


@settings(deadline=None)
@given(ADDRESSES)
@example("a" * 1000 + "@" + "." * 1000)
@example('"' * 1000)
@example("<" * 1000 + ">")
@example("\u0301\x00@\u0301")
def test_a_fault_is_one_of_three_and_in_one_style(value: str) -> None:
    variant, reason = fault(value)
    assert variant in (None, "host-short", "host-strict", "reason")
    assert (reason is not None) == (variant == "reason")
    if variant is not None:
        assert not mask([value])[value]
    if reason is not None:
        assert reason[0].islower()
        assert reason[-1] != "."
        assert '"' not in reason.replace('`"`', "")


@settings(deadline=None)
@given(st.from_regex(r"[a-c.!é+]{1,6}@([a-c1\-]{1,3}\.){0,2}[a-c1\-.]{1,3}", fullmatch=True))
@example("a..b@c")
@example("a..b@c..d")
def test_reasons_are_true(value: str) -> None:
    local, _, domain = value.partition("@")
    _, reason = fault(value)
    claims = {
        "start with a period": local.startswith("."),
        "immediately before": local.endswith("."),
        "two periods": ".." in domain,
        "period immediately after": domain.startswith("."),
        "hyphen immediately after": domain.startswith("-"),
        "end with a period": domain.endswith("."),
        "end with a hyphen": domain.endswith("-"),
        "next to each other": ".-" in domain or "-." in domain,
        "should have a period": "." not in domain,
        "top-level": domain.rpartition(".")[2].isdigit(),
    }
    if reason is not None:
        assert [true for claim, true in claims.items() if claim in reason] == [True]


@given(
    st.text(st.characters(max_codepoint=0x7F), max_size=30)
    | st.from_regex(r"\A[a-z.!]{1,3}@(gmail|x|hotmail)\.[a-z0-9]{1,3}\Z")
)
@example("a@b.co\n")
@example("a@GMAIL.com")
@example("a@b.c\x1f")
def test_one_value_is_judged_like_a_column(value: str) -> None:
    holds = pl.select(is_email(pl.lit(value))).item()
    assert (fault(value) == (None, None)) >= holds
    assert holds == bool(emails._is_email(emails._asked_about(value)))
