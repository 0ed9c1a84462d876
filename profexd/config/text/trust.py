"""Refuses files and directories that somebody may write who must not."""

from __future__ import annotations

import grp
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from profexd.config.text.files import SETTINGS
from profexd.config.text.problems import problem
from profexd.wire import ProblemJson


def refused(path: Path, label: str, owners: Iterable[int]) -> tuple[ProblemJson, ...]:
    """Return why a file or directory cannot be trusted, if so: others may write it."""
    try:
        about = path.stat()
    except OSError:
        return ()
    if about.st_mode & stat.S_IWOTH:
        return (problem(label, "everybody may write it, so it is not used", f"chmod o-w {path}"),)
    if about.st_uid not in owners:
        why = f"belongs to {_user(about.st_uid)}, so it is not used"
        # Who may own the rest is said by profexd.toml, which must not say it of itself.
        other = "" if label == SETTINGS else "; or name its owner in [access] admin of profexd.toml"
        return (problem(label, why, f"chown root {path}{other}"),)
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
        except (KeyError, ValueError):  # the second: a name that no system can have
            continue
        uids |= {user.pw_uid for user in pwd.getpwall() if user.pw_gid == group.gr_gid}
        for member in group.gr_mem:
            try:
                uids.add(pwd.getpwnam(member).pw_uid)
            except KeyError:
                continue
    return frozenset(uids)


def is_known(name: str) -> bool:
    """Whether there is such a user or ``@group``, or a uid that has no name."""
    try:
        if name.startswith("@"):
            grp.getgrnam(name[1:])
        elif name.isdecimal() and name.isascii():
            return _nameless(int(name))
        else:
            pwd.getpwnam(name)
    except (KeyError, ValueError):
        return False
    return True


def _nameless(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except (KeyError, OverflowError):
        return True
    return False


def _user(uid: int) -> str:
    try:
        return f'user "{pwd.getpwuid(uid).pw_name}"'
    except KeyError:
        return f"user {uid}"
