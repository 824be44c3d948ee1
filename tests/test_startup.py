"""What the command loads before it does what it is asked to, and Ctrl-C meanwhile."""

import ast
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import csvimport
from csvimport.cli import CANNOT_RUN, FOUND, INTERRUPTED, OK

DEADLINE = 30
#: The packages that take the longest to load.
HEAVY = {"numpy", "polars", "rich"}
#: What typer would read values by, what looks for the option, rule or column that was meant, and
#: objects for what is read as tables.
NEVER = {"pydantic", "pycountry", "rapidfuzz"}
#: What single kinds of values and faults need.
SPECIAL = {"chardet", "dateutil", "email_validator", "phonenumbers"}
CLEAN = "external_id,first_name,email,home_city\n1,Ana,ana@example.com,Lisbon\n"
#: Something of each special kind, in Windows-1252.
FAULTY = (
    "external_id,emial,email,phone,country,date_of_first_session\n"
    "1,é,ana@@example.com,020 7946 0000,Portugal,3 May 2024\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **environ},
        encoding="utf-8",
        timeout=DEADLINE,
        check=False,
    )


def loaded(*arguments: str, status: int = OK) -> set[str]:
    """The modules that the interpreter loads when it is started so."""
    done = python("-X", "importtime", *arguments)
    assert done.returncode == status, done.stderr
    modules = re.findall(r"^import time:[ 0-9|]+ ([\w.]+)$", done.stderr, re.MULTILINE)
    assert "site" in modules
    return set(modules)


# --- What is loaded ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["--help"], OK),
        (["check", "--help"], OK),
        (["--version"], OK),
        (["rules"], OK),
        (["rules", "--json"], OK),
        (["chekc"], CANNOT_RUN),
        (["check", "--no-such-option"], CANNOT_RUN),
    ],
)
def test_what_checks_nothing_loads_nothing_for_it(command: list[str], status: int) -> None:
    assert loaded("-m", "csvimport", *command, status=status) & (HEAVY | SPECIAL | NEVER) == set()


def test_a_rule_is_explained_without_tables() -> None:
    assert loaded("-m", "csvimport", "rule", "stray-quote") & {"numpy", "polars", "rich"} == set()


def test_a_check_loads_what_the_file_needs() -> None:
    Path("clean.csv").write_text(CLEAN, encoding="utf-8")
    Path("faulty.csv").write_text(FAULTY, encoding="cp1252")
    check = ("-m", "csvimport", "check", "--no-report")
    clean = loaded(*check, "clean.csv")
    assert clean >= HEAVY
    assert clean & (SPECIAL | NEVER) == set()
    assert loaded(*check, "faulty.csv", status=FOUND) >= SPECIAL


def test_the_package_alone_loads_nothing() -> None:
    modules = loaded("-c", "import csvimport; dir(csvimport)")
    assert {name for name in modules if name.startswith("csvimport")} == {"csvimport"}
    assert modules & HEAVY == set()


# --- The public names ----------------------------------------------------------------------------


def test_the_public_names_are_what_type_checkers_take_them_for() -> None:
    tree = ast.parse(Path(csvimport.__file__).read_text(encoding="utf-8"))
    homes = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    assert sorted(homes) == csvimport.__all__
    for name, home in homes.items():
        assert getattr(csvimport, name) is getattr(import_module(home), name)


def test_the_public_names_are_listed_and_can_all_be_imported() -> None:
    assert set(dir(csvimport)) >= {*csvimport.__all__, "__doc__"}
    namespace: dict[str, object] = {}
    exec("from csvimport import *", namespace)
    assert namespace.keys() - {"__builtins__"} == set(csvimport.__all__)


def test_there_are_no_other_names() -> None:
    with pytest.raises(AttributeError, match="module 'csvimport' has no attribute 'polars'"):
        getattr(csvimport, "polars")  # noqa: B009  (mypy knows that there is none)
    with pytest.raises(ImportError):
        exec("from csvimport import polars")


# --- Ctrl-C --------------------------------------------------------------------------------------

#: The command as a shell starts it in the foreground: tests may be run with SIGINT ignored.
COMMAND = (
    "-c",
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from csvimport.__main__ import main; sys.exit(main())",
)
#: A module that is interrupted while it is loaded, and does with that what some do.
INTERRUPTED_MODULE = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1_000_000):
        pass
except KeyboardInterrupt:
    raise RuntimeError("cannot be loaded") from None
"""


@pytest.mark.parametrize(
    ("module", "command"),
    [("typer", ["--help"]), ("polars", ["check", "clean.csv"]), ("numpy", ["check", "clean.csv"])],
)
def test_ctrl_c_while_modules_are_loaded(folder: Path, module: str, command: list[str]) -> None:
    Path("clean.csv").write_text(CLEAN, encoding="utf-8")
    Path("modules").mkdir()
    Path("modules", f"{module}.py").write_text(INTERRUPTED_MODULE, encoding="utf-8")
    path = os.pathsep.join([str(folder / "modules"), *filter(None, sys.path)])
    done = python(*COMMAND, *command, PYTHONPATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "")


@pytest.mark.parametrize("handler", ["SIG_IGN", "SIG_DFL"])
def test_ctrl_c_that_someone_else_takes_care_of(handler: str) -> None:
    done = python(
        "-c",
        f"import signal; handler = signal.{handler}; signal.signal(signal.SIGINT, handler)\n"
        "from csvimport import startup\n"
        "startup.begin(); assert signal.getsignal(signal.SIGINT) is handler\n"
        "startup.end(); assert signal.getsignal(signal.SIGINT) is handler\n",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_all_is_as_ever_once_the_check_begins() -> None:
    Path("clean.csv").write_text(CLEAN, encoding="utf-8")
    done = python(
        "-c",
        "import gc, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from csvimport.__main__ import main; from csvimport.job import Job\n"
        "def noted(*_, **__):\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "    assert gc.isenabled()\n"
        "    print('begins')\n"
        "    raise KeyboardInterrupt\n"
        "Job.__init__ = noted; sys.exit(main())",
        "check",
        "clean.csv",
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "begins\n", "")
