"""The run's own folder in the spool, which nobody but us may read."""

from __future__ import annotations

import errno
from pathlib import Path

from profexd.api.errors import DiskFull, Permanent


def make_spool(folder: Path) -> None:
    """Make ``folder`` below the spool, or accept it; raises DiskFull or ``spool_denied``."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as why:
        if why.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"cannot make {folder}: {why.strerror}", hint="make room for the spool, or move it"
            ) from why
        raise Permanent(
            f"cannot make {folder}: {why.strerror}",
            code="spool_denied",
            hint="the spool must be a folder that the user of profexd owns",
        ) from why
