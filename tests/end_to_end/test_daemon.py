"""The daemon as a sysadmin meets it: files dropped in, processes killed, clocks ticking."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.end_to_end.site import Site, alive, children

SLOW_SINK = 'type = "file"\nroot = "{root}"\nbandwidth = "20KB"\n'


def slow(site: Site, name: str = "slow", **keys: str) -> str:
    """Start a run that takes many seconds to deliver; return its id once it is delivering."""
    site.write("sinks/slow.toml", SLOW_SINK.format(root=site.outbox))
    site.pipeline(name, sink='"slow"', **keys)
    site.until(lambda: site.listed().get(name, {}).get("state") == "pending", "it is listed")
    run_id: str = site.profexctl("run", name, "--json").json["run_id"]

    def delivering() -> bool:
        running: dict[str, Any] | None = site.listed()[name]["running"]
        return running is not None and running["phase"] == "deliver"

    site.until(delivering, "it delivers")
    site.until(lambda: len(site.everything()) > 0, "bytes are staged")
    return run_id


def test_a_dropped_file_is_a_pipeline_within_two_seconds(site: Site) -> None:
    site.start()
    site.pipeline("new")
    listed = site.until(lambda: site.listed().get("new"), "it is listed", seconds=2)
    assert (listed["state"], listed["enabled"], listed["frequency"]) == (
        "pending",
        True,
        "manual",
    )
    assert listed["uri"] == f"file://{site.outbox}/new.csv"


def test_breaking_mending_and_deleting_a_file_never_disturbs_the_others(site: Site) -> None:
    site.pipeline("good")
    site.pipeline("changing", description='"first"')
    site.start()
    good = site.listed()["good"]

    site.pipeline("changing", descriptoin='"second"')
    broken = site.until(
        lambda: (p := site.listed()["changing"])["state"] == "invalid" and p,
        "it is invalid",
        seconds=2,
    )
    assert broken["description"] == "first"
    [problem] = broken["problems"]
    assert (problem["file"], problem["key"]) == ("pipelines/changing.toml", "descriptoin")
    assert site.listed()["good"] == good

    run = site.profexctl("run", "changing", "--wait", "--json")
    assert (run.code, run.json["status"]) == (0, "done")

    site.pipeline("changing", description='"third"')
    site.until(lambda: site.listed()["changing"]["description"] == "third", "mended", seconds=2)
    assert site.listed()["changing"]["problems"] == []

    (site.config / "pipelines/changing.toml").unlink()
    site.until(lambda: "changing" not in site.listed(), "it is gone", seconds=2)
    assert site.listed()["good"] == good


def test_a_broken_source_keeps_its_pipelines_running_on_the_last_good_version(site: Site) -> None:
    site.pipeline("all")
    site.start()
    site.write("sources/warehouse.toml", "type = duckdb\n")
    site.until(lambda: site.listed()["all"]["state"] == "invalid", "it is invalid", seconds=2)
    assert site.profexctl("run", "all", "--wait").code == 0


def test_run_now_waits_and_prints_the_run_object(site: Site) -> None:
    site.pipeline("all")
    site.start()
    answer = site.profexctl("run", "all", "--wait", "--json")
    assert answer.code == 0
    run = answer.json
    assert (run["status"], run["trigger"], run["rows"]) == ("done", "manual", 1000)
    assert run["files"][0]["status"] == "published"
    assert site.delivered() == ["all.csv"]
    log = site.profexctl("logs", "all")
    assert log.code == 0
    assert log.out


def test_run_now_is_refused_with_a_reason_when_disabled_or_paused(site: Site) -> None:
    site.pipeline("off", enabled="false")
    site.pipeline("held")
    site.start()
    disabled = site.profexctl("run", "off")
    assert disabled.code == 1
    assert "disabled" in disabled.err
    assert site.profexctl("pause", "held", "--reason", "partner on holiday").code == 0
    paused = site.profexctl("run", "held")
    assert paused.code == 1
    assert "paused" in paused.err
    assert site.listed()["held"]["paused"]["reason"] == "partner on holiday"
    assert site.profexctl("resume", "held").code == 0
    assert site.profexctl("run", "held", "--wait").code == 0


@pytest.mark.timeout(300)
def test_pipelines_fire_by_themselves_unless_paused_or_disabled(site: Site) -> None:
    site.pipeline("minutely", schedule='"every 1m"')
    site.pipeline("cron", schedule='"* * * * *"')
    site.pipeline("once", schedule='"once"')
    site.pipeline("off", schedule='"every 1m"', enabled="false")
    site.pipeline("paused", schedule='"every 1m"')
    site.start()
    assert site.profexctl("pause", "paused").code == 0
    site.until(lambda: "once.csv" in site.delivered(), "once has run")
    site.until(
        lambda: {"minutely.csv", "cron.csv"} <= set(site.delivered()), "both fire", seconds=75
    )
    assert site.delivered() == ["cron.csv", "minutely.csv", "once.csv"]
    listed = site.listed()
    assert listed["minutely"]["last_run"]["trigger"] == "schedule"
    assert listed["minutely"]["next_run_at"]
    assert (listed["once"]["state"], listed["once"]["next_run_at"]) == ("done", None)
    assert listed["off"]["last_run"] is None
    assert listed["paused"]["last_run"] is None


def test_a_killed_run_fails_alone_shows_nothing_and_a_later_run_succeeds(site: Site) -> None:
    site.pipeline("other")
    site.start()
    run_id = slow(site)
    [worker] = site.workers()
    os.kill(worker, signal.SIGKILL)
    run = site.finished(run_id)
    assert (run["status"], run["error"]["code"]) == ("failed", "worker_died")
    assert site.listed()["slow"]["state"] == "failed"
    assert "slow.csv" not in site.delivered()
    site.until(lambda: site.everything() == [], "what was staged is gone")
    assert site.profexctl("run", "other", "--wait").code == 0
    site.write("sinks/slow.toml", SLOW_SINK.format(root=site.outbox).replace("20KB", "1GB"))
    site.until(lambda: site.profexctl("check").code == 0, "the new sink is read")
    assert site.profexctl("run", "slow", "--wait").code == 0
    assert site.everything() == ["other.csv", "slow.csv"]


def test_a_killed_daemon_takes_its_children_along_and_the_next_start_cleans_up(site: Site) -> None:
    site.start()
    run_id = slow(site)
    [worker] = site.workers()
    site.kill()
    site.until(lambda: not alive(worker), "the worker ends")
    assert site.delivered() == []
    assert len(site.everything()) == 1
    site.start()
    assert site.finished(run_id)["status"] == "interrupted"
    site.until(lambda: site.everything() == [], "what was staged is gone")
    site.until(lambda: not list(site.spool.iterdir()), "the spool is empty")
    assert site.listed()["slow"]["state"] == "failed"


def test_a_stopped_run_is_stopped_and_leaves_nothing(site: Site) -> None:
    site.start()
    run_id = slow(site)
    assert site.profexctl("stop", "slow").code == 0
    assert site.finished(run_id)["status"] == "stopped"
    assert site.everything() == []
    assert site.listed()["slow"]["state"] == "stopped"


def test_a_second_run_is_refused_while_the_first_one_runs(site: Site) -> None:
    site.start()
    slow(site)
    answer = site.profexctl("run", "slow")
    assert answer.code == 1
    assert "already_running" in answer.err


def test_term_lets_a_running_run_finish_and_starts_no_other(site: Site) -> None:
    site.start()
    slow(site, path='"slow.csv.gz"', compression='"gzip"')
    assert site.stop() == 0
    assert site.delivered() == ["slow.csv.gz"]


def test_hup_reloads(site: Site) -> None:
    site.pipeline("all", description='"one"')
    site.start(NOTIFY_SOCKET="@profexd-test-nobody-listens")
    assert site.daemon is not None
    site.pipeline("all", description='"two"')
    site.daemon.send_signal(signal.SIGHUP)
    site.until(lambda: site.listed()["all"]["description"] == "two", "it is reloaded")
    assert site.daemon.poll() is None


def test_two_daemons_never_share_a_state_directory(site: Site) -> None:
    site.start()
    second = site.profexd()
    assert second.code == 69
    site.pipeline("all")
    export = site.profexd("export", "all")
    assert export.code == 1
    assert "daemon_running" in export.err
    assert "profexctl run all --wait" in export.err


def test_export_records_its_run_where_the_daemon_will_find_it(site: Site) -> None:
    site.pipeline("all")
    exported = site.profexd("export", "all", "--json").json
    site.start()
    assert site.listed()["all"]["last_run"]["run_id"] == exported["run_id"]


def test_stopping_leaves_no_socket_and_no_child(site: Site) -> None:
    site.start()
    assert site.daemon is not None
    pid = site.daemon.pid
    assert site.stop() == 0
    assert not site.socket.exists()
    assert children(pid) == []


def test_plain_curl_is_enough_to_look_inside(site: Site) -> None:
    import json
    import subprocess

    site.pipeline("all")
    site.start()
    got = subprocess.run(
        ["curl", "-s", "--unix-socket", site.socket, "http://localhost/v1/pipelines"],
        capture_output=True,
        check=True,
    )
    assert [pipeline["name"] for pipeline in json.loads(got.stdout)] == ["all"]
