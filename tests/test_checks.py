"""Tables of what each rule of the header and of identifiers reports, and what it leaves alone."""

import itertools

import pytest
from running import issues, run, told

from csvimport.rulebook import rulebook

Expected = list[tuple[str, str | None, str | None]]
"""Rule, column, suggestion."""


def header(text: str, kind: str = "auto") -> Expected:
    """The issues of a header."""
    result = told(run(text, kind=kind, ignore=frozenset(["no-data-rows"])))
    assert {row for _, row, _, _ in result} <= {1}
    return [(rule, column, suggestion) for rule, _, column, suggestion in result]


FAMILIES_OF_ROWS = ("structure", "identifier")


def cells(text: str, rules: str = "", kind: str = "auto") -> list[tuple[str, int, str | None]]:
    """What rows are told of their structure and identifiers, or of `rules`: rule, row, column."""
    of_rows = [name for name, rule in rulebook().items() if rule.family in FAMILIES_OF_ROWS]
    return [
        (rule, row, column)
        for rule, row, column, _ in told(run(text, kind=kind))
        if row is not None and row > 1 and rule in (rules.split() or of_rows)
    ]


# --- What kind of file it is ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("external_id,name,time", "events"),
        ("time,name", "events"),
        ("external_id,trip.properties.to", "events"),
        (".properties.", "events"),
        ("external_id,name", "attributes"),
        ("external_id,time", "attributes"),
        ("external_id,Name,Time", "attributes"),
        ("external_id,name ,time", "attributes"),
        ("external_id,trip.property.to", "attributes"),
        ("external_id,properties.to", "attributes"),
        ("external_id,trip.Properties.to", "attributes"),
        ("", "attributes"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    result = run(text)
    assert result.kind == kind
    assert result.kind_reason
    for asked in ("attributes", "events"):
        assert run(text, kind=asked).kind == asked or not text


# --- Headers -------------------------------------------------------------------------------------


def misspelled(*pairs: tuple[str, str]) -> Expected:
    return [("misspelled-column", found, name) for found, name in pairs]


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ("First_name", "first_name"),
        ("FIRST_NAME", "first_name"),
        ("first name", "first_name"),
        ("First-Name", "first_name"),
        ("first_name ", "first_name"),
        ("\u00a0first_name\u2003", "first_name"),
        ("firstname", "first_name"),
        ("fist_name", "first_name"),
        ("fisrt_name", "first_name"),
        ("first_names", "first_name"),
        ("first_nbme", "first_name"),
        (" email", "email"),
        ("E-Mail", "email"),
        ("e_mail", "email"),
        ("emial", "email"),
        ("emails", "email"),
        ("emai", "email"),
        ("langauge", "language"),
        ("Langage", "language"),
        ("contry", "country"),
        ("Country", "country"),
        ("phne", "phone"),
        ("DOB", "dob"),
        ("Dob ", "dob"),
        ("Time Zone", "time_zone"),
        ("time-zone", "time_zone"),
        ("TimeZone", "time_zone"),
        ("Home City", "home_city"),
        ("genders", "gender"),
        ("subscription-state", "subscription_state"),
        ("email_opentracking_disabled", "email_open_tracking_disabled"),
    ],
)
def test_misspelled(found: str, name: str) -> None:
    assert header(f"external_id,{found}") == misspelled((found, name))


@pytest.mark.parametrize(
    "name",
    [
        *("county", "County", "list_name", "List Name", "counties"),
        *("phone2", "phone_2", "phone1", "email2", "2email", "country7"),
        *("dobs", "dbo", "do", "mail", "hone", "ountry", "gnder_x", "lnguag"),
        *("fname", "name", "time", "first", "languages_", "phon3", "plan", "loyalty_tier"),
        *("user id", "externalid_2", "e mail address", "zone", "cities"),
    ],
)
def test_not_misspelled(name: str) -> None:
    assert header(f"external_id,{name}") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # by a letter only what is absent; in capitals and spaces whatever it is
        ("email,emial,emails", []),
        ("external_id,email,Email", [("misspelled-column", "Email", None)]),
        (
            "email,langauge,languages",
            misspelled(("langauge", "language"), ("languages", "language")),
        ),
        # an identifier that is misspelled is none
        (
            "External_ID,plan",
            [
                ("missing-identifier-column", None, None),
                *misspelled(("External_ID", "external_id")),
            ],
        ),
        ("external_ids,email", misspelled(("external_ids", "external_id"))),
        ("braze id,email", misspelled(("braze id", "braze_id"))),
        ("user_alias_names,email", misspelled(("user_alias_names", "user_alias_name"))),
    ],
)
def test_misspelled_beside_others(text: str, expected: Expected) -> None:
    assert header(text, "attributes") == expected


def test_misspelled_in_events() -> None:
    assert header("external_id,Name,TIME", "events") == [
        ("missing-event-column", None, None),
        ("missing-event-column", None, None),
        *misspelled(("Name", "name"), ("TIME", "time")),
    ]
    # four letters are too few for a guess
    assert header("external_id,name,time,tine", "events") == [
        ("invalid-property-column", "tine", None)
    ]
    assert header("external_ld,name,time", "events") == [
        ("missing-identifier-column", None, None),
        *misspelled(("external_ld", "external_id")),
    ]


EXPORTED = {
    "Appboy ID": "braze_id",
    "user_id": "external_id",
    "date_of_birth": "dob",
    "city": "home_city",
    "phone_number": "phone",
    "timezone": "time_zone",
    "first_session": "date_of_first_session",
    "last_session": "date_of_last_session",
}


@pytest.mark.parametrize("name", EXPORTED)
def test_names_of_exports(name: str) -> None:
    # a name that another column has is not suggested
    first = "email" if name == "user_id" else "external_id"
    assert ("export-column-name", name, EXPORTED[name]) in header(f"{first},{name}")
    again = header(f"{EXPORTED[name]},{name}")
    assert ("export-column-name", name, None) in again
    # exactly so
    assert ("export-column-name", name.upper(), EXPORTED[name]) not in header(
        f"external_id,{name.upper()}"
    )


EXPORT_ONLY = """
    created_at devices random_bucket session_count total_revenue in_app_purchase_total
    last_app_version_used attributed_source uninstalled_at last_coordinates apps campaigns_received
    canvases_received cards_clicked unsubscribed_from_emails_at opted_into_push_at
    unsubscribed_from_push_at number_of_push_tokens google_ad_ids IDFAs IDFVs
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", EXPORT_ONLY)
def test_export_only(name: str) -> None:
    assert header(f"external_id,{name}") == []
    assert header(f"external_id,{name},plan,Session_Count") == []
    alone = [("export-only-column", name, None)]
    beside = [("export-column-name", "Appboy ID", "braze_id")]
    assert header(f"external_id,Appboy ID,{name}") == beside + alone


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("created_at,devices", 0),
        ("created_at,devices,apps", 3),
        ("created_at,plan,devices,city,apps,IDFAs", 4),
        ("random_bucket", 0),
        ("random_bucket,plan", 0),
        ("random_bucket,apps", 2),
        ("Appboy ID", 0),
        ("appboy id,created_at,devices", 0),
        ("idfas,idfvs,Apps", 0),
        ("number_of_,attributed_,_ad_ids", 3),
        ("numbers_of_x,attribute_x,ad_ids", 0),
    ],
)
def test_export_only_needs_company(text: str, count: int) -> None:
    found = [rule for rule, _, _ in header(f"external_id,{text}")]
    assert found.count("export-only-column") == count


@pytest.mark.parametrize(
    ("name", "kind", "rules"),
    [
        ("push_tokens", "attributes", ["unsupported-column"]),
        ("custom_events", "attributes", ["unsupported-column"]),
        ("purchases", "attributes", ["unsupported-column"]),
        ("custom_attributes", "attributes", ["unsupported-column"]),
        ("user_aliases", "attributes", ["unsupported-column"]),
        ("subscription_groups", "attributes", ["unsupported-column"]),
        ("current_location", "attributes", ["unsupported-column"]),
        ("trip.properties.to", "attributes", ["unsupported-column"]),
        ("a.b.properties.c.d", "attributes", ["unsupported-column"]),
        ("Push_tokens", "attributes", []),
        ("push_tokens", "events", ["unsupported-column"]),
        ("trip.properties.to", "events", []),
        # white space at an end
        ("plan ", "attributes", ["header-whitespace"]),
        ("\u00a0plan", "attributes", ["header-whitespace"]),
        ("\tplan", "attributes", ["header-whitespace"]),
        ("my plan", "attributes", []),
        ("push_tokens ", "attributes", ["header-whitespace"]),
        (" $plan", "attributes", ["header-whitespace"]),
        # names
        ("x" * 255, "attributes", []),
        ("x" * 256, "attributes", ["invalid-attribute-name"]),
        ("é" * 255, "attributes", []),
        ("$plan", "attributes", ["invalid-attribute-name"]),
        ("pl$n", "attributes", []),
        # properties
        ("plan", "events", ["invalid-property-column"]),
        ("first_name", "events", ["invalid-property-column"]),
        ("trip.properties", "events", ["invalid-property-column"]),
        ("properties.to", "events", ["invalid-property-column"]),
        (".properties.to", "events", ["invalid-property-column"]),
        ("trip.properties.", "events", ["invalid-property-column"]),
        ("trip.properties.$to", "events", ["invalid-property-column"]),
        ("trip.properties.time", "events", ["invalid-property-column"]),
        ("trip.properties.event_name", "events", ["invalid-property-column"]),
        ("trip.properties." + "x" * 256, "events", ["invalid-property-column"]),
        ("trip.properties." + "x" * 255, "events", []),
        ("trip.properties.Time", "events", []),
        ("trip.properties.name", "events", []),
        ("trip.properties.t$", "events", []),
        ("shop.order.placed.properties.total", "events", []),
        ("a.properties.b.properties.c", "events", []),
        ("a.properties.time.properties.c", "events", []),
        ("a b.properties.c d", "events", []),
    ],
)
def test_names(name: str, kind: str, rules: list[str]) -> None:
    start = "external_id,name,time" if kind == "events" else "external_id,plan_"
    # `$plan` would be no name either
    spaced = rules == ["header-whitespace"] and "$" not in name
    suggestion = name.strip() if spaced else None
    assert header(f"{start},{name}", kind) == [(rule, name, suggestion) for rule in rules]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("external_id,", [("blank-header", "", None)]),
        ("external_id, ,\u00a0,\u2003", [("blank-header", each, None) for each in " \u00a0\u2003"]),
        ("external_id,,", [("blank-header", "", None)] * 2),
        ("external_id,plan,plan,plan", [("duplicate-header", "plan", None)] * 2),
        ("external_id,plan,Plan", []),
        ("external_id,plan,external_id", [("duplicate-header", "external_id", None)]),
        (
            "external_id,Email,Email,$x,$x",
            [
                *misspelled(("Email", "email")),
                ("duplicate-header", "Email", None),
                ("invalid-attribute-name", "$x", None),
                ("duplicate-header", "$x", None),
            ],
        ),
        # what identifies
        ("plan", [("missing-identifier-column", None, None)]),
        ("email", []),
        ("phone", []),
        ("braze_id", []),
        ("user_alias_name,user_alias_label", []),
        ("plan,email_encrypted", [("missing-identifier-column", None, None)]),
        (
            "user_alias_name,plan",
            [
                ("incomplete-alias-columns", None, None),
                ("missing-identifier-column", None, None),
            ],
        ),
        (
            "user_alias_label,plan",
            [
                ("incomplete-alias-columns", None, None),
                ("missing-identifier-column", None, None),
            ],
        ),
        ("user_alias_name,email", [("incomplete-alias-columns", None, None)]),
        ("user_alias_label,braze_id", [
            ("incomplete-alias-columns", None, None),
            ("several-primary-identifiers", None, None),
        ]),
        (
            "external_id,user_alias_name,user_alias_label",
            [("mixed-identifier-columns", None, None)],
        ),
        (
            "user_alias_label,external_id",
            [
                ("incomplete-alias-columns", None, None),
                ("mixed-identifier-columns", None, None),
            ],
        ),
        ("external_id,braze_id", [("several-primary-identifiers", None, None)]),
        (
            "braze_id,user_alias_name,user_alias_label",
            [("several-primary-identifiers", None, None)],
        ),
        ("braze_id,email,phone", []),
        ("external_id,email,phone", []),
        # a pair
        ("email,subscription_group_id", [("incomplete-subscription-columns", None, None)]),
        ("email,subscription_state", [("incomplete-subscription-columns", None, None)]),
        ("email,subscription_state,subscription_group_id", []),
    ],
)  # fmt: skip
def test_attributes(text: str, expected: Expected) -> None:
    assert header(text, "attributes") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("external_id", [("missing-event-column", None, None)] * 2),
        ("external_id,name", [("missing-event-column", None, None)]),
        ("external_id,time", [("missing-event-column", None, None)]),
        ("external_id,name,time", []),
        ("email,name,time", []),
        ("email,phone,name,time", []),
        ("external_id,email,name,time", [("ignored-identifier-column", "email", None)]),
        (
            "phone,email,braze_id,name,time",
            [("ignored-identifier-column", each, None) for each in ("phone", "email")],
        ),
        (
            "user_alias_name,user_alias_label,phone,name,time",
            [("ignored-identifier-column", "phone", None)],
        ),
        ("name,time", [("missing-identifier-column", None, None)]),
        (
            "external_id,name,time,subscription_group_id",
            [("invalid-property-column", "subscription_group_id", None)],
        ),
    ],
)
def test_events(text: str, expected: Expected) -> None:
    assert header(text, "events") == expected


@pytest.mark.parametrize(("count", "reported"), [(256, False), (257, True)])
def test_number_of_properties(count: int, *, reported: bool) -> None:
    names = [f"quiz.properties.q{number}" for number in range(count)]
    names += [f"quiz.final.properties.q{number}" for number in range(200)]
    expected: Expected = [("too-many-properties", None, None)] if reported else []
    assert header(",".join(["external_id,name,time", *names])) == expected


@pytest.mark.parametrize(
    "text",
    [
        "A1,Tom,tom@example.com",
        "+442071838750",
        "Tom,+44 20 7183 8750",
        "Tom,2024-06-10",
        "Tom,2024-06-10T12:00:00Z",
        "Tom,10/06/2024",
        "Tom,42",
        "Tom,-1.5",
        "Tom,9b2f6c1e-6a0d-4a5b-8a54-0d8d3f5f7c21",
        "Tom, tom@example.com ",
        # the other rules are silent
        "42,,42,42",
        "42,$x,push_tokens, plan",
        "created_at,devices,apps,42",
    ],
)
def test_no_header(text: str) -> None:
    assert header(text, "attributes") == [("missing-header", None, None)]


@pytest.mark.parametrize(
    "text",
    [
        "external_id,42",
        "42,first_name",
        "External_ID,42",
        "langauge,tom@example.com",
        "customer,plan",
        "customer,plan42,q1,2nd",
    ],
)
def test_a_header_however_odd(text: str) -> None:
    assert "missing-header" not in [rule for rule, _, _ in header(text, "attributes")]


def test_header_issues_stand_in_order() -> None:
    text = "plan ,,$x,push_tokens,user_alias_name,city,external_id,braze_id,Email,plan "
    assert header(text, "attributes") == [
        ("incomplete-alias-columns", None, None),
        ("mixed-identifier-columns", None, None),
        ("several-primary-identifiers", None, None),
        ("header-whitespace", "plan ", "plan"),
        ("blank-header", "", None),
        ("invalid-attribute-name", "$x", None),
        ("unsupported-column", "push_tokens", None),
        ("export-column-name", "city", "home_city"),
        ("misspelled-column", "Email", "email"),
        ("duplicate-header", "plan ", None),
    ]


def test_messages_show_the_value() -> None:
    text = "external_id,First_name,city,plan ,$x,push_tokens,x,x\nA1,,,,,,,\n"
    for each in issues(text):
        assert each.value is not None
        assert f"`{each.value}`" in each.message
        assert each.column == each.value


# --- E-mail addresses and phone numbers that identify --------------------------------------------


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def suggestions(column: str, values: list[str]) -> dict[str, str | None]:
    """Of each value of an identifying column that is of no use, the suggestion."""
    text = f"{column},plan\n" + "".join(f"{_quoted(value)},x\n" for value in values)
    found = [each for each in told(run(text)) if each[0] == "unusable-identifier"]
    assert all(each[2] == column for each in found)
    return {values[(row or 0) - 2]: suggestion for _, row, _, suggestion in found}


def test_addresses_that_identify() -> None:
    assert suggestions("email", ["a@b.co", "o'brien@example.com"]) == {}
    found = suggestions("email", ["plain", "a@gmail.com", " a@b.co", "a@exämple.com"])
    assert found == {
        "plain": None,
        "a@gmail.com": None,
        " a@b.co": "a@b.co",
        "a@exämple.com": "a@xn--exmple-cua.com",
    }


def test_phones_that_identify() -> None:
    assert suggestions("phone", ["+44 (20) 7183-8750", "4155552671", "+12"]) == {}
    found = suggestions("phone", ["ask Tom", "442071838750", "00442071838750", "'+442071838750"])
    assert found == {
        "ask Tom": None,
        "442071838750": None,
        "00442071838750": "+442071838750",
        "'+442071838750": "+442071838750",
    }


def test_only_the_effective_identifier_must_be_of_use() -> None:
    text = "external_id,braze_id,email,phone\nA,,nothing,nothing\n"
    assert cells(text) == []
    found = cells("email,phone,plan\na@b.co,nothing,\nnothing,+442071838750,\n,nothing,\n ,,x\n")
    assert found == [
        ("unusable-identifier", 3, "email"),
        ("unusable-identifier", 4, "phone"),
        ("missing-identifier", 5, "email"),
    ]


def test_an_encrypted_address_is_not_checked() -> None:
    assert cells("email,email_encrypted\n5d41402abc4b2a76,x\n") == []


def test_an_unusable_identifier_in_events() -> None:
    text = "email,name,time\nnothing,trip,2024-06-10T12:00:00Z\n"
    assert cells(text, kind="events") == [("unusable-identifier", 2, "email")]


# --- Identifiers ---------------------------------------------------------------------------------

DAMAGED = ["1.23457E+17", "1E+17", "4.42E+11", "1.2e+05", "1042.0", "0.0", "00.0", "1,5E+12"]
DAMAGED += ["null", "NULL", "None", "nil", "undefined", "NaN", "N/A", "#N/A", r"\N"]
UNDAMAGED = ["1.23457E-17", "1.2E17", "E+17", "12.34.0", "1042.00", "1042.", "A1.0x", "1042", "0"]
UNDAMAGED += ["Null", "none", "NIL", "nan", "n/a", "nullah", "-", "N\\A", "Nonesuch", "ID1E+17"]


@pytest.mark.parametrize("column", ["external_id", "braze_id", "user_alias_name"])
def test_damaged(column: str) -> None:
    label = column == "user_alias_name"
    head = f"{column},user_alias_label\n" if label else f"{column},plan\n"
    values = [*DAMAGED, *UNDAMAGED]
    text = head + "".join(f"{_quoted(value)},x\n" for value in values)
    expected = [("damaged-identifier", row, column) for row in range(2, len(DAMAGED) + 2)]
    assert cells(text, "damaged-identifier") == expected


def test_what_is_damaged_elsewhere_is_not_an_identifier() -> None:
    text = "external_id,user_alias_label,user_alias_name,plan\n" + "A,NULL,,NULL\n"
    assert cells(text, "damaged-identifier") == []
    assert cells("email,plan\nNULL,1042.0\n") == [("unusable-identifier", 2, "email")]


@pytest.mark.parametrize("column", ["external_id", "user_alias_name", "user_alias_label"])
@pytest.mark.parametrize("space", [" ", "\t", "\u00a0", "\u2003", "\u3000"], ids=ascii)
def test_white_space(column: str, space: str) -> None:
    others = [name for name in ("user_alias_name", "user_alias_label") if name != column]
    others = others if "alias" in column else ["plan"]
    head = ",".join([column, *others])
    values = [f"{space}A1", f"A2{space}", f"{space}A3{space}", f"A{space}4"]
    text = head + "\n" + "".join(f"{_quoted(value)},x\n" for value in values)
    assert told(run(text)) == [
        ("identifier-whitespace", row, column, f"A{row - 1}") for row in range(2, 5)
    ]


def test_white_space_that_is_a_control_character_is_called_that() -> None:
    assert told(run("external_id,plan\n\x85A1,x\n")) == [
        ("control-character", 2, "external_id", None)
    ]


@pytest.mark.parametrize("space", ["\x1c", "\x1f", "\u200b", "\ufeff"], ids=ascii)
def test_what_is_no_white_space(space: str) -> None:
    assert cells(f"external_id,plan\n{space}A1,x\n", "identifier-whitespace") == []
    assert cells(f"external_id,plan\n{space},x\n", "missing-identifier") == []


@pytest.mark.parametrize("space", ["", " ", "\t ", "\u00a0", "\u2028"], ids=ascii)
def test_white_space_identifies_nobody(space: str) -> None:
    text = f'plan,phone,external_id\nx,"{space}","{space}"\n'
    assert cells(text) == [("missing-identifier", 2, "phone")]


def test_length_of_an_external_id() -> None:
    values = ["x" * 987, "x" * 988, "é" * 493, "é" * 494, "😀" * 246 + "xyz", "😀" * 247]
    text = "external_id,plan\n" + "".join(f"{value},x\n" for value in values)
    assert cells(text) == [("external-id-too-long", row, "external_id") for row in (3, 5, 7)]
    assert cells(f"braze_id,plan\n{'a' * 988},x\n") == [("unusual-braze-id", 2, "braze_id")]


def test_braze_ids() -> None:
    usual = ["5fbd99bac125ca40511f2cb1", "5FBD99BAC125CA40511F2CB2", "000000000000000000000000"]
    unusual = ["5fbd99bac125ca40511f2cb", "5fbd99bac125ca40511f2cb11", "gfbd99bac125ca40511f2cb1"]
    unusual += ["A1", "9b2f6c1e-6a0d-4a5b-8a54-0d8d3f5f7c21", "５fbd99bac125ca40511f2cb1"]
    text = "braze_id,email\n" + "".join(
        f"{value},x@y.co\n" for value in [*usual, *unusual, "", " "]
    )
    rows = range(len(usual) + 2, len(usual) + len(unusual) + 2)
    assert cells(text, "unusual-braze-id") == [
        ("unusual-braze-id", row, "braze_id") for row in rows
    ]
    spaced = told(run("braze_id,plan\n 5fbd99bac125ca40511f2cb1,\n"))
    assert spaced == [("identifier-whitespace", 2, "braze_id", "5fbd99bac125ca40511f2cb1")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # the file has a stronger identifier, this row's is blank
        ("external_id,email\nA,a@b.co\n,a@b.co\n", [("identifier-fallback", 3, "email")]),
        ("external_id,phone\n,+442071838750\n", [("identifier-fallback", 2, "phone")]),
        ("phone,email,external_id\n+4420,a@b.co, \n", [("identifier-fallback", 2, "email")]),
        (
            "user_alias_name,user_alias_label,phone\n,,+442071838750\n",
            [("identifier-fallback", 2, "phone")],
        ),
        ("braze_id,email\n,a@b.co\n", []),
        ("external_id,braze_id\n,5fbd99bac125ca40511f2cb1\n", []),
        ("email,phone\n,+442071838750\n", []),
        ("external_id,email\nA,\n", []),
        ("external_id,email\n,\nA,\n\n", [("blank-row", 2, None), ("blank-row", 4, None)]),
        # an external ID and an alias
        (
            "external_id,user_alias_name,user_alias_label\nA,b,c\nA2,,\n,d,e\n",
            [("mixed-identifiers", 2, "external_id")],
        ),
        (
            "user_alias_name,external_id,user_alias_label\nb,A,\n",
            [("mixed-identifiers", 2, "external_id"), ("incomplete-alias", 2, "user_alias_label")],
        ),
        ("external_id,user_alias_name,user_alias_label\nA, ,\n", []),
        # half an alias
        (
            "user_alias_name,user_alias_label\na,\n,b\nc,d\n",
            [
                ("incomplete-alias", 2, "user_alias_label"),
                ("incomplete-alias", 3, "user_alias_name"),
            ],
        ),
        ("user_alias_name,user_alias_label\na, \n", [("incomplete-alias", 2, "user_alias_label")]),
        # nothing at all
        ("plan,email,external_id\nx,,\n", [("missing-identifier", 2, "email")]),
        (
            "user_alias_label,user_alias_name,plan\n,,x\n",
            [("missing-identifier", 2, "user_alias_label")],
        ),
        ("external_id,user_alias_label\n,b\n,\n", [("blank-row", 3, None)]),
        # no identifier column: one issue of the header, none of the rows
        ("plan,tier\nx,y\n", []),
    ],
)
def test_rows(text: str, expected: list[tuple[str, int, str | None]]) -> None:
    assert cells(text) == expected


def test_the_strongest_identifier_identifies() -> None:
    """External ID, alias, Braze ID, e-mail, phone: duplicates show which of them it is."""
    names = ["external_id", "user_alias_name", "braze_id", "email", "phone"]
    values = ["A", "n", "5fbd99bac125ca40511f2cb1", "a@b.co", "+442071838750"]
    for first, second in itertools.pairwise(range(len(names))):
        for order in ((first, second), (second, first)):
            head = ",".join(names[at] for at in order) + ",user_alias_label"
            rows = ",".join(values[at] for at in order) + ",l\n"
            found = cells(f"{head}\n{rows}{rows}", "duplicate-identifier")
            assert found == [("duplicate-identifier", 3, names[first])], head


def test_of_equal_headers_the_first_keeps_its_meaning() -> None:
    text = "external_id,external_id\n,A\nB,NULL\n"
    assert cells(text) == [("missing-identifier", 2, "external_id")]


def test_explanations_are_capped_in_the_order_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cap counts distinct values of the whole file; the issues themselves have none."""
    monkeypatch.setattr("csvimport.words.MOST_EXPLAINED", 100)
    names = [f"user{number % 150}" for number in range(100)] + ["user3"] * 5
    names += [f"user{number}" for number in range(100, 200)] + ["user7", "user150"] * 5
    text = "email,plan\n" + "".join(f"{name}@exämple.com,x\n" for name in names)
    ignore = frozenset(["duplicate-identifier"])
    found = issues(text, ignore=ignore)
    assert [each.row for each in found] == list(range(2, len(names) + 2))
    assert {each.rule for each in found} == {"unusable-identifier"}
    explained = {f"user{number}" for number in range(100)}
    assert [each.suggestion for each in found] == [
        f"{name}@xn--exmple-cua.com" if name in explained else None for name in names
    ]
    sizes = {"block_size": 500, "probe": 100, "max_record": 100}
    assert issues(text, ignore=ignore, **sizes) == found
