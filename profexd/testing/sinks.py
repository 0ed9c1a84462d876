"""The conformance kit for sinks: subclass ``SinkConformance`` in a pytest module.

It asks of a sink what profexd relies on: nothing is visible before it is published, what was
staged outlives its process, cleaning up is safe at any time, and only errors of ``profexd.api``
come out. A subclass says, in one fixture, how to reach a real storage and look at it from
outside::

    from profexd.testing.sinks import SinkBench, SinkConformance

    class TestShelf(SinkConformance):
        @pytest.fixture
        def bench(self, shelf_server):
            return SinkBench(
                sink=ShelfSink,
                options=ShelfOptions(url=shelf_server.url, password=Secret("literal", "pw")),
                read=shelf_server.read,
                leftovers=shelf_server.temporary_files,
            )

Literal secrets are revealed; pass no others. Needs pytest.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    ConditionalWriteUnsupported,
    Permanent,
    Probe,
    ProfexdError,
    Retryable,
    Secret,
    Sink,
    SinkContext,
    SinkOptions,
    SpooledFile,
    Staged,
    Stopped,
    TargetExists,
)
from profexd.config.catalog import load_catalog
from profexd.config.readers.options import secrets_of

LARGE = 9 * 2**20
"""Bytes of a file that no sink sends in one piece."""


@dataclass(frozen=True, kw_only=True)
class SinkBench:
    """A sink, a storage that is empty, and how a test looks at it from outside."""

    sink: type[Sink]
    options: SinkOptions
    read: Callable[[str], bytes | None]
    """What a reader finds under a target; None for nothing."""
    leftovers: Callable[[], list[str]] = list
    """Whatever the storage holds that is no published file: temporary files, open uploads."""
    denied: SinkOptions | None = None
    """Options whose credentials the storage refuses, where it knows credentials."""
    unreachable: SinkOptions | None = None
    """Options that point to where nobody listens, where there is a network."""
    creates_only: bool = True
    """False where this storage ignores conditions, so that the sink has to say so."""
    names: tuple[str, ...] = ("plain.csv", "deep/er/file.csv", "with space+plus=é%41.csv")
    """Targets that have to arrive under exactly these names."""


@dataclass(kw_only=True)
class _Bench:
    """What a sink told profexd while it worked."""

    journaled: list[Staged] = field(default_factory=list)
    sent: int = 0


class SinkConformance:
    """What profexd relies on in every sink; each test is a sentence of the contract."""

    @pytest.fixture
    def bench(self) -> SinkBench:
        """Override it: return the sink and a storage that is empty."""
        raise TypeError(f"{type(self).__name__} does not define the fixture bench")

    # --- what it declares

    def test_it_is_found_through_its_entry_point(self, bench: SinkBench) -> None:
        assert load_catalog().sinks[bench.sink.name] is bench.sink

    def test_its_uri_names_the_target_and_no_secret(self, bench: SinkBench) -> None:
        uri = bench.sink.uri(bench.options, "folder/name.csv")
        assert uri.endswith("folder/name.csv")
        assert "://" in uri
        for _, secret in secrets_of(bench.options):
            assert secret.value not in uri

    # --- stage and publish

    @pytest.mark.parametrize("size", [0, 1, 70_000, LARGE])
    def test_what_is_published_is_there_byte_for_byte(
        self, bench: SinkBench, tmp_path: Path, size: int
    ) -> None:
        told = _Bench()
        sink = connect(bench, told)
        file = spooled(tmp_path, size)
        receipt = sink.publish(sink.stage(file, "folder/file.csv"))
        sink.close()
        assert bench.read("folder/file.csv") == file.path.read_bytes()
        assert (receipt.target, receipt.size) == ("folder/file.csv", size)
        assert told.sent == size
        assert bench.leftovers() == []

    def test_names_arrive_as_they_are(self, bench: SinkBench, tmp_path: Path) -> None:
        sink = connect(bench)
        for place, name in enumerate(bench.names):
            sink.publish(sink.stage(spooled(tmp_path, 10 + place), name))
        assert [len(bench.read(name) or b"") for name in bench.names] == [
            10 + place for place in range(len(bench.names))
        ]
        sink.close()

    def test_nothing_is_visible_before_it_is_published(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, LARGE), "file.csv")
        assert bench.read("file.csv") is None
        sink.discard(staged)
        sink.close()

    def test_a_published_file_is_replaced_as_a_whole(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        for size in (70_000, 10):
            sink = connect(bench)
            sink.publish(sink.stage(spooled(tmp_path, size), "file.csv"))
            sink.close()
        assert bench.read("file.csv") == content(10)

    def test_a_staged_file_leaves_the_published_one_alone(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        sink = connect(bench)
        sink.publish(sink.stage(spooled(tmp_path, 10), "file.csv"))
        later = connect(bench, run_id="2")
        later.discard(later.stage(spooled(tmp_path, 20), "file.csv"))
        assert bench.read("file.csv") == content(10)
        sink.close()
        later.close()

    def test_another_process_can_publish_what_was_staged(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        told = _Bench()
        sink = connect(bench, told)
        staged = through_json(sink.stage(spooled(tmp_path, 70_000), "file.csv"))
        sink.close()
        other = connect(bench)
        other.publish(staged)
        other.close()
        assert bench.read("file.csv") == content(70_000)
        assert bench.leftovers() == []

    def test_publishing_twice_is_publishing_once(self, bench: SinkBench, tmp_path: Path) -> None:
        if STAGES not in bench.sink.capabilities:
            return
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, 70_000), "file.csv")
        sink.publish(staged)
        sink.publish(staged)
        sink.close()
        after_a_crash = connect(bench)
        after_a_crash.publish(through_json(staged))
        after_a_crash.close()
        assert bench.read("file.csv") == content(70_000)
        assert bench.leftovers() == []

    def test_two_runs_of_one_target_do_not_mix(self, bench: SinkBench, tmp_path: Path) -> None:
        if STAGES not in bench.sink.capabilities:
            return
        first, second = connect(bench, run_id="1"), connect(bench, run_id="2")
        ours = first.stage(spooled(tmp_path, 100), "file.csv")
        second.publish(second.stage(spooled(tmp_path, 200), "file.csv"))
        assert bench.read("file.csv") == content(200)
        first.publish(ours)
        assert bench.read("file.csv") == content(100)
        assert bench.leftovers() == []
        first.close()
        second.close()

    def test_staging_again_leaves_one_file(self, bench: SinkBench, tmp_path: Path) -> None:
        told = _Bench()
        sink = connect(bench, told)
        file = spooled(tmp_path, 70_000)
        sink.stage(file, "file.csv")
        first = told.journaled[-1:]
        staged = sink.stage(file, "file.csv")
        for handle in first:
            if handle.handle != staged.handle:
                sink.discard(handle)
        sink.publish(staged)
        sink.close()
        assert bench.read("file.csv") == content(70_000)
        assert bench.leftovers() == []

    # --- discard

    def test_discarding_leaves_nothing_however_often(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, LARGE), "file.csv")
        sink.discard(staged)
        sink.discard(through_json(staged))
        sink.close()
        assert bench.read("file.csv") is None
        assert bench.leftovers() == []

    def test_discarding_what_is_published_leaves_it_there(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        sink = connect(bench)
        staged = sink.stage(spooled(tmp_path, 70_000), "file.csv")
        sink.publish(staged)
        sink.discard(staged)
        sink.close()
        assert bench.read("file.csv") == content(70_000)

    def test_the_handle_is_in_the_journal_before_the_first_byte_leaves(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        """What the journal knows is enough to clean up after a process that died at any byte."""
        if STAGES not in bench.sink.capabilities:
            return
        for stops_at in (1, LARGE // 2, LARGE):
            told = _Bench()
            sink = connect(bench, told, stops_at=stops_at)
            with pytest.raises(Stopped):
                sink.stage(spooled(tmp_path, LARGE), "file.csv")
            sink.close()
            assert told.journaled
            fresh = connect(bench)
            _discard(fresh, through_json(told.journaled[-1]))
            fresh.close()
            assert bench.read("file.csv") is None
            assert bench.leftovers() == []

    def test_nothing_leaves_when_the_journal_fails(self, bench: SinkBench, tmp_path: Path) -> None:
        if STAGES not in bench.sink.capabilities:
            return

        def full(staged: Staged) -> None:
            raise Permanent("the store is gone")

        told = _Bench()
        sink = bench.sink(bench.options, _context(told, journal=full))
        with pytest.raises(Permanent, match="the store is gone"):
            sink.stage(spooled(tmp_path, LARGE), "file.csv")
        sink.close()
        assert told.sent == 0
        assert bench.read("file.csv") is None
        assert bench.leftovers() == []

    # --- create only

    def test_create_only_never_replaces(self, bench: SinkBench, tmp_path: Path) -> None:
        if CREATE_ONLY not in bench.sink.capabilities:
            return
        other = connect(bench, run_id="1")
        other.publish(other.stage(spooled(tmp_path, 10), "file.csv"))
        other.close()
        expected = TargetExists if bench.creates_only else ConditionalWriteUnsupported
        told = _Bench()
        sink = connect(bench, told, run_id="2", create_only=True)
        with pytest.raises(expected) as raised:
            sink.publish(sink.stage(spooled(tmp_path, 20), "file.csv"))
        assert raised.value.hint
        for handle in told.journaled[-1:]:
            sink.discard(handle)
        sink.close()
        assert bench.read("file.csv") == content(10)
        assert bench.leftovers() == []

    def test_create_only_creates_and_its_own_publish_does_not_count(
        self, bench: SinkBench, tmp_path: Path
    ) -> None:
        if CREATE_ONLY not in bench.sink.capabilities or not bench.creates_only:
            return
        sink = connect(bench, create_only=True)
        staged = sink.stage(spooled(tmp_path, 20), "file.csv")
        sink.publish(staged)
        sink.publish(staged)
        sink.close()
        assert bench.read("file.csv") == content(20)
        assert bench.leftovers() == []

    # --- errors and probe

    def test_a_stop_is_a_stop(self, bench: SinkBench, tmp_path: Path) -> None:
        told = _Bench()
        sink = connect(bench, told, stops_at=1)
        with pytest.raises(Stopped):
            sink.publish(sink.stage(spooled(tmp_path, LARGE), "file.csv"))
        for handle in told.journaled[-1:]:
            _discard(sink, handle)
        sink.close()
        assert bench.read("file.csv") is None
        assert bench.leftovers() == []

    def test_who_is_denied_is_told_what_to_do(self, bench: SinkBench, tmp_path: Path) -> None:
        if bench.denied is None:
            return
        error = _failure(bench, bench.denied, tmp_path)
        assert isinstance(error, Permanent)
        assert error.error_code == "sink_auth"
        assert error.hint
        _says_no_secret(error, bench.denied)
        sink = bench.sink(bench.denied, _context(_Bench()))
        probe = _probed(sink)
        sink.close()
        assert not probe.ok
        assert probe.message
        assert probe.hint

    def test_a_storage_that_is_away_may_come_back(self, bench: SinkBench, tmp_path: Path) -> None:
        if bench.unreachable is None:
            return
        error = _failure(bench, bench.unreachable, tmp_path)
        assert isinstance(error, Retryable)
        assert error.error_code in ("sink_unreachable", "sink_timeout")
        _says_no_secret(error, bench.unreachable)

    def test_a_probe_says_yes_and_leaves_nothing(self, bench: SinkBench) -> None:
        sink = connect(bench)
        probe = sink.probe()
        sink.close()
        assert probe.ok, probe.message
        assert probe.message
        assert bench.leftovers() == []


def connect(
    bench: SinkBench,
    told: _Bench | None = None,
    *,
    run_id: str = "1",
    create_only: bool = False,
    stops_at: int | None = None,
) -> Sink:
    """Return the sink as profexd makes it for a run; ``told`` remembers what it says."""
    context = _context(told or _Bench(), run_id=run_id, create_only=create_only, stops_at=stops_at)
    return bench.sink(bench.options, context)


def content(size: int) -> bytes:
    """Return so many bytes that repeat nowhere a sink would cut them."""
    return (b"0123456789abcdefghijklmnopqrstuvwxyz\n" * (size // 37 + 1))[:size]


def spooled(folder: Path, size: int) -> SpooledFile:
    """Return a built part of ``content(size)``."""
    path = folder / f"part-{size}"
    path.write_bytes(content(size))
    return SpooledFile(
        path=path,
        size=size,
        sha256=hashlib.sha256(content(size)).hexdigest(),
        rows=1,
        media_type="text/csv; charset=UTF-8",
    )


def through_json(staged: Staged) -> Staged:
    """Return the handle as the store gives it back after a crash."""
    return Staged.from_json(json.loads(json.dumps(staged.as_json())))


def _context(
    told: _Bench,
    *,
    run_id: str = "1",
    create_only: bool = False,
    stops_at: int | None = None,
    journal: Callable[[Staged], None] | None = None,
) -> SinkContext:
    def progress(sent: int) -> None:
        told.sent += sent
        if stops_at is not None and told.sent >= stops_at:
            raise Stopped("the run was stopped")

    return SinkContext(
        run_id=run_id,
        create_only=create_only,
        reveal=_literal,
        journal=journal or told.journaled.append,
        progress=progress,
    )


def _literal(secret: Secret) -> str:
    if secret.kind != "literal":
        raise LookupError(f"the kit reveals literal secrets only, not {secret!r}")
    return secret.value


def _failure(bench: SinkBench, options: SinkOptions, folder: Path) -> ProfexdError:
    sink = bench.sink(options, _context(_Bench()))
    with pytest.raises(ProfexdError) as raised:
        sink.publish(sink.stage(spooled(folder, 70_000), "file.csv"))
    sink.close()
    return raised.value


def _discard(sink: Sink, staged: Staged) -> None:
    """Discard what was cut off just now: a storage that is still busy with it may say so."""
    for pause in (0.1, 0.3, 1.0, 3.0):
        try:
            return sink.discard(staged)
        except Retryable:
            time.sleep(pause)
    sink.discard(staged)


def _probed(sink: Sink) -> Probe:
    """Return what a probe says; to raise an error is to say no."""
    try:
        return sink.probe()
    except ProfexdError as why:
        return Probe(ok=False, message=why.message, hint=why.hint)


def _says_no_secret(error: ProfexdError, options: SinkOptions) -> None:
    for _, secret in secrets_of(options):
        assert secret.value not in error.message + error.hint
