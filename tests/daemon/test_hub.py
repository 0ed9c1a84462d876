"""The event stream: order, replay, heartbeats, and readers that do not read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from profexd.daemon.api import hub as hub_module
from profexd.daemon.api.hub import CLIENT_EVENTS, RING_EVENTS, Hub
from tests.daemon.stage import Clock, run_async


def hub() -> Hub:
    return Hub("boot-1", Clock())


async def take(stream: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    return [json.loads(await anext(stream)) for _ in range(count)]


def test_hello_comes_first_and_numbers_grow_by_one() -> None:
    async def scene() -> None:
        events = hub()
        events.publish("config")
        stream = events.stream(None)
        (hello,) = await take(stream, 1)
        assert hello == {
            "type": "hello",
            "seq": 1,
            "at": "2026-06-01T12:00:00Z",
            "boot_id": "boot-1",
        }
        events.publish("pipeline", gone="a")
        events.publish("pipeline", gone="b")
        assert [(e["seq"], e["gone"]) for e in await take(stream, 2)] == [(2, "a"), (3, "b")]
        await stream.aclose()  # type: ignore[attr-defined]

    run_async(scene())


def test_since_replays_what_the_ring_still_has() -> None:
    async def scene() -> None:
        events = hub()
        for name in "abc":
            events.publish("pipeline", gone=name)
        seen = await take(events.stream(1), 3)
        assert [event["seq"] for event in seen] == [1, 2, 3]
        (hello,) = await take(events.stream(3), 1)
        assert hello["seq"] == 3

    run_async(scene())


def test_since_that_the_ring_has_lost_or_never_had_is_told_by_hello() -> None:
    async def scene() -> None:
        events = hub()
        for _ in range(RING_EVENTS + 10):
            events.publish("config")
        (hello,) = await take(events.stream(3), 1)
        assert hello["seq"] == RING_EVENTS + 10
        (hello,) = await take(events.stream(10**9), 1)
        assert hello["seq"] == RING_EVENTS + 10

    run_async(scene())


def test_a_reader_that_falls_behind_is_told_so_and_let_go() -> None:
    async def scene() -> None:
        events = hub()
        slow = events.stream(None)
        await take(slow, 1)
        for _ in range(CLIENT_EVENTS + 1):
            events.publish("config")
        fast = events.stream(None)
        await take(fast, 1)
        assert [event["type"] for event in await take(slow, 1)] == ["lagged"]
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        events.publish("config")
        assert [event["type"] for event in await take(fast, 1)] == ["config"]

    run_async(scene())


def test_a_reader_may_hold_up_only_so_many_bytes() -> None:
    async def scene() -> None:
        events = hub()
        slow = events.stream(None)
        await take(slow, 1)
        for _ in range(10):
            events.publish("pipeline", gone="x" * 2**20)
        assert [event["type"] for event in await take(slow, 1)] == ["lagged"]

    run_async(scene())


def test_a_quiet_stream_beats_and_repeats_the_last_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "HEARTBEAT_SECONDS", 0.01)

    async def scene() -> None:
        events = hub()
        events.publish("config")
        _, beat, again = await take(events.stream(None), 3)
        assert (beat["type"], beat["seq"], again["seq"]) == ("heartbeat", 1, 1)

    run_async(scene())


def test_closing_ends_every_stream() -> None:
    async def scene() -> None:
        events = hub()
        stream = events.stream(None)
        await take(stream, 1)
        events.close()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    run_async(scene())
