"""``profexctl ping``: ask whether the daemon answers."""

from __future__ import annotations

import time

import click

from profexd.cli.control.caller import Caller, shared_options


@click.command()
@shared_options
@click.pass_obj
def command(caller: Caller) -> None:
    """Ask whether the daemon answers. Exit code 3 if it does not."""
    client = caller.client
    start = time.perf_counter()
    info = client.info()
    milliseconds = (time.perf_counter() - start) * 1000
    if caller.as_json:
        caller.console.json(
            {
                "ok": True,
                "version": info["version"],
                "socket": client.where,
                "milliseconds": round(milliseconds, 1),
            }
        )
    else:
        caller.console.print(
            f"profexd {info['version']} answers on {client.where} in {milliseconds:.0f} ms"
        )
