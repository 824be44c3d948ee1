"""The README shows a file, a command, what it prints, and some code: all of it is true."""

import contextlib
import io
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import pytest

from csvimport.cli import FOUND, main

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """What stands in the one block in `language`."""
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return blocks[0]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with nothing but the sample files."""
    shutil.copytree(ROOT / "sample_files", tmp_path / "sample_files")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


def test_the_file_shown_is_the_sample(folder: Path) -> None:
    sample = folder / "sample_files" / "contacts.csv"
    assert block("csv").encode() == sample.read_bytes()


def test_the_command_prints_what_is_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command, _, shown = block("console").partition("\n")
    prompt, program, *arguments = shlex.split(command)
    assert (prompt, program) == ("$", "csvimport")
    assert main(arguments) == FOUND
    assert capsys.readouterr().out == shown
    report = folder / "contacts.report.csv"
    assert report.read_bytes() == (folder / "sample_files" / report.name).read_bytes()


def test_the_code_prints_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    code = block("python")
    exec(compile(code, "README.md", "exec"), {})
    said = re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert len(said) == code.count("print(")
    assert capsys.readouterr().out.splitlines() == said


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def rewrite() -> None:
    """Show in the README what its command prints now."""
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shutil.copytree(ROOT / "sample_files", "sample_files")
        with contextlib.redirect_stdout(printed):
            main(shlex.split(block("console").partition("\n")[0])[2:])
    command, _, shown = block("console").partition("\n")
    text = TEXT.replace(f"{command}\n{shown}", f"{command}\n{printed.getvalue()}")
    (ROOT / "README.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
