"""The unit is what systemd takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.servers.process import program

ETC = Path(__file__).parents[2] / "etc"
BIN = Path(sys.executable).parent


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (ETC / "systemd/profexd.service").read_text()
    assert text.count("=/usr/bin/profex") == 3
    unit = tmp_path / "profexd.service"
    unit.write_text(text.replace("/usr/bin/profex", f"{BIN}/profex"))
    command = [program("systemd-analyze"), "verify", "--man=no", str(unit)]
    judged = subprocess.run(command, capture_output=True, text=True)
    assert (judged.returncode, judged.stderr) == (0, "")
