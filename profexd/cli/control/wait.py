"""Waits for the end of a run by its events, through lost connections and a restarted daemon."""

from __future__ import annotations

import time
from threading import Timer

from profexd.cli.console import Console
from profexd.cli.progress import Progress
from profexd.client import Client, EventStream, Unreachable
from profexd.wire import EventJson, RunJson, RunStatus

PATIENCE_SECONDS = 30.0
"""How long a daemon that went away may take to come back."""
_RETRY_SECONDS = 0.5


class TimedOut(Exception):
    """The run had not ended in time."""


def wait_for_end(
    client: Client,
    events: EventStream,
    run: RunJson,
    *,
    timeout: float | None,
    console: Console,
) -> RunJson:
    """Return the run once it has ended or is held, following ``events``, which began before it.

    Raises TimedOut, and Unreachable when the daemon stays away.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    progress = Progress(console, run["run_id"])
    try:
        while not _ended(run):
            try:
                run = _follow(events, run, deadline, progress)
                if not _ended(run):
                    run = client.run(run["run_id"])
                    if _expired(deadline):
                        break
                    events.close()
                    events = client.events()
                    run = client.run(run["run_id"])
            except Unreachable as error:
                events.close()
                events, run = _come_back(client, run["run_id"], deadline, error)
        if not _ended(run):
            raise TimedOut
        return run
    finally:
        events.close()
        progress.clear()


def _follow(
    events: EventStream, run: RunJson, deadline: float | None, progress: Progress
) -> RunJson:
    """Return the run at its end, or as last seen when events were lost or time is up."""
    alarm = None
    if deadline is not None:
        alarm = Timer(max(deadline - time.monotonic(), 0.0), events.close)
        alarm.daemon = True
        alarm.start()
    try:
        for event in events:
            if event["type"] == "lagged":
                return run
            run = _after(event, run, progress)
            if _ended(run):
                return run
        return run
    finally:
        if alarm is not None:
            alarm.cancel()


def _after(event: EventJson, run: RunJson, progress: Progress) -> RunJson:
    progress.show(event)
    if event["type"] == "run" and event["run"]["run_id"] == run["run_id"]:
        return event["run"]
    return run


def _come_back(
    client: Client, run_id: str, deadline: float | None, lost: Unreachable
) -> tuple[EventStream, RunJson]:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        if _expired(deadline):
            raise TimedOut from lost
        if time.monotonic() > give_up:
            raise lost
        try:
            events = client.events()
        except Unreachable:
            time.sleep(_RETRY_SECONDS)
            continue
        try:
            return events, client.run(run_id)
        except Unreachable:
            events.close()


def _ended(run: RunJson) -> bool:
    status = RunStatus(run["status"])
    return status.finished or status is RunStatus.HELD


def _expired(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
