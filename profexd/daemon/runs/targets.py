"""Who may write which file: one run at a time, in the order in which they asked."""

from __future__ import annotations

from collections.abc import Iterable

from profexd.daemon.runs.runlog import RunLogs
from profexd.daemon.runs.supervisor import Child
from profexd.daemon.state.records import Run


class Targets:
    """The URIs that runs write.

    A run asks once, for all of them, and holds none while it waits: no two wait for each other.
    """

    def __init__(self) -> None:
        self._held: dict[str, frozenset[str]] = {}
        self._waiting: dict[str, frozenset[str]] = {}

    def take(self, run_id: str, uris: Iterable[str]) -> tuple[str, str] | None:
        """Let a run write ``uris``, or return a run that is to end before, and what it writes."""
        wanted = frozenset(uris)
        for other, theirs in [*self._held.items(), *self._waiting.items()]:
            if other != run_id and (both := wanted & theirs):
                self._waiting[run_id] = wanted
                return other, min(both)
        self._held[run_id] = wanted
        return None

    def hold(self, run_id: str, uris: Iterable[str]) -> None:
        """Take what a run had in an earlier life of the daemon."""
        self._held[run_id] = frozenset(uris)

    def behind(self, run_id: str) -> list[str]:
        """Return who waits for what a run has."""
        mine = self._held.get(run_id, frozenset())
        return [other for other, wanted in self._waiting.items() if mine & wanted]

    def let_go(self, run_id: str) -> list[str]:
        """Take everything from a run that is over; return the runs that may write now."""
        self._held.pop(run_id, None)
        self._waiting.pop(run_id, None)
        freed = []
        taken = set().union(*self._held.values())
        for other, wanted in list(self._waiting.items()):
            if taken.isdisjoint(wanted):
                self._held[other] = self._waiting.pop(other)
                freed.append(other)
            # Whoever asked earlier goes first, even where that one still waits.
            taken |= wanted
        return freed


class Turns:
    """Answers each run that asks to write its files when it may, and tells its log of waiting."""

    def __init__(self, logs: RunLogs) -> None:
        self._logs = logs
        self._targets = Targets()
        self._pipelines: dict[str, str] = {}
        self._unanswered: dict[str, tuple[Child, int]] = {}

    def keep(self, run: Run) -> None:
        """Let a run go on that had its turn in an earlier life of the daemon."""
        self._pipelines[run.run_id] = run.pipeline
        self._targets.hold(run.run_id, (file.uri for file in run.files))

    def ask(self, run: Run, child: Child, n: int) -> str | None:
        """Answer the message ``n`` of a run's child once no other run writes any of its files.

        Returns the run that it waits for, where it does.
        """
        self._pipelines[run.run_id] = run.pipeline
        first = self._targets.take(run.run_id, (file.uri for file in run.files))
        if first is None:
            child.acknowledge(n)
            return None
        other, uri = first
        self._unanswered[run.run_id] = (child, n)
        words = f"waits for run {other} of {self._pipelines[other]}, which writes {uri} too"
        self._logs.write(run.run_id, "info", words)
        return other

    def behind(self, run_id: str) -> list[str]:
        """Return the runs that wait for a file of this one."""
        return self._targets.behind(run_id)

    def refuse(self, run_id: str) -> None:
        """Answer a run that still waits: it is to end."""
        if run_id in self._unanswered:
            child, n = self._unanswered.pop(run_id)
            child.acknowledge(n, go=False)

    def over(self, run_id: str) -> None:
        """Let others write what a run wrote that is over."""
        self._pipelines.pop(run_id, None)
        self._unanswered.pop(run_id, None)
        for freed in self._targets.let_go(run_id):
            if freed in self._unanswered:
                child, n = self._unanswered.pop(freed)
                self._logs.write(freed, "info", "waits no longer")
                child.acknowledge(n)
