"""What the user chose in tui.toml: other keys, hosts with their accents, a theme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from profexd.tui.actions import ACTIONS, Action, Place, shown_keys
from profexd.tui.keys import RESERVED, named

ACCENTS = ("red", "green", "yellow", "blue", "magenta", "cyan", "white")
_TABLES = ("theme", "list", "keys", "hosts")
_HOST_KEYS = ("address", "socket", "accent")


class PreferencesInvalid(Exception):
    """tui.toml says what cannot be; each of ``problems`` names the place."""

    def __init__(self, file: Path, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Host:
    """One daemon to watch; ``address`` is empty for the one of this machine."""

    name: str
    address: str = ""
    socket: str | None = None
    accent: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """All of tui.toml."""

    theme: str | None = None
    actions: tuple[Action, ...] = ACTIONS
    hosts: tuple[Host, ...] = ()
    listed: tuple[Host, ...] = ()
    """Those that share the list where the command line names none."""

    def named(self, name: str) -> Host:
        """Return the host that somebody calls ``name``: that of a table, or an address for ssh."""
        found = self.host_of(name)
        if found is None:
            return Host(name.rpartition("@")[2], address=name)
        return found if found.address else replace(found, address=name, socket=None)

    def host_of(self, where: str) -> Host | None:
        """Return the host whose daemon is at ``where``: an address, or a socket's path."""
        remote = next((host for host in self.hosts if where in (host.address, host.name)), None)
        if remote is not None or not where.startswith("/"):
            return remote
        local = [host for host in self.hosts if not host.address]
        return next((host for host in local if host.socket == where), None) or next(
            (host for host in local if host.socket is None), None
        )


def preferences_file(environ: Mapping[str, str]) -> Path:
    """Return where tui.toml is looked for."""
    base = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '/')}/.config"
    return Path(base) / "profexd" / "tui.toml"


def read_preferences(file: Path) -> Preferences:
    """Return what the file says; none is no mistake. PreferencesInvalid names every other."""
    if not file.exists():
        return Preferences()
    import tomllib

    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PreferencesInvalid(file, [str(getattr(error, "strerror", None) or error)]) from error
    problems = [f'unknown key "{key}"{_meant(key, _TABLES)}' for key in data if key not in _TABLES]
    theme = data.get("theme")
    if theme is not None and not isinstance(theme, str):
        problems.append("theme: must be text")
    actions = _remapped(data.get("keys", {}), problems)
    hosts = _hosts(data.get("hosts", {}), problems)
    listed = _listed(data.get("list", []), hosts, problems)
    if problems:
        raise PreferencesInvalid(file, problems)
    return Preferences(theme, actions, hosts, listed)


def _remapped(data: Any, problems: list[str]) -> tuple[Action, ...]:
    """Return the table of actions with other keys."""
    if not isinstance(data, Mapping):
        problems.append("keys: must be a table of ids and keys")
        return ACTIONS
    known = {action.id: action for action in ACTIONS}
    for action_id, written in data.items():
        if action_id not in known:
            problems.append(f'keys.{action_id}: unknown id "{action_id}"{_meant(action_id, known)}')
            continue
        keys = _keys(action_id, written, problems)
        if keys:
            known[action_id] = replace(known[action_id], keys=keys)
    actions = tuple(known.values())
    problems += _clashes(actions, data)
    return actions


def _keys(action_id: str, written: Any, problems: list[str]) -> tuple[str, ...]:
    items = written if isinstance(written, list) else [written]
    keys: list[str] = []
    for item in items:
        key = named(item) if isinstance(item, str) else None
        if key is None:
            problems.append(f'keys.{action_id}: "{item}" is no key; as "r", "F2" or "ctrl+r"')
        elif key in RESERVED:
            problems.append(
                f'keys.{action_id}: "{item}" is reserved: terminals and multiplexers take it'
            )
        else:
            keys.append(key)
    return tuple(keys)


def _clashes(actions: Sequence[Action], changed: Mapping[str, Any]) -> list[str]:
    """Return which keys mean two things in one place, where one of them was chosen."""
    found: list[str] = []
    for number, action in enumerate(actions):
        for other in actions[number + 1 :]:
            heard = action.where is other.where or Place.EVERYWHERE in (action.where, other.where)
            if not heard or not {action.id, other.id} & changed.keys():
                continue
            shared = set(action.keys) & set(other.keys)
            if shared and "reconnect" not in (action.id, other.id):
                mine, theirs = (action, other) if action.id in changed else (other, action)
                found.append(
                    f'keys.{mine.id}: "{min(shared)}" is the key of {theirs.id} too '
                    f"({shown_keys(theirs)})"
                )
    return found


def _hosts(data: Any, problems: list[str]) -> tuple[Host, ...]:
    if not isinstance(data, Mapping):
        problems.append("hosts: must be tables, as [hosts.prod]")
        return ()
    hosts: list[Host] = []
    for name, said in data.items():
        if not isinstance(said, Mapping):
            problems.append(f"hosts.{name}: must be a table")
            continue
        for key, value in said.items():
            if key not in _HOST_KEYS:
                problems.append(f'hosts.{name}: unknown key "{key}"{_meant(key, _HOST_KEYS)}')
            elif not isinstance(value, str) or value.startswith("-"):
                problems.append(f"hosts.{name}.{key}: must be text, and no option")
        accent = said.get("accent", "")
        if isinstance(accent, str) and accent and accent not in ACCENTS:
            problems.append(f'hosts.{name}.accent: "{accent}" is none of {", ".join(ACCENTS)}')
        hosts.append(
            Host(
                name,
                address=str(said.get("address", "")),
                socket=said.get("socket"),
                accent=str(accent),
            )
        )
    return tuple(hosts)


def _listed(data: Any, hosts: Sequence[Host], problems: list[str]) -> tuple[Host, ...]:
    known = {host.name: host for host in hosts}
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        problems.append('list: must be names of [hosts.NAME], as ["prod", "here"]')
        return ()
    problems += [
        f"list: there is no [hosts.{name}]{_meant(name, known)}"
        for name in data
        if name not in known
    ]
    return tuple(known[name] for name in dict.fromkeys(data) if name in known)


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), 1, 0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
