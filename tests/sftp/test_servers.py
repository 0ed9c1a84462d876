"""Servers that allow little, can little, or have no room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.api import (
    ConditionalWriteUnsupported,
    DiskFull,
    ProfexdError,
    SinkDenied,
    SinkRefused,
    SinkTimeout,
)
from tests.servers.proxy import proxy
from tests.servers.sshd import Sshd, sshd
from tests.sftp.sending import CONTENT, Told, sink, spooled


@pytest.fixture(scope="module")
def old(home: Sshd) -> Iterator[Sshd]:
    """A server without the extensions of OpenSSH."""
    without = "posix-rename,hardlink,statvfs,fstatvfs,limits,fsync"
    with sshd(home, sftp=f"-P {without}") as running:
        yield running


@pytest.fixture
def small_disk(server: Sshd, folder: str) -> Iterator[str]:
    mount = server.home / folder / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount], check=True)
    shutil.chown(mount, server.user)
    yield f"{folder}/disk"
    subprocess.run(["umount", mount], check=True)


def failure(server: Sshd, root: str, tmp_path: Path, content: bytes = CONTENT) -> ProfexdError:
    there = sink(server, root)
    with pytest.raises(ProfexdError) as raised:
        there.publish(there.stage(spooled(tmp_path, content), "out.csv"))
    there.close()
    assert raised.value.hint
    return raised.value


@pytest.mark.parametrize("size", [1_500_000, 30_000_000])
def test_a_full_disk_is_named_and_leaves_nothing(
    server: Sshd, small_disk: str, tmp_path: Path, size: int
) -> None:
    error = failure(server, small_disk, tmp_path, bytes(size))
    assert isinstance(error, DiskFull)
    assert server.files(small_disk) == []


def test_a_file_that_just_fits_is_delivered(server: Sshd, small_disk: str, tmp_path: Path) -> None:
    there = sink(server, small_disk)
    there.publish(there.stage(spooled(tmp_path, bytes(1_000_000)), "out.csv"))
    there.close()
    assert server.files(small_disk) == ["out.csv"]


def test_a_folder_without_the_right_to_write_is_named(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    shutil.chown(server.home / folder, "root")
    error = failure(server, folder, tmp_path)
    assert isinstance(error, SinkDenied)
    assert "Permission denied" in error.message
    assert folder in error.message


def test_a_read_only_server_is_named(home: Sshd, folder: str, tmp_path: Path) -> None:
    with sshd(home, sftp="-R") as server:
        assert "nothing may be written" in failure(server, folder, tmp_path).hint
        there = sink(server, folder, no_posix_rename="replace")
        with pytest.raises(SinkDenied, match="Permission denied"):
            there.stage(spooled(tmp_path), "out.csv")
        there.close()


def test_a_folder_that_may_not_be_made_is_missing(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(server, folder, make_directories=False)
    with pytest.raises(SinkRefused, match="No such file") as raised:
        there.stage(spooled(tmp_path), "a/out.csv")
    there.close()
    assert "make_directories" in raised.value.hint
    assert list((server.home / folder).iterdir()) == []


def test_a_target_that_is_a_folder_is_refused_and_left_alone(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    (server.home / folder / "out.csv").mkdir()
    assert isinstance(failure(server, folder, tmp_path), SinkRefused)
    assert (server.home / folder / "out.csv").is_dir()


def test_without_posix_rename_nothing_is_sent_unless_the_configuration_allows_it(
    old: Sshd, folder: str, tmp_path: Path
) -> None:
    error = failure(old, folder, tmp_path)
    assert isinstance(error, SinkRefused)
    assert 'no_posix_rename = "replace"' in error.hint
    assert old.files(folder) == []


def test_no_posix_rename_replace_deletes_then_renames(
    old: Sshd, folder: str, tmp_path: Path
) -> None:
    for content in (b"first", b"second"):
        there = sink(old, folder, no_posix_rename="replace")
        staged = there.stage(spooled(tmp_path, content), "out.csv")
        there.publish(staged)
        assert there.publish(staged).level == "verified"
        there.close()
        assert old.files(folder) == ["out.csv"]
        assert (old.home / folder / "out.csv").read_bytes() == content


def test_a_lost_answer_never_makes_replace_delete_what_it_delivered(
    old: Sshd, folder: str, tmp_path: Path
) -> None:
    with proxy(old.port) as between:
        there = sink(old, folder, no_posix_rename="replace", port=between.port, timeout=1.0)
        staged = there.stage(spooled(tmp_path), "out.csv")
        between.mute = True
        with pytest.raises(SinkTimeout):
            there.publish(staged)
        between.heal()
        assert there.publish(staged).level == "verified"
        there.close()
    assert (old.home / folder / "out.csv").read_bytes() == CONTENT


def test_create_only_is_refused_before_the_first_byte_where_only_looking_would_do(
    old: Sshd, folder: str, tmp_path: Path
) -> None:
    told = Told()
    there = sink(old, folder, create_only=True, told=told, no_posix_rename="replace")
    with pytest.raises(ConditionalWriteUnsupported) as raised:
        there.stage(spooled(tmp_path), "out.csv")
    there.close()
    assert "overwrite" in raised.value.hint
    assert told.journaled == []
    assert old.files(folder) == []


def test_large_files_arrive_at_servers_that_announce_no_limits(
    old: Sshd, folder: str, tmp_path: Path
) -> None:
    content = os.urandom(2_000_001)
    there = sink(old, folder, no_posix_rename="replace")
    there.publish(there.stage(spooled(tmp_path, content), "out.bin"))
    there.close()
    assert (old.home / folder / "out.bin").read_bytes() == content


@pytest.mark.parametrize("temporary", ["", "wait"])
def test_the_rights_that_the_probe_prints_are_enough(
    home: Sshd, server: Sshd, folder: str, tmp_path: Path, temporary: str
) -> None:
    policy = sink(server, folder).probe().policy
    allowed = policy.split(" -p ")[1]
    with sshd(home, sftp=f"-p {allowed}") as strict:
        wait = f"{folder}/{temporary}" if temporary else ""
        there = sink(strict, folder, temporary_directory=wait)
        assert there.probe().ok
        receipt = there.publish(there.stage(spooled(tmp_path), "a/b/out.csv"))
        there.close()
    assert receipt.level == "size-only"
    assert home.files(folder) == ["a/b/out.csv"]


def test_the_rights_for_create_only_are_enough(
    home: Sshd, server: Sshd, folder: str, tmp_path: Path
) -> None:
    allowed = sink(server, folder, create_only=True).probe().policy.split(" -p ")[1]
    with sshd(home, sftp=f"-p {allowed}") as strict:
        there = sink(strict, folder, create_only=True)
        assert there.probe().ok
        there.publish(there.stage(spooled(tmp_path), "out.csv"))
        there.close()
    assert home.files(folder) == ["out.csv"]


@pytest.fixture(scope="module")
def drop_box(home: Sshd) -> Iterator[Sshd]:
    """A server that takes files and allows nothing else."""
    with sshd(home, sftp="-p open,write,close,posix-rename") as running:
        yield running


def test_a_drop_box_that_allows_nothing_but_writing_gets_its_files(
    drop_box: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(drop_box, folder)
    for content in (b"first", b"second"):
        receipt = there.publish(there.stage(spooled(tmp_path, content), "out.csv"))
        assert receipt.level == "unverified"
    there.close()
    assert drop_box.files(folder) == ["out.csv"]
    assert (drop_box.home / folder / "out.csv").read_bytes() == b"second"


def test_a_probe_says_what_it_could_not_remove(drop_box: Sshd, folder: str) -> None:
    probe = sink(drop_box, folder).probe()
    assert probe.ok
    assert "stays there" in probe.message
    assert "right to remove" in probe.hint


def test_what_a_drop_box_does_not_let_us_look_at_is_not_sent_twice(
    drop_box: Sshd, folder: str, tmp_path: Path
) -> None:
    with proxy(drop_box.port) as between:
        there = sink(drop_box, folder, port=between.port, timeout=1.0)
        staged = there.stage(spooled(tmp_path), "out.csv")
        between.mute = True
        with pytest.raises(SinkTimeout):
            there.publish(staged)
        between.heal()
        assert there.publish(staged).level == "unverified"
        there.close()
    assert drop_box.files(folder) == ["out.csv"]


def test_what_may_not_be_removed_is_said_when_discarding(
    drop_box: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(drop_box, folder)
    staged = there.stage(spooled(tmp_path), "out.csv")
    with pytest.raises(SinkDenied, match="remove"):
        there.discard(staged)
    there.close()


def test_servers_that_refuse_attributes_are_never_asked_for_them(
    home: Sshd, folder: str, tmp_path: Path
) -> None:
    refused = "setstat,fsetstat,lsetstat@openssh.com,fsync,opendir,readdir,realpath,stat,lstat"
    names = refused.replace("lsetstat@openssh.com", "lsetstat")
    with sshd(home, sftp=f"-P {names}") as server:
        there = sink(server, folder)
        there.publish(there.stage(spooled(tmp_path), "a/out.csv"))
        there.close()
    assert home.files(folder) == ["a/out.csv"]


def test_a_temporary_directory_holds_the_file_until_it_is_whole(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    wait = server.new_folder()
    there = sink(server, folder, temporary_directory=wait)
    staged = there.stage(spooled(tmp_path), "a/out.csv")
    assert server.files(folder) == []
    [name] = server.files(wait)
    assert name.startswith(".out.csv.77-")
    there.publish(staged)
    there.close()
    assert (server.files(wait), server.files(folder)) == ([], ["a/out.csv"])


def test_a_temporary_directory_on_another_file_system_is_refused_with_the_reason(
    server: Sshd, folder: str, small_disk: str, tmp_path: Path
) -> None:
    there = sink(server, folder, temporary_directory=small_disk)
    staged = there.stage(spooled(tmp_path), "out.csv")
    with pytest.raises(SinkRefused) as raised:
        there.publish(staged)
    assert "one file system" in raised.value.hint
    there.discard(staged)
    there.close()
    assert server.files(folder) == []


def test_an_absolute_root_and_long_names_work(server: Sshd, folder: str, tmp_path: Path) -> None:
    name = "é" * 125 + ".csv"
    there = sink(server, str(server.home / folder))
    there.publish(there.stage(spooled(tmp_path), name))
    there.close()
    assert server.files(folder) == [name]


def test_openssh_reads_back_what_was_delivered(server: Sshd, folder: str, tmp_path: Path) -> None:
    content = os.urandom(5_000_000)
    there = sink(server, folder)
    there.publish(there.stage(spooled(tmp_path, content), "out.bin"))
    there.close()
    server.sftp(f"get {folder}/out.bin {tmp_path}/back.bin")
    assert (tmp_path / "back.bin").read_bytes() == content


def test_an_account_without_sftp_is_told_so(home: Sshd, folder: str) -> None:
    with sshd(home, more="Match all\nForceCommand /bin/echo hello from the login script\n") as no:
        probe = sink(no, folder).probe()
    assert not probe.ok
    assert "SFTP" in probe.message


def test_an_ipv6_address_is_reached(home: Sshd, folder: str, tmp_path: Path) -> None:
    with sshd(home, more="ListenAddress ::1\n") as server:
        there = sink(server, folder, host="::1")
        there.publish(there.stage(spooled(tmp_path), "out.csv"))
        there.close()
    assert home.files(folder) == ["out.csv"]


def test_a_folder_that_vanishes_during_a_run_is_made_again(
    server: Sshd, folder: str, tmp_path: Path
) -> None:
    there = sink(server, folder)
    there.publish(there.stage(spooled(tmp_path), "a/one.csv"))
    shutil.rmtree(server.home / folder / "a")
    there.publish(there.stage(spooled(tmp_path), "a/two.csv"))
    there.close()
    assert server.files(folder) == ["a/two.csv"]
