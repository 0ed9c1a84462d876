"""Check: what was built against what may leave the machine; nothing has left it yet."""

from __future__ import annotations

from collections.abc import Iterable

from profexd.api.errors import NameCollision


def check(targets: Iterable[tuple[str, str, str]]) -> None:
    """Raise NameCollision when two files of the run would be one.

    ``targets`` are the sink, the place (``Sink.place``) and the URI of each.
    """
    seen: dict[str, str] = {}
    for sink, place, uri in targets:
        if place in seen:
            raise NameCollision(
                f"{uri} would be written twice, by the sinks {seen[place]} and {sink}",
                hint="give the sinks different roots, or name only one of them",
            )
        seen[place] = sink
