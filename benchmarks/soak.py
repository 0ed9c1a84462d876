"""Lets a daemon do thousands of short, real runs, and looks for anything that grows."""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.many import Daemon, Look
from benchmarks.report import measured
from profexd.client import ClientError
from profexd.wire import RunStatus

PIPELINES = 4
_BROKEN = 4
"""The number of the pipeline that fails in each of its runs."""
_FAILS_EVERY = 25
_PREVIEWS_EVERY = 100
_AT_A_TIME = 2
_WARM_UP = 0.1
"""The part of the row that fills buffers and caches, and is left out of the comparison."""
_TOLERATED = 0.03
_KEEP = 500
_SPEAKER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("speaker.py")))
_INTRODUCTION = f"""\
One daemon with {PIPELINES} pipelines and one that always fails, {_AT_A_TIME} runs at a time, each a
process of its own; a client follows the events, every {_FAILS_EVERY}th run fails, and every
{_PREVIEWS_EVERY}th is accompanied by a preview. Runs are remembered for 5 minutes, their folders
kept for 10.
"""
_REAL = "Each run reads DuckDB and delivers a file:\n"
_SPOKEN = """\
The same with a worker that says all that a run says, and does no more: 10,000 real runs take hours,
and only the daemon is there from the first to the last.
"""
_SETTINGS = """\
[spool]
keep = "10m"
max_size = "1MB"
[history]
keep = "{history}"
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the daemon has after so many runs, while none is under way."""

    runs: int
    seconds: float
    process: Look
    database: int
    """Bytes of the database and what is not in it yet."""
    files: int
    """How many files and folders the state and the spool directory have."""
    remembered: int
    """How many runs have a log."""

    def row(self) -> str:
        """Return a row of the table."""
        process = self.process
        values = (
            f"{self.runs:,}",
            f"{process.rss / 1e6:.1f}",
            process.descriptors,
            process.threads,
            process.children,
            f"{self.database / 1e6:.2f}",
            self.files,
            self.remembered,
        )
        return f"| {' | '.join(map(str, values))} |"


def section(folder: Path, *, runs: int, spoken: int, seconds: float = 1e9) -> str:
    """Return what was found, as a section of the page; ends early after so many ``seconds``.

    ``spoken`` are runs whose worker says what it must, and does nothing.
    """
    found = [_INTRODUCTION]
    if runs:
        found += [_REAL, *soak(folder / "soak", runs=runs, seconds=seconds)]
    if spoken:
        found += [_SPOKEN, *soak(folder / "spoken", runs=spoken, seconds=seconds, worker=_SPEAKER)]
    return "\n".join([*found, measured()])


def soak(
    folder: Path,
    *,
    runs: int,
    looks: int = 20,
    history: str = "5m",
    seconds: float = 1e9,
    worker: Sequence[str] = (),
) -> list[str]:
    """Return what was found, as lines of a page."""
    settings = _SETTINGS.format(history=history)
    daemon = Daemon(folder, PIPELINES, settings=settings, worker=worker)
    daemon.pipeline(_BROKEN, broken=True)
    try:
        daemon.start()
        daemon.quiet()
        samples, ended = _row(daemon, runs=runs, looks=looks, seconds=seconds)
    finally:
        daemon.stop()
    return _page(samples, ended)


def _row(
    daemon: Daemon, *, runs: int, looks: int, seconds: float
) -> tuple[list[Sample], Counter[str]]:
    """Do the runs, some at a time; return what was seen on the way, and how they ended."""
    began = time.perf_counter()
    samples = [_sample(daemon, 0, 0.0)]
    ended: Counter[str] = Counter()
    step = max(1, runs // looks)
    print(samples[0].row(), flush=True)
    with daemon.client.events() as events:
        over = _ends(iter(events))
        for first in range(0, runs, step):
            _do(daemon, range(first, min(runs, first + step)), over, ended)
            # Whatever is older than history_keep goes now, and not within the hour.
            daemon.client.reload()
            daemon.quiet()
            samples.append(_sample(daemon, min(runs, first + step), time.perf_counter() - began))
            print(samples[-1].row(), f"{samples[-1].seconds:.0f} s", flush=True)
            if samples[-1].seconds > seconds:
                break
    return samples, ended


def _do(
    daemon: Daemon, numbers: Sequence[int], over: Iterator[tuple[str, str]], ended: Counter[str]
) -> None:
    """Do these runs; each begins as soon as one before it has ended."""
    waiting = list(reversed(numbers))
    under_way: dict[str, str] = {}
    while waiting or under_way:
        while waiting and len(under_way) < _AT_A_TIME:
            number = waiting.pop()
            # One after another, so that two runs of one pipeline are never under way.
            wanted = _BROKEN if number % _FAILS_EVERY == 0 else number % PIPELINES
            if f"p{wanted:04}" in under_way.values():
                wanted = next(n for n in range(PIPELINES) if f"p{n:04}" not in under_way.values())
            name = f"p{wanted:04}"
            under_way[daemon.client.run_now(name)["run_id"]] = name
            if number % _PREVIEWS_EVERY == 0:
                daemon.client.preview("p0000")
        run_id, status = next(over)
        name = under_way.pop(run_id)
        due = RunStatus.FAILED if name == f"p{_BROKEN:04}" else RunStatus.DONE
        assert status == due, f"{name}: {status}"
        ended[status] += 1


def _ends(events: Iterator[object]) -> Iterator[tuple[str, str]]:
    """Yield each run as it ends."""
    known: dict[str, None] = {}
    for event in events:
        if not isinstance(event, dict) or event.get("type") != "run":
            assert not isinstance(event, dict) or event.get("type") != "lagged", "lagged"
            continue
        run = event["run"]
        if RunStatus(run["status"]).finished and run["run_id"] not in known:
            known[run["run_id"]] = None
            if len(known) > _KEEP:
                del known[next(iter(known))]
            yield run["run_id"], run["status"]
    raise ClientError("the events have ended", code="ended")


def _sample(daemon: Daemon, runs: int, seconds: float) -> Sample:
    state, spool = daemon.folder / "state", daemon.folder / "spool"
    return Sample(
        runs=runs,
        seconds=seconds,
        process=daemon.look(),
        database=sum(path.stat().st_size for path in state.glob("profexd.db*")),
        files=sum(1 for root in (state, spool) for _ in root.rglob("*")),
        remembered=sum(1 for _ in (state / "logs").iterdir()),
    )


def _page(samples: list[Sample], ended: Counter[str]) -> list[str]:
    first, last = samples[0], samples[-1]
    total = last.runs
    cpu = (last.process.cpu - first.process.cpu) / total
    words = ", ".join(f"{count:,} {status}" for status, count in sorted(ended.items()))
    return [
        f"{total:,} runs in {last.seconds / 60:.0f} minutes: {words}. A run took"
        f" {1000 * last.seconds / total:.0f} ms, and {1000 * cpu:.1f} ms of the daemon's own CPU.",
        "",
        "| runs | MB | file descriptors | threads | children | database, MB |"
        " files below state and spool | logs |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(sample.row() for sample in samples),
        "",
        *_halves(samples),
        "",
    ]


def _halves(samples: list[Sample]) -> list[str]:
    """Compare both halves of what comes after the warm-up."""
    total = samples[-1].runs
    settled = [one for one in samples if one.runs >= _WARM_UP * total]
    middle = len(settled) // 2
    first, second = settled[:middle], settled[middle:]
    if not first:
        return []

    def row(what: str, values: Sequence[tuple[float, float]], unit: float = 1) -> str:
        before, after = (statistics.mean(half) / unit for half in values)
        grows = after > before * (1 + _TOLERATED) + 1 / unit
        return f"| {what} | {before:.1f} | {after:.1f} | {'grows ✗' if grows else '✓'} |"

    def both(read: str) -> Sequence[tuple[float, ...]]:
        return [tuple(getattr(one.process, read) for one in half) for half in (first, second)]

    per_run = [
        tuple(one.database / max(1, one.remembered) for one in half) for half in (first, second)
    ]
    return [
        f"After the first {_WARM_UP:.0%}, the mean of either half:",
        "",
        "| | first half | second half | |",
        "|---|--:|--:|---|",
        row("MB", both("rss"), 1e6),
        row("file descriptors", both("descriptors")),
        row("threads", both("threads")),
        row("children", both("children")),
        row("database, kB per run that is remembered", per_run, 1e3),
    ]
