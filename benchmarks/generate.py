"""Writes the inputs of the benchmarks: the same bytes on every machine, made by polars.

`python benchmarks/generate.py FOLDER [MEGABYTES]` writes `clean.csv` and `faulty.csv` (one row in
a hundred has one fault), attributes files of 20 columns.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl

ROWS = 100_000  # of a piece that is repeated with other identifiers
FIRST = ["Ana", "Zoë", "José", "Mary Jane", "Björn", "Li", "O'Brien", "Priya", "Tom", "Émilie"]
LAST = ["Smith", "Nguyen", "García", "Müller", "Okafor", "Rossi", "Ivanova", "Kim", "Silva"]
CITIES = ["London", "Paris", "São Paulo", "New York", "Zürich", "Tokyo", "Lagos", "Bengaluru"]
#: One fault a row, by turns; `{line}` is the clean row.
FAULTS: list[Callable[[str], str]] = [
    lambda line: line.replace(",", "", 1),  # too few cells
    lambda line: line + ",x",
    lambda line: line.replace("premium", 'pre"mium').replace("basic", 'ba"sic'),
    lambda line: line.replace("premium", '"pre" mium').replace("basic", '"ba" sic'),
    lambda line: line.replace("premium", '"premium').replace("basic", '"basic'),
    lambda _: "",
    lambda line: line[line.index(",") :],  # no external_id
    lambda line: " " + line,
    lambda line: "1.23457E+17" + line[line.index(",") :],
]


def _pick(values: list[str], seed: int) -> pl.Expr:
    index = (pl.col("n") * seed) % len(values)
    return pl.lit(pl.Series(values)).gather(index)


def piece(start: int) -> pl.DataFrame:
    """Rows whose identifiers begin with number `start`."""
    n = pl.col("n")
    number = pl.format("{}", n)
    frame = pl.DataFrame({"n": range(start, start + ROWS)})
    first, last = _pick(FIRST, 7), _pick(LAST, 11)
    return frame.select(
        external_id=pl.format("user-{}", (n * 2654435761 % 2**40)) + pl.lit("-") + number,
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
        visits=n % 300,
        vip=_pick(["true", "false"], 37),
        note=pl.format("asked about order {}, then left", n % 99_991),
    )


def write(path: Path, megabytes: float, *, faulty: bool) -> None:
    """Write about `megabytes` to `path`, with a fault in one row of a hundred or none."""
    with path.open("wb") as file:
        file.write((",".join(piece(0).columns) + "\n").encode())
        start = 0
        while file.tell() < megabytes * 1e6:
            text = piece(start).write_csv(include_header=False)
            if faulty:
                lines = text.splitlines()
                for index in range(50, len(lines), 100):
                    lines[index] = FAULTS[index // 100 % len(FAULTS)](lines[index])
                text = "\n".join(lines) + "\n"
            file.write(text.encode())
            start += ROWS


def main() -> None:
    folder = Path(sys.argv[1])
    megabytes = float(sys.argv[2]) if len(sys.argv) > 2 else 500
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "clean.csv", megabytes, faulty=False)
    write(folder / "faulty.csv", megabytes, faulty=True)


if __name__ == "__main__":
    main()
