"""Two daemons in one list, in a real terminal: one here, one behind an sshd."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.site import BIN, Site
from tests.remote.far import Far
from tests.tui.tmux import Terminal


@pytest.mark.timeout(300)
def test_a_host_is_run_dropped_and_comes_back_beside_another(
    far: Far, tmp_path_factory: pytest.TempPathFactory, warehouse: Path
) -> None:
    here = Site(tmp_path_factory.mktemp("here"), warehouse)
    here.pipeline("daily")
    here.pipeline("hourly")
    chosen = far.folder / "profexd/tui.toml"
    chosen.parent.mkdir()
    chosen.write_text(
        f'list = ["far", "here"]\n[hosts.far]\naddress = "far"\naccent = "red"\n'
        f'[hosts.here]\nsocket = "{here.socket}"\n'
    )
    environ = {
        "PROFEXD_SSH": far.ssh,
        "XDG_RUNTIME_DIR": far.runtime,
        "XDG_CONFIG_HOME": str(far.folder),
    }
    words = ["env", *(f"{key}={value}" for key, value in environ.items())]
    here.start()
    try:
        with Terminal(far.folder, [*words, str(BIN / "profexctl"), "tui"], width=110) as terminal:
            terminal.sees("far DOWN", ": no daemon at /", "1 live, 1 down", "hourly")
            far.site.start()
            terminal.sees("2 hosts", "live", "3 pipelines")
            terminal.misses("DOWN")
            terminal.press("/")
            terminal.press("host:far", "Enter")
            terminal.sees("1 of 3 pipelines", "far/daily")
            terminal.press("r")
            terminal.sees("Last ok", "1 000 rows", f"{far.site.outbox}/daily.csv")
            assert (far.site.delivered(), here.delivered()) == (["daily.csv"], [])
            terminal.press("o")
            terminal.sees("phase deliver", "END")
            far.end_sessions()
            terminal.press("q", "Escape")
            terminal.sees("2 hosts", "live", "3 pipelines")
            far.site.stop()
            terminal.sees("far DOWN", "1 live, 1 down")
            terminal.press("G", "r")
            terminal.sees("Last ok", f"{here.outbox}/hourly.csv")
            assert here.delivered() == ["hourly.csv"]
            far.site.start()
            terminal.misses("DOWN")
            terminal.press("q")
            terminal.sees("exit code 0")
    finally:
        here.kill()
