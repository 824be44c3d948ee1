"""Many runs of the command on mixed inputs, with accidents: what is left, and what is wrong.

`make soak` runs it for a time: `python tests/soak.py SECONDS [SEED]`. It ends with a table.
"""

import csv
import gc
import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import csvimport

#: Rows of the larger inputs: a run takes a second or so, in which an accident can happen.
_ROWS = 60_000
_WAIT = 120
#: What each accident may end with, beside the status of a run without one.
_STATUSES = {
    "none": set[int](),
    "SIGINT": {130},
    "SIGTERM": {130, -signal.SIGTERM},  # the latter before there is anything to save
    "SIGKILL": {-signal.SIGKILL},
    "file size limit": {2},
    "a GB of memory": set[int](),
    "reader gone": set[int](),
}
#: In bytes, of addresses: has to do.
_MEMORY = 1 << 30


def inputs(choose: random.Random) -> dict[str, bytes]:
    """Files of several kinds, sound and broken."""
    rows = [
        f"id-{n},p{n}@example.com,{choose.choice(['gold', 'silver', '', 'x y'])},{n % 97}\n"
        for n in range(_ROWS)
    ]
    faulty = rows.copy()
    for n in choose.sample(range(_ROWS), _ROWS // 50):
        faulty[n] = choose.choice(
            [
                f'id-{n},"open,x,1\n',
                f"id-{n},not an address,x,1\n",
                "short\n",
                "\n",
                f"id-1,,é{n},\n",
            ]
        )
    header = "external_id,email,plan,visits\n"
    clean, broken = header + "".join(rows), header + "".join(faulty)
    return {
        "clean": clean.encode(),
        "faulty": broken.encode(),
        "utf-16": broken.encode("utf-16"),
        "windows-1252": broken.encode("cp1252"),
        "crlf": broken.replace("\n", "\r\n").encode(),
        "small": (header + "".join(faulty[:50])).encode(),
        "empty": b"",
        "quotes": b'"' * 100_000,
    }


@dataclass
class Soak:
    """The folder in which all happens, what each input should come to, and what went wrong."""

    folder: Path
    choose: random.Random
    right: dict[str, tuple[int, dict[str, Any], bytes]] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def run(self, name: str, accident: str) -> None:
        """One run of the command, and a look at what it has left."""
        report, told = self.folder / "out" / "report.csv", self.folder / "out" / "told.json"
        for path in (report, told):
            path.unlink(missing_ok=True)
        with told.open("wb") as out:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "csvimport", "check", str(self.folder / name)),
                    *("--report", str(report), "--format", "json", "--now", "2026-01-01"),
                ],
                stdout=subprocess.PIPE if accident == "reader gone" else out,
                stderr=subprocess.PIPE,
                env=os.environ | {"TMPDIR": str(self.folder / "tmp")},
            )
            self._limit(process.pid, accident)
            if accident == "reader gone":
                assert process.stdout is not None
                process.stdout.close()
            if accident.startswith("SIG"):
                time.sleep(self.choose.uniform(0.3, 2))  # before, there is nothing to lose
                process.send_signal(getattr(signal, accident))
            assert process.stderr is not None
            said = process.stderr.read().decode()
            status = process.wait(_WAIT)
        self.runs[accident] += 1
        self._judge(name, accident, status, said, report, told)

    def _limit(self, process: int, accident: str) -> None:
        """Set the limit of a process that has just begun."""
        if accident == "file size limit":
            size = self.choose.choice([0, 100, 10_000])
            resource.prlimit(process, resource.RLIMIT_FSIZE, (size, size))
        if accident == "a GB of memory":
            resource.prlimit(process, resource.RLIMIT_AS, (_MEMORY, _MEMORY))

    def _judge(
        self, name: str, accident: str, status: int, said: str, report: Path, told: Path
    ) -> None:
        if name not in self.right:
            data = report.read_bytes() if report.exists() else b""
            self.right[name] = (status, _facts(told.read_bytes()), data)
        right, facts, lines = self.right[name]
        what = f"{name}, {accident}: status {status}, {said.strip()!r}"
        if status not in {right, *_STATUSES[accident]} or "Traceback" in said or "bug" in said:
            self.wrong.append(what)
        elif status == right and accident != "reader gone":
            if _facts(told.read_bytes()) != facts:
                self.wrong.append(f"{what}: another result")
            elif lines and report.read_bytes() != lines:
                self.wrong.append(f"{what}: another report")
        if status == 2 and not all(each.startswith("csvimport: ") for each in said.splitlines()):
            self.wrong.append(f"{what}: not said in a line")
        if report.exists() and not _is_whole(report.read_bytes()):
            self.half.append(what)
        # a process that was killed can clean up no more: the next one does
        if accident != "SIGKILL":
            self.left += [f"{what}: {path}" for path in (self.folder / "tmp").iterdir()]
            others = set((self.folder / "out").iterdir()) - {report, told}
            self.left += [f"{what}: {path}" for path in others]


def _facts(document: bytes) -> dict[str, Any]:
    if not document:
        return {}
    facts: dict[str, Any] = json.loads(document)["files"][0]
    return {key: value for key, value in facts.items() if key != "elapsed_seconds"}


def _is_whole(report: bytes) -> bool:
    rows = list(csv.reader(io.StringIO(report.decode("utf-8-sig"), newline="")))
    return report.endswith(b"\r\n") and {len(row) for row in rows} == {len(rows[0])}


def library(folder: Path, names: list[str], runs: int) -> tuple[int, int, float]:
    """Threads, descriptors and MB a run that checks in one process leave behind."""
    memory: list[float] = []
    before = (0, 0)
    for index in range(runs):
        csvimport.check(folder / names[index % len(names)], report=folder / "library.csv")
        if index == runs // 2:
            before = _held()
        gc.collect()
        memory.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6)
    threads, files = (now - then for now, then in zip(_held(), before, strict=True))
    # single figures go up and down with the file that was checked last
    third = runs // 3
    middle, late = median(memory[third : 2 * third]), median(memory[2 * third : 3 * third])
    return threads, files, (late - middle) / third


def _held() -> tuple[int, int]:
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def main(seconds: float, seed: int) -> int:
    """Run for some time; print what happened."""
    choose, end = random.Random(seed), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("tmp", "out"):
            (folder / each).mkdir()
        files = inputs(choose)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        soak = Soak(folder, choose)
        for file in files:
            soak.run(file, "none")
        while time.monotonic() < end:
            soak.run(choose.choice([*files]), choose.choice([*_STATUSES]))
        soak.run("small", "none")  # cleans up behind those that were killed
        threads, descriptors, slope = library(folder, [*files], runs=120)
    faults = soak.runs.total() - soak.runs["none"]
    print(f"seed {seed}, {seconds:g} s; {dict(soak.runs)}")
    rows = {
        "runs": soak.runs.total(),
        "accidents": faults,
        "wrong verdicts": len(soak.wrong),
        "half-written files": len(soak.half),
        "files left": len(soak.left),
        "threads left in a process": threads,
        "descriptors left in a process": descriptors,
        "MB a run in a process": round(slope, 2),
    }
    for what, number in rows.items():
        print(f"| {what} | {number} |")
    for each in [*soak.wrong, *soak.half, *soak.left][:20]:
        print(each)
    return bool(soak.wrong or soak.half or soak.left or threads or descriptors)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())))
