"""Who may write which file: one run at a time, in the order in which they asked."""

from __future__ import annotations

from collections.abc import Iterable


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
