"""Who asked for what: written down, whatever came of it, and shown to admins."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from profexd.daemon.api import audit as audit_module
from profexd.daemon.api import control
from profexd.daemon.api.access import Caller
from profexd.daemon.api.audit import AuditLog
from profexd.wire import Role
from tests.daemon.process import Daemon
from tests.daemon.stage import SCRIPTED, Clock, Play, Stage, run_async


def entry(log: AuditLog, about: str = "p", **more: Any) -> None:
    log.write(user="alice", uid=7, role="operator", action="pause", about=about, **more)


def test_what_was_asked_and_what_came_of_it_is_written(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, argv=SCRIPTED)
    daemon.pipeline("quick")
    daemon.pipeline("hang")
    with daemon:
        run_id = daemon.run("hang")
        daemon.post("/v1/pipelines/quick/pause", {"reason": "partner on holiday"})
        daemon.post("/v1/pipelines/quick/runs")
        daemon.post("/v1/pipelines/quick/resume")
        daemon.post("/v1/pipelines/nobody/pause", {"reason": ["no text"]})
        daemon.post(f"/v1/runs/{run_id}/stop")
        daemon.post(f"/v1/runs/{run_id}/approve")
        daemon.post("/v1/config/reload")
        daemon.get("/v1/pipelines")
        lines = daemon.get("/v1/audit?limit=7")
        assert daemon.get("/v1/audit?limit=1") == lines[:1]
        assert daemon.call("GET", "/v1/audit?limit=-1")[0] == 400
    found = [
        (line["action"], line["object"], line["result"], line["code"]) for line in reversed(lines)
    ]
    assert found == [
        ("pause", "quick", "ok", ""),
        ("run", "quick", "refused", "paused"),
        ("resume", "quick", "ok", ""),
        ("pause", "nobody", "refused", "bad_request"),
        ("stop", run_id, "ok", ""),
        ("approve", run_id, "refused", found[5][3]),
        ("reload", "", "ok", ""),
    ]
    assert lines[-1]["details"] == {"reason": "partner on holiday"}
    assert {line["uid"] for line in lines} == {os.getuid()}
    (path,) = (tmp_path / "state/audit").iterdir()
    first = json.loads(path.read_text().splitlines()[0])
    assert (first["action"], first["details"]) == ("run", {"run_id": run_id})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert daemon.export("quick").returncode == 0
    last = AuditLog(tmp_path / "state/audit", lambda: datetime.now(UTC)).last(1)[0]
    assert (last["action"], last["object"], last["role"]) == ("export", "quick", "admin")


ROLES = {
    ("GET", "/v1/info"): Role.VIEWER,
    ("GET", "/v1/pipelines"): Role.VIEWER,
    ("GET", "/v1/pipelines/{name}"): Role.VIEWER,
    ("GET", "/v1/pipelines/{name}/config"): Role.VIEWER,
    ("GET", "/v1/runs"): Role.VIEWER,
    ("GET", "/v1/runs/{id}"): Role.VIEWER,
    ("GET", "/v1/events"): Role.VIEWER,
    ("GET", "/v1/config"): Role.VIEWER,
    ("GET", "/v1/plugins"): Role.VIEWER,
    ("GET", "/v1/diagnostics"): Role.VIEWER,
    ("GET", "/v1/trends"): Role.VIEWER,
    ("GET", "/metrics"): Role.VIEWER,
    ("POST", "/v1/pipelines/{name}/runs"): Role.OPERATOR,
    ("POST", "/v1/pipelines/{name}/pause"): Role.OPERATOR,
    ("POST", "/v1/pipelines/{name}/resume"): Role.OPERATOR,
    ("POST", "/v1/pipelines/{name}/preview"): Role.OPERATOR,
    ("POST", "/v1/pipelines/{name}/probe"): Role.OPERATOR,
    ("POST", "/v1/pipelines/{name}/why"): Role.OPERATOR,
    ("POST", "/v1/runs/{id}/stop"): Role.OPERATOR,
    ("GET", "/v1/runs/{id}/log"): Role.OPERATOR,
    ("POST", "/v1/config/check"): Role.OPERATOR,
    ("POST", "/v1/runs/{id}/approve"): Role.ADMIN,
    ("POST", "/v1/runs/{id}/reject"): Role.ADMIN,
    ("POST", "/v1/runs/{id}/resend"): Role.ADMIN,
    ("POST", "/v1/config/reload"): Role.ADMIN,
    ("GET", "/v1/audit"): Role.ADMIN,
}


def routes(play: Play) -> set[tuple[str, str]]:
    """Return method and path of every route but the one that anybody may ask."""
    return {
        (route.method, route.resource.canonical)
        for route in play.api.application().router.routes()
        if route.resource is not None
    } - {("GET", "/healthz")}


@pytest.mark.parametrize("role", [Role.NONE, Role.VIEWER, Role.OPERATOR])
def test_each_route_is_denied_to_who_has_no_right_to_it_and_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    stage = Stage(tmp_path)
    stage.write("quick")

    def someone(request: web.Request, core: object) -> Caller:
        return Caller("mallory", role, 4711)

    monkeypatch.setattr(control, "_caller", someone)

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:
            denied = 0
            for method, path in sorted(routes(play)):
                least = ROLES[method, path]
                if "events" in path and role >= least:
                    continue
                if path == "/metrics" and role >= least:
                    continue
                real = path.replace("{name}", "nobody").replace("{id}", "17")
                status, answer = await ask(method, real)
                assert (status == 403) == (role < least), path
                if role < least:
                    denied += 1
                    assert answer["error"]["code"] == "denied"
                    assert least.name.lower() in answer["error"]["message"]
            status, _ = await ask("GET", "/healthz")
            assert status == 200
            lines = AuditLog(tmp_path / "state/audit", stage.clock).last(100)
            assert sum(line["result"] == "denied" for line in lines) == denied
            assert {line["uid"] for line in lines} == {4711}

    run_async(scene())


def test_there_is_no_route_whose_role_is_not_tested(tmp_path: Path) -> None:
    stage = Stage(tmp_path)

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door():
            assert routes(play) <= ROLES.keys()

    run_async(scene())


def test_old_files_go_and_full_ones_are_followed_by_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "_FILE_BYTES", 2000)
    clock = Clock()
    log = AuditLog(tmp_path / "audit", clock)
    for number in range(1000):
        clock.forward(seconds=1)
        entry(log, str(number))
    files = sorted((tmp_path / "audit").iterdir())
    assert 10 < len(files) <= 16
    assert all(path.stat().st_size < 2500 for path in files)
    shown = [line["object"] for line in log.last(50)]
    assert shown == [str(number) for number in range(999, 949, -1)]
    for path in files[:-1]:
        old = (clock.now - timedelta(days=91)).timestamp()
        os.utime(path, (old, old))
    os.utime(files[-1], (clock.now.timestamp(),) * 2)
    log.prune(90 * 86400)
    assert list((tmp_path / "audit").iterdir()) == [files[-1]]
    clock.forward(days=31)
    entry(log, "next month")
    assert len(list((tmp_path / "audit").iterdir())) == 2
    with files[-1].open("ab") as file:
        file.write(b'{"at": "cut of')
    assert [line["object"] for line in log.last(2)] == ["next month", "999"]


def test_a_full_disk_keeps_nobody_from_anything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit").write_text("a file in its place")
    entry(AuditLog(tmp_path / "audit", Clock()))
    assert "audit_not_written" in caplog.text


def test_a_socket_directory_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run").chmod(0o777)
    with pytest.raises(control.SocketUnusable, match="mode 0777: anybody could"):
        control.listen(tmp_path / "run/socket")
    (tmp_path / "run").chmod(0o1777)
    control.listen(tmp_path / "run/socket").close()
