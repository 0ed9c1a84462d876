"""A daemon of words alone: many pipelines and their events, at any pace, over a real socket."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingMixIn, UnixStreamServer
from typing import Any

from profexd.wire import HEARTBEAT_SECONDS, PipelineJson, RunJson, RunningJson

_PROGRESS_SECONDS = 0.2
"""As often as the real daemon tells of one run's progress."""
_RUN_SECONDS = 60
_ROWS = 1_000_000


def _stamp(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


class World:
    """Pipelines of which some always run, and the events of their lives."""

    def __init__(self, pipelines: int, running: int) -> None:
        self.lock = threading.Condition()
        self.seq = 0
        self.pace = 0.0
        """Seconds of this world that pass in one of ours; 0 is rest."""
        self.passed = 0.0
        self._began = datetime.now(UTC)
        self._step = 0
        self._runs = 0
        names = [f"p{number:04}" for number in range(pipelines)]
        self.pipelines = {name: self._pipeline(name) for name in names}
        self._names = names
        self._running: list[tuple[str, int]] = []
        for place in range(running):
            # Spread, so that some of them are on the first screen, and their ends are.
            self._begin(names[place * 7 % pipelines], -place * _RUN_SECONDS // max(1, running))

    @property
    def now(self) -> datetime:
        return self._began + timedelta(seconds=self.passed)

    def steps(self) -> Iterator[dict[str, Any]]:
        """Let a fifth of a second pass; yield what is told of it."""
        self.passed += _PROGRESS_SECONDS
        self._step += 1
        for place, (name, begun) in enumerate(self._running):
            age = self.passed - begun
            if age >= _RUN_SECONDS:
                yield from self._turn(place, name)
                continue
            made = self.pipelines[name]
            running = made["running"]
            assert running is not None
            moved: RunningJson = {
                **running,
                "percent": round(100 * age / _RUN_SECONDS, 1),
                "rows": int(_ROWS * age / _RUN_SECONDS),
                "bytes": int(300 * _ROWS * age / _RUN_SECONDS),
            }
            self.pipelines[name] = {**made, "running": moved}
            yield self._event("progress", name=name, running=moved)

    def _turn(self, place: int, name: str) -> Iterator[dict[str, Any]]:
        made = self.pipelines[name]
        assert made["running"] is not None
        done = self._run(name, made["running"]["run_id"], "done")
        self.pipelines[name] = {**made, "running": None, "state": "pending", "last_run": done}
        yield self._event("run", run=done)
        yield self._event("pipeline", pipeline=self.pipelines[name])
        following = self._names[(self._names.index(name) + 31) % len(self._names)]
        while self.pipelines[following]["running"] is not None:
            following = self._names[(self._names.index(following) + 1) % len(self._names)]
        run = self._begin(following, self.passed, place)
        yield self._event("run", run=run)
        yield self._event("pipeline", pipeline=self.pipelines[following])

    def _begin(self, name: str, begun: float, place: int | None = None) -> RunJson:
        self._runs += 1
        run = self._run(name, f"r{self._runs:07}", "running")
        running: RunningJson = {
            "run_id": run["run_id"],
            "phase": "build",
            "percent": 0.0,
            "rows": 0,
            "bytes": 0,
        }
        self.pipelines[name] = {**self.pipelines[name], "state": "running", "running": running}
        if place is None:
            self._running.append((name, int(begun)))
        else:
            self._running[place] = (name, int(begun))
        return run

    def _event(self, kind: str, **more: Any) -> dict[str, Any]:
        self.seq += 1
        return {"type": kind, "seq": self.seq, "at": _stamp(self.now), **more}

    def _run(self, name: str, run_id: str, status: str) -> RunJson:
        ended = status == "done"
        uri = f"file:///srv/exports/{name}/2026-11-22.csv.gz"
        return {
            "run_id": run_id,
            "pipeline": name,
            "status": status,
            "trigger": "schedule",
            "attempt": 1,
            "retry_at": None,
            "scheduled_at": _stamp(self.now),
            "started_at": _stamp(self.now - timedelta(seconds=_RUN_SECONDS * ended)),
            "finished_at": _stamp(self.now) if ended else None,
            "phase": "record" if ended else "build",
            "rows": _ROWS if ended else 0,
            "bytes": 300 * _ROWS if ended else 0,
            "files": [
                {
                    "path": uri,
                    "uri": uri,
                    "sink": "lake",
                    "rows": _ROWS,
                    "bytes": 300 * _ROWS,
                    "sha256": "0" * 64,
                    "status": "published",
                }
            ]
            if ended
            else [],
            "warnings": [],
            "error": None,
            "checks": [],
            "hold": None,
        }

    def _pipeline(self, name: str) -> PipelineJson:
        upcoming = [_stamp(self._began + timedelta(hours=9, days=day)) for day in range(3)]
        return {
            "name": name,
            "file": f"/etc/profexd/pipelines/{name}.toml",
            "description": f"Pipeline {name}",
            "kind": "profiles",
            "export_id": f"x-{name}",
            "enabled": True,
            "paused": None,
            "state": "pending",
            "source": "warehouse",
            "sinks": ["lake"],
            "format": "csv",
            "filter": "country is one of IT, FR",
            "path": f"{name}/${{today}}.csv.gz",
            "uri": f"file:///srv/exports/{name}/${{today}}.csv.gz",
            "schedule": "daily at 03:00",
            "frequency": "recurring",
            "next_run_at": upcoming[0],
            "next_runs": upcoming,
            "problems": [],
            "last_run": self._run(name, f"{name}-1", "done"),
            "running": None,
        }


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        world = self.server.world
        if path == "/v1/events":
            self._events(world)
        elif path == "/v1/info":
            self._answer(
                {
                    "version": "0.1.0",
                    "api": 1,
                    "boot_id": "standin",
                    "pid": 1,
                    "host": "standin",
                    "started_at": _stamp(world.now - timedelta(days=3)),
                    "config": "/etc/profexd",
                    "state": "/var/lib/profexd",
                    "spool": "/var/cache/profexd",
                    "role": "admin",
                    "pipelines": len(world.pipelines),
                    "running": 0,
                }
            )
        elif path == "/v1/pipelines":
            with world.lock:
                self._answer(list(world.pipelines.values()))
        elif path == "/v1/runs":
            self._answer([])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return "unix"

    def _answer(self, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def _events(self, world: World) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Connection", "close")
        self.end_headers()
        with world.lock:
            seq = world.seq
            listener = self.server.listen()
        hello = {"type": "hello", "seq": seq, "at": _stamp(world.now), "boot_id": "standin"}
        self.wfile.write(json.dumps(hello).encode() + b"\n")
        with suppress(OSError):  # whoever listened has gone
            while True:
                self.wfile.write(listener.wait())


class Listener:
    """Lines for one client; heartbeats where nothing happens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lines: list[bytes] = []
        self._ready = threading.Event()

    def push(self, data: bytes) -> None:
        self._lines.append(data)
        self._ready.set()

    def wait(self) -> bytes:
        if not self._ready.wait(HEARTBEAT_SECONDS):
            seq, at = self._world.seq, _stamp(self._world.now)
            return json.dumps({"type": "heartbeat", "seq": seq, "at": at}).encode() + b"\n"
        self._ready.clear()
        lines, self._lines = self._lines, []
        return b"".join(lines)


class Server(ThreadingMixIn, UnixStreamServer):
    daemon_threads = True

    def __init__(self, socket: str, world: World) -> None:
        self.world = world
        self._listeners: list[Listener] = []
        super().__init__(socket, _Handler)

    def listen(self) -> Listener:
        listener = Listener(self.world)
        self._listeners.append(listener)
        return listener

    def live(self) -> None:
        """Let the world go on at its pace; the pace is read from standard input."""
        threading.Thread(target=self._paces, daemon=True).start()
        due = time.monotonic()
        while True:
            with self.world.lock:
                while not self.world.pace:
                    self.world.lock.wait()
                    due = time.monotonic()
                told = b"".join(json.dumps(e).encode() + b"\n" for e in self.world.steps())
                for listener in self._listeners:
                    listener.push(told)
                due += _PROGRESS_SECONDS / self.world.pace
            time.sleep(max(0.0, due - time.monotonic()))

    def _paces(self) -> None:
        for line in sys.stdin:
            with self.world.lock:
                self.world.pace = float(line)
                self.world.lock.notify()
            print(self.world.passed, flush=True)


def main() -> None:
    """Serve on the socket of the first argument: so many pipelines, so many of them running."""
    socket, pipelines, running = sys.argv[1:]
    Path(socket).unlink(missing_ok=True)
    server = Server(socket, World(int(pipelines), int(running)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    server.live()


if __name__ == "__main__":
    main()
