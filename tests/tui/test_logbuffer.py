"""The ring of log lines."""

from __future__ import annotations

from datetime import UTC

from profexd.tui.logbuffer import LogBuffer, plain
from tests.tui.fakes import log_lines


def messages(buffer: LogBuffer) -> list[str]:
    return [line["message"].split()[1] for _, line in buffer.shown_from(0)]


def test_the_oldest_lines_fall_out_of_a_full_ring() -> None:
    buffer = LogBuffer(capacity=5)
    buffer.add(log_lines(8))
    assert messages(buffer) == ["4", "5", "6", "7", "8"]
    assert (buffer.first, buffer.end, buffer.dropped) == (3, 8, 0)


def test_a_held_ring_keeps_what_it_shows_and_counts_what_waits_and_what_is_dropped() -> None:
    buffer = LogBuffer(capacity=5)
    buffer.add(log_lines(5))
    buffer.hold()
    buffer.add(log_lines(8))
    assert messages(buffer) == ["1", "2", "3", "4", "5"]
    assert (buffer.waiting, buffer.dropped) == (5, 3)
    buffer.release()
    assert messages(buffer) == ["4", "5", "6", "7", "8"]
    assert buffer.waiting == 0


def test_levels_cycle_and_hide_what_is_below() -> None:
    buffer = LogBuffer()
    buffer.add(log_lines(30))
    assert len(messages(buffer)) == 30
    assert [buffer.next_level() for _ in range(2)] == ["info", "warning"]
    assert messages(buffer) == ["7", "13"]
    assert [buffer.next_level() for _ in range(2)] == ["error", "debug"]


def test_a_mark_is_shown_at_every_level_and_while_held() -> None:
    buffer = LogBuffer()
    buffer.add(log_lines(3))
    buffer.hold()
    buffer.mark({"at": "2026-11-22T12:00:00Z", "level": "mark", "message": "a mark"})
    buffer.next_level()
    buffer.next_level()
    buffer.next_level()
    assert messages(buffer) == ["mark"]


def test_a_line_is_shown_with_local_time_and_the_letter_of_its_level() -> None:
    line = log_lines(7)[6]
    assert plain(line, UTC, times=True).startswith("11:30:07 W part 7")
    assert plain(line, UTC, times=False).startswith("W part 7")
