"""The command profexctl: asks the daemon, and shows what it says."""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    try:
        return _main(argv)
    except KeyboardInterrupt:  # while the modules load
        return 130


def _main(argv: Sequence[str] | None) -> int:
    # Imports make much that lives and little that dies: a tenth of the start would go into
    # looking for garbage.
    gc.disable()
    from profexd.cli import boundary
    from profexd.cli.control.caller import of_process
    from profexd.cli.control.group import group

    gc.enable()
    return boundary.run(group, "profexctl", argv, of_process)
