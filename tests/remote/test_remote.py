"""profexctl --host: every verb over a real ssh, and what is said where there is no way through."""

from __future__ import annotations

import json
import subprocess
import time

from tests.end_to_end.site import BIN
from tests.remote.far import Far


def test_a_verb_means_the_daemon_of_the_other_host(far: Far) -> None:
    far.site.start()
    listed = far.profexctl("list", "--json")
    assert [one["name"] for one in json.loads(listed.stdout)] == ["daily"], listed.stderr
    ran = far.profexctl("run", "daily", "--wait", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (0, "done")
    assert far.site.delivered() == ["daily.csv"]
    assert far.control("check").returncode == 0, "all calls share one login"
    assert "done: 1000 rows" in far.profexctl("logs", "daily").stdout


def test_events_are_followed_and_end_with_their_reader(far: Far) -> None:
    far.site.start()
    with subprocess.Popen(
        [str(BIN / "profexctl"), "--host=far", "events", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=far.environ,
    ) as events:
        assert events.stdout is not None
        assert json.loads(events.stdout.readline())["type"] == "hello"
        far.site.profexctl("pause", "daily")
        told = json.loads(events.stdout.readline())
        assert told["pipeline"]["paused"]["by"]
        events.terminate()
    assert far.site.daemon is not None
    with subprocess.Popen(
        [str(BIN / "profexctl"), "--host=far", "events"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=far.environ,
    ) as events:
        assert events.stdout is not None
        assert events.stderr is not None
        assert "connected" in events.stdout.readline()
        far.end_sessions()
        assert "the connection to the daemon on far was lost" in events.stderr.read()
    assert events.returncode == 3
    dialled = f"pgrep -f 'dial-stdio' -P {far.site.daemon.pid} || true"
    deadline = time.monotonic() + 60
    while subprocess.run(dialled, shell=True, capture_output=True).stdout:
        assert time.monotonic() < deadline


def test_what_ssh_says_is_told(far: Far) -> None:
    nowhere = far.profexctl("ping", host="nowhere.invalid")
    assert nowhere.returncode == 3
    assert "cannot reach the daemon on nowhere.invalid: " in nowhere.stderr
    assert "resolve hostname" in nowhere.stderr
    assert "ssh nowhere.invalid profexctl ping" in nowhere.stderr
    config = far.folder / "config"
    good = config.read_text()
    for old, new, said in (
        ("user\n", "host\n", "Permission denied"),
        ("known_hosts", "unknown", "Host key verification failed"),
        ("known_hosts", "changed", "its host key has changed"),
    ):
        config.write_text(good.replace(old, new))
        refused = far.profexctl("ping")
        assert refused.returncode == 3
        assert said in refused.stderr
        assert "hint: log in once, to see to it:  ssh far" in refused.stderr


def test_what_is_wrong_with_profexctl_over_there_is_told(far: Far) -> None:
    for script, code, said in (
        ("", 3, "there is no profexctl on the PATH"),
        ("echo Welcome!", 3, "a shell there print something"),
        ("echo 'error: no such command: dial-stdio (usage)' >&2; exit 2", 3, "profexctl --version"),
        ("echo 'error: no permission to use it (permission)' >&2; exit 5", 5, "no permission"),
    ):
        other = far.folder / "bin/profexctl"
        other.unlink(missing_ok=True)
        if script:
            other.write_text(f"#!/bin/sh\n{script}\n")
            other.chmod(0o755)
        told = far.profexctl("list")
        assert (told.returncode, said in told.stderr) == (code, True), told.stderr


def test_no_daemon_on_the_other_host_is_said_in_its_words(far: Far) -> None:
    silent = far.profexctl("list")
    assert silent.returncode == 3
    assert f"no daemon at {far.site.socket}" in silent.stderr


def test_files_of_another_host_are_not_deleted_from_here(far: Far) -> None:
    far.site.start()
    refused = far.profexctl("delete", "daily", "--yes")
    assert refused.returncode == 2
    assert (far.site.config / "pipelines/daily.toml").exists()


def test_a_host_that_would_be_an_option_is_refused(far: Far) -> None:
    assert far.profexctl("list", host="-oProxyCommand=touch").returncode == 2
