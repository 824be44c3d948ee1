"""Whole sessions of the command, word for word: what a terminal shows, and the status at the end.

`tests/transcripts/` holds a session a file, each run in a folder that has the sample files. Behind
the sign for a prompt comes a command, with the environment it is run in; behind that what it
prints, on either stream; then the status, if it is not 0. Escape sequences are shown as `\\x1b`.
Run as a script, this writes what the commands print now.
"""

import contextlib
import io
import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from csvimport.cli import main

ROOT = Path(__file__).parent.parent
SESSIONS = sorted((ROOT / "tests" / "transcripts").glob("*.txt"))
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
#: What is another number each time.
SECONDS = re.compile(r'(?<="elapsed_seconds": )[0-9.]+')
#: What would make it print something else: a terminal of another width, with colours.
UNSET = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CLICOLOR_FORCE", "TTY_COMPATIBLE")


def played(session: str) -> str:
    """The `session` as it goes now."""
    return "".join(f"$ {command}\n{_run(command)}\n" for command in COMMAND.findall(session))


def _run(command: str) -> str:
    words = shlex.split(command)
    start = words.index("csvimport")
    environment = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment |= dict(each.split("=", 1) for each in words[:start])
    printed = io.StringIO()
    with (
        patch.dict(os.environ, environment, clear=True),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        status = main(words[start + 1 :])
    shown = SECONDS.sub("…", printed.getvalue()).replace("\x1b", "\\x1b")
    return f"{shown}[{status}]\n" if status else shown


@contextlib.contextmanager
def samples() -> Iterator[None]:
    """A working folder that has them."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copytree(ROOT / "sample_files", "sample_files")
        yield


@pytest.mark.parametrize("path", SESSIONS, ids=lambda path: path.stem)
def test_session(path: Path) -> None:
    expected = path.read_text("utf-8")
    with samples():
        assert played(expected) == expected, "`make samples` writes the sessions anew"


def test_there_are_sessions_of_every_command() -> None:
    text = "".join(path.read_text("utf-8") for path in SESSIONS)
    commands = ("check", "workspace", "preview", "template", "rules", "rule", "completion")
    assert [each for each in commands if f"csvimport {each}" not in text] == []


def write_sessions() -> None:
    for path in SESSIONS:
        with samples():
            path.write_text(played(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write_sessions()
