"""JSON: each record is one SQL text expression, moved as whole buffers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from profexd.api import (
    Column,
    Doc,
    Encode,
    Format,
    FormatOptions,
    Parts,
    Rows,
    TextBlock,
    hookimpl,
    identifier,
    series,
)
from profexd_formats.joining import tells_null
from profexd_formats.json_layout import write_events, write_profiles
from profexd_formats.json_record import Member, is_quick, record
from profexd_formats.json_wide import MANY, braced, escaped, wide
from profexd_formats.layouts import Layouts
from profexd_formats.values import BARE, QUOTED_AS_IT_IS, Rules, ascii_json, json, text


@dataclass(frozen=True, kw_only=True)
class JsonOptions(FormatOptions):
    layout: Annotated[
        Literal["records", "array", "lines", "clevertap"],
        Doc('One object {"records": […]}, one array, one object per line, or CleverTap\'s shape.'),
    ] = "records"
    indent: Annotated[bool, Doc("Indent with tabs, for people.")] = False
    ascii: Annotated[bool, Doc("Escape all that is not ASCII.")] = False
    special_floats: Annotated[
        bool, Doc("Write NaN, Infinity and -Infinity bare, which JSON does not know, not null.")
    ] = False
    nulls: Annotated[Literal["omit", "write"], Doc("Leave NULL members out, or write null.")] = (
        "omit"
    )
    bigints: Annotated[
        Literal["number", "string"],
        Doc("64-bit integers and larger as digits, or as strings where readers would round them."),
    ] = "number"

    def problems(self) -> Iterable[tuple[str, str]]:
        if self.indent and self.layout in _LINES:
            yield "indent", f'with layout = "{self.layout}" a record is one line'


_LINES = ("lines", "clevertap")
_FRAMES = {
    "records": ('{"records":[', "]}\n"),
    "array": ("[", "]\n"),
}
_INDENTED_FRAMES = {
    "records": ('{\n\t"records": [', "]\n}\n"),
    "array": ("[", "]\n"),
}
_DEPTHS = {"records": 2, "array": 1, "lines": 0, "clevertap": 0}


class Json(Layouts):
    """Exact digits, shortest floats, real nested JSON."""

    name = "json"
    extension = ".json"
    media_type = "application/json; charset=UTF-8"
    Options = JsonOptions
    splits = True

    def __init__(self, options: JsonOptions, context: Any) -> None:
        super().__init__(options, context)
        if options.layout in _LINES:
            self.media_type = "application/x-ndjson"

    def write(self, rows: Rows, parts: Parts) -> None:
        options: JsonOptions = self.options
        if options.layout == "clevertap":
            self._clevertap(rows, parts)
            return
        if options.layout == "lines":
            self._lines(rows, parts)
            return
        indent = "\t" * _DEPTHS[options.layout] if options.indent else ""
        before, after = (_INDENTED_FRAMES if options.indent else _FRAMES)[options.layout]
        comma = ",\n" + indent
        encode = _encode(rows)
        for part, blocks in series(parts, self._records(rows, before=comma), encode or bytes):
            with part:
                part.write(before.encode())
                wrote = False
                for block in blocks:
                    # Nothing stands before the first record but a line break.
                    data = block.data if wrote else block.data[1:]
                    part.write(encode(data) if encode else data)
                    part.count(block.rows)
                    wrote = True
                if wrote:
                    part.write(("\n" + indent[1:]).encode())
                part.write(after.encode())

    def cells(self, columns: Sequence[Column]) -> Sequence[str]:
        rules = self._rules(indent=False)
        return [self._value(column, rules, 0) for column in columns]

    def _lines(self, rows: Rows, parts: Parts) -> None:
        encode = _encode(rows)
        for part, blocks in series(parts, self._records(rows, after="\n"), encode or bytes):
            with part:
                for block in blocks:
                    part.write(encode(block.data) if encode else block.data)
                    part.count(block.rows)

    def _clevertap(self, rows: Rows, parts: Parts) -> None:
        rules = self._rules(indent=False)
        if rows.kind == "profiles":
            write_profiles(rows, parts, rules, as_string=self.options.as_string)
            return
        lost = write_events(rows, parts, rules, as_string=self.options.as_string)
        if lost:
            self.context.warn(f"names of events: {lost} characters that no line holds became ?")

    def _records(self, rows: Rows, *, before: str = "", after: str = "") -> Iterator[TextBlock]:
        options: JsonOptions = self.options
        rules = self._rules(indent=options.indent)
        depth = _DEPTHS[options.layout]
        names = [column.name for column in rows.columns]
        if len(names) > MANY:
            plain = replace(rules, ascii=False)
            written = rows.project(
                [
                    (self._value(column, plain, depth + 1), f"v{place}")
                    for place, column in enumerate(rows.columns)
                ]
            )
            if rules.ascii:
                written = escaped(written, rows.columns)
            return wide(written, names, rules, depth=depth, before=before, after=after)
        values: list[tuple[str, str]] = []
        members: list[Member] = []
        quick = is_quick(len(names), rules)
        for place, column in enumerate(rows.columns):
            value = absent = f"v{place}"
            bare = self._bare(column, rules) if quick else None
            values.append((bare or self._value(column, rules, depth + 1), value))
            if quick and tells_null(column.type):
                absent = f"r{place}"
                values.append((identifier(column.name), absent))
            members.append(
                Member(name=column.name, value=value, absent=absent, quoted=bare is not None)
            )
        return rows.project(values).text(
            record(members, rules, depth=depth, before=before, after=after)
        )

    def _bare(self, column: Column, rules: Rules) -> str | None:
        """Return SQL for the text of a value that only lacks its quotes to be JSON."""
        if column.type.id in QUOTED_AS_IT_IS or (self.options.as_string and column.type.id in BARE):
            return f"CAST({text(identifier(column.name), column.type, rules)} AS VARCHAR)"
        return None

    def _value(self, column: Column, rules: Rules, depth: int) -> str:
        value = identifier(column.name)
        if self.options.as_string:
            plain = f"CAST({text(value, column.type, rules)} AS VARCHAR)"
            written = f"CAST(to_json({plain}) AS VARCHAR)"
        else:
            written = json(value, column.type, rules, depth=depth)
        return ascii_json(written, column.type) if rules.ascii else written

    def _rules(self, *, indent: bool) -> Rules:
        options: JsonOptions = self.options
        return Rules(
            ts_format=options.ts_format,
            omit_nulls=options.nulls == "omit" and options.layout != "clevertap",
            special_floats=options.special_floats,
            quote_bigints=options.bigints == "string",
            indent=indent,
            ascii=options.ascii,
        )


def _encode(rows: Rows) -> Encode | None:
    """Return what makes the bytes of a file of the text of records, if that is not the text."""
    return braced if len(rows.columns) > MANY else None


@hookimpl
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    register(Json)
