"""Runs one case in a process of its own and prints how long it took and how much memory it had."""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.inputs import Inputs

Write = Callable[[Path], None]
"""Writes one file; what is prepared before the clock starts is bound already."""


def main() -> None:
    """Read the job from the first argument, print the result as JSON."""
    job = json.loads(sys.argv[1])
    case = Case(**job["case"])
    folder = Path(job["folder"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write = _way(case, Inputs(Path(job["inputs"])))
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    write(folder)
    seconds = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "cpu": used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime,
                "size": sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
                "peak": peak(),
            }
        )
    )


def peak() -> int:
    """Return the most memory this program held; getrusage would count its parent's before exec."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM")


def _way(case: Case, inputs: Inputs) -> Write:
    # Imported late: each process holds no more libraries than its case needs.
    if case.way in ("profexd", "same text"):
        from benchmarks import own

        return own.way(case, inputs)
    if case.way in ("openpyxl", "xlsxwriter", "lxml"):
        from benchmarks import loops

        return loops.way(case, inputs)
    from benchmarks import engines

    return engines.way(case, inputs)


if __name__ == "__main__":
    main()
