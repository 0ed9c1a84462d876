"""The view's state as a pure reducer: messages of the feed go in, a new state comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from profexd.tui.pace import Pace, paced
from profexd.tui.trend import trend_of
from profexd.wire import (
    HEARTBEAT_SECONDS,
    TREND_RUNS,
    EventJson,
    InfoJson,
    PipelineJson,
    RunJson,
    RunStatus,
    TrendJson,
)

STALE_AFTER = timedelta(seconds=2 * HEARTBEAT_SECONDS)
RUNS_KEPT = 50
PIPELINES_KEPT = 30
"""So many pipelines beside the last one keep their fetched runs: memory has an end."""


class Link(StrEnum):
    """How the connection to the daemon stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    RECONNECTING = "reconnecting"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no connection: ``reason`` is a word of the client, or an error's code."""

    reason: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Connecting:
    """An attempt to connect has begun."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything, fetched anew."""

    info: InfoJson
    pipelines: Sequence[PipelineJson]
    boot_id: str
    seq: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Resumed:
    """The same daemon goes on where the stream had broken off."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """One event of the stream."""

    event: EventJson
    at: datetime


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection broke or could not be made; the next attempt comes at ``retry_at``."""

    failure: Failure
    attempt: int
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class RunsFetched:
    """The runs of one pipeline, newest first."""

    pipeline: str
    runs: Sequence[RunJson]


@dataclass(frozen=True, slots=True)
class TrendsFetched:
    """How the last runs of all pipelines did, oldest first."""

    trends: Mapping[str, Sequence[TrendJson]]


Message = Connecting | Snapshot | Resumed | Received | Lost | RunsFetched | TrendsFetched


@dataclass(frozen=True, slots=True)
class State:
    """All that the screens show. ``loaded`` says whether there ever was a snapshot."""

    link: Link = Link.CONNECTING
    failure: Failure | None = None
    attempt: int = 0
    retry_at: datetime | None = None
    heard_at: datetime | None = None
    loaded: bool = False
    info: InfoJson | None = None
    boot_id: str = ""
    seq: int = 0
    pipelines: Mapping[str, PipelineJson] = field(default_factory=dict)
    runs: Mapping[str, tuple[RunJson, ...]] = field(default_factory=dict)
    current: Mapping[str, RunJson] = field(default_factory=dict)
    paces: Mapping[str, Pace] = field(default_factory=dict)
    trends: Mapping[str, Sequence[TrendJson]] | None = None
    """None until somebody asks: a narrow list does not show them."""
    configured: int = 0
    """Grows whenever the daemon took over other files."""

    @property
    def connected(self) -> bool:
        """Whether commands can reach the daemon."""
        return self.link in (Link.LIVE, Link.STALE)


def reduce(state: State, message: Message) -> State:
    """Return the state after ``message``."""
    match message:
        case Connecting():
            return replace(state, link=Link.RECONNECTING if state.loaded else Link.CONNECTING)
        case Snapshot():
            return replace(
                state,
                link=Link.LIVE,
                failure=None,
                attempt=0,
                retry_at=None,
                heard_at=message.at,
                loaded=True,
                info=message.info,
                boot_id=message.boot_id,
                seq=message.seq,
                pipelines={pipeline["name"]: pipeline for pipeline in message.pipelines},
                runs={},
                current={},
                paces={},
                trends=None,
                configured=state.configured + 1,
            )
        case Resumed():
            return replace(
                state,
                link=Link.LIVE,
                failure=None,
                attempt=0,
                retry_at=None,
                heard_at=message.at,
            )
        case Received():
            return _received(state, message.event, message.at)
        case Lost():
            return replace(
                state,
                link=Link.RECONNECTING,
                failure=message.failure,
                attempt=message.attempt,
                retry_at=message.retry_at,
            )
        case RunsFetched():
            others = {k: v for k, v in state.runs.items() if k != message.pipeline}
            kept = dict(list(others.items())[-PIPELINES_KEPT:])
            return replace(state, runs={**kept, message.pipeline: tuple(message.runs)})

        case TrendsFetched():
            return replace(state, trends=message.trends)


def aged(state: State, now: datetime) -> State:
    """Return the state as time alone has changed it: a silent stream becomes stale."""
    if state.link is Link.LIVE and state.heard_at and now - state.heard_at > STALE_AFTER:
        return replace(state, link=Link.STALE)
    return state


def restarted(before: State, after: State) -> str | None:
    """Say that another daemon answers now, or return None."""
    if not before.boot_id or before.boot_id == after.boot_id:
        return None
    old = before.info["version"] if before.info else ""
    new = after.info["version"] if after.info else ""
    return f"daemon restarted, {old} → {new}" if old != new else "daemon restarted"


def latest_run(state: State, name: str) -> RunJson | None:
    """Return the run that is going on, else the last one that went on."""
    pipeline = state.pipelines.get(name)
    if pipeline is None:
        return None
    running = pipeline["running"]
    last = pipeline["last_run"]
    current = state.current.get(name)
    if running is not None:
        for run in (current, last, *state.runs.get(name, ())):
            if run is not None and run["run_id"] == running["run_id"]:
                return run
        return None
    return last or current


def latest_run_id(state: State, name: str) -> str | None:
    """Return the id of the run that is going on, else of the last one."""
    pipeline = state.pipelines.get(name)
    if pipeline is not None and pipeline["running"] is not None:
        return pipeline["running"]["run_id"]
    run = latest_run(state, name)
    return run["run_id"] if run else None


def stoppable_run_id(pipeline: PipelineJson, current: RunJson | None) -> str | None:
    """Return the id of the run that ``stop`` would end, or None."""
    if pipeline["running"] is not None:
        return pipeline["running"]["run_id"]
    for run in (current, pipeline["last_run"]):
        if run is not None and run["status"] in (RunStatus.PENDING, RunStatus.RUNNING):
            return run["run_id"]
    return None


def _received(state: State, event: EventJson, at: datetime) -> State:
    state = replace(state, seq=max(state.seq, event["seq"]), heard_at=at, link=Link.LIVE)
    match event["type"]:
        case "pipeline":
            pipelines = dict(state.pipelines)
            current = state.current
            if "gone" in event:
                pipelines.pop(event["gone"], None)
            if "pipeline" in event:
                told = event["pipeline"]
                pipelines[told["name"]] = told
                current = _without_ended(current, told)
            return replace(state, pipelines=pipelines, current=current)
        case "progress" if "name" in event and "running" in event:
            known = state.pipelines.get(event["name"])
            if known is None:
                return state
            name, running = event["name"], event["running"]
            advanced: PipelineJson = {**known, "running": running}
            return replace(
                state,
                pipelines={**state.pipelines, name: advanced},
                paces={**state.paces, name: paced(state.paces.get(name), running, at)},
            )
        case "config":
            return replace(state, configured=state.configured + 1)
        case "run" if "run" in event:
            return _run_changed(state, event["run"])
        case _:
            return state


def _without_ended(current: Mapping[str, RunJson], pipeline: PipelineJson) -> Mapping[str, RunJson]:
    """Forget the run that is over and that the pipeline itself carries now: memory has an end."""
    name, last = pipeline["name"], pipeline["last_run"]
    known = current.get(name)
    if known is None or last is None or known["run_id"] != last["run_id"]:
        return current
    if not RunStatus(known["status"]).finished:
        return current
    return {other: run for other, run in current.items() if other != name}


def _run_changed(state: State, run: RunJson) -> State:
    name = run["pipeline"]
    runs = state.runs
    if name in runs:
        others = tuple(known for known in runs[name] if known["run_id"] != run["run_id"])
        position = next(
            (i for i, known in enumerate(runs[name]) if known["run_id"] == run["run_id"]), 0
        )
        merged = (*others[:position], run, *others[position:])[:RUNS_KEPT]
        runs = {**runs, name: merged}
    paces = state.paces
    if name in paces and RunStatus(run["status"]).finished:
        paces = {other: pace for other, pace in paces.items() if other != name}
    state = replace(state, runs=runs, paces=paces, current={**state.current, name: run})
    over = trend_of(run) if state.trends is not None and run.get("origin") is None else None
    if state.trends is None or over is None:
        return state
    earlier = [one for one in state.trends.get(name, ()) if one["run_id"] != over["run_id"]]
    trends = {**state.trends, name: [*earlier, over][-TREND_RUNS:]}
    return replace(state, trends=trends)
