"""What each kind of file may say: every key, its type, its default and one sentence about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from profexd.api.options import Check, Doc, Duration, Size
from profexd.config.problems import Mistake
from profexd.config.zones import zone_problem

NAME_PATTERN = "[a-z0-9][a-z0-9_-]{0,62}"


@dataclass(frozen=True, slots=True)
class Add:
    """What to write where a required key is missing."""

    text: str


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _at_least(least: float, shown: str) -> Callable[[Any], Any]:
    def check(value: float) -> float:
        if value < least:
            raise ValueError(f"must be at least {shown}")
        return value

    return check


def _zone(name: str) -> str:
    problem = zone_problem(name)
    if problem:
        raise Mistake(*problem)
    return name


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


def _written(text: str) -> Any:
    """A default as people write it, so that the schema shows it so; it is parsed like any other."""
    return Field(text)


def _table(table: Callable[[], BaseModel]) -> Any:
    return Field(default_factory=table)


NonEmpty = Annotated[str, Check(_text)]
Zone = Annotated[str, Check(_zone)]
PositiveDuration = Annotated[Duration, Check(_at_least(1, '"1s"'))]


class Table(BaseModel):
    """The base of all tables: strict, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, validate_default=True)


class LimitsTable(Table):
    concurrent_runs: Annotated[
        int,
        Doc("How many runs work at a time; the rest queue, oldest first."),
        Check(_at_least(1, "1")),
    ] = 2
    memory: Annotated[
        Size,
        Doc("DuckDB's memory limit for one run; beyond it, it spills to disk."),
        Check(_at_least(10**6, '"1MB"')),
    ] = _written("1GB")
    threads: Annotated[
        int, Doc("Threads of one run; 0 is one per core."), Check(_at_least(0, "0"))
    ] = 0


class SpoolTable(Table):
    keep: Annotated[
        Duration, Doc('How long built files are kept after delivery; "0" until delivered.')
    ] = _written("2d")
    max_size: Annotated[
        Size, Doc("How much the spool may hold."), Check(_at_least(10**6, '"1MB"'))
    ] = _written("20GB")


class HistoryTable(Table):
    keep: Annotated[PositiveDuration, Doc("How long finished runs are remembered.")] = _written(
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
    admin: Annotated[list[NonEmpty], Doc('Users and "@groups" that may also reload.')] = Field(
        default_factory=list
    )
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
    ] = _written("60s")
    limits: Annotated[LimitsTable, Doc("What runs may use.")] = _table(LimitsTable)
    spool: Annotated[SpoolTable, Doc("The folder where files are built.")] = _table(SpoolTable)
    history: Annotated[HistoryTable, Doc("What is remembered of runs.")] = _table(HistoryTable)
    log: Annotated[LogTable, Doc("The daemon's log.")] = _table(LogTable)
    metrics: Annotated[MetricsTable, Doc("Metrics for Prometheus.")] = _table(MetricsTable)
    access: Annotated[
        AccessTable,
        Doc("Who may do what over the socket; root and the daemon's user are admin."),
    ] = _table(AccessTable)
    defaults: Annotated[
        dict[str, Any],
        Doc("Pipeline keys for every pipeline; tables merge key by key, lists are replaced."),
    ] = Field(default_factory=dict)


class ProfilesTable(Table):
    key: Annotated[
        NonEmpty | None, Doc("The column with one value per row: makes every order total.")
    ] = None


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
    ] = _written("30s")
    profiles: Annotated[ProfilesTable, Doc("What the columns of a profile mean.")] = _table(
        ProfilesTable
    )


class RetryTable(Table):
    attempts: Annotated[
        int,
        Doc("How often to try in all; only errors that can pass are tried again."),
        Check(_at_least(1, "1")),
    ] = 5
    backoff: Annotated[Duration, Doc("The pause before the second try; it doubles each time.")] = (
        _written("10s")
    )
    max_backoff: Annotated[Duration, Doc("The longest pause between two tries.")] = _written("10m")


class SplitTable(Table):
    max_size: Annotated[
        Annotated[Size, Check(_at_least(1000, '"1KB"'))] | None,
        Doc("Begin a new file before one is larger, as delivered: after compression."),
    ] = None
    max_rows: Annotated[
        Annotated[int, Check(_at_least(1, "1"))] | None,
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
        _written("0s")
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
    mode: Annotated[Literal["full"], Doc("Which rows: all of them.")] = "full"
    where: Annotated[NonEmpty | None, Doc("A DuckDB expression; only rows it is true for.")] = None
    compression: Annotated[str, Doc("How the file is compressed.")] = "none"
    on_existing: Annotated[
        Literal["overwrite", "fail", "suffix"],
        Doc(
            "When the file is already there: replace it, fail, or always add a suffix to the name."
        ),
    ] = "overwrite"
    timeout: Annotated[PositiveDuration, Doc("The longest a run may take.")] = _written("2h")
    format: Annotated[
        Any,
        Doc("The file's format: its type and that type's options."),
        Add('[format] with type = "csv"'),
    ]
    split: Annotated[SplitTable, Doc("Several files instead of one large one.")] = _table(
        SplitTable
    )
    retry: Annotated[RetryTable, Doc("What happens after an error that can pass.")] = _table(
        RetryTable
    )
