"""A connection that breaks, at any byte: never half a file, never two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.api import ProfexdError, Retryable, SinkTimeout, SinkUnreachable, Staged
from tests.http.sending import sink, spooled
from tests.servers.proxy import Proxy, proxy
from tests.servers.receiver import Receiver

CONTENT = bytes(range(256)) * 40_000


@pytest.fixture
def line(receiver: Receiver) -> Iterator[Proxy]:
    with proxy(receiver.port) as one:
        yield one


def whole_request(line: Proxy, staged: Staged, url: str) -> int:
    """How many bytes a request is on the line."""
    sink(url=url).publish(staged)
    return line.received


@pytest.mark.parametrize("mode", ["reset", "fin"])
@pytest.mark.parametrize("percent", [0, 1, 50, 99])
def test_a_file_that_was_cut_off_did_not_arrive_and_arrives_once_the_line_is_back(
    line: Proxy, receiver: Receiver, tmp_path: Path, percent: int, mode: str
) -> None:
    url = f"http://127.0.0.1:{line.port}"
    staged = sink(url=url).stage(spooled(tmp_path, CONTENT), "out.bin")
    size = whole_request(line, staged, url)
    receiver.requests.clear()
    line.mode = mode  # type: ignore[assignment]
    line.cut_after = size * percent // 100
    with pytest.raises(ProfexdError) as raised:
        sink(url=url).publish(staged)
    assert receiver.requests == []
    if percent < 99:
        # So near the end the last byte may be under way when the line breaks.
        assert isinstance(raised.value, SinkUnreachable)
    line.heal()
    sink(url=url).publish(staged)
    assert [request.body for request in receiver.requests] == [CONTENT]


@pytest.mark.parametrize("mode", ["reset", "fin"])
def test_a_line_that_breaks_after_the_last_byte_leaves_a_question(
    line: Proxy, receiver: Receiver, tmp_path: Path, mode: str
) -> None:
    url = f"http://127.0.0.1:{line.port}"
    staged = sink(url=url).stage(spooled(tmp_path, CONTENT), "out.bin")
    line.cut_after = whole_request(line, staged, url)
    line.mute = True
    line.mode = mode  # type: ignore[assignment]
    with pytest.raises(ProfexdError) as raised:
        sink(url=url).publish(staged)
    assert raised.value.error_code == "sink_ambiguous"
    assert not isinstance(raised.value, Retryable)
    with pytest.raises(Retryable):
        sink(url=url, retry_ambiguous=True).publish(staged)


def test_a_line_that_freezes_is_left_after_the_timeout(
    line: Proxy, receiver: Receiver, tmp_path: Path
) -> None:
    there = sink(url=f"http://127.0.0.1:{line.port}", timeout=0.3)
    line.cut_after, line.mode = 5_000_000, "freeze"
    with pytest.raises(SinkTimeout, match=r"no progress for 0\.3 s"):
        there.publish(there.stage(spooled(tmp_path, CONTENT * 3), "out.bin"))
    assert receiver.requests == []


def test_a_line_that_is_slow_is_not_stuck(line: Proxy, receiver: Receiver, tmp_path: Path) -> None:
    there = sink(url=f"http://127.0.0.1:{line.port}", timeout=0.5)
    line.rate = 10_000_000
    there.publish(there.stage(spooled(tmp_path, CONTENT), "out.bin"))
    assert [request.body for request in receiver.requests] == [CONTENT]
