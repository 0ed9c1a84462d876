"""Preview: the first rows as a pipeline would write them; nothing is moved or remembered."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from profexd.api.errors import Permanent
from profexd.api.format import (
    Encode,
    Format,
    FormatContext,
    Part,
    Result,
    Rows,
    TextBlock,
)
from profexd.export.build import rows_of
from profexd.export.parts.partition import values_of, visible
from profexd.export.selection.changes import baseline_files, changed_rows
from profexd.export.selection.query import select
from profexd.export.source.engine import failing
from profexd.export.source.opening import open_source
from profexd.wire import PreviewJson

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.parts.rows import DuckRows
    from profexd.export.plan import Plan
    from profexd.export.stop import Stop

_CELL_WIDTH = 40


def preview(
    pipeline: Pipeline,
    plan: Plan,
    *,
    catalog: Catalog,
    folder: Path,
    limit: int,
    stop: Stop,
) -> PreviewJson:
    """Read, and return the first ``limit`` rows, how many match, and the names of the files."""
    format_ = catalog.formats[pipeline.format.type](pipeline.format.options, FormatContext())
    limits = pipeline.settings.limits
    baseline = folder / "baseline.parquet"
    with open_source(
        pipeline.source,
        limits=limits,
        folder=folder,
        stop=stop,
        beside=baseline_files(pipeline, plan, baseline),
    ) as source:
        selection = select(
            source,
            pipeline,
            plan,
            stop=stop,
            folder=folder / "spill",
            warn=lambda message: None,
            partitioned=plan.partitioned,
        )
        rows = rows_of(source, pipeline, selection, folder=folder, stop=stop)
        removed = None
        if pipeline.changes is not None:
            changes = changed_rows(
                rows, selection, pipeline, plan, new=baseline, warn=lambda message: None
            )
            rows, removed = changes.rows, changes.removed
        matching, paths = _files(rows, plan, catalog)
        if removed is not None:
            paths += _files(removed, plan.of_removed(), catalog)[1]
        if plan.partitioned:
            rows = visible(rows)
        first = replace(rows, statement=f"{rows.statement}\nLIMIT {int(limit)}")
        values = _values(first, format_)
        headers = format_.headers(rows.columns)
        text = _text(first, format_, headers, values)
    return PreviewJson(
        pipeline=pipeline.name,
        files=[
            {
                "path": path,
                "uri": catalog.sinks[choice.type].uri(choice.options, path),
                "sink": choice.name,
            }
            for path in paths
            for choice in pipeline.sinks
        ],
        columns=[
            {"name": header, "type": column.type.text}
            for header, column in zip(headers, rows.columns, strict=True)
        ],
        added=selection.added,
        removed=selection.removed,
        rows_matching=matching,
        rows=values,
        text=text,
    )


def _files(rows: DuckRows, plan: Plan, catalog: Catalog) -> tuple[int, list[str]]:
    """Return how many rows there are, and the first file of each series that they make."""
    if plan.partitioned:
        found = values_of(rows, catalog)
        return sum(count for _, count in found), plan.firsts(values for values, _ in found)
    return _count(rows), [plan.file(1)[0]]


def _count(rows: DuckRows) -> int:
    rows.stop.check()
    with failing(rows.name, stop=rows.stop, folder=rows.spill):
        [(count,)] = rows.source.connection.execute(
            f"SELECT count(*) FROM (\n{rows.statement}\n)"  # noqa: S608 - all quoted
        ).fetchall()
    return int(count)


def _values(rows: DuckRows, format_: Format) -> list[list[Any]]:
    cells = ", ', ', ".join(f"coalesce({cell}, 'null')" for cell in format_.cells(rows.columns))
    text = b"".join(block.data for block in rows.text(f"concat('[', {cells}, '],')"))
    values: list[list[Any]] = json.loads(b"[" + text[:-1] + b"]", parse_constant=str)
    return values


def _text(rows: DuckRows, format_: Format, headers: Sequence[str], values: list[list[Any]]) -> str:
    kind, _, charset = format_.media_type.partition("; charset=")
    if not (charset or kind.startswith("text/") or kind.endswith("json")):
        return _table(headers, values)
    parts = _MemoryParts()
    format_.write(rows, parts)
    return b"".join(parts.data).decode(charset or "utf-8")


def _table(headers: Sequence[str], values: list[list[Any]]) -> str:
    """Return a table for people, where the format's own bytes are not text."""
    lines = [
        list(headers),
        *([_cell(value) for value in row] for row in values),
    ]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headers))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.splitlines())
    return text if len(text) <= _CELL_WIDTH else text[: _CELL_WIDTH - 1] + "…"


@dataclass(slots=True)
class _MemoryParts:
    """Parts that hold their bytes: a preview's are few."""

    data: list[bytes] = field(default_factory=list)
    opened: bool = False
    several: bool = False

    def open(self) -> _MemoryParts:
        if self.opened:
            raise Permanent("the format opened a second file", code="plugin_failed")
        self.opened = True
        return self

    def write(self, data: bytes | memoryview) -> int:
        self.data.append(bytes(data))
        return len(data)

    def count(self, rows: int) -> None: ...

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        return block.rows

    def ranges(self, rows: Rows, write: Callable[[Rows, Part], Result]) -> list[Result]:
        with self.open() as part:
            return [write(rows, part)]

    def __enter__(self) -> _MemoryParts:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
