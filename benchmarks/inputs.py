"""Writes the inputs of the benchmarks: the same bytes on every machine, made by polars.

`python benchmarks/inputs.py FOLDER MEGABYTES [INPUT...]` writes a file for each of `INPUTS`, or for
those named. With `-` as FOLDER they go to standard output.
"""

import sys
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path
from typing import BinaryIO

import polars as pl

#: At a time: what a file has more than it was asked for is less than they take.
ROWS = 1_000
FIRST = ["Ana", "Zoë", "José", "Mary Jane", "Björn", "Li", "O'Brien", "Priya", "Tom", "Émilie"]
LAST = ["Smith", "Nguyen", "García", "Müller", "Okafor", "Rossi", "Ivanova", "Kim", "Silva"]
CITIES = ["London", "Paris", "São Paulo", "New York", "Zürich", "Tokyo", "Lagos", "Bengaluru"]
#: Stands for a byte that is not UTF-8, which no string of polars can hold.
BROKEN = "\ue000"

_EMPTY = pl.lit("")
#: One fault a row, by turns: the rule that names it, and what stands in the place of which cells;
#: `line` is the whole row.
FAULTS: dict[str, dict[str, pl.Expr]] = {
    "too-few-cells": {"line": pl.col("line").str.replace(",", "", literal=True)},
    "too-many-cells": {"line": pl.col("line") + ",x"},
    "blank-row": {"line": _EMPTY},
    "stray-quote": {"plan": pl.lit('pre"mium')},
    "text-after-quote": {"plan": pl.lit('"pre" mium')},
    "unclosed-quote": {"note": pl.col("note").str.head(-1)},
    "invalid-utf8": {"first_name": pl.lit(f"Jos{BROKEN}")},
    "missing-identifier": dict.fromkeys(["external_id", "email", "phone"], _EMPTY),
    "identifier-fallback": {"external_id": _EMPTY},
    "unusable-identifier": {
        "external_id": _EMPTY,
        "email": pl.col("email").str.replace("@", "", literal=True),
        "phone": _EMPTY,
    },
    "identifier-whitespace": {"external_id": " " + pl.col("external_id")},
    "damaged-identifier": {"external_id": pl.format("1.{}E+17", pl.col("n") + 100_000)},
    "duplicate-identifier": {"external_id": pl.col("external_id").shift(1)},
    "external-id-too-long": {"external_id": pl.col("external_id") + "x" * 987},
    "invalid-email": {"email": pl.col("email").str.replace("@", " at ", literal=True)},
    "invalid-phone": {"phone": pl.col("phone").str.replace("+", "00", literal=True)},
    "implausible-phone": {"phone": pl.col("phone").str.head(-2)},
    "phone-without-country-code": {"phone": pl.lit("2025550123")},
    "invalid-country": {"country": pl.lit("UK")},
    "invalid-language": {"language": pl.lit("english")},
    "invalid-date-of-birth": {"dob": pl.lit("21/12/1980")},
    "implausible-date": {"dob": pl.lit("2980-12-21")},
    "invalid-gender": {"gender": pl.lit("female")},
    "invalid-session-date": {"date_of_first_session": pl.lit("yesterday")},
    "invalid-subscription-state": {"email_subscribe": pl.lit("yes")},
    "invalid-time-zone": {"time_zone": pl.lit("London time")},
    "surrounding-whitespace": {"home_city": pl.col("home_city") + " "},
    "control-character": {"last_name": pl.col("last_name") + "\x07"},
    "replacement-character": {"last_name": pl.lit("M�ller")},
    "mojibake": {"last_name": pl.lit("MÃ¼ller")},
    "value-too-long": {"first_name": pl.lit("x" * 256)},
    "null-literal": {"plan": pl.lit("NULL")},
    "spreadsheet-error": {"plan": pl.lit("#REF!")},
    "array-value": {"plan": pl.lit("[premium]")},
    "mixed-types": {"score": pl.lit("good")},
    "formatted-number": {"score": pl.lit("1 234.50")},
    "damaged-number": {"visits": pl.lit("1.23E+12")},
    "leading-zero-number": {"visits": pl.lit("0130")},
}
#: One row in so many has a fault, the one at this place.
EVERY, AT = 100, 50


def _pick(values: list[str], seed: int) -> pl.Expr:
    index = (pl.col("n") * seed) % len(values)
    return pl.lit(pl.Series(values)).gather(index)


def attributes(start: int, rows: int) -> pl.DataFrame:
    """Users of 20 columns, from number `start`; `note` has a comma in it."""
    n = pl.col("n")
    first, last = _pick(FIRST, 7), _pick(LAST, 11)
    return _numbered(start, rows).select(
        external_id=pl.format("user-{}", (n * 2654435761 % 2**40)) + pl.format("-{}", n),
        first_name=first,
        last_name=last,
        email=pl.format("person.{}@mail{}.example.com", n, n % 50),
        country=_pick(["GB", "US", "FR", "DE", "BR", "JP", "NG", "IN"], 3),
        dob=pl.date(1950 + n % 55, 1 + n % 12, 1 + n % 28).dt.to_string("%Y-%m-%d"),
        gender=_pick(["M", "F", "O", "N", "P", ""], 5),
        home_city=_pick(CITIES, 13),
        language=_pick(["en", "fr", "de", "pt", "ja"], 17),
        phone=pl.format("+4420718{}", (n % 100_000).cast(pl.String).str.zfill(5)),
        email_subscribe=_pick(["opted_in", "subscribed", "unsubscribed"], 19),
        push_subscribe=_pick(["opted_in", "subscribed", "unsubscribed"], 23),
        time_zone=_pick(["Europe/London", "America/New_York", "Asia/Tokyo"], 29),
        date_of_first_session=pl.format("2024-0{}-1{}T0{}:30:00Z", 1 + n % 9, n % 10, n % 9),
        date_of_last_session=pl.format("2025-0{}-1{}", 1 + n % 9, n % 10),
        plan=_pick(["premium", "basic"], 31),
        score=pl.format("{}.{}", n % 1000, n % 7),
        visits=pl.format("{}", n % 300),
        vip=_pick(["true", "false"], 37),
        note=pl.format("asked about order {}, then left", n % 99_991),
    )


def events(start: int, rows: int) -> pl.DataFrame:
    """Events with a property of each type, from number `start`."""
    n = pl.col("n")
    frame = _numbered(start, rows).select(
        external_id=pl.format("user-{}", n),
        name=pl.lit("rented_movie"),
        time=pl.format("2024-0{}-1{}T12:00:00.000Z", 1 + n % 9, n % 10),
        title=pl.format("film {}", n % 5000),
        price=pl.format("{}.99", n % 50),
    )
    return frame.rename({name: f"rented_movie.properties.{name}" for name in ("title", "price")})


def _numbered(start: int, rows: int) -> pl.DataFrame:
    return pl.select(n=pl.int_range(start, start + rows))


# --- The inputs: their bytes without end, a few rows at a time -----------------------------------

Make = Callable[[int, int], pl.DataFrame]
Text = Callable[[pl.DataFrame], str]


def _csv(frame: pl.DataFrame) -> str:
    return frame.write_csv(include_header=False)


def _of(make: Make, text: Text = _csv, encoding: str = "utf-8") -> Callable[[], Iterator[bytes]]:
    """An input of the rows that `make` makes, written by `text`."""

    def chunks() -> Iterator[bytes]:
        yield (",".join(make(0, 1).columns) + "\n").encode(encoding)
        body = encoding.replace("utf-16", "utf-16-le")  # the mark stands at the start alone
        for start in count(0, ROWS):
            yield text(make(start, ROWS)).encode(body)

    return chunks


def _plain(frame: pl.DataFrame) -> str:
    """Rows without a quotation mark."""
    plain = frame.with_columns(pl.col("note").str.replace(",", "", literal=True))
    return plain.write_csv(include_header=False, quote_style="never")


def _faulty(start: int, rows: int) -> pl.DataFrame:
    """Attributes in which one row in a hundred has a fault, as lines."""
    place = pl.col("n") % EVERY == AT
    turn = pl.when(place).then(pl.col("n") // EVERY % len(FAULTS))

    def with_faults(column: str) -> pl.Expr:
        cell = pl.col(column)
        for number, instead in enumerate(FAULTS.values()):
            if column in instead:
                cell = pl.when(turn == number).then(instead[column]).otherwise(cell)
        return cell.alias(column)

    frame = attributes(start, rows).with_columns(note=pl.format('"{}"', "note"))
    cells = frame.columns
    return (
        frame.hstack(_numbered(start, rows))
        .with_columns(with_faults(column) for column in cells)
        .with_columns(line=pl.concat_str(cells, separator=","))
        .select(with_faults("line"))
    )


def faulty() -> Iterator[bytes]:
    """Attributes in which one row in a hundred has a fault."""
    yield next(INPUTS["clean"]())
    for start in count(0, ROWS):
        text = "\n".join(_faulty(start, ROWS)["line"]) + "\n"
        yield text.encode().replace(BROKEN.encode(), b"\xff")


def _wrong_phones(frame: pl.DataFrame) -> str:
    """Every phone wrong in the same way, and no two of them the same."""
    number = pl.col("email").str.extract("([0-9]+)").str.zfill(8)
    return _csv(frame.with_columns(phone=pl.format("(020) {}", number)))


def _two_lines(frame: pl.DataFrame) -> str:
    return _csv(frame.with_columns(pl.col("note").str.replace(", ", ",\n", literal=True)))


def _quoted(frame: pl.DataFrame) -> str:
    return frame.write_csv(include_header=False, quote_style="always")


def _alternating(frame: pl.DataFrame) -> str:
    """Every second line with a CR before its LF."""
    lines = _csv(frame).split("\n")
    lines[0:-1:2] = [line + "\r" for line in lines[0:-1:2]]
    return "\n".join(lines)


def _quote_opened(frame: pl.DataFrame) -> str:
    """A quotation mark before the second cell of every line."""
    lines = pl.Series(_plain(frame).splitlines())
    return "\n".join(lines.str.replace(",", ',"', literal=True)) + "\n"


def narrow() -> Iterator[bytes]:
    """Two columns and some 16 bytes a row."""
    n, rows = pl.col("n"), 16 * ROWS
    yield b"external_id,score\n"
    for start in count(10_000_000, rows):
        yield _csv(_numbered(start, rows).select(n, score=n % 1_999_993)).encode()


def wide() -> Iterator[bytes]:
    """An identifier and 1,999 custom attributes, of a number, a word and a boolean by turns."""
    n, rows = pl.col("n"), 100
    kinds = [n % 977, _pick(["basic", "premium"], 3), _pick(["true", "false"], 5)]
    cells = {f"attribute_{at}": kinds[at % 3] for at in range(1, 2_000)}
    yield ("external_id," + ",".join(cells) + "\n").encode()
    tails = _numbered(0, rows).select(tail=pl.concat_str(cells.values(), separator=","))
    for start in count(0, rows):
        lines = tails.hstack(_numbered(start, rows)).select(pl.format("user-{},{}", "n", "tail"))
        yield ("\n".join(lines.to_series()) + "\n").encode()


def open_quote() -> Iterator[bytes]:
    """A quotation mark on line 2, and no other."""
    chunks = _of(attributes, _plain)()
    yield next(chunks)
    yield next(chunks).replace(b",", b',"', 1)
    yield from chunks


def long_line() -> Iterator[bytes]:
    """A header and one line."""
    yield next(INPUTS["clean"]())
    for start in count(0, ROWS):
        yield _csv(attributes(start, ROWS)).replace("\n", ",").encode()


def one_kilobyte() -> Iterator[bytes]:
    """A header and some rows, whatever size is asked for."""
    yield next(INPUTS["clean"]())
    yield _csv(attributes(0, 4)).encode()


INPUTS: dict[str, Callable[[], Iterator[bytes]]] = {
    "clean": _of(attributes),
    "faulty": faulty,
    "flagged": _of(attributes, _wrong_phones),
    "multi-line": _of(attributes, _two_lines),
    "quoted": _of(attributes, _quoted),
    "events": _of(events),
    "narrow": narrow,
    "wide": wide,
    "utf-16": _of(attributes, encoding="utf-16"),
    "windows-1252": _of(attributes, encoding="windows-1252"),
    "quote-on-every-line": _of(attributes, _quote_opened),
    "open-quote": open_quote,
    "long-line": long_line,
    "mixed-line-ends": _of(attributes, _alternating),
    "only-delimiters": lambda: repeat((b"," * 19 + b"\n") * ROWS),
    "only-quotes": lambda: repeat(b'"' * 20 * ROWS),
    "one-kilobyte": one_kilobyte,
}


def write(file: BinaryIO, name: str, megabytes: float) -> None:
    """Write the input `name`: at least so many megabytes of whole rows."""
    left = megabytes * 1e6
    for chunk in INPUTS[name]():
        file.write(chunk)
        left -= len(chunk)
        if left <= 0:
            return


def main() -> None:
    folder, megabytes, *names = sys.argv[1:]
    for name in names or INPUTS:
        if folder == "-":
            write(sys.stdout.buffer, name, float(megabytes))
            continue
        path = Path(folder) / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")  # so that one that was interrupted is no input
        with part.open("wb") as file:
            write(file, name, float(megabytes))
        part.replace(path)


if __name__ == "__main__":
    main()
