"""Who calls: the kernel's word on the other end of the socket, and the role it has."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from profexd.wire import Role

if TYPE_CHECKING:
    from profexd.config.model import Settings

_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Caller:
    """A process at the other end: its user, by name, and what the user may do."""

    name: str
    role: Role
    uid: int


def peer(connection: socket.socket) -> tuple[int, int]:
    """Return user and group of the process that connected."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    _, uid, gid = _UCRED.unpack(raw)
    return uid, gid


def caller(uid: int, gid: int, settings: Settings) -> Caller:
    """Return who that is; the highest role of all that name it wins."""
    try:
        name = pwd.getpwuid(uid).pw_name
        groups = _names(os.getgrouplist(name, gid))
    except KeyError:
        name, groups = str(uid), _names([gid])
    if uid in (0, os.geteuid()):
        return Caller(name, Role.ADMIN, uid)
    for role, members in (
        (Role.ADMIN, settings.access_admin),
        (Role.OPERATOR, settings.access_operator),
        (Role.VIEWER, settings.access_viewer),
    ):
        if any(
            member == name or (member.startswith("@") and member[1:] in groups)
            for member in members
        ):
            return Caller(name, role, uid)
    return Caller(name, Role.NONE, uid)


def _names(gids: Iterable[int]) -> set[str]:
    names = set()
    for gid in gids:
        try:
            names.add(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return names
