"""Inputs that lie elsewhere: on servers and in buckets, all of them on this machine's loopback."""

import asyncio
import bz2
import gzip
import ipaddress
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import fsspec.config
import pytest
from moto.server import ThreadedMotoServer
from running import summary
from test_archives import PACK, zipped
from test_cli import (
    DEADLINE,
    ERRORS,
    INTERRUPTIBLE,
    Printed,
    environment,
    folder,
    names,
    one_line,
    process,
    report,
    run,
    temporary,
    write,
)
from test_startup import loaded

from csvimport import Result, SourceError, check, remote, start
from csvimport.address import address_of, shown
from csvimport.cli import FOUND, INTERRUPTED, OK, TIMED_OUT
from csvimport.engine import Progress
from csvimport.source import Source, Together

__all__ = ["folder", "run"]

TABLE = ERRORS.encode()
#: In bytes.
PIECE = 1 << 19
#: Of more than one of them.
LONG = b"external_id,email\n" + b"".join(b"A%07d,a@example.com\n" % n for n in range(60_000))
MISSING = "there is no such file; check the address"
CHANGED = "changed while it was read; check it again when nothing writes to it any more"
BROKEN_OFF = "the connection broke off; check it again"
EXPIRED = "permission denied; check the address, which may have expired"
LOGIN = {
    "s3": "check what your credentials may read, which `aws configure` sets up",
    "gs": "check what your credentials may read, which `gcloud auth application-default login` "
    "sets up",
}


# --- Servers -------------------------------------------------------------------------------------


@dataclass
class Served:
    """A file on a server, and what that makes of it."""

    body: bytes = TABLE
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    has_length: bool = True
    tag: str | None = None
    """Of a bucket the generation; of others one with which parts can be asked for."""
    breaks_off: int | None = None
    """So many bytes of an answer are sent."""
    waits: float = 0
    """Seconds before each line."""
    then: "Callable[[Served], object]" = bool
    """What happens after an answer."""


class Web(ThreadingHTTPServer):
    """A server on loopback with `files`, and Google's way to ask for those as if in buckets."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, Served] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def put(self, path: str, body: bytes = TABLE, **how: Any) -> str:
        """Where the file is."""
        self.files[path] = Served(body, **how)
        return self.url + path

    def handle_error(self, *_: object) -> None:
        """Who has asked may be gone."""


class Answer(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.path, dict(self.headers)))
        self.close_connection = True
        stored = re.fullmatch(r"(/download)?/storage/v1/b/(.+?)/o(?:/(.+))?", path)
        self._send(self._stored(*stored.groups()) if stored else self._file(path))

    do_HEAD = do_GET  # noqa: N815

    def _file(self, path: str) -> Served:
        return self.server.files.get(path, Served(b"secret", 404))

    def _stored(self, data: str | None, bucket: str, key: str | None) -> Served:
        query = parse_qs(urlsplit(self.path).query)
        if key is None:
            start = f"/{bucket}/{query['prefix'][0]}"
            found = [each for each in self.server.files if each.startswith(start)]
            items = [self._details(each.removeprefix(f"/{bucket}/"), each) for each in found]
            return Served(json.dumps({"items": items}).encode())
        file = self._file(f"/{bucket}/{key}")
        if data is None and file.status == 200:
            return Served(json.dumps(self._details(key, f"/{bucket}/{key}")).encode())
        is_same = query.get("generation", [file.tag]) == [file.tag]
        return file if is_same else Served(b"secret", 404)

    def _details(self, key: str, path: str) -> dict[str, object]:
        file = self.server.files[path]
        return {"name": key, "size": len(file.body), "generation": file.tag}

    def _send(self, file: Served) -> None:
        headers, status, body = {**file.headers}, file.status, file.body
        if file.tag:
            headers["ETag"] = file.tag
            if self.headers.get("If-Match", file.tag) != file.tag:
                status, body = 412, b""
            elif part := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                start, total = int(part[1]), len(body)
                status, body = 206, body[start : int(part[2] or total) + 1]
                range_ = f"bytes {start}-{start + len(body) - 1}/{total}"
                headers = {"Content-Range": range_, **headers}
        if file.has_length:
            headers["Content-Length"] = str(len(body))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            for piece in body.splitlines(keepends=True) if file.waits else [body]:
                time.sleep(file.waits)
                self.wfile.write(piece[: file.breaks_off])
            if file.breaks_off is not None:  # what is not taken by then would not be
                self.wfile.flush()
                time.sleep(0.1)
            file.then(file)

    def log_message(self, *_: object) -> None:
        """Nothing that anybody wants to know."""


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """A client of a server of buckets."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield boto3.client(
        "s3",
        endpoint_url="http://{}:{}".format(*server.get_host_and_port()),
        region_name="us-east-1",
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    )
    server.stop()


Put = Callable[[str, bytes], str]


@pytest.fixture
def s3(moto: Any, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts a file into a bucket, and says where it is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.meta.endpoint_url)
    moto.create_bucket(Bucket="exports")

    def put(key: str, body: bytes = TABLE) -> str:
        moto.put_object(Bucket="exports", Key=key, Body=body)
        return f"s3://exports/{key}"

    return put


@pytest.fixture
def gs(web: Web, monkeypatch: pytest.MonkeyPatch) -> Put:
    """The same, in a bucket of Google's."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", web.url)
    monkeypatch.setitem(fsspec.config.conf, "gcs", {"token": "anon"})
    generations = iter(range(1, 100))

    def put(key: str, body: bytes = TABLE) -> str:
        web.put(f"/exports/{key}", body, tag=str(next(generations)))
        return f"gs://exports/{key}"

    return put


@pytest.fixture(params=["https", "s3", "gs"])
def put(request: pytest.FixtureRequest) -> Put:
    """The same, wherever."""
    if request.param == "https":
        web: Web = request.getfixturevalue("web")
        return lambda key, body=TABLE: web.put(f"/{key}", body)  # type: ignore[misc]
    found: Put = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No other address is ever contacted, or looked up; no credentials of anybody are used."""
    contacted: list[str] = []
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def noted_connect(self: socket.socket, address: Any) -> None:
        contacted.append(address[0])
        connect(self, address)

    def noted_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        contacted.append(host)
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(remote, "_CHUNK", PIECE)
    monkeypatch.setattr(socket.socket, "connect", noted_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noted_look_up)
    for name in [each for each in os.environ if each.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield
    assert [each for each in contacted if not ipaddress.ip_address(each).is_loopback] == []


def told(result: Result) -> dict[str, Any]:
    """A result without the name of the file."""
    facts = {**summary(result), "file": None, "parts": None}
    return facts | {"issues": [(each.rule, each.row, each.byte) for each in result]}


def local(body: bytes = TABLE) -> dict[str, Any]:
    """What is told of a file of this machine."""
    return told(check(write("local.csv", body)))


def refusal(url: str) -> str:
    """Why it cannot be checked, or not to its end."""
    with pytest.raises(SourceError) as caught:
        check(url)
    message = str(caught.value)
    assert "secret" not in message
    assert "\n" not in message
    name = address_of(url)
    assert name
    assert message.startswith(f"{name.name}: ")
    return message.removeprefix(f"{name.name}: ").partition("; rows checked until then: ")[0]


# --- Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "stem"),
    [
        ("https://host/a/users.csv", "https://host/a/users.csv", "users"),
        ("HTTP://Host:81/users.csv.gz", "http://Host:81/users.csv.gz", "users.csv"),
        ("https://user:secret@host/users.csv?sig=secret#x", "https://host/users.csv", "users"),
        ("https://secret@[::1]:8000/a@b.csv", "https://[::1]:8000/a@b.csv", "a@b"),
        ("https://host?file=secret/users.csv", "https://host", "host"),
        ("https://host/?secret", "https://host/", "host"),
        ("https://host/.../", "https://host/.../", "..."),
        ("https://host/my%20users.csv", "https://host/my%20users.csv", "my%20users"),
        ("s3://bucket/a/users.csv", "s3://bucket/a/users.csv", "users"),
        ("s3://b.u-c_k/a #1?.csv", "s3://b.u-c_k/a #1?.csv", "a #1?"),
        ("s3://arn:aws:s3:eu:1:accesspoint/a/b.csv", None, "b"),
        ("GS://bucket/ü", "gs://bucket/ü", "ü"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(
    text: str, name: str | None, stem: str
) -> None:
    address = address_of(text)
    assert address
    assert (address.name, address.stem) == (name or text, stem)
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "users.csv",
        "C:\\users.csv",
        "C:/users.csv",
        "C://users.csv",
        "./http://host/users.csv",
        "http:/host/users.csv",
        "a b://users.csv",
        "://users.csv",
        "-",
        "",
    ],
)
def test_what_looks_alike_is_a_path(text: str) -> None:
    assert address_of(text) is None


@pytest.mark.parametrize("scheme", ["ftp", "foo", "file", "s3a", "simplecache"])
def test_no_other_kind_of_address_is_known(run: Printed, scheme: str) -> None:
    assert run.complaint("check", f"{scheme}://secret@host/users.csv") == (
        f"{scheme}://…: found an address that starts with `{scheme}://`, expected `s3://`, "
        "`gs://`, `https://` or `http://`; in front of a path of this machine put `./`"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://", "s3://BUCKET/FILE"),
        ("s3://bucket", "s3://BUCKET/FILE"),
        ("s3://id:secret@bucket/users.csv", "s3://BUCKET/FILE"),
        ("s3://id:se/cret@bucket/users.csv", "s3://BUCKET/FILE"),
        ("gs:///users.csv", "gs://BUCKET/FILE"),
        ("https://", "https://HOST/FILE"),
        ("https:///users.csv", "https://HOST/FILE"),
        ("https://user:se/cret@host/users.csv", "https://HOST/FILE"),
        ("https://user:se#cret@host/users.csv", "https://HOST/FILE"),
        ("http://[::1/users.csv", "http://HOST/FILE"),
        ("http://ho st/users.csv", "http://HOST/FILE"),
    ],
)
def test_what_is_no_address_is_not_repeated(run: Printed, text: str, shown: str) -> None:
    scheme = text.partition(":")[0]
    said = run.complaint("check", text)
    assert said == f"{scheme}://…: is no address such as `{shown}`"


@pytest.mark.parametrize(
    "text",
    [
        " https://u:secret@h/f?sig=secret",
        "<https://u:secret@h/f?sig=secret>",
        "https:/u:se/secret@h/f.csv?secret",
        "https//u:secret@h/f?secret",
        "https:u:secret@h/f?secret",
        "a ftp://u:secret@h/f?secret",
    ],
)
def test_what_resembles_an_address_is_shown_without_what_may_be_secret(
    run: Printed, text: str
) -> None:
    assert "secret" not in run.complaint("check", text)
    for path in (text, Path(text)):
        with pytest.raises(SourceError) as caught:
            check(path)
        assert "secret" not in str(caught.value)


def test_a_user_behind_two_slashes_is_not_shown() -> None:
    assert shown("data//u:secret@h/f?x") == "data//…@h/f?x"


def test_a_path_that_is_an_address_is_no_input() -> None:
    with pytest.raises(SourceError, match=r"^https://…: is an address, expected a path"):
        check(Path("https://u:secret@h/users.csv?secret"))


@pytest.mark.parametrize("option", ["--report", "--issues", "--workspace"])
@pytest.mark.parametrize(
    "text",
    [
        "sftp://u:secret@h/x",
        "s3a://K:secret@b/x",
        "sftp://u:secret@h/x.y?secret",
        "s3a://a@secret@b",
    ],
)
def test_an_output_elsewhere_is_not_repeated(run: Printed, option: str, text: str) -> None:
    write("users.csv", TABLE)
    for more in ([], ["users.csv"]):
        assert "secret" not in run.complaint("check", "users.csv", *more, option, text)


@pytest.mark.parametrize("text", ["a@b?c.csv", "C:/a@b?.csv", "data/http/a@b.csv", "a/b//c?/d@"])
def test_any_other_name_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_a_folder_may_have_such_a_name(run: Printed) -> None:
    Path("http:/host").mkdir(parents=True)
    write("http:/host/users.csv", TABLE)
    for name in ("./http://host/users.csv", "http:/host/users.csv"):
        status, result = run.json(name, "--report", "http:/host/out.csv")
        assert (status, result["file"]) == (FOUND, name)
    assert names(Path("http:/host")) == {"users.csv", "out.csv"}


# --- The command and the library -----------------------------------------------------------------


def test_a_file_elsewhere_is_checked_as_one_of_this_machine(put: Put) -> None:
    url = put("users.csv", TABLE)
    result = check(url)
    assert result.file == url
    assert told(result) == local()


@pytest.mark.parametrize("body", [b"", b"\n", LONG], ids=["empty", "blank", "long"])
def test_it_may_have_any_size(put: Put, body: bytes) -> None:
    assert told(check(put("users.csv", body))) == local(body)


@pytest.mark.parametrize("kind", ["gzip", "zip"])
def test_it_may_be_packed(put: Put, kind: str) -> None:
    assert told(check(put("users", PACK[kind](TABLE)))) == local()


def test_it_is_read_again_in_another_encoding(put: Put) -> None:
    rows = "external_id,home_city\n" + "A1,Orléans\nA2,Köln\n" * 20_000
    result = check(put("users.csv", rows.encode("cp1252")))
    assert (result.encoding, result.rows) == ("windows-1252", 40_000)


def test_it_may_have_any_name(put: Put) -> None:
    assert told(check(put('a/ü "ñ"+b&c=d.csv', TABLE))) == local()


def test_a_bucket_takes_no_letter_for_another(gs: Put, s3: Put) -> None:
    for put in (gs, s3):
        assert check(put("100%20 #1?x=y.csv", TABLE)).rows == 4


def test_what_is_encoded_is_asked_for_as_it_is(web: Web) -> None:
    """It may be signed."""
    web.put("/a+b/é.csv")
    for place in ("/a+b/%C3%a9.csv?a=%2fb+c%20&sig=x%3D%3d", "/a%2Bb/é.csv?a=/b"):
        check(web.url + place)
    assert [path for path, _ in web.asked] == [
        "/a+b/%C3%a9.csv?a=%2fb+c%20&sig=x%3D%3d",
        "/a%2Bb/%C3%A9.csv?a=/b",
    ]


def test_parts_may_lie_anywhere(run: Printed, put: Put) -> None:
    one, two = put("1.csv", TABLE), put("2.csv", gzip.compress(TABLE))
    write("3.csv", TABLE)
    result = check([one, two, "3.csv"])
    assert result.parts == [one, two, "3.csv"]
    assert result.rows == 12
    status = run("check", "--together", one, two, "3.csv")
    assert (status, names()) == (FOUND, {"3.csv", "1.report.csv"})
    assert {line[0] for line in report("1.report.csv")[1:]} == {one, two, "3.csv"}


def test_no_server_is_to_wait_for_the_parts_before_its_own(web: Web) -> None:
    long = LONG * 10  # more than is read to look at the header
    tables = {"/1.csv": long, "/2.csv": long, "/3.csv.bz2": bz2.compress(LONG)}
    urls = [
        *(web.put(path, body) for path, body in tables.items()),
        web.put("/4.zip", zipped(LONG)),
    ]
    source = Together([Source(each) for each in urls])
    parts = list(source.parts())
    for part in parts:
        assert next(part.chunks()).startswith(b"external_id")
    for _ in range(2):  # what is here already is not asked for again
        source.let_go()
        assert [b"".join(part.chunks()) for part in parts] == [long, long, LONG, LONG]
    assert source.size == 2 * len(long) + 2 * len(LONG)
    assert sorted(path for path, _ in web.asked) == sorted(
        [*tables, "/2.csv", "/3.csv.bz2", "/4.zip"]
    )


def test_an_archive_may_hold_the_parts(put: Put) -> None:
    url = put("users.zip", zipped(TABLE, "1.csv", **{"2.csv": TABLE}))
    result = check(url)
    assert result.parts == [f"{url}/1.csv", f"{url}/2.csv"]
    assert result.rows == 8


def test_a_workspace_file_is_made_of_it(run: Printed, put: Put) -> None:
    assert run("workspace", "--from", put("users.csv", b"external_id,plan\n1,a\n")) == OK
    assert 'plan = "string"' in run.out


def test_its_first_rows_are_shown(run: Printed, put: Put) -> None:
    assert run("preview", put("users.csv", LONG)) == OK
    assert "A0000004" in run.out


def test_the_report_has_the_name_of_the_file(run: Printed, web: Web) -> None:
    urls = [web.put(f"/{place}/users.csv") + "?sig=a/secret.csv" for place in "ab"]
    assert run("check", *urls) == FOUND
    assert names() == {"users.report.csv", "users-2.report.csv"}
    assert "secret" not in run.out + run.err
    Path("reports").mkdir()
    assert run("check", web.put("/"), "--report", "reports") == FOUND
    assert names(Path("reports")) == {f"127.0.0.1:{web.server_port}.report.csv"}


def test_nothing_that_is_told_holds_a_secret(run: Printed, web: Web) -> None:
    url = web.put("/users.csv").replace("//", "//user:secret@") + "?sig=secret#secret"
    outputs = ["--issues", "issues.jsonl", "--report", "report.csv"]
    assert run("check", url, *outputs) == FOUND
    told = [run.out + run.err, *(Path(name).read_text() for name in names())]
    assert run("check", url, *outputs, "--format", "json", "--together") == FOUND
    told += [run.out + run.err, *(Path(name).read_text() for name in names())]
    assert run("workspace", "--from", url) == OK
    assert "secret" not in "".join([*told, run.out, run.err])
    assert f"{web.url}/users.csv" in told[0]
    (_, headers), *_ = web.asked
    assert headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    assert web.asked[0][0] == "/users.csv?sig=secret"


@pytest.mark.parametrize("option", ["--report", "--issues", "--workspace"])
@pytest.mark.parametrize("url", ["s3://bucket/secret", "https://user:secret@host/?secret"])
def test_all_else_lies_on_this_machine(run: Printed, option: str, url: str) -> None:
    scheme = url.partition(":")[0]
    expected = f"{scheme}://…: is an address, expected a path of this machine"
    assert run.complaint("check", "users.csv", option, url) == expected
    assert run.complaint("check", "a.csv", "b.csv", option, url) == expected
    assert run.complaint("workspace", "--from", "a.csv", "--output", url) == expected


def test_how_far_it_has_come_is_known(web: Web, put: Put) -> None:
    told: list[Progress] = []
    start(put("users.csv", LONG), on_progress=told.append).result()
    assert {each.bytes for each in told} <= {len(LONG), None}
    assert told[-1].bytes == len(LONG)
    source = Source(web.put("/endless.csv", LONG))
    next(source.open())
    assert source.size == len(LONG)


# --- The ways of servers -------------------------------------------------------------------------


def test_one_request_is_enough(web: Web) -> None:
    """As it is for who may sign an address for no other; whatever is read again."""
    rows = "external_id,home_city\n" + "A1,Orléans\nA2,Köln\n" * 20_000
    check(web.put("/users.zip", zipped(rows.encode("cp1252"))))
    ((_, headers),) = web.asked
    assert headers["Accept-Encoding"] == "identity"


BODIES = [TABLE, PACK["zip"](TABLE), gzip.compress(TABLE)]  # they hold the time of day


@pytest.mark.parametrize("body", BODIES, ids=["table", "zip", "gzip"])
def test_a_server_need_not_know_the_size(web: Web, body: bytes) -> None:
    assert told(check(web.put("/users.csv", body, has_length=False))) == local()


@pytest.mark.parametrize("has_length", [True, False])
def test_a_server_may_pack_what_it_sends(web: Web, *, has_length: bool) -> None:
    headers = {"Content-Encoding": "gzip", "ETag": '"1"'}
    url = web.put("/a", gzip.compress(TABLE), headers=headers, has_length=has_length)
    assert told(check(url)) == local()
    url = web.put("/b", gzip.compress(gzip.compress(TABLE)), headers=headers)
    assert told(check(url)) == local()


@pytest.mark.parametrize("has_length", [True, False])
def test_what_a_server_packs_may_break_off(web: Web, *, has_length: bool) -> None:
    headers = {"Content-Encoding": "gzip"}
    url = web.put("/a", gzip.compress(TABLE)[:-9], headers=headers, has_length=has_length)
    assert refusal(url) == "breaks off: as gzip it is not whole"


def test_what_a_server_packs_may_not_hold_more_than_any_import_takes(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csvimport.source.LARGEST", 1 << 20)
    url = web.put("/a", gzip.compress(LONG * 2), headers={"Content-Encoding": "gzip"})
    assert refusal(url).startswith("holds more than 1 MiB, which no import takes")


@pytest.mark.parametrize("packing", ["br", "deflate", "gzip, gzip"])
def test_a_server_that_packs_in_strange_ways(web: Web, packing: str) -> None:
    url = web.put("/users.csv", headers={"Content-Encoding": packing})
    assert refusal(url) == "the server packs it in a way that cannot be read; download it first"


def test_a_bucket_may_hold_what_is_packed_on_its_way(web: Web, gs: Put) -> None:
    url = gs("users.csv", gzip.compress(TABLE))
    web.files["/exports/users.csv"].headers["Content-Encoding"] = "gzip"
    assert told(check(url)) == local()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_server_may_send_elsewhere(web: Web, status: int) -> None:
    web.put("/there.csv")
    url = web.put("/here.csv", b"", status=status, headers={"Location": "/there.csv?sig=secret"})
    result = check(url)
    assert result.file == url
    assert told(result) == local()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("/here.csv?secret", "is redirected without an end; check the address"),
        ("ftp://secret/users.csv", "cannot be asked for; check the address"),
        ("http://[secret", "cannot be asked for; check the address"),
    ],
)
def test_a_server_that_sends_nowhere(web: Web, place: str, said: str) -> None:
    url = web.put("/here.csv", b"", status=302, headers={"Location": place})
    assert refusal(url) == said


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (204, "the server answers 204 (no content); check the address"),
        (206, "the server answers 206 (partial content); check the address"),
        (302, "the server answers 302 (found); check the address"),
        (304, "the server answers 304 (not modified); check the address"),
        (400, "the server answers 400 (bad request); check the address"),
        (401, EXPIRED),
        (403, EXPIRED),
        (404, MISSING),
        (410, MISSING),
        (429, "the server answers 429 (too many requests); try again later"),
        (500, "the server answers 500 (internal server error); try again later"),
        (503, "the server answers 503 (service unavailable); try again later"),
        (599, "the server answers 599; try again later"),
    ],
)
def test_a_server_that_refuses(run: Printed, web: Web, status: int, said: str) -> None:
    url = web.put("/users.csv", b"" if status in (204, 304) else b"secret", status=status)
    signed = url.replace("//", "//secret:secret@") + "?secret"
    assert run.complaint("check", signed) == f"{url}: {said}"
    assert names() == set()


def test_a_page_is_no_table(web: Web) -> None:
    url = web.put("/users.csv", b"<!doctype html><title>Log in</title>")
    assert refusal(url) == "is an HTML page, expected CSV; export the data itself as CSV"


@pytest.mark.parametrize("size", [0, 10, 600_000])
def test_a_connection_that_breaks_off(web: Web, size: int) -> None:
    url = web.put("/users.csv", LONG, breaks_off=size)
    assert refusal(url) == BROKEN_OFF
    assert len(web.asked) == 1
    web.files["/users.csv"] = Served(LONG, tag='W/"1"', breaks_off=size)
    assert refusal(url) == BROKEN_OFF
    assert len(web.asked) == 2


def test_a_connection_that_breaks_off_is_taken_up_again(web: Web) -> None:
    url = web.put("/users.csv", LONG, tag='"1"', breaks_off=600_000)
    assert told(check(url)) == local(LONG)
    assert len(web.asked) > 2
    assert "Range" in web.asked[1][1]
    web.asked.clear()
    url = web.put("/users.csv", LONG, tag='"1"', breaks_off=0)
    assert refusal(url) == BROKEN_OFF
    assert len(web.asked) == 3


def vanish(file: Served) -> None:
    file.status, file.tag = 404, None


def rewrite(file: Served) -> None:
    file.body, file.tag = LONG[::-1], '"2"'


def forget(file: Served) -> None:
    file.tag = None


def ignore(file: Served) -> None:
    """Which version is asked for."""
    file.headers, file.tag, file.status = {"ETag": '"2"'}, None, 206


@pytest.mark.parametrize(
    ("change", "said"),
    [(vanish, CHANGED), (rewrite, CHANGED), (ignore, CHANGED), (forget, BROKEN_OFF)],
)
def test_two_versions_of_a_file_are_never_mixed(
    web: Web, change: Callable[[Served], None], said: str
) -> None:
    url = web.put("/users.csv", LONG, tag='"1"', breaks_off=600_000, then=change)
    assert refusal(url) == said


@pytest.mark.parametrize(
    "given", ["", "bytes 0-9/1380018", "bytes 600000-1380017/1380019", "bytes */1380018"]
)
def test_another_piece_than_the_one_asked_for_is_not_taken(web: Web, given: str) -> None:
    def change(file: Served) -> None:
        file.headers["Content-Range"] = given

    url = web.put("/users.csv", LONG, tag='"1"', breaks_off=600_000, then=change)
    assert refusal(url) == BROKEN_OFF


@pytest.mark.parametrize("kind", ["s3", "gs"])
@pytest.mark.parametrize("other", [TABLE, LONG[::-1], None])
def test_two_versions_in_a_bucket_are_never_mixed(
    request: pytest.FixtureRequest, kind: str, other: bytes | None
) -> None:
    put: Put = request.getfixturevalue(kind)
    url = put("users.csv", LONG)
    read = Source(url).open()
    assert len(next(read)) == PIECE
    if other is not None:
        put("users.csv", other)
    elif kind == "s3":
        request.getfixturevalue("moto").delete_object(Bucket="exports", Key="users.csv")
    else:
        del request.getfixturevalue("web").files["/exports/users.csv"]
    with pytest.raises(SourceError, match=f"^{url}: {CHANGED}$"):
        list(read)


def test_what_changes_later_does_not_matter(web: Web) -> None:
    """What was read is read again from where it was put."""
    source = Source(web.put("/users.csv", LONG, then=rewrite))
    for _ in range(3):
        assert b"".join(source.open()) == LONG


def test_it_comes_in_pieces(put: Put) -> None:
    address = address_of(put("users.csv", LONG))
    assert address
    _, pieces = remote.opened(address, 1 << 30)
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == len(LONG)
    assert max(sizes) <= PIECE


def test_a_port_that_nobody_listens_to(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    said = "connection refused; check the address, and the connection to the network"
    assert run.complaint("check", f"{url}/users.csv?secret") == f"{url}/users.csv: {said}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert run.complaint("check", "s3://exports/users.csv") == f"s3://exports/users.csv: {said}"


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known: secret")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = "there is no such host; check the address, and the connection to the network"
    assert refusal("https://nowhere.example/users.csv") == said


def test_a_port_that_is_none() -> None:
    assert refusal("http://127.0.0.1:99999/x.csv") == "cannot be asked for; check the address"


def test_a_server_that_speaks_no_tls(web: Web) -> None:
    url = web.put("/users.csv").replace("http", "https")
    assert refusal(url) == "the server's certificate cannot be trusted; check the address"


def test_a_server_of_something_else() -> None:
    said = "the server's answer cannot be read; check the address"
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/users.csv"
        job = start(url)
        connection, _ = server.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")
        with pytest.raises(SourceError, match=f"^{url}: {said}$"):
            job.result()


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n\r\nexternal_id\n"])
def test_a_server_that_says_nothing(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/users.csv"
        job = start(url)
        connection, _ = server.accept()
        with connection:
            connection.sendall(sent)
            with pytest.raises(SourceError, match=r"no answer for 30 seconds; try again later$"):
                job.result()


# --- Buckets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["s3", "gs"])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("exports/other.csv", MISSING),
        ("exportz/users.csv", MISSING),
        ("exports/folder", "is a folder, expected a file"),
    ],
)
def test_what_is_not_in_a_bucket(
    request: pytest.FixtureRequest, kind: str, place: str, said: str
) -> None:
    request.getfixturevalue(kind)("folder/users.csv")
    assert refusal(f"{kind}://{place}") == said


@pytest.mark.parametrize("kind", ["s3", "gs"])
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"status": 500}, "the server answers 500 (internal server error); try again later"),
        ({"breaks_off": 100_000}, BROKEN_OFF),
    ],
)
def test_a_bucket_that_is_in_trouble(
    web: Web,
    gs: Put,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    how: dict[str, Any],
    said: str,
) -> None:
    """What reads buckets tries often, and waits longer each time."""

    async def sleep(_: float) -> None:
        pass

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    gs("users.csv", LONG)
    web.put("/exports/users.csv", LONG, tag='"1"', **how)
    assert refusal(f"{kind}://exports/users.csv") == said
    assert len(web.asked) > 2


@pytest.mark.parametrize("kind", ["s3", "gs"])
@pytest.mark.parametrize("status", [401, 403])
def test_a_bucket_that_is_not_for_everybody(
    request: pytest.FixtureRequest,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    status: int,
) -> None:
    request.getfixturevalue("gs")
    monkeypatch.setenv("AWS_ENDPOINT_URL", web.url)
    web.put("/exports/users.csv", b"secret", status=status)
    web.put("/storage/v1/b/exports/o", b"secret", status=status)
    assert refusal(f"{kind}://exports/users.csv") == f"permission denied; {LOGIN[kind]}"


def test_without_credentials(s3: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert refusal(s3("users.csv", TABLE)) == f"found no credentials; {LOGIN['s3']}"
    monkeypatch.setenv("AWS_PROFILE", "secret")
    assert refusal(s3("users.csv", TABLE)) == f"found no credentials; {LOGIN['s3']}"


def test_nothing_is_said_but_one_line(web: Web, gs: Put) -> None:
    """Whatever others log."""
    settings = {"FSSPEC_GCS_TOKEN": "anon", "STORAGE_EMULATOR_HOST": web.url}
    good, bad = gs("users.csv", TABLE), gs("bad.csv", TABLE)
    web.files["/exports/bad.csv"].status = 418
    done = process("check", bad, good, "--no-report", stdin=b"", **settings)
    assert one_line(done.stderr.decode()) == (
        f"{bad}: the server answers 418 (i'm a teapot); check the address"
    )
    assert f"{good}: issues found" in done.stdout.decode()


# --- The extra -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "module"),
    [
        ("https://host/users.csv", "fsspec.implementations.http"),
        ("http://host/users.csv", "aiohttp"),
        ("s3://bucket/users.csv", "s3fs"),
        ("gs://bucket/users.csv", "gcsfs.core"),
    ],
)
def test_without_the_extra_it_is_said_what_to_install(
    run: Printed, monkeypatch: pytest.MonkeyPatch, url: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    assert run.complaint("check", f"{url}") == (
        f"{url}: needs packages that are not installed; "
        "`pip install 'csvimport[remote]'` installs them"
    )


def test_a_file_of_this_machine_loads_nothing_of_it() -> None:
    write("users.csv", TABLE)
    modules = loaded("-m", "csvimport", "check", "users.csv", "--no-report", status=FOUND)
    assert modules & {"aiohttp", "asyncio", "fsspec", "gcsfs", "s3fs", "ssl"} == set()


# --- Interrupted ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_left(web: Web, by: signal.Signals) -> None:
    url = web.put("/users.csv", LONG, waits=0.01)
    with subprocess.Popen(
        [*INTERRUPTIBLE, "check", url], stdout=-1, stderr=-1, env=environment()
    ) as command:
        while not web.asked:
            time.sleep(0.01)
        time.sleep(0.5)
        command.send_signal(by)
        _, err = command.communicate(timeout=DEADLINE)
    assert (command.returncode, err) == (INTERRUPTED, b"")
    assert temporary() == []


def test_a_bucket_can_be_left(web: Web) -> None:
    web.put("/exports/users.csv", LONG, tag='"1"', waits=0.01)
    settings = {"AWS_ENDPOINT_URL": web.url}
    with subprocess.Popen(
        [*INTERRUPTIBLE, "check", "s3://exports/users.csv"],
        stdout=-1,
        stderr=-1,
        env=environment(**settings),
    ) as command:
        while len(web.asked) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        command.send_signal(signal.SIGINT)
        _, err = command.communicate(timeout=DEADLINE)
    assert (command.returncode, err) == (INTERRUPTED, b"")


def test_a_slow_server_runs_out_of_time(run: Printed, web: Web) -> None:
    url = web.put("/users.csv", LONG, waits=0.01)
    status, result = run.json(url, "--time-budget", "1s", "--no-report")
    assert status == TIMED_OUT
    assert (result["rows"], result["bytes"]) == (None, len(LONG))
    assert run.err == ""
