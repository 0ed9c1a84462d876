"""Delivering over sinks that misbehave: before the first publish back, after it only forward."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any

import pytest

from profexd.api import (
    Permanent,
    Receipt,
    SinkContext,
    SinkOptions,
    SinkUnreachable,
    SpooledFile,
    Staged,
    Stopped,
)
from profexd.api.sink import STAGES, Sink
from profexd.config.model import Retry
from profexd.export.deliver import Delivery, deliver, paced
from profexd.export.messages import Message, Published, Publishing, Retrying, Unpublished
from profexd.export.retry import Attempts
from profexd.export.stop import Stop

Fault = Callable[[], None]


class Notebook:
    """A journal that remembers, and answers ``go`` to publishing."""

    def __init__(self, *, go: bool = True) -> None:
        self.messages: list[Message] = []
        self._go = go

    def tell(self, message: Message) -> None:
        self.messages.append(message)

    def ask(self, message: Message) -> bool:
        self.messages.append(message)
        return self._go or not isinstance(message, Publishing)

    def told(self, kind: type[Message]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]


class Shelf(Sink):
    """A sink in memory that fails when it is told to."""

    name = "shelf"
    capabilities = frozenset({STAGES})

    def __init__(self, *, stage: Fault | None = None, publish: Fault | None = None) -> None:
        super().__init__(SinkOptions(), SinkContext())
        self.staged: set[str] = set()
        self.visible: set[str] = set()
        self._stage = stage
        self._publish = publish

    def stage(self, file: SpooledFile, target: str) -> Staged:
        if self._stage:
            self._stage()
        self.staged.add(target)
        return Staged(target=target, size=file.size, sha256=file.sha256)

    def publish(self, staged: Staged) -> Receipt:
        if self._publish:
            self._publish()
        self.staged.discard(staged.target)
        self.visible.add(staged.target)
        return Receipt(target=staged.target, size=staged.size)

    def discard(self, staged: Staged) -> None:
        self.staged.discard(staged.target)


def always(error: Exception) -> Fault:
    def fail() -> None:
        raise error

    return fail


def times(count: int, error: Exception) -> Fault:
    left = [count]

    def fail() -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return fail


def run(
    tmp_path: Path,
    *sinks: Sink,
    journal: Notebook | None = None,
    stop: Stop | None = None,
    begun: Mapping[tuple[str, str], Staged] = MappingProxyType({}),
) -> tuple[Notebook, BaseException | None]:
    """Deliver one file to each sink; return what was told and what was raised."""
    part = tmp_path / "part"
    part.write_bytes(b"x")
    file = SpooledFile(
        path=part, size=1, sha256=hashlib.sha256(b"x").hexdigest(), rows=1, media_type="text/plain"
    )
    journal = journal or Notebook()
    attempts = Attempts(
        Retry(attempts=3, backoff=0.0, max_backoff=0.0),
        journal,
        clock=lambda: datetime.now(UTC),
        random=Random(1),
    )
    deliveries = [
        Delivery(sink_name=f"s{place}", sink=sink, path="f", file=file)
        for place, sink in enumerate(sinks)
    ]
    try:
        deliver(deliveries, journal, attempts, stop or Stop(), begun=begun)
    except Exception as raised:  # noqa: BLE001 - the tests look at it
        return journal, raised
    return journal, None


def test_nothing_is_published_before_everything_is_staged(tmp_path: Path) -> None:
    first, second = Shelf(), Shelf()
    seen: list[tuple[set[str], set[str]]] = []
    watched = Shelf(stage=lambda: seen.append((set(first.visible), set(second.visible))))
    journal, raised = run(tmp_path, first, second, watched)
    assert raised is None
    assert seen == [(set(), set())]
    assert len(journal.told(Published)) == 3


def test_a_sink_that_refuses_to_stage_withdraws_the_others(tmp_path: Path) -> None:
    good, bad = Shelf(), Shelf(stage=always(Permanent("no")))
    journal, raised = run(tmp_path, good, bad)
    assert isinstance(raised, Permanent)
    assert (good.staged, good.visible) == (set(), set())
    assert [(m.sink, m.status) for m in journal.told(Unpublished)] == [
        ("s0", "discarded"),
        ("s1", "failed"),
    ]


def test_what_can_pass_is_tried_again_and_counted(tmp_path: Path) -> None:
    flaky = Shelf(stage=times(2, SinkUnreachable("away")))
    journal, raised = run(tmp_path, flaky)
    assert raised is None
    assert flaky.visible == {"f"}
    assert [m.attempt for m in journal.told(Retrying)] == [2, 2, 3, 3]
    assert all(m.retry_at.endswith("Z") for m in journal.told(Retrying) if m.retry_at)


def test_what_was_staged_is_not_staged_again(tmp_path: Path) -> None:
    count = [0]

    def counted() -> None:
        count[0] += 1

    _, raised = run(tmp_path, Shelf(stage=counted), Shelf(stage=times(2, SinkUnreachable("away"))))
    assert raised is None
    assert count == [1]


def test_after_the_first_publish_the_others_go_forward(tmp_path: Path) -> None:
    good, away, last = Shelf(), Shelf(publish=always(SinkUnreachable("away"))), Shelf()
    journal, raised = run(tmp_path, good, away, last)
    assert isinstance(raised, SinkUnreachable)
    assert (good.visible, away.visible, last.visible) == ({"f"}, set(), {"f"})
    assert away.staged == set()
    assert [(m.sink, m.status) for m in journal.told(Unpublished)] == [("s1", "failed")]


def test_a_plugin_that_breaks_while_publishing_stops_only_itself(tmp_path: Path) -> None:
    good, broken, last = Shelf(), Shelf(publish=always(KeyError("etag"))), Shelf()
    _, raised = run(tmp_path, good, broken, last)
    assert isinstance(raised, Permanent)
    assert raised.error_code == "plugin_failed"
    assert "etag" in raised.message
    assert last.visible == {"f"}
    assert broken.staged == set()


def test_a_refusal_of_the_very_first_publish_shows_nothing_anywhere(tmp_path: Path) -> None:
    for why in (Permanent("exists"), SinkUnreachable("away")):
        bad, good = Shelf(publish=always(why)), Shelf()
        journal, raised = run(tmp_path, bad, good)
        assert raised is why
        assert (bad.staged, good.staged, good.visible) == (set(), set(), set())
        assert [(m.sink, m.status) for m in journal.told(Unpublished)] == [
            ("s0", "failed"),
            ("s1", "discarded"),
        ]


def test_a_stop_before_publishing_withdraws_everything(tmp_path: Path) -> None:
    shelf = Shelf()
    _, raised = run(tmp_path, shelf, journal=Notebook(go=False))
    assert isinstance(raised, Stopped)
    assert (shelf.staged, shelf.visible) == (set(), set())


def test_a_stop_after_publishing_began_no_longer_counts(tmp_path: Path) -> None:
    stop = Stop()
    first = Shelf(publish=stop.request)
    second = Shelf()
    _, raised = run(tmp_path, first, second, stop=stop)
    assert raised is None
    assert second.visible == {"f"}


def test_a_sink_that_cannot_stage_publishes_first(tmp_path: Path) -> None:
    class Letterbox(Shelf):
        capabilities = frozenset()

    shelf = Shelf()
    refusing = Letterbox(publish=always(Permanent("no")))
    _, raised = run(tmp_path, shelf, refusing)
    assert isinstance(raised, Permanent)
    assert (shelf.staged, shelf.visible) == (set(), set())
    order: list[str] = []
    shelf = Shelf(publish=lambda: order.append("shelf"))
    letterbox = Letterbox(publish=lambda: order.append("letterbox"))
    _, raised = run(tmp_path, shelf, letterbox)
    assert raised is None
    assert order == ["letterbox", "shelf"]


def test_sinks_are_staged_at_the_same_time(tmp_path: Path) -> None:
    together = threading.Barrier(2, timeout=20)

    def meet() -> None:
        together.wait()

    first, second = Shelf(stage=meet), Shelf(stage=meet)
    _, raised = run(tmp_path, first, second)
    assert raised is None
    assert first.visible == second.visible == {"f"}


def test_what_cannot_pass_is_raised_before_what_can(tmp_path: Path) -> None:
    away, denied = (
        Shelf(stage=always(SinkUnreachable("away"))),
        Shelf(stage=always(Permanent("no"))),
    )
    journal, raised = run(tmp_path, away, denied)
    assert type(raised) is Permanent
    assert journal.told(Retrying) == []


def test_what_a_sink_had_begun_is_withdrawn_though_it_never_was_staged(tmp_path: Path) -> None:
    shelf = Shelf(stage=always(Permanent("full")))
    shelf.staged.add("f")
    begun = {("s0", "f"): Staged(target="f", size=1, sha256="")}
    journal, _ = run(tmp_path, shelf, begun=begun)
    assert shelf.staged == set()
    assert [message.status for message in journal.told(Unpublished)] == ["failed"]


def test_a_discard_that_breaks_does_not_hide_what_made_it_necessary(tmp_path: Path) -> None:
    class Sticky(Shelf):
        def discard(self, staged: Staged) -> None:
            raise OSError("stuck")

    _, raised = run(tmp_path, Sticky(), Shelf(stage=always(Permanent("the first error"))))
    assert isinstance(raised, Permanent)
    assert raised.message == "the first error"


@pytest.mark.parametrize("limit", [0, 1000])
def test_a_limited_bandwidth_makes_the_sender_wait(limit: int) -> None:
    waited: list[float] = []
    sent: list[int] = []
    send = paced(sent.append, limit, wait=waited.append)
    for _ in range(3):
        send(1000)
    assert sent == [1000, 1000, 1000]
    assert bool(waited) == bool(limit)
    assert sum(waited) == pytest.approx(6.0 if limit else 0.0, abs=0.5)
