"""Parquet: written by DuckDB's own COPY; a type it would write with loss becomes text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from profexd.api import (
    Check,
    Column,
    Doc,
    Format,
    FormatOptions,
    Part,
    Parts,
    Rows,
    hookimpl,
    identifier,
)
from profexd_formats.layouts import Layouts
from profexd_formats.parquet_layout import columns
from profexd_formats.parquet_tag import Tagged
from profexd_formats.values import Rules, exact, json, text, too_long


def _optional(column: Column) -> str:
    """Hide whether there is a NULL: the writer calls a column without one required.

    The schema would then depend on the rows, and parts of one export would differ.
    """
    value = identifier(column.name)
    return f"CASE WHEN {value} IS NOT NULL THEN {value} END"


def _row_group(value: int) -> int:
    if value < 1:
        raise ValueError("must be 1 or more")
    return value


@dataclass(frozen=True, kw_only=True)
class ParquetOptions(FormatOptions):
    codec: Annotated[
        Literal["zstd", "snappy", "gzip", "none"], Doc("Compression within the file.")
    ] = "zstd"
    row_group_rows: Annotated[int, Doc("Rows in one row group."), Check(_row_group)] = 122_880
    layout: Annotated[
        Literal["flat", "clevertap"], Doc("Columns as they are, or maps, as in CleverTap's files.")
    ] = "flat"


class Parquet(Layouts):
    """Types as the source has them; a file without rows has its schema."""

    name = "parquet"
    extension = ".parquet"
    media_type = "application/vnd.apache.parquet"
    Options = ParquetOptions
    splits = True

    def write(self, rows: Rows, parts: Parts) -> None:
        options: ParquetOptions = self.options
        if options.layout == "clevertap":
            values = columns(rows, Rules(ts_format=options.ts_format), as_string=options.as_string)
        else:
            values = [(self._value(column), column.name) for column in rows.columns]
            self._report(rows)
        copying: dict[str, object] = {
            "FORMAT": "parquet",
            "COMPRESSION": "uncompressed" if options.codec == "none" else options.codec,
            "ROW_GROUP_SIZE": options.row_group_rows,
            # Who receives a file reads it whole, and looks up no value in it.
            "WRITE_BLOOM_FILTER": False,
        }
        if options.codec == "zstd":
            # As small as at the usual level, within some percent, in a sixth less time.
            copying["COMPRESSION_LEVEL"] = 1

        def write(some: Rows, part: Part) -> None:
            out = Tagged(part)
            some.project([(_optional(column), column.name) for column in some.columns]).copy(
                out, copying
            )
            out.finish()

        parts.ranges(rows.project(values), write)

    def _report(self, rows: Rows) -> None:
        """Say on the run which integers have more digits than Parquet holds."""
        if self.options.as_string:
            return
        counts = [
            (f"CAST(coalesce(sum({count}), 0) AS BIGINT)", column.name)
            for column in rows.columns
            if (count := too_long(identifier(column.name), column.type)) is not None
        ]
        if not counts:
            return
        for batch in rows.project(counts).batches():
            for (_, name), counted in zip(counts, batch.columns, strict=True):
                lost = sum(counted.to_pylist())
                if lost:
                    numbers = "1 integer" if lost == 1 else f"{lost} integers"
                    self.context.warn(
                        f"column {name}: {numbers} of more than the 38 digits that Parquet holds"
                        " became NULL"
                    )

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        rules = Rules(ts_format=self.options.ts_format)
        if self.options.as_string:
            return [
                f"to_json(CAST({text(identifier(column.name), column.type, rules)} AS VARCHAR))"
                for column in columns
            ]
        return [json(identifier(column.name), column.type, rules) for column in columns]

    def _value(self, column: Column) -> str:
        rules = Rules(ts_format=self.options.ts_format)
        value = identifier(column.name)
        if self.options.as_string:
            return f"CAST({text(value, column.type, rules)} AS VARCHAR)"
        return exact(value, column.type, rules)


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Parquet)
