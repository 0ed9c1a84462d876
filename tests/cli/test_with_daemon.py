"""Both commands as processes, against a real daemon below a temporary folder."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from profexd.client import Client, Unreachable, connect
from tests.cli.conftest import Outcome

BIN = Path(sys.executable).parent
PATIENCE = 90.0


class Installation:
    """A configuration of one source, one sink and two pipelines, and its daemon."""

    def __init__(self, folder: Path, warehouse: Path) -> None:
        self.config = folder / "config"
        self.outbox = folder / "outbox"
        self.socket = folder / "s.sock"
        self.flags = (
            *("--config", str(self.config), "--state", str(folder / "state")),
            *("--spool", str(folder / "spool"), "--socket", str(self.socket)),
        )
        for kind in ("sources", "sinks", "pipelines"):
            (self.config / kind).mkdir(parents=True)
        self.write(
            "sources/warehouse.toml",
            f'type = "duckdb"\ndatabase = "{warehouse}"\ntable = "profiles"\n'
            '[profiles]\nkey = "profile_id"\n',
        )
        self.write("sinks/outbox.toml", f'type = "file"\nroot = "{self.outbox}"\n')
        self.pipeline("quick")
        self.pipeline("off", "enabled = false")
        # Cross joins make a query that only a stop ends.
        self.write(
            "sources/endless.toml",
            'type = "duckdb"\nquery = "SELECT sum(a.range * b.range) AS s '
            'FROM range(10000000) a, range(10000000) b"\n',
        )
        self.pipeline("slow", source="endless")

    def write(self, name: str, text: str) -> Path:
        path = self.config / name
        temporary = path.with_name(f"{path.name}.tmp")
        temporary.write_text(text)
        return temporary.rename(path)

    def pipeline(self, name: str, more: str = "", source: str = "warehouse") -> Path:
        return self.write(
            f"pipelines/{name}.toml",
            f'source = "{source}"\nsink = "outbox"\npath = "{name}.csv"\n{more}\n'
            '[format]\ntype = "csv"\n',
        )

    @property
    def client(self) -> Client:
        return connect(self.socket)

    def ctl(self, *arguments: str) -> Outcome:
        return command("profexctl", "--socket", str(self.socket), *arguments)

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(BIN / "profexctl"), "--socket", str(self.socket), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def state(self, name: str) -> str:
        return self.client.pipeline(name)["state"]


def command(*arguments: str) -> Outcome:
    done = subprocess.run(
        [str(BIN / arguments[0]), *arguments[1:]], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return Outcome(done.returncode, done.stdout, done.stderr)


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@contextmanager
def daemon_of(site: Installation) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([str(BIN / "profexd"), *site.flags], stderr=subprocess.DEVNULL) as daemon:
        try:
            until(lambda: daemon.poll() is not None or _answers(site.client))
            yield daemon
        finally:
            daemon.terminate()
            try:
                daemon.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                daemon.kill()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, warehouse: Path) -> Iterator[Installation]:
    site = Installation(tmp_path_factory.mktemp("d"), warehouse)
    with daemon_of(site):
        yield site


def _answers(client: Client) -> bool:
    try:
        client.info()
    except Unreachable:
        return False
    return True


def test_run_wait_delivers_and_prints_the_finished_run(site: Installation) -> None:
    outcome = site.ctl("run", "quick", "--wait", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    run = outcome.json
    assert (run["status"], run["trigger"], run["rows"]) == ("done", "manual", 1000)
    assert (site.outbox / run["files"][0]["path"]).stat().st_size == run["bytes"]
    assert site.ctl("show", run["run_id"], "--json").json == run
    assert site.ctl("runs", "quick", "--json").json[0] == run
    assert (
        site.ctl("logs", run["run_id"], "--json").json == site.ctl("logs", "quick", "--json").json
    )
    assert len(site.ctl("logs", "-f", "quick", "--json").out.splitlines()) >= 1


def test_a_run_is_waited_for_stopped_and_told(site: Installation) -> None:
    timed_out = site.ctl("run", "slow", "--wait", "--timeout", "1s", "--json")
    assert timed_out.code == 4
    run_id = timed_out.json["run_id"]
    assert site.state("slow") == "running"
    assert site.ctl("run", "slow").code == 1
    with site.popen("logs", "-f", run_id) as follower:
        assert site.ctl("stop", "slow", "--json").json["run_id"] == run_id
        until(lambda: site.client.run(run_id)["status"] == "stopped")
        follower.communicate(timeout=PATIENCE)
        assert follower.returncode == 0
    assert site.state("slow") == "stopped"
    assert site.ctl("stop", run_id).code == 1
    assert site.ctl("stop", "slow").code == 1


def test_ctrl_c_ends_the_wait_and_not_the_run(site: Installation) -> None:
    with site.popen("run", "slow", "--wait") as waiting:
        until(lambda: site.state("slow") == "running")
        waiting.send_signal(signal.SIGINT)
        _, told = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 130
    assert "goes on" in told
    assert "Traceback" not in told
    assert site.state("slow") == "running"
    assert site.ctl("stop", "slow").code == 0
    until(lambda: site.state("slow") == "stopped")


def test_pause_refuses_runs_until_resume(site: Installation) -> None:
    assert (
        site.ctl("pause", "quick", "--reason", "moving house", "--json").json["paused"]["reason"]
        == "moving house"
    )
    refused = site.ctl("run", "quick")
    assert refused.code == 1
    assert "(paused)" in refused.err
    assert "moving house" in site.ctl("show", "quick").out
    assert site.ctl("resume", "quick", "--json").json["paused"] is None


def test_refusals_have_their_exit_codes(site: Installation) -> None:
    disabled = site.ctl("run", "off")
    assert (disabled.code, "(disabled)" in disabled.err) == (1, True)
    for arguments in (("run", "nobody"), ("show", "nobody"), ("logs", "17"), ("stop", "nobody")):
        assert site.ctl(*arguments).code == 2, arguments
    export = command("profexd", "export", "quick", *site.flags)
    assert export.code == 1
    assert "(daemon_running)" in export.err
    assert "profexctl run" in export.err


def test_a_broken_file_is_told_by_list_show_status_check_and_reload(site: Installation) -> None:
    site.pipeline("broken", "scedule = 1")
    until(lambda: "broken" in [pipeline["name"] for pipeline in site.client.pipelines()])
    assert [p["name"] for p in site.ctl("list", "--state", "invalid", "--json").json] == ["broken"]
    line = "pipelines/broken.toml:4:1: scedule: unknown key"
    assert line in site.ctl("show", "broken").out
    assert "pipelines/broken.toml:4: scedule" in site.ctl("status").out
    assert site.ctl("status", "--json").json["states"]["invalid"] == 1
    for verb in ("check", "reload"):
        outcome = site.ctl(verb)
        assert outcome.code == 2
        assert line in outcome.err
    assert site.ctl("check", "broken").code == 2
    assert site.ctl("check", "quick", "--json").json == {"ok": True, "problems": []}
    assert site.ctl("run", "broken").code == 2
    assert site.ctl("delete", "broken", "--yes").code == 0
    until(lambda: site.ctl("check").code == 0)


def test_broken_settings_are_told_by_reload_and_status(site: Installation) -> None:
    file = site.write("profexd.toml", "nope = 1\n")
    reloaded = site.ctl("reload")
    assert reloaded.code == 2
    assert "not reloaded: the old settings stay" in reloaded.err
    assert (
        "1 problem, and the old settings stay: profexd.toml:1: nope: unknown key"
        in site.ctl("status").out.splitlines()
    )
    file.unlink()
    assert site.ctl("reload").code == 0
    assert "problem" not in site.ctl("status").out


def test_delete_is_seen_by_the_daemon(site: Installation) -> None:
    file = site.pipeline("gone")
    until(lambda: "gone" in [pipeline["name"] for pipeline in site.client.pipelines()])
    assert site.ctl("delete", "gone", "--yes", "--json").json["file"] == str(file)
    until(lambda: site.ctl("show", "gone").code == 2)


def test_preview_shows_rows_of_the_source(site: Installation) -> None:
    answer = site.ctl("preview", "quick", "--limit", "3", "--json").json
    assert answer["rows_matching"] == 1000
    assert len(answer["rows"]) == 3
    shown = site.ctl("preview", "quick", "--limit", "3")
    assert len(shown.out.splitlines()) == 5
    assert f"file://{site.outbox}/quick.csv" in shown.err


def test_events_tell_of_a_run(site: Installation) -> None:
    with site.popen("events", "--json") as follower:
        assert follower.stdout is not None
        assert json.loads(follower.stdout.readline())["type"] == "hello"
        run_id = site.ctl("run", "quick", "--json").json["run_id"]
        seen = []
        for line in follower.stdout:
            event = json.loads(line)
            if event["type"] == "run" and event["run"]["run_id"] == run_id:
                seen.append(event["run"]["status"])
                if seen[-1] == "done":
                    break
        follower.send_signal(signal.SIGINT)
        _, told = follower.communicate(timeout=PATIENCE)
    assert follower.returncode == 130
    assert told == ""


def test_plugins_and_ping_answer(site: Installation) -> None:
    assert {"csv", "file", "gzip"} <= {p["name"] for p in site.ctl("plugins", "--json").json}
    assert site.ctl("plugins").code == 0
    assert site.ctl("ping").code == 0
    assert site.ctl("--json").json == site.ctl("list", "--json").json


def test_a_reader_that_goes_away_ends_a_stream_that_is_silent(site: Installation) -> None:
    run_id = site.ctl("run", "slow", "--json").json["run_id"]
    for arguments in (("events",), ("logs", "-f", run_id)):
        with site.popen(*arguments) as follower:
            assert follower.stdout is not None
            assert follower.stderr is not None
            follower.stdout.readline()
            follower.stdout.close()
            assert follower.stderr.read() == ""
        assert follower.returncode == 141
    told = site.ctl("stop", "slow").out
    assert f"run {run_id} of slow: stopping" in told
    until(lambda: site.state("slow") == "stopped")


def test_an_output_that_is_full_is_named(site: Installation) -> None:
    for arguments in (("list",), ("plugins", "--json"), ("list", "--no-such-option")):
        with Path("/dev/full").open("w") as full:
            outcome = subprocess.run(
                [str(BIN / "profexctl"), "--socket", str(site.socket), *arguments],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                check=False,
            )
        if "--no-such-option" in arguments:
            assert outcome.returncode == 2
            continue
        assert outcome.stderr == "error: stdout: No space left on device (os_error)\n"
        assert outcome.returncode == 1


def test_a_wait_outlives_a_daemon_that_is_killed_and_started_again(
    tmp_path: Path, warehouse: Path
) -> None:
    site = Installation(tmp_path, warehouse)
    with daemon_of(site) as first, site.popen("run", "slow", "--wait", "--json") as waiting:
        until(lambda: site.state("slow") == "running")
        first.kill()
        first.wait()
        assert site.ctl("ping").code == 3
        with daemon_of(site):
            out, told = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 1
    assert json.loads(out)["status"] == "interrupted"
    assert told == ""
