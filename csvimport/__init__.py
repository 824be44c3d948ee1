"""Checks a CSV file before it is uploaded to a customer-engagement platform."""

from csvimport.api import check, start
from csvimport.engine import Progress
from csvimport.errors import CsvImportError, OptionError, OutputError, RuleBookError, SourceError
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
]
