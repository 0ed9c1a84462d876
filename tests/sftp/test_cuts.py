"""Connections that break: never half a file, never a second one, nothing left behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from profexd.api import Permanent, SinkTimeout, SinkUnreachable, Staged, TargetExists
from profexd_sinks.sftp import SftpSink
from tests.servers.proxy import Proxy, proxy
from tests.servers.sshd import Sshd
from tests.sftp.sending import Told, sink, spooled

SIZE = 3_000_000
FRACTIONS = (0, 0.01, 0.5, 0.99)


@pytest.fixture
def between(server: Sshd) -> Iterator[Proxy]:
    with proxy(server.port) as running:
        yield running


@pytest.fixture
def content() -> bytes:
    return os.urandom(SIZE)


def through(between: Proxy, server: Sshd, folder: str, **keys: Any) -> SftpSink:
    return sink(server, folder, **{"port": between.port, "timeout": 1.0, **keys})


def cut_at(between: Proxy, there: SftpSink, tmp_path: Path, fraction: float) -> None:
    """Let the proxy cut the next connection when so much of a file has passed."""
    there.discard(there.stage(spooled(tmp_path, b"x"), "measured.csv"))
    there.close()
    between.cut_after = between.received + int(fraction * SIZE)


@pytest.mark.parametrize("fraction", FRACTIONS)
@pytest.mark.parametrize("mode", ["reset", "fin"])
def test_a_cut_connection_may_be_tried_again_with_the_same_bytes(
    between: Proxy,
    server: Sshd,
    folder: str,
    tmp_path: Path,
    content: bytes,
    mode: Any,
    fraction: float,
) -> None:
    there = through(between, server, folder)
    cut_at(between, there, tmp_path, fraction)
    between.mode = mode
    file = spooled(tmp_path, content)
    with pytest.raises(SinkUnreachable) as raised:
        there.stage(file, "out.csv")
    assert raised.value.hint
    assert not (server.home / folder / "out.csv").exists()
    between.heal()
    there.publish(there.stage(file, "out.csv"))
    there.close()
    assert server.files(folder) == ["out.csv"]
    assert (server.home / folder / "out.csv").read_bytes() == content


@pytest.mark.parametrize("mode", ["reset", "fin", "freeze"])
def test_a_connection_cut_before_the_first_byte_is_never_taken_for_a_refusal(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, mode: Any
) -> None:
    """At every 200th byte of the greeting, the exchange of keys and the login."""
    there = through(between, server, folder)
    with there._connected():
        greeting = between.received
    there.close()
    between.mode = mode
    for at in range(1, greeting, 200 if mode != "freeze" else 1000):
        between.cut_after = at
        there = through(between, server, folder, timeout=0.5, connect_timeout=0.5)
        with pytest.raises((SinkUnreachable, SinkTimeout)):
            there.stage(spooled(tmp_path), "out.csv")
        there.close()
    assert not (server.home / folder / "out.csv").exists()


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_what_a_dead_process_had_sent_is_removed_by_the_next(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, content: bytes, fraction: float
) -> None:
    told = Told()
    there = through(between, server, folder, told=told)
    cut_at(between, there, tmp_path, fraction)
    with pytest.raises(SinkUnreachable):
        there.stage(spooled(tmp_path, content), "out.csv")
    there.close()
    other = sink(server, folder)
    other.discard(Staged.from_json(told.journaled[-1].as_json()))
    other.close()
    assert server.files(folder) == []


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_a_frozen_server_ends_in_a_timeout_not_in_waiting(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, content: bytes, fraction: float
) -> None:
    there = through(between, server, folder)
    cut_at(between, there, tmp_path, fraction)
    between.mode = "freeze"
    file = spooled(tmp_path, content)
    with pytest.raises(SinkTimeout, match="did nothing for 1 s"):
        there.stage(file, "out.csv")
    between.heal()
    there.publish(there.stage(file, "out.csv"))
    there.close()
    assert (server.home / folder / "out.csv").read_bytes() == content


def test_a_server_that_takes_no_more_bytes_ends_in_a_timeout(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path
) -> None:
    """More than fits into all buffers on the way, so that sending itself has to give up."""
    there = through(between, server, folder)
    there.discard(there.stage(spooled(tmp_path, b"x"), "first.csv"))
    between.frozen = True
    with pytest.raises(SinkTimeout):
        there.stage(spooled(tmp_path, bytes(20_000_000)), "out.csv")
    there.close()


def test_a_slow_server_is_waited_for_as_long_as_it_goes_on(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, content: bytes
) -> None:
    between.rate = 1_500_000
    there = through(between, server, folder)
    there.publish(there.stage(spooled(tmp_path, content), "out.csv"))
    there.close()
    assert (server.home / folder / "out.csv").read_bytes() == content


def test_a_connection_that_dies_between_stage_and_publish_is_made_anew(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, content: bytes
) -> None:
    there = through(between, server, folder)
    staged = there.stage(spooled(tmp_path, content), "out.csv")
    between.cut()
    assert retried(there, staged).level == "size-only"
    assert server.files(folder) == ["out.csv"]


def test_a_session_killed_at_the_server_is_made_anew(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(server, folder)
    staged = there.stage(spooled(tmp_path), "out.csv")
    server.end_sessions()
    retried(there, staged)
    assert server.files(folder) == ["out.csv"]


@pytest.mark.parametrize("create_only", [False, True])
@pytest.mark.parametrize("died", [False, True])
def test_a_lost_answer_to_the_rename_is_looked_up_not_repeated(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path, *, create_only: bool, died: bool
) -> None:
    told = Told()
    there = through(between, server, folder, create_only=create_only, told=told)
    staged = there.stage(spooled(tmp_path), "out.csv")
    between.mute = True
    with pytest.raises(SinkTimeout):
        there.publish(staged)
    assert "out.csv" in server.files(folder)
    between.heal()
    if died:
        there.close()
        there = sink(server, folder, create_only=create_only)
        staged = Staged.from_json(told.journaled[-1].as_json())
    assert there.publish(staged).level == "verified"
    assert there.publish(staged).level == "verified"
    there.close()
    assert server.files(folder) == ["out.csv"]


def test_a_file_of_somebody_else_is_never_taken_for_ours(
    between: Proxy, server: Sshd, folder: str, tmp_path: Path
) -> None:
    """The link was asked for, the answer was lost, and another file has the name."""
    other = server.home / folder / "out.csv"
    other.write_bytes(b"someone else's")
    there = through(between, server, folder, create_only=True)
    staged = there.stage(spooled(tmp_path), "out.csv")
    between.mute = True
    with pytest.raises(SinkTimeout):
        there.publish(staged)
    between.heal()
    with pytest.raises(TargetExists):
        there.publish(staged)
    there.discard(staged)
    there.close()
    assert server.files(folder) == ["out.csv"]
    assert other.read_bytes() == b"someone else's"


def test_what_was_staged_and_vanished_is_an_error_not_a_success(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(server, folder)
    staged = there.stage(spooled(tmp_path), "out.csv")
    (server.home / str(staged.handle["temporary"])).unlink()
    (server.home / folder / "out.csv").write_bytes(b"id,name\n2,Bob\n")
    with pytest.raises(Permanent, match="is gone"):
        there.publish(staged)
    there.close()


def test_a_frozen_session_ends_in_a_timeout_and_publishes_once(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(server, folder, timeout=1.0)
    staged = there.stage(spooled(tmp_path), "out.csv")
    with server.frozen(), pytest.raises(SinkTimeout):
        there.publish(staged)
    retried(there, staged)
    assert server.files(folder) == ["out.csv"]


def test_a_host_that_refuses_or_is_no_ssh_server_is_named(
    between: Proxy, server: Sshd, folder: str
) -> None:
    between.refuse = True
    probe = through(between, server, folder).probe()
    assert not probe.ok
    assert f"[127.0.0.1]:{between.port}" in probe.message
    between.refuse, between.frozen = False, True
    probe = through(between, server, folder, connect_timeout=0.5).probe()
    assert "did not answer as an SSH server within 0.5 s" in probe.message


def retried(there: SftpSink, staged: Staged) -> Any:
    """Publish as a run does: again after what can pass."""
    for _ in range(3):
        try:
            receipt = there.publish(staged)
        except (SinkUnreachable, SinkTimeout):
            continue
        there.close()
        return receipt
    raise AssertionError("never published")
