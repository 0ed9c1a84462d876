"""The file sink, on real file systems."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from profexd.api import (
    DiskFull,
    Permanent,
    SinkContext,
    SinkRefused,
    SinkUnreachable,
    SpooledFile,
    Staged,
    TargetExists,
)
from profexd_sinks.file import FileOptions, FileSink

CONTENT = b"id,name\n1,Ada\n"


def spooled(folder: Path, content: bytes = CONTENT) -> SpooledFile:
    path = folder / "part"
    path.write_bytes(content)
    return SpooledFile(
        path=path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=1,
        media_type="text/csv",
    )


def sink(root: Path, **context: object) -> FileSink:
    return FileSink(FileOptions(root=str(root)), SinkContext(run_id="77", **context))  # type: ignore[arg-type]


def visible(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def readable(root: Path) -> list[str]:
    return [name for name in visible(root) if not Path(name).name.startswith(".")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount], check=True)
    yield mount
    subprocess.run(["umount", mount], check=True)


def test_a_staged_file_has_no_name_that_a_reader_would_take(tmp_path: Path, root: Path) -> None:
    sink(root).stage(spooled(tmp_path), "a/b/out.csv")
    assert readable(root) == []
    assert len(visible(root)) == 1


def test_publishing_shows_the_whole_file_under_its_name_and_nothing_else(
    tmp_path: Path, root: Path
) -> None:
    there = sink(root)
    receipt = there.publish(there.stage(spooled(tmp_path), "a/b/out.csv"))
    assert visible(root) == ["a/b/out.csv"]
    assert (root / "a/b/out.csv").read_bytes() == CONTENT
    assert receipt.size == len(CONTENT)


def test_publishing_replaces_an_earlier_file(tmp_path: Path, root: Path) -> None:
    (root / "out.csv").write_text("old")
    there = sink(root)
    there.publish(there.stage(spooled(tmp_path), "out.csv"))
    assert (root / "out.csv").read_bytes() == CONTENT


def test_publishing_twice_is_publishing_once(tmp_path: Path, root: Path) -> None:
    there = sink(root)
    staged = there.stage(spooled(tmp_path), "out.csv")
    there.publish(staged)
    assert there.publish(Staged.from_json(staged.as_json())).size == len(CONTENT)


def test_another_process_publishes_what_this_one_staged(tmp_path: Path, root: Path) -> None:
    staged = sink(root).stage(spooled(tmp_path), "out.csv")
    sink(root).publish(Staged.from_json(staged.as_json()))
    assert visible(root) == ["out.csv"]


def test_discarding_leaves_nothing_and_may_be_repeated(tmp_path: Path, root: Path) -> None:
    there = sink(root)
    staged = there.stage(spooled(tmp_path), "out.csv")
    there.discard(staged)
    there.discard(staged)
    assert visible(root) == []


def test_discarding_after_a_publish_leaves_the_file(tmp_path: Path, root: Path) -> None:
    there = sink(root)
    staged = there.stage(spooled(tmp_path), "out.csv")
    there.publish(staged)
    there.discard(staged)
    assert visible(root) == ["out.csv"]


def test_the_handle_is_journaled_before_the_first_byte(tmp_path: Path, root: Path) -> None:
    seen: list[list[str]] = []
    sink(root, journal=lambda staged: seen.append(visible(root))).stage(
        spooled(tmp_path), "out.csv"
    )
    assert seen == [[]]


def test_what_was_killed_before_the_first_file_of_a_new_root_can_be_discarded(
    tmp_path: Path,
) -> None:
    journaled: list[Staged] = []

    def killed(staged: Staged) -> None:
        journaled.append(staged)
        raise KeyboardInterrupt

    fresh = tmp_path / "new" / "root"
    with pytest.raises(KeyboardInterrupt):
        sink(fresh, journal=killed).stage(spooled(tmp_path), "a/b.csv")
    sink(fresh).discard(journaled[0])
    assert visible(fresh) == []


def test_create_only_refuses_a_file_that_is_there_and_keeps_it(tmp_path: Path, root: Path) -> None:
    (root / "out.csv").write_text("old")
    there = sink(root, create_only=True)
    staged = there.stage(spooled(tmp_path), "out.csv")
    with pytest.raises(TargetExists, match=r"out\.csv exists already"):
        there.publish(staged)
    assert (root / "out.csv").read_text() == "old"


def test_create_only_does_not_refuse_what_the_same_run_published(
    tmp_path: Path, root: Path
) -> None:
    there = sink(root, create_only=True)
    staged = there.stage(spooled(tmp_path), "out.csv")
    there.publish(staged)
    there.publish(staged)
    assert (root / "out.csv").read_bytes() == CONTENT


def test_create_only_goes_on_where_a_publish_was_cut_off(tmp_path: Path, root: Path) -> None:
    there = sink(root, create_only=True)
    staged = there.stage(spooled(tmp_path), "out.csv")
    os.link(root / str(staged.handle["temporary"]), root / "out.csv")
    there.publish(staged)
    assert visible(root) == ["out.csv"]


def test_a_staged_file_that_vanished_is_an_error_not_a_success(tmp_path: Path, root: Path) -> None:
    there = sink(root)
    staged = there.stage(spooled(tmp_path), "out.csv")
    (root / str(staged.handle["temporary"])).unlink()
    (root / "out.csv").write_text("someone else's")
    with pytest.raises(Permanent, match="is gone"):
        there.publish(staged)


def test_a_link_that_leads_out_of_the_root_is_refused(tmp_path: Path, root: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "a").symlink_to(outside)
    with pytest.raises(SinkRefused, match="leads out of"):
        sink(root).stage(spooled(tmp_path), "a/b/out.csv")
    assert list(outside.iterdir()) == []


def test_a_root_that_is_a_link_is_fine(tmp_path: Path, root: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    there = sink(link)
    there.publish(there.stage(spooled(tmp_path), "x/out.csv"))
    assert visible(root) == ["x/out.csv"]


def test_the_mode_is_the_configured_one_whatever_the_umask(tmp_path: Path, root: Path) -> None:
    before = os.umask(0o077)
    try:
        there = FileSink(FileOptions(root=str(root), mode="0644"), SinkContext())
        there.publish(there.stage(spooled(tmp_path), "new/out.csv"))
    finally:
        os.umask(before)
    assert (root / "new/out.csv").stat().st_mode & 0o777 == 0o644
    assert (root / "new").stat().st_mode & 0o777 == 0o755


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, small_disk: Path) -> None:
    with pytest.raises(DiskFull, match=str(small_disk)):
        sink(small_disk).stage(spooled(tmp_path, b"x" * 2_000_000), "out.csv")
    assert visible(small_disk) == []


def test_a_file_crosses_to_another_file_system_unchanged(tmp_path: Path, small_disk: Path) -> None:
    content = os.urandom(300_000)
    there = sink(small_disk)
    there.publish(there.stage(spooled(tmp_path, content), "out.bin"))
    assert (small_disk / "out.bin").read_bytes() == content


def test_a_name_of_255_bytes_can_be_delivered(tmp_path: Path, root: Path) -> None:
    name = "é" * 125 + ".csv"
    there = sink(root)
    there.publish(there.stage(spooled(tmp_path), name))
    assert visible(root) == [name]


def test_the_uri_is_complete_and_can_be_shown_differently(root: Path) -> None:
    assert FileSink.uri(FileOptions(root="/srv/out/"), "a/b c.csv") == "file:///srv/out/a/b%20c.csv"
    shown = FileOptions(root="/srv/out", displayed_root="sftp://partner.example/in")
    assert FileSink.uri(shown, "b.csv") == "sftp://partner.example/in/b.csv"


def test_a_probe_writes_and_removes_a_hidden_file(root: Path) -> None:
    assert sink(root).probe().ok
    assert visible(root) == []


def test_a_root_that_went_away_is_not_taken_for_an_empty_one(tmp_path: Path, root: Path) -> None:
    there = sink(root)
    staged = there.stage(spooled(tmp_path), "out.csv")
    root.rename(tmp_path / "unmounted")
    for settle in (there.publish, there.discard):
        with pytest.raises(SinkUnreachable, match="is not there"):
            settle(staged)
    (tmp_path / "unmounted").rename(root)
    there.discard(staged)
    assert visible(root) == []


def test_simulated_latency_waits_before_each_operation(tmp_path: Path, root: Path) -> None:
    waited: list[float] = []
    options = FileOptions(root=str(root), simulate_latency=True)
    there = FileSink(options, SinkContext(), random=Random(1), wait=waited.append)
    there.probe()
    staged = there.stage(spooled(tmp_path), "out.csv")
    there.publish(staged)
    there.discard(staged)
    assert len(set(waited)) == 4
    assert all(0.3 <= seconds <= 1.3 for seconds in waited)


def test_no_latency_is_simulated_unless_asked_for(tmp_path: Path, root: Path) -> None:
    waited: list[float] = []
    there = FileSink(FileOptions(root=str(root)), SinkContext(), wait=waited.append)
    there.publish(there.stage(spooled(tmp_path), "out.csv"))
    assert waited == []
