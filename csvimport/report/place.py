"""At which character of its line an issue is, as far as that is known."""

from csvimport.report.telling import span_of_cell
from csvimport.result import Example, Result

Key = tuple[str, int | None, int | None]
"""The rule, row and position of an issue: several columns may have one name."""


def characters(result: Result) -> dict[Key, int]:
    """The characters, from 1, at which the first issues of rules are.

    Only of these is the row at hand as it stands in the file.
    """
    return {
        (each.issue.rule, each.issue.row, each.position): at + 1
        for each in result.examples
        if (at := _start(each, result.delimiter)) is not None
    }


def _start(example: Example, delimiter: str) -> int | None:
    text, start = example.text, example.at
    if text is None:
        return None
    if start is None and example.position is not None:
        start, _ = span_of_cell(text, example.position, delimiter)
    # behind a line end it is not the line of the issue any more
    if start is None or "\n" in text[:start] or "\r" in text[:start]:
        return None
    return start
