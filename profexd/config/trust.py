"""Refuses files and directories that somebody may write who must not."""

from __future__ import annotations

import grp
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path

from profexd.config.problems import problem
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
        return (
            problem(
                label,
                f"belongs to {_user(about.st_uid)}, so it is not used",
                f"chown root {path}; or name its owner in [access] admin of profexd.toml",
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
