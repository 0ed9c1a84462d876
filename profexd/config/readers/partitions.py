"""Reads ``partition_by``, and judges path and ``on_existing`` by what a run makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from profexd.config.model import Source
from profexd.config.readers.documents import PipelineFile
from profexd.config.readers.reading import must_be
from profexd.config.readers.roles import report_twice
from profexd.config.template import PathValues, Piece, Template, sample_values
from profexd.config.text.problems import Path, Scope, listed

_EXAMPLE = 'as partition_by = ["country"]'
_LATER = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=31),
    timedelta(days=366),
)
"""Runs that must not share a name: each is so much after the first."""
OnExisting = Literal["overwrite", "fail", "suffix"]


@dataclass(frozen=True, slots=True)
class Partitions:
    """The columns of ``partition_by``, and which placeholders get values from them."""

    columns: tuple[str, ...]
    event: str | None = None
    """The column that ``${event}`` stands for, where there is one."""

    def give(self, piece: Piece) -> bool:
        """Whether a placeholder has a value."""
        if piece.name == "event":
            return self.event is not None and self.has(self.event)
        return self.has(piece.argument)

    def has(self, column: str) -> bool:
        """Whether there is a file for each value of a column."""
        return column.casefold() in {one.casefold() for one in self.columns}


def read_partitions(
    written: Any, source: Source | None, template: Template, scope: Scope
) -> Partitions:
    """Return what ``partition_by`` says; for events it is their name where the path tells it."""
    event = source.events.name if source and source.kind == "events" else None
    if written is None:
        by_event = event is not None and "event" in template.placeholders
        return Partitions((event,) if by_event and event else (), event)
    items = [written] if isinstance(written, str) else written
    if not isinstance(items, list):
        message, _ = must_be("must be text or a list", items)
        scope.add(("partition_by",), message, _EXAMPLE)
        return Partitions((), event)
    columns: list[str] = []
    for index, item in enumerate(items):
        path: Path = ("partition_by", index) if isinstance(written, list) else ("partition_by",)
        if not isinstance(item, str):
            scope.add(path, *must_be("must be text", item))
        elif not item.strip():
            scope.add(path, "names no column", _EXAMPLE)
        else:
            columns.append(item)
    report_twice(items, scope, ("partition_by",))
    return Partitions(tuple(columns), event)


def check_placeholders(
    partitions: Partitions,
    template: Template,
    file: PipelineFile,
    source: Source | None,
    scope: Scope,
) -> None:
    """Report placeholders that nothing gives a value."""
    pieces = [piece for piece in template.pieces if piece.name in ("event", "column")]
    for piece in dict.fromkeys(pieces):
        if partitions.give(piece) or (source is None and piece.name == "event"):
            continue
        message, hint = _without_value(piece, partitions, source)
        scope.add((_key_of(piece, file),), message, hint)


def check_columns(
    partitions: Partitions, template: Template, file: PipelineFile, scope: Scope
) -> None:
    """Report columns of ``partition_by`` that the path does not tell."""
    for index, column in enumerate(partitions.columns):
        if any(_tells(piece, column, partitions) for piece in template.pieces):
            continue
        path: Path = ("partition_by",)
        if isinstance(file.partition_by, list):
            path = ("partition_by", index)
        wanted = "${event}" if column == partitions.event else f"${{column:{column}}}"
        scope.add(
            path,
            f'the path does not tell "{column}", so all its files would have one name',
            f"put {wanted} into the {'path' if file.path is not None else 'filename'}",
        )


def on_existing(
    file: PipelineFile, template: Template | None, scope: Scope, *, deltas: bool
) -> OnExisting:
    """Return what happens to a file that is there.

    ``deltas`` says that no run repeats what an earlier one delivered: its file must never be
    replaced by the next one's.
    """
    if file.on_existing is None:
        return "suffix" if deltas else "overwrite"
    if deltas and file.on_existing == "overwrite" and template and not _differs(template):
        why = 'mode = "changed"' if file.mode == "changed" else 'window = "last"'
        scope.add(
            ("on_existing",),
            f'"overwrite" would destroy what earlier runs delivered: with {why} each run holds only'
            " what is new, and the path is the same in every run",
            'put ${run_id} into the path, or write on_existing = "suffix"',
        )
    return file.on_existing


def _differs(template: Template) -> bool:
    """Whether every run has a name of its own."""
    first = replace(
        sample_values(pipeline="p", timezone="UTC", account_id="a", instance_id="i"),
        event="x",
        columns=dict.fromkeys(template.columns, "x"),
    )
    return all(template.expand(later) != template.expand(first) for later in _later(first))


def _later(first: PathValues) -> Iterator[PathValues]:
    for number, after in enumerate(_LATER):
        yield replace(first, instant=first.instant + after, run_id=f"{first.run_id}-{number}")


def _tells(piece: Piece, column: str, partitions: Partitions) -> bool:
    if piece.name == "event":
        return partitions.event is not None and partitions.event.casefold() == column.casefold()
    return piece.name == "column" and piece.argument.casefold() == column.casefold()


def _without_value(piece: Piece, partitions: Partitions, source: Source | None) -> tuple[str, str]:
    needs = f'placeholder "{piece.written}" needs '
    if piece.name == "column" and not partitions.columns:
        return (
            f"{needs}partitions, and there is no partition_by",
            f'add partition_by = ["{piece.argument}"], or take it out of the path',
        )
    if piece.name == "column":
        return (
            f"{needs}its column in partition_by, which has"
            f" {listed(partitions.columns, joint='and')}",
            f'add "{piece.argument}" to partition_by, or take it out of the path',
        )
    if source is not None and source.kind != "events":
        return f"{needs}a source of events", "write a path without it"
    if source is not None and source.events.name is None:
        where = "[source.events]" if source.name.startswith("(") else "[events]"
        of = "" if source.name.startswith("(") else f" of sources/{source.name}.toml"
        return (
            f"{needs}the name of each event, and the source does not say which column it is",
            f'add name = "COLUMN" to {where}{of}',
        )
    column = source.events.name if source else "…"
    return (
        f"{needs}partitions by event, and partition_by has none",
        f'add "{column}" to partition_by, or remove partition_by',
    )


def _key_of(piece: Piece, file: PipelineFile) -> str:
    """Return the key whose text holds a placeholder; that of a default stands nowhere."""
    texts = {"path": file.path, "filename": file.filename, "folder": file.folder}
    for key, text in texts.items():
        if text is not None and piece.written in text:
            return key
    return next((key for key, text in texts.items() if text is not None), "path")
