"""Why a profile is in a pipeline's export or is not: each condition, with its value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from profexd.api.errors import ConfigurationInvalid
from profexd.api.sql import identifier
from profexd.config.shape import Condition, Conditions
from profexd.export.build import rows_of
from profexd.export.judging.finding import Findings
from profexd.export.selection.changes import baseline_files, standing
from profexd.export.selection.filter import Parameters, condition_sql, filter_sql
from profexd.export.selection.operand import Clock, shown
from profexd.export.selection.query import select
from profexd.export.selection.where import condition
from profexd.export.source.engine import failing
from profexd.export.source.opening import OpenSource, open_source
from profexd.export.source.schema import SOURCE, Schema, describe
from profexd.wire import StandingJson, WhyConditionJson, WhyJson

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.export.plan import Plan
    from profexd.export.selection.query import Selection
    from profexd.export.stop import Stop

_WHERE = "profexd_where"
_VALUES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Asked:
    """One line of the answer before it is one: what it says, and the SQL of it."""

    depth: int
    kind: str
    text: str
    holds: str
    value: str = "NULL"


def why(pipeline: Pipeline, plan: Plan, key: str, *, folder: Path, stop: Stop) -> WhyJson:
    """Return what lets the profile of ``key`` in or keeps it out; reads alone.

    ``key`` is the text of the key. Raises ConfigurationInvalid where the source has none.
    """
    limits = pipeline.settings.limits
    beside = baseline_files(pipeline, plan, folder / "none")
    with open_source(
        pipeline.source, limits=limits, folder=folder, stop=stop, beside=beside
    ) as source:
        selection = select(
            source, pipeline, plan, stop=stop, folder=folder / "spill", warn=lambda message: None
        )
        if selection.key is None:
            raise ConfigurationInvalid(
                f"the source of {pipeline.name} says no key, so no profile can be named",
                hint='add key = "COLUMN" to [profiles] of the source',
            )
        with failing(pipeline.source.name, stop=stop, folder=folder / "spill"):
            found, conditions = _conditions(source, pipeline, selection.key, plan, key)
        exported = found > 0 and all(one["holds"] for one in conditions if one["depth"] == 0)
        return WhyJson(
            pipeline=pipeline.name,
            key=key,
            column=str(pipeline.source.key),
            rows=found,
            exported=exported,
            conditions=conditions,
            changes=_changes(source, pipeline, selection, plan, key, folder=folder, stop=stop),
        )


def _conditions(
    source: OpenSource, pipeline: Pipeline, key_sql: str, plan: Plan, key: str
) -> tuple[int, list[WhyConditionJson]]:
    """Return how many rows have the key, and what each condition says of the first of them."""
    relation = f"FROM {source.relation}"
    parameters = Parameters()
    schema = Schema(describe(source.connection, f"SELECT * {relation}"))
    clock = Clock(plan.instant, pipeline.timezone)
    asked = list(_asked(pipeline, schema, clock, parameters))
    expressions = [f"{one.holds}, CAST(to_json({one.value}) AS VARCHAR)" for one in asked]
    where = "NULL"
    if pipeline.where is not None:
        where = condition(source.connection, pipeline.where)
    wanted = parameters.bind("VARCHAR", key)
    parameters.set(source.connection)
    statement = (
        f"SELECT {', '.join([*expressions, 'count(*) OVER ()'])}"  # noqa: S608 - quoted or bound
        f" FROM (SELECT *, {where} AS {_WHERE} {relation}) AS {identifier(SOURCE)}"
        f" WHERE CAST({key_sql} AS VARCHAR) = {wanted} LIMIT 1"
    )
    row = source.connection.execute(statement).fetchone()
    if row is None:
        return 0, []
    conditions = [
        WhyConditionJson(
            depth=one.depth,
            kind=one.kind,
            text=one.text,
            holds=bool(holds),
            value=None if value is None else json.loads(value, parse_constant=str),
        )
        for one, holds, value in zip(asked, row[0:-1:2], row[1:-1:2], strict=True)
    ]
    return int(row[-1]), conditions


def _asked(
    pipeline: Pipeline, schema: Schema, clock: Clock, parameters: Parameters
) -> Iterator[_Asked]:
    """Yield what stands in the way of a row: the filter from top to bottom, then ``where``."""
    if pipeline.filter is not None:
        members = pipeline.filter.members
        if pipeline.filter.match == "any" and len(members) > 1:
            yield from _of_member(pipeline.filter, 0, schema, clock, parameters)
        else:
            for member in members:
                yield from _of_member(member, 0, schema, clock, parameters)
    if pipeline.where is not None:
        holds = f"{identifier(SOURCE)}.{_WHERE}"
        yield _Asked(0, "where", pipeline.where, holds)


def _of_member(
    member: Condition | Conditions,
    depth: int,
    schema: Schema,
    clock: Clock,
    parameters: Parameters,
) -> Iterator[_Asked]:
    findings = Findings()  # What is wrong was told when the run's SELECT was made.
    if isinstance(member, Conditions):
        holds = filter_sql(member, schema, clock, parameters.bind, findings)
        words = "any of" if member.match == "any" else "all of"
        yield _Asked(depth, member.match, words, f"({holds})")
        for inner in member.members:
            yield from _of_member(inner, depth + 1, schema, clock, parameters)
        return
    found = schema.find(member.property)
    values = ", ".join(shown(value) for value in member.values[:_VALUES_SHOWN])
    if len(member.values) > _VALUES_SHOWN:
        values += f" and {len(member.values) - _VALUES_SHOWN} more"
    yield _Asked(
        depth,
        "condition",
        " ".join(word for word in (member.property, member.operator, values) if word),
        f"({condition_sql(member, schema, clock, parameters.bind, findings)})",
        found.sql if found is not None else "NULL",
    )


def _changes(
    source: OpenSource,
    pipeline: Pipeline,
    selection: Selection,
    plan: Plan,
    key: str,
    *,
    folder: Path,
    stop: Stop,
) -> StandingJson | None:
    """Return how the profile stands to what was last delivered of it, in mode ``changed``."""
    if pipeline.changes is None:
        return None
    rows = rows_of(source, pipeline, selection, folder=folder, stop=stop)
    found = standing(rows, selection, pipeline, plan, key)
    return None if found is None else StandingJson(state=found.state, since=found.since)
