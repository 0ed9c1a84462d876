"""The key of a source: one row per key, or the run fails before it writes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from profexd.api.errors import SourceInvalid
from profexd.export.source.engine import failing

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.export.parts.rows import DuckRows
    from profexd.export.selection.query import Selection


def refuse_ambiguous(rows: DuckRows, selection: Selection, pipeline: Pipeline) -> None:
    """Raise SourceInvalid where a selected row's key is NULL, or is another's too.

    Without it the order would not be total, and equal rows could give different bytes. Of events
    a ``[profiles] key`` says whose they are, so there it may be in many rows.
    """
    if selection.key is None or pipeline.source.kind == "events":
        return
    rows.stop.check()
    with failing(rows.name, stop=rows.stop, folder=rows.spill):
        found = rows.source.connection.execute(
            f"SELECT CAST({selection.key} AS VARCHAR), count(*) {selection.rest}"
            f" GROUP BY {selection.key} HAVING count(*) > 1 OR {selection.key} IS NULL LIMIT 1"
        ).fetchall()
    if found:
        [(key, count)] = found
        raise_ambiguous(pipeline, key, count)


def raise_ambiguous(pipeline: Pipeline, key: str | None, count: int) -> NoReturn:
    """Raise the error that ``key`` is NULL, or in ``count`` rows."""
    column = pipeline.source.key
    said = (
        f"the key is NULL in {count} row{'s' if count > 1 else ''}"
        if key is None
        else f'"{key}" is the key of {count} rows'
    )
    raise SourceInvalid(
        f'source {pipeline.source.name}: profiles.key: {said}: the column is "{column}"',
        hint="a key has one row per value: name another column, or leave such rows out by the"
        " filter or the source's query",
    )
