"""Compiles what is written in C, where there is a compiler; without one, checks take longer."""

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

_COMPILER = os.environ.get("CC") or "cc"
_OPTIONS = "-std=c11 -O3 -fPIC -shared"
_SOURCES, _RESULT = "csvimport/*.c", "csvimport/_compiled.so"


class Compile(BuildHookInterface):  # type: ignore[misc]
    """Puts the result beside the sources, and into the wheel, then one of this platform."""

    def initialize(self, _: str, build_data: dict[str, Any]) -> None:
        """Called before the files of a wheel are collected; of an editable one, too."""
        root = Path(self.root)
        sources = map(str, sorted(root.glob(_SOURCES)))
        command = [*shlex.split(f"{_COMPILER} {_OPTIONS}"), "-o", _RESULT, *sources]
        try:
            (root / _RESULT).unlink(missing_ok=True)
            subprocess.run(command, check=True, cwd=root)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.display_warning(f"{_SOURCES} was not compiled, so checks take longer: {error}")
            return
        # as installers know it: not by the minor version of macOS, nor by what runs elsewhere, too
        others = ("manylinux", "musllinux")
        platform = next(each for each in platform_tags() if not each.startswith(others))
        build_data["tag"] = f"py3-none-{platform}"
        build_data["pure_python"] = False
        build_data["artifacts"].append(_RESULT)
