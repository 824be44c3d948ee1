"""Writes clean files such as real people have: the same bytes at every run.

`python benchmarks/realistic.py FOLDER [ROWS]` writes a file for each of `TABLES`. Nothing in them
is wrong; what a rule takes for wrong all the same, `tests/test_realistic.py` lists.
"""

import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

ROWS = 100_000

Cells = list[str]
"""The cells of a column as they stand in the file, in quotes or not."""

#: Of Faker; with each its country, its language, a time zone and how often it occurs.
LOCALES = [
    ("en_GB", "GB", "en", "Europe/London", 4),
    ("en_US", "US", "en", "Eastern Time (US & Canada)", 4),
    ("en_IN", "IN", "hi", "Asia/Kolkata", 2),
    ("de_DE", "DE", "de", "Europe/Berlin", 3),
    ("fr_FR", "FR", "fr", "Paris", 3),
    ("ja_JP", "JP", "ja", "Asia/Tokyo", 2),
    ("pt_BR", "BR", "pt", "America/Argentina/Buenos_Aires", 3),
    ("es_MX", "MX", "es", "Guadalajara", 2),
    ("fi_FI", "FI", "fi", "Europe/Helsinki", 1),
    ("nl_NL", "NL", "nl", "Amsterdam", 1),
    ("pl_PL", "PL", "pl", "Poland", 1),
    ("tr_TR", "TR", "tr", "Asia/Istanbul", 1),
    ("zh_CN", "CN", "zh", "PRC", 1),
    ("ar_AA", "EG", "ar", "Cairo", 1),
    ("el_GR", "GR", "el", "Europe/Athens", 1),
    ("cs_CZ", "CZ", "cs", "Prague", 1),
    ("sv_SE", "SE", "sv", "CET", 1),
    ("ko_KR", "KR", "ko", "ROK", 1),
    ("uk_UA", "UA", "uk", "Europe/Kiev", 1),
    ("he_IL", "IL", "he", "Jerusalem", 1),
]
PEOPLE = 40  # made by Faker, times how often their locale occurs

FIRST_NAMES = [
    *("Nan", "Nil", "Null", "True", "Na", "J.", "Zoë", "Jean-Luc", "María José", "D'Angelo"),
    *("X Æ A-12", "Þór", "Jose\u0301", "ʻAulani", "Ângela", "Ânia", "Éric", "李", "محمد", "สมชาย"),
    *("'Abd al-Rahman", "ANDRÉ", "ÂNGELA", "François-Xavier", "Nguyên", "-", "E", "7"),
]
LAST_NAMES = [
    *("None", "Null", "nil", "Nan", "O'Brien", "O’Brien", "Nuñez-Smith", "李", "van der Berg"),
    *("X Æ A-12", "'t Hooft", "Ó Súilleabháin", "St. John", "de la Cruz y Gómez", "N'Diaye", "Å"),
    *("MacDonald III", "Łukasiewicz", "Nguyễn", "CONCEIÇÃO", "GARÇÃO", "True", "Smith, Jr.", "Yes"),
    *('Anna "Nan" Ito', "Müller-Lüdenscheidt", "Ñ", "Σ", "N/A"),
]
CITIES = [
    *("São Paulo", "SÃO PAULO", "Saint-Étienne", "'s-Hertogenbosch", "Âncora", "Łódź", "Å", "Y"),
    *(
        "Ålesund",
        "MACEIÓ",
        "GUARUJÁ",
        "Washington, D.C.",
        "100 Mile House",
        "1770",
        "北京",
        "القاهرة",
    ),
    *("Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogoch", "Winston–Salem", "Westward Ho!"),
    *(
        "Âu Lạc",
        "Dallas/Fort Worth",
        "L'Haÿ-les-Roses",
        "St. John's",
        "Nan",
        "Batman",
        "Zürich (ZH)",
    ),
]
#: A town in Piedmont, and what some people are called.
CITIES_LIKE_NULL = ["None"]

#: With `{}` for a number that makes them different from each other.
EMAILS = [
    *("o'brien{}@example.com", "first.last{}@mail.example.co.uk", "user+tag{}@gmail.com"),
    *(
        "x{}@q.io",
        "{}@163.com",
        "UPPER.Case{}@Example.COM",
        "_x{}_@example.org",
        "a..b{}@docomo.ne.jp",
    ),
    *(
        "j{}@xn--mnchen-3ya.de",
        "info{}@xn--80ak6aa92e.xn--p1ai",
        "zoë{}@example.fr",
        "li-{}@a-b.photography",
    ),
    *(
        "jack&jill{}@example.net",
        "half-{}@1and1.example",
        "a_b.c-d{}@outlook.com",
        "x+y!z{}@hotmail.fr",
    ),
    *(
        "李{}@example.cn",
        "{}#sales@example.com",
        "a/b={}@example.com",
        "x{}@sub.sub.sub.example.museum",
    ),
]
COMPANIES = [
    *(
        "3M",
        "7-Eleven",
        "Null & Sons",
        "!mportant",
        "+Plus GmbH",
        "@home",
        "N/A Records",
        "1-800-Flowers",
    ),
    *(
        "Nil by Mouth",
        "O'Reilly & Co., Inc.",
        'The "Best" Bakery',
        "= Gleich =",
        "-bald-",
        "$treet",
    ),
    *(
        "20th Century",
        "99 Cents Only",
        "1&1",
        "True Value",
        "NaNa",
        "None So Fine",
        "[solidcore]!",
        "{fab} Ltd",
    ),
    *(
        "Société Générale",
        "Nestlé®",
        "Citroën™",
        "Ânima S/A",
        "L'Oréal",
        "株式会社",
        "Yahoo!",
        "#1 Cuts",
    ),
    *(
        "100% Pure",
        "1.2.3 Spedition",
        "24/7",
        "A/S",
        "Infinity",
        "Café “Zoë”",
        "4 July Inc.",
        "May & Co",
    ),
]
NOTES = [
    "doesn't want calls, only e-mail",
    'said "ring me back", then hung up',
    '"Call me Al"',
    "first line\nsecond line, with a comma\n\nlast line",
    "wants 3 things:\n- bread\n- milk, 2 l\n- eggs",
    "ok 👍🏽",
    "👩‍👩‍👧‍👦 family plan 🇩🇪",
    "- called twice",
    "= same as last year",
    "@Sam please ring",
    "+1 from Ana",
    "[VIP] asks for a call",
    "'Allo 'allo",
    "N/A for now",
    "#1 fan",
    "50% off was asked for",
    "1,234 items wanted",
    "£5 voucher sent",
    "5 May 2024: paid",
    "see C:\\temp\\N",
    "½ price; x² ≥ 3",
    "a\ttab",
    "naïve café — “quoted” … ‘single’ «guillemets»",
    "« Voilà », dit-il",
    "null and void",
    "true",
    "7",
    "2024-05-01",
    "—",
    "?",
]
COUNTRIES = ["AX", "BQ", "CW", "SS", "SX", "GB", "TW", "EH", "NA"]
LANGUAGES = ["nb", "nn", "fil", "gsw", "haw", "he", "id", "cy", "zh", "mo", "sr", "or"]
ZONES = [
    *("UTC", "Etc/GMT+5", "EST5EDT", "GB", "Nuku'alofa", "St. Petersburg", "Cape Verde Is."),
    *("International Date Line West", "Mid-Atlantic", "America/Port-au-Prince", "Asia/Calcutta"),
    *(
        "America/Indiana/Tell_City",
        "Etc/Zulu",
        "Kyiv",
        "US/Pacific",
        "Antarctica/DumontDUrville",
    ),
]
BIRTHDAYS = ["2000-02-29", "1904-02-29", "1996-02-29", "1970-01-01", "1900-01-01", "2012-12-31"]
GROUPS = ["5b4cb4e7-5b2f-4a1e-8e64-6f2b2f0a0001", "5B4CB4E7-5B2F-4A1E-8E64-6F2B2F0A0002"]

# --- Custom columns ------------------------------------------------------------------------------

#: Columns of few values, each as often as the others.
WORDS = {
    "blood_type": ["A+", "A-", "B+", "B-", "AB+", "AB-", "0+", "0-"],
    "grade": ["A+", "A", "A-", "B+", "B", "F", "E"],
    "age_group": ["18-24", "25-34", "35-44", "65+", "<18", "10-12", "55–64"],
    "season": ["2023/24", "2024/25", "summer 2024", "FY24"],
    "iso_week": ["2024-W05", "2023-W52", "2024-W53"],
    "month": ["2024-05", "2023-12", "2024-01"],
    "quarter": ["2024-Q1", "2024-Q2", "Q3 2024"],
    "currency_code": ["EUR", "GBP", "USD", "JPY", "BRL", "ALL", "TRY"],
    "locale": ["en-US", "pt_BR", "zh-Hans-CN", "no"],
    "opening_time": ["14:30", "09:00", "00:00", "23:59", "7:05"],
    "duration": ["01:30:00", "PT1H30M", "90 min", "1h30"],
    "discount_told": ["5 percent", "10 percent", "12.5 percent", "no percent"],
    "stars": ["1", "2", "3", "4", "5", "4.5", "0"],
    "score_told": ["4/5", "10/10", "3 of 5", "0:0"],
    "file_size": ["1.2 MB", "640 kB", "3 GiB", "0 B"],
    "math": ["+", "-", "=", "×", "±5", "≥ 18", "√2", "x²", "a = b", "<10", "5 < 6", "~7", "∞"],
    "price_range": ["$", "$$", "$$$", "€€"],
    "newsletter": ["Yes", "No"],
    "marketing_ok": ["Y", "N"],
    "is_member": ["true", "false"],
    "is_vip": ["TRUE", "FALSE"],
    "has_app": ["True", "False"],
    "consent": ["0", "1"],
    "answer": [
        "-",
        "–",
        "n.a.",
        "tbc",
        "unknown",
        "none",
        "null?",
        "not applicable",
        "Null",
        "NONE",
    ],
    "mood": ["😀", "🙃", "❤️", "👩🏽‍💻", ":-)", "=)", "(╯°□°)╯"],
    "handle": ["@home", "@o_brien", "@a.b", "@1"],
    "hashtag": ["#sale", "#1", "#REFUND", "#NAME", "#N"],
    "formula": ["H2O", "CO2", "C6H12O6", "1,3-Butadiene", "Fe3+", "SO4 2-"],
    "mime": ["text/csv", "image/svg+xml", "application/vnd.ms-excel"],
    "template": ["Hi {name}!", "[1] first, [2] second.", "{a} and b", "see [x"],
    "path": ["C:\\new\\N", "/usr/bin", "\\\\server\\share", "~/x", "..\\x"],
    "clothes": ["XS", "S/M", "34B", "10 (UK)", "W32 L34", "38/40", "5'11\"", "6'2"],
    "roman": ["I", "II", "IV", "XII", "MMXXIV"],
    "chapter": ["1.2.3", "1.10.2", "2.3.4", "3.1.1", "12.0.1"],
    "delta": ["-5", "0", "3", "-1.25", "1000000", "123456789012345678901234567890", "0.0", "-0"],
    "wrapped_id": ["'00123'", "'1.50'", "'2024-05-01 10:00'", "'1E+5'", "'12,5'", "'x'"],
    "phone_id": [
        "555-0134",
        "(020) 7183",
        "0800-FLOWERS",
        "ext. 12",
        "+44 20 7183 8750",
        "01 42 68 53 00",
    ],
    "utm": ["spring_sale", "a|b", "50%25off", "x;y", "q=1&r=2"],
    "title": ["Mr", "Ms", "Mx", "Dr.", "Frau Prof. Dr.", "Señora"],
    "tax_number": ["123-45-6789", "123.456.789-09", "12.345.678/0001-95", "DE123456789"],
    "health_number": ["943 476 5919", "485 777 3456"],
    "postal_region": ["123 45", "12-34", "D-01304", "SW1A"],
    "dewey": ["823.912 ORW", "005.133 KNU", "510 BRO", "940.53/18"],
    "aspect": ["16:9", "4:3", "1.85:1"],
    "formation": ["4-4-2", "4-3-3", "3-5-2", "4-2-3-1"],
    "odds": ["5/1", "11/4", "evens", "1/2"],
}
#: Columns with values that people mean, and that a rule takes for what it warns of.
SUSPECTS = {
    "app_version": [
        f"{a}.{b}.{c}" for a in (1, 2, 3, 10) for b in (0, 4, 12, 30) for c in (0, 7, 11, 24)
    ],
    "os_version": ["14.2", "17.0.1", "13", "12.6.8", "10.0.19045", "2024.1.5", "2023.12.1", "6.5"],
    "sort_code": ["20-10-53", "12-11-56", "40-47-84", "60-83-71", "30-12-90", "09-01-28"],
    "house_number": [*("1", "2", "7", "10", "24", "113", "12a", "12-14", "3/4", "5 bis")],
    "category_ids": ["12,15", "3,17", "3,17,22", "8", "4,6,9,12", "21"],
    "company_number": ["732 829 320", "552 100 554", "383 474 814"],
    "birth_month": [f"{month:02}" for month in range(1, 13)],
    "utc_offset": ["+0", "+1", "+2", "+5:30", "-3", "-8"],
    "diet": ["None", "vegan", "vegetarian", "halal"],
    "sku": ["100234", "A-0130", "12-B", "553201", "77120", "X9"],
}
#: The same, but rare among many others.
RARE = {
    "brand": ["NESTLÉ®", "JOSÉ’S BAR", "POKÉ™"],
    "comment": ["[redacted]", "{{comment}}", "+1", "10,5", "100%", "5 €", "None", "1.2.24", "0130"],
    "reference": ["'-12'", "'@home'"],
}


@dataclass(frozen=True)
class Person:
    """Somebody in a place, as Faker makes them."""

    first_name: str
    last_name: str
    city: str
    street: str
    postcode: str
    company: str
    job: str
    note: str
    country: str
    language: str
    zone: str


@dataclass(frozen=True)
class Table:
    """A file: its columns by their headers, all of one length."""

    columns: dict[str, Cells]
    line_end: str = "\n"
    bom: bool = False

    def encoded(self) -> bytes:
        """The file's bytes."""
        header = ",".join(map(field, self.columns))
        rows = map(",".join, zip(*self.columns.values(), strict=True))
        text = self.line_end.join([header, *rows, ""])
        return text.encode("utf-8-sig" if self.bom else "utf-8")


def field(value: str) -> str:
    """`value` as a cell, in quotes where it needs them."""
    return quoted(value) if any(char in value for char in ',"\r\n') else value


def quoted(value: str) -> str:
    """`value` as a cell in quotes."""
    return '"' + value.replace('"', '""') + '"'


def value(cell: str) -> str:
    """What a cell as it stands in a file holds."""
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def _faker(locale: str) -> Any:
    from faker import Faker

    faker = Faker(locale)
    faker.seed_instance(locale)
    return faker


@cache
def people() -> tuple[Person, ...]:
    """People of all locales."""
    return tuple(
        Person(
            faker.first_name(),
            faker.last_name(),
            faker.city(),
            faker.street_address(),
            faker.postcode(),
            faker.company(),
            faker.job(),
            faker.text(200),
            country,
            language,
            zone,
        )
        for locale, country, language, zone, often in LOCALES
        for faker in [_faker(locale)]
        for _ in range(PEOPLE * often)
    )


@cache
def phones() -> list[str]:
    """The example numbers of all regions, landlines and mobiles, as E.164."""
    import phonenumbers

    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    examples = (
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in kinds
    )
    form = phonenumbers.PhoneNumberFormat.E164
    return sorted({phonenumbers.format_number(each, form) for each in examples if each})


@cache
def pools() -> dict[str, list[str]]:
    """Values of custom columns that have many."""
    random, faker = Random("pools"), _faker("en_US")
    number = random.randint
    days = [date(2015, 1, 1) + timedelta(n) for n in range(3_900)]

    def many(make: Callable[[], object], count: int = 800) -> list[str]:
        return [str(make()) for _ in range(count)]

    return {
        "note": NOTES * 8 + [person.note for person in people()],
        "employer": COMPANIES * 8 + [person.company for person in people()],
        "job": [person.job for person in people()],
        "street": [person.street for person in people()],
        "product_code": many(
            lambda: random.choice(
                ["A-{:04}", "{}-B", "SKU{:05}", "0{}-X", "{}E5", "E{}", "{:03}/A"]
            ).format(number(1, 999))
        ),
        "device_id": many(faker.uuid4),
        "website": many(faker.uri),
        "landing_page": many(
            lambda: f"https://example.com/?utm_source=a&q={number(1, 99)},{number(1, 9)}#x"
        ),
        "slug": many(faker.slug),
        "price": many(lambda: f"{number(0, 999)}.{number(0, 99):02}"),
        "balance": many(lambda: f"{random.gauss(0, 500):.2f}"),
        "visits": many(lambda: number(0, 5_000)),
        "birth_year": many(lambda: number(1930, 2012)),
        "order_number": many(lambda: number(10**9, 10**12)),
        "renewal_date": [day.isoformat() for day in days[::3]],
        "last_order_at": [session(random, day) for day in days[::5]],
        "ip_address": many(faker.ipv4)
        + ["10.0.0.1", "192.168.100.200", "100.200.100.200", "1.1.1.1"] * 9,
        "ipv6_address": [*many(faker.ipv6), "::1", "fe80::1"],
        "mac_address": many(faker.mac_address),
        "hex_colour": many(faker.hex_color),
        "sha1": many(faker.sha1),
        "token": many(lambda: faker.password(16, special_chars=False) + "=="),
        "iban": many(faker.iban),
        "user_agent": [text for text in many(faker.user_agent, 300) if len(text) < 250],
        "latitude": many(lambda: f"{random.uniform(-90, 90):.6f}"),
        "longitude": many(lambda: f"{random.uniform(-180, 180):.6f}"),
        "coordinates": many(
            lambda: f"{random.uniform(10, 90):.2f},{random.uniform(-180, 180):.2f}"
        ),
        "file_name": many(faker.file_name),
        "credit_card_tail": many(lambda: f"**** {number(0, 9999):04}"),
        "tags": many(lambda: ",".join(faker.words(3))),
        "barcode": many(lambda: f"9{number(0, 10**12 - 1):012}"),
    }


def session(random: Random, day: date) -> str:
    """A time on `day`, in one of the ISO forms."""
    moment = datetime(day.year, day.month, day.day, random.randrange(24), random.randrange(60), 7)
    zone = timezone(timedelta(minutes=random.choice([-720, -210, 0, 330, 345, 840])))
    return random.choice(
        [
            day.isoformat(),
            moment.isoformat(),
            moment.isoformat() + "Z",
            moment.isoformat() + f".{random.randrange(1000):03}Z",
            moment.isoformat() + f".{random.randrange(10**9):09}+02:00",
            moment.replace(tzinfo=zone).isoformat(),
            moment.isoformat() + "-00:00",
        ]
    )


@dataclass(frozen=True)
class Maker:
    """Makes the columns of the table `name`. Each is drawn by itself: others don't change it."""

    name: str
    rows: int

    def random(self, column: str) -> Random:
        """What is random in `column`."""
        return Random(f"{self.name}.{column}")

    def drawn(self, column: str, pool: Sequence[str], *, rows: int | None = None) -> list[str]:
        """Values of `pool` in any order, each as often as the others."""
        rows = self.rows if rows is None else rows
        values = list(pool) * (rows // len(pool))
        values += self.random(column).sample(pool, rows - len(values))
        self.random(column).shuffle(values)
        return values

    def plain(self, column: str, pool: Sequence[str]) -> Cells:
        """Those as cells."""
        return list(map(field, self.drawn(column, pool)))

    def some(self, column: str, pool: Sequence[str], share: float) -> Cells:
        """Those in a share of the rows; the others are blank."""
        filled = round(self.rows * share)
        values = [*self.drawn(column, pool, rows=filled), *[""] * (self.rows - filled)]
        self.random(column + ".places").shuffle(values)
        return list(map(field, values))

    def mixed(self, column: str, usual: Sequence[str], rare: Sequence[str], share: float) -> Cells:
        """Usual values, and rare ones in a share of the rows."""
        seldom = self.drawn(column + ".rare", rare, rows=round(self.rows * share))
        values = seldom + self.drawn(column, usual, rows=self.rows - len(seldom))
        self.random(column + ".places").shuffle(values)
        return list(map(field, values))

    def late(self, column: str, pool: Sequence[str]) -> Cells:
        """Those behind row 20,000, or in the last third of the rows."""
        first = min(20_000, self.rows * 2 // 3)
        return [""] * first + [field(each) for each in self.drawn(column, pool)[first:]]

    def people(self) -> list[Person]:
        """Somebody for each row."""
        return self.random("people").choices(people(), k=self.rows)

    def emails(self) -> Cells:
        """Addresses that differ, some of unusual form."""
        random = self.random("email")
        hosts = ["gmail.com", "hotmail.com", "web.de", "example.com", "yahoo.co.jp", "uol.com.br"]
        cells = []
        for row, person in enumerate(self.people()):
            if row % 10 == 0:
                cells.append(EMAILS[row // 10 % len(EMAILS)].format(row))
                continue
            names = (_ascii(name) for name in (person.first_name, person.last_name))
            local = random.choice("._-").join(name for name in names if name) or "x"
            cells.append(f"{local}{row}@{random.choice(hosts)}")
        return cells

    def names(self) -> dict[str, Cells]:
        """Names and places of people, some of them unusual."""
        crowd = self.people()
        columns = {
            "first_name": ([each.first_name for each in crowd], FIRST_NAMES),
            "last_name": ([each.last_name for each in crowd], LAST_NAMES),
            "home_city": ([each.city for each in crowd], CITIES),
            "country": ([each.country for each in crowd], COUNTRIES),
            "language": ([each.language for each in crowd], LANGUAGES),
            "time_zone": ([each.zone for each in crowd], ZONES),
        }
        cells = {}
        for offset, (column, (values, unusual)) in enumerate(columns.items()):
            for index, row in enumerate(range(offset, self.rows, 25)):
                values[row] = unusual[index % len(unusual)]
            cells[column] = list(map(field, values))
        return cells

    def defaults(self) -> dict[str, Cells]:
        """Default attributes of every kind but e-mail and phone."""
        random = self.random("dates")
        days = [date(1930, 1, 1) + timedelta(random.randrange(30_000)) for _ in range(2_000)]
        sessions = [session(random, date(2020, 1, 1) + timedelta(n)) for n in range(1_900)]
        states = ["opted_in", "subscribed", "unsubscribed", ""]
        cells = self.names() | {
            "dob": self.plain("dob", [*BIRTHDAYS * 10, *(day.isoformat() for day in days), ""]),
            "gender": self.plain("gender", ["M", "F", "O", "N", "P", "nil", ""]),
            "email_subscribe": self.plain("email_subscribe", states),
            "push_subscribe": self.plain("push_subscribe", states),
            "email_open_tracking_disabled": self.plain("open", ["true", "FALSE", "True", ""]),
            "email_click_tracking_disabled": self.plain("click", ["true", "false", ""]),
            "date_of_first_session": self.plain("first", ["2020-02-29", *sessions]),
            "date_of_last_session": self.plain("last", ["", *sessions]),
        }
        groups = self.drawn("group", [*GROUPS, ""])
        group_states = self.drawn("state", ["subscribed", "unsubscribed"])
        cells["subscription_group_id"] = groups
        cells["subscription_state"] = [
            state if group else "" for group, state in zip(groups, group_states, strict=True)
        ]
        return cells

    def custom(self) -> dict[str, Cells]:
        """Custom attributes of all kinds."""
        cells = {name: self.plain(name, pool) for name, pool in (pools() | WORDS).items()}
        postcodes = [each.postcode for each in self.people()]
        return cells | {
            "postcode": [quoted(each) for each in postcodes],
            "plz": [quoted(each) for each in self.drawn("plz", ["01304", "10115", "00000"])],
            "sparse_text": self.some("sparse_text", COMPANIES, 0.01),
            "sparse_number": self.some("sparse_number", pools()["price"], 0.01),
            "sparse_date": self.some("sparse_date", pools()["renewal_date"], 0.01),
            "never": [""] * self.rows,
            "never_quoted": ['""'] * self.rows,
            "late_number": self.late("late_number", pools()["price"]),
            "late_text": self.late("late_text", COMPANIES),
            "late_date": self.late("late_date", pools()["last_order_at"]),
        }

    def suspects(self) -> dict[str, Cells]:
        """Custom attributes with values that look wrong."""
        usual = [each.company for each in people()]
        return {
            **{name: self.plain(name, pool) for name, pool in SUSPECTS.items()},
            **{name: self.mixed(name, usual, pool, 0.01) for name, pool in RARE.items()},
        }


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(char for char in plain if char.isascii() and char.isalnum())


def by_external_id(rows: int) -> Table:
    """Users with an external ID, all default attributes, some custom ones."""
    maker = Maker("by_external_id", rows)
    ids = [
        ["user-{}", "{:08}", "{}", "U{}:x", "'{:06}'", "a.b+{}@example.com", "{:032x}"][
            n % 7
        ].format(n + 1_000)
        for n in range(rows)
    ]
    custom = {name: maker.plain(name, pools()[name]) for name in ("note", "price", "device_id")}
    return Table(
        {
            "external_id": ids,
            "email": maker.emails(),
            "phone": maker.plain("phone", [*phones(), ""]),
            **maker.defaults(),
            **custom,
            "is_member": maker.plain("is_member", WORDS["is_member"]),
        }
    )


def by_alias(rows: int) -> Table:
    """Users with an alias and nothing unusual else: few columns, Windows line ends."""
    maker = Maker("by_alias", rows)
    return Table(
        {
            "user_alias_name": [f"amplitude-{n}@x" if n % 3 else f"李 {n}" for n in range(rows)],
            "user_alias_label": maker.plain("label", ["amplitude_id", "loyalty no.", "App ID"]),
            "first_name": maker.names()["first_name"],
            "language": maker.plain("language", ["en", "de", *LANGUAGES, ""]),
            "employer": maker.plain("employer", pools()["employer"]),
            "renewal_date": maker.plain("renewal_date", pools()["renewal_date"]),
        },
        line_end="\r\n",
    )


def by_email(rows: int) -> Table:
    """Users with an e-mail address alone, as from a newsletter's form."""
    maker = Maker("by_email", rows)
    signed_up = (datetime(2019, 1, 1) + timedelta(minutes=n) for n in range(rows))
    return Table(
        {
            "email": maker.emails(),
            **maker.names(),
            "phone": maker.some("phone", phones(), 0.3),
            "signed_up": [f"{moment.isoformat()}Z" for moment in signed_up],
            "note": maker.some("note", pools()["note"], 0.2),
            "utm": maker.plain("utm", WORDS["utm"]),
        }
    )


def crm(rows: int) -> Table:
    """A wide export from a customer database, with a mark and line ends as from Windows."""
    maker = Maker("crm", rows)
    return Table(
        {
            "external_id": [f"{n:015x}" for n in range(rows)],
            "email": maker.emails(),
            "phone": maker.plain("phone", phones()),
            **maker.defaults(),
            **maker.custom(),
        },
        line_end="\r\n",
        bom=True,
    )


def crm_quoted(rows: int) -> Table:
    """The same with every cell in quotes, by which all custom values are text."""
    table = crm(rows)
    cells = {
        name: [quoted(value(each)) for each in column] for name, column in table.columns.items()
    }
    return Table(cells)


def suspects(rows: int) -> Table:
    """Values that people mean and rules suspect."""
    maker = Maker("suspects", rows)
    names = maker.names()
    names["home_city"] = maker.mixed("home_city", CITIES, CITIES_LIKE_NULL, 0.01)
    return Table({"phone": _numbers(rows), **names, **maker.suspects()})


def _numbers(rows: int) -> Cells:
    """British mobile numbers that differ."""
    return [f"+447{400_000_000 + n}" for n in range(rows)]


def events(rows: int) -> Table:
    """Events of several names, of which each fills its own properties."""
    maker = Maker("events", rows)
    pool, random = pools(), maker.random("time")
    properties = {
        "app_opened": {"version": ["1.2.3", "2.0.0", "3.1"], "cold": ["true", "false"]},
        "ecommerce.order_placed": {
            "total_value": pool["price"],
            "currency": WORDS["currency_code"],
            "products": pool["tags"],
            "coupon": ["", "SPRING-24", "10OFF", "x" * 300],
            "due": pool["renewal_date"],
        },
        "searched": {"query": [*NOTES, " leading", "trailing ", "Ã©", "=1+1", "-", "“x”"]},
        "Video watched": {
            "seconds": pool["visits"],
            "time zone": ZONES,
            "rated at": pool["last_order_at"],
        },
    }
    names = maker.drawn("name", [*properties, "logged out", "déconnexion", "!", "null"])
    start = datetime(2023, 1, 1)
    moments = [
        start + timedelta(minutes=n, milliseconds=random.randrange(1000)) for n in range(rows)
    ]
    forms = ["{}.{:03}Z", "{}.{:03}+05:30", "{}.{:03}"]
    columns = {
        "external_id": [f"user-{n % (rows // 5 + 1)}" for n in range(rows)],
        "name": names,
        "time": [
            forms[n % 3].format(
                moment.replace(microsecond=0).isoformat(), moment.microsecond // 1000
            )
            for n, moment in enumerate(moments)
        ],
    }
    for event, each in properties.items():
        for name, values in each.items():
            header = f"{event}.properties.{name}"
            cells = maker.plain(header, values)
            columns[header] = [
                cell if here == event else "" for cell, here in zip(cells, names, strict=True)
            ]
    return Table(columns)


TABLES: dict[str, Callable[[int], Table]] = {
    "by_external_id": by_external_id,
    "by_alias": by_alias,
    "by_email": by_email,
    "crm": crm,
    "crm_quoted": crm_quoted,
    "suspects": suspects,
    "events": events,
}


def main() -> None:
    folder = Path(sys.argv[1])
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in TABLES.items():
        (folder / f"{name}.csv").write_bytes(make(rows).encoded())


if __name__ == "__main__":
    main()
