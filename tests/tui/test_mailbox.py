"""What waits to be looked at: in order, rung for once, and progress no more than once each."""

from __future__ import annotations

from typing import Any

from profexd.tui.mailbox import Mailbox
from profexd.tui.store import Connecting, Received
from tests.tui.fakes import NOW, at, run


def event(kind: str, number: int, **more: Any) -> Received:
    return Received({"type": kind, "seq": number, "at": at(), **more}, NOW)  # type: ignore[typeddict-item]


def progress(name: str, number: int) -> Received:
    return event("progress", number, name=name, running={"rows": number})


def test_one_ring_for_many_letters_and_a_louder_one_for_what_hurries() -> None:
    rings: list[bool] = []
    box = Mailbox(rings.append)
    box.put("", progress("a", 1))
    box.put("", event("heartbeat", 1))
    assert rings == [False]
    box.put("", Connecting())
    box.put("", Connecting())
    box.put("", progress("a", 2))
    assert rings == [False, True]
    assert len(box.empty()) == 4
    assert box.empty() == []
    box.put("", Connecting())
    assert rings == [False, True, True]


def test_unread_progress_gives_way_to_newer_but_never_passes_what_came_between() -> None:
    box = Mailbox(lambda _: None)
    ended = event("run", 4, run=run("a"))
    letters = [progress("a", 1), progress("b", 2), progress("a", 3), ended, progress("a", 5)]
    for letter in letters:
        box.put("web", letter)
    box.put("far", progress("a", 6))
    read = [letter.event["seq"] for _, letter in box.empty() if isinstance(letter, Received)]
    assert read == [3, 2, 4, 5, 6]
