"""What the ways read: profexd's own warehouse, and Parquet copies of the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from profexd.api import literal
from profexd.testing.warehouse import create_warehouse

_TEXTS = "token::VARCHAR AS token, device::VARCHAR AS device"
_JSON = ", ".join(f"to_json({name})::VARCHAR AS {name}" for name in ("tags", "address", "groups"))
_NAIVE = "seen_at::TIMESTAMP AS seen_at"

NESTED = f"SELECT * REPLACE ({_TEXTS})"
"""Columns that every tool reads alike: UUID and JSON as text."""
FLAT = f"SELECT * REPLACE ({_TEXTS}, {_JSON})"
"""Lists, structs and maps are JSON text already: less to do for who reads this."""
CELLS = f"SELECT * REPLACE ({_TEXTS}, {_JSON}, {_NAIVE})"
"""As FLAT, with times in UTC: neither workbooks nor Python alone know time zones."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files of the same rows."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def nested(self) -> Path:
        return self.folder / "nested.parquet"

    @property
    def flat(self) -> Path:
        return self.folder / "flat.parquet"

    def write(self, rows: int, *, copies: bool) -> None:
        """Write the warehouse, and the Parquet copies where wanted."""
        self.database.unlink(missing_ok=True)
        create_warehouse(self.database, profiles=rows)
        if not copies:
            return
        with duckdb.connect(str(self.database), read_only=True) as connection:
            for select, path in ((NESTED, self.nested), (FLAT, self.flat)):
                connection.execute(
                    f"COPY ({select} FROM profiles) TO {literal(str(path))}"
                    " (FORMAT parquet, COMPRESSION snappy)"
                )
