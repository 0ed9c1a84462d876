"""The HTTP sink keeps the contract of sinks, as far as one that cannot stage has to."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from profexd.testing.sinks import SinkBench, SinkConformance
from profexd_sinks.http import HttpSink
from profexd_sinks.http_options import HttpOptions
from tests.http.sending import literal
from tests.servers.process import free_ports
from tests.servers.receiver import Receiver


class TestConformance(SinkConformance):
    @pytest.fixture
    def bench(self, receiver: Receiver) -> SinkBench:
        def read(name: str) -> bytes | None:
            found = [
                request.body
                for request in receiver.requests
                if unquote(request.path) == f"/in/{name}"
            ]
            return found[-1] if found else None

        (nobody,) = free_ports(1)
        return SinkBench(
            sink=HttpSink,
            options=HttpOptions(
                url=f"{receiver.url}/in", allow_http=True, bearer_token=literal("t0ken-4711")
            ),
            read=read,
            unreachable=HttpOptions(url=f"http://127.0.0.1:{nobody}", allow_http=True),
        )
