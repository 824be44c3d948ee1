"""How a command reads its options, and what `--help` shows of them: groups, then examples of use.

typer has groups only where `rich` draws them, and reads values by pydantic: to load either takes
longer than the help, or the check of a small file, should.
"""

from functools import partial
from pathlib import Path
from typing import Any, get_args

from typer.core import TyperCommand

#: Options of more characters have a line of their own.
_WIDEST = 30


class Command(TyperCommand):
    """Shows the options of each `rich_help_panel` under its name, and the epilog as it stands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # its own --help is none of the parameters, and has no value
        self.context_settings = {"default_map": {"help": False}, **self.context_settings}
        param: Any  # more than click says
        for param in self.params:
            param.get_runtime_param = partial(_Reader, param.get_runtime_param)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the command's name: not how a program would call the arguments."""
        params = self.get_params(ctx)
        return ["[OPTIONS]", *(each.metavar or each.name for each in params if _is_argument(each))]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the groups in the order of their first options."""
        groups: dict[str, list[tuple[str, str]]] = {}
        params = self.get_params(ctx)
        rest = "Other" if any(map(_panel, params)) else "Options"
        for param in params:
            group = "Arguments" if _is_argument(param) else _panel(param) or rest
            groups.setdefault(group, []).append(_record(param, ctx))
        widths = [len(name) for records in groups.values() for name, _ in records]
        # one width for all groups: the eye goes straight down
        width = max(each for each in widths if each <= _WIDEST)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), told) for name, told in records], _WIDEST)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (typer calls it so)
        """Write the epilog, whose lines are not to be joined."""
        if self.epilog:
            formatter.write_paragraph()
            formatter.write(self.epilog)


class _Reader:
    """Reads no value, what is one already, texts and paths; and has typer read all others."""

    def __init__(self, typers: Any) -> None:
        self.typers = typers

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        """`value` as what the parameter is declared to be."""
        kind = param.type_descriptor.annotation
        (one,) = get_args(kind) or (kind,)
        if value is None:
            return () if param.multiple else None
        if isinstance(value, list | tuple) and one in (str, Path):
            return [one(each) for each in value]
        if one in (str, Path):
            return one(value)
        if isinstance(value, kind):
            return value
        return self.typers().coerce(value, param=param, ctx=ctx)


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _record(param: Any, ctx: Any) -> tuple[str, str]:
    if _is_argument(param):
        return param.metavar or param.name, param.help or ""
    record: tuple[str, str] = param.get_help_record(ctx)
    return record


def _panel(param: Any) -> str | None:
    panel: str | None = param.rich_help_panel
    return panel
