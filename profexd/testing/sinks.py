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

from pathlib import Path

import pytest

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    ConditionalWriteUnsupported,
    Permanent,
    Retryable,
    Staged,
    Stopped,
    TargetExists,
)
from profexd.config.catalog import load_catalog
from profexd.config.readers.options import secrets_of
from profexd.testing.bench import (
    LARGE,
    SinkBench,
    Told,
    connect,
    content,
    context_of,
    discard_soon,
    failure_of,
    probed,
    says_no_secret,
    spooled,
    through_json,
)

__all__ = ["LARGE", "SinkBench", "SinkConformance", "connect", "content", "spooled", "through_json"]


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
        told = Told()
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
        told = Told()
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
        told = Told()
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
            told = Told()
            sink = connect(bench, told, stops_at=stops_at)
            with pytest.raises(Stopped):
                sink.stage(spooled(tmp_path, LARGE), "file.csv")
            sink.close()
            assert told.journaled
            fresh = connect(bench)
            discard_soon(fresh, through_json(told.journaled[-1]))
            fresh.close()
            assert bench.read("file.csv") is None
            assert bench.leftovers() == []

    def test_nothing_leaves_when_the_journal_fails(self, bench: SinkBench, tmp_path: Path) -> None:
        if STAGES not in bench.sink.capabilities:
            return

        def full(staged: Staged) -> None:
            raise Permanent("the store is gone")

        told = Told()
        sink = bench.sink(bench.options, context_of(told, journal=full))
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
        told = Told()
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
        told = Told()
        sink = connect(bench, told, stops_at=1)
        with pytest.raises(Stopped):
            sink.publish(sink.stage(spooled(tmp_path, LARGE), "file.csv"))
        for handle in told.journaled[-1:]:
            discard_soon(sink, handle)
        sink.close()
        assert bench.read("file.csv") is None
        assert bench.leftovers() == []

    def test_who_is_denied_is_told_what_to_do(self, bench: SinkBench, tmp_path: Path) -> None:
        if bench.denied is None:
            return
        error = failure_of(bench, bench.denied, tmp_path)
        assert isinstance(error, Permanent)
        assert error.error_code == "sink_auth"
        assert error.hint
        says_no_secret(error, bench.denied)
        sink = bench.sink(bench.denied, context_of(Told()))
        probe = probed(sink)
        sink.close()
        assert not probe.ok
        assert probe.message
        assert probe.hint

    def test_a_storage_that_is_away_may_come_back(self, bench: SinkBench, tmp_path: Path) -> None:
        if bench.unreachable is None:
            return
        error = failure_of(bench, bench.unreachable, tmp_path)
        assert isinstance(error, Retryable)
        assert error.error_code in ("sink_unreachable", "sink_timeout")
        says_no_secret(error, bench.unreachable)

    def test_a_probe_says_yes_and_leaves_nothing(self, bench: SinkBench) -> None:
        sink = connect(bench)
        probe = sink.probe()
        sink.close()
        assert probe.ok, probe.message
        assert probe.message
        assert bench.leftovers() == []
