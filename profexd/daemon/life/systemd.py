"""What systemd is told: ready, reloading, stopping, still alive; nothing where nobody asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Sends datagrams to ``$NOTIFY_SOCKET``, and pings the watchdog from the loop."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        mine = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._watchdog = int(environ.get("WATCHDOG_USEC", "0")) / 1e6 if mine else 0.0
        self._pinger: asyncio.TimerHandle | None = None

    @property
    def supervised(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """The daemon is up."""
        self._send(f"READY=1\nSTATUS={status}")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._send(f"STATUS={text}")

    def reloading(self) -> None:
        """The files are being read; ``ready`` ends it."""
        # Without the time, units of Type=notify-reload wait until they time out.
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self, status: str) -> None:
        """The daemon is about to end."""
        self._send(f"STOPPING=1\nSTATUS={status}")

    def extend(self, seconds: float) -> None:
        """Ask for more time before systemd kills."""
        self._send(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def start_watchdog(self) -> None:
        """Ping as long as the loop turns."""
        if not self._watchdog or not self._address:
            return
        loop = asyncio.get_running_loop()
        interval = self._watchdog / 2

        def ping() -> None:
            self._send("WATCHDOG=1")
            self._pinger = loop.call_later(interval, ping)

        ping()

    def close(self) -> None:
        """Stop pinging."""
        if self._pinger is not None:
            self._pinger.cancel()

    def _send(self, text: str) -> None:
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.settimeout(1)
            channel.connect(self._address)
            channel.sendall(text.encode())
