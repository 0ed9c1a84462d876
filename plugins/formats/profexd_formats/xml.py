"""XML: each record is one SQL text expression, moved as whole buffers."""

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
    Parts,
    Rows,
    hookimpl,
    identifier,
    series,
)
from profexd_formats.layouts import Layouts
from profexd_formats.values import Rules, text
from profexd_formats.xml_record import Element, Entry, Node, clevertap, flat, leaves, written
from profexd_formats.xml_text import Cleaner, escaped_name, is_name

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def _element(value: str) -> str:
    if not is_name(value):
        raise ValueError(
            "must be a name that an XML element may have, without a colon, as in Profile"
        )
    return value


def _element_or_nothing(value: str) -> str:
    return _element(value) if value else value


@dataclass(frozen=True, kw_only=True)
class XmlOptions(FormatOptions):
    root: Annotated[str, Doc("The element around all rows."), Check(_element)] = "root"
    row: Annotated[
        str,
        Doc("The element of one row; empty: Profile, or Event for events."),
        Check(_element_or_nothing),
    ] = ""
    indent: Annotated[bool, Doc("Indent with tabs, for people.")] = False
    layout: Annotated[
        Literal["clevertap", "flat"],
        Doc("Lists of entries with a key and a value, or one element per column."),
    ] = "clevertap"


class Xml(Layouts):
    """XML 1.0 in UTF-8; what it cannot carry becomes ?, and is counted."""

    name = "xml"
    extension = ".xml"
    media_type = "application/xml; charset=UTF-8"
    Options = XmlOptions
    splits = True

    def write(self, rows: Rows, parts: Parts) -> None:
        options: XmlOptions = self.options
        nodes = self._nodes(rows)
        cleaner = self._cleaner(nodes)
        row = options.row or ("Event" if rows.kind == "events" else "Profile")
        made = written(row, nodes, Rules(ts_format=options.ts_format), indent=options.indent)
        line = "\n" if options.indent else ""
        blocks = rows.project(made.texts).project(made.escaped).text(*made.row)
        for part, texts in series(parts, blocks):
            with part:
                part.write(f"{_DECLARATION}{line}<{options.root}>{line}".encode())
                for block in texts:
                    part.write(cleaner.clean(block.data))
                    part.count(block.rows)
                part.write(f"</{options.root}>\n".encode())
        self._report(nodes, cleaner)

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        rules = Rules(ts_format=self.options.ts_format)
        return [
            f"to_json(CAST({text(identifier(column.name), column.type, rules)} AS VARCHAR))"
            for column in columns
        ]

    def _nodes(self, rows: Rows) -> tuple[Node, ...]:
        if self.options.layout == "flat":
            return flat(rows.columns)
        return clevertap(rows.columns, rows.kind)

    def _cleaner(self, nodes: tuple[Node, ...]) -> Cleaner:
        if self.options.layout == "flat":
            return Cleaner("<", "[^/>]+")
        elements = [leaf.name for leaf in leaves(nodes) if isinstance(leaf, Element)]
        return Cleaner("<key>", "[^<]*", elements=elements)

    def _report(self, nodes: tuple[Node, ...], cleaner: Cleaner) -> None:
        """Say on the run which columns held characters that XML has not."""
        for leaf in leaves(nodes):
            _, lost = escaped_name(leaf.field.name)
            if lost and isinstance(leaf, Entry):
                self.context.warn(
                    f"the name of column {leaf.name}: {_characters(lost)} that XML cannot carry"
                    " became ?"
                )
            # Two columns may share an element; what they lost is told once.
            count = cleaner.lost.pop(leaf.name, 0)
            if count:
                self.context.warn(
                    f"column {leaf.field.name}: {_characters(count)} that XML cannot carry became ?"
                )
        if count := sum(cleaner.lost.values()):
            self.context.warn(
                f"members of objects: {_characters(count)} that XML cannot carry became ?"
            )


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Xml)
