"""One issue a line, in the form in which editors and terminals find the place."""

from collections.abc import Iterator, Sequence

from csvimport.report.findings import findings
from csvimport.report.place import characters
from csvimport.report.printable import printable
from csvimport.report.telling import sentence
from csvimport.result import Result


def render(results: Sequence[Result]) -> Iterator[str]:
    """`path:line:column: severity rule message` for each issue; the file's own are at its start.

    The column counts characters from 1; where that is not known, it is 1.
    """
    for result in results:
        known = characters(result)
        for issue in findings(result):
            at = known.get((issue["rule"], issue["row"], issue["position"]), 1)
            place = f"{printable(issue['file'])}:{issue['line'] or 1}:{at}"
            yield f"{place}: {issue['severity']} {issue['rule']} {sentence(issue)}"
