"""What each kind of file may say: every key, its type, its default and one sentence about it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from profexd.api.options import Check, Doc, Duration, Size
from profexd.config.readers.checks import ChecksTable
from profexd.config.readers.manifest import ManifestTable, SigningTable
from profexd.config.readers.selection import (
    ChangesTable,
    ColumnsTable,
    EventRolesTable,
    EventsTable,
    FilterTable,
    IdentityTable,
    ProfilesTable,
)
from profexd.config.readers.tables import (
    Add,
    NonEmpty,
    PositiveDuration,
    Table,
    Zone,
    at_least,
    fresh,
    written,
)
from profexd.config.text.problems import Mistake

DEFAULT_TIMEOUT = "2h"
NAME_PATTERN = "[a-z0-9][a-z0-9_-]{0,62}"


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if value and not (colon and host and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError('must be an address and a port, as "127.0.0.1:9187", or ""')
    return value


def _absolute(value: str) -> str:
    if not value.startswith("/"):
        raise Mistake(
            f'"{value}" is not an absolute path',
            'write it from the root, as "/srv/warehouse.duckdb"',
        )
    return value


class LimitsTable(Table):
    concurrent_runs: Annotated[
        int,
        Doc("How many runs work at a time; the rest queue, oldest first."),
        Check(at_least(1, "1")),
    ] = 2
    memory: Annotated[
        Size,
        Doc("DuckDB's memory limit for one run; beyond it, it spills to disk."),
        Check(at_least(10**6, '"1MB"')),
    ] = written("1GB")
    threads: Annotated[
        int, Doc("Threads of one run; 0 is one per core."), Check(at_least(0, "0"))
    ] = 0


class SpoolTable(Table):
    keep: Annotated[
        Duration, Doc('How long built files are kept after delivery; "0" until delivered.')
    ] = written("2d")
    max_size: Annotated[
        Size, Doc("How much the spool may hold."), Check(at_least(10**6, '"1MB"'))
    ] = written("20GB")


class HistoryTable(Table):
    keep: Annotated[PositiveDuration, Doc("How long finished runs are remembered.")] = written(
        "90d"
    )


class LogTable(Table):
    format: Annotated[
        Literal["auto", "text", "logfmt", "json"],
        Doc("How the daemon's log is written; auto: by where it goes."),
    ] = "auto"
    level: Annotated[
        Literal["debug", "info", "warning", "error"], Doc("The least serious line to log.")
    ] = "info"


class MetricsTable(Table):
    listen: Annotated[
        str,
        Doc(
            'Serve Prometheus metrics over TCP too, as "127.0.0.1:9187"; empty: on the socket only.'
        ),
        Check(_address),
    ] = ""


class AccessTable(Table):
    admin: Annotated[
        list[NonEmpty],
        Doc('Users and "@groups" that may also approve, reject, resend and reload.'),
    ] = Field(default_factory=list)
    operator: Annotated[
        list[NonEmpty],
        Doc('Users and "@groups" that may also run, stop, pause, resume, preview and read logs.'),
    ] = Field(default_factory=lambda: ["@profexd"])
    viewer: Annotated[list[NonEmpty], Doc('Users and "@groups" that may only look.')] = Field(
        default_factory=list
    )


class SettingsFile(Table):
    account_id: Annotated[NonEmpty, Doc("Becomes ${account_id} in paths.")] = "default"
    instance_id: Annotated[NonEmpty, Doc("Becomes ${instance_id} in paths.")] = "0"
    timezone: Annotated[Zone, Doc("The zone of schedules and of dates in paths.")] = "UTC"
    shutdown_grace: Annotated[
        Duration, Doc("How long running runs may take to finish once the daemon is told to end.")
    ] = written("60s")
    limits: Annotated[LimitsTable, Doc("What runs may use.")] = fresh(LimitsTable)
    spool: Annotated[SpoolTable, Doc("The folder where files are built.")] = fresh(SpoolTable)
    history: Annotated[HistoryTable, Doc("What is remembered of runs.")] = fresh(HistoryTable)
    log: Annotated[LogTable, Doc("The daemon's log.")] = fresh(LogTable)
    metrics: Annotated[MetricsTable, Doc("Metrics for Prometheus.")] = fresh(MetricsTable)
    access: Annotated[
        AccessTable,
        Doc("Who may do what over the socket; root and the daemon's user are admin."),
    ] = fresh(AccessTable)
    signing: Annotated[SigningTable, Doc("What signs the manifests of runs.")] = fresh(SigningTable)
    defaults: Annotated[
        dict[str, Any],
        Doc("Pipeline keys for every pipeline; tables merge key by key, lists are replaced."),
    ] = Field(default_factory=dict)


class SourceFile(Table):
    type: Annotated[Literal["duckdb"], Doc("What the rows come from.")] = "duckdb"
    database: Annotated[
        Annotated[NonEmpty, Check(_absolute)] | None,
        Doc("The database file, opened read-only while rows are read; absent: in memory."),
    ] = None
    table: Annotated[NonEmpty | None, Doc("The table or view to export.")] = None
    query: Annotated[NonEmpty | None, Doc("The query to export, instead of a table.")] = None
    kind: Annotated[Literal["profiles", "events"], Doc("What a row is.")] = "profiles"
    lock_wait: Annotated[
        Duration, Doc("How long to wait while another process holds the write lock.")
    ] = written("30s")
    profiles: Annotated[
        ProfilesTable, Doc("What the columns of a profile mean; the rest are custom properties.")
    ] = fresh(ProfilesTable)
    events: Annotated[
        EventRolesTable | None, Doc('What the columns of an event mean, for kind = "events".')
    ] = None


class RetryTable(Table):
    attempts: Annotated[
        int,
        Doc("How often to try in all; only errors that can pass are tried again."),
        Check(at_least(1, "1")),
    ] = 5
    backoff: Annotated[Duration, Doc("The pause before the second try; it doubles each time.")] = (
        written("10s")
    )
    max_backoff: Annotated[Duration, Doc("The longest pause between two tries.")] = written("10m")


class SplitTable(Table):
    max_size: Annotated[
        Annotated[Size, Check(at_least(1000, '"1KB"'))] | None,
        Doc("Begin a new file before one is larger, as delivered: after compression."),
    ] = None
    max_rows: Annotated[
        Annotated[int, Check(at_least(1, "1"))] | None,
        Doc("Begin a new file after so many rows."),
    ] = None


class ScheduleTable(Table):
    when: Annotated[
        NonEmpty,
        Doc('"manual", "once", "once at …", "every 6h", "hourly", "daily at 03:00", or cron.'),
        Add('when = "daily at 03:00"'),
    ]
    timezone: Annotated[Zone | None, Doc("The zone of this schedule and of dates in the path.")] = (
        None
    )
    start: Annotated[
        Any,
        Doc("No run before this date or time, which is included."),
    ] = None
    end: Annotated[
        Any,
        Doc("No run from this date or time on."),
    ] = None
    jitter: Annotated[Duration, Doc("Run up to so much later, always by the same amount.")] = (
        written("0s")
    )
    catch_up: Annotated[
        Literal["latest", "all", "none"],
        Doc("After downtime: one run for all that were missed, all of them, or none."),
    ] = "latest"
    overlap: Annotated[
        Literal["skip", "queue"], Doc("When the last run is still going: skip, or wait for it.")
    ] = "skip"


class PipelineFile(Table):
    description: Annotated[str, Doc("What it is for, in a sentence.")] = ""
    enabled: Annotated[bool, Doc("Whether it runs at all.")] = True
    source: Annotated[
        Any,
        Doc("Where rows come from: the name of a file in sources/, or the table itself."),
        Add('source = "NAME", or a [source] table'),
    ]
    sink: Annotated[
        Any,
        Doc("Where files go: the name of a file in sinks/, or the table itself."),
    ] = None
    sinks: Annotated[
        Any,
        Doc("Several sinks, instead of one: names or tables."),
    ] = None
    path: Annotated[
        str | None,
        Doc("The file's path below the sink's root, with placeholders; used as written."),
    ] = None
    folder: Annotated[
        str | None,
        Doc('"root", "type", "date", "export-id", or a folder with placeholders; instead of path.'),
    ] = None
    filename: Annotated[
        NonEmpty | None,
        Doc('"default", or a name with placeholders; the extension is added. Instead of path.'),
    ] = None
    schedule: Annotated[
        Any,
        Doc("When it runs: text, or a table with more to say."),
    ] = "manual"
    timezone: Annotated[Zone | None, Doc("The zone of the schedule and of dates in the path.")] = (
        None
    )
    order_by: Annotated[
        Any,
        Doc('Columns to sort by, "-" in front for descending; NULLs last, the key breaks ties.'),
    ] = Field(default_factory=list)
    mode: Annotated[
        Literal["full", "changed"],
        Doc("All rows, or those that are new or changed since the last delivered run."),
    ] = "full"
    where: Annotated[NonEmpty | None, Doc("A DuckDB expression; only rows it is true for.")] = None
    filter: Annotated[FilterTable | None, Doc("Only rows that meet these conditions.")] = None
    identity: Annotated[IdentityTable | None, Doc("Which identifiers stand in the file.")] = None
    columns: Annotated[ColumnsTable | None, Doc("Which other columns stand in the file.")] = None
    changes: Annotated[ChangesTable | None, Doc('What is said of changes, in mode "changed".')] = (
        None
    )
    events: Annotated[EventsTable | None, Doc("Which events, for a source of events.")] = None
    partition_by: Annotated[
        Any, Doc("A file for each value of these columns; by default for each event.")
    ] = None
    compression: Annotated[str, Doc("How the file is compressed.")] = "none"
    on_existing: Annotated[
        Literal["overwrite", "fail", "suffix"] | None,
        Doc(
            "When the file is already there: replace it (the default), fail, or always add a suffix"
            ' to the name (the default in mode "changed" and with a window).'
        ),
    ] = None
    timeout: Annotated[PositiveDuration, Doc("The longest a run may take.")] = written(
        DEFAULT_TIMEOUT
    )
    format: Annotated[
        Any,
        Doc("The file's format: its type and that type's options."),
        Add('[format] with type = "csv"'),
    ]
    split: Annotated[SplitTable, Doc("Several files instead of one large one.")] = fresh(SplitTable)
    checks: Annotated[
        ChecksTable, Doc("What must hold of the built files before any of them is published.")
    ] = fresh(ChecksTable)
    retry: Annotated[RetryTable, Doc("What happens after an error that can pass.")] = fresh(
        RetryTable
    )
    manifest: Annotated[
        ManifestTable | None, Doc("A manifest of the files of a run, written after them.")
    ] = None
    notify: Annotated[list[dict[str, Any]], Doc("Who is told of what, each in a [[notify]].")] = (
        Field(default_factory=list)
    )
