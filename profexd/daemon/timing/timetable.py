"""When each pipeline is due next, what is remembered of its name, and whether it is paused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from profexd.daemon.state.records import Memory, Pause
from profexd.daemon.state.store import Store
from profexd.daemon.timing.decide import ON_TIME, Due, due
from profexd.daemon.timing.schedule import latest, next_after, timing
from profexd.wire import Trigger

if TYPE_CHECKING:
    from profexd.config.model import Configuration, Schedule

log = logging.getLogger(__name__)

_CLOCK_STEP = timedelta(hours=1)
"""A cursor further ahead than this is the mark of a clock that was wrong."""


class Timetable:
    """Keeps the cursor of every pipeline; an instant is decided once, and written down first."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._memories = store.memories()
        self._pauses = store.pauses()
        self._contents: dict[str, str] = {}
        """What the files were last seen to say, as digests."""
        self._schedules: dict[str, Schedule] = {}
        self._enabled: set[str] = set()
        self._next: dict[str, datetime] = {}
        self._planned: dict[str, tuple[Schedule | None, Memory]] = {}
        """By what the next occurrence of each was found."""

    def memory(self, name: str) -> Memory:
        """Return what is remembered of a name that the configuration has."""
        return self._memories[name]

    def export_id(self, name: str) -> str:
        """Return the stable id of a pipeline, also of one whose file is gone."""
        memory = self._memories.get(name)
        return "0" if memory is None else memory.export_id

    def pause(self, name: str) -> Pause | None:
        """Return the pause of a pipeline that is not over."""
        pause = self._pauses.get(name)
        return None if pause is None or pause.over(self._now()) else pause

    def active(self, name: str) -> bool:
        """Whether a pipeline is there, enabled and not paused."""
        return name in self._enabled and self.pause(name) is None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Change what is written down and what is known here as one, or neither."""
        before = (
            dict(self._memories),
            dict(self._pauses),
            dict(self._next),
            self._schedules,
            self._enabled,
        )
        try:
            with self._store.transaction():
                yield
        except BaseException:
            self._memories, self._pauses, self._next, self._schedules, self._enabled = before
            self._planned.clear()
            raise

    def remember(self, configuration: Configuration) -> None:
        """Remember every name of a configuration, and decide on nothing."""
        now = self._now()
        with self.transaction():
            for name in configuration.pipelines.keys() - self._memories.keys():
                self._memories[name] = self._store.create_memory(name, now)
            read = {n: entry.content for n, entry in configuration.pipelines.items()}
            new = {n: text for n, text in read.items() if text and self._contents.get(n) != text}
            self._store.save_contents(new)
        self._contents |= new

    def apply(self, configuration: Configuration) -> None:
        """Take over the schedules of a configuration."""
        self.remember(configuration)
        now = self._now()
        schedules: dict[str, Schedule] = {}
        enabled: set[str] = set()
        with self.transaction():
            for name, entry in configuration.pipelines.items():
                if entry.pipeline is not None:
                    schedules[name] = entry.pipeline.schedule
                    if entry.pipeline.enabled:
                        enabled.add(name)
            self._schedules, self._enabled = schedules, enabled
            for name in self._memories:
                if name not in configuration.pipelines or name in schedules:
                    # A broken file with no good version changes nothing: what it misses is missed.
                    self._refresh(name, now, there=name in configuration.pipelines)
        self._next = {name: at for name, at in self._next.items() if name in schedules}
        self._planned = {name: by for name, by in self._planned.items() if name in schedules}
        for name, schedule in schedules.items():
            # To find the next occurrences of 1,000 schedules takes a while.
            if self._planned.get(name) != (schedule, self._memories[name]):
                self._plan(name)

    def set_pause(self, name: str, pause: Pause | None) -> None:
        """Pause a pipeline, or end its pause."""
        with self.transaction():
            # The old pause must be settled first: its end is a point in time.
            self._refresh(name, self._now())
            self._store.save_pause(name, pause)
            if pause is None:
                self._pauses.pop(name, None)
            else:
                self._pauses[name] = pause
            self._refresh(name, self._now())
        self._plan(name)

    def pauses_over(self, now: datetime) -> list[str]:
        """End the pauses whose time has passed; return the pipelines."""
        over = [name for name, pause in self._pauses.items() if pause.over(now)]
        for name in over:
            self.set_pause(name, None)
        return over

    def rewind(self, now: datetime) -> list[str]:
        """Take back cursors of a clock that was far ahead; return the pipelines."""
        ahead = [m for m in self._memories.values() if m.cursor > now + _CLOCK_STEP]
        for memory in ahead:
            log.warning("clock_went_back", extra={"pipeline": memory.name})
            with self.transaction():
                self._save(replace(memory, cursor=now))
                self._plan(memory.name)
        return [memory.name for memory in ahead]

    def due_names(self, now: datetime) -> list[str]:
        """Return the pipelines with something to decide, the most overdue first."""
        ready = [name for name, at in self._next.items() if at <= now]
        return sorted(ready, key=lambda name: self._next[name])

    def take(self, name: str, now: datetime, *, starting: bool) -> list[Due]:
        """Decide on every occurrence of a pipeline up to now, and move its cursor.

        Within ``transaction``, together with the runs that the occurrences ask for.
        """
        memory, schedule = self._memories[name], self._schedules[name]
        if schedule.kind == "once" and schedule.at is None:
            dues = [Due(now, Trigger.ONCE)]
        else:
            dues = due(schedule, memory.cursor, now, pipeline=name, starting=starting)
        if schedule.kind == "once":
            dues = [replace(one, trigger=Trigger.ONCE) for one in dues]
            memory = replace(memory, once_done=memory.once_done or bool(dues))
        self._save(replace(memory, cursor=max(memory.cursor, now)))
        self._plan(name)
        return dues

    def missed(self, name: str, now: datetime, *, starting: bool) -> datetime | None:
        """Return the last occurrence up to now that nothing comes of, by ``catch_up = "none"``.

        To be asked before ``take``.
        """
        schedule = self._schedules[name]
        if schedule.catch_up != "none" or (schedule.kind == "once" and schedule.at is None):
            return None
        last = latest(schedule, self._memories[name].cursor, now, pipeline=name)
        return last if last is not None and (starting or now - last > ON_TIME) else None

    def next_wake(self) -> datetime | None:
        """Return when something is due next, or a pause ends."""
        ends = [pause.until for pause in self._pauses.values() if pause.until is not None]
        return min([*self._next.values(), *ends], default=None)

    def _refresh(self, name: str, now: datetime, *, there: bool = True) -> None:
        """Move the cursor over what is not missed: time off, and another schedule's occurrences."""
        memory = self._memories[name]
        pause = self._pauses.get(name)
        active = there and name in self._enabled and (pause is None or pause.over(now))
        changed = memory
        schedule = self._schedules.get(name)
        if schedule is not None and timing(schedule) != memory.timing:
            changed = replace(changed, timing=timing(schedule), cursor=max(changed.cursor, now))
        if active and not memory.active:
            over = now if pause is None or pause.until is None else min(now, pause.until)
            changed = replace(changed, cursor=max(changed.cursor, over))
        changed = replace(changed, active=active)
        if changed != memory:
            self._save(changed)

    def _save(self, memory: Memory) -> None:
        self._store.save_memory(memory)
        self._memories[memory.name] = memory

    def _plan(self, name: str) -> None:
        self._next.pop(name, None)
        schedule = self._schedules.get(name)
        memory = self._memories[name]
        self._planned[name] = schedule, memory
        if schedule is None or not self.active(name):
            return
        if schedule.kind == "once" and memory.once_done:
            return
        if schedule.kind == "once" and schedule.at is None:
            self._next[name] = memory.cursor
            return
        following = next_after(schedule, memory.cursor, pipeline=name)
        if following is not None:
            self._next[name] = following
