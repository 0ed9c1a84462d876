"""A worker that speaks the real protocol and does what the name of its pipeline says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from profexd.export.job import Job
from profexd.export.messages import (
    Built,
    Finished,
    Logged,
    Message,
    Planned,
    Previewed,
    Progress,
    Published,
    Publishing,
    Retrying,
    Staging,
    Unpublished,
    encode,
)

TARGET = "out.csv"
STAGED = {"target": TARGET, "size": 5, "sha256": "ab", "handle": {"name": ".tmp"}}


class Terminated(Exception):
    """SIGTERM came."""


def _raise(number: int, frame: object) -> None:
    raise Terminated


class Worker:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.n = 0

    def tell(self, message: Message) -> None:
        self.n += 1
        print(encode(message, self.n), flush=True)

    def ask(self, message: Message) -> bool:
        self.tell(message)
        line = sys.stdin.readline()
        if not line:
            os._exit(70)
        answer = json.loads(line)
        assert answer["ack"] == self.n
        return bool(answer["go"])

    def stage(self) -> None:
        self.ask(Staging(sink="lake", staged=STAGED))
        self.ask(Staging(sink="lake", staged=STAGED, complete=True))

    def withdraw(self) -> None:
        self.ask(Unpublished(sink="lake", path=TARGET, status="discarded"))

    def publish(self) -> None:
        self.ask(Published(sink="lake", path=TARGET, receipt={"target": TARGET, "size": 5}))

    def run(self) -> None:
        Path(self.job.spool).mkdir(mode=0o700, exist_ok=True)
        Path(self.job.spool, "part").write_text("rows")
        self.tell(Progress(phase="plan"))
        name = self.job.pipeline
        self.ask(Planned(files=[], complete=False))
        # Pipelines whose names end alike behind a _ write one file.
        uri = f"file:///{name.rpartition('_')[2]}/{TARGET}"
        if not self.ask(Planned(files=[{"path": TARGET, "uri": uri, "sink": "lake"}])):
            self.ask(Finished(status="stopped"))
            return
        self.tell(Progress(phase="build", percent=50.0, rows=1, bytes=2))
        if name.startswith("hang"):
            wait_for_a_signal()
        if name.startswith("deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.tell(Logged(level="info", message="deaf"))
            wait_for_a_signal()
        if name.startswith("garbage"):
            print("this is no message", flush=True)
            wait_for_a_signal()
        if name.startswith("babble"):
            sys.stdout.flush()
            os.write(1, Path(os.environ["GATE"] + "-babble").read_bytes())
            sys.exit(0)
        if name.startswith("deep"):
            print("[" * 300_000, flush=True)
            wait_for_a_signal()
        if name.startswith("leftover-stdout"):
            leave_behind(stderr=subprocess.DEVNULL)
            sys.exit(9)
        if name.startswith("leftover-stderr"):
            leave_behind(stdout=subprocess.DEVNULL)
            sys.exit(9)
        if name.startswith("chatter"):
            for number in range(1, 2001):
                self.tell(Logged(level="warning", message=f"value {number} was cut", record=True))
        if name.startswith("odd"):
            self.ask(Built(files=[{"rows": "many"}]))
        if name.startswith("crash"):
            print("out of luck", file=sys.stderr, flush=True)
            sys.exit(9)
        if name.startswith("retry"):
            error = {"code": "sink_unreachable", "message": "no", "hint": ""}
            self.tell(Retrying(attempt=2, retry_at="2026-01-01T00:00:10Z", error=error))
            wait_for_a_signal()
        self.ask(
            Built(
                files=[
                    {
                        "path": TARGET,
                        "rows": 3,
                        "bytes": 400_000 if name.startswith("large") else 5,
                        "sha256": "ab",
                        "media_type": "text/csv",
                        "spooled": "x",
                    }
                ]
            )
        )
        if name.startswith("fail"):
            error = {"code": "sink_auth", "message": "refused", "hint": "ask"}
            self.ask(Finished(status="failed", error=error))
            return
        if name.startswith("hold"):
            self.tell(Progress(phase="check"))
            error = {"code": "check_failed", "message": "rows fell", "hint": "decide"}
            self.ask(Finished(status="held", error=error, detail={"expiry": 3600}))
            return
        self.tell(Progress(phase="deliver"))
        self.stage()
        if name.startswith("die-staged"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("wait-staged"):
            wait_for_a_signal()
        if not self.ask(Publishing()):
            self.withdraw()
            self.ask(Finished(status="stopped"))
            return
        if name.startswith("die-publishing"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("slow-publishing"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            gate = Path(os.environ["GATE"])
            while not gate.exists():
                time.sleep(0.01)
        self.publish()
        if name.startswith("die-published"):
            os.kill(os.getpid(), signal.SIGKILL)
        self.tell(Logged(level="warning", message="one value was cut", record=True))
        self.ask(Finished(status="done"))

    def main(self) -> None:
        match self.job.action:
            case "run":
                try:
                    self.run()
                except Terminated:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    self.ask(Finished(status="stopped"))
            case "finish":
                life = Path(os.environ["GATE"] + "-lives")
                lives = int(life.read_text()) if life.exists() else 0
                life.write_text(str(lives + 1))
                if self.job.pipeline.startswith("die-publishing-thrice") and lives < 2:
                    os.kill(os.getpid(), signal.SIGKILL)
                if self.job.pipeline.startswith("die-publishing-often") and lives < 3:
                    os.kill(os.getpid(), signal.SIGKILL)
                self.publish()
                self.ask(Finished(status="done"))
            case "deliver":
                try:
                    self.deliver()
                except Terminated:
                    self.withdraw()
                    self.ask(Finished(status="stopped"))
            case "discard":
                if self.job.pipeline.startswith("die-staged-twice"):
                    self.ask(Finished(status="failed"))
                    return
                for _ in self.job.handles:
                    self.withdraw()
                self.ask(Finished(status="done"))
            case "preview":
                self.preview()
            case "notify":
                self.notify()
            case "inspect":
                self.ask(Finished(status="done"))

    def deliver(self) -> None:
        """Send what a held run has built."""
        self.tell(Logged(level="info", message=f"deliver {self.job.parts[0]['spooled']}"))
        for _ in self.job.handles:
            self.withdraw()
        uri = f"file:///{self.job.pipeline.rpartition('_')[2]}/{TARGET}"
        self.ask(Planned(files=[{"path": TARGET, "uri": uri, "sink": "lake"}]))
        self.tell(Progress(phase="deliver"))
        self.stage()
        gate = Path(os.environ["GATE"])
        if self.job.pipeline.startswith("hold-staged") and not gate.exists():
            wait_for_a_signal()
        self.ask(Publishing())
        if self.job.pipeline.startswith("hold-die"):
            os.kill(os.getpid(), signal.SIGKILL)
        self.publish()
        self.ask(Finished(status="done"))

    def notify(self) -> None:
        # Not above: no other worker should take the time to load them.
        from profexd.config.catalog import load_catalog
        from profexd.export.notify import perform_notice
        from profexd.export.redact import Secrets
        from profexd.export.stop import Stop

        perform_notice(
            self.job,
            catalog=load_catalog(),
            journal=self,
            secrets=Secrets(os.environ),
            stop=Stop(),
            pauses=(0, 0, 0),
        )

    def preview(self) -> None:
        if self.job.pipeline.startswith("crash"):
            sys.exit(9)
        if self.job.pipeline.startswith("stuck"):
            wait_for_a_signal()
        shown = {"pipeline": self.job.pipeline, "rows": [[1]] * self.job.limit}
        self.tell(Previewed(preview=shown))
        self.ask(Finished(status="done"))


def leave_behind(**closed: int) -> None:
    """Start what nobody can reach: of another session, it holds a pipe of ours open."""
    left = subprocess.Popen(["sleep", "60"], start_new_session=True, **closed)  # type: ignore[call-overload]
    Path(os.environ["GATE"]).write_text(str(left.pid))


def wait_for_a_signal() -> None:
    while True:
        signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _raise)
    Worker(Job.from_json(json.loads(sys.stdin.readline()))).main()
