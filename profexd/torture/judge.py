"""Holds what a round left against what is promised: files, runs, state, and the disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from profexd.torture.findings import Findings, Invariant, Violation
from profexd.torture.reading import Row, Sighting, rows_of
from profexd.torture.site import Site, Stuck
from profexd.torture.targets import Session
from profexd.torture.warehouse import Warehouse
from profexd.wire import FileStatus, RunJson, RunStatus

if TYPE_CHECKING:
    from profexd.torture.rounds import Round

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
        warehouse: Warehouse,
        sessions: Mapping[str, Session],
        findings: Findings,
    ) -> None:
        self._site = site
        self._warehouse = warehouse
        self._sessions = sessions
        self._findings = findings
        self._true: set[Sighting] = set()
        """Every file that a run is on record to have built."""
        self._standing: dict[_File, str] = {}
        """What has to be there, by its SHA-256."""
        self._moved: dict[str, tuple[str, dict[str, Any]]] = {}
        """The last done run of each pipeline, and the state it left."""

    def round(self, this: Round, sightings: set[Sighting]) -> None:
        """Judge a round: what its runs say, what readers saw, what is there now."""
        for run in this.runs:
            self._true.update(
                Sighting(file["sink"], file["path"], file["sha256"], file["bytes"])
                for file in run["files"]
            )
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
        allowed = _allowed(this)
        first = this.runs[0]
        self._tell(
            Invariant.STATUS,
            this,
            [
                f"run {first['run_id']} is {first['status']} instead of"
                f" {' or '.join(sorted(allowed))}: {first['error']}"
            ]
            if first["status"] not in allowed
            else [],
        )
        # Later runs of a round catch up for one that was interrupted.
        self._tell(
            Invariant.SECOND,
            this,
            [
                f"run {later['run_id']} came after run {run['run_id']}, which is {run['status']}"
                for run, later in pairwise(this.runs)
                if run["status"] != RunStatus.INTERRUPTED
            ],
        )
        self._tell(Invariant.STATUS, this, filter(None, map(_untrue, this.runs)))

    # What is there

    def _files(self, this: Round) -> None:
        done = [run for run in this.runs if run["status"] == RunStatus.DONE]
        for run in done:
            for file in run["files"]:
                self._standing[file["sink"], file["path"]] = file["sha256"]
        there = {
            (sink, path): session.read(path)
            for sink, session in self._sessions.items()
            for path in session.visible()
        }
        sums = {
            file: hashlib.sha256(content).hexdigest()
            for file, content in there.items()
            if content is not None
        }
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
        for run in done:
            for sink in this.promise.sinks:
                self._content(this, run, sink, there)
            this.promise.delivered(self._warehouse)

    def _content(
        self, this: Round, run: RunJson, sink: str, there: Mapping[_File, bytes | None]
    ) -> None:
        files: list[list[Row]] = []
        for file in run["files"]:
            content = there.get((sink, file["path"]))
            if file["sink"] != sink or content is None:
                continue
            try:
                files.append(rows_of(file["path"], content))
            except (ValueError, OSError, EOFError) as why:
                self._tell(Invariant.PARTIAL, this, [f"{file['path']} cannot be read: {why}"])
                return
        wrong = this.promise.wrong(files, self._warehouse)
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
        found += [f"{name} in the spool" for name in self._site.spooled()]
        recorded = self._site.recorded()
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
        for sink, path in list(self._standing):
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


def _allowed(this: Round) -> set[str]:
    """Return how the first run of a round may have ended."""
    struck = next((one for one in this.struck if one.strike.action == "run"), None)
    if struck is None:
        return {"done", "interrupted"} if this.by_time else {"done"}
    cut = {"worker": "failed", "daemon": "interrupted"}[struck.strike.whom]
    match struck.publishing:
        case "granted":
            return {"done"}
        case "no":
            return {cut}
        case _:
            return {"done", cut}
