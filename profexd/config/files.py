"""Finds and reads the files of a configuration directory, and refuses those that others may write."""

from __future__ import annotations

import grp
import os
import pwd
import re
import stat
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from profexd.config.documents import NAME_PATTERN
from profexd.config.problems import Document, Severity, problem
from profexd.wire import ProblemJson

SETTINGS = "profexd.toml"
FOLDERS = ("sources", "sinks", "pipelines")
MAX_SIZE = 4 * 2**20
_NAME = re.compile(NAME_PATTERN)
_WHERE = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that is there and says nothing that can be used."""

    problems: tuple[ProblemJson, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """One file of the tree: its name (the stem), its path, and how problems name it."""

    name: str
    path: Path
    label: str


def find(folder: Path, label: str) -> tuple[list[Found], list[ProblemJson]]:
    """Return the files of a folder that count, by name, and what is wrong with the others."""
    found: list[Found] = []
    problems: list[ProblemJson] = []
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except FileNotFoundError:
        return [], []
    except OSError as why:
        return [], [problem(label, f"cannot be read: {why.strerror}", "check its owner and mode")]
    for entry in entries:
        if not entry.name.endswith(".toml") or entry.name.startswith((".", "#")):
            continue
        path, place = Path(entry.path), f"{label}/{entry.name}"
        try:
            regular = entry.is_file()
        except OSError:
            regular = False
        if not regular:
            if entry.is_symlink():
                problems.append(
                    problem(
                        place,
                        "is a link that leads to no file",
                        "it is ignored",
                        severity="warning",
                    )
                )
            continue
        name_problem = check_name(path.stem)
        if name_problem:
            problems.append(problem(place, *name_problem))
        else:
            found.append(Found(path.stem, path, place))
    return found, problems


def check_name(name: str) -> tuple[str, str] | None:
    """Return message and hint if ``name`` cannot name a source, sink or pipeline."""
    if _NAME.fullmatch(name):
        return None
    better = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-_")[:63]
    rename = f'; rename it to "{better}.toml"' if _NAME.fullmatch(better) else ""
    return (
        f'"{name}" cannot be a name',
        f"a name has a-z, 0-9, - and _, starts with a letter or digit, and is up to 63 long{rename}",
    )


def read_document(path: Path, label: str) -> Document | Unreadable | None:
    """Return what a file says, or what is wrong with it, or None when it is gone."""
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            if about.st_size > MAX_SIZE:
                return _unreadable(label, f"is larger than {MAX_SIZE // 2**20} MiB")
            raw = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    except OSError as why:
        return _unreadable(
            label, f"cannot be read: {why.strerror}", f"check the owner and mode of {path}"
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as why:
        before = raw[: why.start]
        return _unreadable(
            label,
            f"is not UTF-8: byte 0x{raw[why.start]:02X}",
            f"convert it, as with iconv -f LATIN1 -t UTF-8 {path.name}",
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode()) + 1,
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        return _unreadable(label, "is nested too deeply")
    except ValueError as why:
        return Unreadable((_syntax_problem(label, text, str(why)),))
    return Document(label, data, text.replace("\r\n", "\n"), bool(about.st_mode & stat.S_IROTH))


def refused(path: Path, label: str, owners: Iterable[int]) -> tuple[ProblemJson, ...]:
    """Return why a file or directory cannot be trusted, if so: others may write it."""
    try:
        about = path.stat()
    except OSError:
        return ()
    if about.st_mode & stat.S_IWOTH:
        return (problem(label, "everybody may write it, so it is not used", f"chmod o-w {path}"),)
    if about.st_uid not in owners:
        return (
            problem(
                label,
                f"belongs to {_user(about.st_uid)}, so it is not used",
                f"chown root {path}; or name its owner in [access] admin of {SETTINGS}",
            ),
        )
    return ()


def members(names: Iterable[str]) -> frozenset[int]:
    """Return the uids of users and ``@groups``; those that do not exist are nobody."""
    uids: set[int] = set()
    for name in names:
        try:
            if not name.startswith("@"):
                uids.add(pwd.getpwnam(name).pw_uid)
                continue
            group = grp.getgrnam(name[1:])
        except KeyError:
            continue
        uids |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == group.gr_gid}
        for member in group.gr_mem:
            try:
                uids.add(pwd.getpwnam(member).pw_uid)
            except KeyError:
                continue
    return frozenset(uids)


def _user(uid: int) -> str:
    try:
        return f'user "{pwd.getpwuid(uid).pw_name}"'
    except KeyError:
        return f"user {uid}"


def _unreadable(
    label: str, message: str, hint: str = "", *, line: int = 1, column: int = 1
) -> Unreadable:
    return Unreadable((problem(label, message, hint, line=line, column=column),))


def _syntax_problem(label: str, text: str, why: str) -> ProblemJson:
    """Say where and why a text is not TOML."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = _WHERE.search(why)
    line, column = len(lines), len(lines[-1]) + 1
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    elif found is None:
        line, column = 1, 1
    message = _WHERE.sub("", why)
    hint = _syntax_hint(message, lines, line)
    if message in _TWICE:
        message = "says the same key or table twice"
        written = lines[line - 1] if line <= len(lines) else ""
        column = len(written) - len(written.lstrip()) + 1
    severity: Severity = "error"
    return problem(
        label,
        f"is not TOML: {message[:1].lower()}{message[1:]}" if message[:4] != "says" else message,
        hint,
        line=line,
        column=column,
        severity=severity,
    )


_TWICE = ("Cannot overwrite a value", "Cannot declare", "Cannot mutate immutable namespace")


def _syntax_hint(message: str, lines: list[str], line: int) -> str:
    written = lines[line - 1].strip() if line <= len(lines) else ""
    if lines and lines[0].startswith("\ufeff"):
        return "the file starts with a byte order mark: save it as UTF-8 without one"
    if message.startswith("Invalid value"):
        return f"text stands in quotes: {written}" if "=" not in written else _quoted(written)
    if "control character" in message.lower() or "Illegal character" in message:
        return 'a text in plain quotes ends on its own line; write """ for more lines'
    return ""


def _quoted(written: str) -> str:
    key, _, value = written.partition("=")
    value = value.strip()
    if value in ("True", "False"):
        return f"write {key.strip()} = {value.lower()}"
    if value and value[0].isalpha():
        return f'text stands in quotes: {key.strip()} = "{value}"'
    return ""
