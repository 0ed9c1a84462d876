"""Says where and why a text is not TOML, in words that help."""

from __future__ import annotations

import re

from profexd.config.text.problems import problem
from profexd.wire import ProblemJson

_WHERE = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")
_TWICE = ("Cannot overwrite a value", "Cannot declare", "Cannot mutate immutable namespace")
_COLON = re.compile(r"[\w.-]+\s*:")
_BARE = re.compile(r"([\w.\"'-]+)\s*=\s*([^\s#\"'\[{][^#]*)")


def syntax_problem(file: str, text: str, why: str) -> ProblemJson:
    """Return the problem for what tomllib said of ``text``."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = _WHERE.search(why)
    if found is None:
        line, column = 1, 1
    elif found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = _end(lines)
    message = _WHERE.sub("", why)
    written = lines[line - 1] if line <= len(lines) else ""
    if message.startswith(_TWICE):
        start = len(written) - len(written.lstrip()) + 1
        return problem(
            file,
            "this key or table was there already",
            "keep one of the two; a table cannot be opened twice",
            line=line,
            column=start,
        )
    if message == "Illegal character '\\n'":
        message = "a text in quotes does not end on its line"
    return problem(
        file,
        f"is not TOML: {message[:1].lower()}{message[1:]}",
        _hint(message, written.strip(), text),
        line=line,
        column=column,
    )


def _end(lines: list[str]) -> tuple[int, int]:
    """Return the place of the last character that is not blank."""
    for number in range(len(lines), 0, -1):
        if lines[number - 1].strip():
            return number, len(lines[number - 1].rstrip()) + 1
    return 1, 1


def _hint(message: str, written: str, text: str) -> str:
    if text.startswith("\ufeff"):
        return "the file starts with a byte order mark; save it as UTF-8 without one"
    if "text in quotes" in message or "Unterminated" in message:
        return 'close the quotation mark; a text of several lines stands between """ and """'
    if "'\\'" in message:
        return "write \\\\ for \\, or put the text into single quotes, which take it as it is"
    if _COLON.match(written):
        return "a value stands behind an equals sign: KEY = VALUE"
    bare = _BARE.match(written)
    if bare is None:
        return "each line is KEY = VALUE, [table] or # comment" if "=" not in written else ""
    value = bare[2].strip()
    if value.lower() in ("true", "false", "yes", "no", "on", "off"):
        truth = "true" if value.lower() in ("true", "yes", "on") else "false"
        return f"write {bare[1]} = {truth}"
    # The value may be a secret: it is not repeated.
    return f'text stands in quotes: {bare[1]} = "…"'
