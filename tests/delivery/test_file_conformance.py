"""The file sink passes the kit for sinks."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.testing.sinks import SinkBench, SinkConformance
from profexd_sinks.file import FileOptions, FileSink


class TestFile(SinkConformance):
    @pytest.fixture
    def bench(self, tmp_path: Path) -> SinkBench:
        root = tmp_path / "root"

        def read(target: str) -> bytes | None:
            path = root / target
            return path.read_bytes() if path.is_file() else None

        return SinkBench(
            sink=FileSink,
            options=FileOptions(root=str(root)),
            read=read,
            leftovers=lambda: [str(path) for path in root.rglob(".*")],
        )
