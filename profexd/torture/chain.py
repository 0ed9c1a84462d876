"""Holds manifests against what was delivered, as who receives it does; one chain per pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from profexd.export.receipts.signers import of_key
from profexd.export.receipts.verify import judge
from profexd.torture.reading import MANIFEST, MARKER
from profexd.wire import RunJson


class Chains:
    """The last manifest of each pipeline; ``folder`` is where deliveries are laid out."""

    def __init__(self, folder: Path, public_key: str) -> None:
        self._folder = folder
        self._signers = [of_key(public_key)]
        self._last: dict[str, bytes] = {}

    def wrong(
        self, pipeline: str, run: RunJson, deliveries: Mapping[str, Mapping[str, bytes]]
    ) -> Iterator[str]:
        """Yield what is wrong with a delivery; ``deliveries`` are its files, by sink and path."""
        manifests = set()
        for sink, files in deliveries.items():
            yield from (f"{sink}: {words}" for words in self._verify(pipeline, files))
            manifests |= {text for path, text in files.items() if path.endswith(MANIFEST)}
            if not any(path.endswith(MARKER) for path in files):
                yield f"{sink}: run {run['run_id']} has no marker"
        if len(manifests) > 1:
            yield f"the manifests of run {run['run_id']} differ from sink to sink"
        elif manifests:
            self._last[pipeline] = manifests.pop()

    def _verify(self, pipeline: str, files: Mapping[str, bytes]) -> Iterator[str]:
        shutil.rmtree(self._folder, ignore_errors=True)
        root = self._folder / "delivered"
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        paths = [path for path in files if path.endswith(MANIFEST)]
        if len(paths) != 1:
            yield f"there are {len(paths)} manifests"
            return
        before = self._folder / "before.json"
        if pipeline in self._last:
            before.write_bytes(self._last[pipeline])
        previous = [before] if before.exists() else []
        verdict = judge(root / paths[0], [], signers=self._signers, previous=previous)
        findings = (verdict.manifest, verdict.signature, *verdict.previous, *verdict.files)
        for one in findings:
            if not one.ok:
                yield f"{one.subject} is {one.status}: {one.message}"
        if not previous and verdict.document.get("previous") is not None:
            yield "the first manifest names one before it"
