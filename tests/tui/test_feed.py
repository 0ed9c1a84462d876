"""The feed: one stream, kept open for ever."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from profexd.tui.feed import Feed
from profexd.tui.store import Connecting, Lost, Message, Received, Resumed, Snapshot
from tests.tui.fakes import NOW, FakeClient, pipeline


class Listener:
    """Collects what the feed says."""

    def __init__(self) -> None:
        self._said: queue.Queue[Message] = queue.Queue()

    def hear(self, message: Message) -> None:
        self._said.put(message)

    def next(self, kind: type[Message]) -> Message:
        """Wait for the next message of a kind; others before it are dropped."""
        while True:
            message = self._said.get(timeout=10)
            if isinstance(message, kind):
                return message


@contextmanager
def feeding(client: FakeClient, backoff: tuple[float, ...] = (0.01,)) -> Iterator[Listener]:
    listener = Listener()
    feed = Feed(client, listener.hear, lambda: NOW, backoff=backoff)
    listener.feed = feed  # type: ignore[attr-defined]
    thread = threading.Thread(target=feed.run)
    thread.start()
    try:
        yield listener
    finally:
        feed.close()
        thread.join(10)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not condition():
        pause.wait(0.01)


def test_the_stream_is_opened_before_everything_is_fetched() -> None:
    client = FakeClient([pipeline("a")])
    with feeding(client) as listener:
        snapshot = listener.next(Snapshot)
        assert isinstance(snapshot, Snapshot)
        assert [made["name"] for made in snapshot.pipelines] == ["a"]
        assert [call[0] for call in client.calls] == ["events", "info", "pipelines"]


def test_events_arrive_in_order() -> None:
    client = FakeClient([pipeline("a")])
    with feeding(client) as listener:
        listener.next(Snapshot)
        client.change(pipeline("a", state="failed"))
        client.push("heartbeat")
        first, second = listener.next(Received), listener.next(Received)
        assert isinstance(first, Received)
        assert isinstance(second, Received)
        assert (first.event["type"], second.event["type"]) == ("pipeline", "heartbeat")


def test_the_same_daemon_resumes_after_the_last_event_and_sends_what_was_missed() -> None:
    client = FakeClient([pipeline("a")])
    with feeding(client) as listener:
        listener.next(Snapshot)
        client.push("heartbeat")
        listener.next(Received)
        client.break_down()
        listener.next(Lost)
        client.change(pipeline("a", state="failed"))
        client.come_back()
        listener.next(Resumed)
        missed = listener.next(Received)
        assert isinstance(missed, Received)
        assert missed.event["type"] == "pipeline"
        assert client.calls.count(("pipelines",)) == 1


def test_what_can_no_longer_be_replayed_is_fetched_anew() -> None:
    client = FakeClient([pipeline("a")])
    with feeding(client) as listener:
        listener.next(Snapshot)
        client.break_down()
        listener.next(Lost)
        client.seq = client.oldest = 5000
        client.come_back()
        listener.next(Snapshot)


def test_a_restarted_daemon_is_fetched_anew() -> None:
    client = FakeClient([pipeline("a")])
    with feeding(client) as listener:
        listener.next(Snapshot)
        client.break_down()
        listener.next(Lost)
        client.come_back(boot_id="boot-2")
        snapshot = listener.next(Snapshot)
        assert isinstance(snapshot, Snapshot)
        assert (snapshot.boot_id, snapshot.seq) == ("boot-2", 0)


def test_a_reader_that_lagged_fetches_anew_without_losing_the_connection() -> None:
    client = FakeClient([pipeline("a")])
    heard: list[Message] = []
    with feeding(client) as listener:
        listener.next(Snapshot)
        client.push("lagged")
        while True:
            message = listener.next(Snapshot | Lost)  # type: ignore[arg-type]
            heard.append(message)
            if isinstance(message, Snapshot):
                break
    assert [type(message) for message in heard] == [Snapshot]


def test_attempts_wait_longer_and_longer_and_the_last_wait_stays() -> None:
    client = FakeClient()
    client.break_down()
    with feeding(client, backoff=(0.01, 0.02, 0.03)) as listener:
        waits = []
        for attempt in range(1, 6):
            lost = listener.next(Lost)
            assert isinstance(lost, Lost)
            assert lost.attempt == attempt
            assert lost.failure.reason == "no_socket"
            waits.append(round((lost.retry_at - NOW).total_seconds(), 3))
    assert waits == [0.01, 0.02, 0.03, 0.03, 0.03]


def test_retry_does_not_wait_for_the_next_attempt() -> None:
    client = FakeClient([pipeline("a")])
    client.break_down()
    with feeding(client, backoff=(3600.0,)) as listener:
        listener.next(Lost)
        client.come_back()
        listener.feed.retry()  # type: ignore[attr-defined]
        listener.next(Connecting)
        listener.next(Snapshot)


def test_closing_ends_a_feed_that_waits_for_events() -> None:
    client = FakeClient()
    with feeding(client) as listener:
        listener.next(Snapshot)
        wait_for(lambda: ("pipelines",) in client.calls)
