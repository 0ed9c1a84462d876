"""Runs profexctl on a terminal of its own: answers are typed ahead, the editor is a script."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
SECONDS = 90.0


@dataclass
class Told:
    """What a command did: ``out`` is its stdout, ``screen`` what the terminal showed."""

    code: int
    out: str
    screen: str


@dataclass
class Desk:
    """A configuration directory, its editor, and whoever sits before it."""

    folder: Path
    warehouse: Path
    environ: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.config = self.folder / "config"
        for kind in ("sources", "sinks", "pipelines"):
            (self.config / kind).mkdir(parents=True)

    def write(self, label: str, text: str) -> Path:
        file = self.config / label
        file.write_text(text)
        return file

    def furnish(self) -> None:
        """A source, a sink, a pipeline."""
        self.write(
            "sources/warehouse.toml",
            f'type = "duckdb"\ndatabase = "{self.warehouse}"\ntable = "profiles"\n\n'
            '[profiles]\nkey = "profile_id"\n',
        )
        self.write("sinks/lake.toml", f'type = "file"\nroot = "{self.folder}/out"\n')
        self.write(
            "pipelines/news.toml",
            "# The newsletter's people.\n"
            'source   = "warehouse"   # where they are\n'
            'sink     = "lake"\npath     = "news.csv"\n\n[format]\ntype = "csv"  # or parquet\n',
        )

    def forbid(self, folder: str) -> None:
        """Have the caller read what is in a folder, and write nothing there."""
        path = self.config / folder
        if os.getuid() != 0:
            path.chmod(0o555)
            return
        for one in (path, *path.iterdir()):
            os.chown(one, 65534, 65534)
        self.before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown"]

    def editor(self, *steps: str) -> None:
        """Be an editor that does the first shell command at its first start, and so on; ``$1``
        is the file. After the last it only looks.
        """
        script = self.folder / "editor.sh"
        cases = "".join(f"{number}) {step} ;;\n" for number, step in enumerate(steps, start=1))
        count = self.folder / "edited"
        script.write_text(
            f'echo "editor $1"\necho x >> {count}\ncase $(wc -l < {count}) in\n{cases}esac\n'
        )
        self.environ["EDITOR"] = f"sh {script}"

    @property
    def edited(self) -> int:
        """How many times the editor was opened."""
        count = self.folder / "edited"
        return len(count.read_text().splitlines()) if count.exists() else 0

    def call(self, *arguments: str) -> Told:
        """Call profexctl without a terminal."""
        done = subprocess.run(
            self._command(arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=self._environ(),
        )
        return Told(done.returncode, done.stdout, done.stderr)

    def at_terminal(self, *arguments: str, typed: Sequence[str] = ()) -> Told:
        """Call profexctl on a terminal, with lines typed ahead."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self._command(arguments),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            start_new_session=True,
            env=self._environ(),
        )
        os.close(theirs)
        shown: list[bytes] = []
        reader = threading.Thread(target=_read, args=(ours, shown))
        reader.start()
        os.write(ours, "".join(f"{line}\n" for line in typed).encode() + b"\x04")
        try:
            out, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
            process.wait()
            reader.join()
            os.close(ours)
        return Told(process.returncode, out, b"".join(shown).decode().replace("\r\n", "\n"))

    def _command(self, arguments: Sequence[str]) -> list[str]:
        return [*self.before, str(BIN / "profexctl"), *arguments]

    def _environ(self) -> dict[str, Any]:
        cut = {"VISUAL", "EDITOR"}
        kept = {name: value for name, value in os.environ.items() if name not in cut}
        places = {"PROFEXD_CONFIG": str(self.config), "XDG_RUNTIME_DIR": str(self.folder)}
        return {**kept, **places, **self.environ}


def _read(handle: int, shown: list[bytes]) -> None:
    while True:
        try:
            some = os.read(handle, 4096)
        except OSError:  # the other end is closed
            return
        if not some:
            return
        shown.append(some)
