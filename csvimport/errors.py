"""What can go wrong outside the file that is checked.

    CsvImportError
    ├── OptionError      the caller asked for something that does not exist or contradicts itself
    ├── SourceError      the input cannot be read
    │   └── BrokenOffError   not to its end: what was read until then stands
    ├── OutputError      an output cannot be written
    └── RuleBookError    a rule's or a column list's TOML is broken

The faults of the file itself are issues, never exceptions. Every message is one line that a
person can act on.
"""


class CsvImportError(Exception):
    """The root: the caller's fault, or the tool could not run."""


class OptionError(CsvImportError):
    """The caller asked for something that does not exist or contradicts itself."""


class SourceError(CsvImportError):
    """The input cannot be read."""


class BrokenOffError(SourceError):
    """The input cannot be read to its end; what was read until then stands."""


class OutputError(CsvImportError):
    """An output cannot be written."""


class RuleBookError(CsvImportError):
    """A rule's or a column list's TOML is broken."""


#: An input would be told of in two versions.
CHANGED = "changed while it was read; check it again when nothing writes to it any more"


def reason(error: OSError) -> str:
    """The operating system's words for `error`, in the voice of this tool's messages."""
    words = error.strerror or str(error).partition(" (os error")[0] or type(error).__name__
    return words.lower()
