"""Holds what a round left against what is promised: files, runs, state, and the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from profexd.torture.chain import Chains
from profexd.torture.findings import Findings, Invariant, Violation
from profexd.torture.reading import MANIFEST, MARKER, Row, Sighting, rows_of
from profexd.torture.site import Site, Stuck
from profexd.torture.targets import Session
from profexd.wire import FileKind, FileStatus, RunJson, RunStatus, Trigger

if TYPE_CHECKING:
    from profexd.torture.driver import Round

_SOON = 3.0
"""Seconds that a daemon that is alive may take to clean up."""
_LATER = 20.0
"""Seconds for the next start to clean up."""

_File = tuple[str, str]
"""Sink and path."""


class Judge:
    """Looks after each round, with the daemon alive and nothing running."""

    def __init__(
        self,
        site: Site,
        chains: Chains,
        sessions: Mapping[str, Session],
        findings: Findings,
    ) -> None:
        self._site = site
        self._chains = chains
        self._sessions = sessions
        self._findings = findings
        self._true: set[Sighting] = set()
        """Every file that a run is on record to have built."""
        self._standing: dict[_File, str] = {}
        """What has to be there, by its SHA-256."""
        self._moved: dict[str, tuple[str, dict[str, Any]]] = {}
        """The last done run of each pipeline, and the state it left."""

    def round(self, this: Round, sightings: set[Sighting], early: Iterable[str]) -> None:
        """Judge a round: what its runs say, what readers saw, what is there now."""
        if this.promise.vouched:
            self._tell(Invariant.CHAIN, this, early)
        for run in this.runs:
            self._true.update(_sightings(run))
        self._seen(this, sightings)
        self._statuses(this)
        self._files(this)
        self.state(this)
        self._consume(this)

    # What readers saw

    def _seen(self, this: Round, sightings: set[Sighting]) -> None:
        self._findings.files += len(sightings)
        self._tell(
            Invariant.PARTIAL,
            this,
            (
                f"a reader saw {one.path} at {one.sink} with {one.size} bytes: no run built that"
                for one in sightings - self._true
            ),
        )

    # What runs say

    def _statuses(self, this: Round) -> None:
        for run in this.runs:
            allowed = _allowed(this, run)
            self._tell(
                Invariant.STATUS,
                this,
                [
                    f"run {run['run_id']} is {run['status']} instead of"
                    f" {' or '.join(sorted(allowed))}: {run['error']}"
                ]
                if run["status"] not in allowed
                else [],
            )
        # Later runs of a round catch up for one that was interrupted, unless somebody asked.
        asked = this.promise.followers
        self._tell(
            Invariant.SECOND,
            this,
            [
                f"run {later['run_id']} came after run {run['run_id']}, which is {run['status']}"
                for run, later in pairwise(this.runs)
                if run["status"] != RunStatus.INTERRUPTED
                and later["trigger"] not in (Trigger.RESEND, Trigger.EXPORT)
                and not asked
            ],
        )
        self._tell(Invariant.STATUS, this, filter(None, map(_untrue, this.runs)))
        for run in this.runs:
            before = this.built.get(run["origin"] or run["run_id"])
            if before is not None and run["status"] == RunStatus.DONE:
                self._tell(Invariant.APPROVED, this, _other(before, run))

    # What is held, or taken away

    def held(self, this: Round, run: RunJson) -> None:
        """Judge a run that waits for a decision: its files are kept, and nothing is anywhere."""
        run_id = run["run_id"]
        wrong = list(_other(this.built.setdefault(run_id, _sums(run)), run))
        wrong += [
            f"{path} at {sink} is there, and the run is held"
            for sink, session in self._sessions.items()
            for path in session.visible()
            if run_id in path
        ]
        if run_id not in self._site.spooled():
            wrong.append(f"run {run_id} is held, and its files are gone")
        self._tell(Invariant.APPROVED, this, wrong)
        self.state(this)

    def take(self, this: Round, run: RunJson) -> None:
        """Judge what a run delivered, then take it away."""
        self._true.update(_sightings(run))
        this.built[run["run_id"]] = _sums(run)
        self._delivery(this, run, self._there())
        for path in _taking_order({file["path"] for file in run["files"]}):
            for session in self._sessions.values():
                if path in session.visible():
                    session.remove(path)

    # What is there

    def _there(self) -> dict[_File, bytes]:
        return {
            (sink, path): content
            for sink, session in self._sessions.items()
            for path in session.visible()
            if (content := session.read(path)) is not None
        }

    def _files(self, this: Round) -> None:
        done = [
            run
            for run in this.runs
            if run["status"] == RunStatus.DONE and run["run_id"] not in this.taken
        ]
        for run in done:
            for file in run["files"]:
                self._standing[file["sink"], file["path"]] = file["sha256"]
        there = self._there()
        sums = {file: hashlib.sha256(content).hexdigest() for file, content in there.items()}
        expected = self._standing
        self._tell(
            Invariant.MISSING,
            this,
            [f"{path} at {sink} is not there" for sink, path in expected.keys() - sums.keys()],
        )
        self._tell(
            Invariant.SECOND,
            this,
            [f"{path} at {sink} is there" for sink, path in sums.keys() - expected.keys()],
        )
        self._tell(
            Invariant.PARTIAL,
            this,
            [
                f"{path} at {sink} is not what the last done run built"
                for sink, path in expected.keys() & sums.keys()
                if expected[sink, path] != sums[sink, path]
            ],
        )
        # Of several runs that wrote one file, the rows of the last that was delivered are there.
        for run in done[-1:] if this.promise.followers else done:
            this.warehouse = this.earlier.get(run["run_id"], this.warehouse)
            if run["origin"] is None:
                self._delivery(this, run, there)

    def _delivery(self, this: Round, run: RunJson, there: Mapping[_File, bytes]) -> None:
        for sink in this.promise.sinks:
            self._content(this, run, sink, there)
        this.promise.delivered(this.warehouse)
        if this.promise.vouched:
            names = {file["path"] for file in run["files"]}
            deliveries = {
                sink: {
                    path: content
                    for (at, path), content in there.items()
                    if at == sink and path in names
                }
                for sink in this.promise.sinks
            }
            wrong = self._chains.wrong(this.promise.name, run, deliveries)
            self._tell(Invariant.CHAIN, this, wrong)

    def _content(self, this: Round, run: RunJson, sink: str, there: Mapping[_File, bytes]) -> None:
        files: list[list[Row]] = []
        for file in run["files"]:
            content = there.get((sink, file["path"]))
            if file["sink"] != sink or content is None or file["kind"] != FileKind.DATA:
                continue
            try:
                files.append(rows_of(file["path"], content))
            except (ValueError, OSError, EOFError) as why:
                self._tell(Invariant.PARTIAL, this, [f"{file['path']} cannot be read: {why}"])
                return
        wrong = this.promise.wrong(files, this.warehouse)
        self._tell(Invariant.CHANGES, this, (f"{sink}: {words}" for words in wrong))

    # State

    def state(self, this: Round) -> None:
        """Judge the run state; a daemon may be dead or alive."""
        recorded = self._site.recorded()
        moved = []
        for name, state in recorded.states.items():
            done = recorded.last_done.get(name, "")
            before = self._moved.get(name, ("", {}))
            if state != before[1] and done == before[0]:
                moved.append(f"the state of {name} moved, and no run of it was done")
            kept = state.get("changes", {}).get("file", done)
            if not kept.startswith(done):
                moved.append(f"the state of {name} is of {kept}, and its last run is {done}")
            self._moved[name] = (done, state)
        self._tell(Invariant.STATE, this, moved)

    # Leftovers

    def left_nothing(self, this: Round, *, restart: Callable[[], None]) -> None:
        """Wait until nothing is left over, if need be until after the next start."""
        try:
            self._site.until(lambda: not self._leftovers(), "nothing is left", _SOON)
        except Stuck:
            restart()
            try:
                self._site.until(lambda: not self._leftovers(), "nothing is left", _LATER)
            except Stuck:
                self._tell(Invariant.LEFTOVER, this, self._leftovers())
                return
        self._tell(Invariant.LEFTOVER, this, ())

    def _leftovers(self) -> list[str]:
        found = [
            f"{path} at {sink}"
            for sink, session in self._sessions.items()
            for path in session.leftovers()
        ]
        recorded = self._site.recorded()
        spooled = set(self._site.spooled()) - recorded.spooled
        found += [f"{name} in the spool" for name in sorted(spooled)]
        if recorded.handles:
            found.append(f"{recorded.handles} handles in the run state")
        for name, state in recorded.states.items():
            named = {state["changes"]["file"]} if "changes" in state else set()
            kept = set(self._site.kept(name))
            found += [f"{file} kept for {name}" for file in sorted(kept - named)]
            found += [f"no {file} kept for {name}" for file in sorted(named - kept)]
        return found

    def _consume(self, this: Round) -> None:
        """Take away what was delivered under a name of its own."""
        ranked = {
            path: rank for rank, path in enumerate(_taking_order(p for _, p in self._standing))
        }
        for sink, path in sorted(self._standing, key=lambda file: ranked[file[1]]):
            if any(run["run_id"] in path for run in this.runs):
                self._sessions[sink].remove(path)
                del self._standing[sink, path]

    def _tell(self, invariant: Invariant, this: Round, wrong: Iterable[str]) -> None:
        self._findings.checks[invariant] += 1
        killed = [str(one.strike) for one in this.struck]
        killed += ["daemon by time"] * this.by_time
        for words in wrong:
            self._findings.violations.append(
                Violation(invariant, this.promise.name, words, ", then ".join(killed) or "nothing")
            )


def _untrue(run: RunJson) -> str:
    """Return what a run says of itself and its files that cannot both be."""
    published = sum(file["status"] == FileStatus.PUBLISHED for file in run["files"])
    of = f"run {run['run_id']} is {run['status']}, with {published} of {len(run['files'])} files"
    done = run["status"] == RunStatus.DONE
    return f"{of} published" if published != (len(run["files"]) if done else 0) else ""


def _allowed(this: Round, run: RunJson) -> set[str]:
    """Return how a run may have ended."""
    action = "run" if run["origin"] is None else "deliver"
    struck = next(
        (one for one in this.struck if (one.run_id, one.strike.action) == (run["run_id"], action)),
        None,
    )
    ends = {"stopped" if this.promise.held and this.scenario.reject else "done"}
    if struck is None:
        return ends | {"interrupted"} if this.disturbed else ends
    cut = {"worker": "failed", "daemon": "interrupted"}[struck.strike.whom]
    # What is written to be held waits, whatever dies.
    match struck.finished if this.promise.held else struck.publishing:
        case "granted":
            return ends
        case "no":
            return {cut}
        case _:
            return ends | {cut}


def _sightings(run: RunJson) -> Iterator[Sighting]:
    for file in run["files"]:
        yield Sighting(file["sink"], file["path"], file["sha256"], file["bytes"])


def _sums(run: RunJson) -> dict[str, str]:
    return {file["path"]: file["sha256"] for file in run["files"]}


def _other(before: Mapping[str, str], run: RunJson) -> Iterator[str]:
    """Yield which files of a run are not what they were."""
    now = _sums(run)
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            yield f"{path} of run {run['run_id']} is not what it was before"


def _taking_order(paths: Iterable[str]) -> list[str]:
    """What vouches for other files is taken first."""
    return sorted(paths, key=lambda path: (not path.endswith(MARKER), not path.endswith(MANIFEST)))
