"""The daemon as a process: files dropped and broken, kills, signals, two at once, the socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.daemon.process import Daemon, UnixConnection, until
from tests.daemon.stage import SCRIPTED


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with the real worker, not yet started."""
    installed = Daemon(tmp_path)
    yield installed
    installed.__exit__(None, None, None)


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon whose workers do what the names of their pipelines say, not yet started."""
    installed = Daemon(tmp_path, argv=SCRIPTED)
    yield installed
    installed.__exit__(None, None, None)


def test_dropping_breaking_mending_and_deleting_a_file_is_seen(daemon: Daemon) -> None:
    daemon.pipeline("steady")
    daemon.start()
    assert daemon.names() == {"steady": "pending"}
    daemon.pipeline("dropped")
    until(lambda: daemon.names() == {"steady": "pending", "dropped": "pending"})
    file = daemon.pipeline("dropped", format='{ type = "csv", seperator = ";" }')
    until(lambda: daemon.names()["dropped"] == "invalid")
    (problem,) = daemon.get("/v1/pipelines/dropped")["problems"]
    place = f"pipelines/dropped.toml:{problem['line']}:{problem['column']}: "
    until(lambda: place in daemon.log)
    assert "separator" in problem["message"] + problem["hint"]
    run = daemon.over(daemon.run("dropped"))
    assert run["status"] == "done"
    daemon.pipeline("dropped")
    until(lambda: daemon.names()["dropped"] == "pending")
    file.unlink()
    until(lambda: daemon.names() == {"steady": "pending"})
    assert daemon.call("GET", "/v1/pipelines/dropped")[0] == 404


def test_a_configuration_directory_that_goes_away_and_comes_back_is_seen(daemon: Daemon) -> None:
    daemon.pipeline("one")
    daemon.start()
    config = daemon.root / "config"
    config.rename(daemon.root / "away")
    until(lambda: daemon.names() == {})
    (daemon.root / "away").rename(config)
    until(lambda: daemon.names() == {"one": "pending"})
    daemon.pipeline("two")
    until(lambda: set(daemon.names()) == {"one", "two"})


def test_a_pipeline_that_is_a_link_follows_what_it_points_to(daemon: Daemon) -> None:
    file = daemon.pipeline("one")
    real = daemon.root / "real.toml"
    file.rename(real)
    file.symlink_to(real)
    daemon.start()
    assert daemon.names() == {"one": "pending"}
    real.write_text("enabled = false\n" + real.read_text())
    until(lambda: daemon.names() == {"one": "disabled"})


def test_a_run_delivers_the_rows_of_the_source(daemon: Daemon) -> None:
    daemon.pipeline("one")
    daemon.start()
    run = daemon.over(daemon.run("one"))
    assert run["status"] == "done", run
    assert run["rows"] == 200
    (file,) = run["files"]
    assert file["status"] == "published"
    path = file["uri"].removeprefix("file://")
    with duckdb.connect() as database:
        counted = database.execute(f"SELECT count(*) FROM '{path}'").fetchone()
    assert counted == (200,)
    view = daemon.get("/v1/pipelines/one")
    assert view["last_run"]["run_id"] == run["run_id"]
    assert view["uri"].startswith("file:///")
    [told] = daemon.get("/v1/trends")["one"]
    assert (told["run_id"], told["status"], told["rows"]) == (run["run_id"], "done", 200)
    assert 0 <= told["seconds"] < 600
    lines = daemon.get(f"/v1/runs/{run['run_id']}/log?follow=1").splitlines()
    assert {json.loads(line)["level"] for line in lines} <= {"info", "warning"}
    assert 'profexd_run_total{outcome="done",pipeline="one"} 1.0' in daemon.get("/metrics")


def test_a_preview_shows_rows_and_leaves_nothing(daemon: Daemon) -> None:
    daemon.pipeline("one")
    daemon.start()
    status, shown, _ = daemon.call("POST", "/v1/pipelines/one/preview", {"limit": 3})
    assert status == 200, shown
    assert len(shown["rows"]) == 3
    assert list((daemon.root / "out").iterdir()) == []
    until(lambda: list((daemon.root / "spool").iterdir()) == [])
    assert daemon.get("/v1/runs") == []


def test_kill_9_of_a_worker_fails_its_run_and_the_daemon_lives(scripted: Daemon) -> None:
    scripted.pipeline("hang")
    scripted.pipeline("quick")
    scripted.start()
    run_id = scripted.run("hang")
    (child,) = until(scripted.children)
    os.kill(child, signal.SIGKILL)
    failed = scripted.over(run_id)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "worker_died"
    assert scripted.over(scripted.run("quick"))["status"] == "done"


def test_kill_9_of_the_daemon_ends_its_children_and_the_next_start_says_interrupted(
    daemon: Daemon,
) -> None:
    daemon.write(
        "sources/slow",
        'type = "duckdb"\nquery = "SELECT sum(a.range * b.range) AS s FROM range(1000000) a, '
        'range(10000000) b"\n',
    )
    daemon.pipeline("slow", source='"slow"')
    daemon.start()
    run_id = daemon.run("slow")
    until(lambda: daemon.get(f"/v1/runs/{run_id}")["phase"] == "build")
    # Another may still judge the pipeline by its source.
    until(lambda: len(daemon.children()) == 1)
    (child,) = daemon.children()
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    until(lambda: not Path(f"/proc/{child}").exists() or _zombie(child))
    daemon.start()
    run = daemon.get(f"/v1/runs/{run_id}")
    assert run["status"] == "interrupted"
    assert daemon.names() == {"slow": "failed"}
    assert list((daemon.root / "out").iterdir()) == []
    until(lambda: list((daemon.root / "spool").iterdir()) == [])


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_a_second_daemon_ends_with_69_and_says_who_was_first(daemon: Daemon) -> None:
    daemon.start()
    assert daemon.process is not None
    second = daemon.launch()
    assert second.wait(30) == 69
    assert f"process {daemon.process.pid}" in daemon.log
    assert daemon.answers()


def test_a_dead_daemons_socket_is_replaced(daemon: Daemon) -> None:
    daemon.start()
    daemon.signal(signal.SIGKILL)
    daemon.wait()
    assert daemon.socket.is_socket()
    daemon.start()


def test_the_socket_lets_nobody_else_in(daemon: Daemon) -> None:
    daemon.start()
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o660
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o750
    assert stat.S_IMODE((daemon.root / "state").stat().st_mode) == 0o700
    modes = {stat.S_IMODE(p.stat().st_mode) for p in (daemon.root / "state").iterdir()}
    assert modes == {0o600, 0o700}


def test_a_state_directory_that_lets_others_in_is_refused(daemon: Daemon) -> None:
    (daemon.root / "state").mkdir(mode=0o750)
    daemon.process = daemon.launch()
    assert daemon.wait() == 78
    assert "chmod 0700" in daemon.log


def test_a_state_directory_with_a_file_of_somebody_else_is_refused(daemon: Daemon) -> None:
    state = daemon.root / "state"
    state.mkdir(mode=0o700)
    (state / "lock").touch(mode=0o600)
    os.chown(state / "lock", 65534, 65534)
    daemon.process = daemon.launch()
    assert daemon.wait() == 78
    assert f"{state}/lock belongs to user 65534" in daemon.log
    assert f"chown -R {os.geteuid()} {state}" in daemon.log


def test_broken_settings_are_no_start(daemon: Daemon) -> None:
    daemon.write("profexd", "nonsense = 1\n")
    daemon.process = daemon.launch()
    assert daemon.wait() == 78
    assert "nonsense" in daemon.log
    assert "Traceback" not in daemon.log


def test_term_lets_a_run_finish_and_ends_with_0(scripted: Daemon) -> None:
    scripted.pipeline("slow-publishing")
    scripted.start()
    run_id = scripted.run("slow-publishing")
    until(lambda: scripted.get(f"/v1/runs/{run_id}")["phase"] == "deliver")
    scripted.signal(signal.SIGTERM)
    until(lambda: "waiting for: slow-publishing" in scripted.log)
    (scripted.root / "gate").touch()
    assert scripted.wait() == 0
    assert not scripted.socket.exists()
    scripted.start()
    assert scripted.status(run_id) == "done"


def test_a_second_term_cancels_and_ends_with_75(scripted: Daemon) -> None:
    scripted.pipeline("hang")
    scripted.start()
    run_id = scripted.run("hang")
    until(lambda: scripted.get(f"/v1/runs/{run_id}")["phase"] == "build")
    scripted.signal(signal.SIGTERM)
    until(lambda: "draining" in scripted.log)
    scripted.signal(signal.SIGTERM)
    assert scripted.wait() == 75
    scripted.start()
    assert scripted.status(run_id) == "interrupted"


def test_hup_reads_the_files_and_usr1_dumps_stacks(daemon: Daemon) -> None:
    daemon.start()
    daemon.signal(signal.SIGHUP)
    until(lambda: '"source": "signal"' in daemon.log)
    daemon.signal(signal.SIGUSR1)
    until(lambda: "task core" in daemon.log and "Current thread" in daemon.log)
    assert daemon.answers()


def test_stopping_ends_streams_at_once(daemon: Daemon) -> None:
    daemon.start()
    connection = UnixConnection(daemon.socket)
    connection.request("GET", "/v1/events")
    stream = connection.getresponse()
    assert json.loads(stream.readline())["type"] == "hello"
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    assert stream.read() == b""
    connection.close()


def test_events_tell_what_happens_and_replay_what_was_missed(scripted: Daemon) -> None:
    scripted.pipeline("quick")
    scripted.start()
    first = UnixConnection(scripted.socket)
    first.request("GET", "/v1/events")
    stream = first.getresponse()
    hello = json.loads(stream.readline())
    run_id = scripted.run("quick")
    seen = []
    while not seen or seen[-1].get("run", {}).get("status") != "done":
        seen.append(json.loads(stream.readline()))
    first.close()
    assert [event["seq"] for event in seen] == [hello["seq"] + n for n in range(1, len(seen) + 1)]
    assert {event["type"] for event in seen} >= {"run", "pipeline", "progress"}
    assert all(event["run"]["run_id"] == run_id for event in seen if event["type"] == "run")
    again = UnixConnection(scripted.socket)
    again.request("GET", f"/v1/events?since={hello['seq']}")
    stream = again.getresponse()
    assert json.loads(stream.readline())["seq"] == hello["seq"]
    assert [json.loads(stream.readline()) for _ in seen] == seen
    again.close()


def test_a_client_that_never_reads_hurts_nobody(scripted: Daemon) -> None:
    scripted.pipeline("quick")
    scripted.start()
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    deaf.connect(str(scripted.socket))
    deaf.sendall(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
    reason = "x" * 1000
    for _ in range(100):
        assert scripted.post("/v1/pipelines/quick/pause", {"reason": reason})["state"] == "paused"
        scripted.post("/v1/pipelines/quick/resume")
    assert scripted.over(scripted.run("quick"))["status"] == "done"
    deaf.close()


def test_many_requests_at_once_are_all_answered(scripted: Daemon) -> None:
    scripted.pipeline("hang")
    scripted.start()
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(scripted.call("POST", "/v1/pipelines/hang/runs")[0])
        )
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202] + [409] * 9


def test_errors_say_what_and_what_to_do(scripted: Daemon) -> None:
    scripted.pipeline("off", enabled="false")
    scripted.pipeline("broken", nonsense="1")
    scripted.start()
    calls = {
        ("GET", "/v1/pipelines/nobody"): (404, "not_found"),
        ("GET", "/v1/runs/1"): (404, "not_found"),
        ("GET", "/v1/nothing"): (404, "not_found"),
        ("DELETE", "/v1/pipelines"): (405, "method_not_allowed"),
        ("GET", "/v1/runs?status=odd"): (400, "bad_request"),
        ("GET", "/v1/runs?limit=-1"): (400, "bad_request"),
        ("GET", "/v1/events?since=x"): (400, "bad_request"),
        ("POST", "/v1/pipelines/off/runs"): (409, "disabled"),
        ("POST", "/v1/pipelines/broken/runs"): (422, "config_invalid"),
        ("POST", "/v1/pipelines/broken/preview"): (422, "config_invalid"),
        ("POST", "/v1/runs/1/stop"): (404, "not_found"),
    }
    for (method, path), (status, code) in calls.items():
        got, answer, _ = scripted.call(method, path)
        assert (got, answer["error"]["code"]) == (status, code), path
        assert set(answer["error"]) == {"code", "message", "hint"}
    bodies: list[object] = [[], {"sql": "x"}, {"reason": 1}, {"until": "soon"}]
    bodies.append({"until": "2001-01-01T00:00:00Z"})
    for body in bodies:
        got, answer, _ = scripted.call("POST", "/v1/pipelines/off/pause", body)
        assert (got, answer["error"]["code"]) == (400, "bad_request"), body


def test_check_changes_nothing_and_reload_says_what_is_wrong(scripted: Daemon) -> None:
    scripted.pipeline("quick")
    scripted.start()
    assert scripted.post("/v1/config/check") == {"ok": True, "problems": []}
    scripted.pipeline("quick", nonsense="1")
    answer = scripted.post("/v1/config/reload")
    assert answer["ok"] is False
    assert answer["problems"][0]["key"] == "nonsense"
    config = scripted.get("/v1/config")
    assert config["directory"] == str(scripted.root / "config")
    assert config["problems"] == answer["problems"]
    assert len(config["revision"]) == 64
    assert {row["name"] for row in scripted.get("/v1/plugins")} >= {"csv", "file", "gzip"}
    info = scripted.get("/v1/info")
    assert (info["role"], info["pipelines"], info["running"]) == ("admin", 1, 0)
    assert info["problems"] == 1
    said = scripted.get("/v1/pipelines/quick/config")
    assert said["stale"]
    assert said["problems"] == answer["problems"]
    assert {"key": "enabled", "value": "true", "file": "", "line": 0} in said["values"]
    diagnosis = scripted.get("/v1/diagnostics")
    assert diagnosis["memory"] > 2**20
    assert (diagnosis["clients"], diagnosis["running"]) == (0, [])
    assert (diagnosis["reload"]["ok"], diagnosis["problems"]) == (False, answer["problems"])


def test_broken_settings_are_told_wherever_one_looks(scripted: Daemon) -> None:
    scripted.start()
    assert scripted.get("/v1/info")["problems"] == 0
    settings = scripted.write("profexd", "nonsense = 1")
    answer = scripted.post("/v1/config/reload")
    assert answer["ok"] is False
    assert [problem["key"] for problem in answer["problems"]] == ["nonsense"]
    assert scripted.get("/v1/info")["problems"] == 1
    (line,) = [
        json.loads(one) for one in scripted.log.splitlines() if "profexd.toml:1:1: nonsense" in one
    ]
    assert line["level"] == "error"
    settings.write_text("broken")
    assert scripted.post("/v1/config/reload")["ok"] is False
    assert scripted.get("/v1/info")["problems"] == 1


def test_export_without_a_daemon_recovers_runs_and_records(daemon: Daemon) -> None:
    daemon.pipeline("one")
    daemon.pipeline("off", enabled="false")
    done = daemon.export("one")
    run = json.loads(done.stdout)
    assert run["status"] == "done", done
    assert run["trigger"] == "export"
    assert json.loads(daemon.export("off").stdout)["code"] == "disabled"
    assert json.loads(daemon.export("nobody").stdout)["code"] == "unknown_pipeline"
    daemon.start()
    assert [r["run_id"] for r in daemon.get("/v1/runs")] == [run["run_id"]]
    refusal = json.loads(daemon.export("one").stdout)
    assert refusal["code"] == "daemon_running"
    assert "profexctl run one --wait" in refusal["hint"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_an_export_in_order(scripted: Daemon, number: signal.Signals) -> None:
    scripted.pipeline("hang")
    export = scripted.begin_export("hang")
    until(lambda: list((scripted.root / "spool").glob("*/part")), "the run builds")
    export.send_signal(number)
    out, _ = export.communicate(timeout=90)
    assert json.loads(out)["status"] == "stopped"
    assert list((scripted.root / "spool").iterdir()) == []


def test_an_export_waits_for_another(scripted: Daemon) -> None:
    scripted.pipeline("quick")
    results: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(json.loads(scripted.export("quick").stdout)["status"])
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["done"] * 3


def test_run_state_that_cannot_be_used_is_said_in_words(daemon: Daemon) -> None:
    (daemon.root / "state").mkdir(mode=0o700)
    database = daemon.root / "state/profexd.db"
    database.write_text("certainly no database, and long enough to be one" * 30)
    database.chmod(0o600)
    daemon.process = daemon.launch()
    assert daemon.wait() == 69
    assert "not a database" in daemon.log
    assert "Traceback" not in daemon.log
