"""Inputs that lie elsewhere: their bytes as they come over the network.

An input is read once, in one version, and nothing is contacted but the server that is named, where
that one redirects to, and what its credentials come from. The packages that do so are an extra.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

from csvimport.address import Address
from csvimport.archive import NotATableError, bounded, unpacked
from csvimport.errors import CHANGED, BrokenOffError, SourceError

#: In bytes: so much is asked for at a time.
_CHUNK = 8 << 20
#: In bytes: so much of an answer is received before it is asked for, and twice that at most.
_AHEAD = 1 << 20
#: In seconds: for a connection, and for the next bytes of an answer.
_PATIENCE = 30
#: A connection that breaks off is taken up again so often without anything coming of it.
_TRIES = 2

Opened = tuple[int | None, Iterator[bytes]]
"""The size in bytes, if that is known, and the pieces."""


def opened(address: Address, largest: int) -> Opened:
    """Its size, and its bytes in pieces of some megabytes at most; a SourceError says why not.

    What is packed only on its way may not hold more than `largest` bytes; a NotATableError says so,
    or that it is not whole.
    """
    _quieten()
    with _told(address, _REASONS):
        size, pieces = _OPENERS[address.scheme](address.url, largest)
    return size, _whole(address, size, pieces)


def _whole(address: Address, size: int | None, pieces: Iterator[bytes]) -> Iterator[bytes]:
    have = 0
    reasons = {**_REASONS, "FileNotFoundError": CHANGED}  # it was there
    with _told(address, reasons, BrokenOffError):
        for piece in pieces:
            have += len(piece)
            yield piece
        if size not in (None, have):
            raise ConnectionResetError


# --- What keeps it from being read ---------------------------------------------------------------

_CHECK_BOTH = "check the address, and the connection to the network"
_BROKEN_OFF = "the connection broke off; check it again"
_MISSING = "there is no such file; check the address"
_DENIED = "permission denied; {access}"
_NO_CREDENTIALS = "found no credentials; {access}"
_NO_ADDRESS = "cannot be asked for; check the address"
_SILENT = f"no answer for {_PATIENCE} seconds; try again later"

#: By the names of exceptions, or of what they are derived from, since to load them takes time. The
#: first one counts of which there is one among those that have led to an error.
_REASONS = {
    "_ChangedError": CHANGED,
    "FileExpired": CHANGED,
    "IsADirectoryError": "is a folder, expected a file",
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "ProfileNotFound": _NO_CREDENTIALS,
    "SSOError": _NO_CREDENTIALS,
    "GoogleAuthError": _NO_CREDENTIALS,
    "gaierror": f"there is no such host; {_CHECK_BOTH}",
    "SSLError": "the server's certificate cannot be trusted; check the address",
    "TooManyRedirects": "is redirected without an end; check the address",
    "_PackedError": "the server packs it in a way that cannot be read; download it first",
    "TimeoutError": _SILENT,
    "ConnectTimeoutError": _SILENT,
    "ReadTimeoutError": _SILENT,
    "ClientPayloadError": _BROKEN_OFF,
    "ServerDisconnectedError": _BROKEN_OFF,
    "ConnectionResetError": _BROKEN_OFF,
    "ConnectionClosedError": _BROKEN_OFF,
    "ResponseStreamingError": _BROKEN_OFF,
    "HttpProcessingError": "the server's answer cannot be read; check the address",
    "FileNotFoundError": _MISSING,
    "PermissionError": _DENIED,
    "NonHttpUrlClientError": _NO_ADDRESS,
    "ParamValidationError": _NO_ADDRESS,
    "ValueError": _NO_ADDRESS,
}
#: What to do where access is denied.
_EXPIRED = "check the address, which may have expired"
_ACCESS = {
    "s3": "check what your credentials may read, which `aws configure` sets up",
    "gs": "check what your credentials may read, which `gcloud auth application-default login` "
    "sets up",
    "https": _EXPIRED,
    "http": _EXPIRED,
}
_STATUSES = {401: _DENIED, 403: _DENIED, 404: _MISSING, 410: _MISSING, 412: CHANGED}
#: Who else has something to say about what happens.
_TALKERS = ("aiobotocore", "asyncio", "botocore", "fsspec", "gcsfs", "google", "s3fs", "urllib3")


class _ChangedError(Exception):
    """It is another version now."""


class _AnswerError(Exception):
    """The answer is not the file, and no error either."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class _PackedError(Exception):
    """The answer is packed, and not as gzip."""


@contextmanager
def _told(
    address: Address, reasons: Mapping[str, str], kind: type[SourceError] = SourceError
) -> Iterator[None]:
    """Whatever others raise, in one line that holds no word of theirs: it may hold a secret."""
    try:
        yield
    except ImportError:
        raise SourceError(
            f"{address.name}: needs packages that are not installed; "
            "`pip install 'csvimport[remote]'` installs them"
        ) from None
    except (MemoryError, NotATableError):
        raise
    except Exception as error:
        words = _reason(error, reasons).format(access=_ACCESS[address.scheme])
        kind = SourceError if words == CHANGED else kind  # nobody knows what was read
        raise kind(f"{address.name}: {words}") from None


def _reason(error: BaseException, reasons: Mapping[str, str]) -> str:
    """What `error` says, or one of those that have led to it."""
    errors = [error]
    while cause := errors[-1].__cause__ or errors[-1].__context__:
        errors.append(cause)
    names = {kind.__name__ for each in errors for kind in type(each).__mro__}
    known = [words for name, words in reasons.items() if name in names]
    answers = [_answered(status) for each in errors if (status := _status(each))]
    system = [_failed(each.errno) for each in errors if isinstance(each, OSError) and each.errno]
    return [*known, *answers, *system, f"cannot be read ({type(error).__name__})"][0]


def _status(error: BaseException) -> int | None:
    """That of the server's answer, in the ways of aiohttp, gcsfs and botocore."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    elif str(error).startswith("Forbidden: "):
        status = HTTPStatus.FORBIDDEN.value
    else:
        name = "status" if hasattr(error, "status") else "code"
        status = getattr(error, name, None)
    return int(status) if re.fullmatch("[1-5][0-9]{2}", str(status)) else None


def _answered(status: int) -> str:
    if status in _STATUSES:
        return _STATUSES[status]
    known = {each.value: f" ({each.phrase.lower()})" for each in HTTPStatus}
    later = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    then = "try again later" if later else "check the address"
    return f"the server answers {status}{known.get(status, '')}; {then}"


def _failed(number: int) -> str:
    return f"{os.strerror(number).lower()}; {_CHECK_BOTH}"


def _quieten() -> None:
    """Keep their logs from standard error, where nobody has a place for them."""
    for name in _TALKERS:
        if not logging.getLogger(name).hasHandlers():
            logging.getLogger(name).addHandler(logging.NullHandler())


# --- What is there -------------------------------------------------------------------------------


def _web(url: str, largest: int) -> Opened:
    """One answer; where the connection breaks off, another one goes on from there if it can."""
    from aiohttp import ClientError, ClientTimeout
    from fsspec.implementations.http import HTTPFileSystem

    timeout = ClientTimeout(None, sock_connect=_PATIENCE, sock_read=_PATIENCE)
    files = HTTPFileSystem(
        # what is encoded already may be signed as it is
        encoded=re.fullmatch("[!-~]*", url) is not None,
        client_kwargs={
            "timeout": timeout,
            "trust_env": True,
            "read_bufsize": _AHEAD,
            # who unpacks there neither notices that an answer is cut off nor knows a limit
            "auto_decompress": False,
        },
        skip_instance_cache=True,
    )

    def get(**headers: str) -> Any:
        # with a size there is no request for it: what is signed may be so for one kind of them
        headers["Accept-Encoding"] = "identity"
        return files.open(url, block_size=0, size=1, headers=headers)

    def pieces(stream: Any) -> Iterator[bytes]:
        tag, have, had, tries = _tag(stream), 0, 0, 0
        while True:
            with closing(stream):
                try:
                    while piece := stream.read(_CHUNK):
                        have += len(piece)
                        yield piece
                    return
                except ClientError:
                    tries = 1 if have > had else tries + 1
                    if tag is None or tries > _TRIES:
                        raise
            had = have
            stream = get(**{"Range": f"bytes={have}-", "If-Match": tag})
            if stream.r.status != HTTPStatus.PARTIAL_CONTENT:
                raise ConnectionResetError
            if _tag(stream) != tag:
                raise _ChangedError
            if not _goes_on(stream, have, size):
                raise ConnectionResetError

    stream = get()
    if stream.r.status != HTTPStatus.OK:  # of a part, or of nothing, nobody knows what it lacks
        stream.close()
        raise _AnswerError(stream.r.status)
    size = stream.r.content_length
    if not (packing := _packing(stream)):
        return size, pieces(stream)
    if packing not in _GZIP:
        stream.close()
        raise _PackedError
    return None, bounded(unpacked("gzip", pieces(stream)), largest)


def _goes_on(stream: Any, have: int, size: int | None) -> bool:
    """Whether an answer says that it is the rest behind the bytes that are there."""
    given = stream.r.headers.get("Content-Range", "")
    place = re.fullmatch(r"bytes ([0-9]+)-[0-9]+/([0-9]+|\*)", given)
    return (
        place is not None
        and int(place[1]) == have
        and (size is None or place[2] in ("*", str(size)))
    )


def _tag(stream: Any) -> str | None:
    """What stands for the bytes of an answer, every one of them."""
    tag: str = stream.r.headers.get("ETag", "")
    return tag if tag.startswith('"') and not _packing(stream) else None


def _packing(stream: Any) -> str:
    """How an answer is packed, though it was not asked to be; nothing if it is not."""
    named = ",".join(stream.r.headers.getall("Content-Encoding", []))
    return ",".join(
        each for part in named.split(",") if (each := part.strip().lower()) not in _UNPACKED
    )


_GZIP = ("gzip", "x-gzip")
#: The last two are no packing at all, but kept with files in buckets, whose servers repeat them.
_UNPACKED = ("", "identity", "aws-chunked", "utf-8")


def _s3(url: str, _: int) -> Opened:
    """A file that asks for the version that it has seen."""
    from s3fs import S3FileSystem

    files = S3FileSystem(
        config_kwargs={
            "connect_timeout": _PATIENCE,
            "read_timeout": _PATIENCE,
            "retries": {"max_attempts": 2},
        },
        version_aware="?versionId=" in url,
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    file = files.open(url, cache_type="none")
    _require_file(file.details)
    return file.size, iter(partial(file.read, _CHUNK), b"")


def _gs(url: str, _: int) -> Opened:
    from aiohttp import ClientTimeout
    from gcsfs.core import GCSFileSystem

    timeout = ClientTimeout(None, sock_connect=_PATIENCE, sock_read=_PATIENCE)
    make = partial(
        GCSFileSystem,
        access="read_only",
        requests_timeout=timeout,
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    files = make(session_kwargs={"trust_env": True})
    details = files.info(url)
    _require_file(details)
    # what is packed there is not unpacked on the way, since its pieces could not be
    stored = make(token="anon", session_kwargs={"trust_env": True, "auto_decompress": False})
    stored.credentials = files.credentials
    read = partial(stored.cat_file, url, generation=details.get("generation"))
    size = details["size"]
    return size, (
        read(start=start, end=min(start + _CHUNK, size)) for start in range(0, size, _CHUNK)
    )


def _require_file(details: dict[str, Any]) -> None:
    if details["type"] != "file":
        raise IsADirectoryError


_OPENERS = {"s3": _s3, "gs": _gs, "https": _web, "http": _web}
