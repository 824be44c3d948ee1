"""Chromium without a window, spoken to in its own protocol over a pipe: no driver, no network."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Seconds for whatever is asked of it.
DEADLINE = 60
#: The pipe has to be its files 3 and 4: this gives them their numbers, and becomes the browser.
_START = """
import os, sys
os.dup2(int(sys.argv[1]), 10), os.dup2(int(sys.argv[2]), 11)
os.dup2(10, 3), os.dup2(11, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser, gone when the block ends."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, "the tests of the HTML report need Chromium: apt-get install chromium"
    down, up = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        arguments = [
            path,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
            f"--user-data-dir={folder}",
            "about:blank",
        ]
        process = subprocess.Popen(
            [sys.executable, "-c", _START, str(down[0]), str(up[1]), *arguments],
            pass_fds=(down[0], up[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(down[0])
        os.close(up[1])
        with open(down[1], "wb", buffering=0) as write, open(up[0], "rb") as read:
            browser = Browser(write.fileno(), read.fileno())
            try:
                yield browser
                browser.ask("Browser.close")
            finally:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


class Browser:
    """A browser at the other end of two pipes."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._number = 0
        self._rest = b""
        self.events: list[dict[str, Any]] = []

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Ask, and wait for the answer; what happens meanwhile is remembered."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._number:
                assert "error" not in told, (method, told)
                answer: dict[str, Any] = told["result"]
                return answer

    def wait(self, method: str) -> None:
        """Wait until that has happened."""
        while not any(event["method"] == method for event in self.events):
            self._next()

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._read, 1 << 20)
            assert data, "the browser has gone"
            self._rest += data
        text, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(text)
        if "method" in told:
            self.events.append(told)
        return told

    @contextmanager
    def page(self, path: Path, *, width: int, dark: bool = False) -> Iterator["Page"]:
        """The page at `path`, as wide as a screen of that width, when it is there."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.events.clear()
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network", "DOM", "Accessibility"):
            page.ask(f"{domain}.enable")
        phone = width < 600
        page.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844 if phone else 800,
            deviceScaleFactor=1,
            mobile=phone,
        )
        page.ask("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.ask("Emulation.setEmulatedMedia", features=[scheme])
        page.ask("Page.navigate", url=path.resolve().as_uri())
        self.wait("Page.loadEventFired")
        yield page
        self.ask("Target.closeTarget", targetId=target)


class Page:
    """A page in a browser."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser, self.session = browser, session

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.ask(method, self.session, **parameters)

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript is, asked from outside the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    @property
    def text(self) -> str:
        """What is to be read."""
        return str(self.value("document.body.innerText"))

    @property
    def complaints(self) -> list[str]:
        """What stands in its console."""
        self.value("1")  # whatever it said is here then
        told = []
        for event in self.browser.events:
            if event["method"] == "Log.entryAdded":
                told.append(event["params"]["entry"]["text"])
            elif event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                told.append(json.dumps(event["params"]))
        return told

    @property
    def requests(self) -> list[str]:
        """What it has asked for, itself first."""
        return [
            event["params"]["request"]["url"]
            for event in self.browser.events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, *, whole: bool = True) -> bytes:
        """How it looks, as a PNG."""
        told = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(told["data"])

    def pdf(self) -> bytes:
        """How it prints."""
        return base64.b64decode(self.ask("Page.printToPDF", preferCSSPageSize=True)["data"])
