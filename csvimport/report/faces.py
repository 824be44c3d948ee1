"""The faces of a report: for each suffix of its name, the form in which it tells the same.

A face is a module with a `write(results, file)` and a line of `FACES`. The CSV report is none of
them: it is written as the check goes on, one for each file.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import BinaryIO

import msgspec

from csvimport.address import shown
from csvimport.errors import OptionError, OutputError
from csvimport.report import jsonl, junit, markdown, parquet, sarif, xlsx
from csvimport.report.findings import left_out
from csvimport.result import Failure, Result
from csvimport.target import replacing


class Face(msgspec.Struct, frozen=True):
    """A form in which one file holds all results of a run."""

    write: Callable[..., object]
    """Takes the results and a file; then the failures, if it tells of them."""
    pace: float
    """The issues that are written in a second, at least."""
    cell_pace: float = inf
    """The cells of flagged rows, where it writes or reads all of them."""
    most: int | None = None
    """The issues of a result that whoever reads it can take."""
    needs_rows: bool = False
    """Whether it shows the flagged rows."""
    tells_failures: bool = False
    """Whether it is for machines that take what is not told of for a success."""
    extra: str | None = None
    """The extra that installs what it needs, a package called `package`."""
    package: str = ""


def _write_html(results: Sequence[Result], file: BinaryIO) -> None:
    from csvimport.report import html  # which takes longer to load than all the others

    html.write(results, file)


Faced = tuple[Path, Face]
"""Where a report goes, and the face that it has there."""

CSV = ".csv"
FACES = {
    ".xlsx": Face(xlsx.write, 2e4, 3e5, needs_rows=True, extra="xlsx", package="xlsxwriter"),
    ".jsonl": Face(jsonl.write, 1e6),
    ".parquet": Face(parquet.write, 1e6),
    ".sarif": Face(sarif.write, 1e6, most=sarif.MOST, tells_failures=True),
    ".junit.xml": Face(junit.write, 1e6, most=junit.MOST, tells_failures=True),
    ".md": Face(markdown.write, 1e6, most=markdown.MOST),
    ".html": Face(_write_html, 5e5, 5e6, needs_rows=True, extra="html", package="jinja2"),
}


def face_of(path: Path) -> Face | None:
    """The face that a report at `path` has; None is the CSV report, which is a folder, too.

    An OptionError where there is no such face, or what it needs is not installed.
    """
    name = path.name.lower()
    face = next((face for suffix, face in FACES.items() if name.endswith(suffix)), None)
    if face is None:
        if Path(name).suffix not in ("", ".", CSV) and not path.is_dir():
            text = shown(path)
            raise OptionError(
                f"{text}: found a name that ends in `{Path(text).suffix}`, expected one of "
                f"{', '.join([CSV, *FACES])}"
            )
    elif face.extra and find_spec(face.package) is None:
        raise OptionError(
            f"{shown(path)}: `{face.package}` is not installed; "
            f'`pip install "csvimport[{face.extra}]"` does that'
        )
    return face


def by_face(paths: Iterable[Path]) -> tuple[Path | None, list[Faced]]:
    """The CSV report among `paths`, if there is one, and the others."""
    faces = [(path, face_of(path)) for path in paths]
    tables = [path for path, face in faces if face is None]
    if len(tables) > 1:
        raise OptionError(f"found two CSV reports, `{tables[0]}` and `{tables[1]}`, expected one")
    return next(iter(tables), None), [(path, face) for path, face in faces if face]


def write(
    results: Sequence[Result], path: Path, face: Face, failures: Sequence[Failure] = ()
) -> None:
    """Write `results` to `path`; OutputError where that cannot be done."""
    with replacing(path) as file:
        if face.tells_failures:
            face.write(results, file, failures)
        else:
            face.write(results, file)


def write_failure(faced: Iterable[Faced], failure: Failure) -> None:
    """Leave no report of an earlier run where a machine would take it for one of this."""
    for path, face in faced:
        if face.tells_failures:
            with suppress(OutputError):  # the failure is what the caller has to hear of
                write([], path, face, [failure])


def lacks(results: Iterable[Result], face: Face) -> int:
    """How many issues of `results` are too many for `face`; its file says so, too."""
    return sum(left_out(result, face.most) for result in results)
