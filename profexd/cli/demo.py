"""``profexd demo``: a made-up warehouse, a daemon, one run of each pipeline, their files."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from profexd.client import ApiError, Client, ClientError, connect
from profexd.wire import RunJson, RunStatus

_PROFILES = 20_000
_EVENTS = 50_000
_START_SECONDS = 30
_RUN_SECONDS = 120

_PROFEXD = """\
# The settings of the demonstration; every key is optional.
account_id = "acme"
timezone = "Europe/Rome"

[limits]
concurrent_runs = 2
memory = "500MB"
"""

_WAREHOUSE = """\
type = "duckdb"
database = "{database}"
table = "profiles"

[profiles]
key = "profile_id"
"""

_EVENTS_SOURCE = """\
type = "duckdb"
database = "{database}"
table = "events"
kind = "events"
"""

_SINK = """\
type = "file"
root = "{root}"
"""

_PIPELINES = {
    "newsletter": """\
description = "Active customers in Italy, for the newsletter"
source = "warehouse"
sink = "outbox"
path = "newsletter/customers-${today}.csv.gz"
compression = "gzip"
schedule = "every 6h"
order_by = ["email", "-signup_at"]
where = "active AND country = 'IT'"

[format]
type = "csv"
""",
    "crm": """\
description = "All profiles, nested columns as they are, for the CRM"
source = "warehouse"
sink = "outbox"
folder = "date"
filename = "profiles-${export_id}"
schedule = "daily at 03:00"

[format]
type = "json"
layout = "lines"
""",
    "lake": """\
description = "All profiles as Parquet, for the data lake"
source = "warehouse"
sink = "outbox"
path = "lake/${time:%Y/%m/%d}/profiles.parquet"
schedule = "0 4 * * mon-fri"

[format]
type = "parquet"
""",
    "events": """\
description = "Every event as compressed CSV"
source = "events"
sink = "outbox"
path = "events/${timestamp}.csv.zst"
compression = "zstd"
schedule = "hourly"
order_by = "event_id"

[format]
type = "csv"
separator = ";"
""",
}


@click.command(name="demo")
@click.argument("directory", default="profexd-demo", type=click.Path(path_type=Path))
@click.option("--no-tui", is_flag=True, help="Do not open the screen, even on a terminal.")
def command(directory: Path, no_tui: bool) -> None:
    """Show profexd at work in DIRECTORY: warehouse, pipelines, daemon, files. Safe to repeat."""
    directory = directory.resolve()
    config = directory / "config"
    _write_files(directory, config)
    with _daemon(directory, config) as client:
        failed = [run for run in _run_all(client) if run["status"] != RunStatus.DONE]
        _say("")
        _say(f"The files are below {directory / 'outbox'}; the TOML files that made them below")
        _say(f"{config}. Change one while the daemon runs, and see it at once.")
        if not no_tui and sys.stdin.isatty() and sys.stdout.isatty():
            from profexd.tui.launch import LaunchOptions, launch

            launch(LaunchOptions(), connect(directory / "profexd.sock"))
    if failed:
        raise SystemExit(1)


def _say(line: str) -> None:
    click.echo(line)


def _write_files(directory: Path, config: Path) -> None:
    for folder in ("sources", "sinks", "pipelines"):
        (config / folder).mkdir(parents=True, exist_ok=True)
    for private in (directory / "state", directory / "spool"):
        private.mkdir(mode=0o700, exist_ok=True)
    database = directory / "warehouse.duckdb"
    if not database.exists():
        from profexd.testing.warehouse import create_warehouse

        _say(f"Making a warehouse of {_PROFILES:,} profiles and {_EVENTS:,} events …")
        create_warehouse(database, profiles=_PROFILES, events=_EVENTS)
    files = {
        "profexd.toml": _PROFEXD,
        "sources/warehouse.toml": _WAREHOUSE.format(database=database),
        "sources/events.toml": _EVENTS_SOURCE.format(database=database),
        "sinks/outbox.toml": _SINK.format(root=directory / "outbox"),
        **{f"pipelines/{name}.toml": text for name, text in _PIPELINES.items()},
    }
    for name, text in files.items():
        if not (config / name).exists():
            (config / name).write_text(text, encoding="utf-8")


@contextmanager
def _daemon(directory: Path, config: Path) -> Iterator[Client]:
    """Run the daemon beside us for the length of the block."""
    socket = directory / "profexd.sock"
    log = directory / "profexd.log"
    arguments = {
        "--config": config,
        "--state": directory / "state",
        "--spool": directory / "spool",
        "--socket": socket,
    }
    command_line = [sys.executable, "-m", "profexd"]
    for flag, value in arguments.items():
        command_line += [flag, str(value)]
    _say(f"Starting the daemon (its log: {log}) …")
    with log.open("a", encoding="utf-8") as out:
        daemon = subprocess.Popen(command_line, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            yield _when_it_answers(daemon, socket, log)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()
            _say("The daemon has stopped.")


def _when_it_answers(daemon: subprocess.Popen[bytes], socket: Path, log: Path) -> Client:
    client = connect(socket)
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            client.info()
        except ClientError:
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise click.ClickException(
                    f"the daemon did not start; the last lines of {log} say why:\n"
                    + "".join(log.read_text().splitlines(keepends=True)[-5:])
                ) from None
            time.sleep(0.05)
        else:
            return client


def _run_all(client: Client) -> list[RunJson]:
    run_ids = [_start(client, pipeline["name"]) for pipeline in client.pipelines()]
    finished = [_wait(client, run_id) for run_id in run_ids]
    for run in finished:
        _say("")
        _say(f"{run['pipeline']}: {run['status']}, {run['rows']:,} rows, {run['bytes']:,} bytes")
        for file in run["files"]:
            _say(f"  {file['uri']}")
        if run["error"]:
            _say(f"  {run['error']['message']} ({run['error']['code']})")
    return finished


def _start(client: Client, name: str) -> str:
    try:
        return client.run_now(name)["run_id"]
    except ApiError:
        # Its own schedule may have been faster: that run will do.
        running = client.pipeline(name)["running"]
        if running is None:
            raise
        return running["run_id"]


def _wait(client: Client, run_id: str) -> RunJson:
    deadline = time.monotonic() + _RUN_SECONDS
    while True:
        run = client.run(run_id)
        if RunStatus(run["status"]).finished or time.monotonic() > deadline:
            return run
        time.sleep(0.1)
