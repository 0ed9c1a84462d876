"""Kept files: what the state of pipelines names stays, what nothing names any more goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from profexd.daemon.state.store import Store


class KeptFiles:
    """Workers write the files, each under a name that begins with its run's id and a dot.

    Only the core removes them. What a run wrote becomes named when it is delivered; so whatever
    is unnamed, and not of a run that goes on, was left by one that was not, or is outdated.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def clean(self, pipeline: str) -> None:
        """Remove what is not needed of one pipeline's folder, and the folder if it is empty."""
        folder = self._store.keep(pipeline)
        if not folder.is_dir():
            return
        working = self._store.working(pipeline)
        states = (self._store.state(pipeline), *self._store.coming_states(pipeline))
        named = {text for state in states for text in _texts(state)}
        for path in folder.iterdir():
            if path.name not in named and path.name.partition(".")[0] not in working:
                path.unlink(missing_ok=True)
        if not working:
            with suppress(OSError):
                folder.rmdir()

    def sweep(self) -> None:
        """Clean the folders of all pipelines, of those that are forgotten too."""
        for pipeline in self._store.keepers():
            self.clean(pipeline)


def _texts(state: Any) -> Iterator[str]:
    """Yield every text in a JSON value."""
    match state:
        case str():
            yield state
        case dict():
            for value in state.values():
                yield from _texts(value)
        case list():
            for value in state:
                yield from _texts(value)
