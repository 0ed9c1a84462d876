"""A real terminal of 80x24 characters: tmux, driven by keys and read as text."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

PATIENCE_SECONDS = 90


class Terminal:
    """One tmux server of its own, gone with the block."""

    def __init__(self, folder: Path, command: list[str], *, width: int = 80, height: int = 24):
        tmux = shutil.which("tmux")
        assert tmux is not None, "these tests need tmux: scripts/test-tools installs it"
        self._tmux = [tmux, "-S", str(folder / "tmux"), "-f", "/dev/null"]
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("TMUX", "SSH"))}
        # Some shells export them; whoever believed them would miss every change of size.
        environment |= {"COLUMNS": str(width), "LINES": str(height)}
        environment |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        size = ["-x", str(width), "-y", str(height)]
        # The shell outlives the command, so that its exit code can be read.
        shell = f"{shlex.join(command)}; echo exit code $?; exec sleep 600"
        subprocess.run(
            [*self._tmux, "new-session", "-d", *size, f"exec sh -c {shlex.quote(shell)}"],
            check=True,
            env=environment,
        )

    def __enter__(self) -> Terminal:
        self._call("set-option", "-g", "status", "off")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call("kill-server")

    @property
    def screen(self) -> str:
        return self._call("capture-pane", "-p")

    @property
    def pid(self) -> int:
        """The process that has all others below it."""
        return int(self._call("display-message", "-p", "#{pid}"))

    def press(self, *keys: str) -> None:
        self._call("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self._call("resize-window", "-x", str(width), "-y", str(height))

    def sees(self, *texts: str) -> str:
        """Wait until all texts are on the screen, and return it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            screen = self.screen
            if all(text in screen for text in texts):
                return screen
            assert time.monotonic() < deadline, f"{texts} never came; the screen is\n{screen}"
            time.sleep(0.05)

    def misses(self, text: str) -> None:
        """Wait until a text is on the screen no longer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text in (screen := self.screen):
            assert time.monotonic() < deadline, f"{text} stayed; the screen is\n{screen}"
            time.sleep(0.05)

    def _call(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], check=True, capture_output=True)
        return done.stdout.decode()
