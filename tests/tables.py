"""Strategies: files that look like files, with everything in them that can go wrong."""

from hypothesis import strategies as st

from csvimport.archive import NotATableError, packing, require_text

HEADERS = [
    "external_id,email,first_name",
    "external_id,email,first_name",
    "external_id,email,first_name",
    "email,phone,plan",
    "user_alias_name,user_alias_label,email",
    "external_id,user_alias_name,user_alias_label",
    "external_id,subscription_group_id,subscription_state",
    "braze_id;external_id;plan",
    "external_id,name,time",
    "sep=,\nexternal_id,email,first_name",
    "\n,,\nexternal_id,email,first_name",
    "external_id,,external_id, email,$x",
    "a@example.com,Tom,7",
    '"external_id,email,first_name',
    'external_id,"email"x,first_name',
    "external_id,email\x00,first_name",
    "external_id",
    ",",
    "",
]
LINES = [
    "A1,a@example.com,Tom",
    "A2,b@example.com,Ana",
    "A1,b@example.com,Mia",
    ",d@example.com,Eve",
    ",D@Example.com ,Eve",
    ",not an address,Eve",
    ",,Bob",
    "A3,not an address,x",
    " A3,,x",
    "1.5E+12,,x",
    "NULL,,x",
    'A5,"a, b",x',
    'A6,"two\nlines",x',
    '"A\n7",,x',
    'A8,"x\n1,2,3\ny",z',
    'A9,O"Brien,x',
    'A10,"ab"c,x',
    'A11,"open,x',
    'A11,x,"open',
    "A12,x",
    "A13,a,b,c",
    "A14,é,ß",
    "=1,+2,-3",
    "x;y;z",
    "Total,,4",
    "+442071838750,x,y",
    "é,\u2003,\u00a0",
    "",
    ",,",
    " ",
    '"',
    '""',
]
PIECES = ['"', ",", "\n", "\r\n", "\r", " ", "a", "1", '""', ",,", '",', ',"', "A1,", ";", "é", "="]

_line = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from(LINES),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
#: Text files of a header and some lines, sound and broken.
FILES = st.builds(
    lambda header, lines, end, last: end.join([header, *lines]) + last * end,
    st.sampled_from(HEADERS),
    st.lists(_line, max_size=10),
    st.sampled_from(["\n", "\n", "\r\n", "\r"]),
    st.booleans(),
)


def is_table(data: bytes) -> bool:
    """Whether `data` begins like no archive, web page or other file that is told apart."""
    try:
        require_text(data)
    except NotATableError:
        return False
    return packing(data) is None


#: Those as UTF-8, some with bytes that are not, and any bytes.
INPUTS = st.one_of(
    FILES.map(str.encode),
    FILES.map(lambda text: text.encode().replace(b"\xc3", b"")),
    FILES.map(lambda text: text.encode().replace(b"x", b"\xff").replace(b"y", "ü".encode())),
    FILES.map(lambda text: text.encode("utf-8-sig")),
    FILES.map(lambda text: text.encode("utf-16")),
    st.binary(max_size=60),
).filter(is_table)
