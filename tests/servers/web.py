"""nginx with TLS by a private authority before a receiver, as a partner's front door is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.pki import Authority
from tests.servers.process import free_ports, listens, program, running
from tests.servers.receiver import Receiver, receiving

_CONFIGURATION = """
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/log warn;
events {{ worker_connections 256; }}
http {{
  access_log off; proxy_http_version 1.1; client_max_body_size 2g;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  ssl_certificate {good[0]}; ssl_certificate_key {good[1]};
  server {{
    listen 127.0.0.1:{tls} ssl;
    location / {{ proxy_pass http://127.0.0.1:{receiver}; proxy_request_buffering off; }}
    location /small/ {{ client_max_body_size 1m; proxy_pass http://127.0.0.1:{receiver}; }}
    location /dead/ {{ proxy_pass http://127.0.0.1:{nobody}; }}
  }}
  server {{
    listen 127.0.0.1:{expired} ssl;
    ssl_certificate {bad[0]}; ssl_certificate_key {bad[1]};
    location / {{ return 200 ok; }}
  }}
  server {{
    listen 127.0.0.1:{mutual} ssl;
    ssl_client_certificate {ca}; ssl_verify_client on;
    location / {{ return 200 ok; }}
  }}
}}
"""


@dataclass(frozen=True)
class Web:
    """A front door with TLS and what is behind it."""

    url: str
    expired_url: str
    mutual_url: str
    ca: Path
    receiver: Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver without TLS, fresh for each test."""
    with receiving() as one:
        yield one


@pytest.fixture(scope="session")
def _front_door(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("nginx")
    tls, expired, mutual, nobody = free_ports(4)
    with receiving() as behind:
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                good=authority.pair("server"),
                bad=authority.pair("expired"),
                ca=authority.certificate,
                tls=tls,
                expired=expired,
                mutual=mutual,
                nobody=nobody,
                receiver=behind.port,
            )
        )
        command = [program("nginx"), "-e", folder / "log", "-c", configuration]
        with running(command, log=folder / "out", healthy=lambda: listens(tls)):
            yield Web(
                url=f"https://localhost:{tls}",
                expired_url=f"https://localhost:{expired}",
                mutual_url=f"https://localhost:{mutual}",
                ca=authority.certificate,
                receiver=behind,
            )


@pytest.fixture
def web(_front_door: Web) -> Web:
    """nginx with TLS; its receiver has forgotten what earlier tests sent."""
    _front_door.receiver.requests.clear()
    _front_door.receiver.replies.clear()
    return _front_door
