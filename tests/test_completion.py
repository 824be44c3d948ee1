"""What a shell offers when Tab is pressed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from csvimport.cli import CANNOT_RUN, OK, main
from csvimport.rulebook import rulebook

DEADLINE = 60
BASH = shutil.which("bash")
#: Fills in what bash does before it calls the function of a completion.
DRIVER = """
eval "$(csvimport completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
$(complete -p csvimport | sed 's/.*-F \\([^ ]*\\) .*/\\1/') csvimport
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where the command is found by its name, as the shell will look for it."""
    command = tmp_path / "csvimport"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m csvimport "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return f"{tmp_path}{os.pathsep}{os.environ['PATH']}"


def offered(path: str, *words: str) -> list[str]:
    """What bash offers for the last one of these words."""
    if BASH is None:
        pytest.skip("there is no bash")
    done = subprocess.run(
        [BASH, "--norc", "-c", DRIVER, "bash", "csvimport", *words],
        capture_output=True,
        env={**os.environ, "PATH": path},
        encoding="utf-8",
        timeout=DEADLINE,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("words", [["rule"], ["check", "users.csv", "--ignore"]])
def test_names_of_rules_are_offered(path: str, words: list[str]) -> None:
    assert offered(path, *words, "") == list(rulebook())
    assert offered(path, *words, "stray") == ["stray-quote"]


def test_a_severity_is_offered_with_its_rule(path: str) -> None:
    expected = ["stray-quote=error", "stray-quote=warning"]
    assert offered(path, "check", "--severity", "stray") == expected


def test_commands_options_and_choices_are_offered(path: str) -> None:
    assert offered(path, "rul") == ["rules", "rule"]
    assert offered(path, "check", "--base") == ["--baseline"]
    assert offered(path, "check", "--kind", "") == ["auto", "attributes", "events"]


def test_files_are_left_to_the_shell(path: str) -> None:
    assert offered(path, "check", "") == []


def test_fish_is_told_by_the_status_that_files_are_its_own() -> None:
    def asked(words: str) -> int:
        fish = {"_CSVIMPORT_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "is-args"}
        environ = {**os.environ, **fish, "_TYPER_COMPLETE_ARGS": words}
        command = [sys.executable, "-m", "csvimport"]
        done = subprocess.run(command, env=environ, timeout=DEADLINE, check=False)
        return done.returncode

    assert (asked("csvimport rule stray"), asked("csvimport check x")) == (0, 1)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_printed(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == OK
    assert f"_CSVIMPORT_COMPLETE=complete_{shell}" in capsys.readouterr().out


def test_other_shells_have_no_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == CANNOT_RUN
    assert "`csh` is not one of `bash`, `zsh`, `fish`" in capsys.readouterr().err
