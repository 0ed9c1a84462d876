"""The daemon, or an export, as anyone's, but for the workers: each is started behind a tap."""

from __future__ import annotations

import sys
from pathlib import Path

from profexd.config.paths import Paths
from profexd.daemon.life.main import serve
from profexd.daemon.life.once import export

TAPPED = (sys.executable, "-m", "profexd.torture.tap")


def main() -> int:
    """Serve the folders named on the command line: configuration, state, spool, socket.

    With the name of a pipeline after them, export that and end.
    """
    config, state, spool, socket = map(Path, sys.argv[1:5])
    paths = Paths(config=config, state=state, spool=spool, socket=socket, system_mode=False)
    for name in sys.argv[5:]:
        export(paths, name, argv=TAPPED)
        return 0
    return serve(paths, log_format="logfmt", log_level="info", argv=TAPPED)


if __name__ == "__main__":
    sys.exit(main())
