"""The SQL of a run, built from its pipeline: source, where, filter, columns, order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from profexd.api.sql import identifier
from profexd.api.types import Column
from profexd.config.shape import ColumnsChoice
from profexd.export.judging.finding import Findings
from profexd.export.selection.changes import judge_changes
from profexd.export.selection.columns import outputs
from profexd.export.selection.filter import Parameters, filter_sql
from profexd.export.selection.operand import Clock
from profexd.export.selection.pin import Pin, Settled, digest, pin_of, settle
from profexd.export.selection.where import condition, refuse_unfit
from profexd.export.selection.window import events_sql
from profexd.export.source.engine import failing
from profexd.export.source.lookup import Lookup
from profexd.export.source.schema import SOURCE, Schema, describe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from profexd.config.model import Pipeline
    from profexd.config.shape import Path as KeyPath
    from profexd.export.plan import Plan
    from profexd.export.source.opening import OpenSource
    from profexd.export.stop import Stop

PARTITION = "profexd_partition_"
"""Columns of this name and a number hold what a row is partitioned by; no file has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The SELECT of a run in its pieces, so that a room may put columns behind those of the file.

    All pieces are SQL over the columns of the source, which are called by the name SOURCE.
    """

    shown: str
    """What stands after SELECT: the columns of the file."""
    rest: str
    """FROM and WHERE."""
    columns: tuple[Column, ...]
    """Those of the file."""
    hidden: tuple[tuple[str, str], ...] = ()
    """(expression, name) of columns behind them that no file has."""
    order: tuple[tuple[str, bool], ...] = ()
    """(expression, descending), NULLs last; what the rows are partitioned by comes first."""
    key: str | None = None
    """The expression of the source's key."""
    key_header: str | None = None
    """The column of the file that is the key, if one is."""
    checked: tuple[tuple[str, str], ...] = ()
    """(name, expression) of the columns that checks name."""
    pin: dict[str, Any] = field(default_factory=dict)
    """What the next run is to know of the columns, once this one is delivered."""
    added: list[str] = field(default_factory=list)
    """Headers that the last delivered file did not have."""
    removed: list[str] = field(default_factory=list)
    """Headers that the last delivered file had, and columns of the source that are blank now."""

    def statement(self) -> str:
        """Return the ordered SELECT of the file's columns and the hidden ones."""
        hidden = (f"{expression} AS {name}" for expression, name in self.hidden)
        statement = f"SELECT {', '.join((self.shown, *hidden))} {self.rest}"
        terms = (f"{term} {'DESC' if down else 'ASC'} NULLS LAST" for term, down in self.order)
        order = ", ".join(terms)
        return f"{statement}\nORDER BY {order}" if order else statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a configuration means for the columns that a source has; errors may be among it."""

    settled: Settled
    filter: str | None
    order: tuple[tuple[str, bool], ...]
    partitions: tuple[str, ...]
    key: str | None
    key_header: str | None
    checked: tuple[tuple[str, str], ...]
    findings: Findings
    gone: tuple[str, ...]
    """Columns that were delivered before and are no longer there."""


def select(
    source: OpenSource,
    pipeline: Pipeline,
    plan: Plan,
    *,
    stop: Stop,
    folder: Path,
    warn: Callable[[str], None],
    partitioned: bool = False,
) -> Selection:
    """Return the SELECT that a run reads.

    Where it is ``partitioned`` it has a hidden column PARTITION for each of ``partition_by``, and
    is ordered by them first.
    Raises ConfigurationInvalid for whatever of the configuration does not fit the source.
    """
    relation = f"FROM {source.relation}"
    with failing(pipeline.source.name, stop=stop, folder=folder):
        schema = Schema(describe(source.connection, f"SELECT * {relation}"))
    parameters = Parameters()
    pin = pin_of(plan.state)
    clock = Clock(plan.instant, pipeline.timezone)
    draft = compose(pipeline, schema, clock, parameters, plan.state)
    draft.findings.refuse(pipeline)
    if pipeline.where is not None:
        relation += f"\nWHERE {condition(source.connection, pipeline.where)}"
        refuse_unfit(source.connection, f"SELECT * {relation}", stop)
    rest = f"FROM (SELECT * {relation}\n) AS {identifier(SOURCE)}"
    if draft.filter is not None:
        rest += f"\nWHERE {draft.filter}"
    shown = ", ".join(
        f"{output.sql or f'CAST(NULL AS {blank})'} AS {identifier(output.header)}"
        for output, blank in zip(draft.settled.outputs, draft.settled.blank_types, strict=True)
    )
    with failing(pipeline.source.name, stop=stop, folder=folder):
        parameters.set(source.connection)
        typed = describe(source.connection, f"SELECT {shown} {rest}")
    columns = tuple(
        Column(column.name, column.type, output.role, output.label)
        for column, output in zip(typed, draft.settled.outputs, strict=True)
    )
    made = Pin.of(pipeline, draft.settled.outputs, columns)
    for words in (*_lost(draft.gone), *_moved(pin, made)):
        warn(words)
    partitions = draft.partitions if partitioned else ()
    return Selection(
        shown=shown,
        rest=rest,
        columns=columns,
        hidden=tuple((sql, f"{PARTITION}{place}") for place, sql in enumerate(partitions)),
        order=(*((sql, False) for sql in partitions), *draft.order),
        key=draft.key,
        key_header=draft.key_header,
        checked=draft.checked,
        pin=made.as_json(),
        added=[name for name in made.header if pin is not None and name not in pin.header],
        removed=[
            *(name for name in (pin.header if pin is not None else ()) if name not in made.header),
            *draft.gone,
        ],
    )


def compose(
    pipeline: Pipeline,
    schema: Schema,
    clock: Clock,
    parameters: Parameters,
    state: Mapping[str, Any],
) -> Draft:
    """Return what the configuration means for ``schema``, and all that is wrong with it.

    With an error among the findings, the SQL means nothing.
    """
    findings = Findings()
    pin = pin_of(state)
    if pin is not None and pin.digest != digest(pipeline):
        pin = None
    lookup = Lookup(schema, findings, delivered=pin is not None)
    choice = pipeline.columns or ColumnsChoice()
    settled = settle(outputs(pipeline, lookup), pin, lock=choice.schema == "lock")
    if not settled.outputs:
        findings.error(("columns",), "the file would have no column")
    strict = Lookup(schema, findings)
    found_key = pipeline.source.key and strict.one(
        pipeline.source.key, ("profiles", "key"), of="source"
    )
    order: dict[str, tuple[str, bool]] = {}
    for place, (name, descending) in enumerate(pipeline.order_by):
        found = strict.one(name, ("order_by", place))
        if found is not None:
            # A column named twice is ordered by its first mention.
            order.setdefault(found.sql.lower(), (found.sql, descending))
    if found_key:
        order.setdefault(found_key.sql.lower(), (found_key.sql, False))
    conditions = events_sql(pipeline, strict, clock, state, parameters.bind)
    if pipeline.filter:
        conditions.append(filter_sql(pipeline.filter, schema, clock, parameters.bind, findings))
    headers = {output.source.lower(): output.header for output in settled.outputs if output.sql}
    key_header = headers.get(found_key.name.lower()) if found_key else None
    judge_changes(pipeline, [output.header for output in settled.outputs], key_header, findings)
    return Draft(
        settled=settled,
        filter=" AND ".join(f"({condition})" for condition in conditions) or None,
        order=tuple(order.values()),
        partitions=tuple(strict.several(pipeline.partition_by, ("partition_by",))),
        key=found_key.sql if found_key else None,
        key_header=key_header,
        checked=tuple(_checked(pipeline, strict, settled).items()),
        findings=findings,
        gone=tuple(dict.fromkeys((*lookup.gone, *settled.gone))),
    )


def _checked(pipeline: Pipeline, lookup: Lookup, settled: Settled) -> dict[str, str]:
    """Return the SQL of each column that checks name: of the source, or else of the file."""
    blank = "CAST(NULL AS VARCHAR)"
    of_file = {one.source.lower(): blank for one in settled.outputs if one.sql is None}
    of_file |= {one.folded: one.sql or blank for one in settled.outputs}
    checks = pipeline.checks
    named: list[tuple[str, KeyPath]] = [
        (name, ("checks", "max_null", name)) for name, _ in checks.max_null
    ]
    named += [(name, ("checks", "unique", place)) for place, name in enumerate(checks.unique)]
    checked: dict[str, str] = {}
    for name, path in named:
        found = lookup.schema.find(name)
        sql = found.sql if found else of_file.get(name.lower())
        if sql is None:
            lookup.one(name, path)
        else:
            checked[name] = sql
    return checked


def _lost(gone: tuple[str, ...]) -> list[str]:
    return [
        f'the source no longer has the column "{name}": what the file had of it is blank'
        for name in gone
    ]


def _moved(before: Pin | None, now: Pin) -> list[str]:
    """Return the warning that [identity] or [columns] have changed the header."""
    if before is None or before.digest == now.digest or before.header == now.header:
        return []
    return [
        "[identity] or [columns] have changed, and so has the header: it was"
        f" {', '.join(before.header)}; it is {', '.join(now.header)}"
    ]
