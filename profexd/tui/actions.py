"""The one table of actions: bindings, footer, help, palette, menus and the docs come from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from profexd.tui import reasons
from profexd.tui.keys import SHOWN_KEYS
from profexd.tui.reasons import Check, Context, Label


class Place(StrEnum):
    """Where an action's keys are heard."""

    EVERYWHERE = "Everywhere"
    LIST = "Pipelines"
    LOG = "Log"
    PAGE = "Plugins and Daemon"
    FORM = "Form"
    CHOICES = "Form, at a choice"
    COLUMNS = "Form, in the columns"
    ITEMS = "Form, conditions and notices"


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
    enabled: Check = reasons.always
    relabel: Label | None = None

    def label_for(self, context: Context) -> str:
        """Return the label that fits the chosen pipelines."""
        return self.relabel(context) if self.relabel else self.label


_L, _G, _P, _W = Place.LIST, Place.LOG, Place.PAGE, Place.EVERYWHERE
_F, _FC, _FO, _FI = Place.FORM, Place.CHOICES, Place.COLUMNS, Place.ITEMS
_SHOWN = (_L, _G, _P, _F, _FC, _FO, _FI, _W)

# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("reconnect", ("r",), "retry now", "connect again at once, while disconnected", _W,
           footer=1, enabled=reasons.reconnect),
    Action("approve", ("a",), "approve", "deliver the held run (asks for a note)", _L,
           footer=1, menu=True, danger=True, enabled=reasons.decide),
    Action("reject", ("X",), "reject", "discard the held run (asks for a note)", _L,
           footer=2, menu=True, danger=True, enabled=reasons.decide),
    Action("run", ("r",), "run", "run now (all marked)", _L,
           footer=1, menu=True, enabled=reasons.run),
    Action("stop", ("x",), "stop", "stop the run (asks first)", _L,
           footer=2, menu=True, danger=True, enabled=reasons.stop),
    Action("toggle", ("t",), "pause", "pause (asks for a reason) or resume", _L,
           footer=3, menu=True, enabled=reasons.toggle, relabel=reasons.toggle_label),
    Action("preview", ("p",), "preview", "first rows of the query", _L,
           footer=4, menu=True, enabled=reasons.preview),
    Action("log", ("o",), "log", "log of the current or last run", _L,
           footer=5, menu=True, enabled=reasons.chosen_log),
    Action("resend", ("S",), "send again", "send the files of a delivered run again (asks first)",
           _L, menu=True, danger=True, enabled=reasons.resend),
    Action("why", ("w",), "why", "why a profile is in the export, or is not (asks for its key)",
           _L, menu=True, enabled=reasons.preview),
    Action("config", ("c",), "config", "what it goes by, and where that is written", _L,
           menu=True, enabled=reasons.look),
    Action("edit", ("e",), "edit", "edit its file in $EDITOR; checked before it is saved", _L,
           menu=True, enabled=reasons.edits_chosen),
    Action("edit_form", ("E",), "form", "edit it, its source or a sink: form or $EDITOR", _L,
           menu=True, enabled=reasons.edits_chosen),
    Action("new", ("n",), "new", "a new pipeline, source or sink, by a form", _L,
           menu=True, enabled=reasons.edits),
    Action("delete", ("D",), "delete", "delete its file (asks first); its history stays", _L,
           menu=True, danger=True, enabled=reasons.edits_chosen),
    Action("filter", ("/",), "filter", "filter while typing", _L, footer=6),
    Action("menu", (".",), "more", "what can be done with the pipeline", _L, footer=7),
    Action("sort", ("s",), "sort", "sort the list", _L),
    Action("problems", ("!",), "problems", "show problems only, or all again", _L),
    Action("mark", ("space",), "mark", "mark, and go down", _L),
    Action("mark_all", ("*",), "mark all", "mark all that are shown, or none", _L),
    Action("validate", ("v",), "validate", "check all configuration files", _L,
           menu=True, enabled=reasons.operates),
    Action("reload", ("R",), "reload", "read the configuration anew", _L,
           menu=True, enabled=reasons.changes),
    Action("plugins", ("u",), "plugins", "the installed plugins, broken ones first", _L,
           enabled=reasons.reads),
    Action("daemon", ("i",), "daemon", "how the daemon itself does", _L, enabled=reasons.reads),
    Action("copy_name", ("y",), "copy", "copy the name, or the run, value or text chosen", _L),
    Action("pager", ("P",), "pager", "open what the details show in $PAGER", _L),
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
    Action("tab_5", ("5",), "config", "details: Config", _L),
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
    Action("log_pager", ("P",), "pager", "open all lines in $PAGER", _G),
    Action("since_all", ("0",), "all", "show all lines of the run", _G),
    Action("since_5m", ("1",), "5 minutes", "show the lines of the last 5 minutes", _G),
    Action("since_1h", ("2",), "1 hour", "show the lines of the last hour", _G),
    Action("since_attempt", ("3",), "attempt", "show the lines of the last attempt alone", _G),
    Action("copy", ("y",), "copy", "copy the lines on screen to the clipboard", _G),
    Action("copy_all", ("Y",), "copy all", "copy all lines to the clipboard", _G),
    Action("draw_mark", ("m",), "mark", "draw a line with the time", _G),
    Action("stop_log", ("x",), "stop", "stop the run (asks first)", _G,
           danger=True, enabled=reasons.stop),
    Action("log_down", ("j", "down"), "down", "a line down", _G),
    Action("log_up", ("k", "up"), "up", "a line up; stops following", _G),
    Action("log_right", ("l", "right"), "right", "to the right", _G),
    Action("log_left", ("h", "left"), "left", "to the left", _G),
    Action("log_page_down", ("pagedown", "ctrl+d"), "page down", "a page down", _G),
    Action("log_page_up", ("pageup", "ctrl+u"), "page up", "a page up", _G),
    Action("log_top", ("g", "home"), "top", "to the first line", _G),
    Action("log_bottom", ("G", "end"), "bottom", "to the last line, and follow", _G),
    Action("close_log", ("escape", "q"), "back", "back to the pipelines", _G, footer=7),
    Action("refresh", ("r",), "refresh", "ask anew", _P, footer=1, enabled=reasons.reads),
    Action("page_open", ("enter",), "open", "show a plugin's error with its traceback", _P),
    Action("copy_page", ("y",), "copy", "copy all of it, as for a report", _P, footer=3),
    Action("page_down_line", ("j", "down"), "down", "down", _P),
    Action("page_up_line", ("k", "up"), "up", "up", _P),
    Action("page_top", ("g", "home"), "top", "to the first", _P),
    Action("page_bottom", ("G", "end"), "bottom", "to the last", _P),
    Action("page_forward", ("pagedown", "ctrl+d"), "page down", "a page down", _P),
    Action("page_backward", ("pageup", "ctrl+u"), "page up", "a page up", _P),
    Action("close_page", ("escape", "q"), "back", "back to the pipelines", _P, footer=7),
    Action("form_next", ("enter",), "next", "take the answer and go on; open; press a button", _F,
           footer=1),
    Action("form_down", ("down", "tab"), "down", "to the next line", _F),
    Action("form_up", ("up", "shift+tab"), "up", "to the line before", _F),
    Action("form_next_step", ("pagedown",), "next step", "to the next step", _F, footer=4),
    Action("form_previous_step", ("pageup",), "step before", "to the step before", _F, footer=5),
    Action("form_save", ("f2",), "save", "check it, and save it if nothing is wrong", _F, footer=2),
    Action("form_leave", ("escape",), "leave", "leave; asks if anything would be lost", _F,
           footer=3),
    Action("choice_next", ("right", "space"), "next word", "the next word; letters go to theirs",
           _FC),
    Action("choice_previous", ("left",), "word before", "the word before", _FC),
    Action("choice_clear", ("backspace", "delete"), "leave out", "leave the key out", _FC),
    Action("column_toggle", ("space", "x"), "in or out", "the column in, or out", _FO),
    Action("column_lower", ("J",), "move down", "move the column down", _FO),
    Action("column_higher", ("K",), "move up", "move the column up", _FO),
    Action("column_rename", ("r",), "rename", "another name in the file", _FO),
    Action("column_search", ("/",), "search", "search for columns", _FO),
    Action("column_reset", ("a",), "all", "all of them again, as the source has them", _FO),
    Action("column_down", ("j", "down"), "down", "a column down", _FO),
    Action("column_up", ("k", "up"), "up", "a column up", _FO),
    Action("item_add", ("a", "n"), "add", "add one after this, or into this group", _FI, footer=1),
    Action("item_open", ("enter",), "change", "change it; of a group: all hold, or any", _FI,
           footer=2),
    Action("item_remove", ("x", "delete"), "remove", "remove it, a group with all it has", _FI,
           footer=3),
    Action("item_group", ("g",), "group", "add a group after this, or into this group", _FI,
           footer=5),
    Action("item_lower", ("J",), "move down", "move it down", _FI, footer=6),
    Action("item_higher", ("K",), "move up", "move it up", _FI),
    Action("item_down", ("j", "down", "tab"), "down", "down", _FI),
    Action("item_up", ("k", "up", "shift+tab"), "up", "up", _FI),
    Action("item_leave", ("escape", "q", "f2"), "back", "back to the form", _FI, footer=4),
    Action("help", ("?", "f1"), "help", "this page", _W, footer=8),
    Action("palette", ("ctrl+p", ":"), "palette", "all actions; or type a pipeline's name", _W),
    Action("redraw", ("ctrl+l",), "redraw", "draw the screen anew", _W),
    Action("suspend", ("ctrl+z",), "suspend", "to the shell; fg comes back", _W),
    Action("exit", ("ctrl+c", "ctrl+q"), "quit", "quit from anywhere; the daemon goes on", _W),
)
# fmt: on


def heard_at(place: Place, actions: Sequence[Action] = ACTIONS) -> tuple[Action, ...]:
    """Return the actions whose keys are heard at ``place``."""
    return tuple(action for action in actions if action.where in (place, Place.EVERYWHERE))


def by_id(action_id: str, actions: Sequence[Action] = ACTIONS) -> Action:
    """Return the action of that id."""
    return next(action for action in actions if action.id == action_id)


def resolve(
    key: str, place: Place, context: Context, actions: Sequence[Action] = ACTIONS
) -> tuple[Action, str | None] | None:
    """Return the action that ``key`` means now and why it cannot be done, if it cannot.

    Two actions may share a key where never both can be done.
    """
    candidates = [action for action in heard_at(place, actions) if key in action.keys]
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


def footer_of(
    place: Place, context: Context, actions: Sequence[Action] = ACTIONS
) -> list[tuple[str, str, bool]]:
    """Return at most eight (key, label, possible) for the last line of the screen.

    Of several actions with one rank the first that can be done now is shown.
    """
    shown: dict[int, Action] = {}
    for action in heard_at(place, actions):
        rival = shown.get(action.footer)
        if action.footer and (rival is None or rival.enabled(context) is not None):
            shown[action.footer] = action
    return [
        (
            SHOWN_KEYS.get(action.keys[0], action.keys[0]),
            action.label_for(context),
            action.enabled(context) is None,
        )
        for _, action in sorted(shown.items())
    ]


def help_sections(
    actions: Sequence[Action] = ACTIONS,
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return (place, [(keys, help)]) for the help page and the documentation."""
    return [
        (
            place.value,
            [(shown_keys(action), action.help) for action in actions if action.where is place],
        )
        for place in _SHOWN
    ]


def markdown() -> str:
    """Return the tables of keys for ``docs/tui.md``, with the ids that ``tui.toml`` takes."""
    lines: list[str] = []
    for place in _SHOWN:
        lines += [f"### {place.value}", "", "| Keys | | id |", "|---|---|---|"]
        lines += [
            f"| {_code(shown_keys(action))} | {action.help} | {action.id} |"
            for action in ACTIONS
            if action.where is place
        ]
        lines.append("")
    return "\n".join(lines)


def _code(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split())


if __name__ == "__main__":
    sys.stdout.write(markdown())
