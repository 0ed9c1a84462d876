"""Between a daemon and a worker: passes every message on, and kills one of them when it is time.

The daemon starts it in place of a worker. Neither knows of it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import IO, Any

from profexd.torture import strikes
from profexd.torture.strikes import Moment, Progress, Strike, Struck

_PR_SET_PDEATHSIG = 1
_GONE = 70
_LONG = 60.0


class Tap:
    """One worker, and those who listen to it."""

    def __init__(self, worker: subprocess.Popen[bytes], job: dict[str, Any], folder: Path) -> None:
        self._worker = worker
        self._job = job
        self._folder = folder
        self._strikes = [one for one in strikes.armed(folder) if one.action == job["action"]]
        self._said: Counter[str] = Counter()
        self._waiting: dict[int, tuple[str, int]] = {}
        self._progress: dict[str, Progress] = {"publishing": "no", "finished": "no"}
        self._lock = threading.Lock()

    def start_timers(self) -> None:
        """Begin to wait for the strikes that go by time."""
        for strike in self._strikes:
            if strike.moment == "timed":
                timer = threading.Timer(strike.seconds, self._strike, [strike])
                timer.daemon = True
                timer.start()

    def messages(self, source: IO[bytes], out: IO[bytes]) -> None:
        """Pass on what the worker says, to its end."""
        for line in source:
            message = json.loads(line)
            event = message["event"]
            self._said[event] += 1
            count = self._said[event]
            self._meet("before", event, count)
            with self._lock:
                self._waiting[message["n"]] = (event, count)
                if event in self._progress:
                    self._progress[event] = "told"
            out.write(line)
            out.flush()

    def answers(self, source: IO[bytes], out: IO[bytes]) -> None:
        """Pass on what the daemon answers, until it is gone."""
        for line in source:
            answer = json.loads(line)
            event, count = self._waiting.get(answer["ack"], ("", 0))
            if event in self._progress and answer["go"]:
                self._progress[event] = "granted"
            self._meet("committed", event, count)
            try:
                out.write(line)
                out.flush()
            except BrokenPipeError:
                return
        self._worker.kill()
        os._exit(_GONE)

    def _meet(self, moment: Moment, event: str, count: int) -> None:
        for strike in self._strikes:
            if (strike.moment, strike.event, strike.count) == (moment, event, count):
                self._strike(strike)

    def _strike(self, strike: Strike) -> None:
        with self._lock:
            # What is passed on while the strike is written down would make it untrue.
            if not strikes.claim(self._folder, strike):
                return
            strikes.record(
                self._folder,
                Struck(
                    strike=strike,
                    run_id=self._job["run_id"],
                    publishing=self._progress["publishing"],
                    finished=self._progress["finished"],
                ),
            )
            if strike.whom == "daemon":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(_LONG)  # It ends with the daemon, as a worker does.
            self._worker.kill()
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run a worker, and end as it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    line = sys.stdin.buffer.readline()
    worker = subprocess.Popen(
        [sys.executable, "-m", "profexd.worker", *sys.argv[1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin is not None
    assert worker.stdout is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, frame: worker.send_signal(got))
    tap = Tap(worker, json.loads(line), Path(os.environ[strikes.FOLDER]))
    worker.stdin.write(line)
    worker.stdin.flush()
    answering = threading.Thread(
        target=tap.answers, args=(sys.stdin.buffer, worker.stdin), daemon=True
    )
    answering.start()
    tap.start_timers()
    tap.messages(worker.stdout, sys.stdout.buffer)
    code = worker.wait()
    if code < 0:
        os.kill(os.getpid(), -code)
    # The thread that reads the answers must not keep the interpreter.
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
