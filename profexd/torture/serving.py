"""The daemon as anyone's, but for its workers: each is started behind a tap."""

from __future__ import annotations

import sys
from pathlib import Path

from profexd.config.paths import Paths
from profexd.daemon.life.main import serve

TAPPED = (sys.executable, "-m", "profexd.torture.tap")


def main() -> int:
    """Serve the folders named on the command line: configuration, state, spool, socket."""
    config, state, spool, socket = map(Path, sys.argv[1:])
    paths = Paths(config=config, state=state, spool=spool, socket=socket, system_mode=False)
    return serve(paths, log_format="logfmt", log_level="info", argv=TAPPED)


if __name__ == "__main__":
    sys.exit(main())
