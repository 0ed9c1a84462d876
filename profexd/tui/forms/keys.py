"""The keys of the form: one table for its bindings, its footer, its help and the docs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormKey:
    """What a key does; ``action`` is None where the line under the cursor hears it itself."""

    keys: tuple[str, ...]
    help: str
    action: str | None = None
    footer: str = ""


KEYS: tuple[FormKey, ...] = (
    FormKey(("enter",), "take the answer and go on; press a button", "next", "next"),
    FormKey(("down", "tab"), "to the next line", "next_line"),
    FormKey(("up", "shift+tab"), "to the line before", "previous_line"),
    FormKey(("pagedown",), "to the next step", "step(1)", "next step"),
    FormKey(("pageup",), "to the step before", "step(-1)", "step before"),
    FormKey(("f2",), "save, if nothing is wrong", "save", "save"),
    FormKey(("f1",), "these keys", "help", "help"),
    FormKey(("escape",), "leave; asks if anything would be lost", "leave", "leave"),
    FormKey(("left", "right", "space"), "choices: the word before, the next"),
    FormKey(("backspace",), "choices: leave the key out"),
    FormKey(("space", "x"), "columns: in or out"),
    FormKey(("J", "K"), "columns: move down, move up"),
    FormKey(("r",), "columns: another name in the file"),
    FormKey(("/",), "columns: search"),
    FormKey(("a",), "columns: all of them again, as the source has them"),
)

_SHOWN = {"escape": "esc", "pagedown": "PgDn", "pageup": "PgUp", "f1": "F1", "f2": "F2"}
_SHOWN |= {"down": "Down", "up": "Up", "left": "Left", "right": "Right"}


def shown(key: FormKey) -> list[str]:
    """Return the keys as people write them."""
    return [_SHOWN.get(one, one) for one in key.keys]


def footer() -> list[tuple[str, str]]:
    """Return (key, label) for the last line of the screen."""
    return [(shown(key)[0], key.footer) for key in KEYS if key.footer]


def markdown() -> str:
    """Return the table of keys for ``docs/tui.md``."""
    lines = ["| Keys | |", "|---|---|"]
    for key in KEYS:
        names = " ".join(f"`{name}`" for name in shown(key))
        lines.append(f"| {names} | {key.help} |")
    return "\n".join([*lines, ""])
