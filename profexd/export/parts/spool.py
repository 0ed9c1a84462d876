"""The run's own folder in the spool, which nobody but us may read."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

from profexd.api.errors import DiskFull, Permanent, SpoolFull


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


def refuse_full(folder: Path, expected: int) -> None:
    """Raise SpoolFull where the disk cannot hold even half of ``expected`` bytes.

    Half, because a selection may have become smaller, and a run that fits must not be refused.
    """
    free = shutil.disk_usage(folder).free
    if free < expected // 2:
        raise SpoolFull(
            f"the spool has room for {free:,} bytes, and the last run made {expected:,}: {folder}",
            hint="make room for the spool or move it; [spool] keep and max_size of profexd.toml"
            " say what it keeps of past runs",
        )
