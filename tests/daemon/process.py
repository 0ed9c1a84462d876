"""A daemon as a process of its own, driven as anybody would: files, signals, the socket."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from profexd.testing.warehouse import create_warehouse

SERVE = """
import json, sys
from pathlib import Path
from profexd.config.paths import Paths
from profexd.daemon.life.main import serve
root = Path(sys.argv[1])
argv = json.loads(sys.argv[2])
paths = Paths(config=root / "config", state=root / "state", spool=root / "spool",
              socket=root / "run" / "profexd.sock", system_mode=False)
more = {"argv": argv} if argv else {}
sys.exit(serve(paths, log_format="json", log_level="info", **more))
"""
EXPORT = """
import json, sys
from pathlib import Path
from profexd.api.errors import ProfexdError
from profexd.config.paths import Paths
from profexd.daemon.life.once import export
root = Path(sys.argv[1])
argv = json.loads(sys.argv[2])
paths = Paths(config=root / "config", state=root / "state", spool=root / "spool",
              socket=root / "run" / "profexd.sock", system_mode=False)
more = {"argv": argv} if argv else {}
try:
    print(json.dumps(export(paths, sys.argv[3], **more)))
except ProfexdError as why:
    print(json.dumps(why.as_json()))
    sys.exit(1)
"""
_PATIENCE = 90.0


def _action(pid: str) -> str:
    """Return what a worker was started for."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "inspect"
    return "inspect" if "inspect" in words else ""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_PATIENCE)
        self.sock.connect(str(self._path))


def until(condition: Callable[[], Any], what: str = "") -> Any:
    """Return what the condition returns as soon as it is true; fail after a long while."""
    deadline = time.monotonic() + _PATIENCE
    while not (value := condition()):
        assert time.monotonic() < deadline, f"never came true: {what or condition}"
        time.sleep(0.02)
    return value


class Daemon:
    """An installation with a small warehouse; ``start`` and ``stop`` as often as one likes."""

    def __init__(self, root: Path, *, argv: tuple[str, ...] = ()) -> None:
        self.root = root
        self.argv = argv
        self.process: subprocess.Popen[bytes] | None = None
        for kind in ("pipelines", "sources", "sinks"):
            (root / "config" / kind).mkdir(parents=True)
        (root / "out").mkdir()
        create_warehouse(root / "w.duckdb", profiles=200)
        self.write(
            "sources/warehouse",
            f'type = "duckdb"\ndatabase = "{root}/w.duckdb"\n'
            'table = "profiles"\n[profiles]\nkey = "profile_id"\n',
        )
        self.write("sinks/lake", f'type = "file"\nroot = "{root}/out"\n')

    def __enter__(self) -> Daemon:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def socket(self) -> Path:
        return self.root / "run" / "profexd.sock"

    @property
    def log(self) -> str:
        path = self.root / "daemon.log"
        return path.read_text() if path.exists() else ""

    def write(self, name: str, text: str) -> Path:
        path = self.root / "config" / f"{name}.toml"
        path.write_text(text)
        return path

    def pipeline(self, name: str, **keys: str) -> Path:
        lines = {
            "source": '"warehouse"',
            "sink": '"lake"',
            "path": f'"{name}-${{run_id}}.csv"',
            "format": '{ type = "csv" }',
            **keys,
        }
        return self.write(
            f"pipelines/{name}", "".join(f"{key} = {value}\n" for key, value in lines.items())
        )

    def launch(self) -> subprocess.Popen[bytes]:
        with (self.root / "daemon.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", SERVE, str(self.root), json.dumps(self.argv)],
                stdin=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "GATE": str(self.root / "gate")},
            )

    def start(self) -> Daemon:
        self.process = self.launch()
        until(self.answers, self.log)
        return self

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            return self.get("/healthz") == {"status": "ok"}
        except OSError:
            return False

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(_PATIENCE)

    def call(
        self, method: str, path: str, body: object = None
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            raw = answer.read()
            kind = answer.headers.get("Content-Type", "")
            value = json.loads(raw) if kind.startswith("application/json") else raw.decode()
            return answer.status, value, answer.headers
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        return self.call("GET", path)[1]

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, body)[1]

    def names(self) -> dict[str, str]:
        """Return the state of every pipeline."""
        return {view["name"]: view["state"] for view in self.get("/v1/pipelines")}

    def run(self, name: str) -> str:
        """Start a run; return its id."""
        status, answer, headers = self.call("POST", f"/v1/pipelines/{name}/runs")
        assert status == 202, answer
        assert headers["Location"] == f"/v1/runs/{answer['run_id']}"
        return str(answer["run_id"])

    def status(self, run_id: str) -> str:
        return str(self.get(f"/v1/runs/{run_id}")["status"])

    def over(self, run_id: str) -> dict[str, Any]:
        """Wait until a run is over."""
        until(lambda: self.status(run_id) not in ("pending", "running"), f"run {run_id} ends")
        run: dict[str, Any] = self.get(f"/v1/runs/{run_id}")
        return run

    def children(self) -> list[int]:
        """Return the processes of the daemon's runs."""
        assert self.process is not None
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if _action(child) != "inspect"]

    def begin_export(self, name: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", EXPORT, str(self.root), json.dumps(self.argv), name],
            stdout=subprocess.PIPE,
        )

    def export(self, name: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", EXPORT, str(self.root), json.dumps(self.argv), name],
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
