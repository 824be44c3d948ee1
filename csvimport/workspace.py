"""The workspace file: what holds for all files of one workspace."""

from pathlib import Path

import msgspec

from csvimport.errors import OptionError, reason
from csvimport.issue import Severity
from csvimport.rulebook import known_rule


class Workspace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`ignore`: rules that are not reported; `severity`: rules that are reported as another."""

    ignore: list[str] = []
    severity: dict[str, Severity] = {}


def read(path: Path) -> Workspace:
    """The workspace file at `path`; an OptionError that names what is wrong with it."""
    try:
        workspace: Workspace = msgspec.toml.decode(path.read_bytes(), type=Workspace)
        for rule in (*workspace.ignore, *workspace.severity):
            known_rule(rule)
    except OSError as error:
        raise OptionError(f"{path}: {reason(error)}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, OptionError) as error:
        text = str(error).replace("\n", " ")
        raise OptionError(f"{path}: {text}") from None
    return workspace
