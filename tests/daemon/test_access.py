"""Who may do what: the socket's other end, its role, and what a role opens."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from pathlib import Path

import pytest

from profexd.config.model import Settings
from profexd.daemon.api import control
from profexd.daemon.api.access import caller, peer
from profexd.wire import Role
from tests.daemon.stage import Stage, run_async

NOBODY = pwd.getpwnam("nobody")


def role(**access: tuple[str, ...]) -> Role:
    settings = Settings(access_operator=(), **{}) if not access else Settings(**access)  # type: ignore[arg-type]
    return caller(NOBODY.pw_uid, NOBODY.pw_gid, settings).role


def test_root_and_the_daemons_user_are_admin() -> None:
    assert caller(0, 0, Settings()).role is Role.ADMIN
    assert caller(os.geteuid(), os.getegid(), Settings()).role is Role.ADMIN


def test_a_user_that_nobody_names_may_nothing() -> None:
    assert role() is Role.NONE
    assert caller(4_000_000, 4_000_000, Settings()).role is Role.NONE
    assert caller(4_000_000, 4_000_000, Settings()).name == "4000000"


def test_the_highest_role_that_names_a_user_or_a_group_wins() -> None:
    group = (
        "@"
        + subprocess.run(
            ["id", "-gn", "nobody"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    assert role(access_viewer=("nobody",)) is Role.VIEWER
    assert role(access_viewer=("nobody",), access_operator=(group,)) is Role.OPERATOR
    assert role(access_viewer=("nobody",), access_admin=("nobody",)) is Role.ADMIN
    assert role(access_admin=("nobod", "@nobody-else")) is Role.NONE


def test_the_kernel_names_the_other_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert peer(here) == (os.geteuid(), os.getegid())


@pytest.mark.parametrize(
    ("access", "allowed"),
    [
        ("", set()),
        ('viewer = ["nobody"]', {"list"}),
        ('operator = ["nobody"]', {"list", "pause"}),
        ('admin = ["nobody"]', {"list", "pause", "reload"}),
    ],
)
def test_a_role_opens_what_it_opens_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, access: str, allowed: set[str]
) -> None:
    # Only root can be somebody else, so the kernel's word is put in its mouth.
    monkeypatch.setattr(control, "peer", lambda _: (NOBODY.pw_uid, NOBODY.pw_gid))
    stage = Stage(tmp_path, settings=f"[access]\n{access}")
    stage.write("quick")
    requests = {
        "list": ("GET", "/v1/pipelines"),
        "pause": ("POST", "/v1/pipelines/quick/pause"),
        "reload": ("POST", "/v1/config/reload"),
    }

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:
            for name, (method, path) in requests.items():
                status, answer = await ask(method, path)
                assert status == (200 if name in allowed else 403), name
                if status == 403:
                    assert answer["error"]["code"] == "denied"
            if "pause" in allowed:
                assert play.core.board.pipeline("quick")["paused"]["by"] == "nobody"
            assert (await ask("GET", "/healthz"))[0] == 200

    run_async(scene())
