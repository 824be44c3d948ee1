"""What the documentation takes from other files when it is built: a hook of mkdocs.

The first screen of the README, the rules and CONTRIBUTING stand in one place each.
"""

from itertools import groupby
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from csvimport.report.rules import markdown, markdown_page
from csvimport.rulebook import rulebook

ROOT = Path(__file__).parent.parent
#: What the first screen links to.
SAMPLES = ("sample_files/contacts.csv", "sample_files/contacts.report.csv")
#: Where the README's first screen comes in a page.
FIRST_SCREEN = "<!-- the first screen of README.md -->"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the rules into the navigation, by family."""
    families: list[object] = ["rules/index.md"]
    for family, rules in groupby(rulebook().values(), key=lambda rule: rule.family):
        families.append({family.capitalize(): [_path(rule.name) for rule in rules]})
    assert config.nav is not None
    config.nav = [{"Rules": families} if "Rules" in entry else entry for entry in config.nav]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and the samples."""
    made = {"rules/index.md": rules_index(), "contributing.md": _read("CONTRIBUTING.md")}
    made |= {_path(rule.name): markdown_page(rule) for rule in rulebook().values()}
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    for path in SAMPLES:
        files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(text: str, **_: object) -> str:
    """Put the README's first screen where a page asks for it."""
    return text.replace(FIRST_SCREEN, first_screen())


def first_screen() -> str:
    """The README up to its first section, without the title."""
    return _read("README.md").partition("\n## ")[0].partition("\n")[2].strip()


def rules_index() -> str:
    """The index of the rules, linked to their pages."""
    return markdown(rulebook(), path="{name}.md")


def _path(name: str) -> str:
    return f"rules/{name}.md"


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
