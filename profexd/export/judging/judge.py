"""Judges a configuration by the real columns of its source; says everything at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from profexd.api.errors import ConfigurationInvalid
from profexd.export.judging.finding import Finding
from profexd.export.selection.filter import Parameters
from profexd.export.selection.operand import Clock
from profexd.export.selection.query import compose
from profexd.export.selection.where import condition, refuse_unfit
from profexd.export.source.lookup import Lookup
from profexd.export.source.schema import Schema

if TYPE_CHECKING:
    from profexd.api.types import Column
    from profexd.config.model import Pipeline
    from profexd.config.shape import Group
    from profexd.export.source.opening import OpenSource
    from profexd.export.stop import Stop

_SOME_INSTANT = datetime(2026, 1, 1, tzinfo=UTC)
"""Whether a value can be read does not depend on when."""


def judge(
    pipeline: Pipeline, columns: Sequence[Column], *, state: Mapping[str, Any] | None = None
) -> list[Finding]:
    """Return what is wrong between ``pipeline`` and the ``columns`` of its source.

    ``state`` is what the last delivered run left: columns that it had may have gone since.
    """
    schema = Schema(tuple(columns))
    clock = Clock(_SOME_INSTANT, pipeline.timezone)
    draft = compose(pipeline, schema, clock, Parameters(), state or {})
    findings = draft.findings
    for name in draft.gone:
        findings.warning((), f'the source no longer has the column "{name}"', "it stays blank")
    if not draft.gone:
        _judge_roles(pipeline, Lookup(schema, findings))
    return list(dict.fromkeys(findings.found))


def judge_opened(
    pipeline: Pipeline, source: OpenSource, statement: str, stop: Stop
) -> list[Finding]:
    """Judge what the open source alone knows: ``where``, and columns that its query has twice.

    ``statement`` selects every row.
    """
    twice = [
        Finding(
            path=("query",),
            message=f'several columns are called "{name}": only the last of them is exported',
            hint="give each its own name with AS",
            severity="warning",
            of="source",
        )
        for name in source.twice
    ]
    return [*twice, *_unfit_where(pipeline, source, statement, stop)]


def _unfit_where(
    pipeline: Pipeline, source: OpenSource, statement: str, stop: Stop
) -> list[Finding]:
    if pipeline.where is None:
        return []
    try:
        where = condition(source.connection, pipeline.where)
        refuse_unfit(source.connection, f"{statement}\nWHERE {where}", stop)
    except ConfigurationInvalid as why:
        message = why.message.removeprefix("where: ")
        return [Finding(path=("where",), message=message, hint=why.hint)]
    return []


def _judge_roles(pipeline: Pipeline, lookup: Lookup) -> None:
    """Look for every column that the source's roles name, whether this pipeline uses it or not."""
    source = pipeline.source
    if source.kind == "events":
        for role in ("name", "time"):
            column = getattr(source.events, role)
            if column is not None:
                lookup.one(column, ("events", role), of="source")
        for role in ("profile", "device", "properties"):
            _judge_group(getattr(source.events, role), ("events", role), lookup)
    roles = source.profiles
    lookup.several(roles.identities, ("profiles", "identities"), of="source")
    for role in ("id", "ids"):
        column = getattr(roles, role)
        if column is not None:
            lookup.one(column, ("profiles", role), of="source")
    _judge_group(roles.device, ("profiles", "device"), lookup)
    for one in roles.preferences:
        lookup.one(one.column, ("profiles", "preferences", one.name), of="source")
    lookup.several(roles.system, ("profiles", "system"), of="source")


def _judge_group(group: Group | None, path: tuple[str, str], lookup: Lookup) -> None:
    if group is None:
        return
    if group.column is not None:
        lookup.one(group.column, path, of="source")
    for place, member in enumerate(group.members):
        step = place if member.name == member.column else member.name
        lookup.one(member.column, (*path, step), of="source")
