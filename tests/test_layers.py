"""The shape of the package: one direction of imports, one module that opens, one that prints."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import csvimport

ROOT = Path(csvimport.__file__).parent

#: The table of contents: each module imports only from those above it.
ORDER = [
    "startup",
    "errors",
    "issue",
    "patterns",
    "scratch",
    "redaction",
    "address",
    "archive",
    "remote",
    "target",
    "source",
    "dialect",
    "lines",
    "compiled",
    "automaton",
    "cells",
    "hashes",
    "lookahead",
    "spill",
    "feed",
    "letters",
    "charmap",
    "guess",
    "encoding",
    "parity",
    "recovery",
    "block",
    "findings",
    "scanner",
    "rulebook",
    "dates",
    "numbers",
    "numbering",
    "phones",
    "emails",
    "vocabulary",
    "mojibake",
    "forms",
    "columns",
    "template",
    "plaintext",
    "plain",
    "workspace",
    "duplicates",
    "baseline",
    "options",
    "inference",
    "identity",
    "checks.registry",
    "checks.file",
    "checks.structure",
    "checks.header",
    "checks.identifier",
    "checks.attribute",
    "checks.custom",
    "checks.event",
    "checks",
    "words",
    "checker",
    "result",
    "engine",
    "preview",
    "report",
    "report.printable",
    "report.telling",
    "report.csv",
    "report.json",
    "report.place",
    "report.findings",
    "report.console",
    "report.concise",
    "report.github",
    "report.html",
    "report.preview",
    "report.jsonl",
    "report.parquet",
    "report.sarif",
    "report.junit",
    "report.markdown",
    "report.xlsx",
    "report.faces",
    "report.rules",
    "report.workspace",
    "job",
    "api",
    "cli.usage",
    "cli.choices",
    "cli.streams",
    "cli.workspace",
    "cli.preview",
    "cli.template",
    "cli.rules",
    "cli.completion",
    "cli.run",
    "cli.check",
    "cli",
    "__main__",
    "__init__",
]

#: The process's streams, where they are closed; its environment, for numpy; what is one thread's.
CHANGED = {
    ("cli", "sys"),
    ("cli.streams", "sys"),
    ("startup", "os"),
    ("automaton", "_of_this_thread"),
}
#: What touches files, by module and name; everything else works on values.
FILES = {
    ("remote", "open"),
    ("archive", "open"),  # of what a ZIP archive holds
    ("archive", "ZipFile"),
    ("source", "open"),
    ("source", "TemporaryFile"),
    ("scratch", "mkdtemp"),
    ("scratch", "mkstemp"),
    ("scratch", "open"),
    ("spill", "write_ipc"),
    ("spill", "read_ipc"),
    ("target", "open"),
    ("baseline", "open"),
    ("baseline", "read_ndjson"),  # of bytes
    ("rulebook", "read_bytes"),
    ("vocabulary", "read_bytes"),  # the names of countries and languages, in a package
    ("vocabulary", "read_text"),  # the names of zones, in a package
    ("workspace", "read_bytes"),
    ("report.parquet", "sink_parquet"),  # to a file that is open
    ("report.rules", "write_text"),
    ("cli", "open"),  # the null device, instead of a stream that is closed
    ("cli.streams", "open"),  # the same, behind a reader that has gone
}
# fmt: off
OPENERS = frozenset({
    "open", "fdopen", "open_binary", "open_text", "read_bytes", "read_text", "write_bytes",
    "write_text", "mkstemp", "mkdtemp", "TemporaryFile", "NamedTemporaryFile",
    "SpooledTemporaryFile", "TemporaryDirectory", "fromfile", "memmap", "mmap", "read_ipc",
    "write_ipc", "scan_csv", "scan_ipc", "scan_ndjson", "read_ndjson", "read_parquet",
    "write_parquet", "scan_parquet", "sink_csv", "sink_ipc", "sink_ndjson", "sink_parquet",
    "GzipFile", "ZipFile", "urlopen", "Popen",
})
# fmt: on
#: Modules that can open something, and who may import them.
IMPORTERS = {
    "io": {"source", "spill", "report.csv", "report.jsonl", "target"},
    "tempfile": {"source", "scratch"},
    "shutil": {"scratch", "target"},
    "stat": {"source"},
    "gzip": {"source"},
    "zipfile": {"archive"},
    "mmap": {"source"},
    "sys": {"source", "cli", "cli.streams", "cli.run", "cli.preview", "__main__"},
    "subprocess": set(),
    "socket": set(),
    "logging": {"remote"},
    "warnings": set(),
}
# fmt: off
MUTATORS = frozenset({
    "append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse", "add", "discard",
    "update", "setdefault", "popitem", "fill", "put", "resize",
})
# fmt: on


@cache
def modules() -> dict[str, ast.Module]:
    """The package's modules by their names within it; packages by their own."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield name, node


def local(dotted: str) -> str | None:
    """The name within the package of what is imported as `dotted`; None for other packages."""
    package, _, rest = dotted.partition(".")
    if package != "csvimport":
        return None
    while rest and rest not in modules():
        rest = rest.rpartition(".")[0]
    return rest or "__init__"


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported: in functions and for types alone as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def called(node: ast.AST) -> str | None:
    """The last name of what is called or named: `open` of `path.open(…)`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def test_the_table_of_contents_names_every_module_once() -> None:
    assert len(set(ORDER)) == len(ORDER)
    assert set(ORDER) == set(modules())


@pytest.mark.parametrize("name", ORDER)
def test_a_module_imports_only_from_those_above_it(name: str) -> None:
    above = set(ORDER[: ORDER.index(name)])
    wrong = [
        f"{name} imports {target} in line {line}"
        for line, dotted in imports(modules()[name])
        if (target := local(dotted)) is not None and target not in above
    ]
    assert wrong == []


def test_the_command_line_alone_knows_the_option_parser() -> None:
    found = {
        name.partition(".")[0]
        for name, tree in modules().items()
        for _, dotted in imports(tree)
        if dotted.startswith("typer")
    }
    assert found == {"cli"}


def test_nothing_is_imported_by_computed_names() -> None:
    found = [
        (name, ast.unparse(node))
        for name, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and called(node.func) in ("import_module", "__import__")
    ]
    assert found == []


def test_only_the_command_line_prints_or_exits() -> None:
    found = set()
    for name, node in nodes(ast.Call, ast.Raise, ast.Attribute):
        if isinstance(node, ast.Call):
            plain = isinstance(node.func, ast.Name)
            if (plain and called(node.func) in ("print", "input", "exit", "quit")) or called(
                node.func
            ) in ("_exit", "abort", "Exit"):
                found.add((name, called(node.func)))
        elif isinstance(node, ast.Raise):
            raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if raised is not None and called(raised) in ("SystemExit", "Exit"):
                found.add((name, called(raised)))
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "sys.stdout",
            "sys.stderr",
            "sys.exit",
        ):
            found.add((name, node.attr))
    assert {name.partition(".")[0] for name, _ in found} == {"cli", "startup", "__main__"}
    assert {what for name, what in found if name == "startup"} == {"_exit"}
    assert {what for name, what in found if name == "__main__"} == {"_exit", "stdout", "stderr"}


def test_a_console_is_made_by_the_command_line_alone() -> None:
    found = {
        name
        for name, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and called(node.func) in ("Console", "Progress", "Live")
    }
    # the engine's own `Progress` is a value
    assert found <= {"cli.run", "cli.preview", "cli.streams", "engine"}


def test_files_are_opened_where_the_table_says() -> None:
    """The core gets bytes: `Source.open` is the one way in for it."""
    found = set()
    for name, node in nodes(ast.Call):
        assert isinstance(node, ast.Call)
        if ast.unparse(node.func) in ("self.source.open", "source.open", "self.open"):
            continue
        if called(node.func) in OPENERS:
            found.add((name, called(node.func)))
    assert found == FILES


def test_the_input_is_opened_by_the_source_alone() -> None:
    # the target opens what it writes, and so does scratch; the archive what the source has opened;
    # what lies elsewhere is opened for the source alone; a baseline is an earlier output
    opening = {name for name, what in FILES if what == "open"}
    on_streams = {"cli", "cli.streams"}
    assert opening - on_streams == {"source", "remote", "archive", "scratch", "target", "baseline"}
    opened = [
        ast.unparse(node)
        for name, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and name in on_streams and called(node.func) == "open"
    ]
    assert all("devnull" in call for call in opened)


def test_modules_that_open_something_are_imported_where_the_table_says() -> None:
    wrong = [
        f"{name} imports {dotted} in line {line}"
        for name, tree in modules().items()
        for line, dotted in imports(tree)
        if name not in IMPORTERS.get(dotted.partition(".")[0], {name})
    ]
    assert wrong == []


def test_tables_are_parsed_from_bytes_alone() -> None:
    """`read_csv` would open a path, and take a string for one."""
    found = [
        name
        for name, node in nodes(ast.Call)
        if isinstance(node, ast.Call) and called(node.func) == "read_csv"
    ]
    assert sorted(found) == ["block", "lines"]


def test_no_function_rebinds_a_global() -> None:
    assert [(name, ast.unparse(node)) for name, node in nodes(ast.Global)] == []


@pytest.mark.parametrize("name", ORDER)
def test_no_function_changes_what_a_module_holds(name: str) -> None:
    """A module's tables are built as it is imported, and stay as they are."""
    tree = modules()[name]
    held, imported = _held(tree), _imported(tree)
    changed = [
        f"{name}: line {node.lineno} changes `{base.id}`"
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.Lambda))
        for node, base in _changes(function)
        if base.id in held - _bound(function)
        # `np.append` is a function of a module, `sys.path.append` changes one
        and (name, base.id) not in CHANGED
        and not (base.id in imported and _is_load(node) and node.value is base)
    ]
    assert changed == []


@pytest.mark.parametrize("name", ORDER)
def test_no_name_of_a_module_is_bound_twice(name: str) -> None:
    bound = [
        target.id
        for statement in modules()[name].body
        if isinstance(statement, (ast.Assign, ast.AnnAssign))
        for target in ast.walk(statement)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    ]
    assert len(set(bound)) == len(bound)


def _held(tree: ast.Module) -> set[str]:
    """The names that a module binds: imported ones too, through which others could be changed."""
    names = _imported(tree)
    for statement in tree.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)):
            names |= {
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
    return names


def _imported(tree: ast.Module) -> set[str]:
    return {
        (alias.asname or alias.name).partition(".")[0]
        for statement in tree.body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        for alias in statement.names
    }


def _bound(function: ast.FunctionDef | ast.Lambda) -> set[str]:
    """The names that a function binds itself."""
    arguments = {node.arg for node in ast.walk(function.args) if isinstance(node, ast.arg)}
    stored = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return arguments | stored


Place = ast.Subscript | ast.Attribute


def _is_load(node: Place) -> bool:
    return isinstance(node.ctx, ast.Load)


def _changes(function: ast.AST) -> Iterator[tuple[Place, ast.Name]]:
    """What a function does to a name without binding it: `x[…] = …`, `x.y = …`, `x.append(…)`."""
    for node in ast.walk(function):
        place: Place
        if isinstance(node, (ast.Subscript, ast.Attribute)) and not _is_load(node):
            place = node
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in MUTATORS
        ):
            place = node.func
        else:
            continue
        base: ast.expr = place
        while isinstance(base, (ast.Subscript, ast.Attribute)):
            base = base.value
        if isinstance(base, ast.Name):
            yield place, base
