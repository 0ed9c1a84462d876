"""``profexctl dial-stdio``: join standard input and output to the daemon's socket, for ssh."""

from __future__ import annotations

import os
import socket
import sys
import threading

import click

from profexd.cli.control.caller import Caller, shared_options
from profexd.client import UnixTransport
from profexd.config.paths import client_socket

_READ = 65_536


@click.command(name="dial-stdio")
@shared_options
@click.pass_obj
def command(caller: Caller) -> int:
    """Pass bytes between standard input and output and the daemon's socket.

    profexctl --host USER@HOST runs it there, over ssh.
    """
    path = client_socket(caller.socket, caller.environ, caller.uid)
    connection = UnixTransport(path).connection(None)
    daemon = connection.sock
    threading.Thread(target=_send, args=(daemon,), daemon=True).start()
    out = sys.stdout.fileno()
    while data := daemon.recv(_READ):
        _write(out, data)
    return 0


def _send(daemon: socket.socket) -> None:
    """Pass standard input on; its end hangs up, so that a stream ends on both sides."""
    try:
        while data := os.read(0, _READ):
            daemon.sendall(data)
        daemon.shutdown(socket.SHUT_RDWR)
    except OSError:
        # The daemon hung up first: the other direction sees it, too.
        return


def _write(out: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(out, view) :]
