"""Partitions: all rows stored once, in one order, of which each partition is a range."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from profexd.api.errors import Permanent
from profexd.api.format import FormatContext
from profexd.export.selection.query import PARTITION
from profexd.export.source.engine import failing
from profexd.export.source.schema import describe

if TYPE_CHECKING:
    from profexd.api.types import Column
    from profexd.config.catalog import Catalog
    from profexd.export.parts.rows import DuckRows
    from profexd.export.plan import Values

MOST_PARTITIONS = 10_000
"""More are taken for a mistake: a column that is nearly a key makes a file of every row."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One value, or combination of values, and its rows in the order of the run."""

    values: Values
    rows: DuckRows
    count: int


@contextmanager
def partitions(rows: DuckRows, catalog: Catalog) -> Iterator[list[Partition]]:
    """Yield the partitions of rows that were selected as partitioned; they are evaluated once."""
    with rows.stored("profexd_partitions") as (stored, _):
        shown = visible(stored)
        found: list[Partition] = []
        start = 0
        for values, count in values_of(stored, catalog):
            found.append(Partition(values, shown.range(start, count), count))
            start += count
        yield found


def visible(rows: DuckRows) -> DuckRows:
    """Return rows that were selected as partitioned without what they are partitioned by."""
    statement = rows.statement
    if not statement.startswith("FROM "):
        statement = f"FROM (\n{statement}\n)"
    hidden = ", ".join(column.name for column in _hidden(rows))
    return replace(rows, statement=f"SELECT * EXCLUDE ({hidden}) {statement}")


def values_of(rows: DuckRows, catalog: Catalog) -> list[tuple[Values, int]]:
    """Return what rows are partitioned by and how often it is there, in the order of the rows.

    A value is the text that CSV has for it.
    """
    hidden = _hidden(rows)
    names = ", ".join(column.name for column in hidden)
    order = ", ".join(f"{column.name} NULLS LAST" for column in hidden)
    csv = catalog.formats["csv"]
    cells = ", ".join(csv(csv.Options(), FormatContext()).cells(hidden))
    with failing(rows.name, stop=rows.stop, folder=rows.spill):
        found = rows.source.connection.execute(
            f"SELECT {cells}, count FROM (SELECT {names}, count(*) AS count"  # noqa: S608 - fixed
            f" FROM ({rows.statement}) GROUP BY ALL ORDER BY {order} LIMIT {MOST_PARTITIONS + 1})"
        ).fetchall()
    if len(found) > MOST_PARTITIONS:
        raise Permanent(
            f"partition_by makes more than {MOST_PARTITIONS:,} partitions",
            hint="partition by a column with fewer values",
            code="limit_exceeded",
        )
    return [
        (tuple(None if cell is None else json.loads(cell) for cell in cells), int(count))
        for *cells, count in found
    ]


def _hidden(rows: DuckRows) -> list[Column]:
    with failing(rows.name, stop=rows.stop, folder=rows.spill):
        columns = describe(rows.source.connection, rows.statement)
    return [column for column in columns if column.name.startswith(PARTITION)]
