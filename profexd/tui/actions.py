"""The one table of actions: bindings, footer, help, palette, menus and the docs come from it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from profexd.wire import PipelineJson, PipelineState


class Place(StrEnum):
    """Where an action's keys are heard."""

    EVERYWHERE = "Everywhere"
    LIST = "Pipelines"
    LOG = "Log"


@dataclass(frozen=True, slots=True)
class Context:
    """What decides whether an action can be done now.

    ``targets`` are the marked pipelines, else the one under the cursor; ``stoppable`` says
    whether any of them has a run that could be stopped.
    """

    connected: bool = False
    loaded: bool = False
    read_only: bool = False
    role: str = ""
    targets: tuple[PipelineJson, ...] = ()
    stoppable: bool = False
    has_log: bool = False


Check = Callable[[Context], str | None]
Label = Callable[[Context], str]


def _always(_: Context) -> str | None:
    return None


def _changes(context: Context) -> str | None:
    if not context.connected:
        return "not connected to the daemon"
    if context.read_only:
        return "started with --read-only"
    if context.role.lower() in ("viewer", "none"):
        return "your role is viewer; operators are named in [access] of profexd.toml"
    return None


def _reads(context: Context) -> str | None:
    return None if context.connected else "not connected to the daemon"


def _chosen(context: Context) -> str | None:
    return None if context.targets else "no pipeline is chosen"


def _run(context: Context) -> str | None:
    reason = _changes(context) or _chosen(context)
    if reason or any(_run_refusal(pipeline) is None for pipeline in context.targets):
        return reason
    return _run_refusal(context.targets[0])


def _run_refusal(pipeline: PipelineJson) -> str | None:
    if pipeline["state"] == PipelineState.INVALID and not pipeline["uri"]:
        return "its configuration is invalid"
    if not pipeline["enabled"]:
        return "disabled: its file says enabled = false"
    if pipeline["paused"] is not None:
        return "paused: press t to resume it first"
    return None


def _stop(context: Context) -> str | None:
    reason = _changes(context) or _chosen(context)
    return reason or (None if context.stoppable else "nothing is running")


def _toggle(context: Context) -> str | None:
    return _changes(context) or _chosen(context)


def _toggle_label(context: Context) -> str:
    paused = [pipeline["paused"] is not None for pipeline in context.targets]
    return "resume" if paused and all(paused) else "pause"


def _preview(context: Context) -> str | None:
    return _reads(context) or _chosen(context)


def _log(context: Context) -> str | None:
    reason = _preview(context)
    return reason or (None if context.has_log else "it has never run")


def _reconnect(context: Context) -> str | None:
    return "connected" if context.connected else None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does. ``footer`` ranks it in the footer; 0 keeps it out."""

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    where: Place
    footer: int = 0
    menu: bool = False
    danger: bool = False
    enabled: Check = _always
    relabel: Label | None = None

    def label_for(self, context: Context) -> str:
        """Return the label that fits the chosen pipelines."""
        return self.relabel(context) if self.relabel else self.label


_L, _G, _W = Place.LIST, Place.LOG, Place.EVERYWHERE

# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("reconnect", ("r",), "retry now", "connect again at once, while disconnected", _L,
           footer=1, enabled=_reconnect),
    Action("run", ("r",), "run", "run now (all marked)", _L, footer=1, menu=True, enabled=_run),
    Action("stop", ("x",), "stop", "stop the run (asks first)", _L,
           footer=2, menu=True, danger=True, enabled=_stop),
    Action("toggle", ("t",), "pause", "pause (asks for a reason) or resume", _L,
           footer=3, menu=True, enabled=_toggle, relabel=_toggle_label),
    Action("preview", ("p",), "preview", "first rows of the query", _L,
           footer=4, menu=True, enabled=_preview),
    Action("log", ("o",), "log", "log of the current or last run", _L,
           footer=5, menu=True, enabled=_log),
    Action("filter", ("/",), "filter", "filter while typing", _L, footer=6),
    Action("menu", (".",), "more", "what can be done with the pipeline", _L, footer=7),
    Action("sort", ("s",), "sort", "sort the list", _L),
    Action("problems", ("!",), "problems", "show problems only, or all again", _L),
    Action("mark", ("space",), "mark", "mark, and go down", _L),
    Action("mark_all", ("*",), "mark all", "mark all that are shown, or none", _L),
    Action("validate", ("v",), "validate", "check all configuration files", _L,
           menu=True, enabled=_reads),
    Action("reload", ("R",), "reload", "read the configuration anew", _L,
           menu=True, enabled=_changes),
    Action("down", ("j", "down"), "down", "down", _L),
    Action("up", ("k", "up"), "up", "up", _L),
    Action("top", ("g", "home"), "top", "to the first", _L),
    Action("bottom", ("G", "end"), "bottom", "to the last", _L),
    Action("page_down", ("pagedown", "ctrl+d"), "page down", "a page down", _L),
    Action("page_up", ("pageup", "ctrl+u"), "page up", "a page up", _L),
    Action("open", ("enter",), "open", "go to the details; there open the run, log or value", _L),
    Action("right", ("l", "right"), "right", "go to the details; there to the right", _L),
    Action("left", ("h", "left"), "left", "to the left; back to the list", _L),
    Action("next_pane", ("tab",), "pane", "to the other pane", _L),
    Action("previous_pane", ("shift+tab",), "pane", "to the other pane", _L),
    Action("tab_1", ("1",), "overview", "details: Overview", _L),
    Action("tab_2", ("2",), "runs", "details: Runs", _L),
    Action("tab_3", ("3",), "log", "details: Log", _L),
    Action("tab_4", ("4",), "preview", "details: Preview", _L),
    Action("next_tab", ("]",), "next tab", "next tab", _L),
    Action("previous_tab", ("[",), "previous tab", "previous tab", _L),
    Action("zoom", ("z",), "zoom", "details over the whole screen, or back", _L),
    Action("back", ("escape",), "back", "clear filter, drop marks, close pane, back", _L),
    Action("quit", ("q",), "quit", "quit; the daemon goes on", _L),
    Action("follow", ("f",), "follow", "follow the end, or stay here", _G, footer=1),
    Action("pause_log", ("space",), "pause", "hold the picture, or go on", _G, footer=2),
    Action("search", ("/",), "search", "search for a text", _G, footer=3),
    Action("next_match", ("n",), "next", "next match, downwards", _G),
    Action("previous_match", ("N",), "previous", "previous match, upwards", _G),
    Action("level", ("L",), "level", "lowest level shown: debug, info, warning, error", _G,
           footer=4),
    Action("wrap", ("w",), "wrap", "wrap long lines, or not", _G, footer=5),
    Action("timestamps", ("T",), "times", "show times, or not", _G),
    Action("save", ("S",), "save", "save all lines to a file in the working directory", _G,
           footer=6),
    Action("copy", ("y",), "copy", "copy the lines on screen to the clipboard", _G),
    Action("copy_all", ("Y",), "copy all", "copy all lines to the clipboard", _G),
    Action("draw_mark", ("m",), "mark", "draw a line with the time", _G),
    Action("stop_log", ("x",), "stop", "stop the run (asks first)", _G,
           danger=True, enabled=_stop),
    Action("log_down", ("j", "down"), "down", "a line down", _G),
    Action("log_up", ("k", "up"), "up", "a line up; stops following", _G),
    Action("log_right", ("l", "right"), "right", "to the right", _G),
    Action("log_left", ("h", "left"), "left", "to the left", _G),
    Action("log_page_down", ("pagedown", "ctrl+d"), "page down", "a page down", _G),
    Action("log_page_up", ("pageup", "ctrl+u"), "page up", "a page up", _G),
    Action("log_top", ("g", "home"), "top", "to the first line", _G),
    Action("log_bottom", ("G", "end"), "bottom", "to the last line, and follow", _G),
    Action("close_log", ("escape", "q"), "back", "back to the pipelines", _G, footer=7),
    Action("help", ("?", "f1"), "help", "this page", _W, footer=8),
    Action("palette", ("ctrl+p", ":"), "palette", "all actions; or type a pipeline's name", _W),
    Action("redraw", ("ctrl+l",), "redraw", "draw the screen anew", _W),
    Action("suspend", ("ctrl+z",), "suspend", "to the shell; fg comes back", _W),
    Action("exit", ("ctrl+c", "ctrl+q"), "quit", "quit from anywhere; the daemon goes on", _W),
)
# fmt: on

BY_ID = {action.id: action for action in ACTIONS}

# What Textual calls the keys that print as something else.
TEXTUAL_KEYS = {
    "/": "slash",
    ".": "full_stop",
    "!": "exclamation_mark",
    "*": "asterisk",
    "]": "right_square_bracket",
    "[": "left_square_bracket",
    "?": "question_mark",
    ":": "colon",
}

SHOWN_KEYS = {
    "escape": "esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "down": "Down",
    "up": "Up",
    "left": "Left",
    "right": "Right",
    "f1": "F1",
}


def heard_at(place: Place) -> tuple[Action, ...]:
    """Return the actions whose keys are heard at ``place``."""
    return tuple(action for action in ACTIONS if action.where in (place, Place.EVERYWHERE))


def resolve(key: str, place: Place, context: Context) -> tuple[Action, str | None] | None:
    """Return the action that ``key`` means now and why it cannot be done, if it cannot.

    Two actions may share a key where never both can be done.
    """
    candidates = [action for action in heard_at(place) if key in action.keys]
    if not candidates:
        return None
    for action in candidates:
        if action.enabled(context) is None:
            return action, None
    action = candidates[-1]
    return action, action.enabled(context)


def shown_keys(action: Action) -> str:
    """Return the keys of an action as people write them."""
    return " ".join(SHOWN_KEYS.get(key, key) for key in action.keys)


def footer_of(place: Place, context: Context) -> list[tuple[str, str, bool]]:
    """Return at most eight (key, label, possible) for the last line of the screen."""
    shown: dict[int, tuple[str, str, bool]] = {}
    for action in heard_at(place):
        if not action.footer or action.footer in shown:
            continue
        if action.id == "reconnect" and context.connected:
            continue
        key = SHOWN_KEYS.get(action.keys[0], action.keys[0])
        shown[action.footer] = (key, action.label_for(context), action.enabled(context) is None)
    return [shown[rank] for rank in sorted(shown)]


def help_sections() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (place, [(keys, help)]) for the help page and the documentation."""
    return [
        (
            place.value,
            [(shown_keys(action), action.help) for action in ACTIONS if action.where is place],
        )
        for place in (Place.LIST, Place.LOG, Place.EVERYWHERE)
    ]


def markdown() -> str:
    """Return the tables of keys for ``docs/tui.md``."""
    lines: list[str] = []
    for title, rows in help_sections():
        lines += [f"### {title}", "", "| Keys | |", "|---|---|"]
        lines += [f"| {_code(keys)} | {text} |" for keys, text in rows]
        lines.append("")
    return "\n".join(lines)


def _code(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split())


if __name__ == "__main__":
    sys.stdout.write(markdown())
