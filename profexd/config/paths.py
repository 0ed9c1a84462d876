"""Where configuration, state, spool and socket are: flags, variables, systemd, then defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEM_CONFIG = Path("/etc/profexd")
SYSTEM_STATE = Path("/var/lib/profexd")
SYSTEM_SPOOL = Path("/var/cache/profexd")
SYSTEM_SOCKET = Path("/run/profexd/profexd.sock")
SOCKET_NAME = "profexd.sock"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFlags:
    """What the command line said; None where it said nothing."""

    config: str | None = None
    state: str | None = None
    spool: str | None = None
    socket: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Absolute places of one daemon. In system mode owners and modes of the files are checked."""

    config: Path
    state: Path
    spool: Path
    socket: Path
    system_mode: bool


def resolve(flags: PathFlags, environ: Mapping[str, str], uid: int) -> Paths:
    """Return where everything is for this caller. Touches no file."""
    chosen = _chosen(flags.config, environ, "CONFIG", "CONFIGURATION_DIRECTORY")
    system_mode = (
        uid == 0
        or chosen == SYSTEM_CONFIG
        or _first(environ.get("CONFIGURATION_DIRECTORY")) is not None
    )
    runtime = _first(environ.get("RUNTIME_DIRECTORY"))
    socket = (
        _given(flags.socket)
        or _given(environ.get("PROFEXD_SOCKET"))
        or (runtime / SOCKET_NAME if runtime else None)
    )
    user = _UserDirectories(environ, uid)
    return Paths(
        config=chosen or (SYSTEM_CONFIG if system_mode else user.config),
        state=_chosen(flags.state, environ, "STATE", "STATE_DIRECTORY")
        or (SYSTEM_STATE if system_mode else user.state),
        spool=_chosen(flags.spool, environ, "SPOOL", "CACHE_DIRECTORY")
        or (SYSTEM_SPOOL if system_mode else user.spool),
        socket=socket or (SYSTEM_SOCKET if system_mode else user.socket),
        system_mode=system_mode,
    )


def client_socket(flag: str | None, environ: Mapping[str, str], uid: int) -> Path:
    """Return the socket a client talks to: as told, else the first that exists of the user's and
    the system's, else the one that a daemon started by this caller would make.
    """
    told = _given(flag) or _given(environ.get("PROFEXD_SOCKET"))
    if told is not None:
        return told
    own = _UserDirectories(environ, uid).socket
    for socket in (own, SYSTEM_SOCKET):
        if _may_exist(socket):
            return socket
    return SYSTEM_SOCKET if uid == 0 else own


class _UserDirectories:
    """The XDG directories of the caller; relative values are ignored, as XDG says."""

    def __init__(self, environ: Mapping[str, str], uid: int) -> None:
        self._environ = environ
        self._uid = uid

    @property
    def config(self) -> Path:
        return self._xdg("XDG_CONFIG_HOME", ".config")

    @property
    def state(self) -> Path:
        return self._xdg("XDG_STATE_HOME", ".local/state")

    @property
    def spool(self) -> Path:
        return self._xdg("XDG_CACHE_HOME", ".cache")

    @property
    def socket(self) -> Path:
        runtime = self._environ.get("XDG_RUNTIME_DIR", "")
        if runtime.startswith("/"):
            return Path(runtime) / "profexd" / SOCKET_NAME
        # A folder of its own: the state directory is 0700, the socket's is 0750. It does not
        # follow --state, so that a client without flags finds it.
        return self.state / "run" / SOCKET_NAME

    def _xdg(self, variable: str, below_home: str) -> Path:
        value = self._environ.get(variable, "")
        base = Path(value) if value.startswith("/") else self._home() / below_home
        return base / "profexd"

    def _home(self) -> Path:
        home = self._environ.get("HOME", "")
        if home.startswith("/"):
            return Path(home)
        import pwd  # only where HOME is unset, as under cron or env -i

        try:
            return Path(pwd.getpwuid(self._uid).pw_dir)
        except KeyError:
            return Path("/")


def _chosen(
    flag: str | None, environ: Mapping[str, str], variable: str, systemd: str
) -> Path | None:
    return (
        _given(flag) or _given(environ.get(f"PROFEXD_{variable}")) or _first(environ.get(systemd))
    )


def _given(value: str | None) -> Path | None:
    # A daemon must not depend on the directory it was started from.
    return Path(os.path.abspath(value)) if value else None  # noqa: PTH100  (keeps symlinks)


def _first(value: str | None) -> Path | None:
    """systemd separates several directories by ``:``; the first one is the main one."""
    first = value.split(":", 1)[0] if value else ""
    return Path(first) if first.startswith("/") else None


def _may_exist(socket: Path) -> bool:
    try:
        return socket.exists()
    except PermissionError:  # it is there for others: connecting says so, with the hint
        return True
