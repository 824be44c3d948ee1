"""What an input is called that lies elsewhere: where it is, and as what it may be shown."""

import os
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from csvimport.errors import CsvImportError, SourceError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)  # a drive has one letter
_FOLDED = r"(?i)([a-z][a-z0-9+.-]+):/"
#: A user and a query are not shown, since they may be secrets.
_WEB = (
    r"(?is)(?:[^/?#]*@)?(?P<host>(?:\[[0-9a-f:.]+\]|[^/?#@:\[\]\s]+)(?::[0-9]{1,5})?)"
    r"(?P<path>(?:/[^?#]*)?)(?:[?#].*)?"
)
#: A bucket has no user, and its files may have any name.
_BUCKET = r"(?as)(?P<host>[\w.-]+|arn:[\w:-]+)(?P<path>/.+)"
#: What stands behind each scheme, and how that is shown to who has written something else.
_FORMS = {
    "s3": (_BUCKET, "BUCKET/FILE"),
    "gs": (_BUCKET, "BUCKET/FILE"),
    "https": (_WEB, "HOST/FILE"),
    "http": (_WEB, "HOST/FILE"),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an input lies."""

    scheme: str
    url: str = field(repr=False)
    name: str
    """As it may be shown."""
    stem: str
    """Of the file's name; the host where there is none."""


def address_of(name: str) -> Address | None:
    """What `name` says if it is no path but an address; a SourceError where that is wrong."""
    found = _SCHEME.match(name)
    if not found:
        return None
    scheme, rest = found[1].lower(), name[found.end() :]
    if scheme not in _FORMS:
        *first, last = (f"`{each}://`" for each in _FORMS)
        raise SourceError(
            f"{scheme}://…: found an address that starts with `{scheme}://`, expected "
            f"{', '.join(first)} or {last}; in front of a path of this machine put `./`"
        )
    form, shown = _FORMS[scheme]
    place = re.fullmatch(form, rest)
    if not place:
        raise SourceError(f"{scheme}://…: is no address such as `{scheme}://{shown}`")
    host, path = place["host"], place["path"]
    stem = PurePosixPath(path).stem or host
    return Address(scheme, f"{scheme}://{rest}", f"{scheme}://{host}{path}", stem)


def is_web(name: str) -> bool | None:
    """Whether an address, as it may be shown, is a URL of the web; None where it is no address."""
    found = _SCHEME.match(name)
    if not found or found[1].lower() not in _FORMS:
        return None
    return _FORMS[found[1].lower()][0] is _WEB


#: How an address may begin that is written in a wrong way, or whose slashes are folded into one.
_ALIKE = r"(?:[a-z][a-z0-9+.-]+:[/\\]|(?<![\w./\\-])https?[:/])[/\\]*"


def shown(name: str | os.PathLike[str]) -> str:
    """`name` for an error, where nothing is found by it: it may be an address that is mistyped.

    A user and a query are left out of whatever resembles one. A password may hold any sign.
    """
    text = re.sub(rf"(?is)({_ALIKE}).*@", r"\1…@", os.fspath(name))
    text = re.sub(r"(?i)([a-z]//+)[^/]*@", r"\1…@", text)
    return re.sub(rf"(?is)({_ALIKE}[^?#]*[?#]).+", r"\1…", text)


def require_path(path: str | os.PathLike[str], error: type[CsvImportError]) -> None:
    """Raise an `error` where an address stands for what can only lie on this machine.

    A Path has one slash of the two; so has that of a folder with such a name, if there is one.
    """
    found = re.match(_FOLDED, os.fspath(path))
    if found and found[1].lower() in _FORMS and not os.path.isdir(found[0]):
        raise error(f"{found[1]}://…: is an address, expected a path of this machine")
