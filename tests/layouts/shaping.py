"""Builds files of rows whose columns have roles, as a selection gives them to a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from profexd.api.format import Encode, FormatContext, Part, Result, Rows, TextBlock
from profexd.export.parts.rows import DuckRows
from profexd.export.source.opening import open_source
from profexd.export.source.schema import describe
from profexd.export.stop import Stop
from tests.formats.exporting import Export, catalog

PROFILES = """
    SELECT * FROM (VALUES
        ('user_1', ['user_1', 'a@x.it'], 'ct-1', ['ct-1', 'ct-0'], {'token': 't1'}, true,
            MAP {'news': 'in', 'offers': 'out'}, 'Zoë', 7, 1.50::DECIMAL(9, 2), ['a', 'b'],
            TIMESTAMPTZ '2024-02-29 12:34:56+02'),
        (NULL, [], 'ct-2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    ) t(identity, all_identities, clevertap_id, clevertap_ids, device, "MSG-push",
        "subscriptionGroups", "Name", visits, balance, tags, seen)
"""
PROFILE_ROLES = {
    "identity": "identity",
    "all_identities": "all_identities",
    "clevertap_id": "id",
    "clevertap_ids": "ids",
    "device": "device",
    "MSG-push": "preference",
    "subscriptionGroups": "preference",
}
EVENTS = """
    SELECT * FROM (VALUES
        ('Charged', TIMESTAMPTZ '2024-02-29 12:34:56+02', 'user_1', 'Web', 'Firefox', 12.50, ['x']),
        ('Charged', TIMESTAMPTZ '2024-02-29 12:34:57+02', NULL, NULL, NULL, NULL, NULL)
    ) t(event, happened, user_id, platform, browser, "Amount", "Items")
"""
EVENT_ROLES = {
    "event": "name",
    "happened": "time",
    "user_id": "profile/identity",
    "platform": "profile/platform",
    "browser": "device/browser",
}


@dataclass
class Files:
    """Parts in memory: a new one begins after ``rows`` rows."""

    rows: int | None = None
    data: list[bytes] = field(default_factory=list)
    written: int = 0

    @property
    def several(self) -> bool:
        return self.rows is not None

    def open(self) -> Files:
        self.data.append(b"")
        self.written = 0
        return self

    def write(self, data: bytes | memoryview) -> int:
        self.data[-1] += bytes(data)
        return len(data)

    def count(self, rows: int) -> None:
        self.written += rows

    def room(self, block: TextBlock, encode: Encode = bytes) -> int:
        assert isinstance(encode(block.data), bytes)
        return block.rows if self.rows is None else min(block.rows, self.rows - self.written)

    def ranges(self, rows: Rows, write: Callable[[Rows, Part], Result]) -> list[Result]:
        with self.open() as part:
            return [write(rows, part)]

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_: object) -> None: ...


@dataclass
class Shaped:
    """Rows whose columns have the roles that are said; the others are properties."""

    folder: Path
    sql: str
    roles: Mapping[str, str]
    kind: Literal["profiles", "events"] = "profiles"
    warnings: list[str] = field(default_factory=list)

    def files(self, format_: str, *, rows: int | None = None, **options: Any) -> list[bytes]:
        """What the format writes: the bytes of each part, of so many rows."""
        export = Export(self.folder, self.sql)
        source = {"table": "t", "kind": self.kind}
        pipeline = export.pipeline(format_, source=source, **options)
        context = FormatContext(warn=self.warnings.append)
        written = catalog().formats[format_](pipeline.format.options, context)
        parts = Files(rows)
        spool, stop = export.spool(), Stop()
        with open_source(
            pipeline.source, limits=pipeline.settings.limits, folder=spool, stop=stop
        ) as opened:
            statement = "FROM t"
            selected = DuckRows(
                source=opened,
                name="test",
                statement=statement,
                columns=tuple(
                    replace(column, **self.role(column.name))
                    for column in describe(opened.connection, statement)
                ),
                kind=self.kind,
                stop=stop,
                spill=spool,
            )
            written.write(selected, parts)
        export.database.unlink()
        return parts.data

    def role(self, name: str) -> dict[str, str]:
        """The role of a column and its label, which stands behind a slash."""
        role, _, label = self.roles.get(name, "property").partition("/")
        return {"role": role, "label": label}

    def text(self, format_: str, **options: Any) -> str:
        """The one file, as text."""
        [data] = self.files(format_, **options)
        return data.decode()
