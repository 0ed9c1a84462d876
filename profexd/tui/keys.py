"""The names of keys: as Textual calls them, as people write them, and those nobody may take."""

from __future__ import annotations

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
    "-": "minus",
    "+": "plus",
    "_": "underscore",
    "=": "equals_sign",
    ",": "comma",
    ";": "semicolon",
    "@": "at",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "'": "apostrophe",
    '"': "quotation_mark",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    "|": "vertical_line",
    "~": "tilde",
    "^": "circumflex_accent",
    "`": "grave_accent",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "\\": "backslash",
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
    "f2": "F2",
}

# Prefixes of tmux and screen, flow control, and what terminals send for other keys.
RESERVED = frozenset(f"ctrl+{letter}" for letter in "abshijkm[") | {"f10", "f11"}


def named(written: str) -> str | None:
    """Return the key that people mean by ``written``, or None where there is no such key."""
    back = {shown.lower(): key for key, shown in SHOWN_KEYS.items()}
    if len(written) == 1:
        return written if written.isprintable() and written.isascii() else None
    key = written.lower()
    key = back.get(key, key)
    if key in SHOWN_KEYS or key in ("enter", "space", "tab", "shift+tab", "delete", "insert"):
        return key
    head, _, tail = key.partition("+")
    if head == "ctrl" and len(tail) == 1 and tail.isascii() and tail.isalpha():
        return key
    number = key.removeprefix("f")
    return key if number.isdecimal() and key.startswith("f") and 1 <= int(number) <= 12 else None
