"""Runs every contender on every input, each as a process of its own, and writes what that took.

`python benchmarks/bench.py [--folder F] [--megabytes N] [--rounds N] [INPUT...]` prints the results
as Markdown. After a warm-up all cases run in turn, round by round, so that what else the machine
does meets all of them. A case that fails or takes too long is told as such and not run again.

A process may begin with the peak of memory of the one that starts it. So this one stays small:
another writes the inputs, too.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from signal import SIGKILL
from textwrap import shorten
from typing import IO

from contenders import CONTENDERS, EVERY_FORM, command, is_installed
from results import (
    COMPARED,
    CUT,
    HELP,
    INPUTS,
    SMALL,
    Case,
    Outcome,
    Results,
    Run,
    bare_read,
    markdown,
)

HERE = Path(__file__).parent
CACHE = Path.home() / ".cache" / "csvimport-bench"


def cases_of(inputs: Iterable[str], megabytes: float, contenders: Collection[str]) -> list[Case]:
    """The cases of these inputs, and those that every run has."""
    cases = [bare_read(megabytes)]
    for name in inputs:
        size = megabytes * INPUTS[name].share
        if name in COMPARED:
            quick = (each for each in contenders if not CONTENDERS[each].is_slow)
            cases += [Case(contender, name, size) for contender in quick]
        elif "csvimport" in contenders:
            cases.append(Case("csvimport", name, size))
            if INPUTS[name].is_hostile:
                cases.append(Case("csvimport", name, size / 2))
        if name == "faulty":
            if "csvimport" in contenders:
                cases += [Case(EVERY_FORM, name, size / 2), Case(EVERY_FORM, name, size)]
            cut = min(CUT, megabytes)
            cases += [bare_read(cut), *(Case(contender, name, cut) for contender in contenders)]
    return list(dict.fromkeys([*cases, SMALL, HELP]))


class Bench:
    """Runs cases; their inputs stay in `folder` for the next time."""

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder, self.limit = folder, limit
        self.environment = os.environ | {"NODE_PATH": str(folder / "node_modules")}
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled

    def path(self, case: Case) -> Path:
        """The input of a case, written unless that was done since `inputs.py` changed."""
        path = self.folder / f"{case.megabytes:g}" / f"{case.input}.csv"
        writer = HERE / "inputs.py"
        if not path.exists() or path.stat().st_mtime < writer.stat().st_mtime:
            _say(f"writing {case.input}, {case.megabytes:g} MB")
            arguments = [str(path.parent), f"{case.megabytes:g}", case.input]
            subprocess.run([sys.executable, str(writer), *arguments], check=True)
        return path

    def outcomes(self, cases: list[Case], rounds: int) -> dict[Case, Outcome]:
        """All cases in turn, so many times, and once before without being counted."""
        paths = {case: str(self.path(case)) for case in cases if case.input}
        os.sync()  # so that nothing is still being written while the first ones run
        outcomes = {case: Outcome() for case in cases}
        with suppress(KeyboardInterrupt):  # what has been measured by then is told
            for number in range(rounds + 1):
                for case, outcome in outcomes.items():
                    if outcome.failure:
                        continue
                    run = self._run(case, paths.get(case, ""))
                    _say(f"round {number} of {rounds}: {_told(case, run)}")
                    if isinstance(run, str):
                        outcome.failure = run
                    elif number:
                        outcome.runs.append(run)
        return outcomes

    def _run(self, case: Case, path: str) -> Run | str:
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            if case == HELP:
                arguments = [sys.executable, "-m", "csvimport", "--help"]
            else:
                arguments = command(case.contender, path, f"{scratch}/rejects.csv")
            return self.run(arguments, Path(scratch))

    def stream(self, megabytes: float) -> Outcome:
        """One run on clean rows that are written while they are read."""
        writing = [sys.executable, str(HERE / "inputs.py"), "-", f"{megabytes:g}", "clean"]
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as scratch,
            subprocess.Popen(writing, stdout=subprocess.PIPE) as writer,
        ):
            reading = command("csvimport", "-", f"{scratch}/rejects.csv")
            run = self.run(reading, Path(scratch), writer.stdout)
            writer.kill()
        _say(_told(Case("csvimport", "stream", megabytes), run))
        return Outcome(failure=run) if isinstance(run, str) else Outcome([run])

    def run(self, arguments: list[str], scratch: Path, stdin: IO[bytes] | None = None) -> Run | str:
        """One process from its start to its end, or why it failed."""
        with (scratch / "out").open("w+b") as out, (scratch / "err").open("w+b") as err:
            start = time.perf_counter()
            with subprocess.Popen(
                arguments,
                stdin=stdin or subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=HERE.parent,
                env=self.environment,
            ) as process:
                timer = threading.Timer(self.limit, os.kill, (process.pid, SIGKILL))
                timer.start()
                try:
                    _, status, usage = os.wait4(process.pid, 0)
                finally:
                    timer.cancel()
                seconds = time.perf_counter() - start
                process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode == -SIGKILL and seconds >= self.limit:
                return f"killed after {self.limit:g} s"
            if process.returncode:
                return _reason(err.read().decode(errors="replace"), process.returncode)
            unit = 1 if sys.platform == "darwin" else 1024
            return Run(seconds, usage.ru_maxrss * unit, out.read().decode(errors="replace"))


def _reason(said: str, status: int) -> str:
    """The line of a traceback that names the error, or else the last one."""
    lines = said.strip().splitlines() or [f"exit status {status}"]
    named = [line for line in lines if line.split(":")[0].endswith("Error")]
    line = re.sub(r"^[\w.]+\.(?=\w*Error:)", "", (named or lines)[-1])
    return shorten(line.replace("`", "'"), 80, placeholder=" …")


def _told(case: Case, run: Run | str) -> str:
    took = run if isinstance(run, str) else f"{run.seconds:.2f} s, {run.peak / 1e6:.0f} MB"
    size = f"{case.megabytes:g} MB" if case.input else ""
    return f"{' '.join(filter(None, [case.contender, case.input, size]))}: {took}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Run what the arguments ask for and tell the results."""
    parser = argparse.ArgumentParser(
        description="Run every contender on every input and tell what that took, as Markdown."
    )
    add = parser.add_argument
    add("inputs", metavar="INPUT", nargs="*", help=f"by default all: {', '.join(INPUTS)}")
    add(
        "--contender",
        metavar="NAME",
        dest="contenders",
        action="append",
        help=f"may be repeated; by default all that are installed: {', '.join(CONTENDERS)}",
    )
    add("--folder", type=Path, default=CACHE, help="where the inputs are kept (%(default)s)")
    add("--megabytes", type=float, default=500, help="of an input (%(default)s)")
    add("--rounds", type=int, default=5, help="that count, after a first one (%(default)s)")
    add("--limit", type=float, default=300, help="seconds until a run is killed (%(default)s)")
    add(
        "--stream",
        action="store_true",
        help="also a stream of that size, and one ten times as long",
    )
    add("--results", type=Path, help="where to write the results, by default standard output")
    options = parser.parse_args()
    for found, known in ((options.inputs, INPUTS), (options.contenders or [], CONTENDERS)):
        for name in found:
            if name not in known:
                parser.error(f"found `{name}`, expected one of {', '.join(known)}")
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    asked = options.contenders or list(CONTENDERS)
    contenders = [name for name in asked if is_installed(name, folder)]
    if missing := [name for name in asked if name not in contenders]:
        _say(f"not installed: {', '.join(missing)}")
    bench = Bench(folder, options.limit)
    cases = cases_of(options.inputs or INPUTS, options.megabytes, contenders)
    outcomes = bench.outcomes(cases, options.rounds)
    sizes = [options.megabytes, 10 * options.megabytes] if options.stream else []
    bench.limit *= 10
    results = Results(options.megabytes, outcomes, {size: bench.stream(size) for size in sizes})
    if options.results:
        options.results.write_text(markdown(results), "utf-8")
    else:
        print(markdown(results), end="")


if __name__ == "__main__":
    main()
