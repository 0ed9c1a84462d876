"""The daemons that are watched: one alone, or several whose pipelines share one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from profexd.tui.columns import Look
from profexd.tui.naming import Named, host_of
from profexd.tui.ports import ControlClient
from profexd.tui.preferences import Host
from profexd.tui.store import Failure, Link, Message, State, aged, reduce

_LINKS = (Link.LIVE, Link.STALE, Link.RECONNECTING, Link.CONNECTING)
# Red is for whoever chooses it.
_FREE = ("cyan", "green", "magenta", "blue", "yellow", "white")


@dataclass(frozen=True, slots=True)
class Member:
    """One daemon; ``name`` is empty where it is watched alone."""

    name: str
    client: ControlClient
    host: Host | None = None

    @property
    def remote(self) -> bool:
        """Whether its files are on another machine."""
        return not self.client.where.startswith("/")


class Fleet:
    """Who is watched, and what is known of each; the states of all make one for the list.

    Where there are several, every pipeline is called HOST/NAME.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self._members = {member.name: member for member in members}
        self._states = {member.name: State() for member in members}
        self._whole: State | None = None

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    @property
    def several(self) -> bool:
        """Whether there are more than one."""
        return len(self._members) > 1

    @property
    def only(self) -> Member | None:
        """The one that is watched alone."""
        return None if self.several else next(iter(self))

    @property
    def state(self) -> State:
        """All that is known."""
        if self._whole is None:
            self._whole = merged(self._states)
        return self._whole

    @property
    def states(self) -> Mapping[str, State]:
        """What is known of each, by its name."""
        return self._states

    def member(self, name: str | None) -> Member:
        """Return who has the pipeline ``name``; the first where that names nobody."""
        found = self._members.get(host_of(name or ""))
        return found or next(iter(self))

    def state_of(self, name: str | None) -> State:
        """Return what is known of the daemon that has the pipeline ``name``."""
        return self._states[self.member(name).name]

    def take(self, member: str, message: Message) -> tuple[State, State]:
        """Take over what one of them has said; return its state before and after."""
        before = self._states[member]
        after = self._states[member] = reduce(before, message)
        self._whole = None
        return before, after

    def age(self, now: datetime) -> None:
        """Let time pass: a silent stream becomes stale."""
        for name, state in self._states.items():
            later = aged(state, now)
            if later is not state:
                self._states[name], self._whole = later, None

    def looks(self) -> Mapping[str, Look]:
        """Return how the rows of each of several are drawn."""
        if not self.several:
            return {}
        return {
            name: Look(
                member.host.accent if member.host else "",
                down=self._states[name].link is not Link.LIVE,
            )
            for name, member in self._members.items()
        }


def alone(client: ControlClient, host: Host | None = None) -> Fleet:
    """Return one daemon watched by itself."""
    return Fleet([Member("", client, host)])


def together(watched: Sequence[tuple[Host, ControlClient]]) -> Fleet:
    """Return several daemons in one list, each with a name and an accent of its own."""
    names = Counter(host.name for host, _ in watched)
    free = [accent for accent in _FREE if accent not in {host.accent for host, _ in watched}]
    members = []
    for number, (host, client) in enumerate(watched):
        accent = host.accent or (free or _FREE)[number % len(free or _FREE)]
        name = host.name if names[host.name] == 1 else host.address or host.name
        members.append(Member(name, Named(client, name), replace(host, name=name, accent=accent)))
    return Fleet(members)


def merged(states: Mapping[str, State]) -> State:
    """Return one state of several: connected where any is; it has failed where all have."""
    if len(states) == 1:
        return next(iter(states.values()))
    all_states = list(states.values())
    retries = [state.retry_at for state in all_states if state.retry_at is not None]
    return State(
        link=min((state.link for state in all_states), key=_LINKS.index),
        failure=_failures(states),
        attempt=max(state.attempt for state in all_states),
        retry_at=min(retries, default=None),
        loaded=any(state.loaded for state in all_states),
        pipelines=_union(state.pipelines for state in all_states),
        runs=_union(state.runs for state in all_states),
        current=_union(state.current for state in all_states),
        paces=_union(state.paces for state in all_states),
        trends=_union(state.trends or {} for state in all_states),
    )


def _failures(states: Mapping[str, State]) -> Failure | None:
    failed = [(name, state.failure) for name, state in states.items() if state.failure]
    if len(failed) < len(states):
        return None
    return Failure("hosts", "\n".join(f"{name}: {failure.message}" for name, failure in failed))


def _union(parts: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for part in parts:
        whole.update(part)
    return whole
