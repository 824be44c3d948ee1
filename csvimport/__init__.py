"""Checks a CSV file before it is uploaded to a customer-engagement platform."""

TYPE_CHECKING = False  # as in typing, which would have to be loaded

if TYPE_CHECKING:
    from csvimport.api import check, start, write
    from csvimport.engine import Progress
    from csvimport.errors import (
        CsvImportError,
        OptionError,
        OutputError,
        RuleBookError,
        SourceError,
    )
    from csvimport.issue import Issue, Severity
    from csvimport.job import Job
    from csvimport.options import Options
    from csvimport.result import Result, Verdict
    from csvimport.workspace import Workspace

__all__ = [
    "CsvImportError",
    "Issue",
    "Job",
    "OptionError",
    "Options",
    "OutputError",
    "Progress",
    "Result",
    "RuleBookError",
    "Severity",
    "SourceError",
    "Verdict",
    "Workspace",
    "check",
    "start",
    "write",
]

# A module of the package can only be imported after this one: were polars loaded here, the command
# line would wait for it before it shows its help. mypy is not told, as it would take any name then.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in __all__:
            from csvimport import api, engine, errors, issue, job, options, result, workspace

            for module in (api, engine, errors, issue, job, options, result, workspace):
                if hasattr(module, name):
                    return getattr(module, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
