"""A reader of the files: it looks all the time, takes whatever it sees, and remembers it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from profexd.torture.targets import Session, Target

Row = dict[str, Any]

MANIFEST, MARKER = ".manifest.json", ".done"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One file as it was once seen."""

    sink: str
    path: str
    sha256: str
    size: int


class Reader:
    """Polls every target in a thread of its own, from ``start`` to ``stop``."""

    def __init__(self, targets: Mapping[str, Target], pause: float) -> None:
        self._targets = targets
        self._pause = pause
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._seen: set[Sighting] = set()
        self._early: list[str] = []
        self._trouble: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._watch, args=one, daemon=True) for one in targets.items()
        ]

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Look no more; raises what kept it from looking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._trouble is not None:
            raise self._trouble

    def sightings(self) -> set[Sighting]:
        """Return what was seen since the last call."""
        with self._lock:
            seen, self._seen = self._seen, set()
        return seen

    def early(self) -> list[str]:
        """Return what was seen to vouch for what was not there yet, since the last call."""
        with self._lock:
            early, self._early = self._early, []
        return early

    def _watch(self, sink: str, target: Target) -> None:
        marks: dict[str, object] = {}
        try:
            with target.session() as session:
                while not self._stop.wait(self._pause):
                    listed = session.visible()
                    for path, mark in listed.items():
                        if marks.get(path) == mark:
                            continue
                        content = session.read(path)
                        if content is not None:
                            self._saw(sink, path, content)
                            self._compare(session, sink, path, content)
                    marks = listed
        except Exception as why:  # noqa: BLE001 - handed to the thread that waits
            self._trouble = why

    def _saw(self, sink: str, path: str, content: bytes) -> None:
        sighting = Sighting(sink, path, hashlib.sha256(content).hexdigest(), len(content))
        with self._lock:
            self._seen.add(sighting)

    def _compare(self, session: Session, sink: str, path: str, content: bytes) -> None:
        """Look whether all is there that a file vouches for.

        Who takes a delivery away begins with what vouches for it.
        """
        promised = _vouched_for(path, content)
        if not promised:
            return
        there = session.visible()
        missing = sorted(promised - there.keys())
        if missing and session.read(path) == content:
            with self._lock:
                self._early.append(f"{path} at {sink} was there before {', '.join(missing)}")


def _vouched_for(path: str, content: bytes) -> set[str]:
    if path.endswith(MARKER):
        return {path.removesuffix(MARKER) + MANIFEST}
    if not path.endswith(MANIFEST):
        return set()
    try:
        document = json.loads(content)
        return {file["path"] for file in document["files"]} | {document["key"]["signature"]}
    except (ValueError, LookupError, TypeError):
        # Half of one: no run built that, and that is told of it.
        return set()


def rows_of(path: str, content: bytes) -> list[Row]:
    """Return the rows of a delivered file; ValueError or OSError where it is not whole."""
    if path.endswith(".gz"):
        path, content = path.removesuffix(".gz"), gzip.decompress(content)
    text = content.decode()
    if path.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return list(csv.DictReader(io.StringIO(text), strict=True))
