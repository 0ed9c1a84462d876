"""``profexd torture``: kill and restart, again and again, and show which promises were kept."""

from __future__ import annotations

import shutil
import signal
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.console import Console
from profexd.cli.places import Places, path_options
from profexd.cli.table import Cell, Heading, write_table
from profexd.wire import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from profexd.torture.findings import Findings

_KILLS = 100


@click.command()
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="file|s3|sftp|NAME",
    help="Where files go: a folder, a server, or a sink of the configuration. May be repeated.",
)
@click.option(
    "--set",
    "options",
    multiple=True,
    metavar="KEY=VALUE",
    help="A key of the sink's file, as in bucket=tests. May be repeated.",
)
@click.option("--kills", default=_KILLS, show_default=True, help="End after so many, per sink.")
@click.option("--minutes", type=float, help="End after so long, per sink, if not before.")
@click.option("--seed", type=int, help="Try the same kills in the same order again.")
@click.option("--folder", type=click.Path(path_type=Path), help="Work below it, and leave it.")
@click.option("--quiet", is_flag=True, help="Say only what was violated.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@path_options
@click.pass_obj
def command(
    places: Places,
    sinks: tuple[str, ...],
    options: tuple[str, ...],
    kills: int,
    minutes: float | None,
    seed: int | None,
    folder: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Kill daemons and workers of an installation made for it, and look at what is left.

    Touches nothing of yours but the sinks you name: there it works in a folder of its own, which
    it removes. Exit code 1 where a promise was not kept, 130 where it was cut off: the table says
    how far it came.
    """
    from profexd.torture.rounds import Torture
    from profexd.torture.sinks import place

    console = places.console
    seed = SystemRandom().randrange(10**6) if seed is None else seed
    chosen = [place(sink, places.paths.config, _pairs(options)) for sink in sinks or ("file",)]
    base = folder or Path(tempfile.mkdtemp(prefix="profexd-torture-"))
    console.say(f"seed {seed}, in {base}")
    tortures: list[Torture] = []
    for one in chosen:
        own = base / one.name
        own.mkdir(parents=True)

        def say(words: str, name: str = one.name) -> None:
            if not quiet or "violated" in words:
                console.say(f"{name}: {words}")

        tortures.append(
            Torture(own, place=one, random=Random(f"{seed} {one.name}"), say=say)  # noqa: S311 - no secret
        )
    ends = _run([partial(torture.run, kills, minutes) for torture in tortures])
    try:
        wait(ends)
        cut = False
    except KeyboardInterrupt:
        cut = True
        for torture in tortures:
            torture.stop()
        wait(ends)
    found = [torture.findings for torture in tortures]
    broken = any(findings.violations for findings in found)
    if folder is None and not broken and not cut:
        shutil.rmtree(base)
    elif folder is None:
        console.say(f"left for you to look at: {base}")
    if as_json:
        console.json([_json(findings, seed) for findings in found])
    else:
        _write(console, found)
    for end in ends:
        # What went wrong with the torture itself is told after what it found.
        end.result()
    if cut:
        return Exit.INTERRUPTED
    return Exit.FAILED if broken else Exit.OK


def _run(works: Sequence[Callable[[], object]]) -> list[Future[object]]:
    """Begin everything at once, each in a thread; TERM interrupts whoever waits, as INT does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threads = ThreadPoolExecutor(len(works), thread_name_prefix="torture")
    ends = [threads.submit(work) for work in works]
    threads.shutdown(wait=False)
    return ends


def _pairs(options: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise CommandError(
                f"--set {option}: there is no =",
                code="usage",
                hint="write --set KEY=VALUE",
                exit_code=Exit.USAGE,
            )
        pairs[key] = value
    return pairs


def _write(console: Console, found: Sequence[Findings]) -> None:
    from profexd.torture.findings import Invariant

    headings = [
        Heading("INVARIANT"),
        Heading("SINK"),
        Heading("KILLS", right=True),
        Heading("CHECKS", right=True, drop=1),
        Heading("VIOLATIONS", right=True),
    ]
    rows: list[list[Cell | str]] = [
        [
            Cell(str(invariant)),
            findings.sink,
            str(findings.kills),
            str(findings.checks[invariant]),
            Cell(str(count := findings.count(invariant)), "red" if count else ""),
        ]
        for findings in found
        for invariant in Invariant
    ]
    write_table(console, headings, rows)
    for findings in found:
        console.say(
            f"{findings.sink}: {findings.workers} workers and {findings.daemons} daemons killed in"
            f" {findings.rounds} rounds; readers saw {findings.files} files"
        )


def _json(findings: Findings, seed: int) -> dict[str, object]:
    from profexd.torture.findings import Invariant

    return {
        "sink": findings.sink,
        "seed": seed,
        "kills": {"worker": findings.workers, "daemon": findings.daemons},
        "rounds": findings.rounds,
        "files_seen": findings.files,
        "invariants": [
            {
                "invariant": invariant.name.lower(),
                "says": str(invariant),
                "checks": findings.checks[invariant],
                "violations": findings.count(invariant),
            }
            for invariant in Invariant
        ],
        "violations": [
            {
                "invariant": violation.invariant.name.lower(),
                "pipeline": violation.pipeline,
                "message": violation.words,
                "killed": violation.killed,
            }
            for violation in findings.violations
        ],
    }
