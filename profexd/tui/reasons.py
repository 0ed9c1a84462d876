"""What decides whether an action can be done now, and the words for why it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from profexd.wire import PipelineJson, PipelineState, RunJson, RunStatus


@dataclass(frozen=True, slots=True)
class Context:
    """What decides whether an action can be done now.

    ``targets`` are the marked pipelines, else the one under the cursor; ``stoppable`` says
    whether any of them has a run that could be stopped; ``run`` is the one under the cursor.
    ``silent`` is a connection over which nothing comes any more.
    """

    connected: bool = False
    silent: bool = False
    loaded: bool = False
    read_only: bool = False
    role: str = ""
    targets: tuple[PipelineJson, ...] = ()
    stoppable: bool = False
    has_log: bool = False
    run: RunJson | None = None
    remote: bool = False


Check = Callable[[Context], str | None]
Label = Callable[[Context], str]


def always(_: Context) -> str | None:
    return None


def changes(context: Context) -> str | None:
    """Whether the daemon may be asked to do anything."""
    if not context.connected:
        return "not connected to the daemon"
    if context.read_only:
        return "started with --read-only"
    if context.role.lower() in ("viewer", "none"):
        return "your role is viewer; operators are named in [access] of profexd.toml"
    return None


def reads(context: Context) -> str | None:
    """Whether the daemon can be asked for something."""
    return None if context.connected else "not connected to the daemon"


def operates(context: Context) -> str | None:
    """Whether the caller may see customers' data: previews and logs."""
    if context.connected and context.role.lower() in ("viewer", "none"):
        return changes(Context(connected=True, role=context.role))
    return reads(context)


def edits(context: Context) -> str | None:
    """Whether files may be written from here; whether the caller may is the files' own matter."""
    if context.remote:
        return "files of another host are edited there"
    if context.read_only:
        return "started with --read-only"
    return None if context.loaded else "where the files are, the daemon has not said yet"


def edits_chosen(context: Context) -> str | None:
    """Whether the files of a pipeline may be written from here."""
    return edits(context) or (None if context.targets else "no pipeline is chosen")


def run(context: Context) -> str | None:
    """Whether any of the pipelines can be run now."""
    reason = changes(context) or _chosen(context)
    if reason or any(_run_refusal(pipeline) is None for pipeline in context.targets):
        return reason
    return _run_refusal(context.targets[0])


def _run_refusal(pipeline: PipelineJson) -> str | None:
    if pipeline["state"] == PipelineState.INVALID and not pipeline["uri"]:
        return "its configuration is invalid"
    if pipeline["state"] == PipelineState.HELD:
        return "its last run is held: a approves, X rejects it"
    if not pipeline["enabled"]:
        return "disabled: its file says enabled = false"
    if pipeline["paused"] is not None:
        return "paused: press t to resume it first"
    return None


def stop(context: Context) -> str | None:
    """Whether there is a run to stop."""
    reason = changes(context) or _chosen(context)
    if reason or context.stoppable:
        return reason
    held = all(held_run(pipeline) for pipeline in context.targets)
    return "its run is held: X rejects it" if held else "nothing is running"


def toggle(context: Context) -> str | None:
    """Whether pipelines can be paused or resumed."""
    return changes(context) or _chosen(context)


def toggle_label(context: Context) -> str:
    """What toggling would do."""
    paused = [pipeline["paused"] is not None for pipeline in context.targets]
    return "resume" if paused and all(paused) else "pause"


def decide(context: Context) -> str | None:
    """Whether there is a held run to decide on."""
    reason = changes(context) or _chosen(context)
    if reason or any(held_run(pipeline) for pipeline in context.targets):
        return reason
    return "no run of it is held"


def resend(context: Context) -> str | None:
    """Whether there is a delivered run whose files could be sent again."""
    reason = changes(context) or _chosen(context)
    return reason or (None if resendable(context) else "no delivered run of it is at hand")


def preview(context: Context) -> str | None:
    """Whether rows of a pipeline may be read."""
    return operates(context) or _chosen(context)


def look(context: Context) -> str | None:
    """Whether something of a pipeline can be shown."""
    return reads(context) or _chosen(context)


def chosen_log(context: Context) -> str | None:
    """Whether there is a log to show."""
    return preview(context) or (None if context.has_log else "it has never run")


def reconnect(context: Context) -> str | None:
    """Whether there is nothing to connect to."""
    return "connected" if context.connected and not context.silent else None


def held_run(pipeline: PipelineJson) -> RunJson | None:
    """Return the run of a pipeline that waits for somebody to decide."""
    last = pipeline["last_run"]
    return last if last is not None and last["status"] == RunStatus.HELD else None


def resendable(context: Context) -> RunJson | None:
    """Return the delivered run that is meant: the one under the cursor, else the last one."""
    last = context.targets[0]["last_run"] if len(context.targets) == 1 else None
    wanted = context.run or last
    return wanted if wanted is not None and wanted["status"] == RunStatus.DONE else None


def _chosen(context: Context) -> str | None:
    return None if context.targets else "no pipeline is chosen"
