"""The documentation: what it shows is run, what it names exists, and it is built as a site."""

import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest
import typer
from browser import chromium
from test_readme import ROOT

from csvimport import check
from csvimport.cli import app, main
from csvimport.result import Known
from csvimport.rulebook import rulebook
from csvimport.workspace import KEYS, read

DOCS = ROOT / "docs"
HOOK = runpy.run_path(str(DOCS / "pages.py"))
PAGES = sorted(DOCS.glob("*.md"))
#: With those that belong to the documentation and have their place elsewhere.
TEXTS = {
    path.name: path.read_text(encoding="utf-8")
    for path in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "rules" / "README.md")
}
OPTION = r"(?<![\w-])--[a-z][a-z-]+"
#: The address in the library guide; the tests put a server of their own there.
ELSEWHERE = "https://exports.example.com"


def blocks(page: str, language: str) -> list[str]:
    """What stands in the blocks in `language`."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with nothing but the sample files."""
    shutil.copytree(ROOT / "sample_files", tmp_path / "sample_files")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- What is shown -------------------------------------------------------------------------------


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server of the sample files."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing that anybody wants to know."""

    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    files = partial(Handler, directory=str(folder / "sample_files"))
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_library_guide_prints_what_its_comments_say(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = blocks("library.md", "python")
    assert len(found) == TEXTS["library.md"].count("```python")
    names: dict[str, object] = {"__name__": "library"}
    for code in found:
        exec(compile(code.replace(ELSEWHERE, server), "library.md", "exec"), names)
        said = re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
        assert len(said) == code.count("print(")
        assert capsys.readouterr().out.splitlines() == said
    assert any(ELSEWHERE in code for code in found)


def test_the_file_with_a_broken_quote_is_read_as_told() -> None:
    (code,) = blocks("parsing.md", "csv")
    (issue,) = check([code.encode()])
    assert (issue.rule, issue.row, issue.line, issue.byte) == ("unclosed-quote", 3, 3, 52)
    assert "`unclosed-quote` is in row 3, on line 3, at byte 52" in TEXTS["parsing.md"]


@pytest.mark.usefixtures("folder")
def test_every_key_of_the_json_document_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXTS["reports.md"].partition("\n## The JSON document\n")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in text.splitlines() if row.startswith("| `")]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row[1])]
    main(["check", "sample_files/contacts.csv", "--no-report", "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    assert keys == list(document["files"][0])
    assert all(f"`{key}`" in text for key in [*document, *document["files"][0]["columns"][0]])
    missing = [key for key, value in check([b""]).to_dict().items() if value is None]
    assert all("null" in row[2] for key in missing for row in rows if f"`{key}`" in row[1])
    known = Known("old.jsonl", 0, 0)
    assert all(f"`{key}`" in text for key in asdict(known))


def test_modules_that_contributors_are_sent_to_exist() -> None:
    paths = re.findall(
        r"`((?:csvimport|docs|report|tests)/[a-z_/]+\.py)`", TEXTS["CONTRIBUTING.md"]
    )
    assert [
        path for path in paths if not any((ROOT / at / path).exists() for at in ("", "csvimport"))
    ] == []
    assert len(paths) > 5


def test_the_workspace_file_shown_can_be_read(folder: Path) -> None:
    path = folder / "csvimport.toml"
    (text,) = blocks("command-line.md", "toml")
    path.write_text(text, encoding="utf-8")
    workspace = read(path)
    assert {key for key in KEYS if getattr(workspace, key)} == set(KEYS)


def test_getting_started_works_as_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(folder / "sample_files" / "contacts.csv", folder)
    lines = "".join(blocks("getting-started.md", "console")).splitlines()
    commands = [shlex.split(line)[2:] for line in lines if line.startswith("$ csvimport ")]
    assert {main(each) for each in commands if each[0] == "check"} == {1}
    assert (folder / "report.html").exists()
    assert (folder / "report.xlsx").exists()
    (folder / "contacts.csv").unlink()
    assert {main(each) for each in commands if each[0] != "check"} == {0}
    assert "error" not in capsys.readouterr().err


# --- What is named -------------------------------------------------------------------------------


def commands_in(text: str) -> list[str]:
    """Every `csvimport …`: between backticks, behind a prompt, or indented."""
    inline = re.findall(r"`(csvimport [a-z][^`]*)`", text)
    return inline + re.findall(r"^(?:\$ | {4})(csvimport [a-z].*)$", text, re.MULTILINE)


COMMANDS = sorted({each for text in TEXTS.values() for each in commands_in(text)})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists(command: str) -> None:
    words = [{"KIND": "events"}.get(word, word) for word in shlex.split(command)[1:]]
    group = typer.main.get_command(app)
    name, found, arguments = group.resolve_command(group.make_context("csvimport", []), words)  # type: ignore[attr-defined]
    if found.params and arguments:
        found.make_context(name, arguments)  # which raises where it cannot be understood


def test_commands_are_found() -> None:
    assert {shlex.split(each)[1] for each in COMMANDS} == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_the_options_shown_are_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--help"]) == 0
    options = set(re.findall(OPTION, capsys.readouterr().out)) - {"--help"}
    section = TEXTS["command-line.md"].partition("## Options\n")[2].partition("\n## ")[0]
    assert set(re.findall(OPTION, section)) == options


def test_every_option_named_exists(capsys: pytest.CaptureFixture[str]) -> None:
    options = set()
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert main([name, "--help"]) == 0
        options |= set(re.findall(OPTION, capsys.readouterr().out))
    of_others = {"CONTRIBUTING.md"}
    for name in TEXTS.keys() - of_others:
        assert set(re.findall(OPTION, TEXTS[name])) <= options, name


# --- The site ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with no link that leads nowhere."""
    built = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir"]
    command.append(str(built))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return built


def parsed(page: Path) -> list[tuple[str, dict[str, str]]]:
    """The tags of a page, and their attributes."""
    tree = html5lib.parse(page.read_bytes(), namespaceHTMLElements=False)
    return [(str(each.tag), dict(each.attrib)) for each in tree.iter()]


def text_of(page: Path) -> str:
    """What a page says, without the navigation."""
    tree = html5lib.parse(page.read_bytes(), namespaceHTMLElements=False)
    article = tree.find(".//article")
    assert article is not None
    return " ".join("".join(article.itertext()).split())


def test_every_page_is_built(site: Path) -> None:
    assert {f"{page.stem}.html" for page in PAGES} <= {page.name for page in site.iterdir()}


def test_every_rule_has_a_fresh_page(site: Path) -> None:
    pages = {page.stem: text_of(page) for page in (site / "rules").glob("*.html")}
    assert pages.keys() == {*rulebook(), "index"}
    for rule in rulebook().values():
        for words in (rule.file.help, rule.file.why, rule.file.where):
            assert " ".join(words.replace("`", "").split()) in pages[rule.name]
        titles = re.findall(r"(?:Not r|\bR)eported", pages[rule.name])
        assert len(titles) >= len(rule.file.example)


def test_the_rules_are_linked_by_family(site: Path) -> None:
    links = [each.get("href") for tag, each in parsed(site / "rules" / "index.html") if tag == "a"]
    assert {f"{rule}.html" for rule in rulebook()} <= set(links)
    for family in {rule.family for rule in rulebook().values()}:
        assert f"#{family}" in links


def test_the_first_page_shows_what_the_readme_shows(site: Path) -> None:
    assert HOOK["FIRST_SCREEN"] in TEXTS["index.md"]
    text = text_of(site / "index.html")
    assert "error[too-many-cells]: too many cells: found 6, expected 5 as in the header row" in text
    assert "make demo sets the tool up and checks that file" in text
    sample = site / "sample_files" / "contacts.csv"
    assert sample.read_bytes() == (ROOT / "sample_files" / "contacts.csv").read_bytes()


def test_links_lead_to_pages_and_headings(site: Path) -> None:
    ids = {page: {each.get("id") for _, each in parsed(page)} for page in site.rglob("*.html")}
    links = 0
    for page in ids.keys() - {site / "404.html"}:
        for _, attributes in parsed(page):
            href = attributes.get("href", attributes.get("src", ""))
            parts = urlsplit(href)
            if parts.scheme or not href:
                continue
            target = (page.parent / parts.path).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            assert target.exists(), (page.name, href)
            assert not parts.fragment or parts.fragment in ids[target], (page.name, href)
            links += 1
    assert links > 1_000


def test_nothing_is_loaded_from_other_servers(site: Path) -> None:
    for page in site.rglob("*.html"):
        for tag, attributes in parsed(page):
            for name, value in attributes.items():
                if name in ("href", "src", "srcset", "data", "poster", "action"):
                    assert tag == "a" or not re.search(r"(?:^|\s|,)(?:[a-z]+:)?//", value), (
                        page.name
                    )
                assert name != "style" or "url(" not in value
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", text), sheet.name


@pytest.mark.parametrize("name", ["index.html", "rules/stray-quote.html", "library.html"])
def test_a_browser_asks_no_other_server(site: Path, name: str) -> None:
    with chromium() as browser, browser.page(site / name, width=1280) as page:
        assert page.value("document.title")
        asked = page.requests
    assert asked
    assert [each for each in asked if not each.startswith(("file:", "data:", "blob:"))] == []


def test_what_the_site_is_built_with_is_pinned() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    for name in ("mkdocs", "mkdocs-material", "pymdown-extensions", "Markdown"):
        assert re.search(rf"^{re.escape(name)}==", pinned, re.MULTILINE)
    assert "://" not in pinned
