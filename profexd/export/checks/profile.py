"""The profile of what a run built: what the checks compare with that of the last delivered run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from profexd.config.text.values import digest
from profexd.export.source.engine import failing

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.parts.rows import DuckRows
    from profexd.export.parts.writing import BuiltPart
    from profexd.export.selection.query import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was counted of one column that a check names."""

    nulls: int
    distinct: int | None = None
    """How many values it has, where it is to be unique."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One run in numbers: the state keeps it, so that the next one can be compared with it."""

    run: str
    rows: int
    """Of the whole selection, also where the files hold only what has changed."""
    header: tuple[str, ...]
    columns: Mapping[str, Measured] = field(default_factory=dict)
    """The columns that checks name."""
    bytes: str = ""
    """Marks the bytes of all files in their order, and where they go."""
    counted: int | None = None
    """How many rows there were when the columns were measured, which is another reading."""

    def as_json(self) -> dict[str, Any]:
        """Return it as the state has it."""
        return asdict(self)

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Profile | None:
        """Return the profile that the last delivered run left, if it left one."""
        value = state.get("profile")
        if value is None:
            return None
        columns = {name: Measured(**one) for name, one in value["columns"].items()}
        return cls(**{**value, "header": tuple(value["header"]), "columns": columns})


def measure(
    rows: DuckRows, selection: Selection, pipeline: Pipeline
) -> tuple[dict[str, Measured], int | None]:
    """Count in the whole selection what the checks ask of columns; return how many rows it had."""
    named = selection.checked
    if not named:
        return {}, None
    unique = {name.casefold() for name in pipeline.checks.unique}
    counts = ["count(*)"]
    for name, sql in named:
        counts.append(f"count({sql})")
        counts.append(f"count(DISTINCT {sql})" if name.casefold() in unique else "NULL")
    rows.stop.check()
    with failing(rows.name, stop=rows.stop, folder=rows.spill):
        [(total, *found)] = rows.source.connection.execute(
            f"SELECT {', '.join(counts)} {selection.rest}"
        ).fetchall()
    values = zip(found[::2], found[1::2], strict=True)
    return {
        name: Measured(nulls=total - present, distinct=distinct)
        for (name, _), (present, distinct) in zip(named, values, strict=True)
    }, total


def bytes_mark(
    pipeline: Pipeline,
    parts: Sequence[BuiltPart],
    partitions: Sequence[Sequence[str | None]],
    catalog: Catalog,
) -> str:
    """Return what is another where a byte of a file is, or where the files go somewhere else.

    Names are not in it: with a date in them each run has others. What the files are partitioned
    by is.
    """
    places = [
        [choice.name, choice.type, catalog.sinks[choice.type].uri(choice.options, "x")]
        for choice in pipeline.sinks
    ]
    return digest(
        {
            "parts": [[part.file.sha256, part.file.media_type] for part in parts],
            "partitions": [list(values) for values in partitions],
            "path": pipeline.path.text,
            "sinks": places,
        }
    )
