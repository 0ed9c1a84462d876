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
    literal,
    series,
)
from profexd_formats.values import Rules, text
from profexd_formats.xml_recipes import Step, applied
from profexd_formats.xml_text import (
    Cleaner,
    element_name,
    escaped,
    escaped_name,
    is_name,
    is_safe,
    texts,
)

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


@dataclass(frozen=True, slots=True)
class _Cell:
    """The markup of one column: around a value, and where there is none."""

    before: str
    after: str
    nothing: str


class Xml(Format):
    """XML 1.0 in UTF-8; what it cannot carry becomes ?, and is counted."""

    name = "xml"
    extension = ".xml"
    media_type = "application/xml; charset=UTF-8"
    Options = XmlOptions
    splits = True

    def write(self, rows: Rows, parts: Parts) -> None:
        options: XmlOptions = self.options
        cleaner = self._cleaner()
        line = "\n" if options.indent else ""
        steps = [
            Step(f"c{place}", "escaped", escaped)
            if not is_safe(column.type)
            else Step(f"c{place}", "as it is", str)
            for place, column in enumerate(rows.columns)
        ]
        projections, references = applied(steps)
        written = rows.project(texts(rows.columns, Rules(ts_format=options.ts_format)))
        record = self._record(rows.columns, references, rows.kind)
        for part, blocks in series(parts, written.project(projections).text(record)):
            with part:
                part.write(f"{_DECLARATION}{line}<{options.root}>{line}".encode())
                for block in blocks:
                    part.write(cleaner.clean(block.data))
                    part.count(block.rows)
                part.write(f"</{options.root}>\n".encode())
        self._report(rows.columns, cleaner)

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        rules = Rules(ts_format=self.options.ts_format)
        return [
            f"to_json(CAST({text(identifier(column.name), column.type, rules)} AS VARCHAR))"
            for column in columns
        ]

    def _record(self, columns: Sequence[Column], values: Sequence[str], kind: str) -> str:
        """Return SQL for the element of one row; ``values`` are the texts of its columns."""
        options: XmlOptions = self.options
        row = options.row or ("Event" if kind == "events" else "Profile")
        opening, closing = [row], [row]
        if options.layout == "clevertap":
            opening.append("eventProps" if kind == "events" else "profileProps")
            closing.insert(0, opening[-1])
        line = "\n" if options.indent else ""
        tabs = _tabs if options.indent else _no_tabs
        pieces = [
            literal("".join(f"{tabs(1 + n)}<{name}>{line}" for n, name in enumerate(opening)))
        ]
        for column, value in zip(columns, values, strict=True):
            cell = self._cell(column, tabs, line)
            pieces.append(
                f"CASE WHEN {value} IS NULL THEN {literal(cell.nothing)}"
                f" ELSE concat({literal(cell.before)}, {value}, {literal(cell.after)}) END"
            )
        ends = [f"{tabs(len(closing) - n)}</{name}>{line}" for n, name in enumerate(closing)]
        pieces.append(literal("".join(ends) if options.indent else "".join(ends) + "\n"))
        return f"concat({', '.join(pieces)})"

    def _cell(self, column: Column, tabs: Callable[[int], str], line: str) -> _Cell:
        if self.options.layout == "flat":
            name = element_name(column.name)
            return _Cell(
                before=f"{tabs(2)}<{name}>",
                after=f"</{name}>{line}",
                nothing=f"{tabs(2)}<{name}/>{line}",
            )
        key, _ = escaped_name(column.name)
        before = f"{tabs(3)}<entry>{line}{tabs(4)}<key>{key}</key>{line}{tabs(4)}"
        after = f"{line}{tabs(3)}</entry>{line}"
        return _Cell(
            before=f"{before}<value>",
            after=f"</value>{after}",
            nothing=f"{before}<value/>{after}",
        )

    def _cleaner(self) -> Cleaner:
        if self.options.layout == "flat":
            return Cleaner("<", "[^/>]+")
        return Cleaner("<key>", "[^<]*")

    def _report(self, columns: Sequence[Column], cleaner: Cleaner) -> None:
        """Say on the run which columns held characters that XML has not."""
        flat = self.options.layout == "flat"
        for column in columns:
            key, lost = escaped_name(column.name)
            if lost and not flat:
                self.context.warn(
                    f"the name of column {key}: {_characters(lost)} that XML cannot carry became ?"
                )
            # Two columns may share an element; what they lost is told once.
            count = cleaner.lost.pop(element_name(column.name) if flat else key, 0)
            if count:
                self.context.warn(
                    f"column {column.name}: {_characters(count)} that XML cannot carry became ?"
                )


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"


def _tabs(count: int) -> str:
    return "\t" * count


def _no_tabs(_: int) -> str:
    return ""


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Xml)
