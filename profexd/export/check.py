"""Check: what was built against what may leave the machine; nothing has left it yet."""

from __future__ import annotations

from collections.abc import Iterable

from profexd.api.errors import NameCollision


def check(targets: Iterable[tuple[str, str]]) -> None:
    """Raise NameCollision when two files of the run would be one: ``targets`` are (sink, URI)."""
    seen: dict[str, str] = {}
    for sink, uri in targets:
        if uri in seen:
            raise NameCollision(
                f"{uri} would be written twice, by the sinks {seen[uri]} and {sink}",
                hint="give the sinks different roots, or name only one of them",
            )
        seen[uri] = sink
