"""The sink passes profexd's kit, on the server at WEBDAV_URL, which serves WEBDAV_ROOT."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from profexd_example.webdav import WebDavOptions, WebDavSink

from profexd.api import Secret
from profexd.testing.sinks import SinkBench, SinkConformance


class TestWebDav(SinkConformance):
    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> SinkBench:
        # A folder of its own for each test: the storage of a bench is empty.
        inbox = "".join(sign if sign.isalnum() else "-" for sign in request.node.name)
        root = Path(os.environ["WEBDAV_ROOT"], inbox)
        options = WebDavOptions(
            url=os.environ["WEBDAV_URL"],
            root=inbox,
            username="u",
            password=Secret("literal", "a-password"),
        )

        def read(target: str) -> bytes | None:
            path = root / target
            return path.read_bytes() if path.is_file() else None

        return SinkBench(
            sink=WebDavSink,
            options=options,
            read=read,
            leftovers=lambda: [str(path) for path in root.rglob(".*")],
            denied=replace(options, password=Secret("literal", "a-wrong-one")),
            unreachable=replace(options, url="http://127.0.0.1:9"),
        )
